"""The record of one difference, in the words a reviewer reads."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Difference:
    """The first place at which two values differ.

    Parameters
    ----------
    path : str
        Where, from the root ``result``: ``result.trades[12].exit_price``.
    baseline, optimized : str
        Both values, rendered; floats in decimal and hexadecimal.
    ulps : int or None
        Distance in units in the last place, for two finite floats of one width; 0 between ``-0.0``
        and ``0.0``.
    count : int
        How many places differ in all, at least 1.
    reason : str
        "values differ", "types differ", "lengths differ", "keys differ", "key order differs",
        "members differ", "fields differ", "dtype differs" or "shape differs".
    """

    path: str
    baseline: str
    optimized: str
    ulps: int | None
    count: int
    reason: str

    def describe(self) -> str:
        """Return three lines: where and what, the baseline's value, the optimized arm's value."""
        notes = []
        if self.ulps == 0:
            notes.append("only the sign of zero differs")
        elif self.ulps is not None:
            notes.append(f"{self.ulps:,} ulp" if self.ulps == 1 else f"{self.ulps:,} ulps")
        if self.count > 1:
            notes.append(f"the first of {self.count:,} places that differ")
        note = f" ({'; '.join(notes)})" if notes else ""
        return (
            f"{self.path}: {self.reason}{note}\n  baseline:  {self.baseline}\n  optimized: {self.optimized}"
        )
