"""The study measures what it says, keeps it, makes every verdict again, and counts by processes."""

from __future__ import annotations

import ast
import gzip
import json
import math
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks import verdicts
from benchmarks.verdict_study import (
    alternatives,
    arms,
    commands,
    gates,
    neighbours,
    peers,
    plan,
    rawfiles,
    recompute,
    report,
    summary,
)
from benchmarks.verdict_study.asking import Cell, FreshProcesses
from benchmarks.verdict_study.bounds import at_most, lower, upper
from benchmarks.verdict_study.intervals import sign_interval, t_interval, t_quantile, wilcoxon_interval
from benchmarks.verdict_study.requirements import requirements
from benchmarks.verdict_study.slices import RawBlocks, RecordingClock, RecordingError, raw_blocks
from pytest_genesis_perf.child_request import Measured, Request
from pytest_genesis_perf.children import Answer
from pytest_genesis_perf.confirm import Suspicion
from pytest_genesis_perf.measure import Asked, Pair, Terms, measure, measure_asked
from pytest_genesis_perf.observe import Observation
from pytest_genesis_perf.pending import Pending
from pytest_genesis_perf.statistics import (
    LONG_ARMS,
    MAX_SIGN_CORRELATION,
    SHORT_ARMS,
    ClaimState,
    critical_count,
    judge_claim,
    sign_correlation,
)
from pytest_genesis_perf.verdict import Claim, Evidence, decide

LIMIT = Claim().limit
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
    clock = RecordingClock()
    pair = Pair("", "", short_arm(), short_arm(), "seed", clock.read)
    measured = measure_asked(pair, Asked(32, 16, None, 4.0, 60.0, exchanged))
    raw = raw_blocks(clock.readings(), measured, "seed", exchanged=exchanged)
    assert tuple(raw.xs()) == measured.xs
    assert raw.slices.shape == (32, 4)
    again = RawBlocks.from_plain(json.loads(json.dumps(raw.to_plain())))
    assert again.xs() == raw.xs()
    assert recompute.numbers(raw.to_plain()) == list(measured.xs)


def test_slices_of_a_measurement_that_time_ended_are_found_too() -> None:
    clock = RecordingClock()
    pair = Pair("", "", short_arm(), short_arm(), "seed", clock.read)
    measured = measure(pair, Terms(Claim(margin=0.0), None, budget=1e-9, cap=60.0))
    assert len(measured.xs) == 32
    assert tuple(raw_blocks(clock.readings(), measured, "seed").xs()) == measured.xs


def test_readings_that_do_not_give_the_blocks_are_an_error() -> None:
    clock = RecordingClock()
    measured = measure_asked(
        Pair("", "", short_arm(), short_arm(), "seed", clock.read), Asked(32, 16, None, 4.0, 60.0)
    )
    readings = clock.readings()
    with pytest.raises(RecordingError, match="do not give the 32 measured blocks"):
        raw_blocks(readings, measured, "another seed")
    with pytest.raises(RecordingError):
        raw_blocks(readings[:-2], measured, "seed")
    assert clock.readings() == []


# --- the second program


def test_the_second_program_imports_nothing_of_the_plugin_or_the_study() -> None:
    tree = ast.parse(Path(recompute.__file__).read_text(encoding="utf-8"))
    names = {
        (node.module or "") if isinstance(node, ast.ImportFrom) else alias.name
        for node in ast.walk(tree)
        if isinstance(node, (ast.Import, ast.ImportFrom))
        for alias in node.names
    }
    assert names
    assert not [
        name for name in names if name.split(".")[0] in ("pytest_genesis_perf", "benchmarks", "genesis_core")
    ]


@pytest.mark.parametrize("n", [16, 24, 32, 50, 64, 128, 512])
def test_both_programs_count_alike(n: int) -> None:
    for looks, bad, ok in (recompute.SHORT, recompute.LONG):
        for a in (bad, ok):
            assert recompute.count(n, a / len(looks)) == critical_count(n, float(a) / len(looks))


def made(xs: np.ndarray[Any, np.dtype[np.float64]], seed: str, *, long: bool = False) -> RawBlocks:
    """Return slices that give roughly these blocks, in the order that the coin of the seed asks for."""
    width = 2 if long else 4
    empty = RawBlocks(seed, False, (1, 1), long, np.ones((len(xs), width), dtype=np.int64))
    slices = [
        [round(1e8 * math.exp(x if role else 0.0)) for role in order]
        for x, order in zip(xs.tolist(), empty.roles(), strict=True)
    ]
    return RawBlocks(seed, False, (1, 1), long, np.array(slices, dtype=np.int64))


