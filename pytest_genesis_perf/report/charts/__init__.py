"""Charts as SVG and PNG, the same bytes for the same report; matplotlib is imported when one is drawn."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pytest_genesis_perf.record import Comparison
    from pytest_genesis_perf.report.model import Report

Draw = Callable[["Sequence[Comparison]"], Any]


def write(folder: Path, report: Report) -> list[Path]:
    """Draw all charts that a report has something for, and return their paths.

    Parameters
    ----------
    folder : Path
        An existing folder. Charts of an earlier run that this one has nothing for are removed.
    report : Report
        The run.

    Raises
    ------
    OSError
        If a file cannot be written.
    """
    from pytest_genesis_perf.report.charts import blocks, costs, drawing, speedup

    records = report.comparisons
    measured = [record for record in records if record.blocks]
    shown: list[tuple[str, Sequence[Comparison], Draw]] = [
        (speedup.STEM, records, speedup.draw),
        (blocks.STEM, measured, blocks.draw),
    ]
    shown += [
        (kind.stem, costs.counted(records, kind), kind.draw) for kind in (costs.MEMORY, costs.INSTRUCTIONS)
    ]
    paths = []
    for stem, some, draw in shown:
        if some:
            paths += drawing.save(folder, stem, partial(draw, some))
        else:
            drawing.remove(folder, stem)
    return paths
