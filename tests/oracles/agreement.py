"""Agreement of two columns to a tolerance, and where it ends."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence


def disagreement(
    ours: Sequence[float],
    expected: Sequence[float],
    *,
    first: int = 0,
    relative: float = 0.0,
    absolute: float = 0.0,
    exempt: Collection[int] = (),
) -> str | None:
    """Return None if the columns agree from bar `first` on, else the first bar at which they do not.

    Parameters
    ----------
    ours, expected
        One value a bar.
    first
        The first bar to look at.
    relative, absolute
        Allowed distance: the larger of ``relative * abs(expected)`` and `absolute`. Both 0: equal. A value
        that is not finite never agrees.
    exempt
        Bars left out; tests say why and how many.
    """
    if len(ours) != len(expected):
        return f"{len(ours)} bars against {len(expected)}"
    wrong = [
        t
        for t in range(first, len(expected))
        if t not in exempt
        and not (
            math.isfinite(ours[t])
            and abs(ours[t] - expected[t]) <= max(relative * abs(expected[t]), absolute)
        )
    ]
    if not wrong:
        return None
    t = wrong[0]
    return f"{len(wrong)} bars, first {t}: {ours[t]!r}, expected {expected[t]!r}"
