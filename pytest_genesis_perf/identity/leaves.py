"""Plain values that are one place, each with its canonical bytes, by exact type."""

from __future__ import annotations

import datetime as dt
import struct
from collections.abc import Callable
from decimal import Decimal
from enum import Enum, Flag
from fractions import Fraction
from pathlib import Path, PosixPath, PurePath, PurePosixPath, PureWindowsPath, WindowsPath
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo

from pytest_genesis_perf.identity.parts import Leaf, type_name


def _int(value: int) -> bytes:
    return value.to_bytes(value.bit_length() // 8 + 1, "little", signed=True)


def _text(value: str) -> bytes:
    # Lone surrogates are legal in a str, and two different ones must stay different.
    return value.encode("utf-8", "surrogatepass")


def _timedelta(value: dt.timedelta) -> bytes:
    return struct.pack("<qqq", value.days, value.seconds, value.microseconds)


def _zone(value: dt.timezone) -> bytes:
    return _timedelta(value.utcoffset(None)) + _text(value.tzname(None))


def zone_bytes(zone: dt.tzinfo) -> bytes:
    """Return the canonical bytes of a time zone.

    Raises
    ------
    TypeError
        If it is neither a fixed offset nor a named zone, of Python or of pytz: nobody knows what such a class hides.
    """
    if type(zone) is dt.timezone:
        return b"fixed" + _zone(zone)
    if type(zone) is ZoneInfo and zone.key is not None:
        return b"named" + _text(zone.key)
    if type(zone).__module__.partition(".")[0] == "pytz":
        # One object for each offset that a zone ever had: they differ in what they write themselves as.
        return b"pytz" + _text(repr(zone))
    raise TypeError(f"its time zone is a {type_name(type(zone))}, not a timezone or a named ZoneInfo")


def _moment(value: dt.datetime | dt.time) -> bytes:
    tag = b"" if value.tzinfo is None else zone_bytes(value.tzinfo)
    return _text(value.replace(tzinfo=None).isoformat()) + (b"+" if value.fold else b"-") + tag


def _range(value: range) -> bytes:
    # Python calls ranges equal that yield the same numbers; start, stop and step are their bits.
    return _text(f"{value.start:x}:{value.stop:x}:{value.step:x}")


def _decimal(value: Decimal) -> bytes:
    return _text(repr(value.as_tuple()))


def _fraction(value: Fraction) -> bytes:
    return _text(f"{value.numerator:x}/{value.denominator:x}")


def _complex(value: complex) -> bytes:
    return struct.pack("<dd", value.real, value.imag)


def _path(value: PurePath) -> bytes:
    return _text(value.as_posix())


PLAIN = frozenset({type(None), bool, int, float, str, bytes})
"""Types so common and so final that no handler is asked about them."""

_PATH = "pathlib.Path"
"""One kind for the concrete path of any platform: a digest stored on one holds on the other."""

_ENCODERS: MappingProxyType[type, tuple[str, Callable[[Any], bytes]]] = MappingProxyType(
    {
        type(None): ("NoneType", lambda _: b""),
        bool: ("bool", lambda value: b"\x01" if value else b"\x00"),
        int: ("int", _int),
        float: ("float", struct.Struct("<d").pack),
        complex: ("complex", _complex),
        str: ("str", _text),
        bytes: ("bytes", bytes),
        bytearray: ("bytearray", bytes),
        Decimal: ("decimal.Decimal", _decimal),
        Fraction: ("fractions.Fraction", _fraction),
        range: ("range", _range),
        dt.datetime: ("datetime.datetime", _moment),
        dt.time: ("datetime.time", _moment),
        dt.date: ("datetime.date", lambda value: _text(value.isoformat())),
        dt.timedelta: ("datetime.timedelta", _timedelta),
        dt.timezone: ("datetime.timezone", _zone),
        Path: (_PATH, _path),
        PosixPath: (_PATH, _path),
        WindowsPath: (_PATH, _path),
        PurePosixPath: ("pathlib.PurePosixPath", _path),
        PureWindowsPath: ("pathlib.PureWindowsPath", _path),
    }
)


def plain_bytes(value: object) -> bytes:
    """Return the canonical bytes of a value of one of the types in ``PLAIN``."""
    return _ENCODERS[type(value)][1](value)


def is_leaf_type(cls: type) -> bool:
    """Return whether values of exactly this type are leaves."""
    return cls in _ENCODERS


def leaf_of(value: object) -> Leaf | None:
    """Return the leaf of a plain value or enum member, None for anything else.

    Raises
    ------
    TypeError
        If the value has no canonical bytes, such as a datetime of an unknown time zone class.
    """
    cls = type(value)
    known = _ENCODERS.get(cls)
    if known is not None:
        kind, encode = known
        return Leaf(kind, encode(value))
    if isinstance(value, Flag):
        # The name of a combination of flags depends on the version of Python; its value does not.
        return Leaf(type_name(cls), _int(value.value))
    if isinstance(value, Enum):
        return Leaf(type_name(cls), _text(value.name))
    return None
