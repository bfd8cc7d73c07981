"""A table of aligned text columns that fits the terminal: names shrink first, then columns go."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

GAP = "  "
SHORTEST_NAME = 24
"""A shrinking column is not cut below this before less important columns are dropped."""


@dataclass(frozen=True)
class Column:
    """One column.

    Parameters
    ----------
    title : str
        Its head.
    cells : sequence of str
        A text a row.
    right : bool
        Align to the right.
    shrink : bool
        May be shortened in the middle.
    drop : int
        When the table is too wide, the lowest is dropped first; 0 is never dropped.
    """

    title: str
    cells: Sequence[str]
    right: bool = False
    shrink: bool = False
    drop: int = 0

    @property
    def width(self) -> int:
        """Widest cell or title."""
        return max(map(len, [self.title, *self.cells]))


def layout(columns: Sequence[Column], width: int) -> list[str]:
    """Return the lines of a table, its head first.

    Parameters
    ----------
    columns : sequence of Column
        All with the same number of cells.
    width : int
        Characters of a line. Columns that say nothing are left out. A terminal too narrow even for what
        must stay gets longer lines rather than a wrong table.
    """
    shown = [column for column in columns if column.shrink or any(c not in ("", "-") for c in column.cells)]
    while _needed(shown, SHORTEST_NAME) > width and any(column.drop for column in shown):
        shown.remove(min((column for column in shown if column.drop), key=lambda column: column.drop))
    spare = width - _needed(shown, 0)
    widths = [min(c.width, max(spare, SHORTEST_NAME)) if c.shrink else c.width for c in shown]
    rows = [[column.title for column in shown], *zip(*(column.cells for column in shown), strict=True)]
    return [
        GAP.join(
            _cell(text, column, size) for text, column, size in zip(row, shown, widths, strict=True)
        ).rstrip()
        for row in rows
    ]


def shorten(text: str, width: int) -> str:
    """Cut a text in the middle to at most `width` characters: both ends of a node id tell something."""
    if len(text) <= width:
        return text
    if width <= 3:
        return text[:width]
    tail = (width - 3) * 2 // 3
    return f"{text[: width - 3 - tail]}...{text[len(text) - tail :]}"


def _needed(columns: Sequence[Column], name: int) -> int:
    sizes = [min(column.width, name) if column.shrink else column.width for column in columns]
    return sum(sizes) + len(GAP) * (len(columns) - 1)


def _cell(text: str, column: Column, width: int) -> str:
    text = shorten(text, width)
    return text.rjust(width) if column.right else text.ljust(width)
