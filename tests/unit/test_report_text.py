from __future__ import annotations

from typing import Any

import pytest

from pytest_genesis_perf import notation, record_text
from pytest_genesis_perf.record import Comparison, severity
from pytest_genesis_perf.report import text
from pytest_genesis_perf.report.table import Column, layout, shorten


def record(**changes: Any) -> Comparison:
    values: dict[str, Any] = {
        "nodeid": "tests/test_it.py::test_it",
        "label": "comparison",
        "verdict": "PASS",
        "effect": "pass",
        "row": 12,
        "detail": "the claim holds",
        "judged": True,
        "timed": True,
        "claim": "at least 2x faster",
        "claim_limit": 2.0,
        "speedup": 3.14159,
        "interval": (3.1, 3.2),
        "seconds": {"baseline": 0.0314159, "optimized": 0.01},
        "blocks": (-1.0, -1.5),
        "digest": "d" * 32,
    }
    return Comparison(**(values | changes))


@pytest.mark.parametrize(
    ("speedup", "told"),
    [
        (0.0123456, "0.0123x"),
        (0.9876, "0.988x"),
        (0.9999, "1.000x"),
        (1.003, "1.003x"),
        (1.0204, "1.020x"),
        (1.9996, "2.00x"),
        (3.14159, "3.14x"),
        (9.996, "10.0x"),
        (31.4159, "31.4x"),
        (99.96, "100x"),
        (121.4, "121x"),
        (314.159, "314x"),
        (31415.9, "31,416x"),
    ],
)
def test_a_speedup_shows_percents_where_they_matter(speedup: float, told: str) -> None:
    assert notation.times(speedup) == told
    assert notation.between(speedup, speedup) == f"[{told[:-1]}, {told[:-1]}]"


@pytest.mark.parametrize(("given", "told"), [(3.0, "3x"), (2.5, "2.5x"), (1.02, "1.02x"), (1e-9, "1e-09x")])
def test_what_somebody_wrote_down_is_repeated_as_it_is(given: float, told: str) -> None:
    assert notation.exactly(given) == told


@pytest.mark.parametrize(
    ("work", "hits", "told"),
    [
        ("400 bars asked again", 400, "400 bars asked again, 400 hits"),
        ("one bar", 1, "one bar, 1 hit"),
        (None, 12_345, "12,345 hits"),
        ("400 bars", None, "400 bars"),
        (None, None, ""),
    ],
)
def test_the_hits_of_a_cache_stand_beside_its_work(work: str | None, hits: int | None, told: str) -> None:
    plan = {"path": "cached(recompute)"} if hits is None else {"path": "cached(recompute)", "hits": hits}
    assert text.work(record(work=work, plans={"optimized": plan})) == told
    assert text.work(record(work=work)) == (work or "")


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (12.3456, "12.3 s"),
        (1.0, "1.00 s"),
        (0.99999, "1.00 s"),
        (0.123456, "123 ms"),
        (0.00123456, "1.23 ms"),
        (12.3456e-6, "12.3 us"),
        (1e-9, "1.00 ns"),
        (2.6e-11, "0.03 ns"),
    ],
)
def test_seconds_have_three_digits_and_a_unit(seconds: float, told: str) -> None:
    assert notation.seconds(seconds) == told


def test_a_speedup_stands_with_its_interval() -> None:
    assert record_text.speedup(record()) == "3.14x [3.10, 3.20]"
    assert record_text.speedup(record(interval=None)) == "3.14x"
    assert record_text.speedup(record(speedup=None, interval=None)) == "-"


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"digest_state": "match"}, "yes"),
        ({"digest_state": "missing"}, "yes, new"),
        ({"digest_state": "untracked"}, "yes"),
        ({"verdict": "DIFFERENT"}, "NO"),
        ({"verdict": "ERROR"}, "not compared"),
    ],
)
def test_identity_is_said_in_words(changes: dict[str, Any], told: str) -> None:
    assert text.identical(record(**changes)) == told


def test_the_text_of_a_failure_begins_with_the_verdict_and_ends_with_the_command() -> None:
    failed = record(
        verdict="MISSED",
        detail="the claim fails\nsecond line",
        nodeid="tests/test it.py::test[a b]",
        confirmation=(1.5,),
        plans={"baseline": {"path": "recompute"}, "optimized": {"path": "cached", "hits": 400}},
    )
    assert record_text.failure_text(failed, seed=7).splitlines() == [
        "MISSED: the claim fails",
        "second line",
        "comparison: tests/test it.py::test[a b] / comparison",
        "measured: 3.14x [3.10, 3.20] (baseline 31.4 ms, optimized 10.0 ms, 2 blocks)",
        "fresh processes: 1.500x",
        "plans: baseline ran recompute; optimized ran cached, hits 400",
        "reproduce: pytest --genesis-perf --genesis-perf-seed=7 'tests/test it.py::test[a b]'",
    ]


