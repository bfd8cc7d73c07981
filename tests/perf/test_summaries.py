"""A study's summary: read anew, and from memory with every file looked at."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.studies import let_settle, make_study
from genesis_core.optimize import StudyReader
from pytest_genesis_perf.comparing import GenesisPerf

FILES = 1_000


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a study whose files are old enough to be known by their times."""
    folder = make_study(tmp_path_factory.mktemp("studies") / "measured", FILES)
    let_settle(folder)
    return folder


@pytest.mark.genesis_perf(warm=True)  # the reader is meant to remember
def test_summary(genesis_perf: GenesisPerf, study: Path) -> None:
    reader = StudyReader(study, index=False)
    reader.summary()
    genesis_perf.compare(
        label="cached summary",
        baseline=lambda: StudyReader(study, index=False).summary().to_json(),
        optimized=lambda: reader.summary().to_json(),
        min_speedup=3.0,
        work=f"{FILES:,} trial files, each looked at",
    )
