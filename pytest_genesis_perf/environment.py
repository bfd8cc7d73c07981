"""The environment class: what must be equal for a stored speedup to mean anything here."""

from __future__ import annotations

import os
import platform
import re
import subprocess
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

DEFAULT_LIBRARIES = ("numba", "numpy")
"""Libraries whose X.Y release changes the speed of numerical code most."""


@dataclass(frozen=True)
class EnvironmentClass:
    """The key of a file of stored speedups.

    Parameters
    ----------
    python : str
        Implementation and X.Y, such as ``CPython 3.11``.
    machine : str
        Architecture, such as ``x86_64``.
    cpu : str
        Brand of the processor, without trade marks and clock.
    cores : int
        Cores this process may use.
    libraries : tuple of (str, str)
        Name and X.Y of the listed libraries that are installed, sorted by name.
    more : tuple of (str, str), optional
        Further fields that the project gives by its hook, sorted by name.
    """

    python: str
    machine: str
    cpu: str
    cores: int
    libraries: tuple[tuple[str, str], ...]
    more: tuple[tuple[str, str], ...] = ()

    def slug(self) -> str:
        """Return the class as a file name without suffix: lower case, ``[a-z0-9._-]`` only."""
        parts = [self.python, self.machine, self.cpu, f"{self.cores}-cores"]
        parts += [f"{name}-{release}" for name, release in (*self.libraries, *self.more)]
        return "_".join(re.sub(r"[^a-z0-9.]+", "-", part.lower()).strip("-.") for part in parts)

    def text(self) -> str:
        """Return the class for people, on one line."""
        cores = "1 core" if self.cores == 1 else f"{self.cores} cores"
        return ", ".join(
            [self.python, self.machine, self.cpu, cores, *map(" ".join, (*self.libraries, *self.more))]
        )

    def fields(self) -> dict[str, str]:
        """Return every field of the key by name; a library is a field of its own."""
        fields = {
            "python": self.python,
            "machine": self.machine,
            "cpu": self.cpu,
            "cores": str(self.cores),
        }
        return fields | dict(self.libraries) | dict(self.more)

    def differences(self, stored: EnvironmentClass, *, here: str = "here", there: str = "there") -> list[str]:
        """Name the fields that differ from a stored class, both values beside them.

        Parameters
        ----------
        stored : EnvironmentClass
            The class to compare with.
        here, there : str, optional
            What to call this class and the other.

        Returns
        -------
        list of str
            Such as ``cores is 2 here, 4 there``; empty for equal classes.
        """
        mine, other = self.fields(), stored.fields()
        names = [*mine, *(name for name in other if name not in mine)]
        return [
            f"{name} is {mine.get(name, 'absent')} {here}, {other.get(name, 'absent')} {there}"
            for name in names
            if mine.get(name) != other.get(name)
        ]


def current(
    libraries: Sequence[str] = DEFAULT_LIBRARIES, more: tuple[tuple[str, str], ...] = ()
) -> EnvironmentClass:
    """Return the class of this process.

    Parameters
    ----------
    libraries : sequence of str
        Distributions that belong to the key; those not installed are left out.
    more : tuple of (str, str), optional
        Further fields.
    """
    return EnvironmentClass(
        python=f"{platform.python_implementation()} {sys.version_info[0]}.{sys.version_info[1]}",
        machine=platform.machine() or "unknown",
        cpu=_cpu_brand(),
        cores=_cores(),
        libraries=tuple(sorted(_installed(libraries))),
        more=more,
    )


def nearest(here: EnvironmentClass, stored: Iterable[EnvironmentClass]) -> EnvironmentClass | None:
    """Return the stored class with the fewest differing fields, None if there is none.

    Parameters
    ----------
    here : EnvironmentClass
        The class of this process.
    stored : iterable of EnvironmentClass
        All classes with a file. Among equally near ones the first by slug is chosen.
    """
    return min(stored, key=lambda other: (len(here.differences(other)), other.slug()), default=None)


def clean_cpu_brand(brand: str) -> str:
    """Return a processor's brand without trade marks, clock and filler words.

    Parameters
    ----------
    brand : str
        As the operating system says it, such as ``Intel(R) Xeon(R) CPU E5-2673 v4 @ 2.30GHz``.
    """
    brand = re.sub(r"\((?:R|TM|C)\)", " ", brand, flags=re.IGNORECASE)
    brand = re.sub(r"@.*$|\b\d+-Core\b|\b(?:CPU|Processor)\b", " ", brand)
    return " ".join(brand.split()) or "unknown"


def _installed(libraries: Sequence[str]) -> Iterable[tuple[str, str]]:
    for name in libraries:
        try:
            release = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
        yield name, ".".join(release.split(".")[:2])


def _cores() -> int:
    # A container or taskset may allow fewer cores than the machine has: those are the ones that count.
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _cpu_brand() -> str:
    if platform.system() == "Linux":
        brand = _linux_brand(Path("/proc/cpuinfo"))
    elif platform.system() == "Darwin":
        brand = _darwin_brand()
    else:
        brand = ""
    return clean_cpu_brand(brand or platform.processor() or platform.machine())


def _linux_brand(cpuinfo: Path) -> str:
    try:
        text = cpuinfo.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    found = dict(re.findall(r"^([^:\n\t]+?)\s*:[ \t]*(.*)$", text, flags=re.MULTILINE))
    if "model name" in found:
        return str(found["model name"])
    # 64-bit ARM kernels print numbers only: implementer and part name the core.
    if "CPU implementer" in found and "CPU part" in found:
        return f"ARM {found['CPU implementer']}:{found['CPU part']}"
    return ""


def _darwin_brand() -> str:
    command = ["/usr/sbin/sysctl", "-n", "machdep.cpu.brand_string"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=10).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return ""
