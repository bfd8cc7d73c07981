"""A study: a folder with the definition of its search, what its trials stand on, and the trials."""

from __future__ import annotations

import platform
import re
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as distribution_version
from pathlib import Path
from typing import Any

import msgspec
import tomli_w

from genesis_core.digest import digest
from genesis_core.errors import SearchError
from genesis_core.optimize.aim import Aim
from genesis_core.optimize.definition import Search
from genesis_core.optimize.files import write_text
from genesis_core.optimize.identity import Ground
from genesis_core.optimize.record import Record
from genesis_core.optimize.spans import Fold
from genesis_core.optimize.store import STUDY_FILE
from genesis_core.version import __version__

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

SCHEMA = 1


@dataclass(frozen=True)
class Study:
    """A study as its file says it.

    Attributes
    ----------
    folder : Path
        Where.
    search : Search
        The definition, with all defaults and absolute paths.
    ground : Ground
        What its trials stand on.
    fold : Fold
        Which of the definition's candles it searches, and which test it.
    environment : dict
        Versions and platform it was begun with.
    """

    folder: Path
    search: Search
    ground: Ground
    fold: Fold
    environment: dict[str, str]

    @classmethod
    def open(cls, folder: Path) -> Study:
        """Read a study.

        Raises
        ------
        SearchError
            If there is none in the folder, or its file is damaged.
        """
        file = folder / STUDY_FILE
        try:
            values = tomllib.loads(file.read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise SearchError(f"{folder}: there is no study here ({STUDY_FILE} is missing)") from None
        except OSError as fault:
            raise SearchError(f"{file}: cannot be read: {fault.strerror or fault}") from None
        except (UnicodeDecodeError, tomllib.TOMLDecodeError) as fault:
            raise SearchError(f"{file}: damaged: {fault}") from None
        if values.get("schema") != SCHEMA:
            raise SearchError(f"{file}: schema = {values.get('schema')!r}; this version reads {SCHEMA}")
        try:
            ground = msgspec.convert(values["ground"], Ground)
            fold = msgspec.convert(values["fold"], Fold)
            environment = msgspec.convert(values["environment"], dict[str, str])
            search = values["search"]
        except (KeyError, TypeError, msgspec.ValidationError) as fault:
            raise SearchError(f"{file}: damaged: {fault}") from None
        return cls(folder, Search.from_dict(search, f"{file}: search"), ground, fold, environment)

    @cached_property
    def aim(self) -> Aim:
        """What its trials were scored by."""
        search = self.search
        return Aim(sorted(search.parameters), search.objective, search.constraints)

    def fault_of(self, record: Record) -> str:
        """Say why a trial is none of the study; "" for one that is."""
        return self.ground.fault_of(record) or self.aim.fault_of(record)

    def save(self) -> None:
        """Write the study's file.

        Raises
        ------
        SearchError
            If it cannot be written.
        """
        fold = {key: value for key, value in vars(self.fold).items() if value is not None}
        values = {
            "schema": SCHEMA,
            "search": self.search.plain(),
            "ground": msgspec.to_builtins(self.ground),
            "fold": fold,
            "environment": self.environment,
        }
        write_text(self.folder / STUDY_FILE, tomli_w.dumps(values))


def make_folder(folder: Path) -> None:
    """Make a study's folder, if it is not there.

    Raises
    ------
    SearchError
        If it cannot be made, or is a folder of other things.
    """
    try:
        if not (folder / STUDY_FILE).exists() and folder.exists():
            others = [entry.name for entry in folder.iterdir() if not entry.name.startswith(".")]
            if others:
                raise SearchError(f"{folder}: holds files, and no study; give another name by --study")
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as fault:
        raise SearchError(f"{folder}: cannot be made: {fault.strerror or fault}") from None


def studies_in(results: Path) -> list[Path]:
    """Return the folders of the studies in a folder of studies, by name.

    Raises
    ------
    SearchError
        If it cannot be read.
    """
    try:
        return sorted(entry for entry in results.iterdir() if (entry / STUDY_FILE).exists())
    except FileNotFoundError:
        return []
    except OSError as fault:
        raise SearchError(f"{results}: cannot be read: {fault.strerror or fault}") from None


def fold_folder(folder: Path, number: int) -> Path:
    """Return the folder of an earlier fold's search."""
    return folder / f"fold_{number:02d}"


def study_of_fold(folder: Path) -> Path | None:
    """Return the study whose earlier fold a folder is, None for a study of its own."""
    whole = folder.resolve()
    named = re.fullmatch(r"fold_\d{2,}", whole.name) is not None
    return whole.parent if named and (whole.parent / STUDY_FILE).exists() else None


def begin(folder: Path, search: Search, ground: Ground, fold: Fold) -> Study:
    """Make a study, or open the one that is there if it is of the same search, candles and code.

    Parameters
    ----------
    folder : Path
        Where; there, and this process is its only writer.
    search, ground, fold
        See :class:`Study`. A larger or smaller budget is taken over.

    Raises
    ------
    SearchError
        If something else is there; says what differs.
    """
    if (folder / STUDY_FILE).exists():
        there = Study.open(folder)
        require_same(there, search, ground, fold)
        study = Study(folder, search, ground, fold, there.environment)
        if study.search.plain() != there.search.plain():
            study.save()
        return study
    study = Study(folder, search, ground, fold, environment())
    study.save()
    return study


def require_same(there: Study, search: Search, ground: Ground, fold: Fold) -> None:
    """Refuse to go on with trials that are not those of this search.

    Raises
    ------
    SearchError
        Saying what differs.
    """
    differences = there.ground.differences(ground)
    if there.fold != fold and not differences:
        differences.append("the cut into search and test")
    read = {"sampler": search.sampler.read, "validation": search.validation.read}
    differences += _differences(there.search.plain(), search.plain(), read)
    own = environment()
    for name, words in (("optuna", "Optuna's version"), ("numpy", "NumPy's version")):
        if search.sampler.kind == "tpe" and there.environment.get(name) != own.get(name):
            differences.append(f"{words} ({there.environment.get(name)} -> {own.get(name)})")
    if differences:
        raise SearchError(
            f"{there.folder}: this study is of another search: {', '.join(differences)} changed since it was "
            "begun; its trials cannot be mixed with others: give a new name by --study"
        )


def _differences(old: dict[str, Any], new: dict[str, Any], read: Mapping[str, tuple[str, ...]]) -> list[str]:
    """Say which keys differ; 1 and 1.0 do, and the order of a score's sum does, that of parameters does not.

    Of some tables only those keys count that are read: the others change no trial.
    """
    found = []
    for key in ("parameters", "sampler", "objective", "constraints", "validation"):
        before, now = old.get(key), new.get(key)
        if isinstance(before, dict) and isinstance(now, dict):
            names = sorted(read.get(key, {*before, *now}))
            found += [f"{key}.{name}" for name in names if digest(before.get(name)) != digest(now.get(name))]
        elif digest(before) != digest(now):
            found.append(key)
    return found


def environment() -> dict[str, str]:
    """Return versions and platform."""
    found = {"genesis_core": __version__, "python": platform.python_version()}
    for name in ("numpy", "numba", "optuna", "distributed"):
        with suppress(PackageNotFoundError):
            found[name] = distribution_version(name)
    return {**found, "platform": sys.platform, "machine": platform.machine()}
