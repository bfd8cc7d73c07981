"""What fresh processes must agree on before a test fails."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from random import Random

import pytest

from pytest_genesis_perf.child_request import Measured, Request
from pytest_genesis_perf.children import Answer
from pytest_genesis_perf.confirm import (
    ISOLATED_PROCESSES,
    PROCESSES,
    Confirmation,
    Fresh,
    Suspicion,
    judge,
    judge_isolated,
)
from pytest_genesis_perf.evidence import Claim, Evidence, StoredSpeed
from pytest_genesis_perf.first_calls import FirstCalls
from pytest_genesis_perf.measurement import Measurement
from pytest_genesis_perf.observe import Observation
from pytest_genesis_perf.pending import Pending
from pytest_genesis_perf.slice_plan import SlicePlan
from pytest_genesis_perf.statistics import ClaimState
from pytest_genesis_perf.verdict import Verdict, decide

LIMIT = math.log(1.02)


def process(percent: float, spread: float = 0.002) -> Fresh:
    """Return the blocks of a process that saw a slowdown."""
    middle = math.log1p(percent / 100.0)
    return Fresh(tuple(middle + spread * (i / 31.0 - 0.5) for i in range(32)))


def judged(*percents: float, limit: float = LIMIT, control: Fresh | None = None) -> Confirmation:
    return judge([process(percent) for percent in percents], limit, control)


def test_three_that_agree_reproduce_it() -> None:
    found = judged(3.0, 4.0, 5.0)
    assert found.reproduced is True
    assert found.speedups == pytest.approx((1 / 1.03, 1 / 1.04, 1 / 1.05))


def test_one_that_sees_nothing_is_enough_to_doubt_it() -> None:
    found = judged(5.0, 5.0, 0.0)
    assert found.reproduced is False
    assert found.why == (
        "not reproduced in fresh processes (2 of 3 fresh processes found it: 0.952x, 0.952x, 1.000x)"
    )


def test_an_interval_that_touches_zero_did_not_find_it() -> None:
    wide = process(2.5, spread=0.2)
    assert wide.median > LIMIT
    assert judge([process(5.0), process(5.0), wide], LIMIT, None).reproduced is False


def test_the_median_of_the_medians_must_lie_beyond_the_limit() -> None:
    assert judged(1.0, 1.5, 9.0).reproduced is False
    assert judged(1.0, 2.1, 9.0).reproduced is True
    assert "less clear" in judged(1.0, 1.5, 9.0).why


@pytest.mark.parametrize(("percent", "reproduced"), [(4.9, False), (5.3, True)])
def test_the_limit_counts_where_a_claim_asks_for_more_than_not_slower(
    percent: float, reproduced: bool
) -> None:
    # A claim of 1/1.05: a process that saw 4.9% is beyond 0, but not beyond what was claimed.
    limit = -math.log(2.0) + math.log(1.05)
    blocks = process(percent).blocks
    faster = [Fresh(tuple(x - math.log(2.0) for x in blocks))] * 3
    assert judge(faster, limit, None).reproduced is reproduced


def test_a_control_that_is_out_makes_the_machine_unfit() -> None:
    assert judged(5.0, 5.0, 5.0, control=process(0.0)).reproduced is True
    for percent in (3.0, -3.0):
        found = judged(5.0, 5.0, 5.0, control=process(percent))
        assert found.reproduced is False
        assert found.why.startswith("the machine is not fit to judge: the baseline against itself gave ")


def test_a_control_is_held_against_two_percent_where_the_claim_is_far_away() -> None:
    limit = -math.log(3.0)
    assert judged(5.0, 5.0, 5.0, limit=limit, control=process(3.0)).reproduced is False


def test_pairs_of_long_arms_have_a_table_of_their_own() -> None:
    blocks = tuple(0.05 + 0.001 * i for i in range(16))
    assert Fresh(blocks, long=True).interval[0] > 0.0
    assert Fresh(blocks, long=False).interval[0] == -math.inf


@pytest.mark.parametrize(
    ("percents", "state"),
    [
        ((0.0, 0.5, -0.5, 1.9, 1.0, 0.1, 0.2), ClaimState.HOLDS),
        ((0.0, 0.5, -0.5, 9.0, 1.0, 0.1, 0.2), ClaimState.HOLDS),
        ((0.0, 0.5, -0.5, 9.0, 2.1, 0.1, 0.2), ClaimState.UNDECIDED),
        ((0.1, 3.0, 9.0, 2.2, 5.0, 1.0, 2.1), ClaimState.FAILS),
        ((-8.0, 3.0, 9.0, 2.2, 5.0, 1.0, 2.1), ClaimState.FAILS),
        ((-0.1, 3.0, 9.0, 2.2, 5.0, -0.1, 2.1), ClaimState.UNDECIDED),
        ((0.1, 3.0, 9.0, 1.9, 1.9, 1.0, 2.1), ClaimState.UNDECIDED),
        ((-5.0,) * 7, ClaimState.HOLDS),
    ],
)
def test_isolated_processes_must_agree(percents: tuple[float, ...], state: ClaimState) -> None:
    judged = judge_isolated([process(percent, spread=0.2) for percent in percents], LIMIT)
    assert judged.claim is state
    low, high = judged.interval
    assert (low, high) == pytest.approx((1 / (1 + max(percents) / 100), 1 / (1 + min(percents) / 100)))
    assert (judged.reason is None) is (state is not ClaimState.UNDECIDED)


def test_pairs_that_scatter_have_the_sign_of_a_coin_in_every_process() -> None:
    """Same code in turns, 9% apart from pair to pair: one gate in twenty would be red by its medians alone."""
    coin, red, slower = Random("coin"), 0, 0
    for _ in range(400):
        same = [Fresh(tuple(coin.gauss(0.0, 0.09) for _ in range(6)), long=True) for _ in range(7)]
        red += judge_isolated(same, LIMIT).claim is ClaimState.FAILS
        found = [Fresh(tuple(x / 20.0 + 0.05 for x in one.blocks), long=True) for one in same]
        slower += judge_isolated(found, LIMIT).claim is ClaimState.FAILS
    assert (red, slower) == (0, 400)


@dataclass
class Children:
    """Answers for the children, in turn; remembers what they were asked."""

    answers: list[Answer]
    asked: list[Request] = field(default_factory=list)

    def __call__(self, request: Request) -> Answer:
        self.asked.append(request)
        return self.answers[len(self.asked) - 1]


def measured(percent: float, label: str = "c", *, control: tuple[float, ...] = ()) -> Answer:
    fresh = process(percent)
    return Answer((Measured(nodeid="t.py::t", label=label, blocks=fresh.blocks, control=control),))


def drawn(blocks: int, *, long: bool = False, why: str = "") -> Answer:
    return Answer((Measured(nodeid="t.py::t", label="c", blocks=(0.05,) * blocks, long=long, why=why),))


def pending(suspicion: Suspicion, stored: StoredSpeed | None = None) -> Pending:
    blocks = process(5.0).blocks
    fails = suspicion is Suspicion.CLAIM_FAILS
    state = ClaimState.FAILS if fails else ClaimState.HOLDS
    interval = (1 / 1.06, 1 / 1.04)
    seen = Observation(
        Evidence(asked=Claim(), claim=state, interval=interval, stored=stored, digest_state="match"),
        FirstCalls((0, 0), ("a", "a")),
        Measurement(SlicePlan(1, 1, long=False), blocks, state, None, 1 / 1.05, interval, 1.0, 1.0),
        suspicion,
    )
    return Pending("t.py::t", "c", None, seen)


def test_each_child_is_told_what_to_measure_and_one_measures_the_control_too() -> None:
    children = Children([measured(5.0, control=process(0.0).blocks), measured(5.0), measured(5.0)])
    seen, found = pending(Suspicion.CLAIM_FAILS).ask_fresh(children, ("t.py",))
    assert found.reproduced is True
    assert decide(seen.evidence).verdict is Verdict.REGRESSED
    assert [request.control for request in children.asked] == [True, False, False]
    for request in children.asked:
        assert (request.select, request.files, request.label) == (("t.py::t",), ("t.py",), "c")
        assert (request.blocks, request.exchanged) == (32, True)


def test_the_control_of_the_first_child_counts() -> None:
    children = Children([measured(5.0, control=process(9.0).blocks), measured(5.0), measured(5.0)])
    seen, _ = pending(Suspicion.CLAIM_FAILS).ask_fresh(children, ())
    outcome = decide(seen.evidence)
    assert (outcome.verdict, outcome.row) == (Verdict.INCONCLUSIVE, 5)
    assert "the machine is not fit to judge" in outcome.detail


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (Answer((), "it did not end within 3 s and was killed"), "it did not end within 3 s and was killed"),
        (Answer(()), "the comparison did not run there"),
        (measured(5.0, label="another"), "the comparison did not run there"),
        (Answer((Measured(nodeid="t.py::t", label="c", why="the arms differ"),)), "the arms differ"),
        (drawn(31, why="stopped by the limit of 60 s"), "stopped by the limit of 60 s"),
        (drawn(31), "it drew 31 of 32 blocks"),
        (drawn(5, long=True), "it drew 5 of 6 blocks"),
    ],
)
def test_a_child_that_cannot_judge_fails_the_test(answer: Answer, told: str) -> None:
    children = Children([measured(5.0), answer])
    seen, found = pending(Suspicion.CLAIM_FAILS).ask_fresh(children, ())
    assert found.reproduced is None
    assert len(children.asked) == 2
    outcome = decide(seen.evidence)
    assert (outcome.verdict, outcome.row) == (Verdict.REGRESSED, 4)
    assert f"unconfirmable: fresh process 2 of {PROCESSES}: {told}" in outcome.detail


@pytest.mark.parametrize(
    ("percent", "verdict", "row"), [(15.0, Verdict.REGRESSED, 7), (3.0, Verdict.INCONCLUSIVE, 8)]
)
def test_a_crossed_stored_speed_is_held_against_that_speed(
    percent: float, verdict: Verdict, row: int
) -> None:
    # Stored 1.06: the tripwire is at 1.06/1.10, a slowdown of 3.8%.
    stored = StoredSpeed(1.06, 1.06, 1.06)
    crossed = pending(Suspicion.STORED_CROSSED, stored)
    answers = Children([measured(percent)] * 3)
    seen, _ = crossed.ask_fresh(answers, ())
    outcome = decide(seen.evidence)
    assert (outcome.verdict, outcome.row) == (verdict, row)


def isolated() -> Pending:
    evidence = Evidence(asked=Claim(), digest_state="match", stored_missing="none is stored")
    return Pending(
        "t.py::t", "c", None, Observation(evidence, FirstCalls((0, 0), ("a", "a")), None, Suspicion.ISOLATED)
    )


def told(percent: float, *, long: bool = False) -> Answer:
    fresh = process(percent)
    one = Measured(
        nodeid="t.py::t",
        label="c",
        blocks=fresh.blocks,
        long=long,
        speedup=fresh.speedup,
        seconds={"baseline": 0.1, "optimized": 0.2},
        calls={"baseline": 3, "optimized": 5},
    )
    return Answer((one,))


@pytest.mark.parametrize(
    ("percents", "verdict", "row"),
    [
        ((0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6), Verdict.NO_BASELINE, 10),
        ((3.0, 3.1, 3.2, 3.3, 3.4, 3.5, 3.6), Verdict.REGRESSED, 3),
        ((3.0, 3.1, 3.2, 3.3, 3.4, 3.5, -8.0), Verdict.REGRESSED, 3),
        ((3.0, 3.1, 3.2, 3.3, 3.4, -1.0, -1.0), Verdict.INCONCLUSIVE, 8),
    ],
)
def test_an_isolated_comparison_is_judged_by_its_processes(
    percents: tuple[float, ...], verdict: Verdict, row: int
) -> None:
    children = Children([told(percent, long=True) for percent in percents])
    seen, found = isolated().ask_fresh(children, ("t.py",))
    outcome = decide(seen.evidence)
    assert (outcome.verdict, outcome.row) == (verdict, row)
    assert len(found.speedups) == ISOLATED_PROCESSES
    assert [request.exchanged for request in children.asked] == [False, True, False, True, False, True, False]
    measured = seen.measurement
    assert measured is not None
    assert measured.xs == pytest.approx([math.log1p(percent / 100) for percent in percents])
    assert (measured.baseline_seconds, measured.optimized_seconds) == (0.1, 0.2)
    assert (measured.plan.baseline_calls, measured.plan.optimized_calls, measured.plan.long) == (3, 5, True)


def test_an_isolated_process_that_cannot_run_fails_the_test() -> None:
    seen, found = isolated().ask_fresh(Children([told(0.0), Answer((), "it was killed")]), ())
    outcome = decide(seen.evidence)
    assert (outcome.verdict, outcome.row) == (Verdict.REGRESSED, 4)
    assert outcome.detail == (
        'the claim "not slower by more than 2%" could not be judged: fresh process 2 of 7 could not measure it: '
        "it was killed"
    )
    assert found.reproduced is None


def test_a_control_of_long_arms_is_judged_by_their_table() -> None:
    # Six blocks bound a median by the table of long arms only: by the other one no control could ever be out.
    first = measured(5.0).measured[0]
    out = Answer((replace(first, control=(0.05,) * 6, control_long=True),))
    _, found = pending(Suspicion.CLAIM_FAILS).ask_fresh(Children([out, measured(5.0), measured(5.0)]), ())
    assert found is not None
    assert found.reproduced is False
    assert "not fit to judge" in found.why
