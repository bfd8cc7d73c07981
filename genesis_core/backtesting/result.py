"""What a backtest gives: trades, equity, figures, and digests that say when two are the same."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import cached_property
from hashlib import blake2b
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from genesis_core.backtesting.explain import story
from genesis_core.backtesting.records import LedgerRow, Metrics, Trade, ledger_rows, reason_counts, trades_of
from genesis_core.candles import Repair
from genesis_core.digest import DIGEST_BYTES, digest
from genesis_core.errors import ConfigError
from genesis_core.kernels.trading.layout import SUMMARY_SIZE
from genesis_core.kernels.trading.reasons import REASONS
from genesis_core.strategy import Config
from genesis_core.strategy.inputs import SLOTS


@dataclass(frozen=True)
class RunPlan:
    """What ran and what it did; outside the digest.

    Attributes
    ----------
    path : str
        Such as ``cached(recompute)``.
    reason : str
        Why this path.
    counters : dict
        Interpreted steps, compiled runs, bars, cache hits and misses.
    """

    path: str
    reason: str
    counters: dict[str, int]

    def __str__(self) -> str:
        return f"{self.path} ({self.reason}): {self.done}"

    @property
    def done(self) -> str:
        """What it did, in words: ``1 compiled call, 500 bars``."""
        return ", ".join(counted(name, count) for name, count in self.counters.items() if count)


@dataclass(frozen=True, eq=False)
class Result:
    """A backtest's result.

    Attributes
    ----------
    rows : ndarray
        The ledger as numbers, float64, shape (fills, 17), in the layout of
        :mod:`genesis_core.kernels.trading.layout`; :attr:`ledger` and :attr:`trades` name them.
    times : ndarray
        Open time of each fill's candle, int64 epoch ms UTC.
    equity : ndarray
        n + 1 float64: the equity marked at each close, and after liquidation.
    bar_reasons : ndarray
        Code of what became of each bar's decision, int8; see :meth:`reason`.
    metrics : Metrics
        Figures of the run.
    repairs : tuple of Repair
        What was repaired in the candles.
    config : Config
        The strategy and its costs.
    symbol, timeframe : str
        Of the candles.
    data_fingerprint : str
        Of the candles.
    plan : RunPlan
        What ran. Outside the digests.
    provenance : dict
        Version, platform, timings. Outside the digests.
    """

    rows: NDArray[np.float64]
    times: NDArray[np.int64]
    equity: NDArray[np.float64]
    bar_reasons: NDArray[np.int8]
    metrics: Metrics
    repairs: tuple[Repair, ...]
    config: Config
    symbol: str
    timeframe: str
    data_fingerprint: str
    plan: RunPlan
    provenance: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        # Over a read-only buffer, so that nobody can make them writable again; without copying them.
        for name in ("rows", "times", "equity", "bar_reasons"):
            array = np.ascontiguousarray(getattr(self, name))
            object.__setattr__(self, name, np.asarray(array.data.toreadonly()))
        object.__setattr__(self, "provenance", MappingProxyType(dict(self.provenance)))

    @cached_property
    def trades(self) -> tuple[Trade, ...]:
        """The positions, in the order of their exits."""
        asked = dict(zip((name for name, _ in SLOTS), self.config.slots, strict=True))
        regimes, zones = asked["regime"] is not None, asked["zone"] is not None
        return trades_of(self.rows, self.times, regimes=regimes, zones=zones)

    @cached_property
    def ledger(self) -> tuple[LedgerRow, ...]:
        """Every fill, in order."""
        return ledger_rows(self.rows, self.times)

    @cached_property
    def reasons(self) -> Mapping[str, int]:
        """How many bars ended with which decision reason, and how many exits happened for which."""
        return MappingProxyType(reason_counts(self.bar_reasons, self.rows))

    def reason(self, bar: int) -> str:
        """Return what became of one bar's decision, such as ``THRESHOLD`` or ``ENTRY``."""
        return REASONS[self.bar_reasons.item(bar)]

    def explain(self, trade: Trade | int) -> str:
        """Tell one trade's story in words.

        Parameters
        ----------
        trade : Trade or int
            One of :attr:`trades`, or its position among them; negative counts from the end.

        Raises
        ------
        ConfigError
            If there is no such trade in this result.
        """
        trades = self.trades
        if isinstance(trade, Trade):
            if trade not in trades:
                raise ConfigError("this trade is not of this result")
            number = trades.index(trade)
        else:
            if not -len(trades) <= trade < len(trades):
                raise ConfigError(f"trade {trade}: the result has {len(trades)} trades")
            number = trade % len(trades)
        chosen = trades[number]
        fills = [row for row in self.ledger if chosen.entry_bar <= row.bar <= chosen.exit_bar]
        start = next(
            i for i, row in enumerate(fills) if row.kind == "entry" and row.decided == chosen.decided
        )
        return story(self, number, chosen, fills[start : start + chosen.partials + 2])

    @cached_property
    def digest(self) -> str:
        """Digest of all that the run means: trades, equity, metrics, reasons, repairs, data and config."""
        return digest(
            {
                "rows": self.rows,
                "times": self.times,
                "equity": self.equity,
                "reasons": self.bar_reasons,
                "metrics": _values(self.metrics),
                "repairs": [_values(repair) for repair in self.repairs],
                "data": self.data_fingerprint,
                "config": self.config.digest,
            }
        )

    @cached_property
    def summary_digest(self) -> str:
        """Digest of ledger, metrics and final equity only: what sweeps compute and store."""
        return summary_digest(self.rows, self.metrics, self.equity.item(-1))

    def identical_to(self, other: Result) -> bool:
        """Say whether two runs mean the same, bit for bit, however they were computed."""
        return self.digest == other.digest

    def __genesis_identity__(self) -> dict[str, object]:
        """Return all that must be identical between two ways to compute the same run, trades first."""
        return {
            "trades": [_values(trade) for trade in self.trades],
            "ledger": [_values(row) for row in self.ledger],
            "equity": self.equity,
            "metrics": _values(self.metrics),
            "bar_reasons": self.bar_reasons,
            "rows": self.rows,
            "repairs": [_values(repair) for repair in self.repairs],
            "data": self.data_fingerprint,
            "config": self.config.digest,
        }

    def __genesis_plan__(self) -> dict[str, object]:
        """Return what ran, for the test against comparing a plan with itself."""
        cached = self.plan.path.startswith("cached")
        counters = {k: v for k, v in self.plan.counters.items() if cached or k not in ("hits", "misses")}
        return {"path": self.plan.path, **counters}

    def __eq__(self, other: object) -> bool:
        return self.identical_to(other) if isinstance(other, Result) else NotImplemented

    def __reduce__(self) -> tuple[Any, ...]:
        return _unpickled, (_values(self) | {"provenance": _plain(self.provenance)},)

    def __hash__(self) -> int:
        return hash(self.digest)

    def __repr__(self) -> str:
        m = self.metrics
        return (
            f"Result({m.trades} trades, return {m.total_return:+.2%}, max drawdown {m.max_drawdown:.2%}, "
            f"{self.plan.path}, digest {self.digest[:12]})"
        )


