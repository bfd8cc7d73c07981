"""What to change: a sentence with its reason each, only where it applies. Pure functions of the readings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from pytest_genesis_perf.doctor.readings import Readings
from pytest_genesis_perf.timing import SLICE_NS, SLICE_TICKS

MOST_NAMED = 3
"""Processes that are named."""
LEAST_OTHERS = 0.1
"""Cores in use by others below which they are not worth a sentence; of each core, where nothing waited for one."""
LEAST_STEAL = 0.01
LEAST_WAIT = 0.05
"""Share of the time that this process may wait for a core, or be stopped, without a sentence."""
LEAST_SWING = 0.1
"""Clocks that differ by less than this share are steady."""


@dataclass(frozen=True)
class Advice:
    """Something to change.

    Parameters
    ----------
    about : str
        What it is about, in a word or two.
    text : str
        A sentence: what was seen, what to do, and what to expect otherwise.
    """

    about: str
    text: str


def advise(readings: Readings) -> tuple[Advice, ...]:
    """Return all that should be changed, what costs most first.

    Parameters
    ----------
    readings : Readings
        What was read around the measurement.
    """
    found = ((about, rule(readings)) for about, rule in _RULES)
    return tuple(Advice(about, text) for about, text in found if text is not None)


def named(readings: Readings) -> str:
    """Return the processes that used most, with their numbers and cores; empty where none can be seen."""
    others = readings.others
    seen = others.seen[:MOST_NAMED] if others is not None else ()
    return ", ".join(f"{each.name} ({each.pid}) {each.cores:.2f}" for each in seen)


def _tracer(readings: Readings) -> str | None:
    if readings.tracer is None:
        return None
    return (
        f"{readings.tracer} is active: every line it sees is timed with it; run without coverage, profiler or "
        "debugger, as with --no-cov"
    )


def _others(readings: Readings) -> str | None:
    others = readings.others
    waited = readings.cpu_share < 1.0 - LEAST_WAIT
    if others is None:
        load = readings.load_before or 0.0
        if not waited and load < LEAST_OTHERS * readings.usable_cores:
            return None
        told = "" if readings.load_before is None else f" (load average {load:.1f} before the run)"
        return (
            f"something else works on {_cores(readings.usable_cores)}{told}, and this system does not tell who; find "
            f"it and stop it{_otherwise(readings)}"
        )
    if others.cores < LEAST_OTHERS * (1 if waited else readings.usable_cores):
        return None
    count = len(others.seen)
    if not count:
        return (
            f"processes that cannot be seen from here used {_used(others.cores)}: look for them outside of this "
            f"container or account{_otherwise(readings)}"
        )
    most = ", the most by" if count > MOST_NAMED else ":"
    text = f"{count} other process{'' if count == 1 else 'es'} used {_used(others.cores)}{most} {named(readings)}"
    if others.unseen_cores >= LEAST_OTHERS:
        text += f", and {others.unseen_cores:.1f} by some that have ended or cannot be seen from here"
    return f"{text}; stop them{_otherwise(readings)}"


def _one_core(readings: Readings) -> str | None:
    if readings.usable_cores > 1:
        return None
    why = "the machine has no more" if readings.cores == 1 else f"of {readings.cores}, by affinity"
    return (
        f"only 1 core may be used ({why}): whatever else runs, runs between the slices; allow two, so that the "
        "system has one for the rest"
    )


def _quota(readings: Readings) -> str | None:
    quota = readings.quota
    if quota is None or quota.cores is None:
        return None
    stopped = (quota.throttled_seconds or 0.0) / readings.wall_seconds
    if quota.cores >= 1.0 and stopped < LEAST_WAIT:
        return None
    told = f", and stopped it for {stopped:.0%} of the time" if stopped >= LEAST_WAIT else ""
    return (
        f"the CPU quota of {quota.cores:g} cores holds for this process{told}: whoever uses it up is stopped in the "
        "middle of a slice; raise it above what runs here, to more than 1 core"
    )


def _steal(readings: Readings) -> str | None:
    if readings.steal_share is None or readings.steal_share < LEAST_STEAL:
        return None
    return (
        f"the hypervisor gave {readings.steal_share:.1%} of the time to other machines: verdicts stay right and take "
        "longer; use a dedicated machine, or another hour"
    )


def _battery(readings: Readings) -> str | None:
    if not readings.on_battery:
        return None
    return "the machine runs on its battery, which lowers and changes its clocks; plug it in"


def _governor(readings: Readings) -> str | None:
    frequency = readings.frequency
    if frequency is None:
        return None
    slow = [governor for governor in frequency.governors if governor != "performance"]
    if not slow:
        return None
    return (
        f"the frequency governor is {' and '.join(slow)}, which changes the clock with the load, also between two "
        "slices; set it to performance for the run (cpupower frequency-set -g performance)"
    )


def _swing(readings: Readings) -> str | None:
    frequency = readings.frequency
    if frequency is None or not frequency.lowest_mhz or not frequency.highest_mhz:
        return None
    swing = frequency.highest_mhz / frequency.lowest_mhz - 1.0
    if swing < LEAST_SWING:
        return None
    seen = f"clocks between {frequency.lowest_mhz:,.0f} and {frequency.highest_mhz:,.0f} MHz were seen"
    if readings.turbo:
        return f"{seen}, with turbo on: it lasts until the chip is warm; switch it off for the run"
    return (
        f"{seen}: cores that run at different speeds, or heat; pin the run to one core (taskset), and cool it"
    )


def _timer(readings: Readings) -> str | None:
    slice_ns = SLICE_TICKS * readings.tick_ns
    if slice_ns <= SLICE_NS:
        return None
    return (
        f"the timer has steps of {readings.tick_ns:,} ns, so slices are {slice_ns / 1_000:,.0f} us instead of "
        f"{SLICE_NS / 1_000:.0f} us, and resolve less in the same time; use a system with a finer timer"
    )


_RULES: tuple[tuple[str, Callable[[Readings], str | None]], ...] = (
    ("tracing", _tracer),
    ("quota", _quota),
    ("other processes", _others),
    ("cores", _one_core),
    ("steal", _steal),
    ("battery", _battery),
    ("governor", _governor),
    ("clocks", _swing),
    ("timer", _timer),
)


def _otherwise(readings: Readings) -> str:
    """Say what the others cost: time where the run had to wait for a core, steadiness where not."""
    if readings.cpu_share >= 1.0 - LEAST_WAIT:
        return ": they share caches, memory and turbo with what is measured"
    more = 1.0 / max(readings.cpu_share, 0.01)
    return f", or expect {more:.2g}x the time: this run had a core for {readings.cpu_share:.0%} of it"


def _used(cores: float) -> str:
    return f"{cores:.1f} cores" if cores >= 0.95 else f"{cores:.0%} of a core"


def _cores(count: int) -> str:
    return "1 core" if count == 1 else f"{count} cores"
