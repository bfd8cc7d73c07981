from __future__ import annotations

import dataclasses
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_genesis_perf.evidence import Claim, Cost, Evidence, StoredSpeed, Unstable
from pytest_genesis_perf.identity import Difference, find_difference
from pytest_genesis_perf.settings import Settings
from pytest_genesis_perf.statistics import ClaimState
from pytest_genesis_perf.verdict import Outcome, Policy, StoredState, Verdict, against_stored, decide

STORED = StoredSpeed(2.8, 3.0, 3.3)
INSIDE, SLOW, FAST, WIDE = (2.9, 3.1), (2.4, 2.5), (3.7, 3.9), (2.7, 3.3)
DIFFERENCE = Difference("result.trades[12].exit_price", "1.0", "2.0", 7, 3, "values differ")

GOOD = Evidence(digest_state="match", claim=ClaimState.HOLDS, interval=INSIDE, stored=STORED)
FAILING = dataclasses.replace(GOOD, claim=ClaimState.FAILS)
CROSSED = dataclasses.replace(GOOD, interval=SLOW, stored_confirmed=True)
COSTLY = (Cost("optimized peak memory, bytes", 1000, 1011),)


def evidence(base: Evidence = GOOD, **changes: object) -> Evidence:
    return dataclasses.replace(base, **changes)


ROWS = [
    pytest.param(evidence(error="baseline raised"), Verdict.ERROR, "fail", 1, id="error"),
    pytest.param(evidence(difference=DIFFERENCE), Verdict.DIFFERENT, "fail", 2, id="arms differ"),
    pytest.param(
        evidence(unstable=Unstable("optimized", DIFFERENCE)), Verdict.DIFFERENT, "fail", 2, id="unstable"
    ),
    pytest.param(evidence(digest_state="differs"), Verdict.DIFFERENT, "fail", 2, id="digest differs"),
    pytest.param(evidence(FAILING, confirmed=True), Verdict.REGRESSED, "fail", 3, id="regressed"),
    pytest.param(
        evidence(FAILING, confirmed=True, asked=Claim(min_speedup=3.0)),
        Verdict.MISSED,
        "fail",
        3,
        id="missed",
    ),
    pytest.param(FAILING, Verdict.REGRESSED, "fail", 4, id="unconfirmable"),
    pytest.param(
        evidence(claim=ClaimState.UNDECIDED, unjudged="no fork"), Verdict.REGRESSED, "fail", 4, id="unjudged"
    ),
    pytest.param(evidence(FAILING, confirmed=False), Verdict.INCONCLUSIVE, "warn", 5, id="not reproduced"),
    pytest.param(evidence(costs=COSTLY), Verdict.REGRESSED, "fail", 6, id="cost"),
    pytest.param(CROSSED, Verdict.REGRESSED, "fail", 7, id="stored crossed"),
    pytest.param(
        evidence(CROSSED, stored_confirmed=None), Verdict.REGRESSED, "fail", 7, id="stored crossed, untried"
    ),
    pytest.param(
        evidence(CROSSED, stored_confirmed=False), Verdict.INCONCLUSIVE, "warn", 8, id="stored not reproduced"
    ),
    pytest.param(evidence(claim=ClaimState.UNDECIDED), Verdict.INCONCLUSIVE, "warn", 8, id="undecided"),
    pytest.param(
        evidence(claim=None, interval=None, inconclusive_reason="tracing is active"),
        Verdict.INCONCLUSIVE,
        "warn",
        8,
        id="not measured",
    ),
    pytest.param(evidence(interval=WIDE), Verdict.INCONCLUSIVE, "warn", 8, id="too wide for stored"),
    pytest.param(evidence(digest_state="missing"), Verdict.NO_BASELINE, "warn", 9, id="no digest"),
    pytest.param(evidence(stored=None), Verdict.NO_BASELINE, "warn", 10, id="no speed"),
    pytest.param(evidence(interval=FAST), Verdict.IMPROVED, "pass", 11, id="improved"),
    pytest.param(GOOD, Verdict.PASS, "pass", 12, id="pass"),
    pytest.param(Evidence(digest_state="match"), Verdict.PASS, "pass", 12, id="identity only"),
    pytest.param(Evidence(), Verdict.PASS, "pass", 12, id="identity only, untracked"),
    pytest.param(
        Evidence(digest_state="missing"), Verdict.NO_BASELINE, "warn", 9, id="identity only, no digest"
    ),
]


