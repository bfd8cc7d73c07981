"""The checker of the kernel language: what it forbids, what it lets pass, and that this is enough."""

from __future__ import annotations

import importlib
import inspect
import random
import struct
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

HEADER = """from __future__ import annotations
import functools
import math
from math import sqrt
import numpy as np
from genesis_core.kernels import exact
from genesis_core.kernels.base import Vector
from genesis_core.kernels.exact import exp

LIMIT = 3.5
COUNT = 4
TABLE = [1.0]
BIG = np.float64(2.0)
NOTHING = 0.0

def pair(x: float) -> tuple[float, float]:
    return x, -x

def count(n: int) -> int:
    return n + 1

def put(v: Vector, x: float) -> None:
    v[0] = x

def pushed(v: Vector, x: float) -> float:
    put(v, x)
    return x

def inverse(x: float) -> float:
    return 1.0 / x

"""

Define = Callable[..., Callable[..., Any]]


@pytest.fixture
def define(tmp_path: Path) -> Define:
    """Write a module and return one of its functions; the checker reads sources from files."""

    def run(text: str, name: str = "f", header: str = HEADER) -> Callable[..., Any]:
        path = tmp_path / "law.py"
        path.write_text(header + text, encoding="utf-8")
        namespace: dict[str, Any] = {"__name__": "law"}
        exec(compile(header + text, str(path), "exec"), namespace)
        return namespace[name]

    return run


def body(*lines: str, head: str = "def f(s: Vector, x: float, n: int, b: bool) -> float:") -> str:
    return "\n    ".join([head, *lines]) + "\n"


