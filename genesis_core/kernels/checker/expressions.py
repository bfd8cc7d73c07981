"""Check expressions: the kind, the signs and, for constants, the value of each."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable
from typing import Any

from genesis_core.kernels.checker import reasons, signs
from genesis_core.kernels.checker.calls import Calls
from genesis_core.kernels.checker.conditions import Conditions
from genesis_core.kernels.checker.signs import UNKNOWN, Value, join

_FLOAT_OPS = (ast.Add, ast.Sub, ast.Mult, ast.Div)
_INT_OPS = (
    *(ast.Add, ast.Sub, ast.Mult, ast.FloorDiv, ast.Mod),
    *(ast.BitAnd, ast.BitOr, ast.BitXor, ast.LShift, ast.RShift),
)
_OPERATORS: dict[type[ast.operator], tuple[str, Callable[[Any, Any], Any]]] = {
    ast.Add: ("+", operator.add),
    ast.Sub: ("-", operator.sub),
    ast.Mult: ("*", operator.mul),
    ast.Div: ("/", operator.truediv),
    ast.FloorDiv: ("//", operator.floordiv),
    ast.Mod: ("%", operator.mod),
    ast.BitAnd: ("&", operator.and_),
    ast.BitOr: ("|", operator.or_),
    ast.BitXor: ("^", operator.xor),
    ast.LShift: ("<<", operator.lshift),
    ast.RShift: (">>", operator.rshift),
}


class Expressions(Calls, Conditions):
    """The checker of the expressions in one function."""

    def value(self, node: ast.expr) -> Value:
        """Check an expression."""
        if isinstance(node, ast.Constant):
            return self.number(node, node.value)
        if isinstance(node, ast.Name):
            return self.name(node)
        if isinstance(node, ast.UnaryOp):
            return self._unary(node)
        if isinstance(node, ast.BinOp):
            return self.binary(
                node, node.op, self.value(node.left), self.value(node.right), node.left, node.right
            )
        if isinstance(node, (ast.BoolOp, ast.Compare)):
            return self.truth(node)
        if isinstance(node, ast.IfExp):
            return self._choice(node)
        if isinstance(node, ast.Subscript):
            key = self.item(node)
            return UNKNOWN if key is None else Value("float", self.known.sign(key))
        if isinstance(node, ast.Call):
            return self.called(node)
        if isinstance(node, ast.Tuple):
            return self._tuple(node)
        if isinstance(node, ast.Attribute):
            text = ast.unparse(node)
            return self.reject(
                node, f"{text}: only math.sqrt and math.floor are reached by a dot; name the number"
            )
        return self.reject(
            node, reasons.EXPRESSIONS.get(type(node), f"{type(node).__name__} is not in the language")
        )

    def _unary(self, node: ast.UnaryOp) -> Value:
        if isinstance(node.op, ast.Not):
            value = self.value(node.operand)
            if value.kind not in ("bool", "?"):
                return self.reject(node, f"`not` of {reasons.article(value.kind)}; write a comparison")
            return Value("bool")
        if not isinstance(node.op, ast.USub):
            return self.reject(node, reasons.OPERATORS[type(node.op)])
        value = self.value(node.operand)
        if value.kind not in ("float", "int", "?"):
            return self.reject(node, f"`-` of {reasons.article(value.kind)}")
        if value.kind == "int" and value.const == 0:
            return self.reject(
                node, "`-0` is 0 in Python and can become -0.0 when compiled; write 0, or -0.0"
            )
        const = None if value.const is None else -value.const
        return Value(value.kind, signs.negate(value.signs), const)

    def binary(
        self, node: ast.AST, op: ast.operator, a: Value, b: Value, left: ast.expr, right: ast.expr
    ) -> Value:
        """Check ``a op b``, also of an augmented assignment."""
        if type(op) in reasons.OPERATORS:
            return self.reject(node, reasons.OPERATORS[type(op)])
        if "?" in (a.kind, b.kind):
            return UNKNOWN
        symbol = _OPERATORS[type(op)][0]
        if a.kind != b.kind:
            if {a.kind, b.kind} == {"int", "float"}:
                side, number = (left, a) if a.kind == "int" else (right, b)
                return self.reject(
                    node, f"int {symbol} float: " + reasons.mismatch("float", number.kind, side)
                )
            return self.reject(node, f"{a.kind} {symbol} {b.kind}; both sides must be floats, or both ints")
        if a.kind == "int" and isinstance(op, ast.Div):
            return self.reject(
                node, "int / int; write `//` by a positive constant, or convert both with float(...)"
            )
        if not isinstance(op, _FLOAT_OPS if a.kind == "float" else _INT_OPS if a.kind == "int" else ()):
            return self.reject(node, f"{a.kind} {symbol} {b.kind} is not in the kernel language")
        if isinstance(op, (ast.FloorDiv, ast.Mod)) and b.signs != signs.POSITIVE:
            text = f"the divisor `{ast.unparse(right)}` of `{symbol}` is not known to be positive"
            return self.reject(right, f"{text}; use a positive constant, or a branch such as `if n > 0`")
        if isinstance(op, (ast.LShift, ast.RShift)) and not self._is_shift(right, b):
            text = f"the distance `{ast.unparse(right)}` of `{symbol}`"
            return self.reject(right, f"{text}; use a constant from 0 to 62, or mask it as in `n & 31`")
        if isinstance(op, ast.Div) and b.signs & signs.ZERO:
            self.report(right, self._unguarded(right, b))
            return Value(a.kind)
        return self._result(node, op, a, b)

    def _unguarded(self, node: ast.expr, divisor: Value) -> str:
        text = ast.unparse(node)
        if divisor.const is not None:
            return f"division by {text}, which is zero"
        if self.key(node) is not None:
            return f"the divisor `{text}` may be zero; divide in a branch such as `if {text} > 0.0`"
        return f"the divisor `{text}` may be zero; name it and divide in a branch such as `if name > 0.0`"

    def _result(self, node: ast.AST, op: ast.operator, a: Value, b: Value) -> Value:
        if a.const is not None and b.const is not None:
            return self.number(node, _OPERATORS[type(op)][1](a.const, b.const))
        if isinstance(op, ast.Add):
            return Value(a.kind, signs.add(a.signs, b.signs))
        if isinstance(op, ast.Sub):
            return Value(a.kind, signs.add(a.signs, signs.negate(b.signs)))
        if isinstance(op, (ast.Mult, ast.Div)):
            # The smallest float times more than a half still rounds to itself, not to zero.
            large = isinstance(op, ast.Mult) and any(
                v.const is not None and abs(v.const) > 0.5 for v in (a, b)
            )
            return Value(a.kind, signs.multiply(a.signs, b.signs, rounded=a.kind == "float" and not large))
        nonnegative = not (a.signs | b.signs) & signs.NEGATIVE
        masked = isinstance(op, ast.BitAnd) and not a.signs & b.signs & signs.NEGATIVE
        if isinstance(op, ast.Mod) or masked or (nonnegative and not isinstance(op, ast.LShift)):
            return Value("int", signs.ZERO | signs.POSITIVE)
        return Value("int")

    def _is_shift(self, node: ast.expr, distance: Value) -> bool:
        """Say whether a shift's distance is in 0..62, outside of which Python and machine code differ."""
        if distance.const is not None:
            return 0 <= distance.const < 63
        if not isinstance(node, ast.BinOp) or not isinstance(node.op, ast.BitAnd):
            return False
        masks = (self.quiet(node.left).const, self.quiet(node.right).const)
        return any(mask is not None and 0 <= mask < 63 for mask in masks)

    def _choice(self, node: ast.IfExp) -> Value:
        self.condition(node.test)
        yes, no = self.refined(node.test, True), self.refined(node.test, False)
        self.known = yes or self.known
        a = self.value(node.body)
        after_yes = self.known
        self.known = no or self.known
        b = self.value(node.orelse)
        self.known = join(after_yes, self.known) or self.known
        if "?" in (a.kind, b.kind):
            return UNKNOWN
        if a.kind != b.kind:
            text = f"the branches of a conditional expression are {reasons.article(a.kind)} "
            return self.reject(
                node, text + f"and {reasons.article(b.kind)}; Numba would convert, Python does not"
            )
        if a.kind not in ("float", "int", "bool"):
            return self.reject(
                node, f"a conditional expression of {reasons.article(a.kind)}; write if and else"
            )
        if yes is None or no is None:
            return b if yes is None else a
        return a.joined(b)

    def _tuple(self, node: ast.Tuple) -> Value:
        items = tuple(self.value(element) for element in node.elts)
        if any(item.kind == "?" for item in items) or not items:
            return UNKNOWN if items else self.reject(node, "an empty tuple")
        for item in items:
            if item.kind not in ("float", "int", "bool"):
                return self.reject(node, f"a tuple with {reasons.article(item.kind)}; tuples hold scalars")
        return Value(f"tuple[{', '.join(item.kind for item in items)}]", items=items)
