from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import matplotlib
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_genesis_perf.environment import EnvironmentClass
from pytest_genesis_perf.record import Comparison
from pytest_genesis_perf.report import charts
from pytest_genesis_perf.report.charts import blocks, costs, drawing, speedup
from pytest_genesis_perf.report.charts.ticks import MOST_TICKS, binary_ticks, ticks
from pytest_genesis_perf.report.model import Report


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


def everything(number: int, **changes: Any) -> Comparison:
    """Return a record with blocks and counted costs."""
    values: dict[str, Any] = {
        "blocks": tuple(-math.log(1.0 + number) + 0.01 * math.sin(n) for n in range(40)),
        "memory_bytes": {"baseline": 5_000 * number, "optimized": 700_000},
        "instructions": {"baseline": 5_000, "optimized": 0, "tool": "valgrind 3.19"},
    }
    return record(number, **(values | changes))


def report(records: list[Comparison]) -> Report:
    return Report(
        mode="speed",
        seed=1,
        environment=EnvironmentClass("CPython 3.11", "x86_64", "Some CPU", 2, ()),
        gates=len(records),
        family_bound=1e-5,
        comparisons=tuple(records),
    )


def svg(folder: Path, records: list[Comparison], stem: str = "genesis-perf-speedup") -> str:
    """Return the SVG; matplotlib leaves each text in a comment beside its outlines."""
    charts.write(folder, report(records))
    return (folder / f"{stem}.svg").read_text(encoding="utf-8")


def test_both_files_are_written_and_their_bytes_follow_from_the_records(tmp_path: Path) -> None:
    records = [everything(1), everything(2, verdict="REGRESSED", stored=(1.0, 2.0, 3.0))]
    paths = charts.write(tmp_path, report(records))
    stems = ("speedup", "blocks", "memory", "instructions")
    names = [f"genesis-perf-{stem}.{kind}" for stem in stems for kind in ("svg", "png")]
    assert [path.name for path in paths] == names
    first = [path.read_bytes() for path in paths]
    assert first[0].startswith(b"<?xml")
    assert first[1].startswith(b"\x89PNG")
    with matplotlib.rc_context({"font.size": 30.0, "svg.hashsalt": "other", "axes.grid": True}):
        charts.write(tmp_path, report(records))
    assert [path.read_bytes() for path in paths] == first
    charts.write(tmp_path, report(records[::-1]))
    assert [path.read_bytes() for path in paths] != first


def test_drawing_leaves_the_users_settings_alone(tmp_path: Path) -> None:
    before = dict(matplotlib.rcParams)
    charts.write(tmp_path, report([record(1)]))
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
    drawn = svg(tmp_path, [record(1, v, **more) for v in drawing.STYLES for more in ({}, missing)])
    for verdict in drawing.STYLES:
        # Twice in its rows, once in the legend.
        assert drawn.count(f"<!-- {verdict} -->") == 3
    assert drawn.count("<!-- not measured -->") == len(drawing.STYLES)


def test_failing_and_passing_verdicts_differ_in_shape_not_in_colour_alone() -> None:
    groups = [("ERROR", "DIFFERENT"), ("REGRESSED", "MISSED"), ("INCONCLUSIVE",), ("NO-BASELINE",), ("PASS",)]
    markers = [{drawing.STYLES[v].marker for v in group} for group in groups]
    assert all(len(marker) == 1 for marker in markers)
    assert len(set().union(*markers)) == len(groups)


def test_odd_names_do_not_break_the_chart(tmp_path: Path) -> None:
    names = ["$x^$", "a" * 300, "<&>--", "日本語", "\\alpha"]
    drawn = svg(tmp_path, [record(n, nodeid=f"t.py::test[{name}]") for n, name in enumerate(names)])
    assert "a" * 100 not in drawn
    assert "aaa...aaa" in drawn


def test_the_figure_grows_with_its_rows() -> None:
    few, many = (speedup.draw([record(n) for n in range(count)]) for count in (2, 40))
    assert many.get_figheight() - few.get_figheight() == pytest.approx(38 * speedup.ROW_HEIGHT)
    assert many.get_figwidth() == few.get_figwidth()


