"""A user's kernel that would leave its state or parameters in compiled code is refused when a node is made of it."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from dataclasses import replace
from types import FrameType
from typing import Any

import pytest

from genesis_core import synthetic
from genesis_core.features import Feature, FeatureSet, node, run_features
from genesis_core.kernels.base import Kernel, Param, Vector, window
from genesis_core.kernels.registry import KERNELS
from genesis_core.kernels.walk import KernelError

CURSOR = 1


def ring(s: Vector, p: Vector, x: float) -> float:
    """Return the value of n bars ago: a cursor, and a ring of n values behind it."""
    n = int(p[0])
    at = int(s[0])
    old = s[CURSOR + at]
    s[CURSOR + at] = x
    s[0] = float(at + 1) if at + 1 < n else 0.0
    return old


def bucket(s: Vector, p: Vector, x: float) -> float:
    """Count in a bucket that the data choose."""
    k = int(x / 10.0)
    s[k] = s[k] + 1.0
    return s[k]


def back(s: Vector, p: Vector, x: float) -> float:
    s[0] = x
    k = int(s[1]) - 1
    return s[k]


def rarely(s: Vector, p: Vector, x: float) -> float:
    """Take a branch that no sample takes."""
    if x == 123.456789:
        s[CURSOR + 2] = x
    return x


def helper(v: Vector) -> float:
    if v[0] == 123.456789:
        return v[7]
    return v[0]


def by_helper(s: Vector, p: Vector, x: float) -> float:
    return x + helper(s)


def second_parameter(s: Vector, p: Vector, x: float) -> float:
    return x * p[1]


def chosen_parameter(s: Vector, p: Vector, x: float) -> float:
    k = int(p[0])
    return x * p[k]


def overflowing(s: Vector, p: Vector, x: float) -> float:
    y = x * x * x * x
    return y * y * y


def undefined(s: Vector, p: Vector, x: float) -> float:
    y = x * x * x * x
    z = y * y * y
    return z - z


def root(s: Vector, p: Vector, x: float) -> float:
    return math.sqrt(x - 60.0)


def spread_root(s: Vector, p: Vector, high: float, low: float) -> float:
    return math.sqrt(high - low)


def pair(s: Vector, p: Vector, x: float) -> tuple[float, float]:
    return x, x


def same(s: Vector, p: Vector, x: float) -> float:
    return x


def slow(s: Vector, p: Vector, x: float) -> float:
    """Sum n values at every bar."""
    total = 0.0
    for i in range(int(p[0])):
        total = total + s[i]
    s[0] = x
    return total


N = (window("n"),)
RING = Kernel("ring", ring, ("x",), N, state=lambda p: int(p[0]) + 1)


def made(step: Callable[..., Any], **declared: Any) -> Kernel:
    return Kernel(step.__name__, step, declared.pop("inputs", ("x",)), **declared)


@pytest.mark.parametrize(
    ("kernel", "params", "message"),
    [
        # Too small by one: the end of the ring is reached within the sample, whatever its length.
        (
            replace(RING, state=lambda p: int(p[0])),
            {"n": 14},
            "kernel 'ring': index 14 of its state s, for which it declares 14 with n = 14; "
            "declare state=15 or more, at its bar 13 of a trial run",
        ),
        (
            replace(RING, state=lambda p: int(p[0])),
            {"n": 90_000},
            "index 17 of its state s, for which it declares 17 with n = 17",
        ),
        (
            replace(RING, state=lambda p: 0),
            {"n": 3},
            "index 0 of its state s, for which it declares 0 with n = 3",
        ),
        (
            made(bucket, state=lambda p: 10),
            {},
            "index 10 of its state s, for which it declares 10 with no parameters",
        ),
        # Wrong for long windows only: they are tried as they are too.
        (
            replace(RING, state=lambda p: min(int(p[0]) + 1, 40)),
            {"n": 100},
            "index 40 of its state s, for which it declares 40 with n = 100",
        ),
        (made(back, state=lambda p: 2), {}, "index -1 of its state s, for which it declares 2"),
        (made(rarely, state=lambda p: 3), {}, "index 3 of its state s, for which it declares 3"),
        (made(by_helper, state=lambda p: 7), {}, "index 7 of its state s, for which it declares 7"),
        (
            made(second_parameter, params=(Param("f", 0.0, 2.0),)),
            {"f": 1.0},
            "index 1 of its parameters p, of which it declares 1; valid: 0 to 0",
        ),
        (made(chosen_parameter, params=N), {"n": 1}, "index 1 of its parameters p, of which it declares 1"),
        (made(overflowing), {}, "kernel 'overflowing': its output 'value' is inf; a finite float is needed"),
        (made(undefined), {}, "its output 'value' is nan; a finite float is needed"),
        (made(root), {}, "kernel 'root': math domain error, at its bar "),
        (made(ring, params=N, state=lambda p: p[0] + 1.0), {"n": 3}, "state of n = 3 is 4.0; a whole number"),
        (made(ring, params=N, state=lambda p: -1), {"n": 3}, "state of n = 3 is -1; a whole number"),
        (made(same, warmup=lambda p: 1.5), {}, "warmup of no parameters is 1.5; a whole number"),
        (made(same, forgets=lambda p: -3), {}, "forgets of no parameters is -3; a whole number"),
        (made(same, state=lambda p: int(p[0])), {}, "state of no parameters: tuple index out of range"),
    ],
)
def test_what_would_corrupt_memory_or_a_result_is_refused(
    kernel: Kernel, params: dict[str, float], message: str
) -> None:
    with pytest.raises(KernelError) as caught:
        node(kernel, "close", **params)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
    # The same in a feature set, where users meet it, and the second time.
    with pytest.raises(KernelError):
        FeatureSet([Feature("mine", (), lambda p: node(kernel, "close", **params).value)])


@pytest.mark.parametrize("n", [1, 14, 17, 300])
def test_a_ring_of_the_right_size_is_accepted_and_gives_the_same_bits_compiled(n: int) -> None:
    made = FeatureSet([Feature("old", (), lambda p: node(RING, "close", n=n).value)])
    candles = synthetic(bars=60)
    assert run_features("precomputed", candles, feature_set=made).vectors == (
        run_features("streaming", candles, feature_set=made).vectors
    )


def test_a_kernel_is_tried_on_what_it_really_reads() -> None:
    """A root of high - low is defined on all valid candles, though not on any two numbers."""
    made = Kernel("spread_root", spread_root, ("high", "low"))
    assert node(made, "high", "low").value.first_valid == 0
    with pytest.raises(KernelError, match="math domain error"):
        node(made, "low", "high")


def test_it_is_tried_behind_other_nodes_however_long_their_windows() -> None:
    average = node("ema", "close", n=5000).value
    with pytest.raises(KernelError, match="index 5 of its state"):
        node(replace(RING, state=lambda p: int(p[0])), average, n=5)
    assert node(RING, average, n=5).first_valid == 4999


def test_a_user_kernel_behind_a_user_kernel_sees_its_values() -> None:
    gap = node(Kernel("below", below, ("x",)), "close").value
    with pytest.raises(KernelError, match="math domain error"):
        node(Kernel("plain_root", plain_root, ("x",)), gap)
    assert node(Kernel("plain_root", plain_root, ("x",)), "close").first_valid == 0


def below(s: Vector, p: Vector, x: float) -> float:
    return 0.0 - x


def plain_root(s: Vector, p: Vector, x: float) -> float:
    return math.sqrt(x)


def late(s: Vector, p: Vector, x: float) -> float:
    """Count up from below zero, and be valid from 0.0 on."""
    s[0] = s[0] + 1.0
    return s[0] - 5.0


@pytest.mark.parametrize(("neutral", "accepted"), [(1.0, True), (-1.0, False)])
def test_an_input_that_is_not_awaited_is_seen_as_neutral_before_it_is_valid(
    neutral: float, accepted: bool
) -> None:
    before = Kernel("late", late, ("x",), neutral=(neutral,), state=lambda p: 1, warmup=lambda p: 4)
    early = Kernel("plain_root", plain_root, ("x",), early=("x",))
    value = node(before, "close").value
    assert node(Kernel("plain_root", plain_root, ("x",)), value).first_valid == 4
    if accepted:
        assert node(early, value).first_valid == 0
        return
    with pytest.raises(KernelError, match=r"math domain error, at its bar 0 .* x = -1\.0"):
        node(early, value)


TOP = 4


def last(s: Vector, p: Vector, x: float) -> float:
    if x == 123.456789:
        s[TOP - 2 * 1] = x
    return x


def test_an_index_made_of_constants_is_proved_exactly() -> None:
    assert node(made(last, state=lambda p: 3), "close").first_valid == 0
    with pytest.raises(
        KernelError, match=r"index 2 of its state s, for which it declares 2 .*test_own_kernels\.py:"
    ):
        node(made(last, state=lambda p: 2), "close")


def test_outputs_are_counted() -> None:
    two = Kernel("pair", pair, ("x",), outputs=("a", "b"), neutral=(0.0, 0.0))
    assert node(two, "close").output("b").neutral == 0.0
    with pytest.raises(KernelError, match="declares 1 output"):
        node(Kernel("pair", pair, ("x",)), "close")


def test_kernels_of_the_package_under_another_name_pass() -> None:
    """All of them stay inside what they declare, so none is refused when a user copies it."""
    columns = ("open", "high", "low", "close", "volume", "close")
    for kernel in KERNELS.values():
        copied = replace(kernel, name=f"my_{kernel.name}")
        params = {param.name: max(float(param.minimum), 3.0) for param in kernel.params}
        params = {param.name: min(params[param.name], float(param.maximum)) for param in kernel.params}
        inputs = [column for _, column in zip(kernel.inputs, columns, strict=False)]
        assert node(copied, *inputs, **params).kernel.name == copied.name


def test_it_costs_little_and_only_once() -> None:
    """However long the loop in a step is, a trial ends after some thousand accesses; the second one runs nothing."""
    long = Kernel("slow", slow, ("x",), N, state=lambda p: int(p[0]))
    node(long, "close", n=20_000)

    def calls(n: int) -> list[str]:
        seen = []

        def note(frame: FrameType, event: str, _: object) -> None:
            if event == "call":
                seen.append(frame.f_code.co_name)

        sys.setprofile(note)
        try:
            node(long, "close", n=n)
        finally:
            sys.setprofile(None)
        return seen

    first, second = calls(90_000), calls(90_000)
    assert first.count("slow") > 100
    assert len(first) < 60_000
    assert second.count("slow") == 0
