from __future__ import annotations

import gc
import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from xdist.remote import Producer
    from xdist.scheduler import LoadScopeScheduling

pytest_plugins = ["pytester"]


# How long an example takes is the load of the machine, and a red run must be one that comes again.
settings.register_profile("genesis", deadline=None, derandomize=True, database=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "genesis"))


def pytest_configure(config: pytest.Config) -> None:
    """Forget a data folder that does not exist, and refuse to skip where its tests are required."""
    folder = os.environ.get("GENESIS_DATA_DIR", "")
    found = bool(folder) and (Path(folder) / "tBTCUSD_1h.csv").is_file()
    if os.environ.get("GENESIS_REQUIRE_DATA") == "1" and not found:
        raise pytest.UsageError(
            f"GENESIS_REQUIRE_DATA=1, but GENESIS_DATA_DIR={folder!r} has no tBTCUSD_1h.csv: "
            "tests on real candles would be skipped"
        )
    if folder and not found:
        del os.environ["GENESIS_DATA_DIR"]
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        # A job in the background of a script ignores Ctrl-C, and so would the programs that tests send it to.
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadScopeScheduling:
    """Keep tests that wait for the same recomputed run in one worker."""
    from tests.equality.scheduling import ByRecomputedRun

    return ByRecomputedRun(config, log)


ONE_PYTHON = (
    "TestLowerLevels",
    "test_adversarial_matrix.py",
    "test_backtesting_py.py",
    "test_baseline_writers.py",
    "test_benchmarks.py",
    "test_between_runs.py",
    "test_books.py",
    "test_change_points.py",
    "test_cli_baseline.py",
    "test_cli_benchmark.py",
    "test_cli_charts.py",
    "test_cli_progress.py",
    "test_compiled_is_the_law.py",
    "test_config_changes.py",
    "test_data_fetch",
    "test_disk_cache.py",
    "test_docs",
    "test_doctor_",
    "test_e2e_arms.py",
    "test_e2e_causal.py",
    "test_e2e_confirmation.py",
    "test_e2e_costs.py",
    "test_e2e_doctor.py",
    "test_e2e_history.py",
    "test_e2e_hooks.py",
    "test_e2e_manners.py",
    "test_e2e_ini.py",
    "test_e2e_markdown.py",
    "test_e2e_orphans.py",
    "test_e2e_other_plugins.py",
    "test_e2e_outcome_rows.py",
    "test_e2e_reports.py",
    "test_e2e_side_by_side.py",
    "test_e2e_update",
    "test_e2e_verdicts.py",
    "test_e2e_xdist_lock.py",
    "test_exact.py",
    "test_history.py",
    "test_identity_flips.py",
    "test_init.py",
    "test_instructions.py",
    "test_load_strategy.py",
    "test_measure.py",
    "test_optimize_backends.py",
    "test_optimize_cli.py",
    "test_optimize_definition.py",
    "test_optimize_guarded.py",
    "test_optimize_interrupted.py",
    "test_optimize_listing.py",
    "test_optimize_minutes.py",
    "test_optimize_progress.py",
    "test_optimize_promoting.py",
    "test_optimize_reading",
    "test_optimize_retry.py",
    "test_optimize_running.py",
    "test_optimize_store.py",
    "test_optimize_strangers.py",
    "test_optimize_trial.py",
    "test_optimize_watching.py",
    "test_memory",
    "test_report_",
    "test_side_by_side.py",
    "test_stored_reports.py",
    "test_stream_full.py",
    "test_trend.py",
    "test_verdict_",
    "tests/browser/",
    "tests/oracles/",
)
"""Tests of the law, whose bits the golden digests pin on every Python; of tools beside the product, of reports, of
processors, of files and of processes: what they find hardly depends on Python's version, and the whole matrix has to
fit into CI's time."""


def _is_left_out(name: str) -> bool:
    few = os.environ.get("GENESIS_FULL_EQUALITY") == "0"
    return few and any(one in name for one in ONE_PYTHON)


def pytest_ignore_collect(collection_path: Path) -> bool | None:
    """On the Pythons of the matrix that compare fewer bars, do not even import what one Python is enough for."""
    return True if collection_path.suffix == ".py" and _is_left_out(collection_path.as_posix()) else None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Nor run it, where it is a class of a file."""
    left_out = [item for item in items if _is_left_out(item.nodeid)]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]


def pytest_collection_finish() -> None:
    """Keep what was imported and collected from the garbage collector: an eighth of the whole run."""
    _freeze()


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> None:
    """And what the tests of a file imported."""
    if nextitem is not None and nextitem.path != item.path:
        _freeze()


def _freeze() -> None:
    gc.collect()
    gc.freeze()


def pytest_report_header() -> str | None:
    """Say that not all is run."""
    if os.environ.get("GENESIS_FULL_EQUALITY") != "0":
        return None
    return f"left out: {len(ONE_PYTHON)} files and folders, which the Python of the matrix that compares all bars runs"


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """The folder of real candles; tests that need it are skipped where it is not given."""
    folder = os.environ.get("GENESIS_DATA_DIR")
    if not folder:
        pytest.skip("real candles are not part of the repository: set GENESIS_DATA_DIR to their folder")
    return Path(folder)
