"""A candle that arrives alone, held to the rules of a series."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeGuard

import numpy as np

from genesis_core.candles import Candle
from genesis_core.candles.columns import NAMES, NUMBERS, Columns, Source, float_column
from genesis_core.candles.repair import repair
from genesis_core.candles.timeframe import Timeframe
from genesis_core.candles.timestamps import END_SECOND, epoch_ms
from genesis_core.candles.validate import LARGEST, SMALLEST, check_candles, check_order
from genesis_core.errors import CandleError


def arriving(
    candle: Candle | None,
    values: Mapping[str, object],
    before: Candle | None,
    bar: int,
    timeframe: Timeframe,
    gaps: str,
    name: str = "candle",
) -> Candle:
    """Return the next candle of a stream as plain numbers.

    Parameters
    ----------
    candle, values
        The candle, or its six values by name.
    before : Candle or None
        The last one; None at the first.
    bar : int
        Its number.
    timeframe : Timeframe
        The grid.
    gaps : str
        ``error`` or ``keep``.
    name : str
        What messages call it.

    Raises
    ------
    CandleError
        If :class:`~genesis_core.Candles` would not take it behind `before`.
    """
    if not values and _plainly_follows(candle, before, timeframe):
        return candle
    given = _given(candle, values)
    source = Source(name, "bar", [bar])
    floats = {name: float_column([given[name]], name, source) for name in NUMBERS}
    columns = Columns(epoch_ms([given["timestamp"]], source), **floats)
    check_candles(columns, timeframe, source)
    checked = Candle(columns.timestamp.item(0), *(column.item(0) for column in columns.numbers()))
    check_follows(checked, before, bar, timeframe, gaps, name)
    return checked


def check_follows(
    candle: Candle, before: Candle | None, bar: int, timeframe: Timeframe, gaps: str, name: str = "candle"
) -> None:
    """Check that a valid candle follows the one before it.

    Raises
    ------
    CandleError
        For an earlier candle, the same time again, or a gap that is not to be kept.
    """
    if before is None or candle.timestamp - before.timestamp == timeframe.ms:
        return
    source = Source(name, "bar", [bar - 1, bar])
    times, *numbers = (np.array(pair) for pair in zip(before, candle, strict=True))
    columns = Columns(times, *numbers)
    check_order(columns.timestamp, source)
    repair(columns, timeframe, source, duplicates="error", gaps=gaps)


def live_sources(candle: Candle, before: Candle | None, timeframe_ms: int) -> list[float]:
    """Return a candle's values in the order of the graph's slots, as a series has them in its columns.

    Parameters
    ----------
    candle, before : Candle
        A candle and the one before it; None at the first one.
    timeframe_ms : int
        The timeframe's length.
    """
    opened = float(candle.timestamp)
    elapsed = 1.0 if before is None else float((candle.timestamp - before.timestamp) // timeframe_ms)
    return [*candle[1:], elapsed, opened, opened + float(timeframe_ms)]


def _plainly_follows(candle: object, before: Candle | None, timeframe: Timeframe) -> TypeGuard[Candle]:
    """Say yes at once to what the checks of a series, which take ten times as long, would leave as it is."""
    return (
        type(candle) is Candle
        and before is not None
        and type(candle.timestamp) is int
        and candle.timestamp - before.timestamp == timeframe.ms
        and candle.timestamp < 1000 * END_SECOND
        and type(candle.open) is type(candle.high) is type(candle.low) is type(candle.close) is float
        and type(candle.volume) is float
        and SMALLEST <= candle.low <= candle.open <= candle.high <= LARGEST
        and candle.low <= candle.close <= candle.high
        and (candle.volume == 0.0 or SMALLEST <= candle.volume <= LARGEST)
    )


def _given(candle: Candle | None, values: Mapping[str, object]) -> Mapping[str, object]:
    """Return the values of a candle by name, whichever way it was given."""
    if candle is None:
        odd = [name for name in (*NAMES, *values) if (name in values) != (name in NAMES)]
        if odd:
            what = "is missing" if odd[0] in NAMES else "is not a value of a candle"
            raise CandleError(f"candle: {odd[0]!r} {what}; needed: {', '.join(NAMES)}")
        return values
    if not isinstance(candle, Candle):
        raise CandleError(f"candle is a {type(candle).__name__}; give a Candle, or its values as keywords")
    if values:
        raise CandleError(f"candle: a Candle and the keyword {next(iter(values))!r}; give one of the two")
    return candle._asdict()
