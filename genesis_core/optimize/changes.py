"""From a trial's parameters to its strategy: dotted names into the nested tables of a strategy file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from genesis_core.errors import ConfigError, nearest
from genesis_core.strategy import Config


class Applied:
    """Lays parameters over a strategy.

    Parameters
    ----------
    base : Config
        The strategy.

    Notes
    -----
    The features of a model are replaced as a whole by :meth:`Config.updated`, so a change of one feature's parameter is
    laid over all of them, and the weights are left as they are.
    """

    def __init__(self, base: Config) -> None:
        self.base = base
        self._features = {name: dict(given) for name, given in base.features.items()}
        self._weights = _weights(base)

    def config(self, parameters: Mapping[str, Any]) -> Config:
        """Return the strategy with these parameters.

        Raises
        ------
        ConfigError
            If they are no strategy.
        """
        return self.base.updated(self.changes(parameters))

    def changes(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """Return parameters as nested tables for :meth:`Config.updated`.

        Raises
        ------
        ConfigError
            For two names that cannot stand beside each other.
        """
        changes: dict[str, Any] = {}
        for name, value in parameters.items():
            table = changes
            *path, last = name.split(".")
            for key in path:
                table = table.setdefault(key, {})
                if not isinstance(table, dict):
                    raise ConfigError(f"{name}: {key} is a value, given by another parameter")
            if last in table:
                raise ConfigError(f"{name} is a table, of which another parameter gives a part")
            table[last] = value
        if self.base.decide is None and "features" in changes:
            changes["features"] = self._all_features(changes["features"])
            for side, weights in self._weights.items():
                model = changes.setdefault("model", {}).setdefault(side, {})
                model["weights"] = weights | model.get("weights", {})
        elif "model" in changes:
            for side, weights in self._weights.items():
                if "weights" in changes["model"].get(side, {}):
                    changes["model"][side]["weights"] = weights | changes["model"][side]["weights"]
        return changes

    def _all_features(self, given: Any) -> dict[str, dict[str, Any]]:
        if not isinstance(given, Mapping):
            raise ConfigError(f"features = {given!r}; name a feature and its parameter")
        features = {name: dict(own) for name, own in self._features.items()}
        for name, own in given.items():
            if name not in features:
                raise ConfigError(
                    f"features.{name}: the strategy has no such feature{nearest(name, features)}"
                )
            if not isinstance(own, Mapping):
                raise ConfigError(f"features.{name} = {own!r}; name one of the feature's parameters")
            features[name] |= own
        return features


def _weights(base: Config) -> dict[str, dict[str, float]]:
    if base.model is None:
        return {}
    return {"buy": dict(base.model.buy.weights), "sell": dict(base.model.sell.weights)}