def test_a_failure_without_timing_is_repeated_without_it() -> None:
    told = record_text.failure_text(
        record(timed=False, speedup=None, interval=None, seconds=None, blocks=()), seed=7
    )
    assert told.splitlines()[-1] == "reproduce: pytest tests/test_it.py::test_it"


def test_a_label_is_shown_where_it_is_not_the_default() -> None:
    assert text.name(record()) == "tests/test_it.py::test_it"
    assert text.name(record(label="cached")) == "tests/test_it.py::test_it / cached"


def test_a_record_survives_its_plain_form() -> None:
    full = record(
        stored=(1.0, 2.0, 3.0), plans={"optimized": {"path": "x", "hits": 3}}, confirmation=(1.0, 2.0)
    )
    assert Comparison.from_plain(full.to_plain()) == full
    assert all(type(v) in (str, int, float, bool, list, dict, type(None)) for v in full.to_plain().values())


def test_the_worst_comes_first() -> None:
    ordered = [
        record(verdict="ERROR", effect="fail", speedup=None),
        record(verdict="REGRESSED", effect="fail"),
        record(verdict="NO-BASELINE", effect="fail"),
        record(verdict="INCONCLUSIVE", effect="warn"),
        record(verdict="NO-BASELINE", effect="warn", speedup=2.1),
        record(verdict="NO-BASELINE", effect="warn", speedup=2.2),
        record(verdict="NO-BASELINE", effect="warn", speedup=2.2, claim_limit=1.0),
        record(verdict="IMPROVED"),
        record(verdict="PASS", nodeid="a"),
        record(verdict="PASS", nodeid="b"),
    ]
    assert sorted(ordered[5:] + ordered[:5], key=severity) == ordered


def columns(names: list[str]) -> list[Column]:
    return [
        Column("verdict", ["PASS"] * len(names)),
        Column("comparison", names, shrink=True),
        Column("work", ["250 bars"] * len(names), drop=1),
        Column("speedup", ["3.14x [3.10, 3.20]"] * len(names), right=True),
        Column("stored", ["-"] * len(names), right=True, drop=2),
    ]


LONG = "tests/perf/test_paths.py::test_precompute[embedded-and-some-more-parameters]"


def test_columns_are_aligned_and_empty_ones_left_out() -> None:
    assert layout(columns(["a", "bbb"]), 80) == [
        "verdict  comparison  work                 speedup",
        "PASS     a           250 bars  3.14x [3.10, 3.20]",
        "PASS     bbb         250 bars  3.14x [3.10, 3.20]",
    ]


@pytest.mark.parametrize("width", [60, 70, 80, 100, 200])
def test_a_table_fits_its_width_and_keeps_what_matters(width: int) -> None:
    lines = layout(columns([LONG, LONG]), width)
    assert max(map(len, lines)) <= width
    for line in lines[1:]:
        assert line.startswith("PASS")
        assert line.endswith("3.14x [3.10, 3.20]")
        assert "tests/" in line
        assert "rs]" in line


def test_names_shrink_before_columns_go_and_columns_go_before_names_are_unreadable() -> None:
    assert "work" in layout(columns([LONG]), 75)[0]
    narrow = layout(columns([LONG]), 60)
    assert "work" not in narrow[0]
    assert len(narrow[1].split()[1]) >= 24


def test_a_terminal_too_narrow_for_anything_gets_long_lines_not_wrong_ones() -> None:
    lines = layout(columns([LONG]), 10)
    assert "PASS" in lines[1]
    assert "3.14x [3.10, 3.20]" in lines[1]


@pytest.mark.parametrize("width", range(1, 30))
def test_a_shortened_text_has_the_asked_length_and_both_ends(width: int) -> None:
    word = "abcdefghijklmnopqrstuvwxyz"
    short = shorten(word, width)
    assert len(short) == min(width, len(word))
    if 6 <= width < len(word):
        assert short[0] == "a"
        assert short[-1] == "z"
        assert "..." in short


@pytest.mark.parametrize(
    ("nodeid", "label", "shown"),
    [
        (
            "tests/perf/test_a.py::test_shared_cache[real]",
            "shared cache",
            "test_a.py::test_shared_cache[real]",
        ),
        (
            "tests/perf/test_a.py::test_plan[real-all flags]",
            "all flags",
            "test_a.py::test_plan[real-all flags]",
        ),
        ("tests/perf/test_a.py::test_plan[real]", "a", "test_a.py::test_plan[real] / a"),
        ("tests/perf/test_a.py::test_plan[real]", "plan of it", "test_a.py::test_plan[real] / plan of it"),
    ],
)
def test_a_table_leaves_out_a_label_only_where_it_repeats_the_test(
    nodeid: str, label: str, shown: str
) -> None:
    assert text.short_names([record(nodeid=nodeid, label=label)]) == [shown]
    assert text.short_names([record(nodeid=nodeid, label=label), record(nodeid="other/test_b.py::test_b")])[
        0
    ] == (f"tests/perf/{shown}")