FORBIDDEN_EXPRESSIONS = {
    "x ** 2.0": "`**`: x ** 2 and x * x have different bits; multiply",
    "x // 2.0": "float // float is not in the kernel language",
    "x % 2.0": "float % float is not in the kernel language",
    "x @ x": "`@`: write the sum of products",
    "+x": "unary `+` does nothing",
    "float(~n)": "`~` is not in the kernel language",
    "math.exp(x)": "math.exp: libm differs between platforms; use the exact kernels",
    "math.log(x)": "math.log: libm differs",
    "math.pow(x, x)": "math.pow is rounded differently",
    "math.ceil(x)": "write `-math.floor(-x)`",
    "math.hypot(x, x)": "of the module math only sqrt and floor are exact everywhere",
    "math.pi": "math.pi: only math.sqrt and math.floor are reached by a dot",
    "math.sqrt(n)": "an int where a float is needed; write float(...)",
    "math.sqrt(x, x)": "math.sqrt() takes one argument, 2 given",
    "sqrt(x)": "sqrt() of the module math: write math.sqrt",
    "sum((x, x))": "sum() changed its algorithm in Python 3.12",
    "min(x, 1.0)": "min(): its result for NaN and for -0.0 depends on the order",
    "max(x, 1.0)": "max(): its result for NaN",
    "round(x)": "round() is not the same in Python and Numba",
    "pow(x, 2.0)": "pow() is rounded differently",
    "float(len(s))": "len(): pass the length of a vector as a parameter",
    "sorted(s)[0]": "sorted(): lists are not in the kernel language",
    "divmod(x, x)[0]": "divmod() is not in the kernel language",
    "abs(x, x)": "abs() takes one argument, 2 given",
    "float(x)": "float() of a float; it takes an int",
    "float(int(n))": "int() of an int; it takes a float",
    "float(abs(b))": "abs() of a bool; it takes a float or an int",
    "np.exp(x)": "np.exp(): 'np' is the module numpy; a kernel may use the module math only",
    "exact.exp(x)": "exact.exp(): 'exact' is the module genesis_core.kernels.exact",
    "s.pop()": "s.pop(): there are no methods",
    "s.size": "s.size: only math.sqrt and math.floor are reached by a dot",
    "'a'": "a string: there are no strings",
    "f'{x}'": "a string: there are no strings",
    "b'a'": "the literal b'a': literals are finite floats",
    "1j": "the literal 1j",
    "1e999": "the literal inf: literals are finite floats",
    "1e300 * 1e300": "the literal inf",
    "float(9223372036854775808)": "the literal 9223372036854775808: literals are finite floats, ints",
    "None": "the literal None",
    "[x][0]": "a list: state lives in the vector s",
    "{0: x}[0]": "a dict: state lives",
    "{x}": "a set: state lives",
    "[y for y in s]": "a comprehension: state lives",
    "TABLE[0]": "'TABLE' is a list; a kernel may refer to plain functions and numbers only",
    "BIG": "the literal np.float64(2.0)",
    "(lambda y: y)(x)": "only a kernel that has a name can be called",
    "lambda: x": "a lambda: define a kernel",
    "(y := x)": "`:=`: assign on a line of its own",
    "exp(x=x)": "a keyword argument: pass arguments by position",
    "exp(*s)": "a star argument: write every argument",
    "exp(x, x)": "exp() takes 1 arguments, 2 given",
    "exp(n)": "argument 'x' of exp(): an int where a float is needed; write float(...)",
    "exp(1)": "argument 'x' of exp(): the int literal 1 where a float is needed; write 1.0",
    "float(count(x))": "argument 'n' of count(): a float where an int is needed; write int(...)",
    "exp": "'exp' is a function; a kernel can only call it",
    "abs": "'abs' is a builtin; it can only be called",
    "x(x)": "'x' is a local name; a kernel calls functions",
    "LIMIT(x)": "'LIMIT' is a number; it cannot be called",
    "unknown": "the name 'unknown' is not defined",
    "unknown(x)": "the name 'unknown' is not defined",
    "x + n": "int + float: an int where a float is needed; write float(...)",
    "x + 1": "int + float: the int literal 1 where a float is needed; write 1.0",
    "1 - x": "int - float: the int literal 1",
    "x * b": "float * bool; both sides must be floats, or both ints",
    "float(n / 2)": "int / int; write `//`",
    "float(b + b)": "bool + bool is not in the kernel language",
    "float(-0)": "`-0` is 0 in Python and can become -0.0 when compiled",
    "-b": "`-` of a bool",
    "float(n // 0)": "the divisor `0` of `//` is not known to be positive",
    "float(n % n)": "the divisor `n` of `%` is not known to be positive",
    "float(n // -2)": "the divisor `-2` of `//` is not known to be positive",
    "float(1 << n)": "the distance `n` of `<<`; use a constant from 0 to 62",
    "float(n >> 63)": "the distance `63` of `>>`",
    "float(n >> -1)": "the distance `-1` of `>>`",
    "float(n >> (n & 63))": "the distance `n & 63` of `>>`",
    "1.0 if b else 0": "the branches of a conditional expression are a float and an int; Numba would convert",
    "1.0 if x else 0.0": "a float as a condition; compare it",
    "(x, x) if b else (x, x)": "a conditional expression of a tuple[float, float]; write if and else",
    "1.0 if x > 0 else 0.0": "`x` is a float, `0` is an int; compare floats with floats, ints with ints",
    "1.0 if b == True else 0.0": "compare floats with floats, ints with ints",
    "1.0 if 0.0 < x < n else 0.0": "`x` is a float, `n` is an int",
    "1.0 if x is x else 0.0": "`is` compares objects; write `==`",
    "1.0 if x in s else 0.0": "`in` needs a container",
    "1.0 if not n else 0.0": "`not` of an int; write a comparison",
    "1.0 if n and b else 0.0": "`and`, `or` of an int; write a comparison",
    "1.0 if pushed(s, x) > 0.0 else 0.0": "a call that stores into a vector inside a comparison",
    "s[-1]": "the index -1: count from the start of the vector",
    "s[x]": "a float where an int is needed",
    "s[b]": "a bool where an int is needed",
    "s[0:1]": "a slice: read single items",
    "x[0]": "an item of a float; only a Vector has items",
    "pair(x)[0]": "an item of a tuple[float, float]",
    "s": "returns a vector, declared to return a float",
    "n": "returns an int, declared to return a float; an int where a float is needed; write float(...)",
    "0": "returns an int, declared to return a float; the int literal 0 where a float is needed; write 0.0",
    "pair(x)": "returns a tuple[float, float], declared to return a float",
    "1.0 / 0.0": "division by 0.0, which is zero",
    "1.0 / NOTHING": "division by NOTHING, which is zero",
    "1.0 / x": "the divisor `x` may be zero; divide in a branch such as `if x > 0.0`",
    "1.0 / s[0]": "the divisor `s[0]` may be zero",
    "1.0 / (1.0 + x)": "the divisor `1.0 + x` may be zero; name it and divide in a branch",
    "1.0 / abs(x)": "the divisor `abs(x)` may be zero",
    "1.0 / float(n)": "the divisor `float(n)` may be zero",
    "1.0 / (abs(x) - 1.0)": "the divisor `abs(x) - 1.0` may be zero",
    "1.0 / x if x > -1.0 else 0.0": "the divisor `x` may be zero",
    "1.0 / x if x >= 0.0 else 0.0": "the divisor `x` may be zero",
    "1.0 / x if x == 0.0 else 0.0": "the divisor `x` may be zero",
    "0.0 if x > 0.0 else 1.0 / x": "the divisor `x` may be zero",
    "1.0 / x if x != 1.0 else 0.0": "the divisor `x` may be zero",
    "1.0 / x if x > 0.0 or b else 0.0": "the divisor `x` may be zero",
    "1.0 / x if not x > 0.0 else 0.0": "the divisor `x` may be zero",
    "0.0 if x <= 0.0 < s[0] else 1.0 / x": "the divisor `x` may be zero",
    "1.0 / s[n] if s[n] > 0.0 else 0.0": "the divisor `s[n]` may be zero",
    "1.0 / s[1] if s[0] > 0.0 else 0.0": "the divisor `s[1]` may be zero",
    "1.0 / (x * x) if x > 0.0 else 0.0": "the divisor `x * x` may be zero",
    "1.0 / (0.5 * x) if x > 0.0 else 0.0": "the divisor `0.5 * x` may be zero",
    "1.0 / float(int(x)) if x > 0.0 else 0.0": "the divisor `float(int(x))` may be zero",
    "1.0 / float(math.floor(x)) if x > 0.0 else 0.0": "the divisor `float(math.floor(x))` may be zero",
    "1.0 / float(n >> 1) if n > 0 else 0.0": "the divisor `float(n >> 1)` may be zero",
}


