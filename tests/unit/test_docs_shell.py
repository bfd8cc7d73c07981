"""Every command that README and docs show is run as written, or where it takes a network or minutes, looked up."""

from __future__ import annotations

import ast
import configparser
import importlib.util
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timezone
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml
from typer.testing import CliRunner, Result

from genesis_core.cli import app
from pytest_genesis_perf import history
from pytest_genesis_perf.cli import app as perf_app
from pytest_genesis_perf.report.json import write as write_report
from tests.unit.bitfinex_server import MARKET, BitfinexServer
from tests.unit.reports import comparison, report

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
PROGRAMS = (
    "genesis",
    "genesis-perf",
    "python",
    "pip",
    "pytest",
    "tox",
    "nox",
    "pre-commit",
    "pyenv",
    "lint-imports",
)


@dataclass(frozen=True)
class Run:
    """A command that is run, in a folder with candles, examples, scripts and baselines.

    Parameters
    ----------
    instead : tuple of str
        What is run for a line with placeholders or options in brackets; else the line itself.
    quick : str
        Options that make it short; what they change is its length only.
    code : int
        Its exit code.
    leaves : str
        A file that it writes.
    """

    instead: tuple[str, ...] = ()
    quick: str = ""
    code: int = 0
    leaves: str = ""


