"""What is said before the first trial: parameters that cannot work, and those that can only disappoint."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from random import Random
from typing import Any

from genesis_core.digest import digest
from genesis_core.errors import ConfigError, SearchError
from genesis_core.features.defaults import FEATURES
from genesis_core.optimize.changes import Applied
from genesis_core.optimize.definition import Search
from genesis_core.optimize.objective import LESS_IS_BETTER
from genesis_core.optimize.outcome import Caught
from genesis_core.optimize.sampling import Parameters, RandomSampler
from genesis_core.optimize.space import Choice, Fixed, Kind, Value
from genesis_core.strategy import Config
from genesis_core.strategy.encode import model_vector
from genesis_core.strategy.making import Table
from genesis_core.strategy.strict import check_keys, check_known
from genesis_core.strategy.unread import why_unread

PROBES = 48
"""Parameter sets that are made, not run, to see what a search's parameters do."""
_DRAWS = 4
"""Values of a range that are looked at besides its ends."""


def warnings_about(search: Search) -> list[str]:
    """Say what is allowed and probably not meant."""
    said = []
    for name, kind in search.parameters.items():
        if not isinstance(kind, Fixed) and kind.count() == 1:
            said.append(f'parameters.{name} has one value, {kind.ends()[0]!r}: kind = "fixed" says so')
    size, trials = search.grid_size, search.budget.trials
    if search.sampler.kind == "grid" and size is not None and size > trials:
        said.append(
            f"the grid has {size:,} points and the budget {trials:,} trials: {size - trials:,} points are left "
            "out, spread over the whole grid"
        )
    if search.sampler.kind != "grid" and size is not None and size <= trials:
        sets = "is only 1 parameter set" if size == 1 else f"are only {size:,} different parameter sets"
        said.append(f"there {sets}, and the budget has {trials:,} trials: sampler grid runs each once")
    said += _metrics(search)
    if search.sampler.kind == "tpe":
        said += _blind(search.sampler.startup, search.sampler.batch, trials)
    return said


def _metrics(search: Search) -> list[str]:
    """Say where more of what nobody wants would win, and where a share is bounded by what looks like percent."""
    sign = 1.0 if search.objective.direction == "maximize" else -1.0
    said = [
        f"objective: the more {name}, the better a trial ({search.objective.text})"
        for name, weight in search.objective.weights.items()
        if name in LESS_IS_BETTER and sign * weight > 0.0
    ]
    return said + [
        f"constraints: {one.text}: max_drawdown is a share of the equity, 0.2 for 20%"
        for one in search.constraints
        if one.metric == "max_drawdown" and max(one.at_least or 0.0, one.at_most or 0.0) >= 1.0
    ]


