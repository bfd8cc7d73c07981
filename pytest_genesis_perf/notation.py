"""How numbers are written for people: one notation in reasons, reports, failures and updates. Pure."""

from __future__ import annotations


def times(speedup: float) -> str:
    """Return a measured speedup: three decimals around 1, where tenths of a percent matter, else three digits.

    Parameters
    ----------
    speedup : float
        Or any other ratio of two speeds.
    """
    return f"{_ratio(speedup)}x"


def between(low: float, high: float) -> str:
    """Return the ends of an interval of speedups, which stands behind a speedup: ``[3.10, 3.20]``."""
    return f"[{_ratio(low)}, {_ratio(high)}]"


def exactly(speedup: float) -> str:
    """Return a speedup that somebody wrote down, a claim or a tick of an axis, with no digit it was not given."""
    return f"{speedup:,.6g}x"


def seconds(value: float) -> str:
    """Return a duration with three significant digits and its unit."""
    for unit, scale in (("s", 1.0), ("ms", 1e-3), ("us", 1e-6)):
        if value >= scale * 0.9995:
            return f"{_three(value / scale)} {unit}"
    return f"{_three(value / 1e-9)} ns"


def size(count: int) -> str:
    """Return an amount of memory with three significant digits and its unit."""
    for unit, scale in (("GiB", 2**30), ("MiB", 2**20), ("KiB", 2**10)):
        if count >= scale * 0.9995:
            return f"{_three(count / scale)} {unit}"
    return f"{count} B"


def short_count(count: int) -> str:
    """Return a count with three significant digits, and thousands, millions or billions as a letter."""
    for unit, scale in (("G", 1e9), ("M", 1e6), ("k", 1e3)):
        if count >= scale * 0.9995:
            return f"{_three(count / scale)}{unit}"
    return str(count)


def grouped(count: int | str) -> str:
    """Return a count with commas between its thousands, a word as it is."""
    return f"{count:,}" if isinstance(count, int) else count


def _ratio(speedup: float) -> str:
    if speedup < 0.1:
        return f"{speedup:.3g}"
    decimals = 3 if speedup < 1.9995 else 2 if speedup < 9.995 else 1 if speedup < 99.95 else 0
    return f"{speedup:,.{decimals}f}"


def _three(value: float) -> str:
    decimals = 2 if value < 9.995 else 1 if value < 99.95 else 0
    return f"{value:.{decimals}f}"
