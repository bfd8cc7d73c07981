"""The exact functions against mpmath: error, order, saturation, and the same bits on every platform."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterable

import pytest

from genesis_core.kernels.exact import EXP_OVERFLOW, EXP_UNDERFLOW, LARGEST, exp, log, sigmoid

mpmath = pytest.importorskip("mpmath")

TINIEST = 5e-324
SMALLEST_NORMAL = 2.2250738585072014e-308


def around(values: Iterable[float], steps: int = 2) -> list[float]:
    """Return each value with its next floats on both sides."""
    found = []
    for value in values:
        low = high = value
        found.append(value)
        for _ in range(steps):
            low, high = math.nextafter(low, -math.inf), math.nextafter(high, math.inf)
            found += [low, high]
    return found


# Where the argument reduction changes its multiple of ln 2, and the ends of the range.
EXP_EDGES = around(
    [
        0.0,
        -0.0,
        1.0,
        -1.0,
        1e-300,
        TINIEST,
        2**-54,
        EXP_OVERFLOW,
        EXP_UNDERFLOW,
        -708.3964185322641,
        -744.4400719213812,
    ]
    + [(k + 0.5) * math.log(2.0) for k in range(-1075, 1024)]
)
# Every power of two, and both sides of sqrt(2) times it, where the reduction changes its exponent.
LOG_EDGES = [
    x
    for x in around([math.ldexp(m, k) for k in range(-1074, 1024) for m in (1.0, math.sqrt(2.0))], steps=1)
    if 0.0 < x <= LARGEST
] + around([LARGEST, SMALLEST_NORMAL, 1.0], steps=0)


def exp_arguments(count: int, seed: int) -> list[float]:
    draw = random.Random(seed).uniform
    ranges = ((-40.0, 0.0), (-1.0, 1.0), (-708.0, 709.7), (-745.1, -700.0), (-1e-8, 1e-8))
    return [draw(*ranges[i % len(ranges)]) for i in range(count)]


def log_arguments(count: int, seed: int) -> list[float]:
    draw = random.Random(seed)
    forms: list[Callable[[], float]] = [
        lambda: draw.uniform(0.5, 2.0),
        lambda: draw.uniform(0.999, 1.001),
        lambda: 2.0 ** draw.uniform(-1022.0, 1023.99),
        lambda: TINIEST * draw.randint(1, 2**52),
        lambda: draw.uniform(1e-8, 1e8),
    ]
    return [forms[i % len(forms)]() for i in range(count)]


def worst_error(
    function: Callable[[float], float], reference: Callable[..., object], arguments: list[float]
) -> float:
    """Return the largest error in units in the last place of the true value."""
    worst = 0.0
    with mpmath.workprec(110):
        for x in arguments:
            true = reference(mpmath.mpf(x))
            error = abs(float(mpmath.mpf(function(x)) - true)) / math.ulp(float(true))
            worst = max(worst, error)
    return worst


def test_exp_is_within_one_ulp() -> None:
    inside = [x for x in EXP_EDGES if EXP_UNDERFLOW <= x <= EXP_OVERFLOW]
    assert len(inside) > 10_000
    assert worst_error(exp, mpmath.exp, inside + exp_arguments(90_000, seed=1)) <= 1.0


def test_log_is_within_one_ulp() -> None:
    arguments = [x for x in LOG_EDGES if x != 1.0]
    assert len(arguments) > 12_000
    assert worst_error(log, mpmath.log, arguments + log_arguments(88_000, seed=2)) <= 1.0


def test_sigmoid_is_within_two_ulp() -> None:
    arguments = [x for x in exp_arguments(20_000, seed=3) if x > -700.0]
    arguments += [-x for x in arguments if x > -40.0]
    assert worst_error(sigmoid, lambda z: 1 / (1 + mpmath.exp(-z)), arguments) <= 2.0


@pytest.mark.parametrize(
    ("function", "arguments"),
    [
        (exp, EXP_EDGES + exp_arguments(20_000, seed=4)),
        (log, LOG_EDGES + log_arguments(20_000, seed=5)),
        (sigmoid, EXP_EDGES + exp_arguments(20_000, seed=6) + [-x for x in exp_arguments(10_000, seed=7)]),
    ],
    ids=["exp", "log", "sigmoid"],
)
def test_the_order_of_arguments_is_kept(function: Callable[[float], float], arguments: list[float]) -> None:
    everything = sorted({*arguments, *(math.nextafter(x, math.inf) for x in arguments[::3])})
    values = [function(x) for x in everything]
    broken = [x for x, a, b in zip(everything, values, values[1:], strict=False) if a > b]
    assert broken == []
    assert values[0] < values[-1]


def test_exp_saturates_and_has_no_zero_before_it_must() -> None:
    above = math.nextafter(EXP_OVERFLOW, math.inf)
    below = math.nextafter(EXP_UNDERFLOW, -math.inf)
    assert [exp(x) for x in (above, 1e4, LARGEST, math.inf)] == [LARGEST] * 4
    assert [exp(x) for x in (below, -1e4, -LARGEST, -math.inf)] == [0.0] * 4
    assert [exp(x) for x in (math.nextafter(EXP_UNDERFLOW, 0.0), EXP_UNDERFLOW)] == [TINIEST, 0.0]
    assert exp(EXP_OVERFLOW) <= LARGEST
    with mpmath.workprec(110):
        assert mpmath.exp(mpmath.mpf(above)) > LARGEST
        assert mpmath.exp(mpmath.mpf(EXP_UNDERFLOW)) < mpmath.mpf(TINIEST) / 2


def test_log_saturates_where_there_is_no_logarithm() -> None:
    assert [log(x) for x in (0.0, -0.0, -1.0, -TINIEST, -math.inf)] == [-LARGEST] * 5
    assert log(math.inf) == log(LARGEST) == float.fromhex("0x1.62e42fefa39efp+9")


def test_exact_values_are_exact() -> None:
    assert [exp(x).hex() for x in (0.0, -0.0, TINIEST, -TINIEST)] == [(1.0).hex()] * 4
    assert log(1.0).hex() == (0.0).hex()
    assert sigmoid(0.0) == sigmoid(-0.0) == 0.5


def test_powers_of_two_have_the_nearest_logarithm() -> None:
    with mpmath.workprec(110):
        nearest = [float(k * mpmath.log(2)) for k in range(-1074, 1024)]
    assert [log(math.ldexp(1.0, k)) for k in range(-1074, 1024)] == nearest


def test_sigmoid_stays_within_its_bounds_and_mirrors() -> None:
    assert [sigmoid(x) for x in (40.0, 1e4, math.inf)] == [1.0] * 3
    assert [sigmoid(x) for x in (-1e4, -math.inf)] == [0.0] * 2
    for x in exp_arguments(5_000, seed=8):
        low, high = sorted((sigmoid(x), sigmoid(-x)))
        assert 0.0 <= low <= 0.5 <= high <= 1.0
        assert abs(1.0 - (low + high)) <= 2.0**-52


GOLDEN = {
    "exp": {
        -745.0: "0x0.0000000000001p-1022",
        -708.5: "0x0.e6cf6d08897acp-1022",
        -40.0: "0x1.39792499b1a24p-58",
        -3.3: "0x1.2e259bb85be85p-5",
        -1.0: "0x1.78b56362cef38p-2",
        -0.3465735902799727: "0x1.6a09e667f3bccp-1",
        -1e-08: "0x1.ffffffaa19c48p-1",
        0.1: "0x1.1aec7b35a00d4p+0",
        0.5: "0x1.a61298e1e069cp+0",
        1.0: "0x1.5bf0a8b14576ap+1",
        2.5: "0x1.85d6fd931e0bbp+3",
        10.0: "0x1.5829dcf950560p+14",
        100.0: "0x1.3494a9b171bf5p+144",
        709.78: "0x1.fe9ce5c4c52b4p+1023",
    },
    "log": {
        5e-324: "-0x1.74385446d71c3p+9",
        1e-300: "-0x1.5963447f87fb5p+9",
        0.1: "-0x1.26bb1bbb55515p+1",
        0.5: "-0x1.62e42fefa39efp-1",
        0.9999999: "-0x1.ad7f2b1049b9fp-24",
        1.0000001: "0x1.ad7f2847b6492p-24",
        1.4142135623730951: "0x1.62e42fefa39f0p-2",
        2.0: "0x1.62e42fefa39efp-1",
        3.0: "0x1.193ea7aad030ap+0",
        10.0: "0x1.26bb1bbb55516p+1",
        12345.678: "0x1.2d79559791e31p+3",
        1e300: "0x1.5963447f87fb5p+9",
    },
    "sigmoid": {
        -700.0: "0x1.14f2b0fb9307fp-1010",
        -20.0: "0x1.1b4865556b5d5p-29",
        -1.5: "0x1.759b8355a1bafp-3",
        -0.1: "0x1.e66bdb1aca090p-2",
        0.1: "0x1.0cca12729afb8p-1",
        0.75: "0x1.5bbd4f7a323ecp-1",
        3.0: "0x1.e7b7cbc36fabdp-1",
        36.0: "0x1.ffffffffffffep-1",
    },
}


@pytest.mark.parametrize(
    ("function", "golden"), [(exp, GOLDEN["exp"]), (log, GOLDEN["log"]), (sigmoid, GOLDEN["sigmoid"])]
)
def test_the_bits_are_those_of_every_platform(
    function: Callable[[float], float], golden: dict[float, str]
) -> None:
    assert {x: function(x).hex() for x in golden} == golden


@pytest.mark.parametrize(
    ("function", "arguments"),
    [
        (exp, [*EXP_EDGES[::7], *exp_arguments(9_000, seed=9), 1e4, -1e4]),
        (log, [*LOG_EDGES[::7], *log_arguments(9_000, seed=10), 0.0, -1.0, math.inf]),
        (sigmoid, [*exp_arguments(9_000, seed=11), *(-x for x in exp_arguments(1_000, seed=12))]),
    ],
    ids=["exp", "log", "sigmoid"],
)
def test_compiled_over_a_column_they_have_the_interpreted_bits(
    function: Callable[[float], float],
    arguments: list[float],
    tmp_path: object,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    np = pytest.importorskip("numpy")
    numba = pytest.importorskip("numba")
    from genesis_core.compiler.jit import compile_law

    monkeypatch.setenv("GENESIS_CACHE_DIR", str(tmp_path))

    def column(values, out):  # type: ignore[no-untyped-def]
        for i in range(len(values)):
            out[i] = function(values[i])

    floats = numba.types.Array(numba.float64, 1, "C")
    values = np.array(arguments)
    out = np.empty_like(values)
    compile_law(column, (floats, floats))(values, out)
    expected = np.array([function(x) for x in arguments])
    assert len(arguments) >= 10_000
    assert out.tobytes() == expected.tobytes()
