from __future__ import annotations

import os

import pytest

ARMS = """
import pytest

def work(turns):
    total = 0
    for turn in range(turns):
        total ^= turn
    return [1.5, "same"]

def slow():
    return work(4000)

def middle():
    return work(2000)

def quick():
    return work(400)

def fast():
    return work(20)

def other():
    return [1.5000000000000002, "same"]
"""

CLOCKED = """
import itertools
import os
import sys
import time
from pathlib import Path

import pytest

class Clock:
    now = 0

    def __call__(self):
        self.now += 1
        return self.now

clock = time.perf_counter_ns = Clock()
fresh = Path("begun").exists()
Path("begun").touch()

def taking(*microseconds, result=(1.5, "same")):
    each = itertools.cycle(microseconds)

    def arm():
        clock.now += 1000 * next(each)
        return list(result)

    return arm
"""


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """Return a pytester with this plugin and no other, outside CI, and a module of arms of known speed."""
    # A child must not take itself for a worker of the xdist that runs this test.
    xdist = [name for name in os.environ if name.startswith("PYTEST_XDIST_")]
    for variable in ("CI", "GITHUB_STEP_SUMMARY", "PYTEST_ADDOPTS", *xdist):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.setenv("PYTEST_PLUGINS", "pytest_genesis_perf.plugin")
    monkeypatch.setenv("COLUMNS", "120")
    pytester.makepyfile(arms=ARMS)
    pytester.makeini("[pytest]\nfilterwarnings = error\naddopts = --strict-markers --strict-config\n")
    return pytester


CLOCKED_ARMS = """
import pytest
from clocked import taking

slow, middle, quick, fast = taking(400), taking(200), taking(40), taking(2)

def other():
    return [1.5000000000000002, "same"]
"""


@pytest.fixture
def clocked(project: pytest.Pytester) -> pytest.Pytester:
    """Return a project whose clock only its arms move: every figure is exact, however busy the machine is.

    Its module `clocked` also knows whether this is a fresh process, which measures again.
    """
    project.makeconftest("import clocked")
    project.makepyfile(clocked=CLOCKED)
    return project


@pytest.fixture
def clocked_arms(clocked: pytest.Pytester) -> pytest.Pytester:
    """Return a project whose module of arms goes by the clock that only they move."""
    clocked.makepyfile(arms=CLOCKED_ARMS)
    return clocked
