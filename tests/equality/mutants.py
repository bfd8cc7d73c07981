"""Change one function of the law on the compiled side only, however deep it is called."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import CellType, FunctionType
from typing import Any

import pytest

from genesis_core.compiler import columns, jit, lanes, run
from genesis_core.kernels.walk import reachable, references

Changes = Mapping[Callable[..., Any], Callable[..., Any]]


def edited(law: Callable[..., Any], old: str, new: str) -> Callable[..., Any]:
    """Return a function of the law with one place of its source written otherwise."""
    source = inspect.getsource(law)
    assert source.count(old) == 1, f"{law.__name__} has {source.count(old)} times {old!r}"
    namespace = dict(law.__globals__)
    exec(compile(source.replace(old, new), f"<edited {law.__name__}>", "exec"), namespace)
    made: Callable[..., Any] = namespace[law.__name__]
    return made


def mutated(root: Callable[..., Any], changes: Changes) -> Callable[..., Any]:
    """Return `root` with some functions that it reaches replaced; `root` itself if it reaches none of them."""
    made: dict[Callable[..., Any], Callable[..., Any]] = {}
    for function in reachable(root):
        made[function] = changes[function] if function in changes else _rewired(function, made)
    return made[root]


def _rewired(function: FunctionType, made: Changes) -> FunctionType:
    callees = {name: value for name, value in references(function) if isinstance(value, FunctionType)}
    if all(made[callee] is callee for callee in callees.values()):
        return function
    names = {name: made[callee] for name, callee in callees.items()}
    inside = [names.get(name) for name in function.__code__.co_freevars]
    cells = zip(inside, function.__closure__ or (), strict=True)
    closure = tuple(cell if value is None else CellType(value) for value, cell in cells)
    copy = FunctionType(
        function.__code__,
        {**function.__globals__, **names},
        function.__name__,
        function.__defaults__,
        closure,
    )
    copy.__qualname__ = function.__qualname__
    return copy


@contextmanager
def compiled_side(changes: Changes) -> Iterator[None]:
    """Compile changed functions instead of the law's, which stays as it is when interpreted."""
    memories = [*vars(columns).values(), *vars(lanes).values(), *vars(run).values()]
    compiled = [memory for memory in memories if hasattr(memory, "cache_clear")]
    known = (
        columns.column_pass,
        lanes.fast_pass,
        run.compiled_trade,
        run.compiled_model,
        run.compiled_summarize,
    )
    assert set(known) <= set(compiled)

    def compile_changed(root: Callable[..., Any], *args: Any) -> Callable[..., Any]:
        return jit.compile_law(mutated(root, changes), *args)

    with pytest.MonkeyPatch.context() as patch:
        for module in (columns, lanes, run):
            patch.setattr(module, "compile_law", compile_changed)
        for memory in compiled:
            memory.cache_clear()
        try:
            yield
        finally:
            for memory in compiled:
                memory.cache_clear()
