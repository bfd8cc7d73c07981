"""``genesis benchmark`` and what it is made of: pure statistics, interleaved rounds, identity before speed."""

from __future__ import annotations

import json
import random
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from genesis_core import Config, Result, backtest, benchmarking, synthetic
from genesis_core.benchmarking import (
    Mismatch,
    Mode,
    benchmark_modes,
    coverage,
    make_report,
    measure,
    ratio,
)
from genesis_core.benchmarking.modes import stream
from genesis_core.benchmarking.statistics import digits
from tests.unit.test_cli import ROOT, invoke, process

CANDLES = synthetic(bars=120)
NAMES = [
    "baseline",
    "feature cache",
    "fast window",
    "precomputed features",
    "compiled",
    "all together",
    "one pass, interpreted",
    "4 settings, no cache",
    "4 settings, one cache",
]


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """One benchmark of few bars: what it prints, its JSON, its chart."""
    folder = tmp_path_factory.mktemp("benchmark")
    files = ("--json", folder / "b.json", "--chart", folder / "b.svg")
    done = invoke("benchmark", "--bars", 110, "--rounds", 3, *files)
    assert done.exit_code == 0, done.output
    return done.stdout, json.loads((folder / "b.json").read_text()), (folder / "b.svg").read_text()


def test_every_mode_alone_and_all_together(written: Any) -> None:
    text, plain, chart = written
    rows = {row["name"]: row for row in plain["rows"]}
    assert list(rows) == NAMES
    paths = ["recompute", "cached(recompute)", "windowed", "precomputed", "compiled", "compiled", "streaming"]
    assert [row["path"] for row in rows.values()] == [*paths, "recompute", "cached(recompute)"]
    assert all(name in text for name in NAMES)
    assert "<svg" in chart
    assert all(row["bars"] == (110 if row["backtests"] == 1 else 55) for row in rows.values())
    assert all(len(row["seconds"]) == 3 and row["peak_bytes"] > 1_000 for row in rows.values())
    assert rows["compiled"]["ms_per_bar"] == rows["compiled"]["median_seconds"] * 1_000 / 110
    assert plain["digest"] == backtest(synthetic(bars=110), compiled=True).digest
    assert plain["identical"] is True


def test_a_cache_in_a_single_pass_makes_no_claim(written: Any) -> None:
    text, plain, _ = written
    rows = {row["name"]: row for row in plain["rows"]}
    assert rows["feature cache"]["work"]["hits"] == 0
    assert rows["feature cache"]["no_effect"] is True
    assert rows["feature cache"]["speedup"] is None
    (line,) = [line for line in text.splitlines() if line.startswith("feature cache")]
    assert "no effect (0 hits)" in line
    shared = rows["4 settings, one cache"]
    assert shared["work"]["hits"] == 3 * shared["work"]["misses"] > 0
    assert shared["against"] == "4 settings, no cache"
    assert shared["speedup"]["rounds"] == 3


def test_complexity_and_compiling_are_said_apart(written: Any) -> None:
    text, plain, _ = written
    parts = plain["parts"]
    seconds = {row["name"]: row["seconds"] for row in plain["rows"]}
    one_pass = ratio(seconds["baseline"], seconds["one pass, interpreted"])
    compiling = ratio(seconds["one pass, interpreted"], seconds["compiled"])
    assert parts["one_pass"]["median"] == one_pass.median
    assert parts["compiling"]["median"] == compiling.median
    assert one_pass.text() in text
    assert compiling.text() in text


def test_json_alone_and_the_script_is_the_same_command() -> None:
    script = (str(ROOT / "scripts" / "benchmark_backtest.py"),)
    few = ("--symbol", "tBTCUSD", "--timeframe", "1h", "--bars", "60", "--rounds", "1", "--json", "-")
    done = process(*few, program=script)
    assert done.returncode == 0, done.stderr
    assert [row["name"] for row in json.loads(done.stdout)["rows"]] == NAMES
    assert done.stderr == ""