COMMANDS = ("backtest", "benchmark", "check", "data", "optimize", "baseline")
SEARCHED = "genesis optimize run examples/search.toml --trials 12"
RUN: dict[str, Run] = {
    "genesis COMMAND --help": Run(tuple(f"genesis {name} --help" for name in COMMANDS)),
    "genesis backtest": Run(),
    "genesis backtest --strategy examples/ema_rsi.py --chart run.svg": Run(leaves="run.svg"),
    "genesis backtest --bars 500 --explain 1": Run(),
    "genesis benchmark": Run(quick="--bars 60 --rounds 1"),
    "genesis check": Run(),
    "genesis check examples/ema_rsi.py": Run(),
    "genesis check [STRATEGY]": Run(("genesis check examples/mean_reversion.toml",)),
    "genesis data": Run(code=2),
    "genesis data list DIR": Run(("genesis data list candles",)),
    "genesis data check FILE...": Run(("genesis data check candles/tBTCUSD_1h.csv candles/tETHUSD_1h.csv",)),
    "genesis data check FILE --gaps keep": Run(("genesis data check candles/tGAPUSD_1h.csv --gaps keep",)),
    "genesis data convert SOURCE TARGET": Run(
        (
            "genesis data convert candles/tBTCUSD_1h.csv to.parquet",
            "genesis data convert candles/tBTCUSD_1h.csv to.parquet --force",
        ),
        leaves="to.parquet",
    ),
    "genesis data fetch tBTCUSD 1h tBTCUSD_1h.csv --from 2020-01-01 [--to 2021-01-01]": Run(
        ("genesis data fetch tBTCUSD 1h tBTCUSD_1h.csv --from 2020-01-01 --to 2021-01-01",),
        quick="--url {exchange}",
        leaves="tBTCUSD_1h.csv",
    ),
    "genesis optimize": Run(code=2),
    "genesis optimize run SEARCH.toml": Run((SEARCHED,), leaves="results/search/trial_000011.json"),
    "genesis optimize run examples/search.toml": Run(quick="--trials 12", leaves="results/search/study.toml"),
    "genesis optimize run examples/search.toml --executor processes --workers 2": Run(quick="--trials 12"),
    "genesis optimize resume": Run(code=2),
    "genesis optimize resume STUDY": Run((SEARCHED, "genesis optimize resume search")),
    "genesis optimize resume STUDY --retry-failed": Run(
        (SEARCHED, "genesis optimize resume search --retry-failed")
    ),
    "genesis optimize resume search --trials 1000": Run(
        (SEARCHED, "genesis optimize resume search --trials 16")
    ),
    "genesis optimize list": Run((SEARCHED, "genesis optimize list")),
    "genesis optimize summarize STUDY": Run((SEARCHED, "genesis optimize summarize search")),
    "genesis optimize summarize STUDY --top 20": Run(
        (SEARCHED, "genesis optimize summarize search --top 20")
    ),
    "genesis optimize summarize search --top 20 --charts charts": Run(
        (SEARCHED, "genesis optimize summarize search --top 20 --charts charts"), leaves="charts/history.svg"
    ),
    "genesis optimize promote STUDY --to FILE": Run(
        (SEARCHED, "genesis optimize promote search --to best.toml"), leaves="best.toml"
    ),
    "genesis optimize promote STUDY --to champion.toml": Run(
        (SEARCHED, "genesis optimize promote search --to champion.toml"), leaves="champion.toml"
    ),
    "genesis optimize promote search --to champion.toml": Run(
        (SEARCHED, "genesis optimize promote search --to champion.toml"), leaves="champion.toml.json"
    ),
    "genesis backtest --trial": Run(code=2),
    "genesis backtest --from --to": Run(("genesis backtest --from 2020-06-01 --to 2020-09-01",)),
    "genesis backtest --trial results/search/trial_000279.json": Run(
        (SEARCHED, "genesis backtest --trial results/search/trial_000011.json")
    ),
    "python scripts/optimizer.py summarize STUDY": Run(
        (SEARCHED, "python scripts/optimizer.py summarize results/search")
    ),
    "genesis-perf doctor": Run(quick="--seconds 1"),
    "genesis-perf init": Run(leaves="tests/test_genesis_perf.py"),
    "genesis-perf init --dry-run": Run(),
    "genesis-perf show REPORT...": Run(("genesis-perf show before after", "genesis-perf show after -v")),
    "genesis-perf compare BEFORE AFTER": Run(("genesis-perf compare before after",)),
    "genesis-perf compare BEFORE AFTER --json FILE": Run(
        ("genesis-perf compare before after --json changes.json",), leaves="changes.json"
    ),
    "genesis-perf trend": Run(code=2),
    "genesis-perf baseline": Run(code=2),
    "genesis-perf trend FILE": Run(("genesis-perf trend history.jsonl",)),
    "genesis-perf trend FILE PATTERN...": Run(("genesis-perf trend history.jsonl test_fast",)),
    "genesis-perf trend FILE --charts DIR": Run(
        ("genesis-perf trend history.jsonl --charts drawn",), leaves="drawn/genesis-perf-trend.svg"
    ),
    "genesis-perf trend FILE --json FILE": Run(
        ("genesis-perf trend history.jsonl --json trend.json",), leaves="trend.json"
    ),
    "genesis-perf doctor --seconds 60": Run(("genesis-perf doctor --seconds 1",)),
    "genesis-perf doctor --json FILE": Run(
        ("genesis-perf doctor --json doctor.json",), "--seconds 1", 0, "doctor.json"
    ),
    "genesis baseline": Run(code=2),
    "genesis baseline list [PATTERN...]": Run(("genesis baseline list", "genesis baseline list paths books")),
    "genesis baseline show PATTERN...": Run(("genesis baseline show test_stored",)),
    "genesis baseline prune PATTERN...": Run(("genesis baseline prune test_stored",)),
    "genesis baseline prune [--dry-run]": Run(
        ("genesis baseline prune --dry-run", "genesis baseline prune"),
    ),
    "python scripts/run_backtest.py --symbol tBTCUSD --timeframe 1h --fast-window --precompute-features": Run(
        quick="--bars 300"
    ),
    "python scripts/benchmark_backtest.py --symbol tBTCUSD --timeframe 1h": Run(quick="--bars 60 --rounds 1"),
    'python -X importtime -c "import pytest, pytest_genesis_perf.plugin"': Run(),
}
OTHERS: dict[str, str] = {
    "python -m pip install tox": "a package index",
    "pip install genesis-backtest[data]": "a package index",
    "pip install genesis-backtest[perf]": "a package index",
    "pip install .[perf]": "a package index",
    "tox": "all tests, on four Pythons",
    "tox -e lint": "the type checker takes a minute",
    "tox -e perf": "the main job takes minutes",
    "pyenv local 3.11 3.10 3.12 3.13": "changes the machine",
    "lint-imports": "is what `tox -e lint` runs",
    "pytest": "is what runs this",
    "pytest --genesis-perf": "measures for minutes",
    "pytest --genesis-perf-update": "measures for minutes",
    "python -m benchmarks --out benchmarks/results --vectorbt-python FILE --backtesting-python FILE": "minutes",
    "python -m benchmarks claims": "minutes",
    "python -m benchmarks compiled": "minutes",
    "python -m benchmarks peers": "minutes, and other engines",
    "python -m benchmarks sweep": "minutes",
    "python -m benchmarks search": "minutes",
    "python -m benchmarks summaries": "a minute",
    "genesis data fetch": "is tested with its arguments",
    "python -m benchmarks.faults": "half an hour",
    "genesis optimize run examples/search.toml --csv tBTCUSD_1h.csv --gaps keep": "real candles: a test of its own",
    "pip install genesis-backtest[optimize]": "a package index",
    "pip install genesis-backtest[distributed]": "a package index",
    "python -m benchmarks.guide": "writes into the docs",
    "python benchmarks/engine.py": "a minute",
    "pytest --genesis-perf-update=new": "measures for minutes",
    "pytest --genesis-perf-update=new --genesis-perf-update-force": "measures for minutes",
    "pytest --genesis-perf -p no:randomly TEST": "a placeholder",
    "pre-commit install --hook-type pre-commit --hook-type pre-push": "changes the repository",
    "nox -s perf": "the recipe's session is run by a test",
    "nox -s perf -- --genesis-perf-update": "the recipe's session is run by a test",
    "tox -e docs": "builds the site",
    "tox run-parallel": "the recipe warns of it",
    "tox run -e perf": "the main job takes minutes",
    "tox run -e perf -- --genesis-perf-update": "the main job takes minutes",
    "python -m benchmarks.under_xdist --count 12": "minutes",
    "pytest --genesis-perf-doctor": "measures for 20 s",
    "pytest --genesis-perf-doctor=60": "measures for a minute",
    "python -m benchmarks.verdicts run --out DIR": "hours",
    "python -m benchmarks.verdicts run --out benchmarks/results/verdicts/raw": "hours",
    "python -m benchmarks.verdicts recompute benchmarks/results/verdicts/raw": "a part is a test of its own",
    "python -m benchmarks.verdicts table benchmarks/results/verdicts/raw": "writes results and docs",
    "python -m benchmarks.verdicts alternatives DIR": "needs what the run left",
    "python -m benchmarks.verdicts simulate": "minutes",
    "python -m benchmarks.baseline_writer --kills 200": "minutes",
    "python -m benchmarks.comparator --flips 100000": "minutes",
}
"""What is not run, and why: it takes a network or minutes, or is run elsewhere. Its options are looked up."""
TALK = {"python -": "about code typed into it"}
PICTURES = (
    "candles -> kernels",
    "identity, statistics, verdict",
    "genesis-perf doctor: ",
    "block ",
    "DIFFERENT: ",
    "verdict  ",
    "study  ",
)
"""How the code blocks begin that are drawings, or output that is another one every time."""


