"""What the reference will cost, said before it is paid."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

RECOMPUTE_LIMIT = 2_000
"""Bars above which recomputing a whole series says what it will cost."""
MOST_STEPS = RECOMPUTE_LIMIT * (RECOMPUTE_LIMIT + 1) // 2
"""Interpreted steps of that series; more of them say so too, whichever bars they are for."""
STEP_SECONDS = 25e-6
"""About what one interpreted step of the default features takes; only used in that estimate."""


class SlowPathWarning(UserWarning):
    """The path chosen will take long, or the cache given cannot help; the results are the same either way."""


def interpreted_steps(bars: Sequence[int]) -> int:
    """Return how many steps the reference interprets for some bars: t + 1 for bar t."""
    return int(sum(bars)) + len(bars)


def warn_if_recompute_is_slow(bars: int, steps: int, faster: str, stacklevel: int) -> None:
    """Warn about a run of the reference that interprets more than `MOST_STEPS` steps.

    Parameters
    ----------
    bars : int
        How many bars are recomputed.
    steps : int
        Interpreted steps in all, from :func:`interpreted_steps`.
    faster : str
        What to write instead, for the message.
    stacklevel : int
        Which caller the warning names: 2 is the one that calls this function.
    """
    if steps > MOST_STEPS:
        warnings.warn(
            f"recomputing {bars:,} bars one by one takes about {steps * STEP_SECONDS:,.0f} s and grows with the "
            f"square; {faster} gives the same bits at once",
            SlowPathWarning,
            stacklevel=stacklevel + 1,
        )
