"""Every trial of a study as a row of a table, for whatever else a person wants to do with them."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from genesis_core.optimize.record import Record

BEFORE = ("number", "status", "feasible", "score")
AFTER = ("reasons", "error", "attempts", "seconds", "summary_digest", "identity")


def table_of(records: Sequence[Record]) -> bytes:
    """Return trials as CSV: a column for each metric and, under its dotted name, each parameter.

    Parameters
    ----------
    records : sequence of Record
        In the order of the rows.

    Returns
    -------
    bytes
        UTF-8. Floats in the shortest form that reads back as the same bits; lists as JSON; empty what is not defined.
    """
    from genesis_core.optimize.objective import METRICS

    parameters = sorted({name for record in records for name in record.parameters})
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow([*BEFORE, *METRICS, *parameters, *AFTER])
    for record in records:
        metrics = record.metrics or {}
        values = [getattr(record, name) for name in BEFORE]
        values += [metrics.get(name) for name in METRICS]
        values += [record.parameters.get(name) for name in parameters]
        values += ["; ".join(record.reasons), *(getattr(record, name) for name in AFTER[1:])]
        rows.writerow([_cell(value) for value in values])
    return text.getvalue().encode()


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, (bool, list)):
        return json.dumps(value)
    return repr(value) if isinstance(value, float) else str(value)
