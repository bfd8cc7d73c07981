"""The examples run as documented, and give one digest on every path and in every process."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from itertools import product
from pathlib import Path

import pytest

from genesis_core import Config, ConfigError, FeatureCache, Result, backtest, synthetic
from genesis_core.strategy import load_strategy

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"
STRATEGIES = ["ema_rsi.py", "own_feature.py", "mean_reversion.toml"]
CANDLES = synthetic(bars=300)
FLAGS = ("fast_window", "precompute_features", "compiled")


def code_blocks(text: str) -> list[str]:
    blocks = re.findall(r"(?:^    .*\n|^\n(?=    ))+", text, re.MULTILINE)
    return ["\n".join(line[4:] for line in block.strip("\n").splitlines()) for block in blocks]


def run_python(*arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


@pytest.fixture(scope="module", params=STRATEGIES)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def strategy(name: str) -> Config:
    return load_strategy(EXAMPLES / name)


@pytest.fixture(scope="module")
def reference(strategy: Config) -> Result:
    """The law itself: recomputed from the first bar at each bar, in plain Python."""
    result = backtest(CANDLES, strategy)
    assert result.plan.path == "recompute"
    assert len(result.trades) >= 4, "too few trades to tell two runs apart"
    return result


@pytest.mark.parametrize("cached", [False, True], ids=["", "cached"])
@pytest.mark.parametrize("values", list(product([False, True], repeat=3)), ids=str)
def test_one_digest_on_every_path(
    strategy: Config, reference: Result, values: tuple[bool, ...], cached: bool
) -> None:
    flags = dict(zip(FLAGS, values, strict=True))
    cache = FeatureCache(len(CANDLES)) if cached else None
    result = backtest(CANDLES, strategy, feature_cache=cache, **flags)
    assert result.digest == reference.digest
    assert result.trades == reference.trades
    ran = next(
        (
            path
            for flag, path in (
                ("compiled", "compiled"),
                ("precompute_features", "precomputed"),
                ("fast_window", "windowed"),
            )
            if flags[flag]
        ),
        "recompute",
    )
    assert result.plan.path == (f"cached({ran})" if cached and ran != "compiled" else ran)
    if cache is not None and ran != "compiled":
        again = backtest(CANDLES, strategy, feature_cache=cache, **flags)
        assert (again.digest, cache.hits) == (reference.digest, len(CANDLES) - strategy.ready)


def test_one_digest_in_a_fresh_process(name: str, reference: Result) -> None:
    script = (
        "from genesis_core import backtest, synthetic\n"
        "from genesis_core.strategy import load_strategy\n"
        f"strategy = load_strategy('examples/{name}')\n"
        "print(backtest(synthetic(bars=300), strategy, compiled=True).digest)\n"
    )
    assert run_python("-c", script).strip() == reference.digest


@pytest.mark.parametrize("name", [name for name in STRATEGIES if name.endswith(".py")])
def test_it_runs_as_a_script(name: str) -> None:
    text = (EXAMPLES / name).read_text(encoding="utf-8")
    assert f"python examples/{name}" in text
    told = run_python(f"examples/{name}").splitlines()
    strategy = load_strategy(EXAMPLES / name)
    result = backtest(synthetic(), strategy, compiled=True)
    assert told == [repr(result), *result.explain(0).splitlines()]


def test_the_readme_runs_as_written(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    (block,) = code_blocks((EXAMPLES / "README.md").read_text(encoding="utf-8"))
    exec(compile(block, "examples/README.md", "exec"), {})
    told = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in told] == [
        "examples/ema_rsi.py",
        "examples/own_feature.py:STRATEGY",
        "examples/mean_reversion.toml",
    ]
    assert all(" trades, " in line for line in told)


def test_the_readme_names_every_example() -> None:
    text = (EXAMPLES / "README.md").read_text(encoding="utf-8")
    files = {path.name for path in EXAMPLES.iterdir() if path.suffix in (".py", ".toml")}
    assert (
        set(re.findall(r"^\| \[([^\]]+)\]\(\1\)", text, re.MULTILINE))
        == files
        == {*STRATEGIES, "search.toml"}
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"decide": {"overbought": 60.0}, "features": {"fast": {"n": 9}}},
        {"features": {"slow": {"n": 40}}},
        {"execution": {"fee": 0.0}},
    ],
)
def test_what_the_example_says_can_be_changed_changes_the_result(
    changes: dict[str, dict[str, object]],
) -> None:
    strategy = load_strategy(EXAMPLES / "ema_rsi.py")
    candles = synthetic(bars=1_000)
    one, other = (
        backtest(candles, config, compiled=True) for config in (strategy, strategy.updated(changes))
    )
    assert one.summary_digest != other.summary_digest


def test_the_own_feature_is_what_its_docstring_says() -> None:
    """The efficiency ratio by definition, over whole arrays."""
    from genesis_core import FeatureSet, run_features

    own = load_strategy(EXAMPLES / "own_feature.py").own[0]
    run = run_features("precomputed", CANDLES, feature_set=FeatureSet([own]))
    close = CANDLES.close.tolist()
    n = 24
    for bar, vector in enumerate(run.vectors, start=len(CANDLES) - len(run.vectors)):
        if bar < n:
            assert not vector.valid
            continue
        walk = sum(abs(close[i] - close[i - 1]) for i in range(bar - n + 1, bar + 1))
        wanted = (close[bar] - close[bar - n]) / walk
        assert abs(vector["trend"] - wanted) <= 1e-12


GUIDE = (ROOT / "docs" / "strategies.md").read_text(encoding="utf-8")


def test_the_guide_runs_as_written(tmp_path: Path) -> None:
    blocks = code_blocks(GUIDE)
    (table,) = [block for block in blocks if block.startswith("[features]")]
    script = tmp_path / "guide.py"
    script.write_text("\n\n".join(block for block in blocks if block != table), encoding="utf-8")
    told = run_python(str(script)).splitlines()
    assert len(told) == 6
    assert all(line.startswith("Result(") for line in [*told[:3], *told[4:]])
    assert told[4] != told[5]
    file = tmp_path / "guide.toml"
    file.write_text(table, encoding="utf-8")
    assert backtest(CANDLES, load_strategy(file), compiled=True).trades


def test_the_guide_shows_the_messages_there_are() -> None:
    rows = re.findall(r"^\| `(\{.*\})` \| `+(.*?)`+ \|$", GUIDE, re.MULTILINE)
    assert len(rows) == 5
    for changes, message in rows:
        with pytest.raises(ConfigError) as caught:
            Config.default().updated(json.loads(changes))
        assert str(caught.value).startswith(message.removesuffix("..."))
        assert message.endswith("...") or str(caught.value) == message
