"""What the check for look-ahead found, for people and as plain values."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

BUILT_IN = "built in"


@dataclass(frozen=True)
class Leak:
    """Something that was known as of a bar, and can only be known later.

    Attributes
    ----------
    what : str
        A feature's name, or ``reason``, ``fills`` or ``equity`` of the backtest.
    bar : int
        The first bar at which it was seen.
    past, whole : float or str
        What is said as of this bar with nothing but the past, and what the run over the whole series says. For numbers
        that are built in: what they are, and where they stand among the candles.
    against : str
        What the run over the whole series was compared with; ``built in`` for built-in numbers.
    """

    what: str
    bar: int
    past: float | str
    whole: float | str
    against: str

    def __str__(self) -> str:
        if self.against == BUILT_IN:
            return f"{self.what}, bar {self.bar:,}: {self.past} {self.whole}"
        return (
            f"{self.what}, bar {self.bar:,}: {_value(self.past)} {self.against}, "
            f"but {_value(self.whole)} from the whole series"
        )


@dataclass(frozen=True)
class WarmUp:
    """After how many bars a feature no longer depends on where the series starts, seen from several later starts.

    Attributes
    ----------
    name : str
        The feature.
    first_valid : int
        From which bar on it is valid.
    bars : int or None
        How many bars a run must begin earlier to have the same bits from there on; None if they were not the same by
        the end of the series.
    followed : int
        For how many bars at least each later start was followed.
    residual : float
        The largest difference left at the end where `bars` is None.
    """

    name: str
    first_valid: int
    bars: int | None
    followed: int
    residual: float

    def __str__(self) -> str:
        if self.bars is None:
            return f"never within {self.followed:,} bars, {self.residual:.3g} off"
        return f"{self.bars:,} bars"


@dataclass(frozen=True)
class CausalityReport:
    """Whether features or a strategy see the future.

    Attributes
    ----------
    subject : str
        ``features``, or ``strategy``: features and whole backtests.
    bars : int
        Of the series.
    path : str
        What ran over the whole series.
    cuts : tuple of int
        How many candles the runs that were cut short had.
    leaks : tuple of Leak
        The first one of each feature, and of reason, fills and equity; in order of time.
    warm_ups : tuple of WarmUp
        One per feature.
    """

    subject: str
    bars: int
    path: str
    cuts: tuple[int, ...]
    leaks: tuple[Leak, ...]
    warm_ups: tuple[WarmUp, ...]

    @property
    def ok(self) -> bool:
        """Whether nothing saw the future."""
        return not self.leaks

    def lines(self) -> tuple[str, ...]:
        """Return the report for people: the verdict first, then what leaked, what was compared, and the warm-up."""
        count = len(self.warm_ups)
        what = f"{count} feature{'s' if count != 1 else ''}"
        what += " and the whole backtest" if self.subject == "strategy" else ""
        if self.ok:
            head = (
                f"causal: {what} over {self.bars:,} bars say the same without the later candles, bit for bit"
            )
        else:
            first = self.leaks[0]
            head = f"LOOKS AHEAD: {first.what} is the first, at bar {first.bar:,}"
        compared = (
            f"compared: {self.path}, every bar with the law told candle by candle, and all bars before each of "
            f"{len(self.cuts)} cuts (the first {self.cuts[0]:,} to {self.cuts[-1]:,} candles)"
        )
        wide = max((len(one.name) for one in self.warm_ups), default=0)
        table = (f"  {one.name:<{wide}}  valid from bar {one.first_valid}, {one}" for one in self.warm_ups)
        return (
            head,
            *(f"  {leak}" for leak in self.leaks),
            compared,
            "warm-up until the bits no longer depend on where the series starts:",
            *table,
        )

    def __str__(self) -> str:
        return "\n".join(self.lines())

    def as_dict(self) -> dict[str, Any]:
        """Return plain values, as for JSON; floats of leaks also as hexadecimal texts."""
        leaks = [
            asdict(leak)
            | {
                f"{side}_hex": value.hex()
                for side in ("past", "whole")
                if isinstance(value := getattr(leak, side), float)
            }
            for leak in self.leaks
        ]
        return {
            "ok": self.ok,
            "subject": self.subject,
            "bars": self.bars,
            "path": self.path,
            "cuts": list(self.cuts),
            "leaks": leaks,
            "warm_ups": [asdict(one) for one in self.warm_ups],
        }


def _value(value: float | str) -> str:
    return f"{value!r} ({value.hex()})" if isinstance(value, float) else value
