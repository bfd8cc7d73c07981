"""Higher timeframes, causally: a higher candle exists once it has closed, and not before."""

from __future__ import annotations

import numpy as np

from genesis_core.candles.columns import Columns
from genesis_core.candles.timeframe import Timeframe
from genesis_core.errors import CandleError


def fits(base: Timeframe, target: Timeframe) -> bool:
    """Say whether each candle of `target` is made of whole candles of `base`, of at least two."""
    return target.ms > base.ms and target.ms % base.ms == 0 and (target.origin - base.origin) % base.ms == 0


def resample(columns: Columns, base: Timeframe, target: Timeframe) -> Columns:
    """Join candles into those of a longer timeframe, on its UTC boundaries.

    Parameters
    ----------
    columns : Columns
        Valid candles, possibly with gaps.
    base : Timeframe
        Theirs.
    target : Timeframe
        A whole multiple of it.

    Returns
    -------
    Columns
        Each candle from the inner ones that exist. The first is left out when the series does not start on
        its boundary, the last when it has not closed by the end of the series' last candle.

    Raises
    ------
    CandleError
        If `target` is not a multiple of `base`, or no candle results.
    """
    if target.ms <= base.ms or target.ms % base.ms:
        raise CandleError(
            f"cannot resample {base.name} to {target.name}: the target must be "
            f"longer, and a whole multiple of {base.name}"
        )
    if (target.origin - base.origin) % base.ms:
        raise CandleError(
            f"cannot resample {base.name} to {target.name}: weeks open on Mondays, and "
            f"a candle of {base.name} would belong to two of them"
        )
    timestamp = columns.timestamp
    opens = timestamp - (timestamp - target.origin) % target.ms
    starts = np.flatnonzero(np.concatenate(([True], opens[1:] != opens[:-1])))
    ends = np.append(starts[1:], len(timestamp))
    first = int(timestamp[0] != opens[0])
    last = len(starts) - int(opens[-1] + target.ms > timestamp[-1] + base.ms)
    starts, ends = starts[first:last], ends[first:last]
    if not len(starts):
        raise CandleError(
            f"no {target.name} candle is complete within these {len(timestamp):,} of {base.name}; "
            "load more candles"
        )
    # reduceat runs from each start to the next one; cutting the columns ends the last at its own end.
    high = np.maximum.reduceat(columns.high[: ends[-1]], starts)
    low = np.minimum.reduceat(columns.low[: ends[-1]], starts)
    volume = _sums(columns.volume.tolist(), starts.tolist(), ends.tolist())
    if not np.isfinite(volume).all():
        raise CandleError(f"the volume of a {target.name} candle is too large for a float64")
    return Columns(opens[starts], columns.open[starts], high, low, columns.close[ends - 1], volume)


def _sums(
    values: list[float], starts: list[int], ends: list[int]
) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    # From left to right, as a loop over the candles would: np.sum adds in pairs, whose bits differ.
    totals = []
    for start, end in zip(starts, ends, strict=True):
        total = values[start]
        for value in values[start + 1 : end]:
            total += value
        totals.append(total)
    return np.array(totals, dtype=np.float64)
