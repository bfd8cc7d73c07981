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

def fast():
    return work(20)

def other():
    return [1.5000000000000002, "same"]
"""


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """Return a pytester with this plugin and no other, outside CI, and a module of arms of known speed."""
    # A child must not take itself for a worker of the xdist that runs this test.
    xdist = [name for name in os.environ if name.startswith("PYTEST_XDIST_")]
    for variable in ("CI", "PYTEST_ADDOPTS", *xdist):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.setenv("PYTEST_PLUGINS", "pytest_genesis_perf.plugin")
    monkeypatch.setenv("COLUMNS", "120")
    pytester.makepyfile(arms=ARMS)
    pytester.makeini("[pytest]\nfilterwarnings = error\naddopts = --strict-markers --strict-config\n")
    return pytester
