"""A stored report is read back as it was, or refused with its name and the place."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pytest_genesis_perf.environment import EnvironmentClass
from pytest_genesis_perf.report.json import FILE, ReportError, document, read, write
from tests.unit.reports import comparison, failing, report

FULL = comparison(
    "full",
    stored=(2.9, 3.0, 3.1),
    stored_digest="00ff",
    plans={"baseline": {"path": "recompute", "steps": 4000}, "optimized": {"path": "x", "hits": 3}},
    long=True,
    in_turns="no os.fork here",
    isolated=True,
    confirmation=(3.0,),
    seed="42 x",
    disturbance="load 2",
    remarks=("look here",),
    memory_bytes={"baseline": 10, "optimized": 20},
    stored_memory_bytes={"baseline": 10, "optimized": 20},
    instructions={"baseline": 1, "optimized": 2, "tool": "valgrind 3.19"},
    stored_instructions={"baseline": 1, "optimized": 2, "tool": "valgrind 3.19"},
    cost_gaps=("no valgrind",),
)


def test_what_was_written_is_read_back(tmp_path: Path) -> None:
    unmeasured = comparison("unmeasured", speedup=None, interval=None, seconds=None, blocks=(), work=None)
    told = report(FULL, failing(), unmeasured, errors=("broken",), warnings=("odd",))
    path = write(tmp_path, told)
    assert read(tmp_path) == told
    assert read(path) == told


def test_fields_of_the_project_and_columns_are_kept_and_the_worst_stands_first(tmp_path: Path) -> None:
    here = EnvironmentClass("CPython 3.11", "x86_64", "Some CPU", 2, (), (("runner", "large"),))
    told = report(comparison(extra={"saved": "1 s"}), failing(), environment=here)
    path = write(tmp_path, told)
    plain = json.loads(path.read_text(encoding="utf-8"))
    plain["comparisons"].reverse()
    path.write_text(json.dumps(plain), encoding="utf-8")
    assert read(path) == told


def test_the_bytes_follow_from_the_report(tmp_path: Path) -> None:
    first = write(tmp_path, report(FULL, failing())).read_bytes()
    assert write(tmp_path, report(FULL, failing())).read_bytes() == first


def damaged(change: Callable[[dict[str, Any]], object]) -> str:
    plain = json.loads(json.dumps(document(report(comparison(), failing()))))
    change(plain)
    return json.dumps(plain)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "is no JSON: Expecting value: line 1 column 1"),
        ('{"schema": 2, "seed', "is no JSON: Unterminated string"),
        ("[1]", "is no report of pytest --genesis-perf: it has no key schema"),
        ("{}", "is no report of pytest --genesis-perf: it has no key schema"),
        (
            damaged(lambda p: p.update(schema=1)),
            "schema 1 was written by an older version, this one reads 2; make",
        ),
        (
            damaged(lambda p: p.update(schema=3)),
            "schema 3 was written by another version, this one reads 2; upgrade",
        ),
        (damaged(lambda p: p.update(schema="2")), "schema '2' was written by another version"),
        (damaged(lambda p: p.pop("seed")), "is damaged: Object missing required field `seed`"),
        (damaged(lambda p: p.update(mode="fast")), "is damaged: Invalid enum value 'fast' - at `$.mode`"),
        (
            damaged(lambda p: p["comparisons"][1].update(speedup="3")),
            "is damaged: Expected `float | null`, got `str` - at `$.comparisons[1].speedup`",
        ),
        (
            damaged(lambda p: p["comparisons"][0].update(interval=[1.0])),
            "is damaged: Expected `array` of length 2, got 1 - at `$.comparisons[0].interval`",
        ),
        (
            damaged(lambda p: p["comparisons"][0].update(spedup=3.0)),
            "is damaged: unknown key 'spedup' - at `$.comparisons[0]`",
        ),
        (
            damaged(lambda p: p["comparisons"][0].update(verdict="FINE")),
            "is damaged: must be one of ERROR, DIFFERENT, REGRESSED, MISSED, INCONCLUSIVE, NO-BASELINE, IMPROVED, "
            "PASS, not 'FINE' - at `$.comparisons[0].verdict`",
        ),
        (
            damaged(lambda p: p["comparisons"][0].update(effect="explode")),
            "is damaged: must be one of pass, warn, fail, not 'explode' - at `$.comparisons[0].effect`",
        ),
        (
            damaged(lambda p: p["comparisons"][0].update(digest_state="<b>")),
            "is damaged: must be one of match, missing, differs, untracked, not '<b>'",
        ),
        (
            damaged(lambda p: p["comparisons"][0].update(speedup=0.0)),
            "is damaged: must be between 1e-30 and 1e+30, not 0.0 - at `$.comparisons[0].speedup`",
        ),
        (
            damaged(lambda p: p["comparisons"][0].update(interval=[2.0, 1.0])),
            "is damaged: must be in order, not [2.0, 1.0] - at `$.comparisons[0].interval`",
        ),
        (
            damaged(lambda p: p["comparisons"][0].update(blocks=[1e300])),
            "is damaged: must be logarithms of ratios - at `$.comparisons[0].blocks`",
        ),
        (
            damaged(lambda p: p["comparisons"][0].update(seconds={})),
            "is damaged: must have a number >= 0 for baseline and optimized - at `$.comparisons[0].seconds`",
        ),
        (
            damaged(lambda p: p["comparisons"][0].update(detail="")),
            "is damaged: must say something - at `$.comparisons[0].detail`",
        ),
        (
            damaged(lambda p: p["comparisons"].append(p["comparisons"][0])),
            "is damaged: tests/test_it.py::test_failing / comparison stands twice - at `$.comparisons[2]`",
        ),
    ],
)
def test_what_cannot_be_read_is_refused_by_name(tmp_path: Path, text: str, told: str) -> None:
    file = tmp_path / FILE
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ReportError) as error:
        read(tmp_path)
    assert str(error.value).startswith(f"{file}: {told}")


def test_a_missing_report_says_how_one_is_made(tmp_path: Path) -> None:
    with pytest.raises(
        ReportError, match="No such file or directory; a report is written by --genesis-perf-report"
    ):
        read(tmp_path)


def test_other_bytes_than_text_are_no_report(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ReportError, match="is no JSON"):
        read(tmp_path)