@pytest.mark.parametrize(("expression", "message"), FORBIDDEN_EXPRESSIONS.items())
def test_a_forbidden_expression_is_one_violation_with_its_reason(
    define: Define, expression: str, message: str
) -> None:
    found = check(define(body(f"return {expression}")))
    assert len(found) == 1, found
    assert message in found[0].message
    assert found[0].line == HEADER.count("\n") + 2


FORBIDDEN_BODIES = [
    (["try:", "    x = 1.0", "finally:", "    pass", "return x"], "try: a kernel is total"),
    (["with x:", "    pass", "return x"], "with: a kernel holds no resources"),
    (["global LIMIT", "return x"], "global: a kernel changes nothing but its locals"),
    (["raise ValueError", "return x"], "raise: a kernel is total"),
    (["assert b", "return x"], "assert: a kernel is total"),
    (["del b", "return x"], "del: a name keeps its value"),
    (["import math", "return x"], "import inside a kernel"),
    (["class A: pass", "return x"], "a class inside a kernel"),
    (["def g(y: float) -> float: return y", "return x"], "a function inside a kernel"),
    (["match n:", "    case 0: return x", "return x"], "match: write if and elif"),
    (["print(x)", "return x"], "print(): a kernel changes nothing"),
    (["x", "return x"], "an expression without effect"),
    (["'late docstring'", "'second'", "return x"], "a string: there are no strings"),
    (["for y in s:", "    pass", "return x"], "a for loop runs over range(...) only"),
    (["for i in range(x):", "    pass", "return x"], "a float where an int is needed"),
    (
        ["for i in range(0, n, n):", "    pass", "return x"],
        "the step of range() must be a constant other than 0",
    ),
    (
        ["for i in range(0, n, 0):", "    pass", "return x"],
        "the step of range() must be a constant other than 0",
    ),
    (["for i, j in range(n):", "    pass", "return x"], "the target of a loop must be one name"),
    (["for i in range(n):", "    pass", "else:", "    pass", "return x"], "else of a loop"),
    (["while b:", "    b = False", "else:", "    pass", "return x"], "else of a loop"),
    (["while x:", "    x = 0.0", "return x"], "a float as a condition"),
    (["y = 0", "y = x", "return x"], "'y' is an int and is assigned a float"),
    (["y = 0.0", "y = n", "return y"], "'y' is a float and is assigned an int: Numba would convert"),
    (["y = 0.0", "if b:", "    y = 0", "return y"], "(the int literal 0 where a float is needed; write 0.0)"),
    (["x = n", "return 0.0"], "'x' is a float and is assigned an int"),
    (["x += 1", "return x"], "int + float: the int literal 1"),
    (["x /= s[0]", "return x"], "the divisor `s[0]` may be zero"),
    (["n /= 2", "return x"], "int / int"),
    (["y: int = x", "return x"], "a float where an int is needed"),
    (["y: str = x", "return x"], "the annotation str; write float, int or bool"),
    (["y: float", "return x"], "an annotation without a value"),
    (["y = s", "return x"], "assignment of the vector 'y'"),
    (["s = x", "return x"], "assignment of the vector 's'"),
    (["y = pair(x)", "return x"], "'y' = a tuple[float, float]; unpack it into names"),
    (["y = put(s, x)", "return x"], "'y' = nothing; unpack it into names"),
    (["y, z, w = pair(x)", "return y"], "unpacks 2 values into 3 names"),
    (["y, z = exp(x)", "return x"], "unpacks a float into 2 names"),
    (["n, z = pair(x)", "return z"], "'n' is an int and is assigned a float"),
    (["s[0] = n", "return x"], "stored into a vector: an int where a float is needed"),
    (["s[0] = 0", "return x"], "stored into a vector: the int literal 0 where a float is needed; write 0.0"),
    (["s[x] = x", "return x"], "a float where an int is needed"),
    (["s[-1] = x", "return x"], "the index -1"),
    (["s.a = x", "return x"], "assignment to `s.a`; assign to names and items of vectors only"),
    (["if b:", "    y = 1.0", "return y"], "'y' may be unassigned here; assign it on every path"),
    (["for i in range(n):", "    y = 1.0", "return y"], "'y' may be unassigned here"),
    (["for i in range(n):", "    pass", "return float(i)"], "'i' may be unassigned here"),
    (["while b:", "    y = 1.0", "    b = False", "return y"], "'y' may be unassigned here"),
    (
        ["for i in range(n):", "    if b:", "        y = 1.0", "    x = y", "return x"],
        "'y' may be unassigned here",
    ),
    (["y += x", "return y"], "'y' may be unassigned here"),
    (["return f(s, x, n, b)"], "recursion: f -> f; write a loop"),
    (["return x", "x = 1.0"], "this line is never reached"),
    (["for i in range(n):", "    break", "    x = 1.0", "return x"], "this line is never reached"),
    (["while True:", "    x = 1.0", "return x"], "this line is never reached"),
    (["if b:", "    return x"], "can end without a return; it is declared to return float"),
    (["while b:", "    return x"], "can end without a return"),
    (["return"], "returns nothing, declared to return a float"),
    (["put(s, s)", "return x"], "put() is given the same vector twice"),
    (["put(x, x)", "return x"], "argument 'v' of put(): a float where a vector is needed"),
    (["if x > 0.0:", "    x = x - 1.0", "    return 1.0 / x", "return x"], "the divisor `x` may be zero"),
    (["if x <= 0.0:", "    x = n * 1.0", "return x"], "int * float: an int where"),
    (["if x == 0.0:", "    b = True", "return 1.0 / x"], "the divisor `x` may be zero"),
    (["if s[0] > 0.0:", "    s[0] = x", "    return x / s[0]", "return x"], "the divisor `s[0]` may be zero"),
    (["if s[0] > 0.0:", "    s[n] = x", "    return x / s[0]", "return x"], "the divisor `s[0]` may be zero"),
    (
        ["if s[0] > 0.0:", "    put(s, x)", "    return x / s[0]", "return x"],
        "the divisor `s[0]` may be zero",
    ),
    (
        ["if s[0] > 0.0:", "    pushed(s, x)", "    return x / s[0]", "return x"],
        "the divisor `s[0]` may be zero",
    ),
    (
        ["y = 1.0", "for i in range(n):", "    x = x / y", "    y = y - 1.0", "return x"],
        "the divisor `y` may be zero",
    ),
    (
        ["y = 1.0", "while b:", "    y = x", "    if x > y:", "        break", "return x / y"],
        "the divisor `y` may be",
    ),
    (
        ["y = 0.0", "for i in range(n):", "    if b:", "        continue", "    y = 1.0", "return x / y"],
        "`y` may be",
    ),
    (
        [
            *("y = 1.0", "for i in range(n):", "    x = x / y", "    if b:", "        y = s[0]"),
            *("        continue", "    y = 1.0", "return x"),
        ],
        "the divisor `y` may be zero",
    ),
    (
        ["y = 1.0", "for i in range(n):", "    if b:", "        y = x", "        break", "return x / y"],
        "`y` may be",
    ),
    (["y = 1.0 if x == 0.0 else 2.0", "return y / x"], "the divisor `x` may be zero"),
    (["y = abs(s[0])", "if x <= y:", "    return 0.0", "return 1.0 / x"], "the divisor `x` may be zero"),
    (["for i in range(n):", "    x = x / float(i)", "return x"], "the divisor `float(i)` may be zero"),
    (
        ["for i in range(-3, n):", "    x = x / float(i)", "return x"],
        "the divisor `float(i)` may be zero",
    ),
]


