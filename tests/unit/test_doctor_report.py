"""What the doctor advises, and how all of it reads."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from random import Random
from typing import Any

import pytest

from pytest_genesis_perf.doctor.advice import advise
from pytest_genesis_perf.doctor.diagnosis import Diagnosis
from pytest_genesis_perf.doctor.findings import conclude
from pytest_genesis_perf.doctor.pairs import Drawn
from pytest_genesis_perf.doctor.readings import Frequency, Others, Quota, Readings, Used
from pytest_genesis_perf.doctor.report import UNKNOWN, reading_texts, text, to_json
from pytest_genesis_perf.doctor.series import Series
from pytest_genesis_perf.environment import EnvironmentClass

QUIET = Readings(
    wall_seconds=20.0,
    cpu_share=0.99,
    cores=8,
    usable_cores=8,
    tick_ns=40,
    timer_ns=1.0,
    load_before=0.2,
    load_after=1.0,
    steal_share=0.0,
    others=Others(0.05, (Used(7, "shell", 0.02),)),
    frequency=Frequency(("performance",), 3_390.0, 3_400.0, 3_400.0),
    turbo=False,
    quota=Quota(None, 0.0),
    on_battery=False,
)
BARE = Readings(wall_seconds=20.0, cpu_share=0.99, cores=8, usable_cores=8, tick_ns=40, timer_ns=1.0)
BUSY = Others(1.3, (Used(11, "browser", 0.9), Used(12, "indexer", 0.4)))
HERE = EnvironmentClass(
    "CPython 3.11", "x86_64", "Some Processor of a Very Long Name", 8, (("numpy", "2.4"),)
)


def test_a_quiet_machine_needs_nothing_and_neither_does_one_that_tells_nothing() -> None:
    assert advise(QUIET) == ()
    assert advise(BARE) == ()


@pytest.mark.parametrize(
    ("changed", "about", "told"),
    [
        (
            {"others": BUSY, "cpu_share": 0.5},
            "other processes",
            "2 other processes used 1.3 cores: browser (11) 0.90, indexer (12) 0.40; stop them, or expect 2x the time",
        ),
        ({"others": BUSY}, "other processes", "stop them: they share caches"),
        (
            {"others": Others(2.0, BUSY.seen)},
            "other processes",
            "and 0.7 by some that have ended or cannot be seen",
        ),
        (
            {"others": Others(1.9, tuple(Used(i, f"p{i}", 0.4) for i in range(4)))},
            "other processes",
            "4 other processes used 1.9 cores, the most by p0 (0) 0.40, p1 (1) 0.40, p2 (2) 0.40",
        ),
        ({"others": Others(0.9, ())}, "other processes", "cannot be seen from here used 90% of a core"),
        (
            {"others": Others(0.3, (Used(1, "one", 0.3),)), "cpu_share": 0.8},
            "other processes",
            "1 other process used 30%",
        ),
        ({"others": None, "load_before": 3.0}, "other processes", "(load average 3.0 before the run)"),
        (
            {"others": None, "load_before": None, "cpu_share": 0.25},
            "other processes",
            "works on 8 cores, and this system does not tell who; find it and stop it, or expect 4x the time",
        ),
        ({"usable_cores": 1}, "cores", "only 1 core may be used (of 8, by affinity)"),
        ({"usable_cores": 1, "cores": 1}, "cores", "only 1 core may be used (the machine has no more)"),
        (
            {"quota": Quota(0.5, 8.0)},
            "quota",
            "the CPU quota of 0.5 cores holds for this process, and stopped it for 40%",
        ),
        ({"quota": Quota(0.5, None)}, "quota", "the CPU quota of 0.5 cores"),
        ({"quota": Quota(2.0, 4.0)}, "quota", "stopped it for 20% of the time"),
        ({"steal_share": 0.06}, "steal", "the hypervisor gave 6.0% of the time"),
        ({"on_battery": True}, "battery", "plug it in"),
        (
            {"frequency": Frequency(("performance", "powersave"))},
            "governor",
            "the frequency governor is powersave, which",
        ),
        (
            {"frequency": Frequency(("performance",), 1_200.0, 3_400.0), "turbo": True},
            "clocks",
            "clocks between 1,200 and 3,400 MHz were seen, with turbo on",
        ),
        (
            {"frequency": Frequency(("performance",), 1_200.0, 3_400.0)},
            "clocks",
            "3,400 MHz were seen: cores",
        ),
        ({"tick_ns": 1_000}, "timer", "slices are 1,000 us instead of 100 us"),
        ({"tracer": "a trace function of coverage"}, "tracing", "a trace function of coverage is active"),
    ],
)
def test_advice_says_what_was_seen_and_what_to_do(changed: dict[str, Any], about: str, told: str) -> None:
    (advice,) = advise(replace(QUIET, **changed))
    assert advice.about == about
    assert told in advice.text


@pytest.mark.parametrize(
    "changed",
    [
        {"others": Others(0.5, (Used(1, "one", 0.5),))},
        {"others": Others(0.05, ()), "cpu_share": 0.8},
        {"others": None, "load_before": 0.3},
        {"quota": Quota(2.0, 0.5)},
        {"quota": Quota(1.0, None)},
        {"steal_share": 0.009},
        {"frequency": Frequency((), 3_200.0, 3_400.0), "turbo": True},
        {"frequency": Frequency(("performance",), None, None)},
        {"tick_ns": 100},
        {"usable_cores": 2},
    ],
)
def test_what_is_not_worth_a_change_gets_no_sentence(changed: dict[str, Any]) -> None:
    assert advise(replace(QUIET, **changed)) == ()


def diagnosis(readings: Readings = QUIET, *, interrupted: bool = False, blocks: int = 400) -> Diagnosis:
    random = Random("blocks")
    series = tuple(
        Series(kind, us, tuple(random.gauss(0.0, 1e-6 * us**1.5) for _ in range(blocks)), blocks * us * 4e-6)
        for kind in ("Python loop", "bytes, crc32")
        for us in (25, 50, 100, 200, 500, 1_500)
    )
    drawn = Drawn(series, 20.0, interrupted)
    found = conclude(series, 4.0, readings.tracer)
    return Diagnosis(20.0, 4.0, 4_294_967_295, HERE, drawn, found, readings, advise(readings))


EVERYTHING = replace(
    QUIET,
    cpu_share=0.3,
    usable_cores=1,
    tick_ns=1_000,
    others=Others(2.0, tuple(Used(10_000_000 + i, "name-of-15-signs", 0.5) for i in range(4))),
    frequency=Frequency(("ondemand", "powersave"), 800.0, 4_400.0, 4_500.0),
    quota=Quota(0.5, 12.0),
    steal_share=0.2,
    on_battery=True,
    tracer="a trace function of coverage",
)


@pytest.mark.parametrize("readings", [QUIET, BARE, EVERYTHING])
def test_the_text_fits_into_80_columns_and_is_plain_without_colours(readings: Readings) -> None:
    told = text(diagnosis(readings))
    assert max(map(len, told.splitlines())) < 80
    assert "\033" not in told
    assert told.isascii()
    coloured = text(diagnosis(readings), coloured=True)
    assert re.sub(r"\033\[\d+m", "", coloured) == told
    assert coloured.count("\033[0m") >= 5


def test_the_text_says_everything() -> None:
    told = text(diagnosis())
    assert "fit to judge 2% in 0.013 s\n" in told
    assert "  Python loop      12.8 ms   12.8 ms   12.8 ms   12.8 ms       400\n" in told
    assert re.search(r"\d+ gates of 2% on the same code: 0 false alarms, \d+ undecided\n", told)
    assert "25 us is the best length here" in told
    assert "  governor        performance\n" in told
    assert "  clocks          3,390 to 3,400 MHz, the limit is 3,400\n" in told
    assert "What to change\n  nothing\n" in told
    assert "  cores           8\n" in told
    assert "  cores           8, of which 3 may be used\n" in text(diagnosis(replace(QUIET, usable_cores=3)))
    busy = text(diagnosis(replace(QUIET, steal_share=0.06)))
    assert "  - the hypervisor gave 6.0% of the time to other machines" in busy


def test_what_the_system_does_not_tell_is_said_plainly() -> None:
    told = text(diagnosis(BARE))
    for name in (
        "other processes",
        "load average",
        "steal",
        "CPU quota",
        "governor",
        "clocks",
        "turbo",
        "power",
    ):
        assert re.search(rf"^  {name} +{UNKNOWN}$", told, re.MULTILINE), name
    assert UNKNOWN not in text(diagnosis(QUIET))


def test_an_interrupted_run_says_so_and_has_something_to_tell_or_not() -> None:
    some, none = diagnosis(interrupted=True), diagnosis(interrupted=True, blocks=5)
    assert "stopped by Ctrl-C" in text(some)
    assert some.told
    assert "not known: too few blocks were drawn" in text(none)
    assert not none.told
    assert diagnosis(blocks=5).told


@pytest.mark.parametrize(
    ("why", "told"), [(None, "side by side"), ("no such file", "in turns: no such file")]
)
def test_it_says_how_long_arms_are_run(why: str | None, told: str) -> None:
    assert reading_texts(replace(QUIET, in_turns=why))["arms over 5 ms"] == told


def test_json_holds_it_all() -> None:
    written = json.loads(to_json(diagnosis(EVERYTHING)))
    assert (written["schema"], written["command"], written["seed"]) == (1, "doctor", 4_294_967_295)
    assert written["verdict"]["fitness"] == "not fit"
    assert written["machine"]["others"]["seen"][0] == {
        "pid": 10_000_000,
        "name": "name-of-15-signs",
        "cores": 0.5,
    }
    assert [advice["about"] for advice in written["advice"]] == [
        "tracing",
        "quota",
        "other processes",
        "cores",
        "steal",
        "battery",
        "governor",
        "clocks",
        "timer",
    ]
    assert written["resolution"][0]["seconds"] == {
        e: pytest.approx(0.0128) for e in ("0.01", "0.02", "0.03", "0.05")
    }
    assert written["slices"]["best_us"] == 25
    assert written["slices"]["clearly_better"] is True
    assert set(written["slices"]["effect_after_1_s"]["Python loop"]) == {
        "25",
        "50",
        "100",
        "200",
        "500",
        "1500",
    }
    assert written["same_code_gates"]["false_alarms"] == 0
    assert len(written["series"]) == 12
    assert json.loads(to_json(diagnosis(BARE)))["machine"]["quota"] is None
