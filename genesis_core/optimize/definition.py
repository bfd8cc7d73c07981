"""A search as a value: what varies, over which candles, by which sampler, for which objective. Read from TOML."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any

import msgspec

from genesis_core.errors import SearchError, nearest
from genesis_core.optimize.checking import (
    EXAMPLE,
    as_file,
    checked_name,
    converted,
    met_together,
    no_direction,
    parameters_in,
    require,
    with_batch,
)
from genesis_core.optimize.objective import Constraint, Objective
from genesis_core.optimize.sections import Budget, Data, Sampling, Validation
from genesis_core.optimize.space import Kind
from genesis_core.strategy.strict import as_written

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


class _Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    parameters: dict[str, Any]
    objective: Objective
    name: str | None = None
    strategy: str | None = None
    data: Data = Data()
    sampler: Sampling = Sampling()
    budget: Budget = Budget()
    constraints: list[Any] = []
    validation: Validation = Validation()


class Search(msgspec.Struct, frozen=True, dict=True, kw_only=True):
    """A search's definition, checked.

    Attributes
    ----------
    name : str
        Of the study, and of its folder.
    strategy : str or None
        ``FILE.toml``, ``FILE.py`` or ``FILE.py:NAME``; None: the default strategy.
    parameters : mapping
        Dotted name as in a strategy file -> its kind.
    data, sampler, budget, objective, constraints, validation
        See :mod:`genesis_core.optimize.sections` and :mod:`genesis_core.optimize.objective`.
    """

    name: str
    parameters: Mapping[str, Kind]
    objective: Objective
    strategy: str | None = None
    data: Data = Data()
    sampler: Sampling = Sampling()
    budget: Budget = Budget()
    constraints: list[Constraint] = []
    validation: Validation = Validation()

    @classmethod
    def from_toml(cls, path: str | Path) -> Search:
        """Read a search file; paths in it are relative to it.

        Parameters
        ----------
        path : path
            The file.

        Raises
        ------
        SearchError
            If it cannot be read, is not TOML, has an unknown key or a wrong value; names the file and the key.
        """
        file = Path(path)
        try:
            values = tomllib.loads(file.read_text(encoding="utf-8"))
        except OSError as fault:
            raise SearchError(f"{path}: cannot be read: {fault.strerror or fault}") from None
        except UnicodeDecodeError as fault:
            raise SearchError(f"{path}: cannot be read: not UTF-8 text (offset {fault.start})") from None
        except tomllib.TOMLDecodeError as fault:
            raise SearchError(f"{path}: not TOML: {fault}") from None
        return cls.from_dict(values, str(path), folder=file.parent, name=file.stem)

    @classmethod
    def from_dict(
        cls,
        values: Mapping[str, Any],
        where: str = "search",
        *,
        folder: Path | None = None,
        name: str | None = None,
    ) -> Search:
        """Check plain values, as a TOML file gives them, and return them as a search.

        Parameters
        ----------
        values : mapping
            The whole of it.
        where : str
            What error messages call it.
        folder : Path, optional
            What relative paths are relative to; the working directory unless told otherwise.
        name : str, optional
            The study's, unless the values give one.

        Raises
        ------
        SearchError
            Naming the key, its value and what would be right.
        """
        if not isinstance(values, Mapping):
            raise SearchError(f"{where}: the whole = {values!r}; a table of keys is needed")
        given: dict[str, Any] = as_file(values, where, "")
        for key in given:
            if key not in _Table.__struct_fields__:
                raise SearchError(f"{where}: unknown key {key!r}{nearest(key, _Table.__struct_fields__)}")
        if "parameters" not in given:
            raise SearchError(f"{where}: there are no parameters; at least one is needed, such as {EXAMPLE}")
        if "objective" not in given:
            raise SearchError(
                f'{where}: there is no objective; such as [objective] metric = "sharpe" is needed'
            )
        parameters: dict[str, Kind] = {}
        for key, kind in parameters_in(given["parameters"], where):
            if key in parameters:
                raise SearchError(
                    f"{where}: parameters.{key} is given twice, once by its dotted name in quotes"
                )
            parameters[key] = kind
        if not parameters:
            raise SearchError(f"{where}: parameters is empty; at least one is needed, such as {EXAMPLE}")
        table = converted(_Table, {**given, "parameters": {}, **with_batch(given)}, where)
        chosen = checked_name(name or "search" if table.name is None else table.name, f"{where}: name")
        if table.strategy == "":
            raise SearchError(
                f"{where}: strategy = ''; a file is needed; leave it out for the default strategy"
            )
        constraints = []
        for at, one in enumerate(table.constraints):
            constraints.append(converted(Constraint, one, f"{where}: constraints[{at}]"))
            require(constraints[-1].fault(), f"{where}: constraints[{at}]")
        require(table.objective.fault(), f"{where}: objective")
        require(no_direction(table.objective, given["objective"]), f"{where}: objective")
        require(table.sampler.fault(), f"{where}: sampler")
        require(table.validation.fault(), f"{where}: validation")
        require(met_together(constraints), f"{where}: constraints")
        base = Path() if folder is None else folder
        return cls(
            name=chosen,
            parameters=MappingProxyType(parameters),
            objective=table.objective,
            strategy=_beside(table.strategy, base),
            data=msgspec.structs.replace(
                table.data,
                **{key: _beside(getattr(table.data, key), base) for key in ("data_dir", "csv", "higher")},
            ),
            sampler=table.sampler,
            budget=table.budget,
            constraints=constraints,
            validation=table.validation,
        )

    @property
    def in_code(self) -> bool:
        """Whether the strategy is from a Python file."""
        return self.strategy is not None and not self.strategy.endswith(".toml")

    def renamed(self, name: str) -> Search:
        """Return the same search under another name.

        Parameters
        ----------
        name : str
            Of the study, and so of its folder.

        Raises
        ------
        SearchError
            If that cannot be a study's name.
        """
        return msgspec.structs.replace(self, name=checked_name(name, "study"))

    def with_data(self, given: Mapping[str, Any]) -> Search:
        """Return the same search over other candles: the keys of :class:`Data` that are given replace its own.

        Parameters
        ----------
        given : mapping
            Of keys and values.
        """
        if "csv" in given or "data_dir" in given:
            given = {"csv": None, "data_dir": None, **given}
        return msgspec.structs.replace(self, data=msgspec.structs.replace(self.data, **given))

    def with_trials(self, trials: int) -> Search:
        """Return the same search with another number of trials.

        Parameters
        ----------
        trials : int
            How many, those that are known included.

        Raises
        ------
        SearchError
            If it is not above 0.
        """
        if trials < 1:
            raise SearchError(f"trials = {trials!r}; more than 0 is needed")
        return msgspec.structs.replace(self, budget=msgspec.structs.replace(self.budget, trials=trials))

    @property
    def most_trials(self) -> int:
        """How many trials there can be: those of the budget, of a grid at most its points."""
        size = self.grid_size if self.sampler.kind == "grid" else None
        return self.budget.trials if size is None else min(size, self.budget.trials)

    @cached_property
    def grid_size(self) -> int | None:
        """How many points a grid has, None if a parameter is a range without steps."""
        size = 1
        for kind in self.parameters.values():
            count = kind.count()
            if count is None:
                return None
            size *= count
        return size

    def plain(self) -> dict[str, Any]:
        """Return it as a search file says it, defaults included."""
        values = {
            "name": self.name,
            "strategy": self.strategy,
            "data": msgspec.to_builtins(self.data),
            "parameters": {name: msgspec.to_builtins(kind) for name, kind in self.parameters.items()},
            "sampler": msgspec.to_builtins(self.sampler),
            "budget": msgspec.to_builtins(self.budget),
            "objective": msgspec.to_builtins(self.objective),
            "constraints": [msgspec.to_builtins(constraint) for constraint in self.constraints],
            "validation": msgspec.to_builtins(self.validation),
        }
        written: dict[str, Any] = as_written(values)
        return written


def _beside(path: str | None, folder: Path) -> str | None:
    # Absolute: a study can be resumed from any folder.
    return path if path is None else os.path.abspath(folder / path)
