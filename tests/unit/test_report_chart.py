from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import matplotlib
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_genesis_perf.record import Comparison
from pytest_genesis_perf.report import chart


def record(number: int, verdict: str = "PASS", **changes: Any) -> Comparison:
    values: dict[str, Any] = {
        "nodeid": f"tests/perf/test_paths.py::test_{number}",
        "label": "comparison",
        "verdict": verdict,
        "effect": "pass",
        "row": 12,
        "detail": "",
        "judged": True,
        "timed": True,
        "claim": "",
        "claim_limit": 0.98,
        "speedup": 1.0 + number,
        "interval": (0.9 + number, 1.1 + number),
    }
    return Comparison(**(values | changes))


def svg(folder: Path, records: list[Comparison]) -> str:
    """Return the SVG; matplotlib leaves each text in a comment beside its outlines."""
    chart.write(folder, records)
    return (folder / "genesis-perf-speedup.svg").read_text(encoding="utf-8")


def test_both_files_are_written_and_their_bytes_follow_from_the_records(tmp_path: Path) -> None:
    records = [record(1), record(2, "REGRESSED", stored=(1.0, 2.0, 3.0))]
    paths = chart.write(tmp_path, records)
    assert [path.name for path in paths] == ["genesis-perf-speedup.svg", "genesis-perf-speedup.png"]
    first = [path.read_bytes() for path in paths]
    assert first[0].startswith(b"<?xml")
    assert first[1].startswith(b"\x89PNG")
    with matplotlib.rc_context({"font.size": 30.0, "svg.hashsalt": "other", "axes.grid": True}):
        chart.write(tmp_path, records)
    assert [path.read_bytes() for path in paths] == first
    chart.write(tmp_path, records[::-1])
    assert [path.read_bytes() for path in paths] != first


def test_drawing_leaves_the_users_settings_alone(tmp_path: Path) -> None:
    before = dict(matplotlib.rcParams)
    chart.write(tmp_path, [record(1)])
    assert dict(matplotlib.rcParams) == before


def test_a_row_says_name_verdict_speedup_and_work(tmp_path: Path) -> None:
    plans = {"optimized": {"path": "cached(recompute)", "hits": 250}}
    drawn = svg(tmp_path, [record(1, "MISSED", work="250 bars", label="cached", plans=plans), record(2)])
    # XML comments cannot hold "--"; nothing else is changed in them.
    for told in (
        "test_paths.py::test_1",
        "cached",
        "MISSED",
        "2.00x [1.900, 2.10]",
        "250 bars, 250 hits",
        "PASS",
    ):
        assert told in drawn
    assert "tests/perf" not in drawn


def test_every_verdict_can_be_drawn_measured_or_not(tmp_path: Path) -> None:
    missing = {"speedup": None, "interval": None}
    drawn = svg(tmp_path, [record(1, v, **more) for v in chart.STYLES for more in ({}, missing)])
    for verdict in chart.STYLES:
        # Twice in its rows, once in the legend.
        assert drawn.count(f"<!-- {verdict} -->") == 3
    assert drawn.count("<!-- not measured -->") == len(chart.STYLES)


def test_failing_and_passing_verdicts_differ_in_shape_not_in_colour_alone() -> None:
    groups = [("ERROR", "DIFFERENT"), ("REGRESSED", "MISSED"), ("INCONCLUSIVE",), ("NO-BASELINE",), ("PASS",)]
    markers = [{chart.STYLES[v].marker for v in group} for group in groups]
    assert all(len(marker) == 1 for marker in markers)
    assert len(set().union(*markers)) == len(groups)


def test_odd_names_do_not_break_the_chart(tmp_path: Path) -> None:
    names = ["$x^$", "a" * 300, "<&>--", "日本語", "\\alpha"]
    drawn = svg(tmp_path, [record(n, nodeid=f"t.py::test[{name}]") for n, name in enumerate(names)])
    assert "a" * 100 not in drawn
    assert "aaa...aaa" in drawn


def test_the_figure_grows_with_its_rows() -> None:
    few, many = (chart.draw([record(n) for n in range(count)]) for count in (2, 40))
    assert many.get_figheight() - few.get_figheight() == pytest.approx(38 * chart.ROW_HEIGHT)
    assert many.get_figwidth() == few.get_figwidth()


def test_everything_drawn_lies_inside_the_axis() -> None:
    records = [record(0, speedup=0.01, interval=(0.009, 0.011)), record(1, stored=(1.0, 9000.0, 9001.0))]
    low, high = chart.draw(records).axes[0].get_xlim()
    assert low < 0.009
    assert high > 9000.0


@given(st.floats(-6.0, 6.0), st.floats(0.01, 8.0))
def test_ticks_are_few_round_and_inside(exponent: float, decades: float) -> None:
    low, high = 10.0**exponent, 10.0 ** (exponent + decades)
    found = chart.ticks(low, high)
    assert 1 <= len(found) <= chart.MOST_TICKS
    assert found == sorted(set(found))
    assert all(low <= tick * (1 + 1e-12) and tick <= high * (1 + 1e-12) for tick in found)
    assert all(math.isclose(tick, float(f"{tick:.4g}")) for tick in found)
