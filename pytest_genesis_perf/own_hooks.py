"""What a project tells the plugin by hooks: further fields of its environment class, further columns of its reports."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

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
    for given in config.hook.pytest_genesis_perf_environment_class(config=config):
        for name, value in _texts(CLASS_HOOK, given):
            if not _NAME.fullmatch(name):
                raise pytest.UsageError(
                    f"{CLASS_HOOK}: a field must be named like gpu or runner-size, not {name!r}"
                )
            if name in _OWN_FIELDS or name in found:
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
        for given in config.hook.pytest_genesis_perf_report_row(config=config, comparison=record):
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
    return [(name.strip(), value) for name, value in given.items()]