def test_everything_drawn_lies_inside_the_axis() -> None:
    records = [record(0, speedup=0.01, interval=(0.009, 0.011)), record(1, stored=(1.0, 9000.0, 9001.0))]
    low, high = speedup.draw(records).axes[0].get_xlim()
    assert low < 0.009
    assert high > 9000.0


@given(st.floats(-6.0, 6.0), st.floats(0.01, 8.0))
def test_ticks_are_few_round_and_inside(exponent: float, decades: float) -> None:
    low, high = 10.0**exponent, 10.0 ** (exponent + decades)
    found = ticks(low, high)
    assert 1 <= len(found) <= MOST_TICKS
    assert found == sorted(set(found))
    assert all(low <= tick * (1 + 1e-12) and tick <= high * (1 + 1e-12) for tick in found)
    assert all(math.isclose(tick, float(f"{tick:.4g}")) for tick in found)


@given(st.floats(0.0, 40.0), st.floats(0.1, 20.0))
def test_sizes_have_ticks_at_powers_of_two(exponent: float, octaves: float) -> None:
    low, high = 2.0**exponent, 2.0 ** (exponent + octaves)
    found = binary_ticks(low, high)
    assert len(found) <= MOST_TICKS
    assert all(low <= tick * (1 + 1e-12) and tick <= high * (1 + 1e-12) for tick in found)
    assert all(math.log2(tick).is_integer() for tick in found)


def test_a_panel_shows_every_block_its_median_its_interval_and_its_claim() -> None:
    shown = everything(1, claim_limit=1.95, interval=(1.98, 2.02), speedup=2.0)
    (axes,) = blocks.draw([shown]).axes
    dots, *lines = axes.lines
    assert list(dots.get_xdata()) == list(range(1, 41))
    assert list(dots.get_ydata()) == pytest.approx([math.exp(-x) for x in shown.blocks])
    assert {line.get_ydata()[0] for line in lines} == {2.0, 1.95}
    (band,) = axes.patches
    assert (band.get_y(), band.get_y() + band.get_height()) == pytest.approx((1.98, 2.02))


def test_a_block_far_off_is_drawn_on_the_edge_and_a_claim_far_off_not_at_all() -> None:
    shown = everything(1, claim_limit=0.01, blocks=(*everything(1).blocks, *everything(1).blocks, 9.0))
    (axes,) = blocks.draw([shown]).axes
    low, high = axes.get_ylim()
    assert 1.8 < low < high < 2.3
    assert axes.lines[0].get_ydata()[-1] == low


def test_panels_and_rows_are_not_drawn_without_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert (blocks.MOST_PANELS, speedup.MOST_ROWS, costs.MOST_ROWS) == (30, 100, 100)
    monkeypatch.setattr(blocks, "MOST_PANELS", 2)
    monkeypatch.setattr(speedup, "MOST_ROWS", 3)
    monkeypatch.setattr(costs, "MOST_ROWS", 1)
    many = [everything(n) for n in range(1, 6)]
    assert len(blocks.draw(many).axes) == 2
    assert len(speedup.draw(many).axes[0].get_yticks()) == 3
    for stem, count in ((blocks.STEM, 2), (speedup.STEM, 3), (costs.MEMORY.stem, 1)):
        assert f"the {count} worst of 5" in svg(tmp_path, many, stem)


def test_costs_say_both_counts_and_mark_the_stored_one(tmp_path: Path) -> None:
    stored = everything(1, stored_memory_bytes={"baseline": 4_000, "optimized": 650_000})
    drawn = svg(tmp_path, [stored, record(2)], costs.MEMORY.stem)
    assert "4.88 KiB, 684 KiB" in drawn
    assert "test_2" not in drawn
    axes = costs.MEMORY.draw([stored]).axes[0]
    assert [650_000.0] in [list(line.get_xdata()) for line in axes.lines]
    assert "5.00k, 0" in svg(tmp_path, [stored], costs.INSTRUCTIONS.stem)


def test_a_chart_of_an_earlier_run_does_not_stay_beside_a_report_without_it(tmp_path: Path) -> None:
    charts.write(tmp_path, report([everything(1)]))
    charts.write(tmp_path, report([record(1)]))
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "genesis-perf-speedup.png",
        "genesis-perf-speedup.svg",
    ]
