"""Each benchmark runs in a small size, checks results before it times, and the guide shows what was measured."""

from __future__ import annotations

import copy
import gc
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from benchmarks import __main__ as command
from benchmarks import claims, compiled, guide, peers, sweep, timing
from benchmarks.contest import Contender, Entrant, contest, race
from benchmarks.control import control
from benchmarks.figures import Figure, WrongResultError, figure, read, write
from benchmarks.timing import one_sample, peak_bytes, rounds_of, spread
from genesis_core import Config, backtest, synthetic
from genesis_core.strategy import load_strategy

TWIN = Entrant("twin", "run_genesis.py", sys.executable)
OPEN_AT_THE_END = 3_010
"""Bars after which the example has a position."""


def by_key(figures: list[Figure]) -> dict[str, Figure]:
    found = {one.key: one for one in figures}
    assert len(found) == len(figures)
    return found


# --- timing and figures


def test_rounds_alternate_so_that_nobody_always_goes_first() -> None:
    calls: list[str] = []

    def way(name: str) -> Any:
        def run() -> None:
            if not calls or calls[-1] != name:
                calls.append(name)

        return run

    seconds = rounds_of({"a": way("a"), "b": way("b")}, 4)
    # Warm-up a b, then a b, b a, a b, b a; neighbours of one name are one entry here.
    assert calls == ["a", "b", "a", "b", "a", "b", "a"]
    assert all(len(values) == 4 and min(values) > 0.0 for values in seconds.values())


