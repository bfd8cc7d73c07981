"""Charts as SVG or PNG: the same bytes for the same figures, readable without colours."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from genesis_core.cli.shell import UsageError

if TYPE_CHECKING:
    from genesis_core import Candles, Result

SUFFIXES = (".svg", ".png")
# Of the Okabe-Ito palette, which colour-blind readers can tell apart; shapes say the same.
BLUE, ORANGE, GREEN, GREY, BLACK = "#0072B2", "#D55E00", "#007A5A", "#777777", "#222222"
MOST_POINTS = 4_000
"""Points of a line: more than twice the pixels of a chart's width show nothing more."""
MANY_TRADES = 300
"""Above, marks are small and only entries have a shape."""
SALT = "genesis-chart"


def check_chart(file: Path, option: str = "--chart") -> None:
    """Say before a long run that a chart cannot be drawn.

    Raises
    ------
    UsageError
        For a suffix that is no kind of chart, or without matplotlib.
    """
    if file.suffix.lower() not in SUFFIXES:
        raise UsageError(f"{option} {file}: the name must end in {' or '.join(SUFFIXES)}")
    if find_spec("matplotlib") is None:
        raise UsageError(f"{option} needs matplotlib: pip install 'genesis-backtest[perf]'")


@contextmanager
def own_style() -> Iterator[None]:
    """Draw with this module's settings, whatever the user's are."""
    import matplotlib

    with warnings.catch_warnings(), matplotlib.rc_context():
        # A name in a script that the font lacks is drawn as boxes: no reason for noise.
        warnings.simplefilter("ignore")
        matplotlib.rcdefaults()
        matplotlib.rc("svg", hashsalt=SALT, fonttype="path")
        matplotlib.rc("font", family="DejaVu Sans", size=9.0)
        matplotlib.rc("text", parse_math=False)  # a file name may hold dollar signs
        matplotlib.rc("savefig", dpi=130.0)
        yield


def save(figure: Any, file: Path) -> None:
    """Write a figure; without dates and versions, which would change the bytes.

    Parameters
    ----------
    figure : Figure
        From one of the functions below.
    file : Path
        Ends in ``.svg`` or ``.png``.

    Raises
    ------
    UsageError
        If it cannot be written.
    """
    svg = file.suffix.lower() == ".svg"
    metadata = {"Date": None, "Creator": None} if svg else {"Software": None}
    try:
        with own_style():
            figure.savefig(file, metadata=metadata)
    except OSError as fault:
        raise UsageError(f"--chart {file}: cannot be written: {fault.strerror}") from None


def draw_backtest(candles: Candles, result: Result, strategy: str) -> Any:
    """Draw price with entries and exits, equity, and drawdown.

    Parameters
    ----------
    candles : Candles
        The series.
    result : Result
        Its run.
    strategy : str
        What to call the strategy.

    Returns
    -------
    matplotlib.figure.Figure
    """
    dates: Any = import_module("matplotlib.dates")

    with own_style():
        figure = new_figure(12.0, 7.6)
        price, held, equity, drawdown = figure.subplots(
            4,
            1,
            sharex=True,
            gridspec_kw={
                "height_ratios": [3.2, 0.35, 1.4, 0.95],
                "hspace": 0.1,
                "left": 0.075,
                "right": 0.98,
                "top": 0.9,
                "bottom": 0.06,
            },
        )
        times = candles.timestamp.astype("datetime64[ms]")
        _draw_price(price, candles, result, times)
        _draw_held(held, result, times)
        _draw_equity(equity, result, times)
        _draw_drawdown(drawdown, result, times)
        locator = dates.AutoDateLocator(minticks=5, maxticks=12)
        drawdown.xaxis.set_major_locator(locator)
        drawdown.xaxis.set_major_formatter(dates.ConciseDateFormatter(locator))
        drawdown.set_xlim(times[0], times[-1])
        for axes in (price, held, equity, drawdown):
            plain_frame(axes)
        metrics = result.metrics
        figure.text(
            0.075,
            0.965,
            f"{candles.symbol} {candles.timeframe}, {strategy}",
            size=13,
            weight="bold",
            color=BLACK,
        )
        figure.text(
            0.075,
            0.935,
            f"{len(candles):,} bars, {metrics.trades:,} trades, return {metrics.total_return:+.2%}, "
            f"max drawdown {metrics.max_drawdown:.2%}; plan {result.plan.path}, digest {result.digest[:12]}",
            size=9,
            color=BLACK,
        )
    return figure


