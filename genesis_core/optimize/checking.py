"""From the plain values of a search's file to checked ones; each fault is one sentence with its key."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import Any, TypeVar

import msgspec

from genesis_core.errors import ConfigError, SearchError, nearest
from genesis_core.optimize.objective import LESS_IS_BETTER, Constraint, Objective
from genesis_core.optimize.sections import LEARNING_BATCH
from genesis_core.optimize.space import KINDS, MOST_WHOLE, Kind
from genesis_core.strategy.strict import check_keys, field_words

S = TypeVar("S", bound=msgspec.Struct)
NAME_CHARACTERS = "letters, digits, '.', '_' and '-', none of them '.' at the start"
EXAMPLE = 'decision.threshold = { kind = "float", low = 0.5, high = 0.7 }'


def with_batch(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the sampler's table with the batch it has where none is given."""
    sampler = given.get("sampler")
    if not isinstance(sampler, Mapping) or sampler.get("kind") != "tpe" or "batch" in sampler:
        return {}
    return {"sampler": {**sampler, "batch": LEARNING_BATCH}}


def no_direction(objective: Objective, given: Mapping[str, Any]) -> str | None:
    """Ask for the direction where more would hardly be meant."""
    if objective.metric not in LESS_IS_BETTER or "direction" in given:
        return None
    return (
        f'metric = {objective.metric!r} without a direction: direction = "minimize" is needed, or "maximize" where the '
        "most is wanted"
    )


def checked_name(name: str, where: str) -> str:
    """Return a study's name, which is its folder's too."""
    if not re.fullmatch(r"[A-Za-z0-9_-][A-Za-z0-9._-]*", name):
        raise SearchError(f"{where} = {name!r}; {NAME_CHARACTERS} are needed")
    return name


def as_file(value: Any, where: str, path: str) -> Any:
    """Return values with times as texts; refuse numbers that are none, which no search can mean."""
    if isinstance(value, Mapping):
        return {
            str(key): as_file(item, where, f"{path}.{key}" if path else str(key))
            for key, item in value.items()
        }
    if isinstance(value, (list, tuple)):
        return [as_file(item, where, path) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        raise SearchError(f"{where}: {path} = {value}; a finite number is needed")
    if isinstance(value, int) and abs(value) > MOST_WHOLE:
        raise SearchError(
            f"{where}: {path} = {value}; whole numbers up to {MOST_WHOLE:,} are exact, no others"
        )
    return value.isoformat() if isinstance(value, (date, datetime)) else value


def parameters_in(table: Any, where: str, path: str = "") -> Iterator[tuple[str, Kind]]:
    """Return the parameters of nested tables: a table with a `kind` is one, any other holds some."""
    if not isinstance(table, Mapping):
        raise SearchError(
            f"{where}: parameters{path and '.' + path} = {table!r}; a table is needed, such as {EXAMPLE}"
        )
    for key, value in table.items():
        name = f"{path}.{key}" if path else str(key)
        if not all(name.split(".")):
            raise SearchError(f"{where}: parameters: {name!r} is no name of a strategy file")
        if isinstance(value, Mapping) and not isinstance(value.get("kind", {}), Mapping):
            yield name, _kind(value, f"{where}: parameters.{name}")
        elif (
            isinstance(value, Mapping)
            and value
            and not any(isinstance(item, Mapping) for item in value.values())
        ):
            raise SearchError(f"{where}: parameters.{name}: kind is missing{nearest('', KINDS)}")
        else:
            yield from parameters_in(value, where, name)


def _kind(value: Mapping[str, Any], where: str) -> Kind:
    name = value["kind"]
    if not isinstance(name, str) or name not in KINDS:
        raise SearchError(f"{where}: kind = {name!r}{nearest(str(name), KINDS)}")
    rest = {key: item for key, item in value.items() if key != "kind"}
    kind: Kind = converted(KINDS[name], rest, where)
    require(kind.fault(), where)
    return kind


def converted(struct: type[S], values: Mapping[str, Any], where: str) -> S:
    """Return plain values as a struct, or say in one sentence which key is wrong."""
    try:
        check_keys(struct, values, where)
        return msgspec.convert(_tagged(struct, values), struct)
    except ConfigError as fault:
        raise SearchError(str(fault)) from None
    except msgspec.ValidationError as fault:
        raise SearchError(field_words(struct, values, where, str(fault))) from None


def _tagged(struct: type[msgspec.Struct], values: Mapping[str, Any]) -> dict[str, Any]:
    tag = struct.__struct_config__.tag
    return dict(values) if tag is None else {**values, "kind": tag}


def require(fault: str | None, where: str) -> None:
    """Raise if there is a fault."""
    if fault is not None:
        raise SearchError(f"{where}: {fault}")


def met_together(constraints: list[Constraint]) -> str | None:
    """Say which two hard constraints nothing can meet together."""
    hard = [constraint for constraint in constraints if constraint.weight is None]
    for one in hard:
        for other in hard:
            same = one.metric == other.metric
            if (
                same
                and one.at_least is not None
                and other.at_most is not None
                and one.at_least > other.at_most
            ):
                name = one.metric
                return (
                    f"{name} >= {one.at_least:.12g} and {name} <= {other.at_most:.12g}: nothing can meet both"
                )
    return None
