"""Drawings inside the page: small SVG pictures that take their colours from its style sheet, light or dark."""

from __future__ import annotations

import math
from dataclasses import dataclass
from html import escape

from pytest_genesis_perf.notation import exactly
from pytest_genesis_perf.record import Comparison
from pytest_genesis_perf.record_text import speedup
from pytest_genesis_perf.report.charts.limits import block_limits
from pytest_genesis_perf.report.charts.ticks import ticks

ROW = 22
"""Height of a drawing in a row of a table; its coordinates are pixels on a wide screen."""
BAR = 230
BLOCKS, BLOCKS_HEIGHT, LEFT, FOOT = 640, 190, 58, 22


@dataclass(frozen=True)
class LogAxis:
    """A horizontal log axis that all rows of a table share.

    Parameters
    ----------
    low, high : float
        Its ends, positive.
    """

    low: float
    high: float

    def at(self, value: float, length: float = BAR) -> float:
        """Return where a value stands, in pixels; one outside stands on the edge."""
        share = math.log(value / self.low) / math.log(self.high / self.low)
        return min(max(share, 0.0), 1.0) * length

    def ticks(self, most: int) -> list[float]:
        """Return round values on the axis."""
        return ticks(self.low, self.high, most)


def head(axis: LogAxis) -> str:
    """Return the numbers above a column of drawings."""
    marks = "".join(
        f'<text x="{axis.at(tick):.1f}" y="12" text-anchor="{_anchor(axis.at(tick))}">{exactly(tick)}</text>'
        for tick in axis.ticks(5)
    )
    return _svg(BAR, 16, marks)


def bar(axis: LogAxis, record: Comparison) -> str:
    """Return a speedup with its interval, claim and stored speed."""
    parts, middle = [_grid(axis)], ROW / 2
    if axis.low <= 1.0 <= axis.high:
        parts.append(f'<path class="one" d="M{axis.at(1.0):.1f} 0v{ROW}"/>')
    if record.stored is not None:
        parts.append(f'<path class="stored" d="M{axis.at(record.stored[1]):.1f} 2v{ROW - 4}"/>')
    if record.speedup is not None:
        low, high = record.interval or (record.speedup, record.speedup)
        parts.append(f'<path class="claim" d="M{axis.at(record.claim_limit):.1f} 3v{ROW - 6}"/>')
        parts.append(f'<path class="interval" d="M{axis.at(low):.1f} {middle:g}H{axis.at(high):.1f}"/>')
        parts.append(f'<circle class="median" cx="{axis.at(record.speedup):.1f}" cy="{middle:g}" r="4"/>')
    return _svg(BAR, ROW, "".join(parts))


def pair(axis: LogAxis, now: tuple[int, int], stored: int | None) -> str:
    """Return the cost of both arms and the stored one of the optimized arm."""
    middle = ROW / 2
    # A log axis has no place for 0.
    baseline, optimized = (axis.at(max(count, 1)) for count in now)
    mark = "" if stored is None else f'<path class="stored" d="M{axis.at(max(stored, 1)):.1f} 2v{ROW - 4}"/>'
    return _svg(
        BAR,
        ROW,
        f'{_grid(axis)}<path class="link" d="M{baseline:.1f} {middle:g}H{optimized:.1f}"/>{mark}'
        f'<circle class="before" cx="{baseline:.1f}" cy="{middle:g}" r="4"/>'
        f'<circle class="median" cx="{optimized:.1f}" cy="{middle:g}" r="4"/>',
    )


def blocks(record: Comparison) -> str:
    """Return the speedup of every block in time order, with median, interval and claim."""
    speedups = [math.exp(-x) for x in record.blocks]
    axis = LogAxis(*block_limits(record, speedups))
    lines = [record.claim_limit, *([record.stored[1]] if record.stored is not None else [])]
    height, width = BLOCKS_HEIGHT - FOOT - 6, BLOCKS - LEFT - 8

    def y(value: float) -> float:
        return 6 + height - axis.at(value, height)

    parts = [
        f'<path class="grid" d="M{LEFT} {y(tick):.1f}h{width}"/>'
        f'<text x="{LEFT - 6}" y="{y(tick) + 4:.1f}" text-anchor="end">{exactly(tick)}</text>'
        for tick in axis.ticks(6)
    ]
    if record.interval is not None:
        low, high = record.interval
        parts.append(
            f'<rect class="band" x="{LEFT}" y="{y(high):.1f}" width="{width}" height="{y(low) - y(high):.1f}"/>'
        )
    step = width / (len(speedups) + 1)
    dots = "".join(f"M{LEFT + step * n:.1f} {y(value):.1f}h0" for n, value in enumerate(speedups, start=1))
    parts.append(f'<path class="dots" d="{dots}"/>')
    if record.speedup is not None:
        parts.append(f'<path class="middle" d="M{LEFT} {y(record.speedup):.1f}h{width}"/>')
    for line, kind in zip(lines, ("limit", "held"), strict=False):
        if axis.low <= line <= axis.high:
            parts.append(f'<path class="{kind}" d="M{LEFT} {y(line):.1f}h{width}"/>')
    parts.append(f'<text x="{LEFT}" y="{BLOCKS_HEIGHT - 4}">first block</text>')
    parts.append(
        f'<text x="{BLOCKS - 8}" y="{BLOCKS_HEIGHT - 4}" text-anchor="end">block {len(speedups):,}</text>'
    )
    told = f"Speedup of each of {len(speedups):,} blocks in time order; median {speedup(record)}"
    return _svg(BLOCKS, BLOCKS_HEIGHT, "".join(parts), told)


def _grid(axis: LogAxis) -> str:
    lines = "".join(f"M{axis.at(tick):.1f} 0v{ROW}" for tick in axis.ticks(5))
    return f'<path class="grid" d="{lines}"/>'


def _anchor(place: float) -> str:
    return "start" if place < 14 else "end" if place > BAR - 14 else "middle"


def _svg(width: int, height: int, inside: str, told: str = "") -> str:
    # What a drawing in a row shows stands beside it in words.
    role = f'role="img" aria-label="{escape(told)}"' if told else 'aria-hidden="true"'
    return f'<svg {role} viewBox="0 0 {width} {height}" width="{width}" height="{height}">{inside}</svg>'
