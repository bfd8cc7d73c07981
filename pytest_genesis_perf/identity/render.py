"""Values as a reviewer wants to see them: decimal and hexadecimal, never longer than a line."""

from __future__ import annotations

import math
import struct

WIDTH = 120
_WINDOW = 30
_LONGEST_DECIMAL_BITS = 2000


def short(value: object) -> str:
    """Return ``repr(value)`` on one line, cut in the middle where it is long."""
    if type(value) is int and value.bit_length() > _LONGEST_DECIMAL_BITS:
        # Python refuses to write very long ints in decimal.
        return _cut(hex(value))
    if isinstance(value, (set, frozenset)) and value:
        # The order in which a set lists its members depends on the process.
        return _cut(f"{type(value).__name__}({', '.join(sorted(map(short, value)))})")
    return _cut(repr(value).replace("\n", " "))


def leaf_text(value: object) -> str:
    """Return a plain value on one line; floats in decimal and hexadecimal."""
    if type(value) is float:
        return float_text(value, float_bits(value), 8)
    if type(value) is complex:
        return f"{leaf_text(value.real)} + {leaf_text(value.imag)} j"
    return short(value)


def float_text(value: float, bits: int, width: int) -> str:
    """Return a float in decimal and hexadecimal; a NaN with its bits.

    Parameters
    ----------
    value : float
        The number.
    bits : int
        Its IEEE-754 bits in the format of `width` bytes.
    width : int
        2, 4 or 8.
    """
    if value != value:
        return f"nan (bits 0x{bits:0{2 * width}x})"
    return f"{value!r} ({value.hex()})" if math.isfinite(value) else repr(value)


def float_bits(value: float) -> int:
    """Return the IEEE-754 bits of a Python float."""
    return int.from_bytes(struct.pack("<d", value), "little")


def ulp_distance(bits_a: int, bits_b: int, width: int) -> int | None:
    """Return how many representable floats two bit patterns are apart.

    Parameters
    ----------
    bits_a, bits_b : int
        IEEE-754 bits.
    width : int
        Bytes of the format: 2, 4 or 8.

    Returns
    -------
    int or None
        0 between ``-0.0`` and ``0.0``; None where one of them is infinite or a NaN.
    """
    infinity = {2: 0x7C00, 4: 0x7F800000, 8: 0x7FF0000000000000}[width]
    sign = 1 << (8 * width - 1)
    a, b = bits_a & (sign - 1), bits_b & (sign - 1)
    if max(a, b) >= infinity:
        return None
    return abs((-a if bits_a & sign else a) - (-b if bits_b & sign else b))


def text_pair(a: str | bytes, b: str | bytes) -> tuple[str, str]:
    """Return two texts of one type, each cut to a window around the first place that differs."""
    first = next((i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))
    return _window(a, first), _window(b, first)


def listing(values: list[object], most: int = 5) -> str:
    """Return the first few of some values, sorted by how they are written, and how many follow."""
    texts = sorted(short(value) for value in values)
    rest = f" and {len(texts) - most:,} more" if len(texts) > most else ""
    return _cut(", ".join(texts[:most])) + rest


def _window(text: str | bytes, first: int) -> str:
    if len(text) <= 2 * _WINDOW:
        return repr(text)
    start, stop = max(0, first - _WINDOW), first + _WINDOW
    before, after = "..." if start else "", "..." if stop < len(text) else ""
    return f"{before}{text[start:stop]!r}{after} (differs at {first:,} of {len(text):,})"


def _cut(text: str) -> str:
    if len(text) <= WIDTH:
        return text
    half = (WIDTH - 5) // 2
    return f"{text[:half]} ... {text[-half:]}"
