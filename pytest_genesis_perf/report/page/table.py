"""The page's table: a row a comparison, and below it, when opened, all that is known of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from pytest_genesis_perf import record_text
from pytest_genesis_perf.notation import seconds
from pytest_genesis_perf.record import VERDICTS, Comparison
from pytest_genesis_perf.report import text, words
from pytest_genesis_perf.report.charts.limits import speedup_limits
from pytest_genesis_perf.report.facts import facts
from pytest_genesis_perf.report.page import drawings

if TYPE_CHECKING:
    from pytest_genesis_perf.report.model import Report

SYMBOLS: Mapping[str, str] = MappingProxyType(
    {
        "ERROR": "\u2716",
        "DIFFERENT": "\u2260",
        "REGRESSED": "\u25bc",
        "MISSED": "\u25bd",
        "INCONCLUSIVE": "\u25c6",
        "NO-BASELINE": "\u25a0",
        "IMPROVED": "\u25b2",
        "PASS": "\u25cf",
    }
)
"""Verdicts differ in shape and word; colour repeats them."""


class _Cell(NamedTuple):
    """One cell: what stands in it, and what its column is sorted by (None where a row has nothing)."""

    content: str
    sort: float | str | None


class _Column(NamedTuple):
    """Title, class, and whether the smallest comes first when it is sorted for the first time."""

    title: str
    kind: str
    rising: bool = True


_COLUMNS = (
    _Column("verdict", "verdict"),
    _Column("comparison", "name"),
    _Column("identical", "identical"),
    _Column("speedup", "number speedup"),
    _Column("", "drawing"),
    _Column("stored", "number wide"),
    _Column("baseline", "number wide", rising=False),
    _Column("optimized", "number wide", rising=False),
)


def table(report: Report) -> str:
    """Return the table.

    Parameters
    ----------
    report : Report
        The run; its comparisons are shown in their order.
    """
    records = report.comparisons
    axis = drawings.LogAxis(*speedup_limits(records))
    timed = any(record.timed for record in records)
    extra = text.extra_columns(records)
    columns = (*_COLUMNS, *(_Column(escape(title), "wide") for title in extra))
    rows = [
        [
            *_cells(record, name, axis),
            *(_Cell(escape(cells[number]), cells[number]) for cells in extra.values()),
        ]
        for number, (record, name) in enumerate(zip(records, _names(records), strict=True))
    ]
    used = [
        number
        for number, column in enumerate(columns)
        if column.kind in ("verdict", "name", "identical")
        or (timed and "speedup" in column.kind)
        or (column.kind == "drawing" and any(record.speedup is not None for record in records))
        or (column.title and any(row[number].sort is not None for row in rows))
    ]
    head = "".join(_head(columns[number], axis) for number in used)
    body = "".join(
        _row(number, record, [(columns[column], row[column]) for column in used], report.seed)
        for number, (record, row) in enumerate(zip(records, rows, strict=True))
    )
    return f"""<div class="scroll">
<table id="comparisons" role="table">
<caption class="quiet">Comparisons, worst first. A row opens what is known of it.
<span class="axis">{drawings.head(axis)}</span></caption>
<thead role="rowgroup"><tr role="row">{head}</tr></thead>
{body}</table>
</div>
{_LEGEND if timed else ""}"""


_LEGEND = """<p class="legend"><svg aria-hidden="true" viewBox="0 0 26 16" width="26" height="16">
<path class="interval" d="M2 8H24"/><circle class="median" cx="13" cy="8" r="4"/></svg> speedup with its interval
<svg aria-hidden="true" viewBox="0 0 10 16" width="10" height="16"><path class="claim" d="M5 2v12"/></svg> claimed
<svg aria-hidden="true" viewBox="0 0 10 16" width="10" height="16"><path class="stored" d="M5 1v14"/></svg> stored.
Log scale, right is faster.</p>"""


def _names(records: Sequence[Comparison]) -> list[str]:
    return text.short_names(records) if records else []


def _cells(record: Comparison, name: str, axis: drawings.LogAxis) -> list[_Cell]:
    told = record.seconds or {}
    verdict = (
        f'<span class="word {record.verdict.lower()}"><span aria-hidden="true">{SYMBOLS[record.verdict]}</span> '
        f"{record.verdict}</span>"
    )
    stored = record.stored[1] if record.stored is not None else None
    return [
        _Cell(verdict, VERDICTS.index(record.verdict)),
        _Cell(f'{escape(name)}</button> <span class="quiet">{escape(text.work(record))}</span>', name),
        _Cell(text.identical(record), text.identical(record)),
        _Cell(escape(record_text.speedup(record)), record.speedup),
        _Cell(drawings.bar(axis, record), record.speedup),
        _Cell(text.stored(record), stored),
        *(
            _Cell(seconds(told[role]) if role in told else "-", told.get(role))
            for role in ("baseline", "optimized")
        ),
    ]


def _head(column: _Column, axis: drawings.LogAxis) -> str:
    if not column.title:
        return f'<th role="columnheader" scope="col" class="{column.kind}">{drawings.head(axis)}</th>'
    order = "rising" if column.rising else "falling"
    return (
        f'<th role="columnheader" scope="col" class="{column.kind}"><button type="button" data-first="{order}">'
        f"{column.title}</button></th>"
    )


def _row(number: int, record: Comparison, cells: Sequence[tuple[_Column, _Cell]], seed: int) -> str:
    shown = "".join(_cell(number, column, cell) for column, cell in cells)
    name = escape(text.name(record))
    return (
        f'<tbody role="rowgroup" data-verdict="{record.verdict}" data-name="{name.lower()}">\n'
        f'<tr role="row">{shown}</tr>\n'
        f'<tr role="row" class="more" id="more{number}" hidden>'
        f'<td role="cell" colspan="{len(cells)}">{_more(record, seed)}</td></tr>\n</tbody>\n'
    )


def _cell(number: int, column: _Column, cell: _Cell) -> str:
    # Numbers with all their digits: what looks equal is still in order.
    sort = "" if cell.sort is None or not column.title else f' data-sort="{escape(str(cell.sort))}"'
    if column.kind == "name":
        return (
            f'<th role="rowheader" scope="row" class="name"{sort}>'
            f'<button type="button" aria-expanded="false" aria-controls="more{number}">{cell.content}</th>'
        )
    return f'<td role="cell" class="{column.kind}"{sort}>{cell.content}</td>'


def _more(record: Comparison, seed: int) -> str:
    first, _, rest = record.detail.partition("\n")
    parts = [f"<p>{escape(words.meaning(record.verdict, timed=record.timed))}</p>"]
    if first:
        parts.append(f"<p><strong>{record.verdict}</strong>: {escape(first)}</p>")
    if rest:
        parts.append(f"<pre>{escape(rest)}</pre>")
    if record.blocks:
        parts.append(
            f'<figure>{drawings.blocks(record)}<figcaption class="legend">{_BLOCKS}</figcaption></figure>'
        )
    facts = "".join(f"<dt>{escape(name)}</dt><dd>{escape(told)}</dd>" for name, told in _facts(record))
    again = escape(record_text.reproduce(record, seed))
    return (
        f"{''.join(parts)}<dl><dt>test</dt><dd>{escape(text.name(record))}</dd>{facts}</dl><pre>{again}</pre>"
    )


_BLOCKS = (
    "The speedup of each block in time order: line, median; band, its interval; dashed, the claim; dotted, stored "
    "(where near)."
)


def _facts(record: Comparison) -> list[tuple[str, str]]:
    own = [*record.extra.items(), *(("note", remark) for remark in record.remarks)]
    return [*facts(record), *own]
