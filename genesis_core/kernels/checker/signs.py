"""Which signs a number can have, and what a program point knows about its names.

A set of signs is a small int of three bits, so that a union is ``|`` and an intersection ``&``. NaN has no
bit: it is not zero, and only zero divisors matter here.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

NEGATIVE, ZERO, POSITIVE = 1, 2, 4
ANY = NEGATIVE | ZERO | POSITIVE


def of(number: float) -> int:
    """Return the sign of one finite number."""
    if number == 0:
        return ZERO
    return POSITIVE if number > 0 else NEGATIVE


def negate(a: int) -> int:
    """Return the signs of ``-a``."""
    return (a & ZERO) | (POSITIVE if a & NEGATIVE else 0) | (NEGATIVE if a & POSITIVE else 0)


def add(a: int, b: int) -> int:
    """Return the signs of ``a + b``. Two positive numbers never add up to zero, not even rounded."""
    result = 0
    if a & ZERO:
        result |= b
    if b & ZERO:
        result |= a
    result |= a & b & (NEGATIVE | POSITIVE)
    if (a & NEGATIVE and b & POSITIVE) or (a & POSITIVE and b & NEGATIVE):
        result = ANY
    return result


def multiply(a: int, b: int, *, rounded: bool) -> int:
    """Return the signs of ``a * b``; a `rounded` product (or quotient) can also underflow to zero."""
    result = ZERO if a & ZERO or b & ZERO else 0
    if (a & POSITIVE and b & POSITIVE) or (a & NEGATIVE and b & NEGATIVE):
        result |= POSITIVE
    if (a & POSITIVE and b & NEGATIVE) or (a & NEGATIVE and b & POSITIVE):
        result |= NEGATIVE
    return result | ZERO if rounded and result else result


def absolute(a: int) -> int:
    """Return the signs of ``abs(a)``."""
    return (a & ZERO) | (POSITIVE if a & (NEGATIVE | POSITIVE) else 0)


def toward_zero(a: int) -> int:
    """Return the signs of ``int(a)``."""
    return a | ZERO if a else a


def downward(a: int) -> int:
    """Return the signs of ``math.floor(a)``."""
    return a | ZERO if a & POSITIVE else a


def compared(op: type[ast.cmpop], bound: int) -> int:
    """Return the signs `x` can have where ``x op bound`` is true."""
    if op is ast.Gt:
        return ANY if bound & NEGATIVE else POSITIVE
    if op is ast.Lt:
        return ANY if bound & POSITIVE else NEGATIVE
    if op is ast.GtE:
        return ANY if bound & NEGATIVE else bound | POSITIVE
    if op is ast.LtE:
        return ANY if bound & POSITIVE else bound | NEGATIVE
    if op is ast.Eq:
        return bound
    return NEGATIVE | POSITIVE if bound == ZERO else ANY


@dataclass(frozen=True)
class Value:
    """What is known about an expression.

    Attributes
    ----------
    kind : str
        ``float``, ``int``, ``bool``, ``vector``, ``none``, ``tuple[float, ...]`` spelled out, or ``?`` after
        a violation, which matches everything so that one mistake is reported once.
    signs : int
        The signs it can have.
    const : bool, int, float or None
        Its value, when that is a constant.
    items : tuple of Value
        The parts of a tuple.
    """

    kind: str
    signs: int = ANY
    const: bool | int | float | None = None
    items: tuple[Value, ...] = ()

    def joined(self, other: Value) -> Value:
        """Return what is known when the value is `self` or `other`, both of one kind."""
        items = tuple(a.joined(b) for a, b in zip(self.items, other.items, strict=True))
        return Value(self.kind, self.signs | other.signs, items=items)


UNKNOWN = Value("?")


@dataclass(frozen=True)
class Known:
    """What holds at one point of a function, on every path that leads there.

    Attributes
    ----------
    assigned : frozenset of str
        Local names that have a value.
    signs : mapping
        Signs of local names, and of vector items under keys like ``p[0]``; absent means any.
    """

    assigned: frozenset[str]
    signs: Mapping[str, int] = field(default_factory=dict)

    def sign(self, key: str) -> int:
        """Return the signs of a name or vector item."""
        return self.signs.get(key, ANY)

    def with_sign(self, key: str, signs: int) -> Known:
        """Return the same with other `signs` for `key`."""
        return replace(self, signs={**self.signs, key: signs})

    def with_name(self, name: str, signs: int) -> Known:
        """Return the state after an assignment to `name`."""
        return replace(self, assigned=self.assigned | {name}, signs={**self.signs, name: signs})

    def without_items(self, vectors: Iterable[str]) -> Known:
        """Return the state after unknown items of `vectors` were stored."""
        gone = tuple(f"{name}[" for name in vectors)
        return replace(self, signs={key: s for key, s in self.signs.items() if not key.startswith(gone)})


def join(a: Known | None, b: Known | None) -> Known | None:
    """Return what holds where two paths meet; None is a path that does not arrive."""
    if a is None or b is None:
        return b if a is None else a
    both = a.signs.keys() & b.signs.keys()
    signs = {key: a.signs[key] | b.signs[key] for key in sorted(both)}
    return Known(a.assigned & b.assigned, {key: s for key, s in signs.items() if s != ANY})
