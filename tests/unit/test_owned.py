"""How much memory each arm owns alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import pytest

from pytest_genesis_perf.owned import owned_bytes

SHARED = bytes(1_000)


def closure(buffer: object) -> Callable[[], object]:
    return lambda: buffer


def default(buffer: object) -> Callable[[], object]:
    def arm(given: object = buffer) -> object:
        return given

    return arm


@dataclass
class Holder:
    buffer: object

    def method(self) -> object:
        return self.buffer


class Slotted:
    __slots__ = ("buffer",)

    def __init__(self, buffer: object) -> None:
        self.buffer = buffer

    def __call__(self) -> object:
        return self.buffer


class Answering:
    """Answers to every name, as objects of foreign libraries do."""

    def __getattr__(self, name: str) -> object:
        return lambda: name

    def __call__(self) -> object:
        return None


def uses_a_module_variable() -> object:
    return SHARED


HOLDING: list[Callable[[object], Callable[[], object]]] = [
    closure,
    default,
    lambda buffer: partial(len, buffer),  # type: ignore[arg-type]
    lambda buffer: partial(lambda given: given, given=buffer),
    lambda buffer: Holder(buffer).method,
    Slotted,
    lambda buffer: closure([{"a": (buffer,)}]),
    lambda buffer: closure(memoryview(buffer)),  # type: ignore[arg-type]
]


@pytest.mark.parametrize("holding", HOLDING)
def test_what_an_arm_holds_alone_counts(holding: Callable[[object], Callable[[], object]]) -> None:
    assert owned_bytes(holding(bytearray(700)), holding(bytearray(900))) == (700, 900)


@pytest.mark.parametrize("holding", HOLDING)
def test_what_both_hold_does_not(holding: Callable[[object], Callable[[], object]]) -> None:
    both = bytearray(700)
    assert owned_bytes(holding(both), holding(both)) == (0, 0)
    assert owned_bytes(uses_a_module_variable, uses_a_module_variable) == (0, 0)
    assert owned_bytes(uses_a_module_variable, int) == (1_000, 0)


def test_views_belong_to_the_array_they_look_at() -> None:
    np = pytest.importorskip("numpy")
    whole = np.zeros(100)
    assert owned_bytes(closure(whole[:50]), closure(whole[50:])) == (0, 0)
    assert owned_bytes(closure(whole), closure(np.zeros(10))) == (800, 80)


def test_objects_that_answer_to_every_name_are_no_obstacle() -> None:
    assert owned_bytes(Answering(), closure(Answering())) == (0, 0)


def test_a_circle_ends() -> None:
    circle: list[object] = [bytearray(5)]
    circle.append(circle)
    assert owned_bytes(closure(circle), int) == (5, 0)


def test_a_compiled_arm_is_no_obstacle() -> None:
    numba = pytest.importorskip("numba")
    compiled = numba.njit(lambda: 1)
    assert owned_bytes(compiled, closure(compiled)) == (0, 0)
