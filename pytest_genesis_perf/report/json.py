"""The report for machines: every comparison with its samples, and what it takes to judge them again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pytest_genesis_perf.session import Session

SCHEMA = 1
FILE = "genesis-perf.json"


def document(session: Session) -> dict[str, Any]:
    """Return the report as plain values.

    Parameters
    ----------
    session : Session
        The run.

    Returns
    -------
    dict
        ``schema``, ``seed``, ``environment``, ``gates`` (the number that were judged and their family bound)
        and ``comparisons``, worst first; ``blocks`` are log optimized - log baseline, in time order.
    """
    environment = session.environment
    gates, bound = session.family_bound
    return {
        "schema": SCHEMA,
        "seed": session.settings.seed,
        "environment": {
            "python": environment.python,
            "machine": environment.machine,
            "cpu": environment.cpu,
            "cores": environment.cores,
            "libraries": dict(environment.libraries),
        },
        "timed": session.settings.timed and not session.settings.update,
        "gates": {"judged": gates, "family_bound": bound},
        "errors": session.errors,
        "warnings": session.warnings,
        "comparisons": [record.to_plain() for record in session.records],
    }


def write(folder: Path, session: Session) -> Path:
    """Write the report into a folder and return its path.

    Raises
    ------
    OSError
        If it cannot be written.
    """
    path = folder / FILE
    text = json.dumps(document(session), indent=1, allow_nan=False)
    path.write_text(text + "\n", encoding="utf-8")
    return path