def test_a_sample_is_the_mean_of_its_calls_and_leaves_the_collector_as_it_was(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    calls = 0

    def run() -> None:
        nonlocal calls
        calls += 1
        assert not gc.isenabled()

    monkeypatch.setattr(timing, "time", SimpleNamespace(perf_counter=lambda: 0.0001 * calls))

    mean = one_sample(run, least=0.002)
    assert gc.isenabled()
    # Batches of 1, 2, 4, 8 and 16 calls, of which the first four take 1.5 ms.
    assert calls == 31
    assert mean == pytest.approx(0.0001)
    gc.disable()
    try:
        one_sample(run, least=0.0001)
        assert not gc.isenabled()
    finally:
        gc.enable()


def test_peak_memory_is_that_of_the_fresh_process() -> None:
    little, much = peak_bytes("pass"), peak_bytes("kept = b'x' * 100_000_000")
    assert much - little > 95_000_000
    # Not what this process holds, which has imported everything.
    assert little < 60_000_000
    with pytest.raises(RuntimeError, match="ZeroDivisionError"):
        peak_bytes("1 / 0")


def test_an_interval_of_too_few_rounds_says_what_it_covers() -> None:
    assert figure("a.b", "", spread([1.0, 2.0, 3.0]), "x").text() == "2.00x [1.00, 3.00] (75%)"
    assert figure("a.b", "", spread([1.0, 2.0, 3.0, 4.0, 5.0, 6.0]), "x").text() == "3.50x [1.00, 6.00]"


def test_what_one_way_takes_more_than_another_may_be_less_than_nothing() -> None:
    assert figure("a.b", "", spread([-0.5, -0.25, 2.0]), "ms").text() == "-0.25 ms [-0.5, 2.00] (75%)"


def test_a_cost_holds_its_limit_with_the_median_and_a_ratio_with_the_whole_interval() -> None:
    values = [0.9, 1.1, 1.2, 1.3, 1.4, 1.5]
    assert figure("a.b", "", spread(values), "x", at_least=1.0).holds is False
    assert figure("a.b", "", spread(values), "ns a bar", at_least=1.0).holds is True
    assert figure("a.b", "", spread(values), "x", at_most=1.4).holds is False
    assert figure("a.b", "", spread(values), "x", at_most=1.5).holds is True
    assert figure("a.b", "", spread(values), "ns a bar", at_most=1.2).holds is False
    assert figure("a.b", "", spread(values), "x").holds is None
    assert Figure("a.b", "", 0.0, "hits", at_most=0.0).holds is True
    assert Figure("a.b", "", 1.0, "hits", at_most=0.0).holds is False


def test_results_are_written_by_section_and_read_back(tmp_path: Path) -> None:
    old = [Figure("one.a", "first", 1.5, "us", 1.0, 2.0, at_most=3.0), Figure("two.a", "second", 9.0, "hits")]
    write(tmp_path, old, ["left out: nobody"], 1.0)
    assert list(read(tmp_path)) == old
    new = Figure("one.b", "third", 4.0, "us", 3.9, 4.1, at_most=3.0)
    write(tmp_path, [new], [], 1.0)
    assert list(read(tmp_path)) == [old[1], new]
    page = (tmp_path / "README.md").read_text()
    assert "| third | 4.00 us [3.90, 4.10] | **missed**: at most 3 | `python -m benchmarks one` |" in page
    assert "first" not in page
    document = json.loads((tmp_path / "results.json").read_text())
    assert [one["holds"] for one in document["figures"]] == [None, False]
    document["schema"] = 2
    (tmp_path / "results.json").write_text(json.dumps(document))
    with pytest.raises(ValueError, match="schema 2; 1 is needed"):
        read(tmp_path)


# --- a compiled run


def test_the_compiled_benchmark_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    seconds = {"control": [0.004] * 3, "example": [0.04] * 3, "model": [0.4] * 3}

    def rounds_of(arms: dict[str, Callable[[], object]], rounds: int) -> dict[str, list[float]]:
        for arm in arms.values():
            arm()
        return seconds

    monkeypatch.setattr(compiled, "rounds_of", rounds_of)
    found = by_key(compiled.run(bars=4_000, rounds=3, memory=False))
    assert set(found) == {
        "compiled.control",
        "compiled.example",
        "compiled.example.ratio",
        "compiled.model",
        "compiled.model.ratio",
    }
    assert [found[f"compiled.{name}"].value for name in seconds] == pytest.approx([1e3, 1e4, 1e5])
    assert [found[f"compiled.{name}.ratio"].value for name in ("example", "model")] == pytest.approx(
        [10, 100]
    )


def test_the_control_loop_trades_as_the_example_does() -> None:
    candles = synthetic(bars=5_000, seed=3)
    example = load_strategy(compiled.EXAMPLE)
    trades, equity = control(candles.open, candles.close)
    assert trades > 20
    result = backtest(candles, example, compiled=True)
    assert trades == result.metrics.trades
    assert np.max(np.abs(equity - result.equity)) <= 1e-9 * compiled_cash(example)
    with pytest.raises(WrongResultError, match="the engine"):
        compiled.check_control(candles, example.updated({"decide": {"overbought": 50.0}}))
    with pytest.raises(WrongResultError, match="equity"):
        compiled.check_control(candles, example.updated({"execution": {"fee": 0.0011}}))


def compiled_cash(config: Config) -> float:
    return config.execution.initial_equity


def test_a_compiled_run_with_other_bits_is_not_timed(monkeypatch: pytest.MonkeyPatch) -> None:
    def wrong(candles: Any, config: Any, **flags: bool) -> Any:
        return backtest(
            candles, {"decision": {"edge": 0.3}} if flags.get("compiled") else config, compiled=True
        )

    candles = synthetic(bars=500)
    compiled.check(candles, Config.default())
    monkeypatch.setattr(compiled, "backtest", wrong)
    with pytest.raises(WrongResultError, match=r"compiled \w+, interpreted \w+"):
        compiled.check(candles, Config.default())


# --- beside other engines


@pytest.fixture(scope="module")
def running() -> Iterator[list[Contender]]:
    """Our own contender twice, and two that cannot run: what peers have to say is then known."""
    nobody = Entrant("nobody", "run_genesis.py", "no/such/python")
    with contest([peers.OURS, nobody, TWIN], synthetic(bars=OPEN_AT_THE_END)) as (contenders, notes):
        assert notes == ["left out: nobody: no/such/python cannot be run: No such file or directory"]
        yield contenders


def test_contenders_are_checked_then_timed_in_turn(running: list[Contender]) -> None:
    ours, twin = running
    peers.check_trades(ours.told, twin.told, twin.name)
    assert len(ours.told["trades"]) > 10
    assert [bar for bar, _ in ours.told["open"]] == [3_001]
    assert max(trade[1] for trade in ours.told["trades"]) < 3_001
    answers = race(running, 2)
    assert set(answers) == {"genesis", "twin"}
    for given in answers.values():
        assert len(given) == 2
        assert all(one["seconds"] > 0.0 and one["bare"] > 0.0 for one in given)
    # The children are processes of their own, with Numba loaded.
    assert 50e6 < ours.told["peak"] < 1e9
    keys = by_key(peers._figures(ours, [twin], answers, OPEN_AT_THE_END))
    assert set(keys) == {"peers.genesis", "peers.twin", "peers.twin.ratio", "peers.twin.bare_ratio"}


def test_no_contender_always_goes_first() -> None:
    asked: list[str] = []

    class Asked(Contender):
        def ask(self, what: str) -> dict[str, Any]:
            asked.append(f"{self.entrant.key} {what}")
            return {"seconds": float(len(asked))}

    two = [Asked(Entrant(key, "", ""), Path()) for key in ("a", "b")]
    assert race(two, 2) == {
        "a": [{"seconds": 1.0}, {"seconds": 4.0}],
        "b": [{"seconds": 2.0}, {"seconds": 3.0}],
    }
    assert asked == ["a time", "b time", "b time", "a time"]


@pytest.mark.parametrize("place", [0, 1, 2, 3, 4])
def test_another_trade_is_found(running: list[Contender], place: int) -> None:
    ours = running[0].told
    other = copy.deepcopy(ours)
    value = other["trades"][7][place]
    other["trades"][7][place] = value + 1 if place < 2 else value * (1.0 + 3e-9)
    with pytest.raises(WrongResultError, match=r"peer 1\.0: trade 7 is"):
        peers.check_trades(ours, other, "peer 1.0")
    if place >= 2:
        other["trades"][7][place] = value * (1.0 + 3e-10)
        peers.check_trades(ours, other, "peer 1.0")


def test_missing_and_open_trades_are_found(running: list[Contender]) -> None:
    ours = running[0].told
    fewer = {**ours, "trades": ours["trades"][:-1]}
    with pytest.raises(WrongResultError, match="closes"):
        peers.check_trades(ours, fewer, "peer")
    with pytest.raises(WrongResultError, match="open at the end"):
        peers.check_trades({**ours, "open": [[2_990, 100.0]]}, {**ours, "open": []}, "peer")
    peers.check_trades({**ours, "open": [[2_990, 100.0]]}, {**ours, "open": None}, "peer")
    with pytest.raises(WrongResultError, match="nothing would be compared"):
        peers.check_trades({**ours, "trades": []}, {**ours, "trades": []}, "peer")


def test_a_child_that_cannot_run_or_dies_says_so_in_one_line(tmp_path: Path) -> None:
    absent = tmp_path / "absent.py"
    absent.write_text("""print('{"missing": "its package is not installed"}')""")
    broken = tmp_path / "broken.py"
    broken.write_text("raise ValueError('no such engine')")
    candles = synthetic(bars=10)
    with contest([Entrant("absent", str(absent), sys.executable)], candles) as (none, notes):
        assert none == []
        assert notes == [f"left out: absent ({sys.executable}): its package is not installed"]
    with (
        pytest.raises(WrongResultError, match="broken: its process ended: ValueError: no such engine"),
        contest([Entrant("broken", str(broken), sys.executable)], candles),
    ):
        pass


def test_peers_without_an_interpreter_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(peers, "find_spec", lambda module: None)
    found, notes = peers.entrants()
    assert found == [peers.OURS]
    assert [note.partition(":")[0] for note in notes] == ["left out", "left out"]
    assert "--vectorbt-python" in notes[0]
    assert "--backtesting-python" in notes[1]
    found, notes = peers.entrants("v", "b")
    assert [(one.key, one.python) for one in found[1:]] == [
        ("vectorbt_numba", "v"),
        ("vectorbt_rust", "v"),
        ("backtesting_py", "b"),
    ]
    assert notes == []
    monkeypatch.setattr(peers, "find_spec", lambda module: module == "backtesting")
    found, _ = peers.entrants()
    assert [one.python for one in found[1:]] == [sys.executable]


def test_the_benchmark_beside_peers_runs_alone_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(peers, "find_spec", lambda module: None)
    figures, notes = peers.run(1_000, 1)
    assert [one.key for one in figures] == ["peers.genesis"]
    assert len(notes) == 2


# --- many parameter sets


def test_the_sweep_benchmark_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(peers, "find_spec", lambda module: None)
    figures, notes = sweep.run(1_500, 1, 12)
    found = by_key(figures)
    assert set(found) == {
        "sweep.genesis.ready",
        "sweep.genesis",
        "sweep.genesis.memory",
        "sweep.making",
    }
    assert all(one.value > 0.0 for one in figures)
    assert notes == [peers.entrants()[1][0]]


def test_a_sweep_that_gives_other_bits_is_not_timed() -> None:
    candles, sets = synthetic(bars=600), sweep.parameter_sets(11)
    assert len({(fast, slow, limit) for fast, slow, limit in sweep.parameter_sets()}) == 1_000
    digests = [backtest(candles, one, compiled=True).summary_digest for one in sweep.configs(sets)]
    sweep.check_digests(candles, sets, digests)
    with pytest.raises(WrongResultError, match=r"set \(5, 20, 60.0\): digest"):
        sweep.check_digests(candles, sets, digests[-1:] + digests[1:])


def test_sweeps_of_other_engines_are_checked() -> None:
    ours = {"counts": [3, 4], "final": [1e6, 2e6]}
    sweep.check_figures(ours, {"counts": [3, 4], "final": [1e6, 2e6 + 1e-4]}, "peer")
    with pytest.raises(WrongResultError, match="peer: set 1 has 5 trades, ours 4"):
        sweep.check_figures(ours, {"counts": [3, 5], "final": [1e6, 2e6]}, "peer")
    with pytest.raises(WrongResultError, match="peer: set 1 ends with"):
        sweep.check_figures(ours, {"counts": [3, 4], "final": [1e6, 2e6 + 1e-2]}, "peer")


# --- the claims


def test_the_cache_is_measured() -> None:
    found = by_key(claims.cache(rounds=1))
    distinct, questions = claims.collisions()
    assert distinct == questions == found["claims.keys"].value > 10_000
    assert found["claims.cache_memory"].holds
    assert found["claims.key"].value > 0.0
    assert found["claims.hit"].value > 0.0


def test_colliding_keys_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    class Careless(claims.FeatureCache):
        @staticmethod
        def key(candles: Any, bar: int, feature_set: Any) -> Any:
            return candles.fingerprint, bar, "the configuration is left out"

    monkeypatch.setattr(claims, "FeatureCache", Careless)
    distinct, questions = claims.collisions()
    assert distinct * 5 == questions
    with pytest.raises(WrongResultError, match="different questions"):
        claims.cache(rounds=1)


def test_features_are_measured() -> None:
    found = by_key(claims.extraction(bars=1_000, rounds=1))
    assert found["claims.streaming"].value > 0.0
    assert found["claims.extraction"].value > 0.0


def test_modes_are_measured_and_their_parts_told_apart() -> None:
    found = by_key(claims.modes(bars=90, rounds=1))
    parts = found["claims.one_pass"].value * found["claims.compiling"].value
    # One round: the parts multiply to the whole, up to four digits of each.
    assert abs(parts / found["claims.compiled"].value - 1.0) < 2e-3
    assert {"claims.baseline", "claims.fast_window", "claims.precompute"} < set(found)


def test_repeated_backtests_share_a_cache() -> None:
    found = by_key(claims.repeated(bars=80, settings=3, rounds=1))
    # Every bar that decides is asked for once by each, and computed for the first one only.
    assert found["claims.hits"].value == 2 * (80 - Config.default().ready)
    assert found["claims.single"].value == 0


def test_memory_is_measured() -> None:
    found = by_key(claims.memory(bars=4_000))
    assert found["claims.views_memory"].value == 0
    assert 15 * 8 <= found["claims.precomputed_memory"].value < 15 * 8 * 1.1


# --- the command and the guide


def test_the_command_prints_writes_and_keeps_what_it_did_not_measure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    missed = Figure("compiled.x", "a cost", 5.0, "us", at_most=4.0)
    monkeypatch.setattr(compiled, "run", lambda *sizes: [missed])
    monkeypatch.setattr(claims, "run", lambda *sizes: [Figure("claims.x", "a claim", 1.0, "us", at_most=4.0)])
    assert command.main(["claims", "--out", str(tmp_path)]) == 0
    assert command.main(["compiled", "--out", str(tmp_path)]) == 1
    assert "a cost" in capsys.readouterr().out
    assert [one.key for one in read(tmp_path)] == ["claims.x", "compiled.x"]
    assert command.main(["compiled", "--small"]) == 0


def test_a_wrong_result_is_exit_code_1_and_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def wrong(*sizes: int) -> list[Figure]:
        raise WrongResultError("two digests")

    monkeypatch.setattr(claims, "run", wrong)
    assert command.main(["claims", "--out", str(tmp_path)]) == 1
    assert "WRONG RESULT in claims: two digests; nothing is reported" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("given", [["nothing"], ["--small", "--out", "x"]])
def test_wrong_usage_is_exit_code_2(given: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        command.main(given)
    assert left.value.code == 2
    assert "error:" in capsys.readouterr().err


def test_the_guide_shows_the_results() -> None:
    assert guide.main(["--check"]) == 0
    assert "not measured" not in guide.GUIDE.read_text()


def test_a_guide_out_of_step_is_found_and_filled(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = tmp_path / "guide.md"
    blocks = [f"<!-- generated: {name} -->\nold\n<!-- end -->\n" for name in guide.TABLES]
    page.write_text("# Guide\n\n" + "\nbetween\n".join(blocks))
    write(tmp_path, [Figure("claims.key", "a key", 0.5, "us", 0.4, 0.6, at_most=0.45)], [], 1.0)
    given = ["--guide", str(page), "--results", str(tmp_path)]
    assert guide.main([*given, "--check"]) == 1
    assert "python -m benchmarks.guide" in capsys.readouterr().err
    assert guide.main(given) == 0
    assert guide.main([*given, "--check"]) == 0
    text = page.read_text()
    row = next(line for line in text.splitlines() if line.startswith("| a cache key"))
    assert "0.500 us [0.400, 0.600] (**missed**: at most 0.45)" in row
    assert row.endswith("| `python -m benchmarks claims` |")
    assert "| a cache hit in < 0.1 ms | not measured |" in text
    assert text.count("between") == len(guide.TABLES) - 1
    with pytest.raises(ValueError, match="the guide has blocks for nothing"):
        guide.rendered("# Guide", [])
