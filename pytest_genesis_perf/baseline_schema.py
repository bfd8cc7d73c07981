"""The version of the form of baseline files, and the way from older ones to it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from pytest_genesis_perf.toml_files import Table

Step = Callable[[Mapping[str, Any]], Mapping[str, Any]]
"""Takes the root of a file from one version to the next, the key "schema" left aside."""

SCHEMA = 1
STEPS: Mapping[int, Step] = MappingProxyType({})
"""By the version that a step starts from. None yet: 1 is the first version."""


def upgraded(root: Table, steps: Mapping[int, Step] = STEPS, newest: int = SCHEMA) -> Table:
    """Return the root of a file in the newest form.

    The file is left as it is: only an update writes it, in the newest form.

    Parameters
    ----------
    root : Table
        As it was read.
    steps : mapping, optional
        One for each older version.
    newest : int, optional
        The version that this program knows best.

    Raises
    ------
    BaselineError
        If the file says no version, one that never was, or one that is newer.
    """
    if "schema" not in root.values:
        raise root.error("the key is missing", "schema")
    schema = root.values["schema"]
    if type(schema) is int and schema > newest:
        wrong = "the file is of another version, a newer one: upgrade genesis-backtest to read it"
        raise root.error(f"must be {newest}, not {schema!r}: {wrong}", "schema")
    if type(schema) is not int or not (schema == newest or schema in steps):
        raise root.error(f"must be {newest}, not {schema!r}: there is no such version", "schema")
    values: Mapping[str, Any] = {key: item for key, item in root.values.items() if key != "schema"}
    for version in range(schema, newest):
        values = steps[version](values)
    return Table(root.path, root.lines, root.keys, {"schema": newest, **values})
