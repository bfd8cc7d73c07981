"""How much memory each arm owns alone: where buffers lie can bias a long-lived process by up to 11%.

A walk over what an arm holds (closure, arguments bound to it, the object of a method, module variables it names), not
a measurement: what only exists while the arm runs is made anew at each call and biases nothing for long.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from functools import partial
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType

OWNED_BYTES = 4 * 1024 * 1024
"""An arm that owns more alone is judged from fresh processes."""
_DEEPEST = 6
_MOST_OBJECTS = 20_000


def owned_bytes(baseline: Callable[..., object], optimized: Callable[..., object]) -> tuple[int, int]:
    """Return the bytes of buffers that only the one and only the other arm holds.

    Parameters
    ----------
    baseline, optimized : callable
        The arms. Arrays, bytes and other objects with a buffer count; a buffer that both hold counts for neither.
    """
    first, second = _buffers(baseline), _buffers(optimized)
    return (
        sum(size for key, size in first.items() if key not in second),
        sum(size for key, size in second.items() if key not in first),
    )


def _buffers(arm: object) -> dict[int, int]:
    """Return the sizes of the buffers that are reachable from an arm, by identity of their owner."""
    found: dict[int, int] = {}
    seen: set[int] = set()
    level: list[object] = [arm]
    for _ in range(_DEEPEST):
        following: list[object] = []
        for one in level:
            if id(one) in seen or len(seen) >= _MOST_OBJECTS:
                continue
            seen.add(id(one))
            size = _size(one)
            if size is not None:
                owner = _owner(one)
                found[id(owner)] = max(found.get(id(owner), 0), size)
            else:
                following.extend(_held(one))
        level = following
    return found


def _size(value: object) -> int | None:
    """Return the bytes of a buffer, None for what is not one."""
    if isinstance(value, (bytes, bytearray)):
        return len(value)
    if isinstance(value, type):
        return None
    size = getattr(value, "nbytes", None)
    return size if type(size) is int else None


def _owner(value: object) -> object:
    """Return the object that owns the memory of a view."""
    while True:
        base = value.obj if isinstance(value, memoryview) else getattr(value, "base", None)
        if base is None or isinstance(value, (bytes, bytearray)):
            return value
        value = base


def _held(value: object) -> Iterable[object]:
    """Return what an object holds."""
    if isinstance(value, partial):
        return [value.func, *value.args, *value.keywords.values()]
    if isinstance(value, MethodType):
        return [value.__self__, value.__func__]
    if isinstance(value, FunctionType):
        named = [value.__globals__[name] for name in value.__code__.co_names if name in value.__globals__]
        return [
            *_closed_over(value),
            *(value.__defaults__ or ()),
            *(value.__kwdefaults__ or {}).values(),
            *named,
        ]
    if isinstance(value, Mapping):
        return list(value.values()) if type(value) is dict else []
    if isinstance(value, (list, tuple, set, frozenset)):
        return list(value)
    if isinstance(value, (type, ModuleType, BuiltinFunctionType, str, int, float, complex)) or value is None:
        return []
    # Only what really lies in the object: a property, or a __getattr__ that answers to every name, could give anything.
    slots = [name for kind in type(value).__mro__ for name in _names(kind.__dict__.get("__slots__", ()))]
    in_slots = [getattr(value, name) for name in slots if name != "__dict__" and hasattr(value, name)]
    own = getattr(value, "__dict__", None)
    return [*(own.values() if isinstance(own, dict) else ()), *in_slots]


def _names(slots: str | Iterable[str]) -> Iterable[str]:
    return (slots,) if isinstance(slots, str) else slots


def _closed_over(function: FunctionType) -> list[object]:
    found: list[object] = []
    for cell in function.__closure__ or ():
        # A variable that is not assigned yet has an empty cell.
        with suppress(ValueError):
            found.append(cell.cell_contents)
    return found
