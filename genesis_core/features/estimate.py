"""What the reference will cost, said before it is paid."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

from genesis_core.candles import Candles
from genesis_core.features.cache import FeatureCache
from genesis_core.features.sets import FeatureSet

RECOMPUTE_LIMIT = 2_000
"""Bars above which recomputing a whole series says what it will cost."""
MOST_STEPS = RECOMPUTE_LIMIT * (RECOMPUTE_LIMIT + 1) // 2
"""Interpreted steps of that series; more of them say so too, whichever bars they are for."""
STEP_SECONDS = 25e-6
"""About what one interpreted step of the default features takes; only used in that estimate."""


class SlowPathWarning(UserWarning):
    """The path chosen will take long, or the cache given cannot help; the results are the same either way."""


def warn_if_recompute_is_slow(
    asked: Sequence[int],
    candles: Candles,
    feature_set: FeatureSet,
    cache: FeatureCache | None,
    faster: str,
    stacklevel: int,
) -> None:
    """Warn about a run of the reference that interprets more than `MOST_STEPS` steps: t + 1 for bar t.

    Parameters
    ----------
    asked : sequence of int
        The bars whose features are asked for.
    candles, feature_set
        Of the run.
    cache : FeatureCache or None
        What it knows costs nothing. It is looked into only where that matters.
    faster : str
        What to write instead, for the message.
    stacklevel : int
        Which caller the warning names: 2 is the one that calls this function.
    """
    steps = _steps(asked)
    if cache is not None and steps > MOST_STEPS:
        asked = [bar for bar in asked if cache.key(candles, bar, feature_set) not in cache]
        steps = _steps(asked)
    if steps > MOST_STEPS:
        warnings.warn(
            f"recomputing {len(asked):,} bars one by one takes about {steps * STEP_SECONDS:,.0f} s and grows with "
            f"the square; {faster} gives the same bits at once",
            SlowPathWarning,
            stacklevel=stacklevel + 1,
        )


def _steps(bars: Sequence[int]) -> int:
    return int(sum(bars)) + len(bars)