def code_blocks(text: str) -> list[str]:
    """Return the indented and the fenced code blocks of a page."""
    blocks = re.findall(r"(?:^    .*\n|^\n(?=    ))+", text, re.MULTILINE)
    fenced = re.findall(r"^```\w*\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    return ["\n".join(line[4:] for line in block.strip("\n").splitlines()) for block in blocks] + fenced


def is_python(block: str) -> bool:
    try:
        ast.parse(re.sub(r"^   (?=\S| )", "", block, flags=re.MULTILINE))
    except SyntaxError:
        return False
    return True


def is_toml(block: str) -> bool:
    try:
        tomllib.loads(block)
    except tomllib.TOMLDecodeError:
        return False
    return True


def is_yaml(block: str) -> bool:
    return isinstance(yaml.safe_load(block), (dict, list))


def is_ini(block: str) -> bool:
    parser = configparser.ConfigParser(interpolation=None)
    try:
        parser.read_string(block)
    except configparser.Error:
        return False
    return bool(parser.sections())


def shell_blocks(page: Path) -> Iterator[list[str]]:
    """Yield the lines of each block of commands; any other block must be Python, TOML or a picture."""
    for block in code_blocks(page.read_text(encoding="utf-8")):
        first = block.splitlines()[0]
        if not first.startswith(PICTURES) and first.startswith(("$ ", *(f"{name} " for name in PROGRAMS))):
            yield block.splitlines()
        else:
            known = is_python(block) or is_toml(block) or is_ini(block) or first.startswith(PICTURES)
            assert known or is_yaml(block), f"{page.name}: {block}"


def shown(page: Path) -> Iterator[str]:
    """Yield each command of a page: in blocks, and in backticks within the text."""
    for lines in shell_blocks(page):
        with_output = any(line.startswith("$ ") for line in lines)
        for line in lines:
            if not with_output or line.startswith("$ "):
                # What stands behind two blanks is a comment.
                yield from re.split(r"\s{2,}", line.removeprefix("$ "))[0].split(" && ")
    for span in re.findall(r"`([^`\n]+)`", page.read_text(encoding="utf-8")):
        words = span.split()
        if words[0] in PROGRAMS and (len(words) > 1 or words[0] in ("tox", "lint-imports", "pytest")):
            yield " ".join(words)


SHOWN = sorted({command for page in PAGES for command in shown(page)})
OUTPUTS = [lines for page in PAGES for lines in shell_blocks(page) if lines[0].startswith("$ ")]


def test_every_command_is_classified_and_nothing_else() -> None:
    assert set(SHOWN) == {*RUN, *OTHERS, *TALK}


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder as a reader of the docs has it: the checkout's examples and scripts, candles, one stored baseline."""
    for name in ("examples", "scripts"):
        shutil.copytree(ROOT / name, tmp_path / name)
    candles = tmp_path / "candles"
    candles.mkdir()
    MARKET.to_csv(candles / "tBTCUSD_1h.csv")
    MARKET.to_csv(candles / "tETHUSD_1h.csv")
    lines = (candles / "tBTCUSD_1h.csv").read_text().splitlines()
    (candles / "tGAPUSD_1h.csv").write_text("\n".join([*lines[:50], *lines[52:]]) + "\n")
    (tmp_path / "test_stored.py").write_text("def test_paths():\n    pass\n\n\ndef test_books():\n    pass\n")
    (tmp_path / "baselines").mkdir()
    entries = [f'[entry."test_stored.py::test_{name}"]\nx = "{"0" * 32}"\n' for name in ("paths", "books")]
    (tmp_path / "baselines" / "digests.toml").write_text("schema = 1\n\n" + "\n".join(entries))
    for name, speed in (("before", 3.0), ("after", 2.0)):
        (tmp_path / name).mkdir()
        told = report(comparison(speedup=speed, interval=(0.99 * speed, 1.01 * speed)))
        write_report(tmp_path / name, told)
        when = datetime(2026, 11, 1, tzinfo=timezone.utc)
        history.append(tmp_path / "history.jsonl", history.entries(told, when, None, changed=False))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(command: str) -> Result | subprocess.CompletedProcess[str]:
    """Run a command: ``genesis`` in this process, a script in its own."""
    program, *words = shlex.split(command)
    if program in ("genesis", "genesis-perf"):
        return CliRunner().invoke(app if program == "genesis" else perf_app, words, prog_name=program)
    assert program == "python"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        [sys.executable, *words], capture_output=True, text=True, check=False, env=environment
    )


