from __future__ import annotations

from importlib.metadata import entry_points

import pytest

pytest_plugins = ["pytester"]

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
    """Return a pytester of which the plugin is loaded, outside CI, with a module of arms of known speed."""
    for variable in ("CI", "PYTEST_ADDOPTS", "PYTEST_PLUGINS", "COLUMNS"):
        monkeypatch.delenv(variable, raising=False)
    if not entry_points(group="pytest11", name="genesis_perf"):
        monkeypatch.setenv("PYTEST_PLUGINS", "pytest_genesis_perf.plugin")
    pytester.makepyfile(arms=ARMS)
    pytester.makeini("[pytest]\nfilterwarnings = error\naddopts = --strict-markers --strict-config\n")
    return pytester
