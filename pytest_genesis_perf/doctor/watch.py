"""Reads the machine before, during and after the measurement."""

from __future__ import annotations

import os
import time

from pytest_genesis_perf.disturbance import Watch, load_average
from pytest_genesis_perf.doctor import machine
from pytest_genesis_perf.doctor.processes import snapshot, used_between
from pytest_genesis_perf.doctor.readings import Quota, Readings
from pytest_genesis_perf.own_time import own_time_missing
from pytest_genesis_perf.timing import timer_tick
from pytest_genesis_perf.tracing import active_tracer

_CLOCKS_EVERY = 0.5


class MachineWatch:
    """Reads what is counted when made, and says at the end what changed."""

    def __init__(self) -> None:
        self._cpus = usable_cpus()
        self._load = load_average()
        self._throttled = machine.throttled_seconds()
        self._clocks = list(machine.clocks_mhz(self._cpus))
        self._clocks_read = 0.0
        self._tracer = active_tracer()
        self._processes = snapshot()
        self._start = time.perf_counter()
        self._watch = Watch()

    def during(self, seconds: float) -> None:
        """Read the clocks of the cores, twice a second at most.

        Parameters
        ----------
        seconds : float
            Since the beginning.
        """
        if self._clocks and seconds - self._clocks_read >= _CLOCKS_EVERY:
            self._clocks_read = seconds
            self._clocks += machine.clocks_mhz(self._cpus)

    def seen(self) -> Readings:
        """Return what was seen since this was made."""
        seen = self._watch.seen()
        others = used_between(self._processes, snapshot(), time.perf_counter() - self._start)
        quota = machine.quota_cores()
        throttled = machine.throttled_seconds()
        if quota is not None and throttled is not None and self._throttled is not None:
            quota = Quota(quota.cores, throttled - self._throttled)
        return Readings(
            wall_seconds=seen.wall_seconds,
            cpu_share=seen.cpu_share,
            cores=os.cpu_count() or len(self._cpus),
            usable_cores=len(self._cpus),
            tick_ns=timer_tick(time.perf_counter_ns),
            timer_ns=time.get_clock_info("perf_counter").resolution * 1e9,
            load_before=self._load,
            load_after=seen.load,
            steal_share=seen.steal_share,
            others=others,
            frequency=machine.frequency(self._cpus, self._clocks),
            turbo=machine.turbo(),
            quota=quota,
            on_battery=machine.on_battery(),
            tracer=self._tracer or active_tracer(),
            in_turns=own_time_missing(),
        )


def usable_cpus() -> tuple[int, ...]:
    """Return the numbers of the cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return tuple(sorted(os.sched_getaffinity(0)))
    return tuple(range(os.cpu_count() or 1))