@pytest.mark.parametrize(("lines", "message"), FORBIDDEN_BODIES)
def test_a_forbidden_statement_is_one_violation_with_its_reason(
    define: Define, lines: list[str], message: str
) -> None:
    found = check(define(body(*lines)))
    assert len(found) == 1, found
    assert message in found[0].message


FORBIDDEN_SIGNATURES = [
    ("def f(x) -> float:", "parameter 'x' has no annotation; write float, int, bool or Vector"),
    ("def f(x: list) -> float:", "parameter 'x' is annotated list; write float"),
    ("def f(x: float):", "no return annotation"),
    ("def f(x: float) -> str:", "the return annotation str; write float"),
    ("def f(x: float) -> Vector:", "the return annotation Vector"),
    ("def f(x: float) -> tuple[float, ...]:", "the return annotation tuple[float, ...]"),
    ("def f(x: float = 1.0) -> float:", "a default argument; pass every argument"),
    ("def f(x: float, *y: float) -> float:", "only plain positional parameters"),
    ("def f(x: float, *, y: float) -> float:", "only plain positional parameters"),
    ("def f(x: float, /) -> float:", "only plain positional parameters"),
    ("def f(x: float, **y: float) -> float:", "only plain positional parameters"),
    ("async def f(x: float) -> float:", "a kernel is a plain def"),
    ("@functools.lru_cache\ndef g(x: float) -> float: return 1.0\n\ndef f(x: float) -> float:", None),
    ("@staticmethod\ndef f(x: float) -> float:", "a decorator hides the function that is compiled"),
]


