"""The checker of the kernel language: what it forbids, what it lets pass, and that this is enough."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from genesis_core.kernels import exact
from genesis_core.kernels.base import Kernel, Param, Vector, window
from genesis_core.kernels.language import Violation, check, check_kernel, require
from genesis_core.kernels.registry import KERNELS
from genesis_core.kernels.trading import bar, books, metrics, model
from genesis_core.kernels.walk import KernelError, reachable
from tests.unit.language_cases import HEADER, Define, body


def test_a_violation_names_the_function_the_file_and_the_place(define: Define, tmp_path: Path) -> None:
    text = "class Law:\n    def step(x: float) -> float:\n        return 1.0 + x ** 2.0\n\nf = Law.step\n"
    (found,) = check(define(text))
    line = HEADER.count("\n") + 3
    assert found == Violation(str(tmp_path / "law.py"), line, 22, "Law.step", found.message)
    assert str(found) == f"{tmp_path / 'law.py'}:{line}:22: Law.step: {found.message}"


def test_all_violations_are_found_in_the_order_of_the_source(define: Define) -> None:
    found = check(define(body("x = x ** 2.0", "y = min(x, 1.0)", "return math.exp(x) + y")))
    assert [violation.message.split(":")[0] for violation in found] == ["`**`", "min()", "math.exp"]


def test_check_looks_at_one_function_and_require_at_all_it_reaches(define: Define) -> None:
    text = body("return x ** 2.0", head="def inner(x: float) -> float:")
    text += "\n" + body("return inner(x)", head="def middle(x: float) -> float:")
    text += "\n" + body("return middle(x) + round(x)", head="def f(x: float) -> float:")
    function = define(text)
    assert [violation.function for violation in check(function)] == ["f"]
    with pytest.raises(KernelError) as error:
        require(function)
    message = str(error.value)
    assert message.startswith("f is not in the kernel language, 2 violation(s):\n")
    assert "inner: `**`" in message
    assert "f: round()" in message
    assert len(message.splitlines()) == 3


def test_recursion_over_several_functions_is_found(define: Define) -> None:
    text = body("return g(x)", head="def f(x: float) -> float:")
    text += "\n" + body("return h(x)", head="def g(x: float) -> float:")
    text += "\n" + body("return g(x)", head="def h(x: float) -> float:")
    with pytest.raises(KernelError, match="recursion: g -> h -> g; write a loop"):
        require(define(text))


def test_a_helper_may_divide_by_a_parameter_that_every_caller_has_guarded(define: Define) -> None:
    text = body("return x / v[1] / n", head="def helper(v: Vector, x: float, n: float) -> float:")
    guarded = ["if s[1] > 0.0 and x > 1.0:", "    return helper(s, x, x)", "return 0.0"]
    assert require(define(text + "\n" + body(*guarded))) is None
    function = define(text + "\n" + body(*guarded[:2], "return helper(s, x, 1.0)"))
    with pytest.raises(KernelError, match=r"1 violation.*\n.*helper: the divisor `v\[1\]` may be zero"):
        require(function)
    assert {v.message[:20] for v in check(define(text, "helper"))} == {
        "the divisor `v[1]` m",
        "the divisor `n` may ",
    }


def test_the_sign_of_a_result_guards_a_division(define: Define) -> None:
    text = body("return abs(x) + LIMIT", head="def positive(x: float) -> float:")
    text += "\n" + body("return x, abs(x) + 1.0", head="def second(x: float) -> tuple[float, float]:")
    lines = ["y, z = second(x)", "return 1.0 / positive(x) + x / z"]
    assert require(define(text + "\n" + body(*lines))) is None
    (found,) = check(define(text + "\n" + body(lines[0], "return x / y")))
    assert "the divisor `y` may be zero" in found.message


def divides(s: Vector, p: Vector, x: float) -> float:
    return 2.0 * x / (p[0] + 1.0) + x / p[1]


def two(s: Vector, p: Vector, x: float) -> tuple[float, float]:
    return x, x


def spoils(s: Vector, p: Vector, x: float) -> float:
    p[0] = x
    return x


def kernel(step: Callable[..., Any], *params: Param, **declared: Any) -> Kernel:
    return Kernel(name="k", step=step, inputs=declared.pop("inputs", ("x",)), params=params, **declared)


def test_the_declared_range_of_a_parameter_guards_a_division() -> None:
    assert check_kernel(kernel(divides, window("n"), Param("m", 0.5, 2.0))) == []
    assert check_kernel(kernel(divides, Param("n", 0.0, 9.0), Param("m", -2.0, -0.5))) == []
    (found,) = check_kernel(kernel(divides, window("n"), Param("m", 0.0, 2.0)))
    assert "`p[1]` may be zero" in found.message
    (found,) = check_kernel(kernel(divides, Param("n", -1.0, 2.0), Param("m", 1.0, 2.0)))
    assert "`p[0] + 1.0` may be zero" in found.message
    with pytest.raises(KernelError, match="kernel 'k' is not in the kernel language, 1 violation"):
        require(kernel(divides, window("n"), Param("m", -1.0, 2.0)))


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (kernel(two), "declares 1 output(s) ('value',); it must return float, not tuple[float, float]"),
        (kernel(two, outputs=("a", "b")), "declares 2 output(s) and 1 neutral value(s)"),
        (
            kernel(two, outputs=("a", "b"), neutral=(0.0, 0.0), inputs=("x", "y")),
            "(s: Vector, p: Vector, x: float, y:",
        ),
        (kernel(spoils, window("n")), "stores into its parameters; only the state s may change"),
    ],
)
def test_a_kernel_must_be_what_it_declares(bad: Kernel, message: str) -> None:
    (found,) = check_kernel(bad)
    assert message in found.message


@pytest.mark.parametrize("name", sorted(KERNELS))
def test_every_kernel_of_the_registry_is_in_the_language(name: str) -> None:
    assert require(KERNELS[name]) is None


@pytest.mark.parametrize("function", [exact.exp, exact.log, exact.sigmoid])
def test_the_exact_functions_are_in_the_language(function: Callable[..., Any]) -> None:
    assert require(function) is None


TRADING = (
    *(bar.trade_bar, bar.quiet, bar.mark),
    *(books.open_books, books.close_books),
    *(model.probabilities, model.add_column, model.add_five_columns, model.finish_columns),
    metrics.summarize,
)


@pytest.mark.parametrize("function", TRADING, ids=lambda function: function.__name__)
def test_the_trading_law_is_in_the_language(function: Callable[..., Any]) -> None:
    """A function is checked with all that it reaches."""
    assert require(function) is None


def test_no_trading_kernel_is_left_out() -> None:
    """All that the package of trading kernels defines is reached from what is checked above."""
    folder = Path(bar.__file__).parent
    names = {path.stem for path in folder.glob("*.py")} - {"__init__"}
    modules = [importlib.import_module(f"genesis_core.kernels.trading.{name}") for name in sorted(names)]
    defined = {
        value
        for module in modules
        for value in vars(module).values()
        if inspect.isfunction(value) and value.__module__ == module.__name__
    }
    reached = {function for root in TRADING for function in reachable(root)}
    assert {"protect", "on_close", "size", "accept", "blocked", "shares"} <= {f.__name__ for f in reached}
    assert defined - reached == set()
