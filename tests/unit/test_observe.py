from __future__ import annotations

import sys
from dataclasses import replace
from itertools import count
from pathlib import Path
from random import Random
from types import FrameType
from typing import Any

import pytest

from pytest_genesis_perf.baseline_files import SpeedEntry, SpeedFile, write_digests, write_speeds
from pytest_genesis_perf.child_request import Request
from pytest_genesis_perf.confirm import Fresh, Suspicion
from pytest_genesis_perf.evidence import Claim, StoredSpeed
from pytest_genesis_perf.file_lock import exclusive
from pytest_genesis_perf.measurement import Pair
from pytest_genesis_perf.observe import Observation, observe, timing_obstacle
from pytest_genesis_perf.session import Session
from pytest_genesis_perf.settings import Settings
from pytest_genesis_perf.statistics import ClaimState
from pytest_genesis_perf.verdict import Verdict, decide
from tests.unit.fake_clock import FakeClock


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


def seen(session: Session, baseline: int, optimized: int) -> Observation:
    clock = FakeClock()
    pair = Pair("t.py::t", "c", clock.arm(baseline * 1000, "r"), clock.arm(optimized * 1000, "r"), "s", clock)
    return observe(pair, Claim(), 4.0, session)


def with_stored(session: Session, low: float) -> Session:
    entry = SpeedEntry(StoredSpeed(low, low, low), 5)
    file = SpeedFile(session.environment, {("t.py::t", "c"): entry})
    write_speeds(session.store.speed_path(session.environment), file)
    return session


def test_a_failing_claim_is_suspected_and_not_yet_a_verdict(session: Session) -> None:
    observation = seen(session, 100, 150)
    assert observation.suspicion is Suspicion.CLAIM_FAILS
    assert observation.evidence.claim is ClaimState.FAILS
    assert observation.evidence.confirmed is None


def test_a_crossed_stored_speed_is_suspected(session: Session) -> None:
    observation = seen(with_stored(session, 3.0), 200, 100)
    assert observation.suspicion is Suspicion.STORED_CROSSED


def test_what_is_not_suspicious_needs_no_second_look(session: Session) -> None:
    observation = seen(with_stored(session, 2.0), 200, 100)
    assert observation.suspicion is None
    assert decide(replace(observation.evidence, digest_state="match")).verdict is Verdict.PASS


def test_a_result_that_differs_from_the_stored_digest_is_not_timed(session: Session) -> None:
    write_digests(session.store.digests_path, {("t.py::t", "c"): "0" * 32})
    observation = seen(session, 200, 100)
    assert observation.measurement is None
    assert decide(observation.evidence).verdict is Verdict.DIFFERENT


@pytest.mark.parametrize("changes", [{"timed": False}, {"update": "all"}])
def test_what_is_not_to_be_timed_calls_each_arm_once(session: Session, changes: dict[str, Any]) -> None:
    untimed = Session(replace(session.settings, **changes))
    calls = count()
    pair = Pair("t", "c", lambda: next(calls) and 0, lambda: next(calls) and 0, "s", FakeClock())
    observation = observe(pair, Claim(), 4.0, untimed)
    assert observation.measurement is None
    assert next(calls) == 2


def test_a_worker_of_xdist_measures_under_the_lock_of_its_run(session: Session, tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    worker = Session(replace(session.settings, worker=True, lock=lock))
    held, clock = [], FakeClock()
    takes = clock.arm(100_000)

    def arm() -> int:
        held.append(lock.exists())
        takes()
        return 0

    observation = observe(Pair("t", "c", arm, arm, "s", clock), Claim(), 4.0, worker)
    assert observation.measurement is not None
    # The first calls, which compare results, wait for nobody.
    assert held[:2] == [False, False]
    assert all(held[2:-2])
    assert not lock.exists()


def test_a_worker_that_never_gets_the_lock_checks_stability_and_judges_nothing(
    session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock = tmp_path / "lock"
    worker = Session(replace(session.settings, worker=True, lock=lock))
    monkeypatch.setattr("pytest_genesis_perf.session.LOCK_SECONDS", 0.05)
    calls = count()
    pair = Pair("t", "c", lambda: 0, lambda: min(next(calls), 1), "s")
    with exclusive(lock):
        observation = observe(pair, Claim(), 4.0, worker)
    assert observation.measurement is None
    assert observation.evidence.unstable is not None
    assert observation.evidence.unstable.arm == "optimized"
    assert str(observation.evidence.inconclusive_reason).startswith(
        "other workers of xdist measured all the while: "
    )


def test_a_child_measures_what_it_is_asked_for_and_judges_nothing(session: Session) -> None:
    request = Request(answer="a.json", select=("t.py::t",), label="c", blocks=40, control=True)
    child = Session(replace(session.settings, child=request))
    observation = seen(child, 100, 150)
    assert observation.measurement is not None
    assert len(observation.measurement.xs) == 40
    assert observation.suspicion is None
    assert child.controls[("t.py::t", "c")] == Fresh((0.0,) * 40)
    assert decide(observation.evidence).verdict is Verdict.PASS


def test_a_child_does_not_measure_other_comparisons(session: Session) -> None:
    request = Request(answer="a.json", select=("t.py::t",), label="another", blocks=40)
    observation = seen(Session(replace(session.settings, child=request)), 100, 150)
    assert observation.measurement is None


def test_what_disturbs_timing_is_named() -> None:
    def trace(frame: FrameType, event: str, argument: object) -> None:
        return None

    assert timing_obstacle() is None
    sys.settrace(trace)
    try:
        assert "trace function" in str(timing_obstacle())
    finally:
        sys.settrace(None)
    profiler = sys.getprofile()
    sys.setprofile(trace)
    try:
        assert "a profile function of" in str(timing_obstacle())
    finally:
        sys.setprofile(profiler)


def test_a_child_goes_on_as_long_as_the_test_is_allowed_to(session: Session) -> None:
    """The marker's budget, not that of the settings; the blocks lie on both sides of the limit."""
    request = Request(answer="", select=(), blocks=32, beyond=0.0)
    drawn = []
    for budget in (0.001, 1e6):
        clock = FakeClock()
        choice = Random("lengths").choice
        lengths = (choice((90_000, 110_000)) for _ in count())
        child = Session(replace(session.settings, child=request))
        pair = Pair("t.py::t", "c", clock.arm(100_000, "r"), clock.arm(lengths, "r"), "s", clock)
        measured = observe(pair, Claim(), budget, child).measurement
        assert measured is not None
        drawn.append(len(measured.xs))
    assert drawn[0] == 32
    assert drawn[1] > 32
