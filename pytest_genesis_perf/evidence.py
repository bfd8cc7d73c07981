"""What was observed of one comparison: everything the outcome table reads.

Plain values. Who measured them, on which clock and in which process is not said here.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from pytest_genesis_perf.notation import exactly
from pytest_genesis_perf.statistics import ClaimState

if TYPE_CHECKING:
    from pytest_genesis_perf.identity import Difference

DigestState = Literal["match", "missing", "differs", "untracked"]

MARGIN = 0.02
"""How much slower counts as "not slower" by default: what a shared machine can resolve in 4 s."""
COST_TOLERANCE = 1.01
"""Memory and instruction counts are near-deterministic."""


STORED_TOLERANCE = 0.10
"""A share, the default. Stored speeds are a tripwire: one commit differs by 26% between jobs of one runner class."""


@dataclass(frozen=True)
class Claim:
    """What a comparison promises about speed.

    Parameters
    ----------
    margin : float
        Default claim: the optimized arm is not slower by more than this share. Ignored beside
        `min_speedup`, which is judged without a margin.
    min_speedup : float or None
        Explicit claim: baseline seconds / optimized seconds is at least this.

    Raises
    ------
    ValueError
        If `margin` is negative, `min_speedup` not positive, or either not finite.
    """

    margin: float = MARGIN
    min_speedup: float | None = None

    def __post_init__(self) -> None:
        if not (math.isfinite(self.margin) and self.margin >= 0.0):
            raise ValueError(f"margin must be a finite share >= 0 such as 0.02, not {self.margin!r}")
        if self.min_speedup is not None and not (math.isfinite(self.min_speedup) and self.min_speedup > 0.0):
            raise ValueError(f"min_speedup must be a finite number > 0 such as 3.0, not {self.min_speedup!r}")

    @property
    def limit(self) -> float:
        """The limit that the median of x must lie below, in log units."""
        if self.min_speedup is not None:
            return -math.log(self.min_speedup)
        return math.log1p(self.margin)

    @property
    def text(self) -> str:
        """The claim in words."""
        if self.min_speedup is None:
            return f"not slower by more than {100.0 * self.margin:g}%" if self.margin else "not slower"
        if self.min_speedup == 1.0:
            return "at least as fast"
        if self.min_speedup < 1.0:
            return f"at least {exactly(self.min_speedup)} the baseline's speed"
        return f"at least {exactly(self.min_speedup)} faster"


@dataclass(frozen=True)
class StoredSpeed:
    """A stored speedup: the lowest, median and highest of the fresh processes that recorded it.

    Parameters
    ----------
    low, median, high : float
        As recorded.
    tolerance : float, optional
        The share by which a speed must lie below the lowest or above the highest to count as crossed or improved; an
        interval that spans more cannot be held against it. Not stored: how far the machines of one class lie apart is
        known to who runs.

    Raises
    ------
    ValueError
        If the three are not positive, finite and in order.
    """

    low: float
    median: float
    high: float
    tolerance: float = STORED_TOLERANCE

    @property
    def factor(self) -> float:
        """The tolerance as a ratio of speeds."""
        return 1.0 + self.tolerance

    @property
    def tripwire(self) -> float:
        """The speedup below which it counts as crossed."""
        return self.low / self.factor

    def __post_init__(self) -> None:
        if not 0.0 < self.low <= self.median <= self.high < math.inf:
            raise ValueError(
                "a stored speedup must be [low, median, high], positive and in order, "
                f"not [{self.low!r}, {self.median!r}, {self.high!r}]"
            )


@dataclass(frozen=True)
class Cost:
    """One cost of an arm beside its stored value of the same class and tool version.

    Parameters
    ----------
    what : str
        What was counted, for people: "optimized peak memory, bytes".
    stored, current : int
        The counts.
    slack : int
        How much more of a small count says nothing.
    """

    what: str
    stored: int
    current: int
    slack: int = 0

    @property
    def crossed(self) -> bool:
        """Whether the current count is over the stored one x 1.01, and by more than the slack."""
        return self.current > self.stored * COST_TOLERANCE and self.current - self.stored > self.slack


@dataclass(frozen=True)
class Unstable:
    """An arm whose first and last call did not give the same bits.

    Parameters
    ----------
    arm : str
        "baseline" or "optimized".
    difference : Difference
        First call as ``baseline``, last call as ``optimized``.
    """

    arm: str
    difference: Difference


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """All that was observed of one comparison.

    Parameters
    ----------
    asked : Claim
        What was claimed.
    error : str or None
        Why nothing could be compared (row 1).
    difference : Difference or None
        First difference between the arms.
    unstable : Unstable or None
        An arm whose first and last call differ.
    digest_state : {"match", "missing", "differs", "untracked"}
        The result's digest beside the stored one; "untracked" in a project without baselines.
    claim : ClaimState or None
        What the blocks say; None if speed was not measured (plain ``pytest``).
    confirmed : bool or None
        Whether a failing claim was reproduced; None if it could not be tried, which fails.
    unconfirmable : str or None
        Why confirmation could not be tried.
    unjudged : str or None
        Why not one process judged the claim, where fresh ones were to do so from the start.
    not_reproduced : str or None
        What fresh processes found instead.
    interval : tuple of float or None
        Lower and upper end of the *speedup*, baseline / optimized: ``exp(-x)`` of the ends of x.
    stored : StoredSpeed or None
        The stored speedup of this environment class.
    stored_missing : str or None
        What is known when `stored` is None: the nearest class and the field that differs.
    stored_confirmed : bool or None
        As `confirmed`, for a crossed stored speedup.
    inconclusive_reason : str or None
        Why timing cannot be trusted, or why sampling stopped undecided, with the blocks needed.
    costs : tuple of Cost
        Memory and instruction counts beside their stored values.
    uncounted : tuple of str
        Costs that were asked for and could not be counted, and why.
    unstored : tuple of str
        Costs that were counted and have nothing to be held against, and why.

    Raises
    ------
    ValueError
        If a claim holds without an interval: it could not be held against the stored speedup.
    """

    asked: Claim = field(default_factory=Claim)
    error: str | None = None
    difference: Difference | None = None
    unstable: Unstable | None = None
    digest_state: DigestState = "untracked"
    claim: ClaimState | None = None
    confirmed: bool | None = None
    unconfirmable: str | None = None
    unjudged: str | None = None
    not_reproduced: str | None = None
    interval: tuple[float, float] | None = None
    stored: StoredSpeed | None = None
    stored_missing: str | None = None
    stored_confirmed: bool | None = None
    inconclusive_reason: str | None = None
    costs: tuple[Cost, ...] = ()
    uncounted: tuple[str, ...] = ()
    unstored: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.claim is ClaimState.HOLDS and self.interval is None:
            raise ValueError("a claim that holds needs the interval of the speedup")
