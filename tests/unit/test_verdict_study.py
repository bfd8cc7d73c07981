"""The study measures what it says, beside the neighbours that it says, and keeps it."""

from __future__ import annotations

import json
import lzma
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks import verdicts
from benchmarks.verdict_study import (
    arms,
    neighbours,
    plan,
    rawfiles,
    recompute,
)
from benchmarks.verdict_study.asking import Cell, FreshProcesses
from benchmarks.verdict_study.slices import RawBlocks, RecordingError, raw_blocks
from pytest_genesis_perf.child_request import Request
from pytest_genesis_perf.measure import measure_asked
from pytest_genesis_perf.measurement import Asked, Pair
from pytest_genesis_perf.own_time import ComputesAlone

ON_LINUX = pytest.mark.skipif(os.name != "posix", reason="processes are looked at as POSIX has them")


def short_arm(n: int = 40) -> Callable[[], int]:
    return lambda: sum(range(n))


# --- arms


@pytest.mark.parametrize("kind", arms.KINDS)
@pytest.mark.parametrize("variant", arms.VARIANTS)
def test_every_arm_can_be_made_and_called(kind: str, variant: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arms, "BACKTEST_BARS", 300)
    if kind == "compiled":
        # Plain Python runs the same loops; compiling them is not what is tested.
        monkeypatch.setattr(arms, "_compiled", lambda other: arms._average if other else arms._smoothed)
    baseline, optimized = arms.KINDS[kind].arms(arms.VARIANTS[variant])
    for arm in (baseline, optimized):
        arm()


@pytest.mark.parametrize("kind", ["python", "crc32"])
def test_the_same_and_the_different_function_return_the_same(kind: str) -> None:
    for variant in (arms.SAME, arms.DIFFERENT):
        baseline, optimized = arms.KINDS[kind].arms(variant)
        assert baseline() == optimized()


@pytest.mark.parametrize(("variant", "size"), [("slower 3%", 412), ("slower 5%", 420), ("faster 5%", 380)])
def test_a_slower_arm_does_more_of_the_same_work(variant: str, size: int) -> None:
    baseline, optimized = arms.KINDS["allocating"].arms(arms.VARIANTS[variant])
    first, second = baseline(), optimized()
    assert isinstance(first, list)
    assert isinstance(second, list)
    assert len(first) == 400
    assert len(second) == size
    assert second[:380] == first[:380]


@pytest.mark.parametrize(
    ("kind", "sizes"),
    [("numpy shared", (131_072, 135_004, 124_518)), ("compiled", (20_000, 20_600, 19_000))],
)
def test_a_slower_pass_is_over_more_of_the_same_column(
    kind: str, sizes: tuple[int, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arms, "_compiled", lambda other: arms._smoothed)
    seen = []
    for variant in (arms.SAME, arms.SLOWER_3, arms.FASTER_5):
        baseline, optimized = arms.KINDS[kind].arms(variant)
        assert len(baseline.args[0]) == sizes[0]  # type: ignore[attr-defined]
        seen.append(len(optimized.args[0]))  # type: ignore[attr-defined]
    assert tuple(seen) == sizes


def test_only_arms_that_own_their_buffers_have_two_of_them() -> None:
    def columns(kind: str) -> tuple[set[int], set[int]]:
        both = arms.KINDS[kind].arms(arms.SAME)
        first, second = ({id(a.base) for a in (*arm.args, arm.keywords["out"])} for arm in both)  # type: ignore[attr-defined]
        return first, second

    shared, owned = columns("numpy shared"), columns("numpy owned")
    assert shared[0] == shared[1]
    assert not owned[0] & owned[1]


# --- slices


@pytest.mark.parametrize("exchanged", [False, True])
def test_the_kept_slices_give_the_measured_blocks_bit_for_bit(exchanged: bool) -> None:
    pair = Pair("", "", short_arm(), short_arm(), "seed")
    measured = measure_asked(pair, Asked(32, 16, None, 4.0, 60.0, exchanged))
    raw = raw_blocks(measured, "seed", exchanged=exchanged)
    assert tuple(raw.xs()) == measured.xs
    assert raw.slices.shape == (32, 4)
    again = RawBlocks.from_plain(json.loads(json.dumps(raw.to_plain())))
    assert again.xs() == raw.xs()
    assert recompute.numbers(raw.to_plain()) == list(measured.xs)


def test_slices_of_long_arms_are_kept_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ComputesAlone, "fault", lambda self: None)  # of another thread of the test runner
    pair = Pair("", "", short_arm(2_000_000), short_arm(2_000_000), "seed")
    measured = measure_asked(pair, Asked(32, 4, None, 4.0, 60.0))
    assert measured.plan.long
    raw = raw_blocks(measured, "seed")
    assert raw.slices.shape == (4, 4)
    assert recompute.numbers(raw.to_plain()) == list(measured.xs)


def test_slices_that_do_not_give_the_blocks_are_an_error() -> None:
    measured = measure_asked(Pair("", "", short_arm(), short_arm(), "seed"), Asked(32, 16, None, 4.0, 60.0))
    with pytest.raises(RecordingError, match="do not give the 32 measured blocks"):
        raw_blocks(measured, "another seed")
    with pytest.raises(RecordingError, match="do not give"):
        raw_blocks(replace(measured, slices=measured.slices[:-1]), "seed")


# --- processes


