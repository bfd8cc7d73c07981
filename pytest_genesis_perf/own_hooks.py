"""What a project tells the plugin by hooks: further fields of its environment class, further columns of its reports."""

from __future__ import annotations

import re
import traceback
from collections.abc import Iterable, Mapping
from dataclasses import replace
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
    """An implementation of a hook that returned what makes no sense."""


def environment_fields(config: pytest.Config) -> tuple[tuple[str, str], ...]:
    """Return the fields of the environment class that a project adds, sorted by name.

    Parameters
    ----------
    config : pytest.Config
        The run.

    Raises
    ------
    pytest.UsageError
        If what was returned is no mapping of names to words, or a name is taken.
    """
    found: dict[str, str] = {}
    taken = {*_OWN_FIELDS, *config.stash[keys.SETTINGS].libraries}
    try:
        told = config.hook.pytest_genesis_perf_environment_class(config=config)
    except Exception as error:  # whatever a project's own code raises
        raise pytest.UsageError(f"{CLASS_HOOK}: {_raised(error)}") from error
    for given in told:
        for name, value in _texts(CLASS_HOOK, given):
            if not _NAME.fullmatch(name):
                raise pytest.UsageError(
                    f"{CLASS_HOOK}: a field must be named like gpu or runner-size, not {name!r}"
                )
            if name in taken or name in found:
                raise pytest.UsageError(f"{CLASS_HOOK}: the field {name} is there already")
            if not re.search("[A-Za-z0-9]", value):
                raise pytest.UsageError(
                    f"{CLASS_HOOK}: the field {name} must have a letter or digit, not {value!r}"
                )
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
        If what was returned is no mapping of titles to words, or two give one title.
    """
    told = []
    for record in records:
        extra: dict[str, str] = {}
        try:
            rows = config.hook.pytest_genesis_perf_report_row(config=config, comparison=record)
        except Exception as error:  # whatever a project's own code raises
            raise HookError(f"{ROW_HOOK}: {record.nodeid} / {record.label}: {_raised(error)}") from error
        for given in rows:
            try:
                cells = _texts(ROW_HOOK, given)
            except pytest.UsageError as error:
                raise HookError(str(error)) from None
            for title, cell in cells:
                if title in extra:
                    raise HookError(f"{ROW_HOOK}: the column {title} is given twice")
                extra[title] = " ".join(cell.split())
        told.append(replace(record, extra=extra))
    return told


def _texts(hook: str, given: object) -> list[tuple[str, str]]:
    if not isinstance(given, Mapping):
        raise pytest.UsageError(f"{hook} must return a mapping of str to str, not {given!r}")
    for name, value in given.items():
        if not (isinstance(name, str) and name.strip() and isinstance(value, str)):
            raise pytest.UsageError(f"{hook} must return a mapping of str to str, not {name!r}: {value!r}")
    return [(" ".join(name.split()), value) for name, value in given.items()]


def _raised(error: Exception) -> str:
    """Return an exception in words, with the line that raised it."""
    place = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__}: {error} ({place.filename}:{place.lineno})"
