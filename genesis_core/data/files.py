"""Candle files by name: ``{symbol}_{timeframe}.csv`` or ``.parquet``, found in a folder and read."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from difflib import SequenceMatcher
from pathlib import Path

from genesis_core.candles import Candles
from genesis_core.candles.timeframe import Timeframe
from genesis_core.candles.validate import check_symbol
from genesis_core.errors import CandleError

_NAME = re.compile(r"(?P<symbol>.+)_(?P<timeframe>[^_.]+)\.(?:csv|parquet)", re.IGNORECASE)
_MOST_NAMED = 8


@dataclass(frozen=True)
class CandleFile:
    """A file whose name says what it holds.

    Attributes
    ----------
    path : Path
        Where it is.
    symbol : str
        Such as ``"tBTCUSD"``.
    timeframe : str
        Canonical, such as ``"1h"`` (also of a file that says ``60m``).
    """

    path: Path
    symbol: str
    timeframe: str


def kind_of(path: str | os.PathLike[str]) -> str:
    """Tell a file's kind by its suffix.

    Parameters
    ----------
    path : path-like
        It need not exist.

    Returns
    -------
    {"csv", "parquet"}

    Raises
    ------
    CandleError
        For any other suffix.
    """
    kind = Path(path).suffix.lower().removeprefix(".")
    if kind not in ("csv", "parquet"):
        raise CandleError(f"{os.fspath(path)}: the name must end in .csv or .parquet")
    return kind


def named(path: str | os.PathLike[str]) -> CandleFile | None:
    """Read symbol and timeframe from a file's name.

    Parameters
    ----------
    path : path-like
        It need not exist.

    Returns
    -------
    CandleFile or None
        None if the name is of another form.
    """
    match = _NAME.fullmatch(Path(path).name)
    if match is None:
        return None
    try:
        return CandleFile(Path(path), match["symbol"], Timeframe.parse(match["timeframe"]).name)
    except CandleError:  # what stands behind the last underscore is something else
        return None


def inventory(data_dir: str | os.PathLike[str]) -> tuple[CandleFile, ...]:
    """List the candle files of a folder.

    Parameters
    ----------
    data_dir : path-like
        The folder; folders inside it are not searched.

    Returns
    -------
    tuple of CandleFile
        In order of their names.

    Raises
    ------
    CandleError
        If the folder cannot be read.
    """
    try:
        paths = sorted(path for path in Path(data_dir).iterdir() if path.is_file())
    except OSError as error:
        raise CandleError(f"{os.fspath(data_dir)}: cannot be read: {error.strerror}") from None
    return tuple(found for found in map(named, paths) if found is not None)


def locate(data_dir: str | os.PathLike[str], symbol: str, timeframe: str) -> Path:
    """Find the file of a symbol and timeframe.

    Parameters
    ----------
    data_dir : path-like
        The folder.
    symbol : str
        Such as ``"tBTCUSD"``.
    timeframe : str
        Such as ``"1h"``; a file may write the same timeframe in another way (``60m``).

    Returns
    -------
    Path
        ``data_dir/{symbol}_{timeframe}.csv`` or ``.parquet``.

    Raises
    ------
    CandleError
        If there is none (the message lists what there is, nearest first), or more than one.
    """
    check_symbol(symbol)
    wanted = Timeframe.parse(timeframe).name
    files = inventory(data_dir)
    found = [file.path for file in files if (file.symbol, file.timeframe) == (symbol, wanted)]
    if len(found) > 1:
        names = " and ".join(path.name for path in found)
        raise CandleError(f"{os.fspath(data_dir)}: {names} both hold {symbol} {wanted}; keep one of them")
    if not found:
        raise CandleError(
            f"{os.fspath(data_dir)}: no {symbol}_{wanted}.csv and no {symbol}_{wanted}.parquet; "
            f"{_holdings(files, symbol, wanted)}"
        )
    return found[0]


def read(
    path: str | os.PathLike[str],
    *,
    symbol: str,
    timeframe: str,
    gaps: str = "error",
    duplicates: str = "error",
) -> Candles:
    """Read a candle file of either kind.

    Parameters
    ----------
    path : path-like
        Ends in ``.csv`` or ``.parquet``.
    symbol, timeframe : str
        Of the candles.
    gaps : {"error", "keep", "fill"}
        What to do where candles are missing.
    duplicates : {"error", "first", "last"}
        What to do where a timestamp stands more than once.

    Returns
    -------
    Candles

    Raises
    ------
    CandleError
        If the suffix is another, the file cannot be read, or for the first fault.
    """
    reader = Candles.from_csv if kind_of(path) == "csv" else Candles.from_parquet
    return reader(path, symbol=symbol, timeframe=timeframe, gaps=gaps, duplicates=duplicates)


def symbol_and_timeframe(
    path: str | os.PathLike[str], symbol: str | None, timeframe: str | None
) -> tuple[str, str]:
    """Complete what the caller left out from the file's name.

    Parameters
    ----------
    path : path-like
        The file.
    symbol, timeframe : str, optional
        What the caller said.

    Returns
    -------
    tuple of str
        Symbol and canonical timeframe.

    Raises
    ------
    CandleError
        If something is left out that the name does not say either, or there is no file of such a name.
    """
    found = named(path)
    if found is None and (symbol is None or timeframe is None):
        if not os.path.exists(path):
            raise CandleError(f"{os.fspath(path)}: cannot be read: No such file or directory")
        missing = " and ".join(
            key for key, value in (("symbol", symbol), ("timeframe", timeframe)) if value is None
        )
        raise CandleError(
            f"{os.fspath(path)}: the name is not of the form SYMBOL_TIMEFRAME.csv or .parquet; give {missing}"
        )
    if symbol is None:
        assert found is not None
        symbol = found.symbol
    if timeframe is None:
        assert found is not None
        timeframe = found.timeframe
    check_symbol(symbol)
    return symbol, Timeframe.parse(timeframe).name


def _holdings(files: tuple[CandleFile, ...], symbol: str, timeframe: str) -> str:
    if not files:
        return "it holds no candle files (SYMBOL_TIMEFRAME.csv or .parquet)"

    def far(file: CandleFile) -> tuple[float, bool, str]:
        alike = SequenceMatcher(None, symbol.lower(), file.symbol.lower()).ratio()
        return -alike, file.timeframe != timeframe, file.path.name

    # A pair of files of one content is one thing to choose.
    names = list(dict.fromkeys(f"{file.symbol} {file.timeframe}" for file in sorted(files, key=far)))
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    return f"it holds {', '.join(names[:_MOST_NAMED])}{more}"
