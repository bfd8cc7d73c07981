"""The tables of a search's file, besides its parameters, objective and constraints."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

Share = Annotated[float, msgspec.Meta(gt=0, lt=1)]
AtLeastOne = Annotated[int, msgspec.Meta(ge=1)]

LEARNING_BATCH = 8
"""Trials that a sampler which learns is asked for at once, unless told otherwise: it learns between two batches."""


def _unread(table: msgspec.Struct, read: tuple[str, ...], kinds: str) -> str | None:
    """Say which key was given that this kind does not read; what it would be anyway says nothing."""
    for field in msgspec.structs.fields(table):
        value = getattr(table, field.name)
        if field.name not in read and value != field.default:
            return f"{field.name} = {value!r}: not read with kind = {table.kind!r}; kind {kinds} reads it"  # type: ignore[attr-defined]
    return None


class Data(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Which candles: the options of ``genesis backtest``. Without a file or folder: the embedded data set.

    Attributes
    ----------
    symbol, timeframe : str or None
        Such as ``tBTCUSD`` and ``1h``.
    data_dir, csv, higher : str or None
        Folder of named files, or one file; file of higher candles. Relative to the search file.
    bars : int or None
        Only the first so many.
    start, end : str or None
        Times, ``from`` and ``to`` in the file; `end` is outside.
    gaps, duplicates : str
        What to do where a file has them.
    """

    symbol: str | None = None
    timeframe: str | None = None
    data_dir: str | None = None
    csv: str | None = None
    higher: str | None = None
    bars: AtLeastOne | None = None
    start: str | None = msgspec.field(default=None, name="from")
    end: str | None = msgspec.field(default=None, name="to")
    gaps: Literal["error", "keep", "fill"] = "error"
    duplicates: Literal["error", "first", "last"] = "error"


class Sampling(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Which parameters are tried, and in which order.

    Attributes
    ----------
    kind : str
        ``grid``: every point, in an order drawn by the seed; ``random``; ``tpe``: Optuna's sampler, which learns.
    seed : int
        The same seed gives the same trials.
    batch : int
        How many trials are asked for before their results are told. Decides what TPE has learned by when; the file of a
        search with TPE means 8 unless it says otherwise.
    startup : int
        Random trials before TPE learns; whole batches of them.
    """

    kind: Literal["grid", "random", "tpe"] = "random"
    seed: Annotated[int, msgspec.Meta(ge=0, lt=2**32)] = 0
    batch: Annotated[int, msgspec.Meta(ge=1, le=10_000)] = 64
    startup: AtLeastOne = 20

    @property
    def read(self) -> tuple[str, ...]:
        """The keys that decide which trials there are."""
        return ("kind", "seed", "batch", "startup") if self.kind == "tpe" else ("kind", "seed")

    def fault(self) -> str | None:
        """Say what is wrong with it, None if nothing is."""
        return _unread(self, ("kind", "seed", "batch"), "tpe") if self.kind != "tpe" else None


class Budget(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """When a search ends.

    Attributes
    ----------
    trials : int
        How many, at most; a grid ends with its last point.
    minutes : float or None
        Of one run or resume; trials that are running are finished.
    trial_seconds : float or None
        A trial that takes longer is stopped, tried again, and then recorded as failed.
    retries : int
        How often a trial that raised, or whose process died, is tried again.
    """

    trials: AtLeastOne = 100
    minutes: Annotated[float, msgspec.Meta(gt=0)] | None = None
    trial_seconds: Annotated[float, msgspec.Meta(gt=0)] | None = None
    retries: Annotated[int, msgspec.Meta(ge=0, le=10)] = 1


class Validation(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Candles that the search does not see, for what it found.

    Attributes
    ----------
    kind : str
        ``none``; ``holdout``: the last candles; ``walk-forward``: the last candles, in folds, each with a search of its
        own over the candles before.
    test : float
        Share of all candles that one test has.
    folds : int
        Tests of a walk-forward.
    mode : str
        ``anchored``: each search begins with the first candle; ``rolling``: each sees as many candles as the first.
    embargo : int
        Candles between a search's last and its test's first, seen by neither.
    top : int
        So many of the best trials are run over the test, to see where the best one stands among them.
    """

    kind: Literal["none", "holdout", "walk-forward"] = "none"
    test: Share = 0.2
    folds: Annotated[int, msgspec.Meta(ge=2, le=100)] = 3
    mode: Literal["anchored", "rolling"] = "anchored"
    embargo: Annotated[int, msgspec.Meta(ge=0)] = 0
    top: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 10

    @property
    def read(self) -> tuple[str, ...]:
        """The keys that decide how candles are cut."""
        if self.kind == "none":
            return ("kind",)
        cut = ("kind", "test", "embargo")
        return cut if self.kind == "holdout" else (*cut, "folds", "mode")

    def fault(self) -> str | None:
        """Say what is wrong with it, None if nothing is."""
        if self.kind == "none":
            return _unread(self, self.read, "holdout or walk-forward")
        return _unread(self, (*self.read, "top"), "walk-forward") if self.kind == "holdout" else None

    @property
    def searches(self) -> int:
        """How many searches there are: one for each fold, the last of which is the study's own."""
        return self.folds if self.kind == "walk-forward" else 1
