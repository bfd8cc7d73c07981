"""The command ``genesis``, run as a user runs it: exit codes, both outputs, files."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from genesis_core import Candles, Config, backtest, synthetic
from genesis_core.cli import app
from tests.unit.bitfinex_server import BitfinexServer, rows_of

ROOT = Path(__file__).parents[2]
COMMANDS = ("backtest", "benchmark", "check", "data", "data check", "data convert", "data fetch", "data list")
CANDLES = synthetic(bars=300)


def invoke(*arguments: object) -> Result:
    """Run the command in this process."""
    return CliRunner().invoke(app, [str(argument) for argument in arguments], prog_name="genesis")


def process(
    *arguments: object, program: tuple[str, ...] = (), **more: str
) -> subprocess.CompletedProcess[str]:
    """Run the command, or a script, in a process of its own."""
    code = "from genesis_core.cli import main; main()"
    command = [sys.executable, *(program or ("-c", code)), *map(str, arguments)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "NO_COLOR": "1", **more}
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment)


def plain(*arguments: object) -> Any:
    """Return what a command writes as JSON, which must be all of its output."""
    done = invoke(*arguments, "--json", "-")
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


@pytest.fixture
def candle_file(tmp_path: Path) -> Path:
    CANDLES.to_csv(tmp_path / "tBTCUSD_1h.csv")
    return tmp_path / "tBTCUSD_1h.csv"


def test_help_names_every_command() -> None:
    text = process("--help").stdout
    assert all(name.split()[0] in text for name in COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help(name: str) -> None:
    done = invoke(*name.split(), "--help")
    assert done.exit_code == 0
    assert f"genesis {name}" in done.stdout


def test_help_has_a_short_name() -> None:
    assert invoke("check", "-h").stdout == invoke("check", "--help").stdout


def test_the_check_takes_its_strategy_both_ways(tmp_path: Path) -> None:
    (tmp_path / "x.toml").write_text(
        "[features]\natr_14 = {}\n"
        "[model.buy]\nbias = -1.0\nweights = { atr_14 = 0.1 }\n"
        "[model.sell]\nbias = -1.0\nweights = { atr_14 = 0.1 }\n"
    )
    rest = ("--bars", 100, "--cuts", 1)
    one = plain("check", tmp_path / "x.toml", *rest)
    assert one == plain("check", "--strategy", tmp_path / "x.toml", *rest)
    assert one["strategy"].endswith("x.toml")


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import sys; sys.argv = ['genesis', '--help']\n"
        "from genesis_core.cli import main\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "assert not {'numba', 'numpy', 'matplotlib', 'pytest', 'msgspec'} & set(sys.modules), 'heavy imports'\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)


def test_version() -> None:
    done = process("--version")
    assert done.returncode == 0
    assert done.stdout.startswith("genesis 0.")


@pytest.mark.parametrize("group", [(), ("data",)])
def test_a_group_alone_prints_its_help_and_is_a_mistake(group: tuple[str, ...]) -> None:
    done = invoke(*group)
    assert done.exit_code == 2
    assert "check" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "path", "why"),
    [
        ((), "compiled", "the fastest, by default"),
        (("--compiled",), "compiled", "--compiled"),
        (("--precompute-features",), "precomputed", "--precompute-features"),
        (("--fast-window",), "windowed", "--fast-window"),
        (
            ("--fast-window", "--precompute-features"),
            "precomputed",
            "--precompute-features goes before --fast-window",
        ),
        (("--reference",), "recompute", "--reference"),
        (("--feature-cache",), "cached(precomputed)", "feature cache can stand before"),
        (("--reference", "--feature-cache", "300"), "cached(recompute)", "--reference"),
    ],
)
def test_every_plan_is_said_and_gives_one_digest(arguments: tuple[str, ...], path: str, why: str) -> None:
    done = invoke("backtest", "--bars", 120, *arguments)
    assert done.exit_code == 0, done.output
    lines = dict(line.split(maxsplit=1) for line in done.stdout.splitlines())
    assert lines["plan"].startswith(f"{path} (")
    assert why in lines["plan"]
    assert lines["digest"] == backtest(synthetic(bars=120), compiled=True).digest
    assert lines["candles"].endswith("embedded data set")
    assert done.stderr == ""


def test_the_feature_cache_says_its_hits_and_has_a_size() -> None:
    given = plain("backtest", "--bars", 120, "--feature-cache", "--fast-window")["feature_cache"]
    assert given["capacity"] == 500
    assert (given["hits"], given["entries"]) == (0, given["misses"])
    assert plain("backtest", "--bars", 120, "--feature-cache", 80)["feature_cache"]["capacity"] == 80
    done = invoke("backtest", "--bars", 120, "--feature-cache=80")
    assert "0 hits" in done.stdout
    assert "a single pass asks for no bar twice" in done.stdout


def test_a_warning_is_one_line_in_the_words_of_the_command_line() -> None:
    done = process("backtest", "--bars", 200, "--feature-cache", 10)
    assert done.returncode == 0
    (line,) = done.stderr.splitlines()
    assert line.startswith("genesis: warning: the feature cache keeps 10 entries")
    assert line.endswith("use --feature-cache 148")


def test_json_alone_on_standard_output() -> None:
    written = plain("backtest", "--bars", 300, "--explain", 2)
    result = backtest(CANDLES, compiled=True)
    assert written["schema"] == 1
    assert written["digest"] == result.digest
    assert written["summary_digest"] == result.summary_digest
    assert written["final_equity"] == result.equity[-1]
    assert [trade["net_pnl"] for trade in written["trades"]] == [trade.net_pnl for trade in result.trades]
    assert written["explanation"] == result.explain(1)
    assert written["plan"]["path"] == "compiled"
    assert written["provenance"]["flags"]["compiled"] is True
    assert written["data_fingerprint"] == CANDLES.fingerprint


def test_json_to_a_file_beside_the_figures(tmp_path: Path) -> None:
    done = invoke("backtest", "--bars", 120, "--json", tmp_path / "x.json")
    written = json.loads((tmp_path / "x.json").read_text())
    assert written["digest"] in done.stdout


def test_a_folder_of_candles_by_symbol_and_timeframe(candle_file: Path) -> None:
    synthetic("tETHUSD", "2h", 200).to_csv(candle_file.parent / "tETHUSD_2h.csv")
    asked = ("backtest", "--data-dir", candle_file.parent)
    assert plain(*asked)["data_fingerprint"] == CANDLES.fingerprint
    other = plain(*asked, "--symbol", "tETHUSD", "--timeframe", "2h")
    assert (other["symbol"], other["timeframe"], other["bars"]) == ("tETHUSD", "2h", 200)
    assert other["source"].endswith("tETHUSD_2h.csv")


def test_a_file_by_itself_is_what_its_name_says(tmp_path: Path) -> None:
    candles = synthetic("tETHUSD", "2h", 200)
    candles.to_parquet(tmp_path / "tETHUSD_2h.parquet")
    assert (
        plain("backtest", "--csv", tmp_path / "tETHUSD_2h.parquet")["data_fingerprint"] == candles.fingerprint
    )
    CANDLES.to_csv(tmp_path / "candles.csv")
    assert plain("backtest", "--csv", tmp_path / "candles.csv")["data_fingerprint"] == CANDLES.fingerprint


@pytest.mark.parametrize(
    ("arguments", "span"),
    [
        (("--bars", 150), slice(0, 150)),
        (("--from", "2020-01-03"), slice(48, 300)),
        (("--to", "2020-01-10T12:00Z"), slice(0, 228)),
        (("--from", "2020-01-03", "--to", "2020-01-12", "--bars", 100), slice(48, 148)),
    ],
)
def test_a_part_of_the_candles(candle_file: Path, arguments: tuple[object, ...], span: slice) -> None:
    written = plain("backtest", "--csv", candle_file, *arguments)
    assert written["data_fingerprint"] == CANDLES[span].fingerprint


def test_a_part_of_the_embedded_set() -> None:
    written = plain("backtest", "--from", "2020-02-01", "--bars", 200)
    assert written["data_fingerprint"] == synthetic(bars=2_000)[31 * 24 : 31 * 24 + 200].fingerprint
    assert plain("backtest")["bars"] == 10_000


def test_policies_on_gaps_and_duplicates(tmp_path: Path) -> None:
    lines = (CANDLES.to_csv(tmp_path / "a.csv"), (tmp_path / "a.csv").read_text().splitlines())[1]
    (tmp_path / "b.csv").write_text("\n".join([*lines[:100], *lines[99:150], *lines[151:]]) + "\n")
    asked = ("backtest", "--csv", tmp_path / "b.csv")
    assert invoke(*asked).exit_code == 2
    written = plain(*asked, "--gaps", "fill", "--duplicates", "first")
    assert written["bars"] == 300
    assert {repair["kind"] for repair in written["repairs"]} == {"gap-filled", "duplicate-dropped"}


def test_a_strategy_from_a_file(tmp_path: Path) -> None:
    config = Config.default().updated({"decision": {"edge": 0.3}})
    text = (ROOT / "genesis_core" / "strategy" / "default.toml").read_text()
    (tmp_path / "s.toml").write_text(text.replace("edge = 0.1", "edge = 0.3"))
    written = plain("backtest", "--bars", 300, "--strategy", tmp_path / "s.toml")
    assert written["digest"] == backtest(CANDLES, config, compiled=True).digest
    assert written["strategy"] == str(tmp_path / "s.toml")
    in_code = plain("backtest", "--bars", 300, "--strategy", ROOT / "examples" / "ema_rsi.py")
    assert in_code["config_digest"] != written["config_digest"]


def test_trades_as_csv(tmp_path: Path) -> None:
    invoke("backtest", "--bars", 300, "--trades", tmp_path / "t.csv")
    head, *rows = (tmp_path / "t.csv").read_text().splitlines()
    trades = backtest(CANDLES, compiled=True).trades
    assert head.startswith("number,side,entry_bar,exit_bar,")
    assert len(rows) == len(trades) > 3
    at = head.split(",").index("net_pnl")
    assert [float(row.split(",")[at]) for row in rows] == [trade.net_pnl for trade in trades]
    assert [row.split(",")[0] for row in rows[:2]] == ["1", "2"]


def test_a_trade_explained() -> None:
    done = invoke("backtest", "--bars", 300, "--explain", 3)
    assert done.stdout.rstrip().endswith(backtest(CANDLES, compiled=True).explain(2))


MISTAKES = {
    "no such file": (("backtest", "--csv", "nowhere.csv"), "nowhere.csv: cannot be read"),
    "no such folder": (("backtest", "--data-dir", "nowhere"), "nowhere: cannot be read"),
    "no such strategy": (("backtest", "--strategy", "nowhere.toml"), "nowhere.toml: cannot be read: No such"),
    "too short": (("backtest", "--bars", "20"), "20 bars are too few"),
    "timeframe": (("backtest", "--timeframe", "7x"), "7x"),
    "policy": (("backtest", "--csv", "x.csv", "--gaps", "guess"), "guess"),
    "policy without a file": (("backtest", "--gaps", "keep"), "--gaps keep is about candles from a file"),
    "two sources": (("backtest", "--csv", "a.csv", "--data-dir", "b"), "--csv a.csv and --data-dir b"),
    "contradiction": (("backtest", "--reference", "--compiled"), "--reference and --compiled contradict"),
    "contradictions": (
        ("backtest", "--reference", "--fast-window", "--precompute-features"),
        "--reference and --fast-window and --precompute-features contradict",
    ),
    "no time": (("backtest", "--from", "yesterday"), "--from 'yesterday': not a time"),
    "no candles": (("backtest", "--from", "2031-01-01"), "--from 2031-01-01: no candles"),
    "no trade": (("backtest", "--bars", "300", "--explain", "0"), "--explain 0"),
    "chart suffix": (("backtest", "--chart", "x.gif"), "--chart x.gif: the name must end in .svg or .png"),
    "chart folder": (("backtest", "--chart", "no/x.svg"), "--chart no/x.svg: cannot be written"),
    "json folder": (("backtest", "--json", "no/x.json"), "--json no/x.json: cannot be written"),
    "trades folder": (("backtest", "--trades", "no/x.csv"), "--trades no/x.csv: cannot be written"),
    "cache size": (("backtest", "--feature-cache", "0"), "--feature-cache"),
    "bars": (("backtest", "--bars", "0"), "--bars"),
    "option": (("backtest", "--bras", "3"), "--bars"),
    "command": (("bcktest",), "backtest"),
    "argument": (("data", "list", ".", "extra"), "extra: not expected here; see genesis data list --help"),
    "benchmark too short": (("benchmark", "--bars", "20"), "20 bars are too few"),
    "rounds": (("benchmark", "--rounds", "0"), "--rounds"),
    "check": (("check", "nowhere.py"), "nowhere.py"),
    "data check": (("data", "check", "nowhere_1h.csv"), "nowhere_1h.csv"),
    "data check missing": (("data", "check", "nowhere.csv"), "nowhere.csv: cannot be read"),
    "data check nothing": (("data", "check"), "'FILE'"),
    "data list": (("data", "list", "nowhere"), "nowhere"),
    "data convert": (("data", "convert", "tX_1h.csv", "tX_1h.txt"), "tX_1h.txt"),
    "data fetch": (("data", "fetch", "BTCUSD", "1h", "x.csv", "--from", "2020-01-01"), "BTCUSD"),
    "data fetch from": (
        ("data", "fetch", "tBTCUSD", "1h", "x.csv", "--from", "soon"),
        "--from 'soon': not a time",
    ),
    "data fetch backwards": (
        ("data", "fetch", "tBTCUSD", "1h", "x.csv", "--from", "2020-01-02", "--to", "2020-01-01"),
        "--from 2020-01-02 --to 2020-01-01: the first time must be before the second",
    ),
    "data command": (("data", "chekc"), "check"),
    "unlike any command": (("simulate",), "There are: backtest, benchmark, check, data"),
    "backwards": (
        ("backtest", "--from", "2020-02-01", "--to", "2020-02-01"),
        "--from 2020-02-01 --to 2020-02-01: the first time must be before the second",
    ),
    "no number": (("backtest", "--bars", "x1"), "x1"),
    "no number joined": (("check", "--cuts=x1"), "x1"),
    "strategy as argument": (
        ("backtest", "my.toml"),
        "my.toml: not expected here; a strategy is given by --strategy; see genesis backtest --help",
    ),
    "two strategies": (("check", "a.toml", "--strategy", "b.toml"), "a.toml and --strategy b.toml"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_one_line_and_exit_code_2(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    arguments, message = MISTAKES[name]
    done = invoke(*arguments)
    assert done.exit_code == 2
    (line,) = done.stderr.splitlines()
    assert line.startswith("genesis: ")
    assert message in line
    assert done.stdout == ""
    assert not list(tmp_path.iterdir())


def test_a_mistake_in_a_process_of_its_own_has_no_traceback() -> None:
    done = process("backtest", "--csv", "nowhere.csv")
    assert done.returncode == 2
    assert done.stderr == "genesis: nowhere.csv: cannot be read: No such file or directory\n"


def test_output_into_a_closed_pipe_is_no_traceback() -> None:
    code = "from genesis_core.cli import main; main()"
    command = [sys.executable, "-c", code, "backtest", "--bars", "300", "--json", "-"]
    reading, writing = os.pipe()
    os.close(reading)
    running = subprocess.Popen(command, stdout=writing, stderr=subprocess.PIPE)
    os.close(writing)
    assert running.stderr is not None
    assert b"Traceback" not in running.stderr.read()
    running.stderr.close()
    assert running.wait() == 1


def test_too_few_trades_to_explain_says_how_many_there_are() -> None:
    count = len(backtest(CANDLES, compiled=True).trades)
    done = invoke("backtest", "--bars", 300, "--explain", count + 1)
    assert f"they are numbered 1 to {count}" in done.stderr


def test_more_bars_than_a_file_has(candle_file: Path) -> None:
    done = invoke("backtest", "--csv", candle_file, "--bars", 301)
    assert done.exit_code == 2
    assert "has 300 bars" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "path"),
    [
        ((), "recompute"),
        (("--fast-window",), "windowed"),
        (("--fast-window", "--precompute-features"), "precomputed"),
        (("--feature-cache",), "cached(recompute)"),
    ],
)
def test_the_original_script_accelerates_only_what_is_asked(
    arguments: tuple[str, ...], path: str, candle_file: Path
) -> None:
    script = (str(ROOT / "scripts" / "run_backtest.py"),)
    where = ("--symbol", "tBTCUSD", "--timeframe", "1h", "--data-dir", candle_file.parent, "--bars", "100")
    done = process(*where, *arguments, "--json", "-", program=script)
    assert done.returncode == 0, done.stderr
    written = json.loads(done.stdout)
    assert written["plan"]["path"] == path
    assert written["digest"] == backtest(CANDLES[:100], compiled=True).digest


def test_the_original_scripts_speak_in_their_own_names() -> None:
    done = process("--help", program=(str(ROOT / "scripts" / "run_backtest.py"),))
    assert done.returncode == 0
    assert "run_backtest.py" in done.stdout
    assert "no flag is the baseline" in " ".join(done.stdout.split())
    done = process("--bars", "0", program=(str(ROOT / "scripts" / "benchmark_backtest.py"),))
    assert done.returncode == 2
    assert done.stderr.startswith("benchmark_backtest.py: ")


AHEAD = """
from genesis_core import Config, Decide, Feature, Kernel, Vector, node