def summary_digest(rows: NDArray[np.float64], metrics: Metrics, final_equity: float) -> str:
    """Return the digest of a ledger, the figures and the final equity.

    Written out instead of handed to :func:`genesis_core.digest.digest`: a sweep computes it ten thousand times a
    second. A figure that is not defined is told by its flag.
    """
    figures = (
        metrics.total_return,
        metrics.win_rate,
        metrics.profit_factor,
        metrics.max_drawdown,
        metrics.sharpe,
    )
    defined = [figure is not None for figure in figures]
    head = struct.pack(
        "<2q5?6d",
        len(rows),
        metrics.trades,
        *defined,
        *[0.0 if figure is None else figure for figure in figures],
        final_equity,
    )
    sink = blake2b(head, digest_size=DIGEST_BYTES)
    sink.update(np.ascontiguousarray(rows[:, :SUMMARY_SIZE], dtype="<f8").ravel().data)
    return sink.hexdigest()


def counted(name: str, count: int) -> str:
    """Write a counter in words: ``1 compiled call``, ``2 misses``."""
    words = name.replace("_", " ")
    if count == 1:
        words = words.removesuffix("es" if words == "misses" else "s")
    return f"{count:,} {words}"


def _plain(mapping: Mapping[str, Any]) -> dict[str, Any]:
    return {k: _plain(v) if isinstance(v, Mapping) else v for k, v in mapping.items()}


def _unpickled(values: dict[str, Any]) -> Result:
    return Result(**values)


def _values(record: Any) -> dict[str, Any]:
    return {f.name: getattr(record, f.name) for f in fields(record)}