def judged(center: float, spread: float, seed: int, *, long: bool, isolate: bool = False) -> dict[str, Any]:
    """Return the row of a gate whose blocks are made up, judged and confirmed by the plugin's functions."""
    random = np.random.default_rng(seed)
    rule = LONG_ARMS if long else SHORT_ARMS
    looks = rule.looks[:5]

    def blocks(n: int) -> RawBlocks:
        return made(
            random.normal(center + random.normal(0.0, 0.004), spread, n),
            str(random.integers(1 << 40)),
            long=long,
        )

    whole = blocks(looks[-1])
    xs, state, drawn = whole.xs(), ClaimState.UNDECIDED, looks[-1]
    for look in looks:
        doubt = sign_correlation(xs[:look], LIMIT) > MAX_SIGN_CORRELATION
        state = ClaimState.UNDECIDED if doubt else judge_claim(xs[:look], LIMIT, rule)
        drawn = look
        if state is not ClaimState.UNDECIDED:
            break
    first = RawBlocks(whole.seed, False, whole.calls, long, whole.slices[:drawn])
    kept: list[dict[str, Any]] = []

    def ask(request: Request) -> Answer:
        raw = blocks(64 if not long else 24)
        same = blocks(64 if not long else 24) if request.control else None
        control = made(np.array(same.xs()) - center, "c", long=long) if same else None
        kept.append({"raw": raw.to_plain(), "control": control.to_plain() if control else None})
        return Answer(
            (
                Measured(
                    nodeid=gates.NODEID, label="l", blocks=tuple(raw.xs()), long=long, speedup=1.0,
                    seconds={"baseline": 1.0, "optimized": 1.0}, calls={"baseline": 1, "optimized": 1},
                    control=tuple(control.xs()) if control else (),
                ),
            )
        )  # fmt: skip

    row: dict[str, Any] = {"mode": "isolated" if isolate else "plain", "kind": "python", "variant": "same"}
    evidence, suspicion = Evidence(asked=Claim()), Suspicion.ISOLATED
    if not isolate:
        row |= {"first": first.to_plain(), "state": state.value}
        reason = "undecided" if state is ClaimState.UNDECIDED else None
        evidence = Evidence(asked=Claim(), claim=state, interval=(0.9, 1.1), inconclusive_reason=reason)
        suspicion = Suspicion.CLAIM_FAILS
    seen = Observation(evidence, gates.NOT_COMPARED, None, suspicion)
    found = None
    if isolate or state is ClaimState.FAILS:
        seen, found = Pending(gates.NODEID, "l", None, seen).settled(ask, ())
    outcome = decide(seen.evidence)
    return row | {
        "fresh": kept, "confirmed": found.reproduced if found else None, "verdict": str(outcome.verdict),
        "effect": outcome.failed_default, "fresh_seconds": 0.0,
    }  # fmt: skip


CENTERS = [-0.02, 0.0, 0.015, 0.022, 0.03, 0.05]


def test_the_second_program_makes_the_verdicts_that_the_plugin_made(tmp_path: Path) -> None:
    rows = [
        judged(center, 0.02 if long else 0.03, seed, long=long, isolate=isolate)
        for seed, center in enumerate(CENTERS * 3)
        for long, isolate in ((False, False), (True, False), (False, True))
    ]
    rawfiles.write(tmp_path / "0000-quiet-same.jsonl.gz", {"group": "same", "situation": "quiet"}, rows)
    verdicts_made = {row["verdict"] for row in rows}
    assert verdicts_made == {"REGRESSED", "INCONCLUSIVE", "NO-BASELINE"}
    assert {row["confirmed"] for row in rows} == {True, False, None}
    count, blocks, wrong = recompute.recompute(tmp_path)
    assert wrong == []
    assert count == len(rows)
    assert blocks > 32 * len(rows)


