"""Check the statements of one function: what is assigned, what each branch knows, where paths end."""

from __future__ import annotations

import ast
from dataclasses import dataclass

from genesis_core.kernels.checker import reasons, signs
from genesis_core.kernels.checker.expressions import Expressions
from genesis_core.kernels.checker.signs import UNKNOWN, Known, Value, join
from genesis_core.kernels.checker.source import annotated_kind


@dataclass
class _Loop:
    """What is known where a loop is left or begun anew, joined over all such places."""

    again: Known | None = None
    left: Known | None = None


class Statements(Expressions):
    """The checker of a function's body. ``self.alive`` is false behind a return, break or continue."""

    def function(self) -> Value:
        """Check the whole body; return what is known of the function's result."""
        node = self.source.node
        assert node is not None
        self.alive = True
        self.loops: list[_Loop] = []
        self.returned: list[Value] = []
        body = node.body
        if isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant):
            body = body[1:] if isinstance(body[0].value.value, str) else body
        self._block(body)
        if self.alive and self.source.result not in ("none", "?"):
            self.report(node, f"can end without a return; it is declared to return {self.source.result}")
        values = [value for value in self.returned if value.kind == self.source.result]
        if not values:
            return _declared(self.source.result)
        result = values[0]
        for value in values[1:]:
            result = result.joined(value)
        return result

    def _block(self, body: list[ast.stmt]) -> None:
        for statement in body:
            if not self.alive:
                self.report(statement, "this line is never reached")
                return
            self._statement(statement)

    def _statement(self, node: ast.stmt) -> None:
        if isinstance(node, ast.Assign):
            self._assign(node)
        elif isinstance(node, ast.AnnAssign):
            self._annotated(node)
        elif isinstance(node, ast.AugAssign):
            self._augmented(node)
        elif isinstance(node, ast.If):
            self._if(node)
        elif isinstance(node, ast.While):
            self._while(node)
        elif isinstance(node, ast.For):
            self._for(node)
        elif isinstance(node, ast.Return):
            self._return(node)
        elif isinstance(node, ast.Break):
            self.loops[-1].left = join(self.loops[-1].left, self.known)
            self.alive = False
        elif isinstance(node, ast.Continue):
            self.loops[-1].again = join(self.loops[-1].again, self.known)
            self.alive = False
        elif isinstance(node, ast.Expr):
            value = self.value(node.value)
            if not isinstance(node.value, ast.Call) and value.kind != "?":
                self.report(node, "an expression without effect; assign it, return it or remove it")
        elif not isinstance(node, ast.Pass):
            general = f"{type(node).__name__} is not in the kernel language"
            self.report(node, reasons.STATEMENTS.get(type(node), general))

    def _assign(self, node: ast.Assign) -> None:
        value = self.value(node.value)
        for target in node.targets:
            self._store(target, value, node.value)

    def _annotated(self, node: ast.AnnAssign) -> None:
        kind = annotated_kind(node.annotation)
        if kind not in ("float", "int", "bool"):
            self.report(node, f"the annotation {ast.unparse(node.annotation)}; write float, int or bool")
        elif node.value is None:
            self.report(node, "an annotation without a value; assign where the name is declared")
        else:
            self._store(node.target, self.scalar(node.value, kind), node.value)

    def _augmented(self, node: ast.AugAssign) -> None:
        current = self.value(node.target)
        value = self.value(node.value)
        self._store(
            node.target, self.binary(node, node.op, current, value, node.target, node.value), node.value
        )

    def _store(self, target: ast.expr, value: Value, source: ast.expr) -> None:
        if isinstance(target, ast.Name):
            self._store_name(target, value, source)
        elif isinstance(target, ast.Subscript):
            key = self.item(target)
            if value.kind not in ("float", "?"):
                self.report(target, f"stored into a vector: {reasons.mismatch('float', value.kind, source)}")
            if key is None:
                return
            vector = key[: key.index("[")]
            self.stored.add(vector)
            if key.endswith("]"):
                self.known = self.known.with_sign(key, value.signs)
            else:
                self.known = self.known.without_items([vector])
        elif isinstance(target, ast.Tuple):
            self._unpack(target, value)
        else:
            self.report(
                target, f"assignment to `{ast.unparse(target)}`; assign to names and items of vectors only"
            )

    def _store_name(self, target: ast.Name, value: Value, source: ast.expr) -> None:
        kind, name = value.kind, target.id
        if kind == "vector" or self.kinds.get(name) == "vector":
            self.report(target, f"assignment of the vector {name!r}; a vector keeps its name")
            return
        if kind not in ("float", "int", "bool", "?"):
            self.report(target, f"{name!r} = {reasons.article(kind)}; unpack it into names")
            kind = "?"
        known = self.kinds.setdefault(name, kind)
        if "?" in (known, kind):
            self.kinds[name] = known if kind == "?" else kind
        elif known != kind:
            text = f"{name!r} is {reasons.article(known)} and is assigned {reasons.article(kind)}: "
            self.report(
                target,
                text + f"Numba would convert, Python does not ({reasons.mismatch(known, kind, source)})",
            )
            value = UNKNOWN
        self.known = self.known.with_name(name, value.signs)

    def _unpack(self, target: ast.Tuple, value: Value) -> None:
        if value.kind != "?" and len(value.items) != len(target.elts):
            count = f"{len(value.items)} values" if value.items else reasons.article(value.kind)
            self.report(target, f"unpacks {count} into {len(target.elts)} names")
            value = UNKNOWN
        items = value.items or (UNKNOWN,) * len(target.elts)
        for element, item in zip(target.elts, items, strict=True):
            self._store(element, item, element)

    def _if(self, node: ast.If) -> None:
        self.condition(node.test)
        yes, no = self.refined(node.test, True), self.refined(node.test, False)
        after_yes = self._branch(node.body, yes)
        after_no = self._branch(node.orelse, no)
        self._continue_from(join(after_yes, after_no))

    def _branch(self, body: list[ast.stmt], known: Known | None) -> Known | None:
        """Check a block that starts with `known`; return what is known behind it, None if it has no end."""
        if known is None:
            for statement in body[:1]:
                self.report(statement, "this line is never reached")
            return None
        self.known, self.alive = known, True
        self._block(body)
        return self.known if self.alive else None

    def _continue_from(self, known: Known | None) -> None:
        self.alive = known is not None
        self.known = known or self.known

    def _while(self, node: ast.While) -> None:
        if node.orelse:
            self.report(node, "else of a loop; write it behind the loop")
        entry: Known | None = self.known
        while True:
            self._continue_from(entry)
            self.condition(node.test)
            leave = self.refined(node.test, False)
            loop = self._body(node.body, self.refined(node.test, True))
            following = join(entry, loop.again)
            if following == entry:
                break
            entry = following
        self._continue_from(join(leave, loop.left))

    def _for(self, node: ast.For) -> None:
        if node.orelse:
            self.report(node, "else of a loop; write it behind the loop")
        first = self._range(node.iter)
        if not isinstance(node.target, ast.Name):
            self.report(node.target, "the target of a loop must be one name")
            return
        entry = self.known
        while True:
            self.known = entry
            self._store_name(node.target, first, node.iter)
            loop = self._body(node.body, self.known)
            following = join(entry, loop.again) or entry
            if following == entry:
                break
            entry = following
        self._continue_from(join(entry, loop.left))

    def _body(self, body: list[ast.stmt], known: Known | None) -> _Loop:
        loop = _Loop()
        self.loops.append(loop)
        end = self._branch(body, known)
        loop.again = join(loop.again, end)
        self.loops.pop()
        return loop

    def _range(self, node: ast.expr) -> Value:
        """Check ``range(...)``; return the value of the loop's name."""
        is_range = isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "range"
        if not isinstance(node, ast.Call) or not is_range or "range" in (*self.locals, *self.source.scope):
            self.report(node, "a for loop runs over range(...) only")
            return UNKNOWN
        if (
            node.keywords
            or not 1 <= len(node.args) <= 3
            or any(isinstance(a, ast.Starred) for a in node.args)
        ):
            self.report(node, "range() takes one, two or three ints by position")
            return UNKNOWN
        values = [self.scalar(argument, "int") for argument in node.args]
        step = values[2] if len(values) == 3 else Value("int", signs.POSITIVE, 1)
        if step.kind != "?" and not step.const:
            self.report(node, "the step of range() must be a constant other than 0")
            return Value("int")
        start = values[0].signs if len(values) > 1 else signs.ZERO
        rises = step.signs == signs.POSITIVE and not start & signs.NEGATIVE
        return Value("int", start | signs.POSITIVE if rises else signs.ANY)

    def _return(self, node: ast.Return) -> None:
        declared = self.source.result
        value = Value("none") if node.value is None else self.value(node.value)
        if "?" not in (declared, value.kind) and value.kind != declared:
            text = f"returns {reasons.article(value.kind)}, declared to return {reasons.article(declared)}"
            if node.value is not None and {declared, value.kind} == {"float", "int"}:
                text += f"; {reasons.mismatch(declared, value.kind, node.value)}"
            self.report(node, text)
        self.returned.append(value)
        self.alive = False


def _declared(kind: str) -> Value:
    """Return a result of which only the kind is known."""
    if kind.startswith("tuple["):
        return Value(kind, items=tuple(Value(item) for item in kind[6:-1].split(", ")))
    return Value(kind)
