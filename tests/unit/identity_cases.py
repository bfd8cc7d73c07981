"""Values of many types that the tests of identity share."""

from __future__ import annotations

import datetime as dt
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from pytest_genesis_perf.identity import (
    Difference,
    find_difference,
)


def nan(bits: int) -> float:
    value: float = struct.unpack("<d", bits.to_bytes(8, "little"))[0]
    return value


class Side(Enum):
    LONG = 1
    SHORT = 2


@dataclass
class Trade:
    price: float
    tags: tuple[str, ...] = ()


class Window(Sequence):
    """Items in an attribute, state in another: only the class can say which is which."""

    def __init__(self, *values, symbol="a"):
        self.values = values
        self.symbol = symbol

    def __getitem__(self, index):
        return self.values[index]

    def __len__(self):
        return len(self.values)


class Result:
    """A result that leaves its timings out of its identity."""

    def __init__(self, trades, seconds):
        self.trades = trades
        self.seconds = seconds

    def __genesis_identity__(self):
        return {"trades": self.trades}


MOMENT = dt.datetime(2024, 1, 2, 3, 4, 5, 6)


def located(a: object, b: object) -> Difference:
    found = find_difference(a, b)
    assert found is not None
    return found
