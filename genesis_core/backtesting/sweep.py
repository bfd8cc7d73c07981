"""Many strategies over the same candles: columns that they share are computed once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from genesis_core.backtesting.engine import check_run
from genesis_core.backtesting.loop import CONSTANT_COLUMNS, REGIME_SLOT
from genesis_core.backtesting.model_columns import ModelColumns
from genesis_core.backtesting.records import YEAR_MS, Metrics, named_metrics
from genesis_core.backtesting.shared_columns import Column, SharedColumns, fitting
from genesis_core.backtesting.summary_digest import summary_digest
from genesis_core.candles import Candles
from genesis_core.compiler.run import compiled_sweep
from genesis_core.errors import ConfigError
from genesis_core.features.columns import run_node, source_columns
from genesis_core.features.given import bound
from genesis_core.features.graph import Graph, Node
from genesis_core.features.paths import check_arguments
from genesis_core.kernels.trading import metrics as figures
from genesis_core.kernels.trading.layout import MOST_EVENTS, ROW_SIZE, STATE_SIZE
from genesis_core.strategy import Config


@dataclass(frozen=True)
class Summary:
    """What a sweep keeps of one run.

    Attributes
    ----------
    config : Config
        The strategy.
    metrics : Metrics
        Its figures.
    final_equity : float
        After liquidation.
    fees : float
        Of all fills together, in quote currency.
    summary_digest : str
        That of the :class:`~genesis_core.backtesting.result.Result` of the same run.
    """

    config: Config
    metrics: Metrics
    final_equity: float
    fees: float
    summary_digest: str


def backtest_many(
    candles: Candles, configs: Iterable[Config | Mapping[str, Any] | None], *, threads: int = 1
) -> list[Summary]:
    """Run many strategies over the same candles, compiled.

    Parameters
    ----------
    candles : Candles
        The series.
    configs : iterable
        Strategies, as :func:`~genesis_core.backtesting.engine.backtest` takes them.
    threads : int
        How many run at once: each set runs within one thread, so the results do not depend on it.

    Returns
    -------
    list of Summary
        In the order of `configs`; ``summary_digest`` is that of a single run.

    Raises
    ------
    CandleError, ConfigError
        As a single run does; the message says which strategy.
    """
    return Sweep(candles).run(configs, threads=threads)


class Sweep:
    """Runs lists of strategies over the same candles, one list after the other, and keeps what they share.

    Parameters
    ----------
    candles : Candles
        The series.
    keep : iterable of Config
        Strategies near which the others lie: the columns of their features are kept from the first run on. Columns that
        several strategies of one list need are kept too.

    Raises
    ------
    CandleError, ConfigError, FeatureError
        As a single run of one of `keep` does.

    Notes
    -----
    At most 128 MB of columns are kept. Threads may run lists at the same time.
    """

    def __init__(self, candles: Candles, keep: Iterable[Config] = ()) -> None:
        check_arguments(candles, None)
        if isinstance(keep, (Config, Mapping)) or not isinstance(keep, Iterable):
            raise ConfigError(f"keep is a {type(keep).__name__}; a list of strategies is needed")
        self._candles = candles
        graphs = [bound(check_run(candles, config).asked_features.graph, candles) for config in keep]
        self._wanted = fitting([placed.node for graph in graphs for placed in graph.nodes], len(candles))
        self._shared = SharedColumns(len(candles))
        self._idle: list[_Sweeper] = []

    def run(self, configs: Iterable[Config | Mapping[str, Any] | None], *, threads: int = 1) -> list[Summary]:
        """Run strategies; see :func:`backtest_many`.

        Parameters
        ----------
        configs : iterable of Config or mapping or None
            One run each.
        threads : int, optional
            How many of them run at once.

        Raises
        ------
        ConfigError
            For a strategy that cannot be run, whose place in the list is named, and for a wrong `threads`.
        """
        if isinstance(threads, bool) or not isinstance(threads, int) or threads < 1:
            raise ConfigError(f"threads = {threads!r}; a whole number of at least 1 is needed")
        if isinstance(configs, (Config, Mapping)) or not isinstance(configs, Iterable):
            raise ConfigError(f"configs is a {type(configs).__name__}; a list of strategies is needed")
        candles = self._candles
        checked = [check_run(candles, config, f"strategy {i}: ") for i, config in enumerate(configs)]
        if not checked:
            return []
        made: dict[Node, Node] = {}
        jobs = [(config, bound(config.asked_features.graph, candles, made)) for config in checked]
        uses = Counter([placed.node for _, graph in jobs for placed in graph.nodes])
        wanted = self._wanted.union([node for node, count in uses.items() if count > 1])
        parts = [jobs[i::threads] for i in range(min(threads, len(jobs)))]
        if len(parts) == 1:
            return self._run_part(wanted, jobs)
        # Compiles what is not compiled yet, once, before threads ask for it.
        self._run_part(wanted, jobs[:1])
        with ThreadPoolExecutor(len(parts)) as pool:
            done = list(pool.map(lambda part: self._run_part(wanted, part), parts))
        return [done[i % len(parts)][i // len(parts)] for i in range(len(jobs))]

    def _run_part(self, wanted: frozenset[Node], jobs: Sequence[tuple[Config, Graph]]) -> list[Summary]:
        # Taken out while it runs, and put back only whole: a thread has its memory for itself.
        try:
            sweeper = self._idle.pop()
        except IndexError:
            sweeper = _Sweeper(self._candles, self._shared)
        done = [sweeper.run(config, graph, wanted) for config, graph in jobs]
        self._idle.append(sweeper)
        return done


class _Sweeper:
    """Runs one strategy after the other over the same memory."""

    def __init__(self, candles: Candles, shared: SharedColumns) -> None:
        bars = len(candles)
        self._bars = bars
        self._shared = shared
        self._sources = source_columns(candles)
        self._prices = (candles.open, candles.high, candles.low, candles.close)
        self._bars_a_year = YEAR_MS / candles.timeframe_ms
        self._state = np.zeros(STATE_SIZE)
        self._equity = np.empty(bars + 1)
        self._reasons = np.empty(bars, dtype=np.int8)
        self._ledger = np.empty((bars // 8 + 2 * MOST_EVENTS) * ROW_SIZE)
        self._out = np.zeros(figures.SIZE)
        self._scratch: list[tuple[Column, Column]] = []
        self._vector: tuple[float, ...] = ()
        self._params = np.empty(0)
        self._known_strides: dict[tuple[tuple[int | None, ...], bool], NDArray[np.int64]] = {}
        self._sweep = compiled_sweep()

    def run(self, config: Config, graph: Graph, wanted: frozenset[Node]) -> Summary:
        """Run one strategy, given its features' graph as it runs over the candles, and the nodes that are shared."""
        columns = self._columns(graph, wanted)
        at = config.slots
        x = [CONSTANT_COLUMNS[i] if a is None else columns[a] for i, a in enumerate(at)]
        strides = self._strides(at, config.model is not None)
        if config.model is not None:
            x[:2] = ModelColumns(config).columns(
                columns, x[REGIME_SLOT], int(strides[REGIME_SLOT]), self._bars
            )
        # Configs of a sweep over features and decide steps have one vector, the same object.
        if config.vector is not self._vector:
            self._vector = config.vector
            self._params = np.array(config.vector)
        while True:
            rows = self._sweep(
                self._state,
                self._params,
                self._prices,
                tuple(x),
                strides,
                config.ready,
                self._bars,
                self._bars_a_year,
                self._equity,
                self._reasons,
                self._ledger,
                self._out,
            )
            if rows >= 0:
                break
            self._ledger = np.empty(2 * len(self._ledger))
        out = self._out.tolist()
        metrics = named_metrics(out)
        final = self._equity.item(-1)
        ledger = self._ledger[: rows * ROW_SIZE].reshape(-1, ROW_SIZE)
        return Summary(config, metrics, final, out[figures.FEES], summary_digest(ledger, metrics, final))

    def _strides(self, slots: tuple[int | None, ...], by_model: bool) -> NDArray[np.int64]:
        """Return 1 for each input of a decision that is a column, 0 for each constant."""
        found = self._known_strides.get((slots, by_model))
        if found is None:
            found = np.array([at is not None for at in slots], dtype=np.int64)
            if by_model:
                found[:2] = 1
            self._known_strides[slots, by_model] = found
        return found

    def _columns(self, graph: Graph, wanted: frozenset[Node]) -> list[Column]:
        """Return the columns of the asked features: shared ones from the store, its own over scratch memory."""
        table: list[Column] = list(self._sources)
        used = 0
        for placed in graph.nodes:
            node = placed.node
            inputs = tuple([table[slot] for slot in placed.reads])
            if node in wanted or node in self._shared:
                table.extend(self._shared.get(node, inputs))
                continue
            count = len(node.kernel.outputs)
            while len(self._scratch) < used + count:
                column = np.empty(self._bars)
                view = column[:]
                view.flags.writeable = False
                self._scratch.append((column, view))
            mine = self._scratch[used : used + count]
            run_node(node, inputs, tuple([column for column, _ in mine]))
            table.extend(view for _, view in mine)
            used += count
        return [table[slot] for slot in graph.outputs]
