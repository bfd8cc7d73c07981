"""What a search is after: one number of a run's metrics, and what a run must keep to.

Pure: from metrics to score, the same everywhere. The metrics themselves are the engine's.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Annotated, Literal, TypeAlias

import msgspec

from genesis_core.errors import nearest

Metrics: TypeAlias = Mapping[str, "float | None"]

METRICS = (
    "total_return",
    "trades",
    "win_rate",
    "profit_factor",
    "max_drawdown",
    "sharpe",
    "final_equity",
    "fees",
)
"""What a run is judged by: its metrics, its final equity, and the fees of all fills in quote currency."""


SOFT = " (soft)"
"""How the reason of a soft constraint ends."""


class Constraint(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A bound on one metric.

    Attributes
    ----------
    metric : str
        One of :data:`METRICS`.
    at_least, at_most : float or None
        The bounds, themselves allowed; at least one is given.
    weight : float or None
        None: hard, a trial beyond it does not rank. A number: soft, the score gets worse by this much for each unit
        beyond.
    """

    metric: str
    at_least: float | None = None
    at_most: float | None = None
    weight: Annotated[float, msgspec.Meta(gt=0)] | None = None

    def fault(self) -> str | None:
        """Say what is wrong with it, None if nothing is."""
        if self.metric not in METRICS:
            return f"metric = {self.metric!r}{nearest(self.metric, METRICS)}"
        if self.at_least is None and self.at_most is None:
            return "neither at_least nor at_most is given"
        if self.at_least is not None and self.at_most is not None and self.at_least > self.at_most:
            return f"at_least = {self.at_least} is above at_most = {self.at_most}: nothing can meet it"
        low, high = POSSIBLE[self.metric]
        if self.at_least is not None and self.at_least > high:
            return f"at_least = {self.at_least}: nothing can meet it, {self.metric} is at most {high:g}"
        if self.at_most is not None and self.at_most < low:
            return f"at_most = {self.at_most}: nothing can meet it, {self.metric} is at least {low:g}"
        return None

    def beyond(self, metrics: Metrics) -> float:
        """Return how far beyond its bounds the metric lies: 0 within, infinite where it is not defined.

        A profit factor that is not defined although there were trades is that of a run without a losing trade: beyond
        any lower bound.
        """
        value = metrics[self.metric]
        if value is None:
            if self.metric != "profit_factor" or not metrics["trades"]:
                return math.inf
            value = math.inf
        below = 0.0 if self.at_least is None else max(self.at_least - value, 0.0)
        above = 0.0 if self.at_most is None else max(value - self.at_most, 0.0)
        return max(below, above)

    @property
    def text(self) -> str:
        """The bound in words, such as ``trades >= 30``."""
        bounds = ((">=", self.at_least), ("<=", self.at_most))
        return " and ".join(
            f"{self.metric} {sign} {bound:.12g}" for sign, bound in bounds if bound is not None
        )


POSSIBLE: Mapping[str, tuple[float, float]] = {
    "total_return": (-math.inf, math.inf),
    "trades": (0.0, math.inf),
    "win_rate": (0.0, 1.0),
    "profit_factor": (0.0, math.inf),
    "max_drawdown": (0.0, math.inf),
    "sharpe": (-math.inf, math.inf),
    "final_equity": (-math.inf, math.inf),
    "fees": (0.0, math.inf),
}
"""Between what each metric lies, whatever the strategy."""


LESS_IS_BETTER = ("max_drawdown", "fees")
"""Metrics that nobody wants more of."""
GROWING = ("total_return", "trades", "final_equity", "fees")
"""Metrics that grow with time."""