@pytest.mark.parametrize(("head", "message"), FORBIDDEN_SIGNATURES)
def test_a_forbidden_signature_is_one_violation(define: Define, head: str, message: str | None) -> None:
    function = define(body("return 1.0", head=head))
    found = check(getattr(function, "__func__", function))
    assert [message in violation.message for violation in found if message] == [True] * (message is not None)


def test_other_objects_are_rejected_with_their_type() -> None:
    with pytest.raises(
        KernelError, match="is a builtin_function_or_method; a kernel is a plain Python function"
    ):
        check(abs)
    with pytest.raises(KernelError, match="is a type; a kernel is a plain Python function"):
        require(int)


def test_a_lambda_and_a_function_without_source_are_violations() -> None:
    assert "a lambda cannot be annotated" in check(lambda x: x)[0].message
    namespace: dict[str, Any] = {}
    exec("def f(x: float) -> float:\n    return x\n", namespace)
    assert "its source cannot be read" in check(namespace["f"])[0].message


def test_a_wrapped_function_is_judged_by_its_own_source(define: Define) -> None:
    text = body("return x * 2.0", head="def g(x: float) -> float:")
    text += "\n" + body("return x ** 2.0", head="def f(x: float) -> float:") + "\nf.__wrapped__ = g\n"
    assert "`**`" in check(define(text))[0].message


