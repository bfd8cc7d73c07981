"""Iterators as sequences: run to their end once, kept for the second walk."""

from __future__ import annotations

import io
import itertools

import pytest

from pytest_genesis_perf.identity import UnknownTypeError, digest, drained, find_difference
from pytest_genesis_perf.identity.drained import Drained, Yielded


def squares(n: int):
    for i in range(n):
        yield i * i


class Countdown:
    """An iterator of the user's own, with state of its own."""

    def __iter__(self):
        return self

    def __next__(self):
        raise StopIteration


def test_iterators_are_told_apart_by_what_they_yield():
    found = find_difference(squares(5), (i * i + (i == 3) for i in range(5)))
    assert found is not None
    assert (found.path, found.baseline, found.optimized) == ("result[3]", "9", "10")
    assert digest(squares(5)) != digest(squares(4))
    shorter = find_difference(squares(5), squares(4))
    assert shorter is not None
    assert (shorter.path, shorter.reason) == ("result", "lengths differ")


@pytest.mark.parametrize(
    "other",
    [
        lambda: map(pow, range(4), [2] * 4),
        lambda: iter([0, 1, 4, 9]),
        lambda: itertools.chain([0, 1], [4, 9]),
        lambda: Yielded([0, 1, 4, 9]),
    ],
)
def test_which_iterator_it_is_makes_no_difference(other):
    assert find_difference(squares(4), other()) is None
    assert digest(squares(4)) == digest(other())


def test_an_iterator_is_no_list():
    found = find_difference(squares(2), [0, 1])
    assert found is not None
    assert (found.reason, found.baseline) == ("types differ", "iterator of 2 items")


def test_an_iterator_inside_a_result_is_a_place():
    found = find_difference({"a": [squares(3)]}, {"a": [iter([0, 1, 5])]})
    assert found is not None
    assert found.path == "result['a'][0][2]"


def test_what_was_drained_is_kept_for_the_next_walk():
    kept, a, b = Drained(), [squares(3)], [squares(3)]
    assert digest(a, drained=kept) == digest(b, drained=kept)
    assert digest(a, drained=kept) == digest([squares(3)])
    assert find_difference(a, b, drained=kept) is None
    assert find_difference(a, [squares(2)], drained=kept) is not None
    assert len(kept) == 3


def test_one_iterator_in_two_places_yields_the_same_there():
    both = squares(3)
    assert find_difference([both, both], [squares(3), squares(3)]) is None


@pytest.mark.parametrize("endless", [itertools.count, lambda: itertools.cycle([1]), lambda: iter(int, 1)])
def test_an_iterator_without_an_end_is_an_error(endless, monkeypatch):
    monkeypatch.setattr(drained, "MAX_ITEMS", 1000)
    with pytest.raises(UnknownTypeError, match=r"^result\[1\]: .*without end"):
        digest([0, endless()])


def test_exactly_as_many_items_as_are_allowed_are_fine(monkeypatch):
    monkeypatch.setattr(drained, "MAX_ITEMS", 3)
    assert digest(squares(3)) == digest(iter([0, 1, 4]))
    with pytest.raises(UnknownTypeError):
        digest(squares(4))


@pytest.mark.parametrize("before", [[0.5] * 3000, ["text"] * 3000, [1, "a"] * 1500])
def test_an_unknown_value_far_down_a_sequence_is_named(before):
    with pytest.raises(UnknownTypeError, match=r"^result\[3000\]: "):
        digest([*before, object()])


@pytest.mark.parametrize("value", [io.StringIO("a\nb"), Countdown()])
def test_iterators_that_may_hold_more_are_unknown(value):
    with pytest.raises(UnknownTypeError, match=type(value).__name__):
        digest(value)