{prices}

def peek(s: Vector, p: Vector, x: float) -> float:
    t = s[0]
    s[0] = t + 1.0
{branches}
    return x

def decide(s: Vector, p: Vector, x: float) -> tuple[float, float, float]:
    return 1.0 if x > 20000.0 else 0.0, 1.0, 0.0

PEEK = Kernel(name="peek", step=peek, inputs=("x",), params=(), neutral=(0.0,), state=lambda p: 1)
DECIDE = Kernel(name="decide", step=decide, inputs=("x",), params=(), outputs=("side", "confidence", "exit"),
                neutral=(0.0, 0.0, 0.0), state=lambda p: 0)
FEATURE = Feature("peeked", (), lambda p: node(PEEK, "close").value)
STRATEGY = Config.from_code([FEATURE], Decide(DECIDE, ("peeked",), {{}}))
"""


def test_check_fails_a_strategy_that_holds_future_prices(tmp_path: Path) -> None:
    closes = list(enumerate(CANDLES.close[80:100].tolist(), 60))
    prices = "\n".join(f"X{t} = {close!r}" for t, close in closes)
    branches = "\n".join(f"    if t == {t}.0:\n        return X{t}" for t, _ in closes)
    (tmp_path / "ahead.py").write_text(AHEAD.format(prices=prices, branches=branches))
    done = invoke("check", tmp_path / "ahead.py", "--bars", 300, "--cuts", 2, "--json", tmp_path / "x.json")
    assert done.exit_code == 1, done.output
    assert "LOOKS AHEAD: peeked" in done.stdout
    assert done.stderr == ""
    assert json.loads((tmp_path / "x.json").read_text())["leaks"][0]["what"] == "peeked"


def test_check_passes_the_default_strategy() -> None:
    done = invoke("check", "--bars", 200, "--cuts", 3)
    assert done.exit_code == 0, done.output
    assert "causal" in done.stdout
    written = plain("check", "--bars", 200, "--cuts", 3)
    assert (written["command"], written["ok"], written["bars"], len(written["cuts"])) == (
        "check",
        True,
        200,
        3,
    )


def test_data_list_and_check(candle_file: Path) -> None:
    (file,) = plain("data", "list", candle_file.parent)["files"]
    assert (file["symbol"], file["timeframe"]) == ("tBTCUSD", "1h")
    assert "tBTCUSD" in invoke("data", "list", candle_file.parent).stdout
    done = invoke("data", "check", candle_file)
    assert done.exit_code == 0
    assert "passes" in done.stdout


def test_data_check_fails_with_exit_code_1_until_a_policy_is_chosen(candle_file: Path) -> None:
    lines = candle_file.read_text().splitlines()
    candle_file.write_text("\n".join([*lines[:50], *lines[52:]]) + "\n")
    done = invoke("data", "check", candle_file)
    assert done.exit_code == 1
    assert "1, 2 candles missing" in done.stdout
    assert invoke("data", "check", candle_file, "--gaps", "keep").exit_code == 0
    lines[20] = lines[20].replace(",", ",-", 1)
    candle_file.write_text("\n".join(lines) + "\n")
    done = invoke("data", "check", candle_file, "--gaps", "keep", "--duplicates", "last", "--json", "-")
    assert done.exit_code == 1
    assert json.loads(done.stdout)["files"][0]["loads"] is False


def test_data_convert(candle_file: Path) -> None:
    target = candle_file.with_suffix(".parquet")
    written = plain("data", "convert", candle_file, target)
    read = Candles.from_parquet(target, symbol="tBTCUSD", timeframe="1h")
    assert written["fingerprint"] == read.fingerprint == CANDLES.fingerprint
    done = invoke("data", "convert", candle_file, target)
    assert done.exit_code == 2
    assert "--force" in done.stderr
    assert invoke("data", "convert", candle_file, target, "--force").exit_code == 0


def test_data_fetch(tmp_path: Path) -> None:
    some = CANDLES[:60]
    with BitfinexServer(rows_of(some)) as server:
        target = tmp_path / "tBTCUSD_1h.csv"
        asked = (
            "data",
            "fetch",
            "tBTCUSD",
            "1h",
            target,
            "--from",
            "2020-01-01",
            "--to",
            "2020-01-03T12:00Z",
        )
        written = plain(*asked, "--url", server.url)
    assert (written["bars"], written["added"]) == (60, 60)
    assert written["fingerprint"] == some.fingerprint
    assert Candles.from_csv(target, symbol="tBTCUSD", timeframe="1h") == some