ALLOWED_EXPRESSIONS = [
    "x + 1.0 - 2.0 * x",
    "-x",
    "-1.5",
    "float(-n)",
    "float(-3)",
    "x / LIMIT",
    "x / 3.0",
    "x / (1.0 / 6.0)",
    "x / -LIMIT",
    "math.sqrt(abs(x))",
    "float(math.floor(x))",
    "float(int(x))",
    "float(abs(n))",
    "exp(x)",
    "float(count(n) + COUNT)",
    "float(n * 2 - n // 3 + n % 7)",
    "float((n & 3) | (n ^ 5))",
    "float((n << 2) >> 1)",
    "float(1 << (n & 31))",
    "float(n >> (62 & n))",
    "float(n // (abs(n) + 1))",
    "float(n % n) if n > 0 else 0.0",
    "1.0 if x > 0.0 else 2.0",
    "1.0 if n else 2.0",
    "1.0 if n & 1 else 2.0",
    "1.0 if 0.0 <= x < 1.0 else 2.0",
    "1.0 if b and not (x > 0.0 or n == 3) else 2.0",
    "s[0] + s[n] + s[COUNT - 1]",
    "1.0 / x if x > 0.0 else 0.0",
    "1.0 / x if x < 0.0 else 0.0",
    "1.0 / x if x != 0.0 else 0.0",
    "1.0 / x if x >= 0.1 else 0.0",
    "1.0 / x if x <= -0.1 else 0.0",
    "1.0 / x if x == 2.0 else 0.0",
    "1.0 / x if 0.0 < x else 0.0",
    "1.0 / x if 0.0 < x < 1.0 else 0.0",
    "1.0 / x if b and x > 0.0 else 0.0",
    "1.0 / x if not x == 0.0 else 0.0",
    "0.0 if x <= 0.0 else 1.0 / x",
    "0.0 if b or x == 0.0 else 1.0 / x",
    "1.0 if x > 0.0 and 1.0 / x > 2.0 else 0.0",
    "1.0 if x <= 0.0 or 1.0 / x > 2.0 else 0.0",
    "1.0 / float(n) if n else 0.0",
    "1.0 / s[2] if s[2] > 0.0 else 0.0",
    "1.0 / (1.0 + abs(x))",
    "1.0 / (1.0 + math.sqrt(abs(x)))",
    "1.0 / (0.6 * x) if x > 0.0 else 0.0",
    "1.0 / (x + 2.0) if x > 0.0 else 0.0",
    "1.0 / (-1.0 - x) if x > 0.0 else 0.0",
    "1.0 / float(n * n) if n > 0 else 0.0",
    "1.0 / (x if x > 0.0 else 1.0)",
    "1.0 / math.sqrt(x) if x > 0.0 else 0.0",
    "inverse(2.0)",
    "inverse(x) if x > 0.0 else 0.0",
]


@pytest.mark.parametrize("expression", ALLOWED_EXPRESSIONS)
def test_an_allowed_expression_passes(define: Define, expression: str) -> None:
    assert require(define(body(f"return {expression}"))) is None


