"""The record of one comparison: what a test gets back, and all that a report needs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

DEFAULT_LABEL = "comparison"
"""Of the only comparison of a test, which needs no name beside the test's."""

VERDICTS = (
    "ERROR",
    "DIFFERENT",
    "REGRESSED",
    "MISSED",
    "INCONCLUSIVE",
    "NO-BASELINE",
    "IMPROVED",
    "PASS",
)
"""Worst first."""
SMALLEST, LARGEST = 1e-30, 1e30
"""Bounds of what a stored speedup or count may be: no two arms are further apart."""

Plain = str | int | float | bool | None


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """One comparison and its verdict.

    Every field is a plain value, so that a record travels from an xdist worker and into JSON unchanged.

    Parameters
    ----------
    nodeid, label : str
        Which comparison of which test.
    verdict : str
        ``PASS``, ``REGRESSED``, ``MISSED``, ``IMPROVED``, ``INCONCLUSIVE``, ``NO-BASELINE``, ``DIFFERENT``
        or ``ERROR``; ``PENDING`` in what `compare` returns of a comparison that fresh processes judge later.
    effect : str
        "pass", "warn" or "fail", the ini choices applied.
    row : int
        The row of the outcome table.
    detail : str
        The reason for the verdict.
    judged : bool
        Whether the verdict decides anything.
    timed : bool
        Whether speed was to be judged (``--genesis-perf``).
    claim : str
        The claim in words.
    claim_limit : float
        The speedup that the claim asks for.
    work : str or None
        What one call does, such as "250 bars".
    speedup : float or None
        Baseline seconds / optimized seconds, median over blocks.
    interval : tuple of float or None
        Lower and upper end of the speedup.
    seconds : mapping or None
        Median seconds of one call of "baseline" and "optimized".
    stored : tuple of float or None
        Lowest, median and highest stored speedup of this environment class.
    digest : str or None
        Digest of the result of both arms.
    stored_digest : str or None
        The stored digest.
    digest_state : str
        "match", "missing", "differs" or "untracked".
    plans : mapping
        What each arm says it ran, where it does.
    blocks : tuple of float
        Every block in time order, log optimized - log baseline.
    long : bool
        Whether the arms were judged by the rule of long arms.
    in_turns : str
        Why arms over 5 ms did not run side by side; empty where they did, and for shorter ones.
    isolated : bool
        Whether fresh processes alone judged it.
    calls : mapping
        Calls in a slice of each arm.
    confirmation : tuple of float
        Speedups measured again to confirm a failing claim.
    seed : str
        Seed of the coin.
    disturbance : str
        What else the machine did while the pair was measured.
    remarks : tuple of str
        What should be looked at besides the verdict.
    memory_bytes, stored_memory_bytes : mapping or None
        Peak memory of a call of "baseline" and "optimized", where it was counted, and the stored one.
    instructions, stored_instructions : mapping or None
        Instructions of a call of each, and the "tool" that counted them.
    cost_gaps : tuple of str
        Costs that were asked for and could not be counted, or held against nothing.
    extra : mapping of str to str
        Further columns of the reports, from a hook of the project.
    """

    nodeid: str
    label: str
    verdict: str
    effect: str
    row: int
    detail: str
    judged: bool
    timed: bool
    claim: str
    claim_limit: float
    work: str | None = None
    speedup: float | None = None
    interval: tuple[float, float] | None = None
    seconds: Mapping[str, float] | None = None
    stored: tuple[float, float, float] | None = None
    digest: str | None = None
    stored_digest: str | None = None
    digest_state: str = "untracked"
    plans: Mapping[str, Mapping[str, Plain]] = field(default_factory=dict)
    blocks: tuple[float, ...] = ()
    long: bool = False
    in_turns: str = ""
    isolated: bool = False
    calls: Mapping[str, int] = field(default_factory=dict)
    confirmation: tuple[float, ...] = ()
    seed: str = ""
    disturbance: str = ""
    remarks: tuple[str, ...] = ()
    memory_bytes: Mapping[str, int] | None = None
    stored_memory_bytes: Mapping[str, int] | None = None
    instructions: Mapping[str, int | str] | None = None
    stored_instructions: Mapping[str, int | str] | None = None
    cost_gaps: tuple[str, ...] = ()
    extra: Mapping[str, str] = field(default_factory=dict)

    @property
    def key(self) -> tuple[str, str]:
        """Node id and label: unique in a run."""
        return self.nodeid, self.label

    def to_plain(self) -> dict[str, Any]:
        """Return the record as dicts, lists and scalars only."""
        plain = asdict(self)
        return {name: list(value) if isinstance(value, tuple) else value for name, value in plain.items()}

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> Comparison:
        """Rebuild a record from :meth:`to_plain`."""
        fields: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in plain.items()
        }
        return cls(**fields)


def printable(value: Any) -> Any:
    """Return plain values whose texts can be written: a lone surrogate, which no file can hold, is shown as such."""
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode("utf-8")
    if isinstance(value, dict):
        return {printable(key): printable(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [printable(one) for one in value]
    return value


def named(nodeid: str, label: str) -> str:
    """Return the test, and the label behind it where it says more than the default."""
    return nodeid if label == DEFAULT_LABEL else f"{nodeid} / {label}"


def severity(record: Comparison) -> tuple[int, float, str, str]:
    """Return the sort key that puts the worst comparison first, the slowest of equals before others."""
    effect = ("fail", "warn", "pass").index(record.effect)
    ratio = record.speedup / record.claim_limit if record.speedup is not None else 0.0
    return effect * len(VERDICTS) + VERDICTS.index(record.verdict), ratio, record.nodeid, record.label