@pytest.mark.parametrize(("observed", "verdict", "effect", "row"), ROWS)
def test_each_row_of_the_table(observed, verdict, effect, row):
    outcome = decide(observed)
    assert (outcome.verdict, outcome.failed_default, outcome.row) == (verdict, effect, row)
    assert outcome.detail
    assert outcome.effect(Policy()) == effect


PRECEDENCE: list[tuple[int, dict[str, object]]] = [
    (1, {"error": "an arm raised"}),
    (2, {"difference": DIFFERENCE}),
    (2, {"unstable": Unstable("baseline", DIFFERENCE)}),
    (2, {"digest_state": "differs"}),
    (3, {"claim": ClaimState.FAILS, "confirmed": True}),
    (4, {"claim": ClaimState.FAILS, "confirmed": None, "unconfirmable": "the child died"}),
    (5, {"claim": ClaimState.FAILS, "confirmed": False}),
    (6, {"costs": COSTLY}),
    (7, {"interval": SLOW, "stored": STORED, "stored_confirmed": True}),
    (8, {"inconclusive_reason": "tracing is active"}),
    (9, {"digest_state": "missing"}),
    (10, {"stored": None}),
    (11, {"interval": FAST}),
]


@pytest.mark.parametrize("first", range(len(PRECEDENCE)))
@pytest.mark.parametrize("second", range(len(PRECEDENCE)))
def test_the_first_row_that_applies_wins(first, second):
    if first >= second:
        first, second = second, first
    (row, earlier), (_, later) = PRECEDENCE[first], PRECEDENCE[second]
    assert decide(evidence(**{**later, **earlier})).row == row


def test_the_detail_says_what_was_seen():
    assert "baseline raised" in decide(evidence(error="baseline raised")).detail
    different = decide(evidence(difference=DIFFERENCE)).detail
    assert DIFFERENCE.describe() in different
    assert "optimized arm" in decide(evidence(unstable=Unstable("optimized", DIFFERENCE))).detail
    missed = decide(evidence(FAILING, confirmed=True, asked=Claim(min_speedup=4.0))).detail
    assert "at least 4x faster" in missed
    assert "2.90x to 3.10x" in missed
    assert "(unconfirmable: no fork)" in decide(evidence(FAILING, unconfirmable="no fork")).detail
    unjudged = decide(evidence(claim=ClaimState.UNDECIDED, interval=None, unjudged="no fork"))
    assert unjudged.detail == 'the claim "not slower by more than 2%" could not be judged: no fork'
    assert not unjudged.judged
    assert "medians 0.9x" in decide(evidence(FAILING, confirmed=False, not_reproduced="medians 0.9x")).detail
    assert "optimized peak memory, bytes: 1,011, stored 1,000 x 1.01" in decide(evidence(costs=COSTLY)).detail
    assert "2.40x to 2.50x, stored 2.80x to 3.30x" in decide(CROSSED).detail
    assert "unconfirmable" not in decide(CROSSED).detail
    assert (
        "(unconfirmable: no fork)"
        in decide(evidence(CROSSED, stored_confirmed=None, unconfirmable="no fork")).detail
    )
    assert "the claim holds" in decide(evidence(interval=WIDE)).detail
    assert decide(evidence(stored=None, stored_missing="nearest class: cpu differs")).detail == (
        "speed: nearest class: cpu differs"
    )
    assert "update is advised" in decide(evidence(interval=FAST)).detail
    assert "not measured" in decide(Evidence()).detail


