"""Swing points and fibonacci levels by definition: at each bar, look again at everything known by then."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tests.oracles.bars import Bars
from tests.oracles.indicators import atr

RATIOS = (0.382, 0.5, 0.618, 0.786)


@dataclass(frozen=True)
class Swing:
    """A swing high (`is_high`) or low of bar `bar`, at price `price`."""

    bar: int
    price: float
    is_high: bool


@dataclass(frozen=True)
class Leg:
    """The last accepted high and low as of some bar, each None before the first."""

    high: Swing | None
    low: Swing | None

    @property
    def exists(self) -> bool:
        """Whether levels can be drawn: both ends are there and the high is above the low."""
        return self.high is not None and self.low is not None and self.high.price > self.low.price

    @property
    def is_up(self) -> bool:
        """Whether the leg ends in its high; one bar that is both ends counts as up."""
        assert self.high is not None
        assert self.low is not None
        return self.high.bar >= self.low.bar

    @property
    def levels(self) -> tuple[float, ...]:
        """The retracement prices in the order of `RATIOS`; none where the leg does not exist."""
        if not self.exists:
            return ()
        assert self.high is not None
        assert self.low is not None
        h, low = self.high.price, self.low.price
        if self.is_up:
            return tuple(h - (h - low) * r for r in RATIOS)
        return tuple(low + (h - low) * r for r in RATIOS)


def is_swing_high(high: Sequence[float], i: int, d: int) -> bool:
    """Whether bar `i` is above each of the `d` bars before it and not below any of the `d` bars after it."""
    if i < d or i + d >= len(high):
        return False
    return all(high[i] > high[j] for j in range(i - d, i)) and all(
        high[i] >= high[j] for j in range(i + 1, i + d + 1)
    )


def is_swing_low(low: Sequence[float], i: int, d: int) -> bool:
    """Whether bar `i` is below each of the `d` bars before it and not above any of the `d` bars after it."""
    if i < d or i + d >= len(low):
        return False
    return all(low[i] < low[j] for j in range(i - d, i)) and all(
        low[i] <= low[j] for j in range(i + 1, i + d + 1)
    )


def swings(bars: Bars, d: int) -> list[Swing]:
    """Return every swing point of the series whose ATR(14) is valid, by bar, a bar's high before its low."""
    _, first = atr(bars.high, bars.low, bars.close, 14)
    found = []
    for i in range(first, len(bars)):
        if is_swing_high(bars.high, i, d):
            found.append(Swing(i, bars.high[i], is_high=True))
        if is_swing_low(bars.low, i, d):
            found.append(Swing(i, bars.low[i], is_high=False))
    return found


def accept(points: Sequence[Swing], atr14: Sequence[float], min_swing_atr: float) -> list[Swing]:
    """Return the accepted ones of `points`, in order.

    A high must stand at least ``min_swing_atr * ATR14`` of its own bar above the last accepted low, where
    there is one, and must be higher than the last accepted point if that is a high too. Lows mirrored.
    """
    accepted: list[Swing] = []
    for point in points:
        opposite = [other for other in accepted if other.is_high != point.is_high]
        if opposite:
            last = opposite[-1].price
            height = point.price - last if point.is_high else last - point.price
            if not height >= min_swing_atr * atr14[point.bar]:
                continue
        if accepted and accepted[-1].is_high == point.is_high:
            further = accepted[-1].price
            if not (point.price > further if point.is_high else point.price < further):
                continue
        accepted.append(point)
    return accepted


def legs(bars: Bars, d: int, min_swing_atr: float = 1.0) -> list[Leg]:
    """Return the leg as of each bar `t`: from all swing points known by then, those with ``bar + d <= t``."""
    points = swings(bars, d)
    atr14, _ = atr(bars.high, bars.low, bars.close, 14)
    out = []
    for t in range(len(bars)):
        known = accept([point for point in points if point.bar + d <= t], atr14, min_swing_atr)
        highs = [point for point in known if point.is_high]
        lows = [point for point in known if not point.is_high]
        out.append(Leg(highs[-1] if highs else None, lows[-1] if lows else None))
    return out
