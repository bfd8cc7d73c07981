"""What the system tells of clocks, quota and battery: files of Linux, and None wherever there are none.

Every function takes the root of the file system, and reads nothing else: tests give it a folder.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from pytest_genesis_perf.doctor.readings import Frequency, Quota

ROOT = Path("/")
_CPUS = "sys/devices/system/cpu"
_CGROUPS = "sys/fs/cgroup"


def governors(cpus: Iterable[int], root: Path = ROOT) -> tuple[str, ...]:
    """Return the frequency governors of some cores, each once; none where they are not told.

    Parameters
    ----------
    cpus : iterable of int
        The cores.
    root : Path, optional
        Root of the file system.
    """
    found = (_text(root / _CPUS / f"cpu{cpu}" / "cpufreq" / "scaling_governor") for cpu in cpus)
    return tuple(sorted({governor for governor in found if governor}))


def clocks_mhz(cpus: Iterable[int], root: Path = ROOT, file: str = "scaling_cur_freq") -> tuple[float, ...]:
    """Return the current clocks of some cores in MHz; none where they are not told.

    Parameters
    ----------
    cpus : iterable of int
        The cores.
    root : Path, optional
        Root of the file system.
    file : str, optional
        Another file of clocks, such as ``cpuinfo_max_freq``.
    """
    found = (_number(root / _CPUS / f"cpu{cpu}" / "cpufreq" / file) for cpu in cpus)
    return tuple(khz / 1_000.0 for khz in found if khz is not None)


def frequency(cpus: Sequence[int], seen_mhz: Sequence[float], root: Path = ROOT) -> Frequency | None:
    """Return governors and clocks, None where neither is told, as in most virtual machines.

    Parameters
    ----------
    cpus : sequence of int
        The cores.
    seen_mhz : sequence of float
        All clocks that :func:`clocks_mhz` has told during the run.
    root : Path, optional
        Root of the file system.
    """
    named = governors(cpus, root)
    if not named and not seen_mhz:
        return None
    limits = clocks_mhz(cpus, root, "cpuinfo_max_freq")
    return Frequency(
        governors=named,
        lowest_mhz=min(seen_mhz, default=None),
        highest_mhz=max(seen_mhz, default=None),
        limit_mhz=max(limits, default=None),
    )


def turbo(root: Path = ROOT) -> bool | None:
    """Return whether cores may run faster than their base clock.

    Parameters
    ----------
    root : Path, optional
        Root of the file system.
    """
    boost = _number(root / _CPUS / "cpufreq" / "boost")
    if boost is not None:
        return boost != 0
    no_turbo = _number(root / _CPUS / "intel_pstate" / "no_turbo")
    return None if no_turbo is None else no_turbo == 0


def on_battery(root: Path = ROOT) -> bool | None:
    """Return whether a battery is being used up; a machine without one is on mains.

    Parameters
    ----------
    root : Path, optional
        Root of the file system.
    """
    supplies = root / "sys/class/power_supply"
    if not supplies.is_dir():
        return None
    # A mouse has a battery too: its scope is a device.
    own = [each for each in supplies.iterdir() if _text(each / "scope") != "Device"]
    return any(_text(each / "type") == "Battery" and _text(each / "status") == "Discharging" for each in own)


def quota_cores(root: Path = ROOT) -> Quota | None:
    """Return the CPU quota of this process's control group, the tightest of it and those above.

    Parameters
    ----------
    root : Path, optional
        Root of the file system.
    """
    groups = list(_groups(root))
    if not groups:
        return None
    limits = [limit for limit in map(_limit, groups) if limit is not None]
    return Quota(min(limits, default=None))


def throttled_seconds(root: Path = ROOT) -> float | None:
    """Return how long the control groups of this process were ever stopped for their quota.

    Parameters
    ----------
    root : Path, optional
        Root of the file system.
    """
    told = [seconds for seconds in map(_throttled, _groups(root)) if seconds is not None]
    return sum(told) if told else None


def _groups(root: Path) -> Iterator[Path]:
    """Find the folders of the control groups with a CPU controller that this process is in, up to the top."""
    for line in _text(root / "proc/self/cgroup").splitlines():
        _, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        if not controllers:
            mounts = [root / _CGROUPS, root / _CGROUPS / "unified"]
        elif "cpu" in controllers.split(","):
            mounts = [root / _CGROUPS / controllers, root / _CGROUPS / "cpu"]
        else:
            continue
        mount = next((each for each in mounts if (each / "cgroup.procs").exists()), None)
        if mount is None:
            continue
        # A container may see the whole path, and only its own part of the tree.
        group = mount / path.strip("/")
        yield from (each for each in (group, *group.parents) if each.is_dir() and _within(each, mount))


def _within(folder: Path, mount: Path) -> bool:
    return folder == mount or mount in folder.parents


def _limit(group: Path) -> float | None:
    quota, _, period = _text(group / "cpu.max").partition(" ")
    if quota:
        return int(quota) / int(period) if quota.isdigit() and period.isdigit() and int(period) else None
    old, old_period = _number(group / "cpu.cfs_quota_us"), _number(group / "cpu.cfs_period_us")
    return old / old_period if old is not None and old > 0 and old_period else None


def _throttled(group: Path) -> float | None:
    counted = dict(line.split(maxsplit=1) for line in _text(group / "cpu.stat").splitlines() if " " in line)
    for name, scale in (("throttled_usec", 1e-6), ("throttled_time", 1e-9)):
        if counted.get(name, "").isdigit():
            return int(counted[name]) * scale
    return None


def _text(path: Path) -> str:
    """Return what a file says, nothing where it cannot be read."""
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""


def _number(path: Path) -> int | None:
    text = _text(path)
    return int(text) if text.lstrip("-").isdigit() else None
