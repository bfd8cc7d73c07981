"""Comparators for further types: what may be registered, and which one decides."""

from __future__ import annotations

import datetime as dt
from collections import OrderedDict
from enum import Enum

import numpy as np
import pytest

from pytest_genesis_perf.arms import NotComparableError
from pytest_genesis_perf.comparators import merged
from pytest_genesis_perf.identity import CycleError, UnknownTypeError, digest, find_difference
from pytest_genesis_perf.identity.registered import by_type


class Book:
    def __init__(self, pages):
        self.pages = pages


class Novel(Book):
    pass


class Diary(Book):
    def __genesis_identity__(self):
        return "secret"


def pages_of(book):
    return book.pages


def test_a_registered_type_is_compared_by_its_function():
    handlers = (by_type({Book: pages_of}),)
    with pytest.raises(UnknownTypeError):
        digest(Book([1]))
    assert find_difference([Book([1, 2])], [Book([1, 2])], handlers=handlers) is None
    found = find_difference([Book([1, 2])], [Book([1, 3])], handlers=handlers)
    assert found is not None
    assert found.path == "result[0][1]"
    assert digest(Book([1]), handlers=handlers) != digest([1], handlers=handlers)


def test_a_subclass_is_served_and_is_another_type():
    handlers = (by_type({Book: pages_of}),)
    found = find_difference(Book([1]), Novel([1]), handlers=handlers)
    assert found is not None
    assert found.reason == "types differ"


def test_the_nearest_class_decides():
    handlers = (by_type({Book: pages_of, Novel: len}),)
    assert find_difference(Novel([1]), Novel([2]), handlers=(by_type({Book: pages_of}),)) is not None
    with pytest.raises(TypeError, match="len"):
        digest(Novel([1]), handlers=handlers)
    assert find_difference(Diary([1]), Diary([2]), handlers=(by_type({Book: pages_of}),)) is None


def test_a_function_that_returns_its_argument_is_an_error():
    with pytest.raises(CycleError):
        digest(Book([]), handlers=(by_type({Book: lambda book: book}),))


def test_registrations_are_merged():
    assert merged([{Book: pages_of}, {Novel: len}]) == {Book: pages_of, Novel: len}
    assert merged([]) == {}


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (
            [{Book: pages_of}, {Book: len}],
            ["two comparators", "Book", "pages_of", "builtins.len", "keep one"],
        ),
        ([{Diary: pages_of}], ["Diary", "__genesis_identity__", "pages_of", "keep one"]),
        ([[Book]], ["must return a mapping", "Book"]),
        ([{"Book": pages_of}], ["registered for types", "'Book'"]),
        ([{Book: 3}], ["Book", "must be a function, not 3"]),
    ],
)
def test_what_makes_no_sense_is_named(given, words):
    with pytest.raises(NotComparableError) as caught:
        merged(given)
    for word in ["pytest_genesis_perf_comparators", *words]:
        assert word in str(caught.value)


@pytest.mark.parametrize(
    "known",
    [object, float, str, list, dict, OrderedDict, dt.datetime, np.ndarray, np.float64, np.ma.MaskedArray],
)
def test_types_that_are_compared_bit_for_bit_cannot_be_taught_anew(known):
    with pytest.raises(NotComparableError, match="cannot be taught anew"):
        merged([{known: repr}])


def test_frames_cannot_be_taught_anew_but_other_types_of_their_library_can():
    pd = pytest.importorskip("pandas")
    for known in (pd.DataFrame, pd.Series, pd.RangeIndex, pd.Timestamp):
        with pytest.raises(NotComparableError, match="cannot be taught anew"):
            merged([{known: repr}])
    assert len(merged([{pd.DateOffset: repr, np.poly1d: repr, Enum: repr}])) == 3
