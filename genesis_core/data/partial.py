"""What an unfinished download has stored: one small candle file a page, in a folder beside the target."""

from __future__ import annotations

import contextlib
import re
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from genesis_core.candles.columns import Columns
from genesis_core.candles.csv_file import read_csv, write_csv
from genesis_core.data.storage import store_bytes
from genesis_core.errors import CandleError

Span = tuple[int, int]
"""From the first to the second time, which is outside; epoch ms."""


@dataclass(frozen=True)
class Page:
    """All candles that the exchange has within a span of time; there may be none.

    Attributes
    ----------
    start, until : int
        The span, epoch ms; `until` is outside.
    path : Path
        The file that holds them.
    """

    start: int
    until: int
    path: Path


class Partial:
    """The pages of one download; each is stored whole or not at all, and under a name that says what it is.

    Parameters
    ----------
    target : Path
        The file that is being fetched.
    symbol, timeframe : str
        Of its candles.

    Attributes
    ----------
    folder : Path
        ``{target}.partial``; it exists while there are pages.
    """

    def __init__(self, target: Path, symbol: str, timeframe: str) -> None:
        self.folder = target.with_name(f"{target.name}.partial")
        self._name = f"{symbol}_{timeframe}".replace(
            ":", "-"
        )  # a colon is no letter of a file name everywhere
        self._form = re.compile(re.escape(self._name) + r"_([0-9]+)_([0-9]+)\.csv", re.ASCII)

    def pages(self) -> list[Page]:
        """List the pages stored so far, in order of time.

        Returns
        -------
        list of Page

        Raises
        ------
        CandleError
            If the folder cannot be read, or holds pages of another download.
        """
        found = []
        for path in self._files():
            match = self._form.fullmatch(path.name)
            if match is None:
                raise CandleError(
                    f"{self.folder}: {path.name} is not of this download ({self._name}); finish or remove "
                    "the other one first"
                )
            found.append(Page(int(match[1]), int(match[2]), path))
        return sorted(found, key=lambda page: (page.start, page.until))

    def add(self, start: int, until: int, columns: Columns) -> Page:
        """Store a page.

        Parameters
        ----------
        start, until : int
            The span it covers, epoch ms.
        columns : Columns
            Its candles, none or more.

        Returns
        -------
        Page

        Raises
        ------
        CandleError
            If it cannot be written.
        """
        try:
            self.folder.mkdir(exist_ok=True)
        except OSError as error:
            raise CandleError(f"{self.folder}: cannot be written: {error.strerror}") from None
        page = Page(start, until, self.folder / f"{self._name}_{start}_{until}.csv")
        with tempfile.TemporaryDirectory() as folder:
            draft = Path(folder) / "page.csv"
            write_csv(draft, columns)
            store_bytes(page.path, draft.read_bytes())
        return page

    def discard(self) -> None:
        """Remove the pages, and the folder if nothing else is in it."""
        for path in [*self._files(), *self.folder.glob(".*.tmp")]:
            path.unlink(missing_ok=True)
        with contextlib.suppress(OSError):  # it is not there, or holds something of the user's
            self.folder.rmdir()

    def _files(self) -> list[Path]:
        try:
            return [path for path in self.folder.iterdir() if path.suffix == ".csv"]
        except FileNotFoundError:
            return []
        except OSError as error:
            raise CandleError(f"{self.folder}: cannot be read: {error.strerror}") from None


def read_page(page: Page) -> Columns:
    """Read a stored page.

    Parameters
    ----------
    page : Page
        One that was stored.

    Returns
    -------
    Columns
        None or more rows.

    Raises
    ------
    CandleError
        If it is gone or damaged.
    """
    columns, source = read_csv(page.path)
    outside = (columns.timestamp < page.start) | (columns.timestamp >= page.until)
    if outside.any():
        raise source.error(int(outside.argmax()), "the candle is outside the span that the file's name says")
    return columns


def missing(span: Span, covered: Sequence[Span]) -> list[Span]:
    """Subtract spans of time from one.

    Parameters
    ----------
    span : Span
        What is wanted.
    covered : sequence of Span
        What is there, in any order; they may overlap.

    Returns
    -------
    list of Span
        What is left, in order; none is empty.
    """
    left = []
    at, end = span
    for start, until in sorted(covered):
        if start >= end:
            break
        if start > at:
            left.append((at, start))
        at = max(at, until)
    if at < end:
        left.append((at, end))
    return left
