"""What a backtest gives: trades, equity, figures, and digests that say when two are the same."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import cached_property
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from genesis_core.candles import Repair
from genesis_core.digest import digest
from genesis_core.strategy import Config


@dataclass(frozen=True)
class LedgerRow:
    """One fill.

    Attributes
    ----------
    bar, timestamp : int
        Where and when (the candle's open time, epoch ms UTC) it happened.
    kind : str
        ``entry``, ``exit`` or ``final_close``.
    side : str
        ``long`` or ``short``: of the position, not of the order.
    units, price, fee : float
        Base units, price after slippage, fee in quote currency.
    cash_flow : float
        What it added to cash; cash is the running sum of these.
    """

    bar: int
    timestamp: int
    kind: str
    side: str
    units: float
    price: float
    fee: float
    cash_flow: float


@dataclass(frozen=True)
class Trade:
    """One position from entry to exit.

    Attributes
    ----------
    side : str
        ``long`` or ``short``.
    entry_bar, exit_bar, entry_time, exit_time : int
        Bars, and the open times of their candles in epoch ms UTC.
    units, entry_price, exit_price : float
        Base units, and prices after slippage.
    entry_fee, exit_fee, gross_pnl, net_pnl : float
        In quote currency; net is gross less both fees.
    exit_reason : str
        ``reversal`` or ``final_close``.
    """

    side: str
    entry_bar: int
    exit_bar: int
    entry_time: int
    exit_time: int
    units: float
    entry_price: float
    exit_price: float
    entry_fee: float
    exit_fee: float
    gross_pnl: float
    net_pnl: float
    exit_reason: str


@dataclass(frozen=True)
class Metrics:
    """Figures of a run; None where one is not defined.

    Attributes
    ----------
    total_return : float
        Final equity over initial equity, less 1.
    trades : int
        Closed positions, the liquidation at the end included.
    win_rate : float or None
        Share of trades with a net profit; None without trades.
    profit_factor : float or None
        Net profit of winners over net loss of losers; None without losers.
    max_drawdown : float
        Largest fall of equity from a peak, as a fraction of the peak.
    sharpe : float or None
        Mean over sample standard deviation of the returns from bar to bar, times the root of the number of bars in a
        year of 365 days; no risk-free rate. None where the deviation is 0.
    """

    total_return: float
    trades: int
    win_rate: float | None
    profit_factor: float | None
    max_drawdown: float
    sharpe: float | None


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
        done = ", ".join(
            f"{count:,} {name.replace('_', ' ')}" for name, count in self.counters.items() if count
        )
        return f"{self.path} ({self.reason}): {done}"


@dataclass(frozen=True)
class Result:
    """A backtest's result.

    Attributes
    ----------
    trades : tuple of Trade
        In the order of their exits.
    ledger : tuple of LedgerRow
        Every fill.
    equity : ndarray
        n + 1 float64: the equity marked at each close, and after liquidation.
    metrics : Metrics
        Figures of the run.
    reasons : dict
        How many bars ended with which decision reason.
    repairs : tuple of Repair
        What was repaired in the candles.
    config : Config
        The strategy and its costs.
    data_fingerprint : str
        Of the candles.
    plan : RunPlan
        What ran. Outside the digests.
    provenance : dict
        Version, platform, timings. Outside the digests.
    """

    trades: tuple[Trade, ...]
    ledger: tuple[LedgerRow, ...]
    equity: NDArray[np.float64]
    metrics: Metrics
    reasons: Mapping[str, int]
    repairs: tuple[Repair, ...]
    config: Config
    data_fingerprint: str
    plan: RunPlan
    provenance: Mapping[str, Any] = field(default_factory=dict)

    @cached_property
    def digest(self) -> str:
        """Digest of all that the run means: trades, equity, metrics, reasons, repairs, data and config."""
        return digest(self.__genesis_identity__())

    @cached_property
    def summary_digest(self) -> str:
        """Digest of ledger, metrics and final equity only: what sweeps compute and store."""
        return digest(([_values(row) for row in self.ledger], _values(self.metrics), float(self.equity[-1])))

    def identical_to(self, other: Result) -> bool:
        """Say whether two runs mean the same, bit for bit, however they were computed."""
        return self.digest == other.digest

    def __genesis_identity__(self) -> dict[str, object]:
        """Return all that must be identical between two ways to compute the same run."""
        return {
            "trades": [_values(trade) for trade in self.trades],
            "ledger": [_values(row) for row in self.ledger],
            "equity": self.equity,
            "metrics": _values(self.metrics),
            "reasons": dict(self.reasons),
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
        return _unpickled, (
            _values(self) | {"reasons": dict(self.reasons), "provenance": _plain(self.provenance)},
        )

    def __hash__(self) -> int:
        return hash(self.digest)

    def __repr__(self) -> str:
        m = self.metrics
        return (
            f"Result({m.trades} trades, return {m.total_return:+.2%}, max drawdown {m.max_drawdown:.2%}, "
            f"{self.plan.path}, digest {self.digest[:12]})"
        )


def _plain(mapping: Mapping[str, Any]) -> dict[str, Any]:
    return {k: _plain(v) if isinstance(v, Mapping) else v for k, v in mapping.items()}


def _unpickled(values: dict[str, Any]) -> Result:
    frozen = {name: MappingProxyType(values[name]) for name in ("reasons", "provenance")}
    return Result(**values | frozen | {"equity": np.frombuffer(values["equity"].tobytes())})


def _values(record: Any) -> dict[str, Any]:
    return {f.name: getattr(record, f.name) for f in fields(record)}
