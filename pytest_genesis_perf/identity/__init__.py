"""Bit-for-bit identity of two values: the first difference, and a digest that agrees with it."""

from __future__ import annotations

from pytest_genesis_perf.identity.compare import find_difference
from pytest_genesis_perf.identity.difference import Difference
from pytest_genesis_perf.identity.digest import digest
from pytest_genesis_perf.identity.errors import CycleError, IdentityError, UnknownTypeError
from pytest_genesis_perf.identity.parts import (
    Alias,
    Fields,
    Handler,
    Items,
    Labelled,
    Leaf,
    Members,
    Pairs,
    Part,
)

__all__ = [
    "Alias",
    "CycleError",
    "Difference",
    "Fields",
    "Handler",
    "IdentityError",
    "Items",
    "Labelled",
    "Leaf",
    "Members",
    "Pairs",
    "Part",
    "UnknownTypeError",
    "digest",
    "find_difference",
]