@pytest.mark.parametrize(
    "change", [{"verdict": "REGRESSED"}, {"effect": "fail"}, {"state": "fails"}, {"confirmed": True}]
)
def test_a_verdict_that_does_not_follow_from_the_slices_is_named(
    tmp_path: Path, change: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    row = judged(0.0, 0.01, 1, long=False)
    assert row["verdict"] == "NO-BASELINE"
    head = {"group": "same", "situation": "quiet"}
    rawfiles.write(tmp_path / "0000-quiet-same.jsonl.gz", head, [row, row | change])
    assert verdicts.main(["recompute", str(tmp_path)]) == 1
    printed = capsys.readouterr().out
    assert "0000-quiet-same.jsonl.gz:3 (python, same): written" in printed
    assert "2 verdicts made again" in printed
    assert "1 differ" in printed


def test_a_changed_slice_changes_the_verdict_that_is_made_again(tmp_path: Path) -> None:
    row = judged(0.0, 0.01, 1, long=False)
    slower = made(np.full(row["first"]["blocks"], 0.05), row["first"]["seed"])
    assert recompute.verdict(row | {"first": slower.to_plain()}) == "fails, None, REGRESSED, fail"
    more = made(np.zeros(64), "s")
    assert recompute.verdict(row | {"first": more.to_plain()}).startswith("holds at 32 of 64 blocks")


def test_a_claim_that_no_process_could_confirm_fails_in_both_programs() -> None:
    row = judged(0.05, 0.01, 2, long=False)
    assert recompute.verdict(row) == "fails, True, REGRESSED, fail"
    assert recompute.verdict(row | {"fresh": [*row["fresh"][:1], {"fault": "killed"}]}).endswith(
        "None, REGRESSED, fail"
    )


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
        assert neighbour.stdout is not None
        assert neighbour.stdin is not None
        assert neighbour.stdout.readline().strip() == b"here"
        neighbour.stdin.close()
        assert neighbour.wait(60) == 70


@ON_LINUX
def test_a_run_is_kept_made_again_put_into_tables_and_gone_on_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    results, docs = tmp_path / "results", tmp_path / "docs.md"
    docs.write_text("before\n<!-- generated: same -->\nold\n<!-- end -->\nafter\n", encoding="utf-8")
    for module in (report, commands):
        monkeypatch.setattr(module, "RESULTS", results)
    monkeypatch.setattr(report, "DOCS", docs)
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
    assert verdicts.main(["table", raw]) == 0
    assert "| python | busy | 2 in 1 |" in docs.read_text(encoding="utf-8")
    assert docs.read_text(encoding="utf-8").endswith("after\n")
    assert verdicts.main(["table", "--check"]) == 0
    docs.write_text(docs.read_text(encoding="utf-8").replace("2 in 1", "3 in 1"), encoding="utf-8")
    assert verdicts.main(["table", "--check"]) == 1
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
    path.write_bytes(gzip.compress(b'{"schema": 99}\n'))
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


# --- counting


def test_bounds_are_exact() -> None:
    assert upper(0, 100) == pytest.approx(1.0 - 0.05 ** (1 / 100), rel=1e-9)
    assert upper(5, 5) == 1.0
    assert lower(5, 5) == pytest.approx(0.05 ** (1 / 5), rel=1e-9)
    assert at_most(7, 20, upper(7, 20)) == pytest.approx(0.05, rel=1e-6)
    with pytest.raises(ValueError, match="3 found of 2 tried"):
        upper(3, 2)


def gate(
    variant: str, verdict: str, *, state: str = "holds", kind: str = "python", **more: Any
) -> dict[str, Any]:
    effect = "fail" if verdict == "REGRESSED" else "warn"
    plain = {"kind": kind, "variant": variant, "mode": "plain", "state": state, "verdict": verdict}
    return plain | {"effect": effect, "first_seconds": 0.1, "fresh_seconds": 2.0} | more


def process(name: str, *rows: dict[str, Any], situation: str = "quiet") -> rawfiles.Process:
    told = dict.fromkeys(("python", "machine", "cores", "numpy", "numba"), "x")
    return rawfiles.Process(name, {"situation": situation, "group": "same", **told}, rows)


def test_alarms_and_failures_are_counted_apart_and_by_processes() -> None:
    held, alarm = gate("same", "NO-BASELINE"), gate("same", "INCONCLUSIVE", state="fails", first_seconds=0.9)
    failed = gate("different", "REGRESSED", state="fails")
    found = summary.summarise(
        [process("a", held, alarm, alarm), process("b", held, failed), process("c", held, held)]
    )
    (one,) = [c for c in found["same_code"] if c["situation"] == "quiet"]
    assert (one["gates"], one["processes"]) == (7, 3)
    assert (one["alarms"], one["alarms_processes"]) == (3, 2)
    assert (one["failures"], one["failures_processes"]) == (1, 1)
    assert one["failures_bound"] == upper(1, 3)
    assert one["inconclusive"] == 2
    assert one["first_median"] == 0.1
    assert one["first_p95"] == 0.9
    assert one["whole_max"] == pytest.approx(2.1)


def test_a_process_found_a_slowdown_only_if_all_its_gates_did() -> None:
    found, missed = gate("slower 5%", "REGRESSED", state="fails"), gate("slower 5%", "NO-BASELINE")
    (one,) = summary.summarise([process("a", found, found), process("b", found, missed)])["cells"]
    assert (one["failures"], one["found_processes"]) == (3, 1)
    assert one["found_bound"] == lower(1, 2)


def holds(rows: list[rawfiles.Process], words: str) -> bool | None:
    (one,) = [one for one in requirements(summary.summarise(rows)) if words in one.what]
    return one.holds


def test_what_must_hold_is_said_only_with_enough_gates() -> None:
    same = [gate("same", "NO-BASELINE")] * 50
    enough = [process(str(n), *same) for n in range(200)]
    assert holds(enough, "same code, arms under 1 ms") is True
    assert holds(enough[1:], "same code, arms under 1 ms") is None
    assert (
        holds([*enough, process("x", gate("different", "REGRESSED"))], "same code, arms under 1 ms") is False
    )
    assert holds([process("x", gate("same", "REGRESSED"))], "same code, arms under 1 ms") is False


def test_power_speed_and_doubt_are_held_against_their_limits() -> None:
    found = gate("slower 3%", "REGRESSED", state="fails")
    missed = gate("slower 3%", "INCONCLUSIVE", state="undecided", first_seconds=2.0)
    words = "slower 3%, arms under 1 ms"
    assert holds([process("a", *[found] * 95, *[missed] * 5)], words) is True
    assert holds([process("a", *[found] * 94, *[missed] * 6)], words) is False
    assert holds([process("a", *[found] * 99)], words) is None
    assert (
        holds([process("a", *[found] * 97, *[missed] * 3)], "INCONCLUSIVE <= 2%, quiet, arms under") is False
    )
    assert (
        holds([process("a", *[found] * 98, *[missed] * 2)], "INCONCLUSIVE <= 2%, quiet, arms under") is True
    )
    assert holds([process("a", *[found] * 94, *[missed] * 6)], "95% of first stages") is False
    assert holds([process("a", *[found] * 95, *[missed] * 5)], "95% of first stages") is True
    fast = gate("faster 5%", "NO-BASELINE")
    assert holds([process("a", *[fast] * 100)], "faster 5%") is True
    assert holds([process("a", *[fast] * 100, gate("faster 5%", "REGRESSED"))], "faster 5%") is False


# --- tables


def test_a_page_without_a_known_place_is_an_error() -> None:
    with pytest.raises(report.DocsError, match="no place"):
        report.fill("nothing", {})
    with pytest.raises(report.DocsError, match="no table 'odd'"):
        report.fill("<!-- generated: odd -->\n<!-- end -->", {"same": ""})


def test_the_page_shows_the_stored_results() -> None:
    assert verdicts.main(["table", "--check"]) == 0


def test_every_table_has_a_place_in_the_page() -> None:
    page = report.DOCS.read_text(encoding="utf-8")
    assert {match.group(2) for match in report.BLOCK.finditer(page)} == set(report.tables(report.RESULTS))


# --- other rules and tools


def test_intervals_agree_with_tables() -> None:
    assert t_quantile(0.975, 31) == pytest.approx(2.0395, abs=1e-4)
    assert t_quantile(0.95, 5) == pytest.approx(2.0150, abs=1e-4)
    xs = np.arange(1.0, 11.0)
    # Signed ranks: 8 is the two-sided 5% point of ten values; the sign test's is 1.
    walsh = sorted(0.5 * (a + b) for i, a in enumerate(xs) for b in xs[i:])
    assert wilcoxon_interval(xs, 0.05) == (walsh[8], walsh[-9])
    assert sign_interval(xs, 0.05) == (2.0, 9.0)
    half = 2.2622 * xs.std(ddof=1) / math.sqrt(10)
    assert t_interval(xs, 0.05) == pytest.approx((5.5 - half, 5.5 + half), abs=1e-3)


def test_skew_is_what_wilcoxon_and_t_cannot_bear() -> None:
    found = {(one.noise, one.interval): one for one in alternatives.coverage()}
    skewed = "skewed (lognormal)"
    assert found[skewed, "sign"].covered > 0.95
    assert found[skewed, "Wilcoxon"].covered < 0.92
    assert found[skewed, "t"].covered < 0.92
    assert found["heavy tails (t, 1.5 degrees)", "t"].width > 1.2


def test_rules_are_held_against_each_other_on_the_same_gates() -> None:
    def row(center: float, variant: str, mode: str, seed: int) -> dict[str, Any]:
        raw = made(np.random.default_rng(seed).normal(center, 0.01, 64), str(seed)).to_plain()
        return gate(variant, "REGRESSED" if center else "NO-BASELINE", state="fails" if center else "holds",
                    mode=mode, first=raw)  # fmt: skip

    drifting = {"kind": "python", "variant": "same", "mode": "sequential"}
    drifting |= {"baseline_ns": [100.0, 101.0, 100.5] * 9, "optimized_ns": [103.0, 104.0, 103.5] * 9}
    rows = [
        row(0.03, "slower 3%", "plain", 1),
        row(0.0, "same", "plain", 2),
        row(0.0, "same", "long slices", 3),
    ]
    found = {(one.rule, one.about): one for one in alternatives.compare([process("a", *rows, drifting)])}
    assert found["the rule: final", "slower 3%: found"].found == 1
    assert found["the rule: first stage", "same: called slower"].found == 0
    assert found["slices of 2 ms", "same: undecided"].tried == 1
    for rule in ("95% interval excludes 1", "medians over 2% apart"):
        (one,) = [one for key, one in found.items() if key[0] == f"one arm after the other, {rule}"]
        assert one.found == 1


def test_rules_for_isolated_comparisons_are_tried_on_draws_from_all_processes() -> None:
    def fresh(center: float) -> dict[str, Any]:
        return {"raw": made(np.full(8, center), "s").to_plain()}

    row: dict[str, Any] = {"kind": "numpy owned", "variant": "slower 3%", "mode": "isolated"}
    row["fresh"] = [fresh(center) for center in (0.01, *[0.03] * 9)] + [{"fault": "killed"}]
    rules = alternatives.isolated_rules([process("a", row)], (5, 9))
    found = {(one.name.partition(",")[0], one.asked): one for one in rules}
    assert {one.processes for one in rules} == {10}
    first, second = found["all beyond the limit", 5], found["all but one beyond the limit", 5]
    assert first.fails == pytest.approx(0.9**5, abs=0.02)
    assert first.fails + first.undecided == 1.0
    assert second.fails == pytest.approx(0.9**5 + 5 * 0.1 * 0.9**4, abs=0.02)
    third = found["all slower and their median beyond the limit", 9]
    assert third.fails > 0.99
    assert third.undecided < 0.01


def test_what_pytest_benchmark_says_of_a_regression_is_understood(tmp_path: Path) -> None:
    pytest.importorskip("pytest_benchmark")
    off = (
        "-p",
        "no:genesis_perf",
        "-p",
        "no:codspeed",
        "-p",
        "no:cacheprovider",
        "--benchmark-max-time=0.01",
    )
    peers.suite(tmp_path, arms.SAME, ["crc32", "numpy shared"], "benchmark", "benchmark(optimized)")
    saved = tmp_path / "saved.json"
    code, printed, _ = peers.pytest_run(tmp_path, *off, f"--benchmark-json={saved}")
    assert code == 0, printed
    stored = json.loads(saved.read_text(encoding="utf-8"))
    for one in stored["benchmarks"]:
        # Whatever the machine does: one was a hundred times as fast, the other as slow.
        factor = 0.01 if "crc32" in one["name"] else 100.0
        for name in ("median", "min"):
            one["stats"][name] *= factor
    saved.write_text(json.dumps(stored), encoding="utf-8")
    code, printed, _ = peers.pytest_run(
        tmp_path, *off, f"--benchmark-compare={saved}", "--benchmark-compare-fail", *peers.CHECKS
    )
    assert code == 1
    assert set(peers.REGRESSED.findall(printed)) == {("crc32", "median"), ("crc32", "min")}
