"""Candle files from one kind to the other, bit for bit."""

from __future__ import annotations

import os
from pathlib import Path

from genesis_core.candles import Candles
from genesis_core.data.files import kind_of, read, symbol_and_timeframe
from genesis_core.data.storage import store
from genesis_core.errors import CandleError


def convert(
    source: str | os.PathLike[str],
    target: str | os.PathLike[str],
    symbol: str | None = None,
    timeframe: str | None = None,
    gaps: str = "error",
    duplicates: str = "error",
    *,
    force: bool = False,
) -> Candles:
    """Write a candle file as another kind of file: CSV or Parquet, as the suffixes say.

    Parameters
    ----------
    source : path-like
        The file to read.
    target : path-like
        The file to write.
    symbol, timeframe : str, optional
        Of the candles; without them, what the name of `source` says.
    gaps : {"error", "keep", "fill"}
        What to do where candles are missing.
    duplicates : {"error", "first", "last"}
        What to do where a timestamp stands more than once.
    force : bool
        Replace `target` if it exists.

    Returns
    -------
    Candles
        What `target` now holds; `repairs` says what was changed on the way.

    Raises
    ------
    CandleError
        If `target` exists and `force` is not set, if `source` has a fault, or if a file cannot be read or
        written.
    """
    kind_of(target)
    symbol, timeframe = symbol_and_timeframe(source, symbol, timeframe)
    if os.path.exists(target):
        if os.path.exists(source) and os.path.samefile(source, target):
            raise CandleError(f"{os.fspath(target)}: source and target are the same file")
        if not force:
            raise CandleError(f"{os.fspath(target)}: exists already; choose another name, or force=True")
    if not Path(target).parent.is_dir():
        raise CandleError(f"{os.fspath(target)}: cannot be written: {Path(target).parent} is no folder")
    candles = read(source, symbol=symbol, timeframe=timeframe, gaps=gaps, duplicates=duplicates)
    store(target, candles)
    return candles