@pytest.mark.parametrize("command", list(RUN))
def test_it_runs_as_written(command: str, place: Path, exchange: BitfinexServer) -> None:
    how = RUN[command]
    for line in how.instead or (command,):
        done = run(f"{line} {how.quick.format(exchange=exchange.url)}")
        code = done.exit_code if isinstance(done, Result) else done.returncode
        assert code == how.code, f"{line}\n{done.stdout}\n{done.stderr}"
        assert "Traceback" not in done.stderr
    if how.leaves:
        assert (place / how.leaves).stat().st_size > 0


@pytest.mark.parametrize("lines", OUTPUTS, ids=lambda lines: lines[0][2:])
def test_it_says_what_the_page_shows(lines: list[str], place: Path) -> None:
    """The lines under a command stand in its output, in this order; ``...`` is for lines left out."""
    command, *wanted = lines
    assert RUN[command[2:]] == Run()
    told = iter(run(command[2:]).stdout.splitlines())
    left_out = False
    for line in wanted:
        if line == "...":
            left_out = True
        elif left_out:
            assert line in told, line
            left_out = False
        else:
            assert next(told) == line
    assert left_out or next(told, None) is None


def option_names(command: Any) -> set[str]:
    """Return the options of a command of ``genesis``."""
    return {name for parameter in command.params for name in parameter.opts if name.startswith("--")}


