"""RSI, true range, ADX: Wilder's indicators, with TA-Lib's seeding."""

from __future__ import annotations

from genesis_core.kernels.base import Kernel, Vector, window

# State of `rsi`: bars seen, the close before, mean gain, mean loss.
BARS, PREVIOUS, GAIN, LOSS = 0, 1, 2, 3


def rsi(s: Vector, p: Vector, x: float) -> float:
    """Relative strength, ``100*(g/(g+l))`` of Wilder's mean gain and loss; 50 where nothing moved."""
    n = p[0]
    change = x - s[PREVIOUS]
    s[PREVIOUS] = x
    if s[BARS] == 0.0:
        s[BARS] = 1.0
        return 50.0
    up = change if change > 0.0 else 0.0
    down = -change if change < 0.0 else 0.0
    if s[BARS] <= n:
        s[GAIN] = s[GAIN] + up
        s[LOSS] = s[LOSS] + down
        if s[BARS] == n and n > 0.0:
            s[GAIN] = s[GAIN] / n
            s[LOSS] = s[LOSS] / n
        s[BARS] = s[BARS] + 1.0
    else:
        s[GAIN] = (s[GAIN] * (n - 1.0) + up) / n
        s[LOSS] = (s[LOSS] * (n - 1.0) + down) / n
    both = s[GAIN] + s[LOSS]
    if both == 0.0:
        return 50.0
    return 100.0 * (s[GAIN] / both)


RSI = Kernel(
    name="rsi",
    step=rsi,
    inputs=("x",),
    params=(window("n"),),
    neutral=(50.0,),
    state=lambda p: 4,
    warmup=lambda p: int(p[0]),
    forgets=lambda p: 42 * int(p[0]),
)


def true_range(s: Vector, p: Vector, high: float, low: float, close: float) -> float:
    """Return ``max(h-l, abs(h-c[t-1]), abs(l-c[t-1]))``."""
    return true_range_at(s, 0, high, low, close)


def true_range_at(s: Vector, base: int, high: float, low: float, close: float) -> float:
    """Return the true range; the close before stands at `base`."""
    before = s[base]
    s[base] = close
    widest = high - low
    above = abs(high - before)
    below = abs(low - before)
    if above > widest:
        widest = above
    if below > widest:
        widest = below
    return widest


TRUE_RANGE = Kernel(
    name="true_range",
    step=true_range,
    inputs=("high", "low", "close"),
    state=lambda p: 1,
    warmup=lambda p: 1,
)

# State of `adx`: bars seen, high and low before, sums of +DM, -DM and TR, the DX before, sum of DX and then ADX.
HIGH, LOW, PLUS, MINUS, RANGE, DX, ADX_VALUE = 1, 2, 3, 4, 5, 6, 7


def adx(s: Vector, p: Vector, high: float, low: float, tr: float) -> float:
    """Average directional index: Wilder's mean of DX, ``100*abs(p-m)/(p+m)`` of the two directional indicators."""
    n = p[0]
    t = s[BARS]
    up = high - s[HIGH]
    down = s[LOW] - low
    s[BARS] = t + 1.0
    s[HIGH] = high
    s[LOW] = low
    if t == 0.0:
        return 0.0
    plus = up if up > down and up > 0.0 else 0.0
    minus = down if down > up and down > 0.0 else 0.0
    if t < n:
        s[PLUS] = s[PLUS] + plus
        s[MINUS] = s[MINUS] + minus
        s[RANGE] = s[RANGE] + tr
        return 0.0
    s[PLUS] = s[PLUS] - s[PLUS] / n + plus
    s[MINUS] = s[MINUS] - s[MINUS] / n + minus
    s[RANGE] = s[RANGE] - s[RANGE] / n + tr
    s[DX] = direction(s[DX], s[PLUS], s[MINUS], s[RANGE])
    if t < 2.0 * n - 1.0:
        s[ADX_VALUE] = s[ADX_VALUE] + s[DX]
    elif t == 2.0 * n - 1.0:
        s[ADX_VALUE] = (s[ADX_VALUE] + s[DX]) / n
    else:
        s[ADX_VALUE] = (s[ADX_VALUE] * (n - 1.0) + s[DX]) / n
    return s[ADX_VALUE]


def direction(before: float, plus: float, minus: float, tr: float) -> float:
    """Return DX of the smoothed sums, or the one before where it is not defined."""
    if tr == 0.0:
        return before
    plus_di = 100.0 * plus / tr
    minus_di = 100.0 * minus / tr
    both = plus_di + minus_di
    if both == 0.0:
        return before
    return 100.0 * abs(plus_di - minus_di) / both


ADX = Kernel(
    name="adx",
    step=adx,
    inputs=("high", "low", "tr"),
    params=(window("n", minimum=2),),
    state=lambda p: 8,
    warmup=lambda p: 2 * int(p[0]) - 1,
    early=("tr",),  # bar 0 has no true range, yet its high and low are needed
)
