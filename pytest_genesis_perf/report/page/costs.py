"""The page's tables of costs besides time, where any were counted."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from html import escape
from typing import TYPE_CHECKING

from pytest_genesis_perf.notation import grouped, size
from pytest_genesis_perf.report import text
from pytest_genesis_perf.report.charts.costs import INSTRUCTIONS, MEMORY, Kind, counted
from pytest_genesis_perf.report.charts.limits import with_room
from pytest_genesis_perf.report.page import drawings

if TYPE_CHECKING:
    from pytest_genesis_perf.report.model import Report


def costs(report: Report) -> str:
    """Return a table for each kind of cost that was counted, empty if none was."""
    return _table(report, MEMORY, size) + _table(report, INSTRUCTIONS, grouped)


def _table(report: Report, kind: Kind, named: Callable[[int], str]) -> str:
    records = counted(report.comparisons, kind)
    if not records:
        return ""
    rows = [(kind.now(record) or {}, kind.before(record)) for record in records]
    shown = [
        _count(counts, role) for now, before in rows for counts in (now, before or now) for role in _ROLES
    ]
    axis = drawings.LogAxis(*with_room([max(count, 1) for count in shown], 1.05))
    body = "".join(
        _row(name, now, before, axis, named)
        for name, (now, before) in zip(text.short_names(records), rows, strict=True)
    )
    return f"""<section>
<h2>{kind.heading}</h2>
<div class="scroll">
<table role="table">
<caption class="quiet">{kind.heading} of each arm; log scale, left is less.</caption>
<thead role="rowgroup"><tr role="row">{_HEAD}</tr></thead>
<tbody role="rowgroup">
{body}</tbody>
</table>
</div>
{_LEGEND}
</section>
"""


_ROLES = ("baseline", "optimized")
_HEAD = "".join(
    f'<th role="columnheader" scope="col" class="{kind}">{title}</th>'
    for title, kind in (
        ("comparison", "name"),
        ("baseline", "number"),
        ("optimized", "number"),
        ("stored, optimized", "number wide"),
        ("", "drawing"),
    )
)
_LEGEND = """<p class="legend"><svg aria-hidden="true" viewBox="0 0 14 16" width="14" height="16">
<circle class="before" cx="7" cy="8" r="4"/></svg> baseline arm
<svg aria-hidden="true" viewBox="0 0 14 16" width="14" height="16"><circle class="median" cx="7" cy="8" r="4"/></svg>
optimized arm <svg aria-hidden="true" viewBox="0 0 10 16" width="10" height="16">
<path class="stored" d="M5 1v14"/></svg> stored, optimized arm</p>"""


def _row(
    name: str,
    now: Mapping[str, int | str],
    before: Mapping[str, int | str] | None,
    axis: drawings.LogAxis,
    named: Callable[[int], str],
) -> str:
    baseline, optimized = _count(now, "baseline"), _count(now, "optimized")
    stored = None if before is None else _count(before, "optimized")
    return (
        f'<tr role="row"><th role="rowheader" scope="row" class="name">{escape(name)}</th>'
        f'<td role="cell" class="number">{named(baseline)}</td>'
        f'<td role="cell" class="number">{named(optimized)}</td>'
        f'<td role="cell" class="number wide">{"-" if stored is None else named(stored)}</td>'
        f'<td role="cell" class="drawing">{drawings.pair(axis, (baseline, optimized), stored)}</td></tr>\n'
    )


def _count(counts: Mapping[str, int | str], role: str) -> int:
    return int(counts[role])