def test_only_what_was_decided_counts_as_judged():
    judged = {param.id: decide(param.values[0]).judged for param in ROWS}
    assert sorted(name for name, done in judged.items() if not done) == [
        "error",
        "not measured",
        "not reproduced",
        "undecided",
        "unjudged",
    ]


def test_a_claim_that_holds_without_an_interval_is_refused():
    with pytest.raises(ValueError, match="interval"):
        Evidence(claim=ClaimState.HOLDS)


@pytest.mark.parametrize(
    ("interval", "state"),
    [
        ((2.2, 2.54), StoredState.CROSSED),
        ((1.0, 2.54), StoredState.CROSSED),
        ((2.5, 2.55), StoredState.INSIDE),
        ((3.62, 3.64), StoredState.INSIDE),
        ((3.64, 3.7), StoredState.IMPROVED),
        ((3.64, 9.0), StoredState.IMPROVED),
        ((3.0, 3.29), StoredState.INSIDE),
        ((3.0, 3.31), StoredState.TOO_WIDE),
        ((0.0, math.inf), StoredState.TOO_WIDE),
    ],
)
def test_how_an_interval_lies_to_a_stored_speedup(interval, state):
    assert against_stored(interval, STORED) is state


def test_the_ends_of_the_tolerance_belong_to_the_inside():
    stored = StoredSpeed(1.1, 1.1, 2.0)
    edge = 2.0 * 1.10
    assert against_stored((1.0, 1.0), stored) is StoredState.INSIDE
    assert against_stored((math.nextafter(1.0, 0.0),) * 2, stored) is StoredState.CROSSED
    assert against_stored((edge, edge), stored) is StoredState.INSIDE
    assert against_stored((math.nextafter(edge, 9.0),) * 2, stored) is StoredState.IMPROVED
    assert against_stored((1.0, 1.10), stored) is StoredState.INSIDE
    assert against_stored((1.0, math.nextafter(1.10, 9.0)), stored) is StoredState.TOO_WIDE


def test_the_setting_says_the_same_by_default() -> None:
    # It is a number there: a run that asks for nothing does not import what decides verdicts.
    (setting,) = (one for one in dataclasses.fields(Settings) if one.name == "tolerance")
    assert setting.default == StoredSpeed(1.0, 1.0, 1.0).tolerance == 0.10


def test_the_tolerance_of_stored_speeds_can_be_another() -> None:
    wide = StoredSpeed(2.0, 2.0, 2.0, tolerance=0.25)
    assert wide.tripwire == 1.6
    assert against_stored((1.6, 2.0), wide) is StoredState.INSIDE
    assert against_stored((1.5, 1.59), wide) is StoredState.CROSSED
    assert against_stored((2.5, 2.5), wide) is StoredState.INSIDE
    assert against_stored((2.51, 2.6), wide) is StoredState.IMPROVED
    assert against_stored((1.6, 2.01), wide) is StoredState.TOO_WIDE
    evidence = Evidence(
        asked=Claim(), claim=ClaimState.HOLDS, interval=(1.6, 2.01), stored=wide, digest_state="match"
    )
    assert "over 25% wide" in decide(evidence).detail


@pytest.mark.parametrize("bad", [(3.0, 2.0), (math.nan, 1.0), (1.0, math.nan), (-1.0, 1.0)])
def test_an_interval_out_of_order_is_refused(bad):
    with pytest.raises(ValueError, match="interval"):
        against_stored(bad, STORED)


@given(st.floats(0.1, 10.0), st.floats(1.0, 1.3), st.floats(1.0, 3.0))
def test_faster_is_never_worse_against_the_stored_speed(low, width, factor):
    rank = [StoredState.CROSSED, StoredState.TOO_WIDE, StoredState.INSIDE, StoredState.IMPROVED]
    slow = against_stored((low, low * width), STORED)
    fast = against_stored((low * factor, low * width * factor), STORED)
    middle = {StoredState.TOO_WIDE, StoredState.INSIDE}
    assert rank.index(slow) <= rank.index(fast) or {slow, fast} == middle


