"""Writing candle files so that neither a crash nor a power cut leaves half of one."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from genesis_core.candles import Candles
from genesis_core.candles.files import write_atomically
from genesis_core.data.files import kind_of, read
from genesis_core.errors import CandleError


def store(path: str | os.PathLike[str], candles: Candles) -> None:
    """Write candles as the kind of file that the name says; what was written is read back first.

    Parameters
    ----------
    path : path-like
        Ends in ``.csv`` or ``.parquet``; an existing file is replaced, at once and whole.
    candles : Candles
        What to write.

    Raises
    ------
    CandleError
        If the suffix is another, pyarrow is missing, or the file cannot be written; the old one then stands.
    """
    kind = kind_of(path)
    with tempfile.TemporaryDirectory() as folder:
        draft = Path(folder) / f"candles.{kind}"
        (candles.to_csv if kind == "csv" else candles.to_parquet)(draft)
        again = read(draft, symbol=candles.symbol, timeframe=candles.timeframe, gaps="keep")
        if again.fingerprint != candles.fingerprint:
            raise CandleError(
                f"{os.fspath(path)}: not written, because the candles do not come back from a {kind} file "
                f"as they were ({candles.fingerprint} became {again.fingerprint})"
            )
        store_bytes(path, draft.read_bytes())


def store_bytes(path: str | os.PathLike[str], data: bytes) -> None:
    """Write a file so that it is the old one or the new one, whatever stops the machine.

    Parameters
    ----------
    path : path-like
        The file; an existing one is replaced.
    data : bytes
        Its content.

    Raises
    ------
    CandleError
        If it cannot be written.
    """
    write_atomically(path, lambda file: file.write(data))
