"""What is in the kernel language passes its checker."""

from __future__ import annotations

import pytest

from genesis_core.kernels.language import check, require
from tests.unit.language_cases import Define, body

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
