"""What a run found is counted by processes, held against what must hold, and shown."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks import verdicts
from benchmarks.verdict_study import (
    alternatives,
    arms,
    peers,
    rawfiles,
    report,
    summary,
)
from benchmarks.verdict_study.bounds import at_most, lower, upper
from benchmarks.verdict_study.intervals import sign_interval, t_interval, t_quantile, wilcoxon_interval
from benchmarks.verdict_study.requirements import requirements
from tests.unit.study_rows import gate, made, process


def test_bounds_are_exact() -> None:
    assert upper(0, 100) == pytest.approx(1.0 - 0.05 ** (1 / 100), rel=1e-9)
    assert upper(5, 5) == 1.0
    assert lower(5, 5) == pytest.approx(0.05 ** (1 / 5), rel=1e-9)
    assert at_most(7, 20, upper(7, 20)) == pytest.approx(0.05, rel=1e-6)
    with pytest.raises(ValueError, match="3 found of 2 tried"):
        upper(3, 2)


def test_alarms_and_failures_are_counted_apart_and_by_processes() -> None:
    quiet = {"load": 0.5, "cpu_share": 0.99, "steal_share": None}
    held = gate("same", "NO-BASELINE", disturbance=quiet)
    alarm = gate("same", "INCONCLUSIVE", state="fails", first_seconds=0.9)
    failed = gate("different", "REGRESSED", state="fails")
    found = summary.summarise(
        [process("a", held, alarm, alarm), process("b", held, failed), process("c", held, held)]
    )
    (one,) = [c for c in found["same_code"] if c["situation"] == "quiet"]
    assert (one["gates"], one["processes"]) == (7, 3)
    assert (one["alarms"], one["alarms_processes"]) == (3, 2)
    assert (one["failures"], one["failures_processes"]) == (1, 1)
    assert one["failures_bound"] == upper(1, 3)
    assert one["inconclusive"] == 2
    assert one["first_median"] == 0.1
    assert one["first_p95"] == 0.9
    assert one["whole_max"] == pytest.approx(2.1)
    assert found["situations"] == {"quiet": quiet}
    assert "load average while gates were measured (median): quiet 0.5" in report.required(found)


def test_a_process_found_a_slowdown_only_if_all_its_gates_did() -> None:
    found, missed = gate("slower 5%", "REGRESSED", state="fails"), gate("slower 5%", "NO-BASELINE")
    (one,) = summary.summarise([process("a", found, found), process("b", found, missed)])["cells"]
    assert (one["failures"], one["found_processes"]) == (3, 1)
    assert one["found_bound"] == lower(1, 2)


def holds(rows: list[rawfiles.Process], words: str) -> bool | None:
    (one,) = [one for one in requirements(summary.summarise(rows)) if words in one.what]
    return one.holds


def test_what_must_hold_is_said_only_with_enough_gates() -> None:
    same = [gate("same", "NO-BASELINE")] * 50
    enough = [process(str(n), *same) for n in range(200)]
    assert holds(enough, "same code, arms under 1 ms") is True
    assert holds(enough[1:], "same code, arms under 1 ms") is None
    assert (
        holds([*enough, process("x", gate("different", "REGRESSED"))], "same code, arms under 1 ms") is False
    )
    assert holds([process("x", gate("same", "REGRESSED"))], "same code, arms under 1 ms") is False


def test_power_speed_and_doubt_are_held_against_their_limits() -> None:
    found = gate("slower 3%", "REGRESSED", state="fails")
    missed = gate("slower 3%", "INCONCLUSIVE", state="undecided", first_seconds=2.0)
    words = "slower 3%, arms under 1 ms"
    assert holds([process("a", *[found] * 95, *[missed] * 5)], words) is True
    assert holds([process("a", *[found] * 94, *[missed] * 6)], words) is False
    assert holds([process("a", *[found] * 99)], words) is None
    assert (
        holds([process("a", *[found] * 97, *[missed] * 3)], "INCONCLUSIVE <= 2%, quiet, arms under") is False
    )
    assert (
        holds([process("a", *[found] * 98, *[missed] * 2)], "INCONCLUSIVE <= 2%, quiet, arms under") is True
    )
    assert holds([process("a", *[found] * 94, *[missed] * 6)], "95% of first stages") is False
    assert holds([process("a", *[found] * 95, *[missed] * 5)], "95% of first stages") is True
    fast = gate("faster 5%", "NO-BASELINE")
    assert holds([process("a", *[fast] * 100)], "faster 5%") is True
    assert holds([process("a", *[fast] * 100, gate("faster 5%", "REGRESSED"))], "faster 5%") is False


def test_a_page_without_a_known_place_is_an_error() -> None:
    with pytest.raises(report.DocsError, match="no place"):
        report.fill("nothing", {})
    with pytest.raises(report.DocsError, match="no table 'odd'"):
        report.fill("<!-- generated: odd -->\n<!-- end -->", {"same": ""})


def test_the_page_shows_the_stored_results() -> None:
    assert verdicts.main(["table", "--check"]) == 0


def test_every_table_has_a_place_in_the_page() -> None:
    page = report.DOCS.read_text(encoding="utf-8")
    assert {match.group(2) for match in report.BLOCK.finditer(page)} == set(report.tables(report.RESULTS))


def test_intervals_agree_with_tables() -> None:
    assert t_quantile(0.975, 31) == pytest.approx(2.0395, abs=1e-4)
    assert t_quantile(0.95, 5) == pytest.approx(2.0150, abs=1e-4)
    xs = np.arange(1.0, 11.0)
    # Signed ranks: 8 is the two-sided 5% point of ten values; the sign test's is 1.
    walsh = sorted(0.5 * (a + b) for i, a in enumerate(xs) for b in xs[i:])
    assert wilcoxon_interval(xs, 0.05) == (walsh[8], walsh[-9])
    assert sign_interval(xs, 0.05) == (2.0, 9.0)
    half = 2.2622 * xs.std(ddof=1) / math.sqrt(10)
    assert t_interval(xs, 0.05) == pytest.approx((5.5 - half, 5.5 + half), abs=1e-3)


def test_skew_is_what_wilcoxon_and_t_cannot_bear() -> None:
    found = {(one.noise, one.interval): one for one in alternatives.coverage()}
    skewed = "skewed (lognormal)"
    assert found[skewed, "sign"].covered > 0.95
    assert found[skewed, "Wilcoxon"].covered < 0.92
    assert found[skewed, "t"].covered < 0.92
    assert found["heavy tails (t, 1.5 degrees)", "t"].width > 1.2


def test_rules_are_held_against_each_other_on_the_same_gates() -> None:
    def row(center: float, variant: str, mode: str, seed: int) -> dict[str, Any]:
        raw = made(np.random.default_rng(seed).normal(center, 0.01, 64), str(seed)).to_plain()
        return gate(variant, "REGRESSED" if center else "NO-BASELINE", state="fails" if center else "holds",
                    mode=mode, first=raw)  # fmt: skip

    drifting = {"kind": "python", "variant": "same", "mode": "sequential"}
    drifting |= {"baseline_ns": [100.0, 101.0, 100.5] * 9, "optimized_ns": [103.0, 104.0, 103.5] * 9}
    rows = [
        row(0.03, "slower 3%", "plain", 1),
        row(0.0, "same", "plain", 2),
        row(0.0, "same", "long slices", 3),
    ]
    found = {(one.rule, one.about): one for one in alternatives.compare([process("a", *rows, drifting)])}
    assert found["the rule: final", "slower 3%: found"].found == 1
    assert found["the rule: first stage", "same: called slower"].found == 0
    assert found["slices of 2 ms", "same: undecided"].tried == 1
    for rule in ("95% interval excludes 1", "medians over 2% apart"):
        (one,) = [one for key, one in found.items() if key[0] == f"one arm after the other, {rule}"]
        assert one.found == 1


def test_rules_for_isolated_comparisons_are_tried_on_draws_from_all_processes() -> None:
    def fresh(center: float) -> dict[str, Any]:
        return {"raw": made(np.full(8, center), "s").to_plain()}

    row: dict[str, Any] = {"kind": "numpy owned", "variant": "slower 3%", "mode": "isolated"}
    row["fresh"] = [fresh(center) for center in (0.01, *[0.03] * 9)] + [{"fault": "killed"}]
    rules = alternatives.isolated_rules([process("a", row)], (5, 9))
    found = {(one.name.partition(",")[0], one.asked): one for one in rules}
    assert {one.processes for one in rules} == {10}
    first, second = found["all beyond the limit", 5], found["all but one beyond the limit", 5]
    assert first.fails == pytest.approx(0.9**5, abs=0.02)
    assert first.fails + first.undecided == 1.0
    assert second.fails == pytest.approx(0.9**5 + 5 * 0.1 * 0.9**4, abs=0.02)
    third = found["all slower and their median beyond the limit", 9]
    assert third.fails > 0.99
    assert third.undecided < 0.01


def test_what_pytest_benchmark_says_of_a_regression_is_understood(tmp_path: Path) -> None:
    pytest.importorskip("pytest_benchmark")
    off = (
        "-p",
        "no:genesis_perf",
        "-p",
        "no:codspeed",
        "-p",
        "no:cacheprovider",
        "--benchmark-max-time=0.01",
    )
    peers.suite(tmp_path, arms.SAME, ["crc32", "numpy shared"], "benchmark", "benchmark(optimized)")
    saved = tmp_path / "saved.json"
    code, printed, _ = peers.pytest_run(tmp_path, *off, f"--benchmark-json={saved}")
    assert code == 0, printed
    stored = json.loads(saved.read_text(encoding="utf-8"))
    for one in stored["benchmarks"]:
        # Whatever the machine does: one was a hundred times as fast, the other as slow.
        factor = 0.01 if "crc32" in one["name"] else 100.0
        for name in ("median", "min"):
            one["stats"][name] *= factor
    saved.write_text(json.dumps(stored), encoding="utf-8")
    code, printed, _ = peers.pytest_run(
        tmp_path, *off, f"--benchmark-compare={saved}", "--benchmark-compare-fail", *peers.CHECKS
    )
    assert code == 1
    assert set(peers.REGRESSED.findall(printed)) == {("crc32", "median"), ("crc32", "min")}
