"""Candles as plain lists, and the series on which the oracles are asked."""

from __future__ import annotations

import random
from dataclasses import dataclass

HOUR_MS = 3_600_000
#: 2021-01-01 00:00 UTC, a boundary of every timeframe.
START_MS = 1_609_459_200_000


@dataclass(frozen=True, eq=False)
class Bars:
    """One series as plain Python lists, oldest bar first.

    Attributes
    ----------
    timestamp
        Candle open times, epoch milliseconds UTC.
    open, high, low, close, volume
        One float a bar.
    timeframe_ms
        Length of one candle in milliseconds.
    """

    timestamp: list[int]
    open: list[float]
    high: list[float]
    low: list[float]
    close: list[float]
    volume: list[float]
    timeframe_ms: int = HOUR_MS

    def __len__(self) -> int:
        return len(self.close)

    def upto(self, stop: int) -> Bars:
        """Return the bars before `stop`: all that is known once bar ``stop - 1`` has closed."""
        return Bars(
            self.timestamp[:stop],
            self.open[:stop],
            self.high[:stop],
            self.low[:stop],
            self.close[:stop],
            self.volume[:stop],
            self.timeframe_ms,
        )


def from_high_low(high: list[float], low: list[float], close: list[float] | None = None) -> Bars:
    """Return bars with these extremes; each opens at its low and closes at `close` (default: the middle)."""
    closes = [(h + x) / 2.0 for h, x in zip(high, low, strict=True)] if close is None else close
    return Bars(_hourly(len(high)), list(low), list(high), list(low), list(closes), [1.0] * len(high))


def random_walk(seed: int, n: int, *, start: float = 30_000.0, step: float = 0.01) -> Bars:
    """Return a geometric random walk with wicks; every price is above 0.

    Parameters
    ----------
    seed
        Of `random.Random`; the same on every platform and version.
    n
        Number of bars.
    start, step
        First price, and the standard deviation of one bar's relative move.
    """
    rng = random.Random(seed)
    price = start
    rows: list[tuple[float, float, float, float, float]] = []
    for _ in range(n):
        opened = price
        price *= max(0.5, 1.0 + rng.gauss(0.0, step))
        high = max(opened, price) * (1.0 + abs(rng.gauss(0.0, step / 2.0)))
        low = min(opened, price) * max(0.5, 1.0 - abs(rng.gauss(0.0, step / 2.0)))
        rows.append((opened, high, low, price, rng.uniform(0.0, 1e6)))
    return _from_rows(rows)


def whole_dollars(seed: int, n: int, *, start: int = 100, spread: int = 3) -> Bars:
    """Return whole prices near `start`: many ties, constant runs, some spikes, hours without volume."""
    rng = random.Random(seed)
    price = start
    rows: list[tuple[float, float, float, float, float]] = []
    quiet = 0
    for _ in range(n):
        opened = price
        if quiet == 0 and rng.random() < 0.01:
            quiet = rng.randint(5, 40)
        if quiet:
            quiet -= 1
            rows.append((float(price),) * 4 + (0.0,))
            continue
        price = max(1, price + rng.randint(-spread, spread))
        if rng.random() < 0.02:
            price = max(1, price + rng.choice((-1, 1)) * 10 * spread)
        high = max(opened, price) + rng.randint(0, spread)
        low = max(1, min(opened, price) - rng.randint(0, spread))
        volume = 0.0 if rng.random() < 0.1 else float(rng.randint(1, 50))
        rows.append((float(opened), float(high), float(low), float(price), volume))
    return _from_rows(rows)


def gapped(seed: int, n: int, *, start: int = 100, spread: int = 3) -> Bars:
    """Return whole prices that open anywhere near the close before: stops and targets are jumped over, or just hit."""
    rng = random.Random(seed)
    price = start
    rows: list[tuple[float, float, float, float, float]] = []
    for _ in range(n):
        opened = max(1, price + rng.choice((0, 0, -1, 1, -spread, spread, -3 * spread, 3 * spread)))
        price = max(1, opened + rng.randint(-spread, spread))
        high = max(opened, price) + rng.randint(0, spread)
        low = max(1, min(opened, price) - rng.randint(0, spread))
        rows.append((float(opened), float(high), float(low), float(price), float(rng.randint(1, 50))))
    return _from_rows(rows)


def constant(n: int, price: float = 100.0) -> Bars:
    """Return `n` bars in which nothing ever moves."""
    return _from_rows([(price, price, price, price, 1.0)] * n)


def alternating(n: int, low: float = 50.0, high: float = 150.0) -> Bars:
    """Return bars that jump between two extremes: a swing high and a swing low every other bar."""
    rows = []
    for t in range(n):
        opened, closed = (low, high) if t % 2 == 0 else (high, low)
        rows.append((opened, high, low, closed, 1.0))
    return _from_rows(rows)


def one_gap(seed: int, n: int) -> Bars:
    """Return a random walk that multiplies by 20 over night, in its middle, and lacks five hours there."""
    walk = random_walk(seed, n, start=100.0)
    half = n // 2

    def scaled(column: list[float]) -> list[float]:
        return column[:half] + [20.0 * x for x in column[half:]]

    stamps = walk.timestamp[:half] + [stamp + 5 * HOUR_MS for stamp in walk.timestamp[half:]]
    return Bars(
        stamps, scaled(walk.open), scaled(walk.high), scaled(walk.low), scaled(walk.close), walk.volume
    )


def adversarial(n: int = 160) -> dict[str, Bars]:
    """Return named series made to break rolling sums, ratios and comparisons."""
    flat = constant(n // 2)
    walk = random_walk(5, n - n // 2, start=100.0)
    return {
        "constant": constant(n),
        "alternating": alternating(n),
        "one huge gap": one_gap(6, n),
        "tiny prices": random_walk(7, n, start=1e-8),
        "huge prices": random_walk(8, n, start=1e8),
        "flat, then alive": _joined(flat, walk),
        "alive, then flat": _joined(walk, constant(n // 2, walk.close[-1])),
        "huge, then tiny": _joined(random_walk(9, n // 2, start=1e8), random_walk(10, n // 2, start=1e-8)),
    }


def _hourly(n: int) -> list[int]:
    return [START_MS + t * HOUR_MS for t in range(n)]


def _from_rows(rows: list[tuple[float, float, float, float, float]]) -> Bars:
    opened, high, low, close, volume = ([row[k] for row in rows] for k in range(5))
    return Bars(_hourly(len(rows)), opened, high, low, close, volume)


def _joined(first: Bars, second: Bars) -> Bars:
    return Bars(
        _hourly(len(first) + len(second)),
        first.open + second.open,
        first.high + second.high,
        first.low + second.low,
        first.close + second.close,
        first.volume + second.volume,
    )
