from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from pytest_genesis_perf.baseline_files import SpeedEntry, SpeedFile, write_digests, write_speeds
from pytest_genesis_perf.confirm import Confirmation, Suspicion
from pytest_genesis_perf.measure import Pair, Terms
from pytest_genesis_perf.observe import Observation, observe, timing_obstacle
from pytest_genesis_perf.options import Settings
from pytest_genesis_perf.session import Session
from pytest_genesis_perf.verdict import Claim, StoredSpeed, Verdict, decide
from tests.unit.fake_clock import FakeClock


@dataclass
class Told:
    """A confirmer that finds what it is told to, and remembers what it was asked."""

    reproduced: bool | None
    asked: Suspicion | None = None

    def confirm(self, pair: Pair, terms: Terms, suspicion: Suspicion) -> Confirmation:
        self.asked = suspicion
        return Confirmation(self.reproduced, (1.5,), "not reproduced (as told)")


@pytest.fixture
def session(tmp_path: Path) -> Session:
    settings = Settings(
        timed=True,
        update=None,
        report=None,
        baselines=tmp_path,
        seed=1,
        budget=4.0,
        cap=60.0,
        margin=0.02,
        libraries=(),
    )
    return Session(settings)


@pytest.fixture(autouse=True)
def untraced() -> Any:
    """Run without a tracer: with one nothing would be timed, which is not what is tested here."""
    before = sys.gettrace()
    sys.settrace(None)
    yield
    sys.settrace(before)


def seen(session: Session, confirmer: Told, baseline: int, optimized: int) -> Observation:
    clock = FakeClock()
    pair = Pair("t.py::t", "c", clock.arm(baseline * 1000, "r"), clock.arm(optimized * 1000, "r"), "s", clock)
    return observe(pair, Claim(), 4.0, session, confirmer)


def with_stored(session: Session, low: float) -> Session:
    entry = SpeedEntry(StoredSpeed(low, low, low), 5)
    file = SpeedFile(session.environment, {("t.py::t", "c"): entry})
    write_speeds(session.store.speed_path(session.environment), file)
    return session


@pytest.mark.parametrize(
    ("reproduced", "verdict", "row", "told"),
    [
        (True, Verdict.REGRESSED, 3, 'the claim "not slower by more than 2%" fails'),
        (None, Verdict.REGRESSED, 4, "unconfirmable: not reproduced (as told)"),
        (False, Verdict.INCONCLUSIVE, 5, "not reproduced (as told)"),
    ],
)
def test_a_failing_claim_is_what_its_confirmation_makes_of_it(
    session: Session, reproduced: bool | None, verdict: Verdict, row: int, told: str
) -> None:
    confirmer = Told(reproduced)
    observation = seen(session, confirmer, 100, 150)
    outcome = decide(observation.evidence)
    assert confirmer.asked is Suspicion.CLAIM_FAILS
    assert (outcome.verdict, outcome.row) == (verdict, row)
    assert told in outcome.detail
    assert observation.confirmation is not None


@pytest.mark.parametrize(
    ("reproduced", "verdict", "row"),
    [(True, Verdict.REGRESSED, 7), (None, Verdict.REGRESSED, 7), (False, Verdict.INCONCLUSIVE, 8)],
)
def test_a_crossed_stored_speed_is_what_its_confirmation_makes_of_it(
    session: Session, reproduced: bool | None, verdict: Verdict, row: int
) -> None:
    confirmer = Told(reproduced)
    session = with_stored(session, 3.0)
    outcome = decide(replace(seen(session, confirmer, 200, 100).evidence, digest_state="match"))
    assert confirmer.asked is Suspicion.STORED_CROSSED
    assert (outcome.verdict, outcome.row) == (verdict, row)


def test_what_is_not_suspicious_is_not_measured_again(session: Session) -> None:
    confirmer = Told(True)
    observation = seen(with_stored(session, 2.0), confirmer, 200, 100)
    assert confirmer.asked is None
    assert observation.confirmation is None
    assert decide(replace(observation.evidence, digest_state="match")).verdict is Verdict.PASS


def test_a_result_that_differs_from_the_stored_digest_is_not_timed(session: Session) -> None:
    write_digests(session.store.digests_path, {("t.py::t", "c"): "0" * 32})
    observation = seen(session, Told(True), 200, 100)
    assert observation.measurement is None
    assert decide(observation.evidence).verdict is Verdict.DIFFERENT


@pytest.mark.parametrize("changes", [{"timed": False}, {"update": "all"}])
def test_what_is_not_to_be_timed_calls_each_arm_once(session: Session, changes: dict[str, Any]) -> None:
    untimed = Session(replace(session.settings, **changes))
    calls = count()
    pair = Pair("t", "c", lambda: next(calls) and 0, lambda: next(calls) and 0, "s", FakeClock())
    observation = observe(pair, Claim(), 4.0, untimed, Told(True))
    assert observation.measurement is None
    assert next(calls) == 2


def test_an_xdist_worker_checks_stability_but_measures_nothing(session: Session) -> None:
    worker = Session(replace(session.settings, worker=True))
    calls = count()
    pair = Pair("t", "c", lambda: 0, lambda: min(next(calls), 1), "s")
    observation = observe(pair, Claim(), 4.0, worker, Told(True))
    assert observation.measurement is None
    assert observation.evidence.unstable is not None
    assert observation.evidence.unstable.arm == "optimized"


def test_a_recording_process_measures_the_first_look_and_judges_nothing(session: Session) -> None:
    recording = Session(replace(session.settings, recording=Path("request.json")))
    confirmer = Told(True)
    observation = seen(recording, confirmer, 100, 150)
    assert observation.measurement is not None
    assert len(observation.measurement.xs) == 32
    assert confirmer.asked is None
    assert decide(observation.evidence).verdict is Verdict.PASS


def test_what_disturbs_timing_is_named() -> None:
    def trace(frame: FrameType, event: str, argument: object) -> None:
        return None

    assert timing_obstacle(worker=False) is None
    assert "xdist" in str(timing_obstacle(worker=True))
    sys.settrace(trace)
    try:
        assert "trace function" in str(timing_obstacle(worker=False))
    finally:
        sys.settrace(None)
    profiler = sys.getprofile()
    sys.setprofile(trace)
    try:
        assert "profiler" in str(timing_obstacle(worker=False))
    finally:
        sys.setprofile(profiler)


if sys.version_info >= (3, 12):

    def test_a_tool_of_sys_monitoring_is_named() -> None:
        sys.monitoring.use_tool_id(4, "some-tool")
        try:
            assert "some-tool" in str(timing_obstacle(worker=False))
        finally:
            sys.monitoring.free_tool_id(4)
