"""What is not in the kernel language is a violation, with its reason."""

from __future__ import annotations

from typing import Any

import pytest

from genesis_core.kernels.language import check, require
from genesis_core.kernels.walk import KernelError
from tests.unit.language_cases import HEADER, Define, body

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