def test_a_fresh_process_answers_as_a_child_of_the_plugin_does() -> None:
    asking = FreshProcesses(Cell("crc32", "slower 5%"), 4.0, 60.0)
    request = Request(answer="", select=(), label="l", blocks=32, exchanged=True, control=True)
    answer = asking.ask(request)
    assert answer.fault == ""
    (measured,) = answer.measured
    (kept,) = asking.kept
    assert len(measured.blocks) == 32
    assert recompute.numbers(kept["raw"]) == list(measured.blocks)
    assert kept["raw"]["exchanged"] is True
    assert recompute.numbers(kept["control"]) == list(measured.control)
    assert kept["control"]["exchanged"] is False
    assert kept["hash_seed"]


def test_a_fresh_process_that_cannot_measure_says_why() -> None:
    asking = FreshProcesses(Cell("nothing", "same"), 4.0, 60.0)
    answer = asking.ask(Request(answer="", select=(), blocks=32))
    assert answer.measured == ()
    assert "KeyError: 'nothing'" in answer.fault
    assert asking.kept == [{"fault": answer.fault}]


@ON_LINUX
def test_neighbours_are_there_as_long_as_they_should_be() -> None:
    with neighbours.situation("bursty") as running:
        assert len(running) == 3
        assert [one.poll() for one in running] == [None] * 3
    assert all(one.returncode is not None for one in running)
    with neighbours.situation("quiet") as nobody:
        assert nobody == []


@ON_LINUX
def test_a_neighbour_that_leaves_early_makes_the_measurement_void() -> None:
    def leave() -> None:
        with neighbours.situation("busy") as running:
            running[0].kill()
            running[0].wait()

    with pytest.raises(neighbours.SituationError, match="1 of 1 neighbours"):
        leave()


@ON_LINUX
def test_a_neighbour_does_not_outlive_the_one_that_started_it() -> None:
    command = [sys.executable, "-m", "benchmarks.verdict_study.neighbours", "busy", "0"]
    with subprocess.Popen(
        command, cwd=neighbours.ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as neighbour:
        try:
            assert neighbour.stdout is not None
            assert neighbour.stdin is not None
            assert neighbour.stdout.readline().strip() == b"here"
            neighbour.stdin.close()
            assert neighbour.wait(30) == 70
        finally:
            neighbour.kill()


@ON_LINUX
def test_a_run_is_kept_made_again_put_into_tables_and_gone_on_with(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    results, docs = tmp_path / "results", tmp_path / "docs.md"
    there = ["--results", str(results), "--docs", str(docs)]
    docs.write_text("before\n<!-- generated: same -->\nold\n<!-- end -->\nafter\n", encoding="utf-8")
    raw = str(tmp_path / "raw")
    command = [
        "run",
        "--out",
        raw,
        "--rounds",
        "1",
        "--gates",
        "1",
        "--groups",
        "same",
        "--situations",
        "busy",
    ]
    assert verdicts.main(command) == 0
    assert "[1/1] round 0, busy, same" in capsys.readouterr().out
    (process,) = rawfiles.read_all(Path(raw))
    assert sorted((gate["kind"], gate["variant"]) for gate in process.gates) == sorted(
        (cell.kind, cell.variant) for cell in plan.GROUPS["same"].cells
    )
    assert verdicts.main(["recompute", raw]) == 0
    assert "12 verdicts made again" in capsys.readouterr().out
    assert verdicts.main(["table", raw, *there]) == 0
    assert "| python | busy | 2 in 1 |" in docs.read_text(encoding="utf-8")
    assert docs.read_text(encoding="utf-8").endswith("after\n")
    assert verdicts.main(["table", "--check", *there]) == 0
    docs.write_text(docs.read_text(encoding="utf-8").replace("2 in 1", "3 in 1"), encoding="utf-8")
    assert verdicts.main(["table", "--check", *there]) == 1
    capsys.readouterr()
    assert verdicts.main(command) == 0
    assert "1 of 1 processes are there already" in capsys.readouterr().out


def test_a_run_whose_time_is_up_starts_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert verdicts.main(["run", "--out", str(tmp_path), "--rounds", "2", "--minutes", "0"]) == 0
    assert "stopped after 0 minutes" in capsys.readouterr().out
    assert list(tmp_path.iterdir()) == []


# --- files


def test_files_that_cannot_be_read_are_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert verdicts.main(["alternatives", str(tmp_path)]) == 2
    assert "no files of a run" in capsys.readouterr().err
    path = rawfiles.path_of(tmp_path, 3, "busy", "same")
    rawfiles.write(path, {"situation": "busy", "group": "same"}, [{"kind": "python"}] * 50)
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(rawfiles.RawFileError, match=path.name):
        rawfiles.read(path)
    path.write_bytes(lzma.compress(b'{"schema": 99}\n'))
    with pytest.raises(rawfiles.RawFileError, match="not written by this version"):
        rawfiles.read(path)


def test_the_plan_has_the_gates_that_the_study_needs() -> None:
    turns = list(plan.turns(plan.ROUNDS, plan.ALL_GROUPS, plan.ALL_SITUATIONS))
    per_process = {name: len(group.cells) * group.times for name, group in plan.GROUPS.items()}
    same = [turn for turn in turns if turn.group == "same"]
    assert len(same) >= 200
    assert len(same) * per_process["same"] >= 10_000
    same_long = [cell for cell in plan.GROUPS["long"].cells if cell.variant in plan.SAME_CODE]
    assert len(same_long) * sum(turn.group == "long" for turn in turns) >= 100
    assert {turn.situation for turn in turns if turn.group == "sizes"} == {"quiet"}
    assert {turn.group for turn in turns} == set(plan.ALL_GROUPS)
    firsts = [next(turn.situation for turn in turns if turn.round == n) for n in range(3)]
    assert sorted(firsts) == sorted(plan.ALL_SITUATIONS)
