"""Compute a costly value once per test run, also when several processes of pytest-xdist ask for it."""

from __future__ import annotations

import pickle
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import TypeVar

import pytest

Value = TypeVar("Value")

PATIENCE_SECONDS = 900.0
"""How long a worker waits for another one's computation."""


def shared_folder(factory: pytest.TempPathFactory) -> Path:
    """Return the folder that all workers of this test run have in common."""
    base = factory.getbasetemp()
    # A worker of xdist has a folder of its own, popen-gw0, inside that of the run.
    return base.parent if base.name.startswith("popen-") else base


def once(folder: Path, name: str, compute: Callable[[], Value]) -> Value:
    """Return the value of `name`, computed by whichever process comes first; the others wait for it.

    SQLite is the one lock in the standard library that blocks, works on every system and is freed when its
    holder dies. Each name has a database of its own, so that different values are computed side by side.
    """
    with closing(
        sqlite3.connect(folder / f"{name}.sqlite", timeout=PATIENCE_SECONDS, isolation_level=None)
    ) as db:
        db.execute("BEGIN IMMEDIATE")
        db.execute("CREATE TABLE IF NOT EXISTS value (pickled BLOB)")
        row = db.execute("SELECT pickled FROM value").fetchone()
        if row is not None:
            db.execute("ROLLBACK")
            found: Value = pickle.loads(row[0])
            return found
        value = compute()
        db.execute("INSERT INTO value VALUES (?)", (pickle.dumps(value),))
        db.execute("COMMIT")
        return value
