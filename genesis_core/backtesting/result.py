"""What a backtest gives: trades, equity, figures, and digests that say when two are the same."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import cached_property
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from genesis_core.backtesting.explain import story
from genesis_core.backtesting.loop import Books
from genesis_core.backtesting.plan import RunPlan
from genesis_core.backtesting.records import LedgerRow, Metrics, Trade, ledger_rows, reason_counts, trades_of
from genesis_core.backtesting.summary_digest import summary_digest
from genesis_core.candles import Candles, Repair
from genesis_core.digest import digest
from genesis_core.errors import ConfigError
from genesis_core.kernels.trading.layout import BAR
from genesis_core.kernels.trading.metrics import fees_paid
from genesis_core.kernels.trading.reasons import REASONS
from genesis_core.strategy import Config
from genesis_core.strategy.inputs import SLOTS


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

    @classmethod
    def of(
        cls,
        candles: Candles,
        config: Config,
        books: Books,
        metrics: Metrics,
        plan: RunPlan,
        provenance: Mapping[str, Any],
    ) -> Result:
        """Put a result together from what a run left, whatever ran.

        Parameters
        ----------
        candles, config
            What ran over what.
        books : Books
            Ledger, equity and the reason of each bar.
        metrics : Metrics
            By the kernel of the metrics.
        plan : RunPlan
            How it was computed.
        provenance : mapping
            What is outside the digests.
        """
        return cls(
            rows=books.ledger,
            times=candles.timestamp[books.ledger[:, BAR].astype(np.int64)],
            equity=books.equity,
            bar_reasons=books.reasons,
            metrics=metrics,
            repairs=candles.repairs,
            config=config,
            symbol=candles.symbol,
            timeframe=candles.timeframe,
            data_fingerprint=candles.fingerprint,
            plan=plan,
            provenance=provenance,
        )

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
    def fees(self) -> float:
        """The fees of all fills together, in quote currency."""
        return fees_paid(self.rows.ravel().tolist(), len(self.rows))

    @cached_property
    def reasons(self) -> Mapping[str, int]:
        """How many bars ended with which decision reason, and how many exits happened for which."""
        return MappingProxyType(reason_counts(self.bar_reasons, self.rows))

    def reason(self, bar: int) -> str:
        """Return what became of one bar's decision, such as ``THRESHOLD`` or ``ENTRY``.

        Parameters
        ----------
        bar : int
            Of the series.
        """
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
        """Say whether two runs mean the same, bit for bit, however they were computed.

        Parameters
        ----------
        other : Result
            Of the same candles and strategy, by any plan.
        """
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


def _plain(mapping: Mapping[str, Any]) -> dict[str, Any]:
    return {k: _plain(v) if isinstance(v, Mapping) else v for k, v in mapping.items()}


def _unpickled(values: dict[str, Any]) -> Result:
    return Result(**values)


def _values(record: Any) -> dict[str, Any]:
    return {f.name: getattr(record, f.name) for f in fields(record)}
