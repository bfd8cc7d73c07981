"""What was read of the machine around the measurement: plain values. None is "not known here", never "no"."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Used:
    """A process that used CPU time meanwhile.

    Parameters
    ----------
    pid : int
        Its number.
    name : str
        Its name, as the kernel has it.
    cores : float
        CPU time / wall time.
    """

    pid: int
    name: str
    cores: float


@dataclass(frozen=True)
class Others:
    """What other processes used.

    Parameters
    ----------
    cores : float
        CPU time of everything but this process / wall time.
    seen : tuple of Used
        Those that can be seen from here and used more than 1% of a core, most first.
    """

    cores: float
    seen: tuple[Used, ...]

    @property
    def unseen_cores(self) -> float:
        """What cannot be told to a process: outside of this container, of other users, or already ended."""
        return max(0.0, self.cores - sum(process.cores for process in self.seen))


@dataclass(frozen=True)
class Frequency:
    """The clocks of the cores this process may use.

    Parameters
    ----------
    governors : tuple of str
        The governors, each once.
    lowest_mhz, highest_mhz : float or None
        Lowest and highest current clock seen during the run.
    limit_mhz : float or None
        The highest clock that the hardware allows.
    """

    governors: tuple[str, ...]
    lowest_mhz: float | None = None
    highest_mhz: float | None = None
    limit_mhz: float | None = None


@dataclass(frozen=True)
class Quota:
    """The CPU quota of the control group.

    Parameters
    ----------
    cores : float or None
        How many cores it allows; None for as many as there are.
    throttled_seconds : float or None
        How long the run was stopped for it.
    """

    cores: float | None
    throttled_seconds: float | None = None


@dataclass(frozen=True, kw_only=True)
class Readings:
    """All readings.

    Parameters
    ----------
    wall_seconds, cpu_share : float
        How long the run took, and its CPU time / that.
    cores, usable_cores : int
        Of the machine, and those this process may use.
    tick_ns : int
        The smallest step seen between two reads of the timer.
    timer_ns : float
        Its resolution, as the system says it.
    load_before, load_after : float or None
        Load average of the last minute.
    steal_share : float or None
        Share of all cores' time that a hypervisor gave to other machines.
    others : Others or None
        What other processes used.
    frequency : Frequency or None
        Governors and clocks.
    turbo : bool or None
        Whether cores may run faster than their base clock.
    quota : Quota or None
        The quota of the control group.
    on_battery : bool or None
        Whether the machine runs on its battery.
    tracer : str or None
        What traces or profiles this process; None if nothing does.
    in_turns : str or None
        Why arms over 5 ms cannot run side by side here; None if they can.
    """

    wall_seconds: float
    cpu_share: float
    cores: int
    usable_cores: int
    tick_ns: int
    timer_ns: float
    load_before: float | None = None
    load_after: float | None = None
    steal_share: float | None = None
    others: Others | None = None
    frequency: Frequency | None = None
    turbo: bool | None = None
    quota: Quota | None = None
    on_battery: bool | None = None
    tracer: str | None = None
    in_turns: str | None = None
