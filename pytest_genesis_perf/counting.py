"""Run a test once more under valgrind, in one child, to count the instructions of its arms."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from pytest_genesis_perf.callgrind_file import dump_name
from pytest_genesis_perf.child_request import Request
from pytest_genesis_perf.children import ask_child
from pytest_genesis_perf.costs import Counted
from pytest_genesis_perf.instructions import count_instructions, marked, switched
from pytest_genesis_perf.measurement import Pair

_ONE_THREAD = (
    "BLIS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMBA_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
)


@dataclass(frozen=True)
class TestCounts:
    """The instructions of the comparisons of one test.

    Parameters
    ----------
    by_label : mapping
        Of each comparison that ran.
    fault : str
        Why none could be counted.
    """

    __test__ = False

    by_label: Mapping[str, Counted] = field(default_factory=dict)
    fault: str = ""

    def of(self, label: str) -> Counted:
        """Return what was counted of a comparison, or why it was not."""
        return self.by_label.get(label) or Counted(
            why=self.fault or "the comparison did not run under valgrind"
        )


def count_test(config: pytest.Config, nodeid: str, files: tuple[str, ...], timeout: float) -> TestCounts:
    """Count the instructions of all comparisons of a test.

    Parameters
    ----------
    config : pytest.Config
        The run that the test belongs to.
    nodeid : str
        The test.
    files : tuple of str
        Its file, where it can be named.
    timeout : float
        Seconds after which the child is killed.
    """
    programs = {name: shutil.which(name) for name in ("valgrind", "vgdb")}
    valgrind, vgdb = programs["valgrind"], programs["vgdb"]
    if valgrind is None:
        return TestCounts(fault="valgrind was not found")
    if vgdb is None:
        return TestCounts(fault="vgdb, which belongs to valgrind, was not found")
    with tempfile.TemporaryDirectory(prefix="genesis-perf-") as folder:
        request = Request(answer="", select=(nodeid,), files=files, dumps=folder, vgdb=vgdb)
        answer = ask_child(
            config,
            request,
            timeout,
            under=[valgrind, *callgrind_options(Path(folder))],
            environment=repeatable(os.environ),
        )
    if answer.fault:
        # A reason is one line in a table: of what the child printed, the last line says most.
        reason, *printed = answer.fault.splitlines()
        return TestCounts(fault=" ".join(["under valgrind", reason, *printed[-1:]]))
    counts: dict[str, Counted] = {}
    for one in answer.measured:
        if one.instructions is None:
            counts[one.label] = Counted(why=one.why)
        else:
            arms = {role: int(count) for role, count in one.instructions.items() if role != "tool"}
            counts[one.label] = Counted(arms, str(one.instructions["tool"]))
    return TestCounts(counts)


def counted_here(pair: Pair, request: Request) -> Counted:
    """Count the instructions of a pair in this process, which runs under callgrind.

    Parameters
    ----------
    pair : Pair
        The arms, called before.
    request : Request
        Where callgrind writes, and who turns it on.

    Raises
    ------
    ArmRaisedError
        If an arm raises.
    """
    folder = Path(request.dumps)
    switch = switched(request.vgdb, vgdb_prefix(folder))
    return count_instructions(pair.baseline, pair.optimized, switch, marked(folder))


def callgrind_options(folder: Path) -> list[str]:
    """Return valgrind's options: count nothing until told to, and write a dump at each mark.

    Parameters
    ----------
    folder : Path
        For the dumps, and for the pipes by which vgdb reaches the process.
    """
    # A percent sign begins a placeholder there.
    place = str(folder).replace("%", "%%")
    return [
        # The user's own defaults would change what is counted.
        "--command-line-only=yes",
        "--tool=callgrind",
        "--quiet",
        "--instr-atstart=no",
        "--dump-before=getppid",
        "--dump-line=no",
        f"--callgrind-out-file={place}/{dump_name('%p')}",
        f"--vgdb-prefix={vgdb_prefix(folder)}",
    ]


def vgdb_prefix(folder: Path) -> str:
    """Return where valgrind and vgdb meet."""
    return f"{folder}/vgdb"


def repeatable(environment: Mapping[str, str]) -> dict[str, str]:
    """Return variables that make a process do the same in every run.

    Python's own allocator, and glibc's beyond its per-thread lists, do more or less depending on all that was allocated
    before: 2.5% of the instructions of an arm that makes integers, with other pytest plugins loaded. Blocks that always
    go back to and come from those lists leave 0.02%.

    Parameters
    ----------
    environment : mapping
        What is set already.
    """
    lists = "glibc.malloc.tcache_count=65535"
    earlier = environment.get("GLIBC_TUNABLES")
    return dict.fromkeys(_ONE_THREAD, "1") | {
        "PYTHONHASHSEED": "0",
        "PYTHONMALLOC": "malloc",
        "GLIBC_TUNABLES": f"{earlier}:{lists}" if earlier else lists,
    }
