"""The kinds of parameters a search can vary: what values they have, how one is drawn, how TPE is asked for one.

Values are numbers as a person writes them: a stepped float is the decimal ``low + k*step``, a drawn one has twelve
significant digits. So a trial's parameters can be copied by hand, and a logarithm that differs in its last bit between
platforms changes no trial.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from decimal import Decimal
from itertools import combinations_with_replacement
from typing import Any, Literal, Protocol, TypeAlias

import msgspec

from genesis_core.digest import digest

Scalar: TypeAlias = "bool | int | float | str"
Value: TypeAlias = "Scalar | list[Scalar] | list[list[float]]"
MOST_POINTS = 1_000_000
"""A kind with more values than this counts as one of too many for a grid."""
MOST_WHOLE = 2**53


class Draw(Protocol):
    """Where random numbers are from; :class:`random.Random` is one."""

    def random(self) -> float:
        """Return a number in [0, 1)."""


class Suggest(Protocol):
    """What is asked for a value within a range; a trial of Optuna is one."""

    def suggest_int(self, name: str, low: int, high: int, *, step: int = 1, log: bool = False) -> int:
        """Return a whole number."""

    def suggest_float(
        self, name: str, low: float, high: float, *, step: float | None = None, log: bool = False
    ) -> float:
        """Return a number."""

    def suggest_categorical(self, name: str, choices: Sequence[Any]) -> Any:
        """Return one of `choices`."""


class Int(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="kind", tag="int"):
    """Whole numbers from `low` to `high`, both included.

    Attributes
    ----------
    low, high : int
        Ends.
    step : int
        Distance of neighbours, from `low` on.
    log : bool
        Whether equal ratios are equally likely; then `step` is 1 and `low` at least 1.
    """

    low: int
    high: int
    step: int = 1
    log: bool = False

    def fault(self) -> str | None:
        """Say what is wrong with it, None if nothing is."""
        if self.low > self.high:
            return f"low = {self.low} is above high = {self.high}"
        if self.step < 1:
            return f"step = {self.step}; at least 1 is needed"
        if max(abs(self.low), abs(self.high), self.step) > MOST_WHOLE:
            return (
                f"low = {self.low}, high = {self.high}, step = {self.step}; whole numbers up to {MOST_WHOLE:,} are "
                "exact, no others"
            )
        if self.log and (self.low < 1 or self.step != 1):
            return "log = true needs low >= 1 and no step"
        return None

    def count(self) -> int | None:
        """Return the number of values."""
        return (self.high - self.low) // self.step + 1

    def points(self) -> list[Value]:
        """Return all values, in order."""
        return list(range(self.low, self.high + 1, self.step))

    def ends(self) -> list[Value]:
        """Return the first and the last value."""
        return [self.low, self._at((self.high - self.low) // self.step)]

    def draw(self, rng: Draw) -> Value:
        """Draw a value, each as likely as any other (`log`: by its ratio to its neighbours)."""
        if not self.log:
            return self._at(int(rng.random() * ((self.high - self.low) // self.step + 1)))
        low, high = math.log(self.low - 0.5), math.log(self.high + 0.5)
        drawn = round(math.exp(low + (high - low) * rng.random()))
        return min(max(drawn, self.low), self.high)

    def suggest(self, trial: Suggest, name: str) -> Value:
        """Ask for a value."""
        high = self._at((self.high - self.low) // self.step)
        return trial.suggest_int(name, self.low, high, step=self.step, log=self.log)

    def _at(self, k: int) -> int:
        return self.low + k * self.step


class Float(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="kind", tag="float"
):
    """Numbers from `low` to `high`, both included.

    Attributes
    ----------
    low, high : float
        Ends.
    step : float or None
        Distance of neighbours, from `low` on; None: any number with twelve significant digits.
    log : bool
        Whether equal ratios are equally likely; then without `step`, and `low` above 0.
    """

    low: float
    high: float
    step: float | None = None
    log: bool = False

    def fault(self) -> str | None:
        """Say what is wrong with it, None if nothing is."""
        if not math.isfinite(self.high - self.low):
            return f"low = {self.low}, high = {self.high}; finite numbers, not that far apart, are needed"
        if self.low > self.high:
            return f"low = {self.low} is above high = {self.high}"
        if self.step is not None:
            least = math.ulp(max(abs(self.low), abs(self.high)))
            if not (math.isfinite(self.step) and self.step > 0.0):
                return f"step = {self.step}; a number above 0 is needed"
            if self.step < least:
                return (
                    f"step = {self.step}; numbers of this size are {least:.3g} apart, at least that is needed"
                )
        if self.log and (self.low <= 0.0 or self.step is not None):
            return "log = true needs low above 0 and no step"
        return None

    def count(self) -> int | None:
        """Return the number of values, None for a range without steps."""
        if self.low == self.high:
            return 1
        return None if self.step is None else self._steps() + 1

    def points(self) -> list[Value]:
        """Return all values of a stepped range, in order."""
        if self.low == self.high:
            return [self.low]
        return [] if self.step is None else [self._at(k) for k in range(self._steps() + 1)]

    def ends(self) -> list[Value]:
        """Return the first and the last value."""
        return [self.low, self.high if self.step is None else self._at(self._steps())]

    def draw(self, rng: Draw) -> Value:
        """Draw a value, each as likely as any other (`log`: by ratios)."""
        if self.step is not None:
            return self._at(int(rng.random() * (self._steps() + 1)))
        if not self.log:
            return self._written(self.low + (self.high - self.low) * rng.random())
        low, high = math.log(self.low), math.log(self.high)
        return self._written(math.exp(low + (high - low) * rng.random()))

    def suggest(self, trial: Suggest, name: str) -> Value:
        """Ask for a value."""
        if self.step is not None:
            return self._at(trial.suggest_int(name, 0, self._steps()))
        return self._written(trial.suggest_float(name, self.low, self.high, log=self.log))

    def _steps(self) -> int:
        assert self.step is not None
        return int((Decimal(repr(self.high)) - Decimal(repr(self.low))) / Decimal(repr(self.step)))

    def _at(self, k: int) -> float:
        assert self.step is not None
        return float(Decimal(repr(self.low)) + k * Decimal(repr(self.step)))

    def _written(self, value: float) -> float:
        return min(max(float(f"{value:.12g}"), self.low), self.high)


class Choice(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="kind", tag="choice"
):
    """One of some values.

    Attributes
    ----------
    values : list
        Numbers, texts, booleans or lists of them; none stands twice.
    """

    values: list[bool | int | float | str | list[Any]]

    def fault(self) -> str | None:
        """Say what is wrong with it, None if nothing is."""
        if not self.values:
            return "values = []; at least one is needed"
        seen = set()
        for value in self.values:
            # By the digest: 1, 1.0 and true are three values, in lists too.
            if digest(value) in seen:
                return f"values: {value!r} stands twice"
            seen.add(digest(value))
        return None

    def count(self) -> int | None:
        """Return the number of values."""
        return len(self.values)

    def points(self) -> list[Value]:
        """Return all values, as they were written."""
        return list(self.values)

    def ends(self) -> list[Value]:
        """Return the first and the last value."""
        return [self.values[0], self.values[-1]]

    def draw(self, rng: Draw) -> Value:
        """Draw a value, each as likely as any other."""
        return self.values[int(rng.random() * len(self.values))]

    def suggest(self, trial: Suggest, name: str) -> Value:
        """Ask for a value, by its position: a list cannot be a category."""
        at: int = trial.suggest_categorical(name, range(len(self.values)))
        return self.values[at]


class Fixed(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="kind", tag="fixed"
):
    """One value in all trials, where the strategy file has another.

    Attributes
    ----------
    value : number, text, boolean or list
        The value.
    """

    value: bool | int | float | str | list[Any]

    def fault(self) -> str | None:
        """Say what is wrong with it: nothing can be."""
        return None

    def count(self) -> int | None:
        """Return 1."""
        return 1

    def points(self) -> list[Value]:
        """Return the value."""
        return [self.value]

    def ends(self) -> list[Value]:
        """Return the value."""
        return [self.value]

    def draw(self, rng: Draw) -> Value:
        """Return the value."""
        return self.value

    def suggest(self, trial: Suggest, name: str) -> Value:
        """Return the value."""
        return self.value


class Map(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="kind", tag="map"):
    """A monotone map: a list of ``[x, y]`` with given `x`, and `y` that only rise or only fall.

    Attributes
    ----------
    at : list of float
        The `x`, increasing.
    low, high : float
        Ends of every `y`.
    step : float or None
        Distance of possible `y`, from `low` on.
    direction : str
        ``up``: no `y` below the one before; ``down``: none above.
    """

    at: list[float]
    low: float
    high: float
    step: float | None = None
    direction: Literal["up", "down"] = "up"

    def fault(self) -> str | None:
        """Say what is wrong with it, None if nothing is."""
        if not self.at:
            return "at = []; at least one x is needed"
        if any(not a < b for a, b in zip(self.at, self.at[1:], strict=False)):
            return f"at = {self.at}; increasing numbers are needed"
        return self._each().fault()

    def count(self) -> int | None:
        """Return the number of maps, None where `y` has no steps."""
        each = self._each().count()
        return None if each is None else math.comb(each + len(self.at) - 1, len(self.at))

    def points(self) -> list[Value]:
        """Return all maps of a stepped range."""
        return [
            self._with(chosen)
            for chosen in combinations_with_replacement(self._each().points(), len(self.at))
        ]

    def ends(self) -> list[Value]:
        """Return the lowest and the highest map."""
        low, high = self._each().ends()
        return [self._with([low] * len(self.at)), self._with([high] * len(self.at))]

    def draw(self, rng: Draw) -> Value:
        """Draw each `y` alone, and bring them into order."""
        return self._with([self._each().draw(rng) for _ in self.at])

    def suggest(self, trial: Suggest, name: str) -> Value:
        """Ask for each `y` alone, and bring them into order."""
        return self._with([self._each().suggest(trial, f"{name}[{i}]") for i in range(len(self.at))])

    def _each(self) -> Float:
        return Float(low=self.low, high=self.high, step=self.step)

    def _with(self, heights: Sequence[Any]) -> list[list[float]]:
        ordered = sorted(heights, reverse=self.direction == "down")
        return [[x, y] for x, y in zip(self.at, ordered, strict=True)]


Kind: TypeAlias = "Int | Float | Choice | Fixed | Map"
KINDS: dict[str, type[Int | Float | Choice | Fixed | Map]] = {
    "int": Int,
    "float": Float,
    "choice": Choice,
    "fixed": Fixed,
    "map": Map,
}
"""What ``kind`` of a parameter may say."""