def commands_of(group: Any) -> Iterator[Any]:
    for command in group.commands.values():
        yield from commands_of(command) if hasattr(command, "commands") else (command,)


def test_the_page_of_commands_names_every_option() -> None:
    text = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")
    there = {name for one in commands_of(typer.main.get_command(app)) for name in option_names(one)}
    assert there - set(re.findall(r"--[a-z][a-z-]*", text)) - {"--help"} == set()


def tox_environments() -> set[str]:
    text = (ROOT / "tox.ini").read_text(encoding="utf-8")
    return set(re.findall(r"^\[testenv:(\w+)\]", text, re.MULTILINE))


@pytest.mark.parametrize("command", [name for name in OTHERS if name.startswith("tox")])
def test_tox_has_the_environment(command: str) -> None:
    words = command.split()
    if "-e" in words:
        assert words[words.index("-e") + 1] in tox_environments()
    else:
        assert words in (["tox"], ["tox", "run-parallel"])


@pytest.mark.parametrize("command", [name for name in OTHERS if "pip install" in name])
def test_what_is_installed_exists(command: str) -> None:
    what = command.split()[-1]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = {f"{project['name']}[{extra}]" for extra in project["optional-dependencies"]}
    local = {f".[{extra}]" for extra in project["optional-dependencies"]}
    assert what in {"tox", *extras, *local}


def test_pyenv_names_the_pythons_that_tox_tests() -> None:
    (command,) = (name for name in OTHERS if name.startswith("pyenv"))
    (listed,) = re.findall(r"^env_list = .*\{([\d,]+)\}", (ROOT / "tox.ini").read_text(), re.MULTILINE)
    assert {version.replace(".", "") for version in command.split()[2:]} == set(listed.split(","))


def test_lint_runs_what_the_page_says() -> None:
    assert "    lint-imports\n" in (ROOT / "tox.ini").read_text(encoding="utf-8")


def test_the_options_of_pytest_exist(pytestconfig: pytest.Config) -> None:
    text = "".join(page.read_text(encoding="utf-8") for page in PAGES)
    named = set(re.findall(r"--genesis-perf(?:-[a-z]+)*", text))
    assert len(named) > 5
    for option in named:
        pytestconfig.getoption(option)  # ValueError for one that is not there


@pytest.mark.parametrize("command", [name for name in OTHERS if name.startswith("python -m benchmarks ")])
def test_the_benchmarks_have_the_sections_and_options(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    from benchmarks.__main__ import SECTIONS, main

    with pytest.raises(SystemExit) as done:
        main(["--help"])
    assert done.value.code == 0
    told = capsys.readouterr().out
    words = command.split()[3:]
    values = {after for word, after in pairwise(words) if word.startswith("--")}
    assert all(word in told for word in words if word.startswith("--"))
    assert {word for word in words if not word.startswith("--")} - values <= set(SECTIONS)


def test_the_other_programs_are_there() -> None:
    assert importlib.util.find_spec("benchmarks.guide") is not None
    assert (ROOT / "benchmarks" / "engine.py").is_file()
