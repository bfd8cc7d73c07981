"""Why a construct is not in the kernel language, and what to write in its place."""

from __future__ import annotations

import ast

_EXACT = "libm differs between platforms; use the exact kernels of genesis_core.kernels.exact"
_ORDER = "its result for NaN and for -0.0 depends on the order of arguments; write `a if a < b else b`"
_HEAP = "state lives in the vector s; there are no lists, sets, dicts or comprehensions"
_TEXT = "there are no strings in the kernel language"
_STRING = f"a string: {_TEXT}"
_RAISE = "a kernel is total: it returns a value for every input and raises nothing"
_SCOPE = "a kernel changes nothing but its locals and its vectors"

BUILTINS = {
    "sum": "sum() changed its algorithm in Python 3.12; add in a loop, in a fixed order",
    "min": f"min(): {_ORDER}",
    "max": f"max(): {_ORDER}",
    "round": "round() is not the same in Python and Numba; write `math.floor(x + 0.5)`",
    "pow": "pow() is rounded differently by platforms; multiply",
    "len": "len(): pass the length of a vector as a parameter",
    "sorted": "sorted(): lists are not in the kernel language; keep the order in the vector s",
    "range": "range() only stands in `for i in range(...)`",
    "bool": "bool(): write the comparison",
    "print": f"print(): {_SCOPE}",
}
"""Reasons against calls of builtins by name; others get a general one."""

MATH = {
    name: f"math.{name}: {_EXACT}"
    for name in ("exp", "log", "exp2", "expm1", "log2", "log10", "log1p", "tanh")
}
MATH["pow"] = "math.pow is rounded differently by platforms; multiply"
MATH["fabs"] = "math.fabs: write abs"
MATH["ceil"] = "math.ceil: write `-math.floor(-x)`"
MATH["trunc"] = "math.trunc: write int(x)"
"""Reasons against functions of the module math; others get a general one."""

STATEMENTS: dict[type[ast.AST], str] = {
    ast.Try: f"try: {_RAISE}",
    ast.Raise: f"raise: {_RAISE}",
    ast.Assert: f"assert: {_RAISE}",
    ast.With: "with: a kernel holds no resources",
    ast.Global: f"global: {_SCOPE}",
    ast.Nonlocal: f"nonlocal: {_SCOPE}",
    ast.Delete: "del: a name keeps its value; assign another one",
    ast.FunctionDef: "a function inside a kernel; define it beside it and call it",
    ast.ClassDef: "a class inside a kernel; state lives in the vector s",
    ast.Import: "import inside a kernel; import at the top of the module",
    ast.ImportFrom: "import inside a kernel; import at the top of the module",
    ast.Match: "match: write if and elif",
}
"""Reasons against statements."""

EXPRESSIONS: dict[type[ast.AST], str] = {
    ast.List: f"a list: {_HEAP}",
    ast.Dict: f"a dict: {_HEAP}",
    ast.Set: f"a set: {_HEAP}",
    ast.ListComp: f"a comprehension: {_HEAP}",
    ast.SetComp: f"a comprehension: {_HEAP}",
    ast.DictComp: f"a comprehension: {_HEAP}",
    ast.GeneratorExp: f"a comprehension: {_HEAP}",
    ast.JoinedStr: _STRING,
    ast.Lambda: "a lambda: define a kernel with annotations and call it",
    ast.NamedExpr: "`:=`: assign on a line of its own",
    ast.Starred: "a star argument: write every argument",
    ast.Slice: "a slice: read single items of a vector",
    ast.Yield: "yield: a kernel returns its value",
    ast.YieldFrom: "yield: a kernel returns its value",
}
"""Reasons against expressions."""

OPERATORS: dict[type[ast.AST], str] = {
    ast.Pow: "`**`: x ** 2 and x * x have different bits; multiply",
    ast.MatMult: "`@`: write the sum of products in a fixed order",
    ast.UAdd: "unary `+` does nothing; leave it out",
    ast.Invert: "`~` is not in the kernel language; use `^` with a mask",
    ast.Is: "`is` compares objects; write `==`",
    ast.IsNot: "`is not` compares objects; write `!=`",
    ast.In: "`in` needs a container; write the comparisons",
    ast.NotIn: "`not in` needs a container; write the comparisons",
}
"""Reasons against operators."""


def literal(value: object) -> str:
    """Return the reason against a literal that is no number and no bool."""
    if isinstance(value, str):
        return _STRING
    return f"the literal {value!r}: literals are finite floats, ints below 2**63, True and False"


def mismatch(expected: str, got: str, node: ast.AST) -> str:
    """Say that a value of one kind stands where another is needed, and how to write it."""
    if expected == "float" and got == "int":
        if isinstance(node, ast.Constant) and isinstance(node.value, int):
            return f"the int literal {node.value} where a float is needed; write {node.value}.0"
        return "an int where a float is needed; write float(...)"
    if expected == "int" and got == "float":
        return "a float where an int is needed; write int(...) or math.floor(...)"
    return f"{article(got)} where {article(expected)} is needed"


def article(kind: str) -> str:
    """Return a kind with its article."""
    if kind == "none":
        return "nothing"
    return f"{'an' if kind[0] in 'aeiou' else 'a'} {kind}"