class Objective(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What makes one trial better than another: one metric, or a weighted sum.

    Attributes
    ----------
    metric : str or None
        One of :data:`METRICS`.
    score : dict or None
        Metric -> weight, instead of `metric`.
    direction : str
        Whether more or less of it is better.
    """

    metric: str | None = None
    score: dict[str, float] | None = None
    direction: Literal["maximize", "minimize"] = "maximize"

    def fault(self) -> str | None:
        """Say what is wrong with it, None if nothing is."""
        if (self.metric is None) == (self.score is None):
            return "either metric or score is needed"
        if self.score is not None and not self.score:
            return "score = {}; at least one metric is needed"
        for name in self.weights:
            if name not in METRICS:
                return f"{name!r} is no metric{nearest(name, METRICS)}"
        for name, weight in self.weights.items():
            if not math.isfinite(weight) or weight == 0.0:
                return f"score.{name} = {weight}; a finite number other than 0 is needed"
        return None

    @property
    def weights(self) -> Mapping[str, float]:
        """Each metric's weight, in the order of the sum."""
        if self.score is not None:
            return self.score
        return {} if self.metric is None else {self.metric: 1.0}

    @property
    def grows(self) -> bool:
        """Whether it is larger over more candles, so that two lengths do not compare."""
        return any(name in GROWING for name in self.weights)

    @property
    def text(self) -> str:
        """The objective in words."""
        if self.score is None:
            return f"{self.direction} {self.metric}"
        return f"{self.direction} " + " ".join(f"{weight:+g}*{name}" for name, weight in self.score.items())

    def better(self, score: float, other: float) -> bool:
        """Say whether one score beats another; equal ones do not beat each other."""
        return score > other if self.direction == "maximize" else score < other

    def rank_key(self, score: float) -> float:
        """Return what sorts the best score first."""
        return -score if self.direction == "maximize" else score


class Judgement(msgspec.Struct, frozen=True):
    """What the metrics of one run are worth.

    Attributes
    ----------
    score : float or None
        The objective, soft constraints taken off; None where a metric of it is not defined.
    feasible : bool
        Whether it has a score and meets every hard constraint: only then it ranks.
    reasons : list of str
        What it does not meet, soft ones included, and what is not defined.
    """

    score: float | None
    feasible: bool
    reasons: list[str]

    @property
    def unmet(self) -> list[str]:
        """The reasons without the soft constraints, which only cost score."""
        return unmet(self.reasons)


def unmet(reasons: list[str]) -> list[str]:
    """Return the reasons of a judgement without the soft constraints."""
    return [reason for reason in reasons if not reason.endswith(SOFT)]


def violation(metrics: Metrics | None, constraints: list[Constraint]) -> float:
    """Return how far a run is from meeting the hard constraints, to compare runs that do not.

    Parameters
    ----------
    metrics : mapping or None
        All of :data:`METRICS`; None: there was no run.
    constraints : list of Constraint
        Soft ones count where their metric is not defined.

    Returns
    -------
    float
        The sum over the constraints of how far beyond each lies, as a share of its (larger) bound, so that trades and
        drawdowns add up; infinite without a run or a metric.
    """
    if metrics is None:
        return math.inf
    whole = 0.0
    for constraint in constraints:
        beyond = constraint.beyond(metrics)
        if constraint.weight is None or math.isinf(beyond):
            whole += beyond / (max(abs(constraint.at_least or 0.0), abs(constraint.at_most or 0.0)) or 1.0)
    return whole


def judge(metrics: Metrics, objective: Objective, constraints: list[Constraint]) -> Judgement:
    """Score the metrics of one run.

    Parameters
    ----------
    metrics : mapping
        All of :data:`METRICS`.
    objective : Objective
        What is better.
    constraints : list of Constraint
        What must be kept to.
    """
    score: float | None = 0.0
    reasons = []
    for name, weight in objective.weights.items():
        value = metrics[name]
        if value is None:
            score = None
            reasons.append(f"{name} is not defined")
            break
        assert score is not None
        score = score + weight * value
    feasible = score is not None
    worse = -1.0 if objective.direction == "maximize" else 1.0
    for constraint in constraints:
        beyond = constraint.beyond(metrics)
        if beyond <= 0.0:
            continue
        undefined = f"{constraint.metric} is not defined"
        if metrics[constraint.metric] is None and math.isinf(beyond) and undefined not in reasons:
            reasons.append(undefined)
        reasons.append(constraint.text if constraint.weight is None else constraint.text + SOFT)
        if constraint.weight is None or math.isinf(beyond):
            feasible = False
        elif score is not None:
            score = score + worse * constraint.weight * beyond
    if score is not None and not math.isfinite(score):
        return Judgement(None, False, [*reasons, "the score is not finite"])
    return Judgement(score, feasible, reasons)
