"""``pytest --genesis-perf-doctor``: the doctor instead of a test run."""

from __future__ import annotations

import sys

import pytest

from pytest_genesis_perf.doctor.diagnosis import examine
from pytest_genesis_perf.doctor.report import text
from pytest_genesis_perf.screen import shows_colours
from pytest_genesis_perf.settings import read_settings


def run(config: pytest.Config) -> int:
    """Examine the machine with the budget, seed and libraries of this project, and return the exit code.

    Parameters
    ----------
    config : pytest.Config
        Options and ini.
    """
    settings = read_settings(config)
    if settings.doctor is None:
        raise ValueError("the doctor was not asked for")
    found = examine(settings.doctor, settings.seed, budget=settings.budget, libraries=settings.libraries)
    wanted = config.option.color
    coloured = shows_colours(sys.stdout) if wanted == "auto" else wanted == "yes"
    sys.stdout.write(text(found, coloured=coloured))
    return pytest.ExitCode.OK if found.told else pytest.ExitCode.INTERRUPTED