ALLOWED_BODIES = [
    ['"""Docstring."""', "pass", "return x"],
    ["y: float = x", "y += 1.0", "y -= x", "y *= 2.0", "y /= 3.0", "return y"],
    ["y = z = x", "return y + z"],
    ["n += 1", "n //= 2", "n %= 3", "n &= 1", "n |= 2", "n ^= 1", "n <<= 1", "n >>= 1", "return float(n)"],
    ["y, z = pair(x)", "return y + z"],
    ["y, s[1] = pair(x)", "return y + s[1]"],
    ["x, y = pair(x)", "x, y = y, x", "return x"],
    ["s[0] = x", "s[n] += 1.0", "put(s, x)", "exp(x)", "return s[0]"],
    ["c = x > 0.0", "c = b and not c", "return 1.0 if c else 0.0"],
    ["if b:", "    y = 1.0", "elif x > 0.0:", "    y = 2.0", "else:", "    return 0.0", "return y"],
    ["if b:", "    return 1.0", "else:", "    return 2.0"],
    [
        "for i in range(n):",
        "    if i > 3:",
        "        break",
        "    if i & 1:",
        "        continue",
        "    x += s[i]",
        "return x",
    ],
    ["for i in range(n, 0, -1):", "    x += float(i)", "return x"],
    ["i = 0", "while i < n and x < 1e9:", "    x *= 2.0", "    i += 1", "return x"],
    ["while True:", "    x = x * 0.5", "    if x < 1.0:", "        return x"],
    ["while True:", "    y = x", "    if b:", "        break", "return y"],
    ["if x <= 0.0:", "    return 0.0", "return 1.0 / x"],
    ["if x <= 0.0:", "    x = 1.0", "return 1.0 / x"],
    ["for i in range(n):", "    if x == 0.0:", "        continue", "    x = 1.0 / x", "return x"],
    ["y = 2.0", "for i in range(n):", "    x = x / y", "    y = math.sqrt(y)", "return x"],
    ["for i in range(n):", "    x = x / float(i + 1)", "return x"],
    ["for i in range(1, n):", "    x = x / float(i)", "return x"],
    ["s[0] = abs(x) + 1.0", "s[1] = 0.0", "return x / s[0]"],
    ["if s[0] > 0.0:", "    s[1] = x", "    return x / s[0]", "return x"],
    ["y = abs(s[0])", "return 1.0 / x if x > y else 0.0"],
    ["while x > 0.0:", "    x = 1.0 / x - 1.0", "return x"],
]


@pytest.mark.parametrize("lines", ALLOWED_BODIES)
def test_an_allowed_statement_passes(define: Define, lines: list[str]) -> None:
    assert require(define(body(*lines))) is None


@pytest.mark.parametrize(
    ("head", "line"),
    [
        ("def f(x: float) -> tuple[float, int, bool]:", "return x, 1, x > 0.0"),
        ("def f(x: 'float') -> 'tuple[float, float]':", "return pair(x)"),
        ("def f(v: Vector) -> None:", "v[0] = 1.0"),
        ("def f(v: Vector) -> None:", "return"),
        ("def f(b: bool) -> bool:", "return not b"),
        ("def f() -> int:", "return COUNT"),
    ],
)
def test_allowed_signatures_pass(define: Define, head: str, line: str) -> None:
    assert require(define(body(line, head=head))) is None


def test_a_closure_is_checked_with_the_values_it_closes_over(define: Define) -> None:
    text = """
def make(inner, scale):
    def step(x: float) -> float:
        # a comment
        return inner(x) / scale

    return step

good = make(exp, 2.0)
zero = make(exp, 0.0)
whole = make(exp, 2)
foreign = make(math.exp, 2.0)
"""
    assert check(define(text, "good")) == []
    (found,) = check(define(text, "zero"))
    assert found.message == "division by scale, which is zero"
    assert found.function == "make.<locals>.step"
    assert (
        "int / float" in check(define(text, "whole"))[0].message
        or "int" in check(define(text, "whole"))[0].message
    )
    assert "math" in check(define(text, "foreign"))[0].message


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


