"""The plugin's options: command line, and ini twins."""

from __future__ import annotations

import argparse
import math
from typing import TYPE_CHECKING

from pytest_genesis_perf.soft_states import DEFAULTS, MEANINGS

if TYPE_CHECKING:
    import pytest


def add_options(parser: pytest.Parser) -> None:
    """Register options and ini keys in a help group of their own."""
    group = parser.getgroup("genesis-perf", "identity and speed of two code paths (genesis-perf)")
    group.addoption(
        "--genesis-perf", action="store_true", help="Measure and judge speed too, not identity alone."
    )
    group.addoption(
        "--genesis-perf-update",
        nargs="?",
        const="all",
        type=_update_choice,
        metavar="all|new|lower",
        help="Record digests, and speeds from fresh processes; new adds only what is missing, lower also stores "
        "speeds far below the stored ones.",
    )
    group.addoption(
        "--genesis-perf-update-force", action="store_true", help="Allow recording where CI is set."
    )
    group.addoption(
        "--genesis-perf-report",
        metavar="DIR",
        help="Write a page (HTML), JSON, Markdown and charts (SVG, PNG) into DIR.",
    )
    group.addoption("--genesis-perf-markdown", metavar="FILE", help="Append the report as Markdown to FILE.")
    group.addoption(
        "--genesis-perf-history",
        metavar="FILE",
        help="Append a line of JSON for each comparison that was measured to FILE, for genesis-perf trend.",
    )
    group.addoption(
        "--genesis-perf-baselines", metavar="DIR", help="Folder of stored baselines (default: baselines)."
    )
    group.addoption(
        "--genesis-perf-seed", metavar="N", help="Seed of the coins (default: new in every run, printed)."
    )
    group.addoption(
        "--genesis-perf-budget", metavar="SECONDS", help="Time for one comparison of short arms (default: 4)."
    )
    group.addoption(
        "--genesis-perf-run-budget",
        metavar="SECONDS",
        help="Time for measuring all comparisons of a run; later ones are INCONCLUSIVE (default: no limit).",
    )
    group.addoption(
        "--genesis-perf-memory",
        action="store_true",
        help="Count the peak memory of a call of each arm too, and hold it against the stored one.",
    )
    group.addoption(
        "--genesis-perf-instructions",
        action="store_true",
        help="Count the instructions of a call of each arm too, in one more process under valgrind for each test.",
    )
    group.addoption(
        "--genesis-perf-doctor",
        nargs="?",
        const="20",
        type=_doctor_seconds,
        metavar="SECONDS",
        help="Run no test: measure which effect this machine resolves in which time, and what disturbs it.",
    )
    group.addoption("--genesis-perf-child", metavar="FILE", help=argparse.SUPPRESS)
    parser.addini(
        "genesis_perf",
        "measure and judge speed in every run, as --genesis-perf does",
        type="bool",
        default=False,
    )
    parser.addini("genesis_perf_report", "folder of the report files", default="")
    parser.addini("genesis_perf_markdown", "file to which the report is appended as Markdown", default="")
    parser.addini("genesis_perf_history", "file to which measured speeds are appended", default="")
    parser.addini("genesis_perf_baselines", "folder of stored baselines, from rootdir", default="baselines")
    parser.addini("genesis_perf_seed", "seed of the coins", default="")
    parser.addini("genesis_perf_budget", "seconds for one comparison of short arms", default="4")
    parser.addini("genesis_perf_run_budget", "seconds for measuring all comparisons of a run", default="inf")
    parser.addini("genesis_perf_cap", "seconds after which any comparison stops", default="60")
    parser.addini(
        "genesis_perf_child_timeout", "seconds after which a fresh process is killed", default="300"
    )
    parser.addini("genesis_perf_memory", "count peak memory in every comparison", type="bool", default=False)
    parser.addini(
        "genesis_perf_instructions", "count instructions in every comparison", type="bool", default=False
    )
    parser.addini(
        "genesis_perf_benchmark_rows",
        "show the arms in the table and JSON of pytest-benchmark too",
        type="bool",
        default=True,
    )
    parser.addini(
        "genesis_perf_side_by_side",
        "let arms over 5 ms run at the same time, in two processes",
        type="bool",
        default=True,
    )
    parser.addini("genesis_perf_margin", 'share that still counts as "not slower"', default="0.02")
    parser.addini(
        "genesis_perf_stored_tolerance",
        "share by which a speed may lie beyond the stored ones; more where machines of one class differ",
        default="0.10",
    )
    parser.addini(
        "genesis_perf_libraries",
        "libraries in the key of the environment class",
        type="args",
        default=["numba", "numpy"],
    )
    for state, effect in DEFAULTS.items():
        parser.addini(f"genesis_perf_{state}", f"pass, warn or fail: {MEANINGS[state]}", default=effect)


def _update_choice(text: str) -> str:
    if text not in ("all", "new", "lower"):
        raise argparse.ArgumentTypeError(
            f"must be all, new or lower, not {text!r}; write --genesis-perf-update=all before a path"
        )
    return text


def _doctor_seconds(text: str) -> float:
    from pytest_genesis_perf.doctor.diagnosis import SECONDS_RULE, valid_seconds

    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not valid_seconds(seconds):
        raise argparse.ArgumentTypeError(
            f"must be {SECONDS_RULE}, not {text!r}; write --genesis-perf-doctor=20 before a path"
        )
    return seconds
