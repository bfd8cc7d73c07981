"""Peak memory of a call: what is counted, what is not, and that nothing stays switched on."""

from __future__ import annotations

import gc
import sys
import tracemalloc
from collections.abc import Callable

import numpy as np
import pytest

from pytest_genesis_perf.arms import ArmRaisedError
from pytest_genesis_perf.memory import count_memory
from pytest_genesis_perf.prepared import prepared

SIZE = 1_000_000
HEAD = 2_000
"""More than any object's head, and the frames of a call."""


def peaks(baseline: Callable[[], object], optimized: Callable[[], object]) -> tuple[int, int]:
    counted = count_memory(baseline, optimized)
    assert counted.why == ""
    assert counted.tool == ""
    return counted.arms["baseline"], counted.arms["optimized"]


def test_the_peak_is_what_lives_at_once_not_the_sum_and_not_the_end() -> None:
    def together() -> int:
        return len((bytearray(SIZE), bytearray(SIZE)))

    def in_turn() -> int:
        return len(bytearray(SIZE)) + len(bytearray(SIZE))

    two, one = peaks(together, in_turn)
    assert 2 * SIZE < two < 2 * SIZE + HEAD
    assert SIZE < one < SIZE + HEAD


def test_the_result_counts_and_nothing_costs_nothing() -> None:
    result, nothing = peaks(lambda: bytes(SIZE), lambda: None)
    assert SIZE < result < SIZE + HEAD
    assert nothing == 0


def test_buffers_of_numpy_count() -> None:
    numbers = np.zeros(SIZE // 8)
    temporary, view = peaks(lambda: float((numbers + 1.0).sum()), lambda: numbers[1:])
    assert SIZE < temporary < SIZE + HEAD
    assert view < HEAD


def test_what_a_first_call_remembers_does_not_count() -> None:
    kept: dict[str, bytearray] = {}

    def remembering() -> int:
        return len(kept.setdefault("table", bytearray(SIZE) if "table" not in kept else bytearray()))

    assert peaks(remembering, lambda: None)[0] < HEAD


def test_cycles_of_earlier_calls_do_not_count() -> None:
    def cycle() -> None:
        loop: list[object] = [bytearray(SIZE)]
        loop.append(loop)

    assert SIZE < peaks(cycle, lambda: None)[0] < SIZE + HEAD


def test_the_same_twice() -> None:
    def mixed() -> list[object]:
        return [{str(n): float(n)} for n in range(500)]

    assert peaks(mixed, mixed) == peaks(mixed, mixed)


def test_inputs_that_setup_makes_do_not_count() -> None:
    with prepared(lambda data: data[0], lambda data: bytes(data), lambda: bytearray(SIZE)) as arms:
        reading, copying = peaks(*arms)
    assert reading < HEAD
    assert SIZE < copying < SIZE + HEAD


def test_an_arm_may_use_its_inputs_up() -> None:
    with prepared(lambda data: bytes(data.pop()), lambda data: data.pop(), lambda: [SIZE]) as arms:
        assert SIZE < peaks(*arms)[0] < SIZE + HEAD


def test_objects_that_python_keeps_for_the_next_call_count() -> None:
    floats = 80
    assert peaks(lambda: [n + 0.5 for n in range(floats)], lambda: None)[0] > floats * sys.getsizeof(0.5)


def test_a_coroutine_function_is_awaited() -> None:
    async def waiting() -> bytes:
        return bytes(SIZE)

    with prepared(waiting, waiting, None) as arms:
        assert SIZE < peaks(*arms)[0] < SIZE + 20 * HEAD


@pytest.mark.parametrize("fails", [False, True])
def test_tracing_ends_and_the_collector_is_as_before(fails: bool) -> None:
    def arm() -> None:
        assert tracemalloc.is_tracing()
        assert not gc.isenabled()
        if fails:
            raise ValueError("no")

    assert gc.isenabled()
    gc.unfreeze()
    # Python 3.12 freezes what is immortal when it collects.
    gc.collect()
    frozen = gc.get_freeze_count()
    if fails:
        with pytest.raises(ArmRaisedError, match="the optimized arm raised ValueError: no"):
            count_memory(lambda: None, arm)
    else:
        count_memory(lambda: None, arm)
    assert not tracemalloc.is_tracing()
    assert gc.isenabled()
    assert gc.get_freeze_count() == frozen


def test_what_was_frozen_before_stays_frozen() -> None:
    gc.freeze()
    try:
        frozen = gc.get_freeze_count()
        assert peaks(lambda: bytes(SIZE), lambda: None)[0] > SIZE
        # Frozen objects still die by their own counts, those of a worker's other threads too.
        assert frozen - 1_000 < gc.get_freeze_count() <= frozen
    finally:
        gc.unfreeze()
