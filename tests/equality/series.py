"""The series on which the paths are compared, and how many bars of them.

The full sizes take the reference a minute or two, so they run where ``GENESIS_FULL_EQUALITY`` is 1: on one Python
of the matrix. The others compare fewer bars.
"""

from __future__ import annotations

import os
import random
from dataclasses import dataclass
from itertools import pairwise

import pytest

from genesis_core import Candles, synthetic

SEED = 20_171_009


@dataclass(frozen=True)
class Sizes:
    """How much is compared.

    Attributes
    ----------
    embedded : int
        Bars of the embedded series.
    real_start, real : int
        First bar and number of bars of the window of the real series. Both windows have bars without volume and
        closes that repeat; the large one has a hole in it as well.
    random : int
        Bars drawn from the whole real series.
    """

    embedded: int
    real_start: int
    real: int
    random: int


FULL = Sizes(embedded=1_000, real_start=13_100, real=2_000, random=200)
QUICK = Sizes(embedded=500, real_start=14_700, real=500, random=8)


def chosen_sizes() -> Sizes:
    """Return the sizes that the environment asks for."""
    asked = os.environ.get("GENESIS_FULL_EQUALITY", "")
    if asked not in ("", "0", "1"):
        raise pytest.UsageError(
            f"GENESIS_FULL_EQUALITY={asked!r}; 1 for the full sizes, 0 or unset for fewer bars"
        )
    return FULL if asked == "1" else QUICK


def embedded_window(sizes: Sizes) -> Candles:
    """Return the first bars of the embedded series."""
    return synthetic(bars=sizes.embedded)


def real_window(whole: Candles, sizes: Sizes) -> Candles:
    """Return the window of the real series, as a series of its own."""
    return whole[sizes.real_start : sizes.real_start + sizes.real]


def random_bars(whole: Candles, count: int) -> list[int]:
    """Draw one bar from each of `count` stretches of a series: none is missed, and the cost is bounded.

    The stretches grow: what is recomputed for a bar grows with it, and early bars are many for it.
    """
    draw = random.Random(SEED)
    edges = [len(whole) * i * (i + 1) // (count * (count + 1)) for i in range(count + 1)]
    return [draw.randrange(first, end) for first, end in pairwise(edges)]
