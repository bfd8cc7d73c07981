"""Read a function: its syntax tree, its signature, and the objects its outer names stand for."""

from __future__ import annotations

import ast
import inspect
from dataclasses import dataclass, field
from types import FunctionType

SCALARS = ("float", "int", "bool")


@dataclass(frozen=True, eq=False)
class Source:
    """A function with its syntax tree.

    Attributes
    ----------
    function : function
        The function itself.
    node : ast.FunctionDef or None
        Its definition, with the line numbers of its file; None if it cannot be read.
    parameters : tuple of (str, str)
        Name and kind of each positional parameter.
    result : str
        The kind of value it returns.
    faults : tuple of (ast.AST or None, str)
        What is wrong with the definition itself, and where.
    """

    function: FunctionType
    node: ast.FunctionDef | None
    parameters: tuple[tuple[str, str], ...] = ()
    result: str = "?"
    faults: tuple[tuple[ast.AST | None, str], ...] = ()
    scope: dict[str, object] = field(default_factory=dict)


def read(function: FunctionType) -> Source:
    """Parse the source of `function` and the annotations of its signature."""
    code = function.__code__
    if function.__name__ == "<lambda>" or code.co_name == "<lambda>":
        return Source(function, None, faults=((None, "a lambda cannot be annotated; write a def"),))
    try:
        # Of the code object: inspect would follow __wrapped__ and show another function's source.
        text = inspect.getsource(code)
        # An indented definition is put into a block, so that columns stay those of the file.
        indented = text[:1].isspace()
        tree = ast.parse("if True:\n" + text if indented else text)
    except (OSError, SyntaxError):
        message = "its source cannot be read; define it in a file, in lines of its own"
        return Source(function, None, faults=((None, message),))
    ast.increment_lineno(tree, code.co_firstlineno - (2 if indented else 1))
    block = tree.body[0]
    node = block.body[0] if isinstance(block, ast.If) and indented else block
    if not isinstance(node, ast.FunctionDef) or node.name != code.co_name:
        message = "a kernel is a plain def; no async, no generator, no class"
        return Source(function, None, faults=((None, message),))
    return _signature(function, node)


def outer_names(function: FunctionType) -> dict[str, object]:
    """Return the objects behind the free and global names of `function`; unbound ones are absent."""
    scope: dict[str, object] = {}
    for name in function.__code__.co_names:
        if name in function.__globals__:
            scope[name] = function.__globals__[name]
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        try:
            scope[name] = cell.cell_contents
        except ValueError:  # a closure variable that has no value yet
            scope.pop(name, None)
    return scope


def annotated_kind(annotation: ast.expr | None) -> str | None:
    """Return the kind an annotation stands for, or None if it is not one of the language."""
    if isinstance(annotation, ast.Constant):
        if annotation.value is None:
            return "none"
        if isinstance(annotation.value, str):
            return annotated_kind(_parsed(annotation.value))
    if isinstance(annotation, ast.Name) and annotation.id in SCALARS:
        return annotation.id
    if isinstance(annotation, ast.Name) and annotation.id == "Vector":
        return "vector"
    if isinstance(annotation, ast.Attribute) and annotation.attr == "Vector":
        return "vector"
    if isinstance(annotation, ast.Subscript) and ast.unparse(annotation.value) == "tuple":
        inner = annotation.slice
        kinds = [annotated_kind(e) for e in (inner.elts if isinstance(inner, ast.Tuple) else [inner])]
        if kinds and all(kind in SCALARS for kind in kinds):
            return f"tuple[{', '.join(str(kind) for kind in kinds)}]"
    return None


def _parsed(text: str) -> ast.expr | None:
    try:
        return ast.parse(text, mode="eval").body
    except SyntaxError:
        return None


def _signature(function: FunctionType, node: ast.FunctionDef) -> Source:
    faults: list[tuple[ast.AST | None, str]] = []
    arguments = node.args
    for decorator in node.decorator_list:
        faults.append((decorator, "a decorator hides the function that is compiled; remove it"))
    if arguments.vararg or arguments.kwarg or arguments.kwonlyargs or arguments.posonlyargs:
        faults.append((node, "only plain positional parameters; no *, **, / in a signature"))
    for default in (*arguments.defaults, *filter(None, arguments.kw_defaults)):
        faults.append((default, "a default argument; pass every argument, or use a module constant"))
    parameters: list[tuple[str, str]] = []
    for arg in arguments.args:
        kind = annotated_kind(arg.annotation)
        if arg.annotation is None:
            faults.append((arg, f"parameter {arg.arg!r} has no annotation; write float, int, bool or Vector"))
        elif kind is None or kind not in (*SCALARS, "vector"):
            text = ast.unparse(arg.annotation)
            faults.append(
                (arg, f"parameter {arg.arg!r} is annotated {text}; write float, int, bool or Vector")
            )
            kind = None
        parameters.append((arg.arg, kind or "?"))
    result = annotated_kind(node.returns)
    if node.returns is None:
        faults.append((node, "no return annotation; write -> float, int, bool, tuple[float, ...] or None"))
    elif result is None or result == "vector":
        text = ast.unparse(node.returns)
        faults.append(
            (node, f"the return annotation {text}; write float, int, bool, tuple[float, float] or None")
        )
        result = None
    return Source(function, node, tuple(parameters), result or "?", tuple(faults), outer_names(function))