@pytest.mark.parametrize("bad", [(0.0, 1.0, 2.0), (1.0, 0.5, 2.0), (1.0, 2.0, 1.5), (1.0, 2.0, math.inf)])
def test_a_stored_speedup_out_of_order_is_refused(bad):
    with pytest.raises(ValueError, match="low, median, high"):
        StoredSpeed(*bad)


@pytest.mark.parametrize(
    ("claim", "limit", "text"),
    [
        (Claim(), math.log1p(0.02), "not slower by more than 2%"),
        (Claim(margin=0.005), math.log1p(0.005), "not slower by more than 0.5%"),
        (Claim(margin=0.0), 0.0, "not slower"),
        (Claim(min_speedup=3.0), -math.log(3.0), "at least 3x faster"),
        (Claim(margin=0.5, min_speedup=2.5), -math.log(2.5), "at least 2.5x faster"),
        (Claim(min_speedup=1.0), 0.0, "at least as fast"),
        (Claim(min_speedup=0.8), -math.log(0.8), "at least 0.8x the baseline's speed"),
    ],
)
def test_claims(claim, limit, text):
    assert claim.limit == limit
    assert claim.text == text


@pytest.mark.parametrize("bad", [-0.01, math.nan, math.inf])
def test_a_bad_margin_is_refused(bad):
    with pytest.raises(ValueError, match="margin"):
        Claim(margin=bad)


@pytest.mark.parametrize("bad", [0.0, -1.0, math.nan, math.inf])
def test_a_bad_min_speedup_is_refused(bad):
    with pytest.raises(ValueError, match="min_speedup"):
        Claim(min_speedup=bad)


@pytest.mark.parametrize(("current", "crossed"), [(1000, False), (1010, False), (1011, True), (10, False)])
def test_a_cost_is_crossed_beyond_one_percent(current, crossed):
    assert Cost("instructions", 1000, current).crossed is crossed


def soft_outcomes() -> list[Outcome]:
    return [outcome for outcome in (decide(param.values[0]) for param in ROWS) if outcome.soft]


def test_soft_states_and_no_others_obey_the_policy():
    soft = soft_outcomes()
    assert {outcome.row for outcome in soft} == {5, 8, 9, 10, 11}
    for choice in ("pass", "warn", "fail"):
        policy = Policy(**{f.name: choice for f in dataclasses.fields(Policy)})
        assert {outcome.effect(policy) for outcome in soft} == {choice}
        for param in ROWS:
            outcome = decide(param.values[0])
            if outcome.soft is None:
                assert outcome.effect(policy) == outcome.failed_default


@pytest.mark.parametrize(
    ("row", "name"),
    [(5, "not_reproduced"), (8, "inconclusive"), (9, "no_digest"), (10, "no_speed"), (11, "improved")],
)
def test_each_soft_state_has_a_choice_of_its_own(row, name):
    strict = Policy(**{name: "fail"})
    assert {o.row for o in soft_outcomes() if o.effect(strict) == "fail"} == {row}


def test_a_policy_refuses_another_word():
    with pytest.raises(ValueError, match="no_digest must be 'pass', 'warn' or 'fail', not 'error'"):
        Policy(no_digest="error")


def test_verdicts_are_words_and_worst_first():
    assert [str(v) for v in Verdict] == [
        "ERROR",
        "DIFFERENT",
        "REGRESSED",
        "MISSED",
        "INCONCLUSIVE",
        "NO-BASELINE",
        "IMPROVED",
        "PASS",
    ]
    assert Verdict.NO_BASELINE == "NO-BASELINE"


def test_a_real_difference_goes_into_the_verdict():
    found = find_difference({"equity": [1.0, 2.0]}, {"equity": [1.0, math.nextafter(2.0, 3.0)]})
    outcome = decide(evidence(difference=found))
    assert outcome.verdict is Verdict.DIFFERENT
    assert "result['equity'][1]: values differ (1 ulp)" in outcome.detail
