"""What a project of these tests has on disk: baselines before a run, JUnit after it."""

from __future__ import annotations

from collections.abc import Mapping
from xml.etree import ElementTree

import pytest

from pytest_genesis_perf.baseline_files import SpeedEntry, SpeedFile, write_digests, write_speeds
from pytest_genesis_perf.baselines import Store
from pytest_genesis_perf.environment import EnvironmentClass, current
from pytest_genesis_perf.identity import digest

SAME = digest([1.5, "same"])
"""Of what the arms of the fixture `project` return."""
TIMERS = """
import signal
import threading

def running():
    threads = any(isinstance(thread, threading.Timer) for thread in threading.enumerate())
    return threads or signal.getitimer(signal.ITIMER_REAL)[0] > 0.0
"""
"""A module that knows whether pytest-timeout has a timer running."""


def store(
    project: pytest.Pytester,
    speeds: Mapping[str, SpeedEntry],
    *,
    digests: Mapping[str, str] | None = None,
    environment: EnvironmentClass | None = None,
) -> None:
    """Store speeds by the names of tests in test_it.py, and their digests; by default the arms' own ones."""
    baselines, here = Store(project.path / "baselines"), environment or current()
    known = dict.fromkeys(speeds, SAME) if digests is None else digests
    write_digests(baselines.digests_path, {_key(name): value for name, value in known.items()})
    entries = {_key(name): entry for name, entry in speeds.items()}
    write_speeds(baselines.speed_path(here), SpeedFile(here, entries))


def failures(project: pytest.Pytester) -> dict[str, str]:
    """Return the text of each failure in JUnit, by the name of its test."""
    found = {case.attrib["name"]: case.find("failure") for case in _cases(project)}
    return {name: node.text or "" for name, node in found.items() if node is not None}


def properties(project: pytest.Pytester) -> dict[str, dict[str, str]]:
    """Return what JUnit has of the comparisons of each test; of a label used twice, the last."""
    return {
        case.attrib["name"]: {
            entry.attrib["name"]: entry.attrib["value"] for entry in case.findall("properties/property")
        }
        for case in _cases(project)
    }


def _cases(project: pytest.Pytester) -> list[ElementTree.Element]:
    return ElementTree.parse(project.path / "junit.xml").findall(".//testcase")


def _key(name: str) -> tuple[str, str]:
    return f"test_it.py::{name}", "comparison"
