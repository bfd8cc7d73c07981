"""Charts of the command line: the same bytes for the same run, everything that they promise in them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from genesis_core import Candles, Config, backtest, synthetic
from genesis_core.cli.charts import MANY_TRADES, draw_backtest, thinned
from tests.unit.test_cli import invoke

CANDLES = synthetic(bars=500)
RESULT = backtest(CANDLES, compiled=True)


def labels(figure: Any) -> list[str]:
    legend = figure.axes[0].get_legend()
    return [] if legend is None else [text.get_text() for text in legend.get_texts()]


@pytest.mark.parametrize("suffix", [".svg", ".png"])
def test_the_same_run_gives_the_same_bytes(tmp_path: Path, suffix: str) -> None:
    files = [tmp_path / f"{name}{suffix}" for name in "ab"]
    for file in files:
        done = invoke("backtest", "--bars", 300, "--chart", file)
        assert done.exit_code == 0, done.output
    content = files[0].read_bytes()
    assert content == files[1].read_bytes()
    assert content.startswith(b"\x89PNG" if suffix == ".png" else b"<?xml")
    assert not any(word in content for word in (b"dc:date", b"dc:creator", b"Software"))


def test_a_chart_shows_price_trades_positions_equity_and_drawdown() -> None:
    figure = draw_backtest(CANDLES, RESULT, "my strategy")
    names = [axes.get_ylabel() for axes in figure.axes]
    assert names == ["price", "", "equity", "drawdown %"]
    kinds = [row.kind for row in RESULT.ledger]
    longs = sum(row.kind == "entry" and row.side == "long" for row in RESULT.ledger)
    shown = labels(figure)
    assert f"long entry ({longs})" in shown
    assert f"short entry ({kinds.count('entry') - longs})" in shown
    assert f"exit ({kinds.count('exit')})" in shown
    head = " ".join(text.get_text() for text in figure.texts)
    for told in ("tBTCUSD 1h", "my strategy", "plan compiled", "500 bars", RESULT.digest[:12]):
        assert told in head


def test_marks_stand_at_the_fills() -> None:
    from matplotlib.dates import date2num

    figure = draw_backtest(CANDLES, RESULT, "default")
    drawn = {
        collection.get_label().partition(" (")[0]: np.asarray(collection.get_offsets())
        for collection in figure.axes[0].collections
    }
    for kind, side, name in (
        ("entry", "long", "long entry"),
        ("entry", "short", "short entry"),
        ("exit", None, "exit"),
    ):
        rows = [row for row in RESULT.ledger if row.kind == kind and side in (None, row.side)]
        assert drawn[name][:, 1].tolist() == [row.price for row in rows]
        days = date2num(np.array([row.timestamp for row in rows], dtype="datetime64[ms]"))
        assert drawn[name][:, 0].tolist() == list(days)


def test_equity_ends_after_liquidation_and_drawdown_is_the_greatest_fall() -> None:
    runs = ((candles := CANDLES[:n], backtest(candles, compiled=True)) for n in range(400, 500))
    candles, result = next((c, r) for c, r in runs if r.ledger[-1].kind == "final_close")
    assert result.equity[-1] != result.equity[-2]
    figure = draw_backtest(candles, result, "default")
    equity = figure.axes[2].lines[-1].get_ydata()
    fall = figure.axes[3].lines[0].get_ydata()
    assert len(equity) == len(fall) == len(candles)
    assert equity[-1] == result.equity[-1]
    assert equity[0] == result.equity[0]
    assert min(fall) == pytest.approx(-100 * result.metrics.max_drawdown, rel=1e-3)


def test_a_run_without_trades_can_be_drawn() -> None:
    config = Config.default().updated({"decision": {"edge": 1.0}})
    result = backtest(CANDLES, config, compiled=True)
    assert result.metrics.trades == 0
    assert labels(draw_backtest(CANDLES, result, "default")) == []


def test_of_many_trades_the_entries_stay_visible() -> None:
    candles = synthetic(bars=6_000)
    result = backtest(candles, compiled=True)
    assert len(result.trades) > MANY_TRADES
    figure = draw_backtest(candles, result, "default")
    sizes = {c.get_label().partition(" (")[0]: c.get_sizes()[0] for c in figure.axes[0].collections}
    assert sizes["exit"] < sizes["long entry"]
    assert len(figure.axes[1].collections) == 2


def test_a_wide_price_has_a_log_axis(tmp_path: Path) -> None:
    assert draw_backtest(CANDLES, RESULT, "x").axes[0].get_yscale() == "linear"
    prices = {name: np.array(getattr(CANDLES, name)) for name in ("open", "high", "low", "close")}
    factor = np.geomspace(1.0, 8.0, 500)
    columns = {name: column * factor for name, column in prices.items()}
    wide = Candles.from_arrays(
        timestamp=CANDLES.timestamp, volume=CANDLES.volume, symbol="tX", timeframe="1h", **columns
    )
    assert draw_backtest(wide, backtest(wide, compiled=True), "x").axes[0].get_yscale() == "log"


def test_a_long_line_keeps_its_extremes_and_ends() -> None:
    values = np.sin(np.arange(100_000) / 50.0)
    values[12_345], values[70_001] = 9.0, -9.0
    shown = thinned(values, 1_000)
    assert len(shown) <= 1_002
    assert np.all(np.diff(shown) > 0)
    assert {0, 12_345, 70_001, 99_999} <= set(shown.tolist())
    assert thinned(values[:1_000], 1_000).tolist() == list(range(1_000))


def test_without_matplotlib_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from genesis_core.cli import charts

    monkeypatch.setattr(charts, "find_spec", lambda name: None)
    done = invoke("backtest", "--bars", 100, "--chart", tmp_path / "x.svg")
    assert done.exit_code == 2
    assert "pip install 'genesis-backtest[perf]'" in done.stderr
