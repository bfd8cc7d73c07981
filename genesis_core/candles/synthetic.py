"""The embedded data set: candles made by integer arithmetic alone, the same bits everywhere, for ever.

Each bar draws from a counter-based generator (splitmix64), so bar t depends on the bars before it and on
nothing else: a longer series continues a shorter one. The price is a random walk
in 1/1024 dollars: its drift comes from regimes, its volatility clusters, and an anchor pulls it softly.
"""

from __future__ import annotations

import hashlib
import operator
from collections.abc import Iterator
from dataclasses import dataclass
from typing import SupportsIndex

import numpy as np
import numpy.typing as npt

from genesis_core.candles.columns import Columns
from genesis_core.candles.series import Candles
from genesis_core.candles.timeframe import Timeframe
from genesis_core.candles.timestamps import END_SECOND
from genesis_core.candles.validate import check_symbol
from genesis_core.errors import CandleError

_START = 1_577_836_800_000  # 2020-01-01 00:00 UTC
_CHUNK = 65_536  # bars drawn at a time: bounds memory, changes nothing

_DOLLAR = 1_024  # price units in a dollar
_ANCHOR = 20_000 * _DOLLAR
_FLOOR, _CEILING = (
    500 * _DOLLAR,
    1_000_000 * _DOLLAR,
)  # never reached in practice; they make positivity certain
_PULL = 400  # ppm a bar, times (anchor - price)/(anchor + price)
_BELL = 37_837  # standard deviation of the sum of four 16-bit draws
# Per regime: drift and long-run volatility, in ppm a bar.
_REGIMES = ((450, 6_000), (-450, 8_000), (0, 3_500))
_CALMEST, _WILDEST = 2_000, 16_000


@dataclass
class _Market:
    """What a bar hands on to the next one."""

    price: int = _ANCHOR
    volatility: int = 5_000
    regime: int = 2
    regime_left: int = 0
    spell_left: int = 0
    spell_trades: bool = True


_Bar = tuple[int, int, int, int, int]


def synthetic(
    symbol: str = "tBTCUSD",
    timeframe: str = "1h",
    bars: SupportsIndex = 10_000,
    seed: SupportsIndex = 0,
) -> Candles:
    """Make the embedded data set: plausible candles without gaps, from 2020-01-01 on.

    There are bull, bear and ranging regimes, clustered volatility, whole-dollar prices, closes that repeat
    (now and then for 20 bars and more) and runs of bars without volume.

    Parameters
    ----------
    symbol, timeframe : str
        Each pair has a series of its own.
    bars : int
        How many candles, at least 1. Fewer bars are the first ones of more.
    seed : int
        At least 0; each seed has a series of its own.

    Returns
    -------
    Candles
        With the same fingerprint on every platform and version of Python and NumPy.

    Raises
    ------
    CandleError
        For a bad symbol, an unknown timeframe, `bars` or `seed` out of range, or more bars than fit
        before the year 2262.
    """
    frame = Timeframe.parse(timeframe)
    check_symbol(symbol)
    count, number = _whole(bars, "bars", 1), _whole(seed, "seed", 0)
    start = _START + (frame.origin - _START) % frame.ms
    most = (END_SECOND * 1_000 - start) // frame.ms
    if count > most:
        raise CandleError(f"bars={count:,} of {frame.name} would pass the year 2262; at most {most:,} fit")
    timestamp = start + frame.ms * np.arange(count, dtype=np.int64)
    values = np.empty((5, count), dtype=np.int64)
    market = _Market()
    for first in range(0, count, _CHUNK):
        last = min(first + _CHUNK, count)
        draws = _draws(_key(symbol, frame.name, number), first, last)
        values[:, first:last] = np.array(list(_bars(market, draws)), dtype=np.int64).T
    # Every value is an integer below 2**53: the conversion is exact.
    columns = Columns(timestamp, *(column.astype(np.float64) for column in values))
    return Candles.from_arrays(**columns._asdict(), symbol=symbol, timeframe=timeframe)


def _whole(value: SupportsIndex, name: str, least: int) -> int:
    if isinstance(value, bool) or not hasattr(value, "__index__") or operator.index(value) < least:
        raise CandleError(f"{name}={value!r} must be a whole number of at least {least}")
    return operator.index(value)


def _key(symbol: str, timeframe: str, seed: int) -> int:
    text = f"genesis synthetic 1\n{symbol}\n{timeframe}\n{seed}".encode()
    return int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "little")


def _draws(key: int, first: int, last: int) -> npt.NDArray[np.int64]:
    """Draw 12 fields of 16 bits for each bar: int64, shape (last - first, 12), 0..65535."""
    golden = 0x9E3779B97F4A7C15
    origin = (key + (3 * first + 1) * golden) % 2**64
    words = np.arange(3 * (last - first), dtype=np.uint64) * np.uint64(golden) + np.uint64(origin)
    words = (words ^ (words >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    words = (words ^ (words >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    words ^= words >> np.uint64(31)
    shifts = np.array([0, 16, 32, 48], dtype=np.uint64)
    fields = (words[:, np.newaxis] >> shifts) & np.uint64(0xFFFF)
    table: npt.NDArray[np.int64] = fields.astype(np.int64).reshape(last - first, 12)
    return table


def _bars(market: _Market, draws: npt.NDArray[np.int64]) -> Iterator[_Bar]:
    for a, b, c, d, opening, up, up2, down, down2, turnover, event, length in draws.tolist():
        _enter_regime(market, event, length)
        before = (market.price + _DOLLAR // 2) // _DOLLAR
        _enter_spell(market, event, length)
        if market.spell_left:
            market.spell_left -= 1
            move = 0
            if not market.spell_trades:
                yield before, before, before, before, 0
                continue
        else:
            move = _move(market, a + b + c + d - 131_070)
        close = (market.price + _DOLLAR // 2) // _DOLLAR
        reach = market.volatility * close  # one standard deviation of a bar, in ppm of a dollar
        first = before + reach * (opening - 32_768) // (10 * 32_768 * 1_000_000)
        high = max(first, close) + reach * up * up2 // (1_000_000 << 32)
        low = min(first, close) - reach * down * down2 // (1_000_000 << 32)
        yield first, high, low, close, (200_000 + 400 * abs(move)) * (16_384 + turnover) // 65_536


def _enter_regime(market: _Market, event: int, length: int) -> None:
    if market.regime_left == 0:
        market.regime = event % 3
        market.regime_left = 150 + length % 700
    market.regime_left -= 1


def _enter_spell(market: _Market, event: int, length: int) -> None:
    """Now and then the close stands still: for one bar, or a longer spell, with trades or without."""
    if market.spell_left:
        return
    if event < 4_096:
        market.spell_left, market.spell_trades = 1, event >= 256
    elif event < 4_096 + 160:
        market.spell_left, market.spell_trades = 3 + length % 33, event % 2 == 0


def _move(market: _Market, bell: int) -> int:
    """Move the price by one bar's return, which is given back in ppm."""
    drift, calm = _REGIMES[market.regime]
    pull = _PULL * (_ANCHOR - market.price) // (_ANCHOR + market.price)
    move = market.volatility * bell // _BELL
    market.price += market.price * (move + drift + pull) // 1_000_000
    market.price = min(max(market.price, _FLOOR), _CEILING)
    # A large move makes the next ones larger: 5% of its size (whose mean is 0.8 standard deviations) stays.
    cluster = (920 * market.volatility + 30 * calm + 62 * abs(move)) // 1_000
    market.volatility = min(max(cluster, _CALMEST), _WILDEST)
    return move
