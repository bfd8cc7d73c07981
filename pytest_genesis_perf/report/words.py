"""What each verdict means, in a sentence."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

MEANINGS: Mapping[str, str] = MappingProxyType(
    {
        "ERROR": "Nothing could be compared.",
        "DIFFERENT": "The results are not the same bits, so their speed does not matter.",
        "REGRESSED": "The optimized arm is slower than it may be, or costs more than was stored.",
        "MISSED": "The results are the same, but the optimized arm is not as much faster as the test claims.",
        "INCONCLUSIVE": "The results are the same; whether the speed is as claimed could not be decided.",
        "NO-BASELINE": "The results are the same and the claim holds; there is nothing stored to hold them against.",
        "IMPROVED": "The results are the same, the claim holds, and the optimized arm is faster than was stored.",
        "PASS": "The results are the same, and the claim holds.",
    }
)
IDENTITY_PASS = "The results are the same bits. Speed was not judged."
"""What PASS means in a run without ``--genesis-perf``."""


def meaning(verdict: str, *, timed: bool) -> str:
    """Return what a verdict means; `timed` says whether speed was to be judged."""
    return IDENTITY_PASS if verdict == "PASS" and not timed else MEANINGS[verdict]