class Writer:
    """Writes a random function of the language: every construct, values kept small and finite."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.lines: list[str] = []

    def text(self) -> str:
        self.block(1, 3, 5)
        head = "def f(s: Vector, x: float, y: float, z: float, i: int, j: int, b: bool)"
        head += " -> tuple[float, int, bool]:"
        return "\n".join(
            ["import math", "Vector = list", head, *self.lines, "    return x + y * z + s[0], i + j, b"]
        )

    def pick(self, *choices: str) -> str:
        return self.random.choice(choices)

    def number(self, depth: int) -> str:
        if depth == 0:
            return self.pick(
                "x", "y", "z", "s[0]", "s[1]", "s[i & 3]", "0.1", "-2.5", "1e-3", "float(j)", "-0.0"
            )
        a, b = self.number(depth - 1), self.number(depth - 1)
        name = self.pick("x", "y", "z", "s[2]")
        return self.pick(
            f"({a} {self.pick('+', '-', '*')} {b})",
            f"({a} / {name} if {self.pick(f'{name} > 0.0', f'{name} != 0.0', f'0.25 < {name}')} else {b})",
            f"({a} / (1.0 + abs({b})))",
            f"math.sqrt(abs({a}))",
            f"-{name}",
            f"({a} if {self.truth(depth - 1)} else {b})",
            f"float({self.whole(depth - 1)})",
        )

    def whole(self, depth: int) -> str:
        if depth == 0:
            return self.pick("i", "j", "3", "math.floor(x)", "int(y)", "-7", "math.floor(-z)")
        a, b = self.whole(depth - 1), self.whole(depth - 1)
        operation = self.pick("+ 5", "- 9", "* 3", "// 4", "% 7", "& 6", "| 9", "^ 12", "<< 2", ">> 1")
        return self.pick(
            f"({a} {operation})", f"({a} + {b})", f"abs({a})", f"({a} if {self.truth(0)} else {b})", "-i"
        )

    def truth(self, depth: int) -> str:
        compare = self.pick("<", "<=", ">", ">=", "==", "!=")
        simple = self.pick(
            "b", f"{self.number(0)} {compare} {self.number(0)}", f"{self.whole(0)} {compare} j"
        )
        if depth == 0:
            return simple
        return self.pick(
            f"({simple} and {self.truth(depth - 1)})", f"(not b or {self.truth(0)})", "-1.0 < x <= y"
        )

    def block(self, level: int, depth: int, length: int) -> None:
        pad = "    " * level
        for _ in range(length):
            kind = self.pick("x", "y", "z", "s[0]", "s[j & 3]", "i", "j", "b", "if", "for", "while")
            if kind in "ij":
                self.lines.append(f"{pad}{kind} = ({self.whole(depth)}) % 64 - 32")
            elif kind == "b":
                self.lines.append(f"{pad}b = {self.truth(depth)}")
            elif kind in ("if", "for", "while") and level < 3:
                test = {
                    "for": f"for k{level} in range(1, i & 7, 2)",
                    "if": f"if {self.truth(2)}",
                    "while": "while x < -4.0",
                }
                self.lines.append(f"{pad}{test[kind]}:")
                self.block(level + 1, depth - 1, 2)
                if kind == "while":
                    self.lines.append(f"{pad}    x = abs(x) * 0.5")
                elif kind == "if":
                    self.lines.append(f"{pad}else:")
                    self.block(level + 1, depth - 1, 2)
            elif kind not in ("if", "for", "while"):
                self.lines.append(f"{pad}v{level} = {self.number(depth)}")
                self.lines.append(f"{pad}{kind} = v{level} if abs(v{level}) < 1e4 else 0.5")


def bits(values: tuple[Any, ...], state: Any) -> bytes:
    x, i, b = values
    return struct.pack("<dq?4d", x, i, b, *state)


@pytest.mark.parametrize("seed", range(6))
def test_a_random_function_of_the_language_gives_the_same_bits_interpreted_and_compiled(
    define: Define, seed: int
) -> None:
    numba = pytest.importorskip("numba")
    np = pytest.importorskip("numpy")
    function = define(Writer(seed).text(), header="")
    assert check(function) == []
    compiled = numba.njit(error_model="numpy")(function)
    draw = random.Random(seed)
    floats = [0.0, -0.0, 1.0, -1.0, 0.5, 5e-324, -5e-324, 1e-300, 3.0, 1e4]
    seen = set()
    for _ in range(1500):
        x, y, z, *state = (
            draw.choice(floats) if draw.random() < 0.4 else draw.gauss(0.0, 9.0) for _ in range(7)
        )
        others = (x, y, z, draw.randrange(-32, 33), draw.randrange(-32, 33), draw.random() < 0.5)
        array = np.array(state)
        expected = bits(function(state, *others), state)
        assert bits(compiled(array, *others), array) == expected, others
        seen.add(expected)
    assert len(seen) > 100
