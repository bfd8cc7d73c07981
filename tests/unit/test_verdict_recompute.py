"""Every verdict is made again from the slices, by a program that shares nothing with the plugin."""

from __future__ import annotations

import ast
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks import verdicts
from benchmarks.verdict_study import (
    rawfiles,
    recompute,
)
from benchmarks.verdict_study.report import RESULTS
from pytest_genesis_perf.statistics import (
    LONG_ARMS,
    ClaimState,
    critical_count,
    judge_claim,
)
from tests.unit.study_rows import LIMIT, judged, made


def test_the_second_program_imports_nothing_of_the_plugin_or_the_study() -> None:
    tree = ast.parse(Path(recompute.__file__).read_text(encoding="utf-8"))
    names = {
        (node.module or "") if isinstance(node, ast.ImportFrom) else alias.name
        for node in ast.walk(tree)
        if isinstance(node, (ast.Import, ast.ImportFrom))
        for alias in node.names
    }
    assert names
    assert not [
        name for name in names if name.split(".")[0] in ("pytest_genesis_perf", "benchmarks", "genesis_core")
    ]


@pytest.mark.parametrize("n", [16, 24, 32, 50, 64, 128, 512])
def test_both_programs_count_alike(n: int) -> None:
    for looks, bad, ok in (recompute.SHORT, recompute.LONG):
        for a in (bad, ok):
            assert recompute.count(n, a / len(looks)) == critical_count(n, float(a) / len(looks))


CENTERS = [-0.02, 0.0, 0.015, 0.022, 0.03, 0.05]


def test_the_second_program_makes_the_verdicts_that_the_plugin_made(tmp_path: Path) -> None:
    rows = [
        judged(center, 0.02 if long else 0.03, seed, long=long, isolate=isolate)
        for seed, center in enumerate(CENTERS * 3)
        for long, isolate in ((False, False), (True, False), (False, True))
    ]
    rawfiles.write(tmp_path / "0000-quiet-same.jsonl.xz", {"group": "same", "situation": "quiet"}, rows)
    verdicts_made = {row["verdict"] for row in rows}
    assert verdicts_made == {"REGRESSED", "INCONCLUSIVE", "NO-BASELINE"}
    assert {row["confirmed"] for row in rows} == {True, False, None}
    count, blocks, wrong = recompute.recompute(tmp_path)
    assert wrong == []
    assert count == len(rows)
    assert blocks > 32 * len(rows)


def test_one_process_close_to_the_limit_does_not_hinder_the_others() -> None:
    row = judged(0.05, 0.001, 1, long=False, fresh=(0.01, 0.03, 0.05))
    assert recompute.verdict(row) == recompute.said(row) == "fails, True, REGRESSED, fail"


@pytest.mark.parametrize(
    ("fresh", "control"),
    [
        ((0.01, 0.012, 0.05), 0.0),  # all are slower, but the middle one is not beyond the limit
        ((-0.01, 0.05, 0.05), 0.0),  # one is not slower
        ((0.05, 0.05, 0.05), 0.03),  # the baseline differs from itself
        ((0.05, 0.05, 0.05), -0.03),
    ],
)
@pytest.mark.parametrize("long", [False, True])
def test_both_programs_do_not_confirm_alike(fresh: tuple[float, ...], control: float, long: bool) -> None:
    row = judged(0.05, 0.001, 1, long=long, fresh=fresh, control=control)
    assert recompute.verdict(row) == recompute.said(row) == "fails, False, INCONCLUSIVE, warn"


def test_both_programs_doubt_neighbours_that_agree() -> None:
    # Two neighbours of forty on the other side: enough blocks beyond the limit, but not independent ones.
    xs = [0.05] * 40
    xs[10] = xs[11] = -0.05
    assert judge_claim(xs, LIMIT, LONG_ARMS) is ClaimState.FAILS
    row = judged(0.05, 0.001, 1, long=True, xs=xs)
    assert recompute.verdict(row) == recompute.said(row) == "undecided, None, INCONCLUSIVE, warn"


@pytest.mark.parametrize(
    "change", [{"verdict": "REGRESSED"}, {"effect": "fail"}, {"state": "fails"}, {"confirmed": True}]
)
def test_a_verdict_that_does_not_follow_from_the_slices_is_named(
    tmp_path: Path, change: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    row = judged(0.0, 0.01, 1, long=False)
    assert row["verdict"] == "NO-BASELINE"
    head = {"group": "same", "situation": "quiet"}
    rawfiles.write(tmp_path / "0000-quiet-same.jsonl.xz", head, [row, row | change])
    assert verdicts.main(["recompute", str(tmp_path)]) == 1
    printed = capsys.readouterr().out
    assert "0000-quiet-same.jsonl.xz:3 (python, same): written" in printed
    assert "2 verdicts made again" in printed
    assert "1 differ" in printed


def test_a_changed_slice_changes_the_verdict_that_is_made_again(tmp_path: Path) -> None:
    row = judged(0.0, 0.01, 1, long=False)
    slower = made(np.full(row["first"]["blocks"], 0.05), row["first"]["seed"])
    assert recompute.verdict(row | {"first": slower.to_plain()}) == "fails, None, REGRESSED, fail"
    more = made(np.zeros(64), "s")
    assert recompute.verdict(row | {"first": more.to_plain()}).startswith("holds at 32 of 64 blocks")


def test_a_claim_that_no_process_could_confirm_fails_in_both_programs() -> None:
    row = judged(0.05, 0.01, 2, long=False)
    assert recompute.verdict(row) == "fails, True, REGRESSED, fail"
    assert recompute.verdict(row | {"fresh": [*row["fresh"][:1], {"fault": "killed"}]}).endswith(
        "None, REGRESSED, fail"
    )


def test_the_stored_verdicts_follow_from_the_stored_slices(tmp_path: Path) -> None:
    if not (RESULTS / "raw").is_dir():
        pytest.skip("the raw slices are in the repository, not in the source archive")
    stored = sorted((RESULTS / "raw").glob(f"*{rawfiles.SUFFIX}"))
    assert len(stored) > 200
    # One in fifteen; the command of the page does all of them.
    for path in stored[::15]:
        shutil.copy(path, tmp_path)
    gates, _, wrong = recompute.recompute(tmp_path)
    assert gates > 300
    assert not wrong
