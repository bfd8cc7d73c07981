"""What was asked for on the command line and in ini keys, checked: one frozen value."""

from __future__ import annotations

import hashlib
import math
import os
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pytest_genesis_perf.setting_values import (
    check_apart,
    file_of,
    finite_number,
    folder_of,
    is_set,
    path_of,
    report_folder_of,
    whole_number,
)
from pytest_genesis_perf.soft_states import DEFAULTS, EFFECTS

if TYPE_CHECKING:
    from pytest_genesis_perf.child_request import Request


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What was asked for, checked.

    Parameters
    ----------
    timed : bool
        Measure and judge speed (``--genesis-perf``); else identity only.
    update : str or None
        "all", "new" or "lower" to record baselines.
    report : Path or None
        Folder of the report files.
    markdown : Path or None
        File to which the report is appended as Markdown.
    history : Path or None
        File to which measured speeds are appended.
    baselines : Path
        Folder of the stored baselines.
    seed : int
        Seed of the run.
    budget, cap : float
        Seconds for a comparison: after its first look, and in any case.
    run_budget : float
        Seconds for measuring all comparisons of the run, without their confirmation.
    margin : float
        Of the default claim.
    tolerance : float
        Share by which a measured speed may lie beyond the stored ones.
    libraries : tuple of str
        Libraries in the key of the environment class.
    policy : mapping
        Effect of each soft state.
    child : Request or None
        What the parent asks for, in a child.
    child_timeout : float
        Seconds after which a child is killed.
    side_by_side : bool
        Whether arms over 5 ms may run at the same time.
    benchmark_rows : bool
        Whether the arms stand in pytest-benchmark's reports too.
    memory, instructions : bool
        Count peak memory, and instructions under valgrind, in every comparison that is measured.
    worker : bool
        Whether this is an xdist worker.
    lock : Path or None
        Of an xdist worker, and of its fresh processes: held by the one of the run that measures.
    doctor : float or None
        Seconds for which to measure what this machine can judge, instead of running tests.
    """

    timed: bool
    update: str | None
    report: Path | None
    baselines: Path
    seed: int
    budget: float
    cap: float
    margin: float
    libraries: tuple[str, ...]
    policy: Mapping[str, str] = field(default_factory=dict)
    child: Request | None = None
    child_timeout: float = 300.0
    run_budget: float = math.inf
    memory: bool = False
    instructions: bool = False
    worker: bool = False
    lock: Path | None = None
    doctor: float | None = None
    side_by_side: bool = True
    benchmark_rows: bool = True
    markdown: Path | None = None
    history: Path | None = None
    tolerance: float = 0.10


def read_settings(config: pytest.Config) -> Settings:
    """Check what was asked for.

    Parameters
    ----------
    config : pytest.Config
        Options and ini.

    Raises
    ------
    pytest.UsageError
        For a value that makes no sense, naming the option or ini key.
    """
    option = config.option
    child = _request(option.genesis_perf_child) if option.genesis_perf_child else None
    # A child is started with its parent's arguments, but neither updates nor repeats its coins.
    update = None if child else option.genesis_perf_update
    if update and not option.genesis_perf_update_force and is_set(os.environ.get("CI")):
        raise pytest.UsageError(
            "--genesis-perf-update: refused because CI is set: baselines are recorded and reviewed by "
            "people; --genesis-perf-update-force overrides"
        )
    if update and option.genesis_perf_doctor is not None:
        raise pytest.UsageError(
            "--genesis-perf-doctor runs no test, so --genesis-perf-update would record nothing: one after the other"
        )
    timed = bool(option.genesis_perf or config.getini("genesis_perf") or update or child)
    budget, budget_name = _chosen(config, "budget")
    run_budget, run_budget_name = _chosen(config, "run_budget")
    seed, seed_name = _chosen(config, "seed")
    report, report_name = _chosen(config, "report")
    # The project's folder is for what was measured: plain pytest, run all day, neither takes the time nor replaces it.
    wanted = timed or config.option.genesis_perf_report is not None
    markdown, markdown_name = _chosen(config, "markdown")
    history, history_name = _chosen(config, "history")
    if config.option.genesis_perf_history and not timed:
        raise pytest.UsageError(f"{history_name}: add --genesis-perf, without which nothing is measured")
    check_apart(
        {
            name: path_of(config, value, name)
            for name, value in ((markdown_name, markdown), (history_name, history))
            if value
        },
        path_of(config, report, report_name) if report else None,
    )
    baselines = folder_of(config, *_chosen(config, "baselines"))
    return Settings(
        timed=timed,
        update=update,
        report=report_folder_of(config, report, report_name) if report and wanted and not child else None,
        markdown=file_of(config, markdown, markdown_name) if markdown and not child else None,
        history=file_of(config, history, history_name) if history and timed and not child else None,
        baselines=baselines,
        seed=whole_number(seed_name, seed) if seed and not child else int.from_bytes(os.urandom(4), "big"),
        budget=finite_number(budget_name, budget, lambda x: x > 0.0, "a finite number of seconds > 0"),
        run_budget=math.inf
        if run_budget == "inf"
        else finite_number(
            run_budget_name, run_budget, lambda x: x > 0.0, "a finite number of seconds > 0, or inf"
        ),
        cap=_ini_number(config, "cap", lambda x: x > 0.0, "a finite number of seconds > 0"),
        margin=_ini_number(
            config, "margin", lambda x: 0.0 <= x < 1.0, "a share from 0 up to 1, such as 0.02"
        ),
        tolerance=_ini_number(
            config, "stored_tolerance", lambda x: 0.0 < x < 10.0, "a share over 0, such as 0.10"
        ),
        libraries=tuple(config.getini("genesis_perf_libraries")),
        policy={state: _effect(config, state) for state in DEFAULTS},
        child=child,
        child_timeout=_ini_number(
            config, "child_timeout", lambda x: x > 0.0, "a finite number of seconds > 0"
        ),
        memory=_flag(config, "memory", timed),
        instructions=_flag(config, "instructions", timed),
        worker=hasattr(config, "workerinput"),
        lock=Path(child.lock) if child and child.lock else _lock(config),
        doctor=option.genesis_perf_doctor,
        side_by_side=config.getini("genesis_perf_side_by_side"),
        benchmark_rows=config.getini("genesis_perf_benchmark_rows"),
    )


def _lock(config: pytest.Config) -> Path | None:
    run: dict[str, Any] | None = getattr(config, "workerinput", None)
    if run is None:
        return None
    # The name of a run is xdist's, drawn at random, or the user's, which need not be fit for a file.
    name = hashlib.blake2b(str(run["testrunuid"]).encode(), digest_size=16).hexdigest()
    return Path(tempfile.gettempdir()) / f"genesis-perf-{name}.lock"


def _request(path: str) -> Request:
    from pytest_genesis_perf.child_request import Request

    try:
        return Request.read(Path(path))
    except (OSError, ValueError) as fault:
        raise pytest.UsageError(f"--genesis-perf-child: {path}: {fault}; the plugin alone gives it") from None


def _chosen(config: pytest.Config, name: str) -> tuple[str, str]:
    """Return the value of an option, else of its ini twin, and what to call it."""
    value: str | None = getattr(config.option, f"genesis_perf_{name}")
    if value is not None:
        return value, f"--genesis-perf-{name.replace('_', '-')}"
    return str(config.getini(f"genesis_perf_{name}")), f"ini genesis_perf_{name}"


def _flag(config: pytest.Config, name: str, timed: bool) -> bool:
    """Return whether a cost is to be counted; asked for in a run that counts none, it would silently do nothing."""
    asked: bool = getattr(config.option, f"genesis_perf_{name}")
    if asked and not timed:
        raise pytest.UsageError(
            f"--genesis-perf-{name}: add --genesis-perf, without which nothing is measured"
        )
    return asked or bool(config.getini(f"genesis_perf_{name}"))


def _ini_number(config: pytest.Config, name: str, valid: Callable[[float], bool], rule: str) -> float:
    return finite_number(f"ini genesis_perf_{name}", str(config.getini(f"genesis_perf_{name}")), valid, rule)


def _effect(config: pytest.Config, state: str) -> str:
    effect: Any = config.getini(f"genesis_perf_{state}")
    if effect not in EFFECTS:
        raise pytest.UsageError(f"ini genesis_perf_{state}: must be pass, warn or fail, not {effect!r}")
    return str(effect)
