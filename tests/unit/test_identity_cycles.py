"""Values that hold themselves, and very deep ones."""

from __future__ import annotations

import numpy as np
import pytest

from pytest_genesis_perf.identity import (
    CycleError,
    IdentityError,
    digest,
    find_difference,
)
from tests.unit.identity_cases import located


class Mirror:
    def __genesis_identity__(self):
        return self


class Endless:
    def __genesis_identity__(self):
        return Endless()


class Nest:
    """A set that holds another set, and so on without end."""

    def __genesis_identity__(self):
        return {Nest()}


def cyclic_list() -> list[object]:
    value: list[object] = [1]
    value.append([2, value])
    return value


def cyclic_dict() -> dict[str, object]:
    value: dict[str, object] = {}
    value["self"] = value
    return value


def cyclic_array() -> np.ndarray:
    value = np.empty(2, dtype=object)
    value[1] = value
    return value


@pytest.mark.parametrize(
    ("value", "path"),
    [
        (cyclic_list(), "result[1][1]"),
        (cyclic_dict(), "result['self']"),
        (cyclic_array(), "result[1]"),
        (Mirror(), "result"),
        (Endless(), "result"),
        (Nest(), "result"),
    ],
)
def test_a_cycle_is_an_error_that_names_the_place(value, path):
    for ask in (lambda: digest(value), lambda: find_difference(value, value)):
        with pytest.raises(CycleError) as caught:
            ask()
        assert caught.value.path.startswith(path)
        assert issubclass(CycleError, IdentityError)
        assert len(str(caught.value)) < 3000


def test_a_cycle_on_one_side_only_is_an_error_too():
    cycle: list[object] = []
    cycle.append(cycle)
    finite = [[[[1]]]]
    for a, b in ((cycle, finite), (finite, cycle)):
        with pytest.raises(CycleError, match="contains itself"):
            find_difference(a, b)
    with pytest.raises(CycleError, match=r"^result\[0\]: the value contains itself"):
        digest(cycle)


def test_a_shared_value_is_not_a_cycle():
    shared = [1.0]
    assert find_difference([shared, shared, (shared,)], [[1.0], [1.0], ([1.0],)]) is None
    assert digest([shared, shared]) == digest([[1.0], [1.0]])


def test_deep_values_do_not_overflow_the_call_stack():
    def nested(core: object) -> object:
        for _ in range(5000):
            core = [core]
        return core

    assert digest(nested(1)) != digest(nested(2))
    found = located(nested(1), nested(2))
    assert (found.baseline, found.optimized, found.count) == ("1", "2", 1)
    assert len(found.path) < 500
