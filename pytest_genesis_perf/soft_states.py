"""The soft states of a comparison: what each does to its test by default, and what it means."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

Effect = Literal["fail", "warn", "pass"]
SoftState = Literal[
    "not_reproduced", "inconclusive", "no_digest", "no_speed", "no_cost", "improved", "orphaned"
]

EFFECTS: tuple[Effect, ...] = ("pass", "warn", "fail")

DEFAULTS: Mapping[SoftState, Effect] = MappingProxyType(
    {
        "not_reproduced": "warn",
        "inconclusive": "warn",
        "no_digest": "warn",
        "no_speed": "warn",
        "no_cost": "warn",
        "improved": "pass",
        "orphaned": "warn",
    }
)
"""Rows 5, 8, 9, 10, 11 and 13 of the outcome table; costs stand in rows 8 and 10."""

MEANINGS: Mapping[SoftState, str] = MappingProxyType(
    {
        "not_reproduced": "a failing claim that fresh processes do not confirm",
        "inconclusive": "a comparison that could not be decided",
        "no_digest": "a comparison without a stored digest",
        "no_speed": "a comparison without a stored speed for this environment class",
        "no_cost": "a cost that was asked for and could not be counted, or has no stored count",
        "improved": "a comparison faster than stored",
        "orphaned": "a stored entry whose comparison a full, unfiltered run did not make",
    }
)