def _draw_price(axes: Any, candles: Candles, result: Result, times: NDArray[Any]) -> None:
    shown = thinned(candles.close)
    axes.plot(times[shown], candles.close[shown], color="#8C8C8C", linewidth=0.8, zorder=2)
    many = len(result.trades) > MANY_TRADES
    size = 8.0 if many else 46.0 if len(result.trades) <= 60 else 24.0
    kinds = (
        ("entry", "long", "^", GREEN, "long entry"),
        ("entry", "short", "v", ORANGE, "short entry"),
        ("partial", None, "o", BLUE, "part taken off"),
        ("exit", None, "x", BLACK, "exit"),
        ("final_close", None, "s", BLACK, "closed at the end"),
    )
    for kind, side, marker, colour, name in kinds:
        rows = [row for row in result.ledger if row.kind == kind and side in (None, row.side)]
        if not rows:
            continue
        look: dict[str, Any] = {"s": size, "marker": marker, "zorder": 4}
        if many and kind in ("partial", "exit"):
            # So many exits would hide the price and the entries: the strip below says when a position ended.
            look |= {"s": 1.5, "marker": ".", "color": colour, "zorder": 1}
        elif marker == "x":
            look |= {"color": colour, "linewidths": 0.9, "s": size * 0.7}
        else:
            look |= {"facecolor": colour, "edgecolor": "white", "linewidths": 0.0 if many else 0.4}
        axes.scatter(
            times[[row.bar for row in rows]],
            [row.price for row in rows],
            label=f"{name} ({len(rows):,})",
            **look,
        )
    axes.set_ylabel("price")
    if candles.close.max() > 5.0 * candles.close.min():
        from matplotlib.ticker import LogLocator, NullFormatter

        axes.set_yscale("log")
        axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
        axes.yaxis.set_minor_formatter(NullFormatter())
        axes.set_ylabel("price, log scale")
    axes.yaxis.set_major_formatter(_thousands)
    if result.trades:
        # Room above the prices, or the legend hides the highest.
        low, high = axes.get_ylim()
        axes.set_ylim(
            low, high * (high / low) ** 0.12 if axes.get_yscale() == "log" else high + 0.12 * (high - low)
        )
        axes.legend(
            loc="upper left",
            ncols=5,
            fontsize=8,
            framealpha=0.9,
            edgecolor="none",
            markerscale=2.0 if many else 1.0,
        )


def _draw_held(axes: Any, result: Result, times: NDArray[Any]) -> None:
    days = import_module("matplotlib.dates").date2num(times)
    for side, low, colour in (("long", 0.0, GREEN), ("short", -1.0, ORANGE)):
        spans = [
            (days[trade.entry_bar], days[trade.exit_bar] - days[trade.entry_bar])
            for trade in result.trades
            if trade.side == side
        ]
        axes.broken_barh(spans, (low, 1.0), color=colour, alpha=0.75, linewidth=0)
    axes.axhline(0.0, color=GREY, linewidth=0.6)
    axes.set_ylim(-1.05, 1.05)
    axes.set_yticks((-0.5, 0.5), ("short", "long"), size=8)
    axes.tick_params(axis="y", length=0)


def _draw_equity(axes: Any, result: Result, times: NDArray[Any]) -> None:
    # The last point, after liquidation, belongs to the close of the last bar.
    equity = np.append(result.equity[:-2], result.equity[-1])
    shown = thinned(equity)
    initial = result.config.execution.initial_equity
    axes.axhline(initial, color=GREY, linewidth=0.8, linestyle=(0, (4, 3)), zorder=1)
    axes.plot(times[shown], equity[shown], color=BLUE, linewidth=1.1, zorder=2)
    axes.yaxis.set_major_formatter(_thousands)
    axes.set_ylabel("equity")


def _draw_drawdown(axes: Any, result: Result, times: NDArray[Any]) -> None:
    equity = np.append(result.equity[:-2], result.equity[-1])
    fall = (equity / np.maximum.accumulate(equity) - 1.0) * 100.0
    shown = thinned(fall)
    axes.fill_between(times[shown], fall[shown], 0.0, color=ORANGE, alpha=0.35, linewidth=0)
    axes.plot(times[shown], fall[shown], color=ORANGE, linewidth=0.8)
    axes.set_ylim(min(fall.min() * 1.08, -0.1), 0.0)
    axes.set_ylabel("drawdown %")


def thinned(values: NDArray[np.float64], most: int = MOST_POINTS) -> NDArray[np.intp]:
    """Choose the points of a long line that show it: the lowest and highest of each stretch, and both ends.

    Parameters
    ----------
    values : ndarray, shape (n,)
        The line.
    most : int
        About how many points.

    Returns
    -------
    ndarray of int
        Positions, increasing; all where there are no more than `most`.
    """
    n = len(values)
    if n <= most:
        return np.arange(n)
    size = -(-2 * n // most)
    kept = {0, n - 1}
    for start in range(0, n, size):
        stretch = values[start : start + size]
        kept.add(start + int(stretch.argmin()))
        kept.add(start + int(stretch.argmax()))
    return np.array(sorted(kept), dtype=np.intp)


def new_figure(width: float, height: float) -> Any:
    """Return an empty figure of so many inches, without any window."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height))
    FigureCanvasAgg(figure)
    return figure


def _thousands(value: float, _: int) -> str:
    return f"{value:,.10g}"


def plain_frame(axes: Any) -> None:
    """Leave a light grid and two sides of the frame."""
    axes.grid(color="#E4E4E4", linewidth=0.6)
    axes.set_axisbelow(True)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
