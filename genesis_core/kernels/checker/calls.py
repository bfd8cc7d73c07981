"""Calls: of kernels, of ``abs int float``, of ``math.sqrt`` and ``math.floor``."""

from __future__ import annotations

import ast
import builtins
import math
from collections.abc import Mapping
from types import FunctionType, ModuleType

from genesis_core.kernels.checker import reasons, signs
from genesis_core.kernels.checker.scope import Scope, foreign
from genesis_core.kernels.checker.signs import Value


class Calls(Scope):
    """The part of the checker that knows what can be called."""

    def called(self, node: ast.Call) -> Value:
        """Check a call."""
        if node.keywords:
            return self.reject(node, "a keyword argument: pass arguments by position")
        if any(isinstance(argument, ast.Starred) for argument in node.args):
            return self.reject(node, reasons.EXPRESSIONS[ast.Starred])
        function = node.func
        if isinstance(function, ast.Attribute):
            return self._method(node, function)
        if not isinstance(function, ast.Name):
            return self.reject(node, "only a kernel that has a name can be called")
        name = function.id
        if name in self.locals:
            return self.reject(
                node, f"{name!r} is a local name; a kernel calls functions of its module or closure"
            )
        if name in self.source.scope:
            target = self.source.scope[name]
            if isinstance(target, FunctionType):
                return self._kernel(node, name, target)
            if isinstance(target, (bool, int, float)):
                return self.reject(node, f"{name!r} is a number; it cannot be called")
            if getattr(target, "__module__", None) == "math":
                return self.reject(
                    node, reasons.MATH.get(name, f"{name}() of the module math: write math.{name}")
                )
            return self.reject(node, foreign(name, target))
        if name in ("abs", "int", "float"):
            return self._builtin(node, name)
        if not hasattr(builtins, name):
            return self.reject(node, f"the name {name!r} is not defined")
        return self.reject(node, reasons.BUILTINS.get(name, f"{name}() is not in the kernel language"))

    def _method(self, node: ast.Call, function: ast.Attribute) -> Value:
        text = ast.unparse(function)
        owner = self.source.scope.get(function.value.id) if isinstance(function.value, ast.Name) else None
        if owner is not math:
            if isinstance(owner, ModuleType):
                return self.reject(node, f"{text}(): {foreign(ast.unparse(function.value), owner)}")
            return self.reject(node, f"{text}(): there are no methods in the kernel language")
        if function.attr not in ("sqrt", "floor"):
            known = reasons.MATH.get(function.attr)
            return self.reject(
                node, known or f"{text}(): of the module math only sqrt and floor are exact everywhere"
            )
        if len(node.args) != 1:
            return self.reject(node, f"{text}() takes one argument, {len(node.args)} given")
        value = self.scalar(node.args[0], "float")
        if function.attr == "floor":
            return Value("int", signs.downward(value.signs))
        return Value("float", value.signs & ~signs.NEGATIVE)

    def _builtin(self, node: ast.Call, name: str) -> Value:
        if len(node.args) != 1:
            return self.reject(node, f"{name}() takes one argument, {len(node.args)} given")
        value = self.value(node.args[0])
        if value.kind == "?":
            return value
        if name == "abs" and value.kind in ("float", "int"):
            return Value(value.kind, signs.absolute(value.signs))
        if name == "int" and value.kind == "float":
            return Value("int", signs.toward_zero(value.signs))
        if name == "float" and value.kind == "int":
            return Value("float", value.signs)
        wanted = {"abs": "a float or an int", "int": "a float", "float": "an int"}[name]
        return self.reject(node, f"{name}() of {reasons.article(value.kind)}; it takes {wanted}")

    def _kernel(self, node: ast.Call, name: str, target: FunctionType) -> Value:
        values = [self.value(argument) for argument in node.args]
        vectors = [
            argument.id if isinstance(argument, ast.Name) and value.kind == "vector" else ""
            for argument, value in zip(node.args, values, strict=True)
        ]
        named = [vector for vector in vectors if vector]
        if len(named) != len(set(named)):
            return self.reject(
                node, f"{name}() is given the same vector twice; each vector has one name in a kernel"
            )
        items: list[Mapping[str, int]] = [
            {
                key[len(vector) :]: s
                for key, s in self.known.signs.items()
                if vector and key.startswith(f"{vector}[")
            }
            for vector in vectors
        ]
        result, stored = self.call(target, node, values, items)
        changed = {vectors[i] for i in stored if i < len(vectors) and vectors[i]}
        self.stored |= changed
        self.changes += len(changed)
        self.known = self.known.without_items(changed)
        return result
