"""The higher timeframe by definition: candles joined over the whole series, and at each bar those that have closed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tests.oracles.bars import Bars
from tests.oracles.swings import Leg, legs

DAY_MS = 86_400_000


@dataclass(frozen=True)
class Joined:
    """Candles of a longer timeframe, with the moment at which each has ended."""

    bars: Bars
    ends: list[int]


def join(bars: Bars, span: int, origin: int = 0) -> Joined:
    """Return the candles of length `span` on its UTC boundaries; a first one that began before the series is left out.

    Whether the last one has ended is asked later, as of each bar.
    """
    starts = sorted({stamp - (stamp - origin) % span for stamp in bars.timestamp})
    inner = {
        start: [t for t, stamp in enumerate(bars.timestamp) if start <= stamp < start + span]
        for start in starts
    }
    kept = starts if bars.timestamp[:1] == starts[:1] else starts[1:]
    joined = Bars(
        kept,
        [bars.open[inner[start][0]] for start in kept],
        [max(bars.high[t] for t in inner[start]) for start in kept],
        [min(bars.low[t] for t in inner[start]) for start in kept],
        [bars.close[inner[start][-1]] for start in kept],
        [sum(bars.volume[t] for t in inner[start]) for start in kept],
        span,
    )
    return Joined(joined, [start + span for start in kept])


@dataclass(frozen=True)
class Given:
    """Higher candles that somebody hands in: they have ended when they say so."""

    bars: Bars

    @property
    def ends(self) -> list[int]:
        """When each of them has ended."""
        return [stamp + self.bars.timeframe_ms for stamp in self.bars.timestamp]


class HigherLegs:
    """The last accepted high and low of the higher timeframe as of each bar.

    Parameters
    ----------
    bars
        The series of the lower one.
    span
        Length of a higher candle in milliseconds.
    depth, min_swing_atr
        Of its swings.
    given
        Higher candles to look at instead of joined ones; they are of length `span` too.
    """

    def __init__(
        self,
        bars: Bars,
        span: int,
        depth: int = 6,
        min_swing_atr: float = 1.0,
        origin: int = 0,
        given: Bars | None = None,
    ) -> None:
        self.bars = bars
        self.depth = depth
        self.joined = join(bars, span, origin) if given is None else Given(given)
        self.is_given = given is not None
        assert self.joined.bars.timeframe_ms == span
        self._legs = legs(self.joined.bars, depth, min_swing_atr)
        closes = [stamp + bars.timeframe_ms for stamp in bars.timestamp]
        #: How many higher candles have ended once each bar has closed.
        self.visible = [sum(end <= now for end in self.joined.ends) for now in closes]

    def leg(self, t: int) -> Leg:
        """Return the leg that the visible candles make, however old."""
        count = self.visible[t]
        return self._legs[count - 1] if count else Leg(None, None)

    def known_at(self, leg: Leg) -> int:
        """Return when the later end of a leg became known.

        Of joined candles at the close of the bar that made it visible, for that tells that the candle has ended; of
        given ones when the candle ended, be there a bar or not.
        """
        latest = max(point.bar for point in (leg.high, leg.low) if point is not None) + self.depth
        if self.is_given:
            return self.joined.ends[latest]
        first = next(t for t in range(len(self.bars)) if self.visible[t] > latest)
        return self.bars.timestamp[first] + self.bars.timeframe_ms

    def fresh(self, days: float = 30.0) -> list[Leg]:
        """Return the leg as of each bar; none while one of its ends is missing, or once it is stale."""
        known: dict[Leg, int] = {}
        out = []
        for t, stamp in enumerate(self.bars.timestamp):
            leg = self.leg(t)
            if leg.high is None or leg.low is None:
                out.append(Leg(None, None))
                continue
            if leg not in known:
                known[leg] = self.known_at(leg)
            stale = stamp + self.bars.timeframe_ms - known[leg] > days * DAY_MS
            out.append(Leg(None, None) if stale else leg)
        return out


def distance(close: float, atr: float, levels: Sequence[float]) -> float | None:
    """Return how many ATRs away the nearest level is; None without levels or without range."""
    if not levels or not atr > 0.0:
        return None
    return min(abs(close - level) for level in levels) / atr


def beyond(close: float, levels: Sequence[float], *, up: bool) -> tuple[float, ...]:
    """Return the levels above the close, or below it, the nearest first."""
    if up:
        return tuple(sorted(level for level in levels if level > close))
    return tuple(sorted((level for level in levels if level < close), reverse=True))
