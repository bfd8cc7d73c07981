"""What a project tells the plugin by hooks: further fields of its environment class, further columns of its reports."""

from __future__ import annotations

import re
import traceback
from collections.abc import Iterable, Mapping
from dataclasses import replace
from types import TracebackType
from typing import TYPE_CHECKING

import pytest

from pytest_genesis_perf import keys

if TYPE_CHECKING:
    from pytest_genesis_perf.record import Comparison

CLASS_HOOK = "pytest_genesis_perf_environment_class"
ROW_HOOK = "pytest_genesis_perf_report_row"
_NAME = re.compile(r"[a-z][a-z0-9_-]*")
_OWN_FIELDS = ("python", "machine", "cpu", "cores")


class HookError(Exception):
    """An implementation of a hook that raised, or returned what makes no sense."""


class _asking:
    """Run the body as a project's hook: an exception that leaves it is told by the hook's name and its own line."""

    def __init__(self, hook: str) -> None:
        self._hook = hook

    def __enter__(self) -> None:
        """Begin."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Name hook and line."""
        if isinstance(error, Exception):
            place = traceback.extract_tb(error.__traceback__)[-1]
            raised = f"{type(error).__name__}: {error} ({place.filename}:{place.lineno})"
            raise HookError(f"{self._hook}: {raised}") from error


def environment_fields(config: pytest.Config) -> tuple[tuple[str, str], ...]:
    """Return the fields of the environment class that a project adds, sorted by name.

    Parameters
    ----------
    config : pytest.Config
        The run.

    Raises
    ------
    HookError
        If an implementation raised, what it returned is no mapping of names to words, or a name is taken.
    """
    found: dict[str, str] = {}
    taken = {*_OWN_FIELDS, *config.stash[keys.SETTINGS].libraries}
    with _asking(CLASS_HOOK):
        told = config.hook.pytest_genesis_perf_environment_class(config=config)
    for given in told:
        for name, value in _texts(CLASS_HOOK, given):
            if not _NAME.fullmatch(name):
                raise HookError(f"{CLASS_HOOK}: a field must be named like gpu or runner-size, not {name!r}")
            if name in taken or name in found:
                raise HookError(f"{CLASS_HOOK}: the field {name} is there already")
            if not re.search("[A-Za-z0-9]", value):
                raise HookError(f"{CLASS_HOOK}: the field {name} must have a letter or digit, not {value!r}")
            found[name] = value
    return tuple(sorted(found.items()))


def with_columns(config: pytest.Config, records: Iterable[Comparison]) -> list[Comparison]:
    """Return records with the columns that a project adds.

    Parameters
    ----------
    config : pytest.Config
        The run.
    records : iterable of Comparison
        Final records.

    Raises
    ------
    HookError
        If an implementation raised, what it returned is no mapping of titles to words, or two give one title.
    """
    told = []
    for record in records:
        extra: dict[str, str] = {}
        with _asking(f"{ROW_HOOK}: {record.nodeid} / {record.label}"):
            rows = config.hook.pytest_genesis_perf_report_row(config=config, comparison=record)
        for given in rows:
            for title, cell in _texts(ROW_HOOK, given):
                if title in extra:
                    raise HookError(f"{ROW_HOOK}: the column {title} is given twice")
                extra[title] = " ".join(cell.split())
        told.append(replace(record, extra=extra))
    return told


def _texts(hook: str, given: object) -> list[tuple[str, str]]:
    if not isinstance(given, Mapping):
        raise HookError(f"{hook} must return a mapping of str to str, not {given!r}")
    for name, value in given.items():
        if not (isinstance(name, str) and name.strip() and isinstance(value, str)):
            raise HookError(f"{hook} must return a mapping of str to str, not {name!r}: {value!r}")
    return [(" ".join(name.split()), value) for name, value in given.items()]
