"""What is said before the first trial: parameters that cannot work, and those that can only disappoint."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from genesis_core.errors import SearchError
from genesis_core.optimize.changes import Applied
from genesis_core.optimize.definition import Search
from genesis_core.optimize.evaluate import Caught
from genesis_core.optimize.sampling import RandomSampler
from genesis_core.optimize.space import Fixed
from genesis_core.strategy import Config
from genesis_core.strategy.encode import model_vector

PROBES = 48
"""Parameter sets that are made, not run, to see what a search's parameters do."""
_CONTRASTS = 6
"""In so many of them each parameter is set to its first and its last value."""


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
    if search.sampler.kind == "random" and size is not None and size <= trials:
        said.append(
            f"there are only {size:,} different parameter sets, and the budget has {trials:,} trials: sampler "
            "grid runs each once"
        )
    return said


def check_parameters(search: Search, base: Config) -> None:
    """Refuse parameters of which no strategy can be made, or that nothing reads.

    Parameters
    ----------
    search : Search
        The definition.
    base : Config
        The strategy they are laid over.

    Raises
    ------
    SearchError
        Naming the parameter.
    """
    if base.own and search.budget.trial_seconds is not None:
        return  # code of the user's own that may never end is run under its limit only
    applied = Applied(base)
    drawn = RandomSampler(search.parameters, 0).ask(0, PROBES)
    made = [
        (parameters, config)
        for parameters in drawn
        if isinstance(config := _tried(applied, parameters), Config)
    ]
    for name, kind in search.parameters.items():
        if made:
            break
        fault = _tried(applied, {name: kind.ends()[0]})
        if isinstance(fault, str):
            raise SearchError(f"parameters.{name}: {fault}")
    if not made:
        raise SearchError(
            f"parameters: none of {PROBES} drawn sets is a strategy: {_tried(applied, drawn[0])}"
        )
    for name, kind in search.parameters.items():
        first, last = kind.ends()
        if isinstance(kind, Fixed) or kind.count() == 1:
            continue
        if not _is_read(applied, name, [first, last], [parameters for parameters, _ in made[:_CONTRASTS]]):
            raise SearchError(
                f"parameters.{name}: nothing reads it: the engine would run the same with {first!r} and {last!r}; "
                "leave it out, or turn on what reads it"
            )


def _is_read(applied: Applied, name: str, values: Sequence[Any], others: Sequence[Mapping[str, Any]]) -> bool:
    """Say whether a parameter changes what the engine is given, beside some of the others."""
    for parameters in others:
        seen = []
        for value in values:
            config = _tried(applied, {**parameters, name: value})
            seen.append(config if isinstance(config, str) else _given(config))
        if seen[0] != seen[1]:
            return True
    return False


def _given(config: Config) -> Any:
    features = {name: dict(given) for name, given in config.asked_features.parameters.items()}
    decide = None if config.decide is None else dict(config.decide.params)
    return (config.vector, model_vector(config), features, decide, config.slots, config.ready)


def _tried(applied: Applied, parameters: Mapping[str, Any]) -> Config | str:
    with Caught() as caught:
        return applied.config(parameters)
    assert caught.outcome is not None
    return str(caught.outcome.error).removeprefix("changes: ")
