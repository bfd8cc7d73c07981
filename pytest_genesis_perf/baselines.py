"""The baselines of a project: digests hold on every machine, speeds in one environment class."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from pytest_genesis_perf.atomic_files import remove_leftovers
from pytest_genesis_perf.baseline_files import (
    Key,
    SpeedEntry,
    SpeedFile,
    read_digests,
    read_speeds,
    write_digests,
    write_speeds,
)
from pytest_genesis_perf.environment import EnvironmentClass, nearest
from pytest_genesis_perf.file_lock import PATIENCE, LockHeldError, exclusive
from pytest_genesis_perf.toml_files import BaselineError

DIGESTS_FILE = "digests.toml"
SPEED_FOLDER = "speed"
LOCK_FILE = ".lock"


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
        """All files of speeds, sorted by name; hidden ones belong to editors, systems and killed writers."""
        paths = sorted((self.folder / SPEED_FOLDER).glob("*.toml"))
        return tuple(read_speeds(path) for path in paths if not path.name.startswith("."))

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

    def write_digests(self, digests: Mapping[Key, str]) -> None:
        """Replace the file of digests; within :func:`editing`."""
        write_digests(self.digests_path, digests)

    def write_speeds(self, environment: EnvironmentClass, entries: Mapping[Key, SpeedEntry]) -> None:
        """Replace the file of an environment class; within :func:`editing`.

        Raises
        ------
        BaselineError
            If another class has a file of that name, or it cannot be written.
        """
        path = self.speed_path(environment)
        for file in self.classes:
            if file.environment != environment and self.speed_path(file.environment) == path:
                raise BaselineError(f"{path}: holds another class of that name: {file.environment.text()}")
        write_speeds(path, SpeedFile(environment, entries))


@contextmanager
def editing(folder: Path, patience: float = PATIENCE) -> Iterator[Store]:
    """Hold the baselines of a project for reading, merging and writing: nobody else writes meanwhile.

    Readers need no lock: they meet the old files or the new ones.

    Parameters
    ----------
    folder : Path
        The folder, made if need be. What killed writers left in it is removed.
    patience : float, optional
        Seconds to wait for another writer.

    Yields
    ------
    Store
        The baselines as they are on disk now.

    Raises
    ------
    BaselineError
        If another process holds them all that time, or the folder cannot be written.
    """
    lock = folder / LOCK_FILE
    with ExitStack() as held:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            held.enter_context(exclusive(lock, patience))
            for each in (folder, folder / SPEED_FOLDER):
                remove_leftovers(each, ".toml")
        except LockHeldError as fault:
            raise BaselineError(f"{fault}, which writes baselines: try again when it has ended") from fault
        except OSError as fault:
            raise BaselineError(f"{lock}: cannot be locked: {fault}") from fault
        yield Store(folder)
