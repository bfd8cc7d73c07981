"""Which candles a search sees, and which test what it found: by their positions, whatever the prices."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from genesis_core.candles import Candles
from genesis_core.errors import SearchError
from genesis_core.optimize.sections import Validation


@dataclass(frozen=True)
class Fold:
    """A search and its test; positions of candles, ends outside.

    Attributes
    ----------
    search_from, search_to : int
        What the search sees: in-sample.
    test_from, test_to : int or None
        What it is tested on: out-of-sample; None without validation.
    """

    search_from: int
    search_to: int
    test_from: int | None = None
    test_to: int | None = None

    def searched(self, candles: Candles) -> Candles:
        """Return what the search sees of all candles."""
        whole = self.search_from == 0 and self.search_to == len(candles)
        return candles if whole else candles[self.search_from : self.search_to]

    def whole(self, candles: Candles) -> Candles:
        """Return the candles from the first of the search to the last of its test."""
        return candles[self.search_from : self.search_to if self.test_to is None else self.test_to]

    def tested(self, candles: Candles) -> Candles | None:
        """Return the candles of the test, None without one."""
        return None if self.test_from is None else candles[self.test_from : self.test_to]


def folds_of(validation: Validation, bars: int, warm_up: int) -> list[Fold]:
    """Cut candles into searches and their tests, in time order; the last one is the study's own.

    Parameters
    ----------
    validation : Validation
        How.
    bars : int
        How many candles there are.
    warm_up : int
        Bars that the strategy needs before its first decision.

    Returns
    -------
    list of Fold
        One, but for a walk-forward.

    Raises
    ------
    SearchError
        If a part has no more bars than the warm-up.

    Notes
    -----
    Tests are the last ``folds * test`` of the candles, one after the other. A search ends `embargo` candles before
    its test. Each part is run alone, warm-up included, as ``genesis backtest --from --to`` would.
    """
    if validation.kind == "none":
        return [Fold(0, bars)]
    count = validation.searches
    size = int(bars * Fraction(repr(validation.test)))  # 0.29 of 100 bars are 29
    starts = [bars - (count - k) * size for k in range(count)]
    first_length = starts[0] - validation.embargo
    smaller = "a smaller test or embargo" + (", fewer folds" if count > 1 else "")
    for words, length, cure in (
        ("a test", size, "a larger test"),
        ("the first search", first_length, smaller),
    ):
        if length <= warm_up:
            raise SearchError(
                f"validation: {words} would have {max(length, 0):,} of {bars:,} bars, and the strategy needs {warm_up} "
                f"bars of warm-up and more; give {cure}, or more candles"
            )
    made = []
    for start in starts:
        end = start - validation.embargo
        begin = (
            end - first_length if validation.mode == "rolling" and validation.kind == "walk-forward" else 0
        )
        made.append(Fold(begin, end, start, start + size))
    return made