def _blind(startup: int, batch: int, trials: int) -> list[str]:
    """Say how many trials TPE draws at random where that is more than was asked for."""
    blind = batch * max(1, -(-startup // batch))
    if trials <= blind:
        return [
            f"sampler tpe learns nothing: the budget has {trials:,} trials, and its first {blind:,} are random "
            f"(startup = {startup}, in batches of {batch:,})"
        ]
    if batch > startup:
        return [
            f"the first {batch:,} trials are random, not startup = {startup}: tpe learns between two batches, and "
            f"batch = {batch:,}"
        ]
    return []


def check_parameters(search: Search, base: Config) -> list[str]:
    """Refuse parameters of which no strategy can be made, or that nothing reads.

    Parameters
    ----------
    search : Search
        The definition.
    base : Config
        The strategy they are laid over.

    Returns
    -------
    list of str
        What is allowed and probably not meant.

    Raises
    ------
    SearchError
        Naming the parameter.
    """
    applied = Applied(base)
    for name, kind in search.parameters.items():
        _require_known(applied, name, kind.ends()[0])
    if (base.own or base.decide is not None) and search.budget.trial_seconds is not None:
        return []  # code of the user's own that may never end is run under its limit only
    drawn = RandomSampler(search.parameters, 0).ask(0, PROBES)
    tried = [_tried(applied, parameters) for parameters in drawn]
    made = [parameters for parameters, config in zip(drawn, tried, strict=True) if isinstance(config, Config)]
    if not made:
        for name, kind in search.parameters.items():
            faults = [_tried(applied, {name: value}) for value in _values(kind)]
            if all(isinstance(fault, str) for fault in faults):
                raise SearchError(_of_parameters(str(faults[0]), name))
        raise SearchError(f"parameters: none of {PROBES} drawn sets is a strategy: {tried[0]}")
    for name, kind in search.parameters.items():
        if not isinstance(kind, Fixed) and kind.count() != 1:
            # Also beside every value of a long choice, of which few were drawn.
            beside = (
                {**made[0], other: value}
                for other, its in search.parameters.items()
                for value in _values(its)
            )
            drawn_values = [one[name] for one in made[:_DRAWS]]
            _require_read(applied, name, [*_values(kind), *drawn_values], chain(made, beside))
    refused = next((fault for fault in tried if isinstance(fault, str)), None)
    if refused is None:
        return []
    return [f"{PROBES - len(made)} of {PROBES} drawn parameter sets are no strategy, such as: {refused}"]


def _require_known(applied: Applied, name: str, value: Value) -> None:
    """Refuse a name that the strategy does not have, without running any code of the user's own."""
    base = applied.base
    try:
        changes = applied.changes({name: value})
        decide = changes.pop("decide", None)
        if decide is not None and base.decide is not None:
            check_known(decide, base.decide.params, "", "decide")
        elif decide is not None:
            changes["decide"] = decide
        check_keys(Table, changes, "")
        features = changes.get("features", {}) if name.startswith("features.") else {}
        for feature, given in features.items():
            known = next((one for one in base.own if one.name == feature), None) or FEATURES.get(feature)
            if known is not None:
                check_known(given, dict(known.defaults), "", f"features.{feature}")
    except ConfigError as fault:
        raise SearchError(_of_parameters(str(fault).removeprefix(": "), name)) from None


def _of_parameters(words: str, name: str) -> str:
    """Say where a fault of a strategy is among the parameters, without its name twice."""
    return f"parameters{'.' if words.startswith(name.partition('.')[0] + '.') else ': '}{words}"


def _values(kind: Kind) -> list[Value]:
    """Return some values of a kind: all of a choice, else its ends and a few drawn ones."""
    if isinstance(kind, (Choice, Fixed)):
        return kind.points()
    rng = Random("values")
    return [*kind.ends(), *(kind.draw(rng) for _ in range(_DRAWS))]


def _require_read(applied: Applied, name: str, values: Sequence[Value], others: Iterable[Parameters]) -> None:
    """Refuse a parameter that changes nothing of what the engine is given, beside any of the other parameters."""
    why = None
    for parameters in others:
        seen = set()
        for value in values:
            config = _tried(applied, {**parameters, name: value})
            if isinstance(config, Config):
                why = why_unread(config, tuple(name.split(".")))
                seen.add(None if why is not None else digest(_given(config)))
            if len(seen) > 1:
                return
    words = why or "nothing reads it: the engine would run the same with any of its values; leave it out"
    refused = next(
        (one for one in (_tried(applied, {name: value}) for value in values) if isinstance(one, str)), None
    )
    if refused is not None and why is None:
        words = f"all of its values but one are refused: {refused}"
    raise SearchError(f"parameters.{name}: {words}")


def _given(config: Config) -> list[object]:
    """Return what the engine is given of a strategy."""
    features = {name: dict(given) for name, given in config.asked_features.parameters.items()}
    decide = None if config.decide is None else dict(config.decide.params)
    return [config.vector, model_vector(config), features, decide, config.slots, config.ready]


def _tried(applied: Applied, parameters: Mapping[str, Any]) -> Config | str:
    with Caught() as caught:
        return applied.config(parameters)
    assert caught.outcome is not None
    return str(caught.outcome.error).removeprefix("changes: ")
