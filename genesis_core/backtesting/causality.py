"""The check for look-ahead: what was said as of a bar must not change when later candles are there."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from genesis_core.backtesting.arrival import live_sources
from genesis_core.backtesting.causality_report import CausalityReport, Leak, WarmUp
from genesis_core.backtesting.engine import backtest, strategy_of
from genesis_core.backtesting.higher_feed import as_of, news, row_of
from genesis_core.backtesting.loop import trade_interpreted
from genesis_core.backtesting.memorized_prices import memorized_prices
from genesis_core.backtesting.records import ledger_rows
from genesis_core.backtesting.stream import Stream
from genesis_core.candles import Candles
from genesis_core.errors import CandleError, FeatureError
from genesis_core.features import Feature, FeaturePath, FeatureSet, compute_columns, make_path
from genesis_core.features.given import bound
from genesis_core.features.interpreter import Interpreter
from genesis_core.features.paths import check_arguments
from genesis_core.kernels.trading.layout import BAR
from genesis_core.kernels.trading.reasons import NO_NEXT_BAR, REASONS
from genesis_core.progress import each_bar, each_step
from genesis_core.strategy import Config

Subject = Config | FeatureSet | Feature | Mapping[str, Any] | None
Maker = Callable[[Candles], Subject]
PathMaker = Callable[[Candles, FeatureSet], FeaturePath]
Table = NDArray[np.float64]
LAW = "told candle by candle"
STARTS = 8


class _Books(NamedTuple):
    """What a run said, bar by bar: equity, reasons, and its fills as texts that tell all bits."""

    equity: Table
    reasons: tuple[str, ...]
    fills: tuple[str, ...]


def check_causal(
    subject: Subject | Maker,
    candles: Candles,
    *,
    cuts: int | Iterable[int] = 24,
    path: str | PathMaker = "precomputed",
) -> CausalityReport:
    """Check features, or a strategy with its whole backtest, for look-ahead.

    Compared are bits, in three ways:

    - at **every bar**, what the run over the whole series says with what the law says when it is told one candle
      after the other and so has only the past: features, reasons, fills, equity. This costs O(1) a bar;
    - at **each cut**, all bars before it: a run over ``candles[:cut]`` with the run over the whole series; higher
      candles that are attached are cut there, too;
    - the numbers built into the features' kernels with the candles: a table of future prices would pass the other two,
      because it is there whichever candles are.

    Parameters
    ----------
    subject : Config, FeatureSet, Feature, mapping, None or callable
        A strategy (a mapping is laid over the default one, None is the default one), or features. Where it is made
        *from* candles (fitted parameters, a mean of the series), give the function ``candles -> subject``: it is then
        made anew from the candles before each cut. Of a finished one nobody can tell where its numbers are from.
    candles : Candles
        The series.
    cuts : int or iterable of int
        How many cut points, spread over the series; or which: each the number of candles before it.
    path : str or callable
        What runs over the whole series: a path's name, or a function ``candles, feature_set -> path`` for one of the
        caller's own.

    Returns
    -------
    CausalityReport
        Whether it is causal, what first saw the future and where, and how much warm-up each feature needs.

    Raises
    ------
    CandleError
        If the series ends before the first decision, or a cut lies outside of it.
    """
    check_arguments(candles, None)
    made, features = _made(subject, candles)
    ready = made.ready if isinstance(made, Config) else features.layout.warmup
    if len(candles) < ready + 2:
        raise CandleError(
            f"{len(candles)} bars are too few to check: needed are {ready} of warm-up and at least 2"
        )
    chosen = _cuts(cuts, ready + 1, len(candles))
    whole = _table(path, candles, features)
    books = _books(path, candles, made) if isinstance(made, Config) else None
    leaks = [*_along_the_series(made, features, candles, whole, books)]
    for cut in each_step("cut", chosen):
        leaks.extend(_at_cut(subject, made, features, path, candles, cut, whole, books))
    leaks.extend(memorized_prices(features, candles, whole))
    return CausalityReport(
        subject="strategy" if isinstance(made, Config) else "features",
        bars=len(candles),
        path=path if isinstance(path, str) else getattr(path, "__name__", type(path).__name__),
        cuts=chosen,
        leaks=_firsts(leaks, features.names),
        warm_ups=_warm_ups(path, candles, features, whole),
    )


def _made(subject: Subject | Maker, candles: Candles) -> tuple[Config | FeatureSet, FeatureSet]:
    """Return what is checked, and all of its features."""
    if callable(subject):
        subject = subject(candles)
    if isinstance(subject, Feature):
        subject = FeatureSet([subject])
    if isinstance(subject, FeatureSet):
        return subject, subject
    config = strategy_of(subject)
    return config, config.asked_features


def _cuts(cuts: int | Iterable[int], first: int, bars: int) -> tuple[int, ...]:
    """Return the cut points in order; those that are spread lie one in each of as many equal stretches."""
    if isinstance(cuts, int) and not isinstance(cuts, bool):
        if cuts < 1:
            raise CandleError(f"cuts = {cuts}; at least one is needed")
        # A third into each stretch, so that cuts do not all fall on the end of a day or of a higher candle.
        return tuple(sorted({first + (bars - first) * (3 * i + 1) // (3 * cuts) for i in range(cuts)}))
    if isinstance(cuts, bool) or not isinstance(cuts, Iterable):
        raise CandleError(f"cuts = {cuts!r}; how many, or a list of numbers of candles, is needed")
    given = list(cuts)
    if not given:
        raise CandleError("cuts = []; at least one is needed")
    for cut in given:
        if isinstance(cut, bool) or not isinstance(cut, (int, np.integer)) or not first <= cut < bars:
            raise CandleError(f"cut {cut!r}: a number of candles from {first} to {bars - 1} is needed")
    return tuple(sorted({int(cut) for cut in given}))


def _table(path: str | PathMaker, candles: Candles, features: FeatureSet) -> Table:
    """Return all features of all bars, shape (bars, features), as a path gives them."""
    if path == "precomputed":
        return np.column_stack(compute_columns(candles, features.graph))
    running = make_path(path, candles, features) if isinstance(path, str) else path(candles, features)
    return np.array([running.at(t).values_tuple for t in range(len(candles))])


def _books(path: str | PathMaker, candles: Candles, config: Config) -> _Books:
    """Return what the backtest over a path says; without what happens because the series ends."""
    if path == "precomputed":
        result = backtest(candles, config, compiled=True)
        rows, equity, codes = result.rows, result.equity, result.bar_reasons
    else:
        features = config.asked_features
        running = make_path(path, candles, features) if isinstance(path, str) else path(candles, features)
        rows, equity, codes = (b := trade_interpreted(candles, config, running)).ledger, b.equity, b.reasons
    named = ledger_rows(rows, candles.timestamp[rows[:, BAR].astype(np.int64)])
    fills = [""] * len(candles)
    for row in named:
        if row.reason != "final_close":
            fills[row.bar] += f"{row}; "
    return _Books(equity[:-1], tuple(REASONS[code] for code in codes.tolist()), tuple(fills))


def _along_the_series(
    made: Config | FeatureSet, features: FeatureSet, candles: Candles, whole: Table, books: _Books | None
) -> Iterator[Leak]:
    """Compare every bar with what the law says when it is told one candle after the other."""
    told: list[tuple[float, ...]] = []
    begin = as_of(candles, 1)
    higher_ms = 0 if begin.higher is None else begin.higher.timeframe_ms
    in_turn = zip(each_bar(candles, len(candles)), news(candles), strict=True)
    if not isinstance(made, Config):
        interpreter, before = Interpreter(bound(features.graph, begin)), None
        for candle, given in in_turn:
            for higher in given:
                interpreter.tell(row_of(higher, higher_ms))
            interpreter.advance(live_sources(candle, before, candles.timeframe_ms))
            told.append(interpreter.values())
            before = candle
        yield from _feature_leaks(features, np.array(told), whole, LAW)
        return
    assert books is not None
    stream = Stream(
        made, symbol=candles.symbol, timeframe=candles.timeframe, gaps="keep", higher=begin.higher
    )
    updates = []
    for candle, given in in_turn:
        for higher in given:
            stream.add_higher(higher)
        updates.append(stream.update(candle))
    told = [update.features.values_tuple for update in updates]
    yield from _feature_leaks(features, np.array(told), whole, LAW)
    said = _Books(
        np.array([update.equity for update in updates]),
        tuple(update.reason for update in updates),
        tuple("".join(f"{row}; " for row in update.fills) for update in updates),
    )
    # A live bar is never the last one; so the run over all of them has said less as of its own last bar.
    yield from _book_leaks(books, said, LAW, dropped_in=books)


def _at_cut(
    subject: Subject | Maker,
    made: Config | FeatureSet,
    features: FeatureSet,
    path: str | PathMaker,
    candles: Candles,
    cut: int,
    whole: Table,
    books: _Books | None,
) -> Iterator[Leak]:
    """Compare all bars before a cut with a run over these bars only."""
    past = as_of(candles, cut)
    if callable(subject):
        made, made_features = _made(subject, past)
        if made_features.names != features.names or isinstance(made, Config) != (books is not None):
            raise FeatureError(f"made from the first {cut:,} candles it has other features: {made_features}")
        features = made_features
    against = f"from the first {cut:,} candles"
    yield from _feature_leaks(features, _table(path, past, features), whole, against)
    if books is not None and isinstance(made, Config):
        said = _books(path, past, made)
        yield from _book_leaks(books, said, against, dropped_in=said)


def _feature_leaks(features: FeatureSet, past: Table, whole: Table, against: str) -> Iterator[Leak]:
    """Yield for each feature the first bar at which its bits differ, of the bars of `past`."""
    differs = _bits(past) != _bits(whole[: len(past)])
    for i in np.flatnonzero(differs.any(axis=0)).tolist():
        bar = int(np.argmax(differs[:, i]))
        yield Leak(features.names[i], bar, past.item(bar, i), whole.item(bar, i), against)


def _book_leaks(whole: _Books, past: _Books, against: str, dropped_in: _Books) -> Iterator[Leak]:
    """Yield the first bar at which reason, fills or equity differ, of the bars of `past`."""
    bars = len(past.reasons)
    differs = _bits(past.equity) != _bits(whole.equity[:bars])
    if differs.any():
        bar = int(np.argmax(differs))
        yield Leak("equity", bar, past.equity.item(bar), whole.equity.item(bar), against)
    for what, said, really in (("reason", past.reasons, whole.reasons), ("fills", past.fills, whole.fills)):
        for bar in range(bars):
            last = what == "reason" and bar + 1 == len(dropped_in.reasons)
            if said[bar] != really[bar] and not (last and dropped_in.reasons[bar] == REASONS[NO_NEXT_BAR]):
                yield Leak(what, bar, said[bar] or "none", really[bar] or "none", against)
                break


def _firsts(leaks: Iterable[Leak], order: tuple[str, ...]) -> tuple[Leak, ...]:
    """Keep the first leak of each thing: in order of time, features before what was decided on them."""
    rank = {name: i for i, name in enumerate((*order, "reason", "fills", "equity"))}
    kept: dict[str, Leak] = {}
    for leak in sorted(leaks, key=lambda leak: (leak.bar, rank[leak.what])):
        kept.setdefault(leak.what, leak)
    return tuple(kept.values())


def _warm_ups(
    path: str | PathMaker, candles: Candles, features: FeatureSet, whole: Table
) -> tuple[WarmUp, ...]:
    """Run from later starts, and find for each feature after how many bars its bits are those of the whole run.

    That they are the same by chance, for a while, is likely where prices are round; so it must hold for a quarter of
    each later run, to the end.
    """
    bars = len(candles)
    # One more at each start, so that starts are not all multiples of a window's length.
    starts = sorted(
        {start for i in range(1, STARTS + 1) if 0 < (start := bars * i // (2 * STARTS) + i) < bars}
    )
    lead = [0] * len(features)
    settled = [True] * len(features)
    residual = [0.0] * len(features)
    for start in each_step("later start", starts):
        later, rest = _table(path, candles[start:], features), whole[start:]
        differs = _bits(later) != _bits(rest)
        tail = -(-len(later) // 4)
        for i in np.flatnonzero(differs.any(axis=0)).tolist():
            lead[i] = max(lead[i], int(np.flatnonzero(differs[:, i])[-1]) + 1)
            if differs[-tail:, i].any():
                settled[i] = False
                residual[i] = max(residual[i], float(np.abs(later[-tail:, i] - rest[-tail:, i]).max()))
    followed = bars - max(starts, default=bars)
    return tuple(
        WarmUp(name, valid, lead[i] if settled[i] and starts else None, followed, residual[i])
        for i, (name, valid) in enumerate(zip(features.names, features.layout.first_valid, strict=True))
    )


def _bits(values: Table) -> NDArray[np.int64]:
    return np.ascontiguousarray(values).view(np.int64)
