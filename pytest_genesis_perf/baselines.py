"""The baselines of a project: digests hold on every machine, speeds in one environment class."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from pytest_genesis_perf.baseline_files import Key, SpeedEntry, SpeedFile, read_digests, read_speeds
from pytest_genesis_perf.environment import EnvironmentClass, nearest

DIGESTS_FILE = "digests.toml"
SPEED_FOLDER = "speed"


@dataclass(frozen=True)
class Store:
    """The baselines of a project, read when first asked for.

    Parameters
    ----------
    folder : Path
        The folder; it need not exist.
    """

    folder: Path

    @property
    def digests_path(self) -> Path:
        """The file of digests."""
        return self.folder / DIGESTS_FILE

    def speed_path(self, environment: EnvironmentClass) -> Path:
        """Return the file of the speeds of an environment class."""
        return self.folder / SPEED_FOLDER / f"{environment.slug()}.toml"

    @cached_property
    def digests(self) -> Mapping[Key, str] | None:
        """Stored digests by comparison; None in a project that has no file of them."""
        return read_digests(self.digests_path) if self.digests_path.exists() else None

    @cached_property
    def classes(self) -> tuple[SpeedFile, ...]:
        """All files of speeds, sorted by name."""
        return tuple(read_speeds(path) for path in sorted((self.folder / SPEED_FOLDER).glob("*.toml")))

    def speeds(self, environment: EnvironmentClass) -> Mapping[Key, SpeedEntry]:
        """Return the entries of an environment class, none if it has no file."""
        return next((file.entries for file in self.classes if file.environment == environment), {})

    def known(self) -> set[Key]:
        """Return every comparison that has a digest, or a speed in any class."""
        return set(self.digests or ()).union(*(file.entries for file in self.classes))

    def why_no_speed(self, environment: EnvironmentClass, key: Key) -> str:
        """Say what is known of a comparison without a stored speed in a class.

        Parameters
        ----------
        environment : EnvironmentClass
            The class of this process.
        key : tuple of str
            Node id and label.
        """
        others = [file for file in self.classes if file.environment != environment]
        if len(others) < len(self.classes):
            return "none is stored for this comparison in this environment class"
        near = nearest(environment, (file.environment for file in others))
        if near is None:
            return "none is stored yet, record with --genesis-perf-update"
        fields = "; ".join(environment.differences(near))
        return f"none is stored for this environment class; the nearest one differs: {fields}"