def test_another_result_is_exit_code_1_and_no_figures(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    real = benchmark_modes

    def wrong(candles: Any, config: Config) -> tuple[Mode, ...]:
        modes = list(real(candles, config))
        other = config.updated({"execution": {"fee": 0.001}})
        modes[4] = Mode(
            "compiled", "baseline", len(candles), 1, lambda: [backtest(candles, other, compiled=True)]
        )
        return tuple(modes)

    monkeypatch.setattr(benchmarking, "benchmark_modes", wrong)
    done = invoke("benchmark", "--bars", 100, "--rounds", 1, "--json", tmp_path / "x.json")
    assert done.exit_code == 1
    assert "DIFFERENT: compiled gives another result than baseline" in done.stderr
    assert "seconds" not in done.stdout
    written = json.loads((tmp_path / "x.json").read_text())
    assert (written["identical"], written["mismatch"]["mode"]) == (False, "compiled")
    assert "rows" not in written


class Ticks:
    """A clock that each call of a mode moves by what the mode costs."""

    def __init__(self) -> None:
        self.now = 0.0
        self.calls: list[str] = []

    def __call__(self) -> float:
        return self.now

    def mode(self, name: str, against: str | None, cost: Callable[[int], float], result: Result) -> Mode:
        def run() -> list[Result]:
            self.calls.append(name)
            self.now += cost(self.calls.count(name))
            return [result]

        return Mode(name, against, 100, 1, run)


def test_rounds_are_interleaved_and_alternate_their_order() -> None:
    result = backtest(CANDLES, compiled=True)
    clock = Ticks()
    modes = [clock.mode("a", None, lambda n: 1.0, result), clock.mode("b", "a", lambda n: 0.25, result)]
    told: list[tuple[int, int]] = []
    measured = measure(modes, 3, lambda done, turns: told.append((done, turns)), clock)
    assert not isinstance(measured, Mismatch)
    # First calls, three rounds, and one run each for memory.
    assert "".join(clock.calls) == "ab" + "ab" + "ba" + "ab" + "ab"
    assert [one.seconds for one in measured] == [(1.0,) * 3, (0.25,) * 3]
    assert told == [(i, 10) for i in range(10)]


def test_a_fast_mode_is_called_several_times_a_sample() -> None:
    result = backtest(CANDLES, compiled=True)
    clock = Ticks()
    measured = measure([clock.mode("a", None, lambda n: 1 / 128, result)], 1, clock=clock)
    assert not isinstance(measured, Mismatch)
    assert len(clock.calls) == 1 + 3 + 1
    assert measured[0].seconds == (1 / 128,)


def test_a_result_that_changes_between_rounds_is_a_mismatch() -> None:
    results = [
        backtest(CANDLES, compiled=True),
        backtest(CANDLES, {"execution": {"fee": 0.0}}, compiled=True),
    ]
    clock = Ticks()
    steady = clock.mode("a", None, lambda n: 1.0, results[0])
    # From the third round on it gives another result.
    turns = Mode("b", "a", 120, 1, lambda: [*steady.run()[:0], results[clock.calls.count("a") > 6]])
    found = measure([steady, turns], 5, clock=clock)
    assert isinstance(found, Mismatch)
    assert found.found == (results[1].digest,)
    assert results[0].digest in str(found)


def test_streaming_is_a_backtest_like_the_others() -> None:
    for config in (Config.default(), Config.default().updated({"exits": {"trailing": 3.0}})):
        assert stream(CANDLES, config).digest == backtest(CANDLES, config, compiled=True).digest
    assert stream(CANDLES, Config.default()).plan.counters["interpreted_steps"] == len(CANDLES)


def test_memory_is_that_of_one_call_whoever_traces() -> None:
    result = backtest(CANDLES, compiled=True)

    def run() -> list[Result]:
        block = bytearray(3_000_000)
        del block
        return [result]

    mode = Mode("a", None, 120, 1, run)
    (one,) = measure([mode], 1)
    assert 3_000_000 <= one.peak_bytes < 3_100_000
    # Somebody else traces, and holds more than that.
    tracemalloc.start()
    try:
        held = bytearray(5_000_000)
        (one,) = measure([mode], 1)
        assert 3_000_000 <= one.peak_bytes < 3_100_000
        assert tracemalloc.is_tracing()
        assert len(held) == 5_000_000
    finally:
        tracemalloc.stop()


def test_a_ratio_is_the_median_of_the_rounds_with_order_statistics() -> None:
    found = ratio([2.0, 4.0, 6.0, 8.0, 10.0, 12.0], [1.0, 1.0, 1.0, 1.0, 1.0, 1.0])
    assert (found.low, found.median, found.high, found.rounds) == (2.0, 7.0, 12.0, 6)
    assert found.coverage == 1 - 2 / 64
    nine = ratio([float(x) for x in (9, 1, 8, 2, 7, 3, 6, 4, 5)], [1.0] * 9)
    assert (nine.low, nine.median, nine.high) == (2.0, 5.0, 8.0)
    assert nine.coverage == 1 - 2 * 10 / 512
    paired = ratio([1.0, 100.0, 10.0], [0.5, 50.0, 5.0])
    assert (paired.low, paired.high) == (2.0, 2.0)
    assert ratio([3.0], [2.0]).coverage == 0.0


def test_fewer_than_six_rounds_say_what_their_interval_is_worth() -> None:
    assert ratio([1.0] * 5, [1.0] * 5).coverage == 1 - 2 / 32
    assert coverage(6) > 0.95 > coverage(5)


def test_the_interval_covers_the_median_as_often_as_it_says() -> None:
    draw = random.Random(7)
    hits = 0
    for _ in range(2_000):
        # A heavy-tailed time: the median of the ratio is 2 exactly.
        noise = [draw.expovariate(1.0) ** 2 + 0.5 for _ in range(12)]
        other = [draw.expovariate(1.0) ** 2 + 0.5 for _ in range(12)]
        found = ratio([2.0 * x for x in noise], other)
        hits += found.low <= 2.0 <= found.high
    assert abs(hits / 2_000 - found.coverage) < 0.015


@pytest.mark.parametrize(
    ("slow", "fast"), [([], []), ([1.0], []), ([1.0], [0.0]), ([float("nan")], [1.0]), ([1.0], [-1.0])]
)
def test_times_that_cannot_be_divided(slow: list[float], fast: list[float]) -> None:
    with pytest.raises(ValueError, match=r"rounds|seconds"):
        ratio(slow, fast)


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (1_123.4, "1,120"),
        (999.6, "1,000"),
        (99.96, "100"),
        (34.12, "34.1"),
        (3.0, "3.00"),
        (0.01234, "0.0123"),
        (0.9999, "1.00"),
    ],
)
def test_three_significant_digits(number: float, text: str) -> None:
    assert digits(number) == text


