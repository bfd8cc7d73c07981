"""Timeframes: how long a candle is, and on which UTC boundaries it may open."""

from __future__ import annotations

import re
from dataclasses import dataclass

from genesis_core.errors import CandleError

_MINUTE = 60_000
_HOUR = 60 * _MINUTE
_DAY = 24 * _HOUR
_WEEK = 7 * _DAY
_UNITS = {"m": _MINUTE, "h": _HOUR, "D": _DAY, "W": _WEEK}
_LONGEST = 52 * _WEEK
_FIRST_MONDAY = 4 * _DAY  # 1970-01-05; the epoch itself was a Thursday
_FORM = re.compile(r"([1-9][0-9]{0,5})([mhDdWw])")
_VALID = "1m 3m 5m 15m 30m 1h 2h 3h 4h 6h 8h 12h 1D 1W, or another whole number of m, h, D or W up to 52W"


@dataclass(frozen=True)
class Timeframe:
    """A candle's length and the grid its open times stand on.

    Attributes
    ----------
    name : str
        Canonical name: ``1d`` is ``1D``, ``60m`` is ``1h``, ``24h`` is ``1D``.
    ms : int
        Length in milliseconds.
    origin : int
        An open time on the grid, in epoch ms: 0, or the first Monday for weeks.
    """

    name: str
    ms: int
    origin: int

    @classmethod
    def parse(cls, text: str) -> Timeframe:
        """Read a timeframe's name.

        Parameters
        ----------
        text : str
            Such as ``"15m"``, ``"1h"``, ``"1D"`` or ``"1W"``; days and weeks in either case.

        Returns
        -------
        Timeframe

        Raises
        ------
        CandleError
            For any other text; the message lists the valid forms.
        """
        match = _FORM.fullmatch(text) if isinstance(text, str) else None
        if match is None:
            raise CandleError(f"timeframe {text!r} is not known; valid: {_VALID}")
        count = int(match[1])
        unit = match[2].upper() if match[2] in "dw" else match[2]
        ms = count * _UNITS[unit]
        if ms > _LONGEST:
            raise CandleError(f"timeframe {text!r} is longer than 52W; valid: {_VALID}")
        # One length has one name, else equal candles would have two fingerprints. Days do not become
        # weeks: 7D opens on Thursdays (the epoch's grid), 1W on Mondays.
        if unit != "W":
            unit = next(larger for larger in ("D", "h", "m") if ms % _UNITS[larger] == 0)
        return cls(f"{ms // _UNITS[unit]}{unit}", ms, _FIRST_MONDAY if unit == "W" else 0)
