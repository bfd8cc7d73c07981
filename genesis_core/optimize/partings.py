"""Where a search and its test part, in plain words: pure."""

from __future__ import annotations

from collections.abc import Sequence

from genesis_core.optimize.objective import Metrics, Objective, unmet
from genesis_core.optimize.validation import Tested, Unchanged


def place_of(tested: Sequence[Tested], objective: Objective) -> int | None:
    """Return where the best trial of the search stands by its test, from 1; None where it has no score there."""
    own = tested[0].out_of_sample
    if own is None:
        return None
    others = [one.out_of_sample for one in tested[1:] if one.out_of_sample is not None]
    return 1 + sum(objective.better(other, own) for other in others)


def no_better(now: float | None, feasible: bool, unchanged: Unchanged, objective: Objective) -> list[str]:
    """Say where the search was for nothing: the strategy that it began from does as well out-of-sample.

    Parameters
    ----------
    now : float or None
        Score of a trial of it in the test.
    feasible : bool
        Whether it meets the hard constraints there.
    unchanged : Unchanged
        The strategy.
    objective : Objective
        What is better.
    """
    before = unchanged.out_of_sample
    better = before is not None and now is not None and objective.better(now, before)
    if before is None or (better and feasible):
        return []
    scores = f", the best trial {now:.4g}" if now is not None else ""
    scores += " and breaks a hard constraint" if better else ""
    return [
        f"out-of-sample the unchanged strategy scores {before:.4g}{scores}: the search did not improve it"
    ]


def partings(tested: Sequence[Tested], before: Metrics, objective: Objective) -> list[str]:
    """Say where search and test part: worse by more than half, constraints not met, or below half of the best.

    Parameters
    ----------
    tested : sequence of Tested
        The best trials of the search, best first.
    before : mapping
        In-sample metrics of the best one.
    objective : Objective
        What is better. Where it grows with time, search and test are compared by whether they gain or lose.
    """
    best, place = tested[0], place_of(tested, objective)
    said = []
    hard = unmet(best.reasons)
    if best.out_of_sample is None:
        said.append(f"out-of-sample the best trial has no score: {', '.join(hard)}")
    elif objective.grows:
        gained, kept = before["total_return"] or 0.0, best.metrics["total_return"] or 0.0
        if gained > 0.0 > kept:
            said.append(
                f"in-sample the best trial returns {gained:+.2%}, out-of-sample {kept:+.2%}: what was found may be "
                "noise"
            )
    else:
        worse = objective.rank_key(best.out_of_sample) - objective.rank_key(best.in_sample)
        if worse > 0.5 * abs(best.in_sample):
            said.append(
                f"out-of-sample the best trial scores {best.out_of_sample:.4g}, in-sample {best.in_sample:.4g}: "
                "what was found may be noise"
            )
    if best.out_of_sample is not None and hard:
        said.append(f"out-of-sample the best trial does not meet: {', '.join(hard)}")
    if place is not None and len(tested) >= 4 and place > len(tested) / 2:
        said.append(f"out-of-sample the best trial is only number {place} of the best {len(tested)}")
    return said