def test_the_report_compares_each_mode_with_its_own_baseline() -> None:
    result = backtest(CANDLES, compiled=True)
    costs = {name: 2.0**-i for i, name in enumerate(NAMES)}
    clock = Ticks()
    against = dict.fromkeys(NAMES, "baseline") | {
        "baseline": None,
        "4 settings, no cache": None,
        "4 settings, one cache": "4 settings, no cache",
    }
    modes = [clock.mode(name, against[name], lambda n, c=costs[name]: c, result) for name in NAMES]
    measured = measure(modes, 6, clock=clock)
    assert not isinstance(measured, Mismatch)
    report = make_report("title", measured)
    assert report.row("compiled").speedup is not None
    assert report.row("compiled").speedup.median == 2.0**4
    assert report.row("4 settings, one cache").speedup.median == 2.0
    assert report.one_pass.median == 2.0**6
    assert report.compiling.median == 2.0**-2
    assert report.row("4 settings, no cache").speedup is None


def test_a_strategy_in_code_is_benchmarked_as_well(tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    example = ROOT / "examples" / "ema_rsi.py"
    done = invoke("benchmark", "--strategy", example, "--bars", 90, "--rounds", 1, "--json", report)
    assert done.exit_code == 0, done.output
    rows = json.loads(report.read_text())["rows"]
    assert [row["name"] for row in rows] == NAMES
