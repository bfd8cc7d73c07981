from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from pytest_genesis_perf.comparing import GenesisPerf
from pytest_genesis_perf.session import Session
from pytest_genesis_perf.settings import Settings


def perf(nodeid: str, *marks: pytest.Mark, worker: bool) -> GenesisPerf:
    def iter_markers(name: str) -> list[pytest.Mark]:
        return [mark for mark in marks if mark.name == name]

    config = SimpleNamespace(workerinput={}) if worker else SimpleNamespace()
    hooks = SimpleNamespace(pytest_genesis_perf_comparators=lambda config: [])
    item: Any = SimpleNamespace(
        nodeid=nodeid, config=config, ihook=hooks, iter_markers=iter_markers, user_properties=[]
    )
    settings = Settings(
        timed=False,
        update=None,
        report=None,
        baselines=Path("no-such-folder"),
        seed=1,
        budget=4.0,
        cap=60.0,
        margin=0.02,
        libraries=(),
    )
    return GenesisPerf(cast(pytest.Item, item), Session(settings))


ONE = pytest.mark.xdist_group("one").mark
TWO = pytest.mark.xdist_group(name="two").mark
BARE = pytest.mark.xdist_group.mark


@pytest.mark.parametrize(
    ("nodeid", "marks", "stable"),
    [
        ("t.py::test@one", [ONE], "t.py::test"),
        ("t.py::test@one_two", [TWO, ONE], "t.py::test"),
        ("t.py::test@default", [BARE], "t.py::test"),
        # Not every version of pytest shows what xdist writes.
        ("t.py::test[a@b]", [ONE], "t.py::test[a@b]"),
        ("t.py::test@one", [], "t.py::test@one"),
    ],
)
def test_a_comparison_keeps_its_name_whatever_xdist_writes_behind_it(
    nodeid: str, marks: list[pytest.Mark], stable: str
) -> None:
    assert perf(nodeid, *marks, worker=True).nodeid == stable
    assert perf(nodeid, *marks, worker=False).nodeid == nodeid


def test_what_a_report_carries_is_handed_over_once() -> None:
    compared = perf("t.py::test", worker=False)
    compared.compare(baseline=int, optimized=int, label="a")
    first, second = compared.take_plain(), compared.take_plain()
    assert first["test"] == "t.py::test"
    assert [record["label"] for record in first["comparisons"]] == ["a"]
    assert second["comparisons"] == []
