"""How candles are cut into searches and their tests."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from genesis_core.errors import SearchError
from genesis_core.optimize.sections import Validation
from genesis_core.optimize.spans import Fold, folds_of

by_property = settings(max_examples=60)


@st.composite
def validations(draw: Any) -> Validation:
    return Validation(
        kind=draw(st.sampled_from(["holdout", "walk-forward"])),
        test=draw(st.integers(1, 90)) / 128,
        folds=draw(st.integers(2, 8)),
        mode=draw(st.sampled_from(["anchored", "rolling"])),
        embargo=draw(st.sampled_from([0, 1, 24, 200])),
    )


def cut(validation: Validation, bars: int, warm_up: int) -> list[Fold]:
    """Return the folds; there is no such example where there are none."""
    try:
        return folds_of(validation, bars, warm_up)
    except SearchError:
        assume(False)
        raise


def span_of_test(fold: Fold) -> tuple[int, int]:
    assert fold.test_from is not None
    assert fold.test_to is not None
    return fold.test_from, fold.test_to


any_cut = given(validations(), st.integers(100, 5000), st.integers(0, 60))


class TestProperties:
    @by_property
    @any_cut
    def test_tests_are_adjacent_of_one_size_and_end_with_the_last_candle(
        self, validation: Validation, bars: int, warm_up: int
    ) -> None:
        folds = cut(validation, bars, warm_up)
        assert len(folds) == (validation.folds if validation.kind == "walk-forward" else 1)
        tests = [span_of_test(fold) for fold in folds]
        assert tests[-1][1] == bars
        assert [a[1] for a, _ in pairwise(tests)] == [b[0] for _, b in pairwise(tests)]
        sizes = {end - begin for begin, end in tests}
        assert sizes == {int(bars * Fraction(repr(validation.test)))}

    @by_property
    @any_cut
    def test_a_test_follows_its_search_after_the_embargo(
        self, validation: Validation, bars: int, warm_up: int
    ) -> None:
        for fold in cut(validation, bars, warm_up):
            assert 0 <= fold.search_from < fold.search_to
            assert span_of_test(fold)[0] - fold.search_to == validation.embargo

    @by_property
    @any_cut
    def test_no_candle_is_in_a_search_and_in_its_test(
        self, validation: Validation, bars: int, warm_up: int
    ) -> None:
        for fold in cut(validation, bars, warm_up):
            seen = set(range(fold.search_from, fold.search_to))
            unseen = set(range(*span_of_test(fold)))
            assert not seen & unseen
            assert seen | unseen <= set(range(bars))

    @by_property
    @any_cut
    def test_every_part_is_longer_than_the_warm_up(
        self, validation: Validation, bars: int, warm_up: int
    ) -> None:
        for fold in cut(validation, bars, warm_up):
            begin, end = span_of_test(fold)
            assert end - begin > warm_up
            assert fold.search_to - fold.search_from > warm_up

    @by_property
    @any_cut
    def test_anchored_searches_grow_and_rolling_ones_move(
        self, validation: Validation, bars: int, warm_up: int
    ) -> None:
        folds = cut(validation, bars, warm_up)
        lengths = {fold.search_to - fold.search_from for fold in folds}
        begins = [fold.search_from for fold in folds]
        assert begins[0] == 0
        if validation.mode == "anchored":
            assert set(begins) == {0}
            assert len(lengths) == len(folds)
        else:
            assert len(lengths) == 1
            assert len(set(begins)) == len(folds)
            assert begins == sorted(begins)


class TestCases:
    def test_without_validation_the_search_sees_all(self) -> None:
        assert folds_of(Validation(), 1000, 52) == [Fold(0, 1000)]
        assert folds_of(Validation(test=0.9, folds=9, embargo=5000), 10, 52) == [Fold(0, 10)]

    def test_holdout(self) -> None:
        made = folds_of(Validation(kind="holdout", test=0.25, embargo=10), 1000, 52)
        assert made == [Fold(0, 740, 750, 1000)]
        rolling = Validation(kind="holdout", test=0.25, embargo=10, mode="rolling", folds=5)
        assert folds_of(rolling, 1000, 52) == made

    def test_anchored(self) -> None:
        validation = Validation(kind="walk-forward", test=0.125, folds=3, embargo=10)
        assert folds_of(validation, 1000, 52) == [
            Fold(0, 615, 625, 750),
            Fold(0, 740, 750, 875),
            Fold(0, 865, 875, 1000),
        ]

    def test_rolling(self) -> None:
        validation = Validation(kind="walk-forward", test=0.125, folds=3, embargo=10, mode="rolling")
        assert folds_of(validation, 1000, 52) == [
            Fold(0, 615, 625, 750),
            Fold(125, 740, 750, 875),
            Fold(250, 865, 875, 1000),
        ]

    def test_a_share_of_a_candle_goes_to_the_search(self) -> None:
        assert folds_of(Validation(kind="holdout", test=0.25), 103, 5) == [Fold(0, 78, 78, 103)]

    @pytest.mark.parametrize("share", [0.07, 0.14, 0.28, 0.29, 0.55, 0.56, 0.57, 0.58])
    def test_a_share_is_the_decimal_that_was_written(self, share: float) -> None:
        (made,) = folds_of(Validation(kind="holdout", test=share), 100, 5)
        assert span_of_test(made) == (100 - round(100 * share), 100)

    def test_a_part_of_one_candle_more_than_the_warm_up_is_enough(self) -> None:
        validation = Validation(kind="holdout", test=0.25)
        assert folds_of(validation, 400, 99) == [Fold(0, 300, 300, 400)]
        long = Validation(kind="holdout", test=0.75)
        assert folds_of(long, 400, 99) == [Fold(0, 100, 100, 400)]


@pytest.mark.parametrize(
    ("validation", "bars", "warm_up", "message"),
    [
        (
            Validation(kind="holdout", test=0.25),
            400,
            100,
            "a test would have 100 of 400 bars, and the strategy needs 100 bars of warm-up and more; give a larger "
            "test, or more candles",
        ),
        (
            Validation(kind="holdout", test=0.75),
            4000,
            1000,
            "the first search would have 1,000 of 4,000 bars, and the strategy needs 1000 bars of warm-up and more; "
            "give a smaller test or embargo, or more candles",
        ),
        (
            Validation(kind="walk-forward", test=0.5, folds=3),
            1000,
            52,
            "the first search would have 0 of 1,000 bars, and the strategy needs 52 bars of warm-up and more; give a "
            "smaller test or embargo, fewer folds, or more candles",
        ),
        (
            Validation(kind="walk-forward", test=0.01, folds=3),
            1000,
            52,
            "a test would have 10 of 1,000 bars, and the strategy needs 52 bars of warm-up and more; give a larger "
            "test, or more candles",
        ),
    ],
)
def test_a_part_that_is_too_short_is_named(
    validation: Validation, bars: int, warm_up: int, message: str
) -> None:
    with pytest.raises(SearchError) as caught:
        folds_of(validation, bars, warm_up)
    assert str(caught.value) == f"validation: {message}"


def test_the_embargo_may_leave_a_search_too_little() -> None:
    validation = Validation(kind="holdout", test=0.25, embargo=248)
    assert folds_of(validation, 400, 51) == [Fold(0, 52, 300, 400)]
    with pytest.raises(SearchError):
        folds_of(validation, 400, 52)
