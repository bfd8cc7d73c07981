"""Conditions: comparisons, ``and or not``, and what each outcome says about the names in them."""

from __future__ import annotations

import ast

from genesis_core.kernels.checker import reasons, signs
from genesis_core.kernels.checker.scope import Scope
from genesis_core.kernels.checker.signs import Known, Value

_ORDERINGS = (ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.Eq, ast.NotEq)
_OPPOSITE: dict[type[ast.cmpop], type[ast.cmpop]] = {
    **{
        ast.Lt: ast.GtE,
        ast.GtE: ast.Lt,
        ast.Gt: ast.LtE,
        ast.LtE: ast.Gt,
        ast.Eq: ast.NotEq,
        ast.NotEq: ast.Eq,
    },
}
_SWAPPED: dict[type[ast.cmpop], type[ast.cmpop]] = {
    **{
        ast.Lt: ast.Gt,
        ast.Gt: ast.Lt,
        ast.LtE: ast.GtE,
        ast.GtE: ast.LtE,
        ast.Eq: ast.Eq,
        ast.NotEq: ast.NotEq,
    },
}


class Conditions(Scope):
    """The part of the checker that knows about truth."""

    def condition(self, node: ast.expr) -> None:
        """Check the condition of a branch: a bool, or an int that is not zero."""
        kind = self.value(node).kind
        if kind not in ("bool", "int", "?"):
            self.report(node, f"{reasons.article(kind)} as a condition; compare it, e.g. with `!= 0.0`")

    def refined(self, node: ast.expr, truth: bool) -> Known | None:
        """Return what is known where condition `node` has turned out as `truth`; None where it cannot."""
        known: Known | None = self.known
        if isinstance(node, ast.Constant):
            return known if bool(node.value) is truth else None
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            return self.refined(node.operand, not truth)
        if isinstance(node, ast.BoolOp) and isinstance(node.op, ast.And) is truth:
            for part in node.values:
                known = self._under(known, part, truth)
            return known
        if isinstance(node, ast.Compare) and (truth or len(node.ops) == 1):
            sides = [node.left, *node.comparators]
            for left, op, right in zip(sides, node.ops, sides[1:], strict=False):
                if isinstance(op, _ORDERINGS):
                    known = self._compared(known, left, type(op), right, truth)
                    known = self._compared(known, right, _SWAPPED[type(op)], left, truth)
            return known
        key = self.key(node)
        if key is not None and known is not None:
            return known.with_sign(
                key, known.sign(key) & signs.compared(ast.NotEq if truth else ast.Eq, signs.ZERO)
            )
        return known

    def _under(self, known: Known | None, node: ast.expr, truth: bool) -> Known | None:
        if known is None:
            return None
        before, self.known = self.known, known
        result = self.refined(node, truth)
        self.known = before
        return result

    def _compared(
        self, known: Known | None, node: ast.expr, op: type[ast.cmpop], bound: ast.expr, truth: bool
    ) -> Known | None:
        key = self.key(node)
        if key is None or known is None:
            return known
        limit = self.quiet(bound)
        # A comparison with NaN is false, so its being false says something only about a constant bound.
        if limit.const is None and not truth:
            return known
        possible = signs.compared(op if truth else _OPPOSITE[op], limit.signs)
        return known.with_sign(key, known.sign(key) & possible)

    def truth(self, node: ast.BoolOp | ast.Compare) -> Value:
        """Check an expression that compares or connects."""
        changes = self.changes
        if isinstance(node, ast.BoolOp):
            self._connected(node)
        else:
            self._comparison(node)
        if self.changes > changes:
            # What the comparison says about an item would be out of date once the call has stored it.
            self.report(
                node, "a call that stores into a vector inside a comparison; call it on a line before"
            )
        return Value("bool")

    def _connected(self, node: ast.BoolOp) -> None:
        before = self.known
        for part in node.values:
            kind = self.value(part).kind
            if kind not in ("bool", "?"):
                self.report(part, f"`and`, `or` of {reasons.article(kind)}; write a comparison")
            # The next part is evaluated only if this one was true (and) or false (or).
            self.known = self.refined(part, isinstance(node.op, ast.And)) or self.known
        self.known = before

    def _comparison(self, node: ast.Compare) -> None:
        sides = [node.left, *node.comparators]
        values = [self.value(side) for side in sides]
        for op, left, right, a, b in zip(node.ops, sides, sides[1:], values, values[1:], strict=False):
            if type(op) in reasons.OPERATORS:
                self.report(node, reasons.OPERATORS[type(op)])
            elif "?" not in (a.kind, b.kind) and (a.kind != b.kind or a.kind not in ("float", "int")):
                text = f"`{ast.unparse(left)}` is {reasons.article(a.kind)}, `{ast.unparse(right)}` is "
                text += f"{reasons.article(b.kind)}; compare floats with floats, ints with ints"
                self.report(node, text)
