"""Rows 1 to 12 of the outcome table: tests that meet them, and what a run says.

Where it is cheap, a later row applies to the same project too: the first one wins.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest

from pytest_genesis_perf.baseline_files import SpeedEntry
from pytest_genesis_perf.baselines import Store
from pytest_genesis_perf.environment import current
from pytest_genesis_perf.evidence import StoredSpeed
from tests.pytester.project_files import SAME, store

Prepare = Callable[[pytest.Pytester], object]


def stored(
    low: float, high: float = 0.0, *, digest: str = SAME, memory: int | None = None, more_cores: int = 0
) -> Prepare:
    """Store a speed of the test, its digest unless that is empty, and a peak of memory."""

    def prepare(project: pytest.Pytester) -> None:
        peaks = None if memory is None else {"baseline": memory, "optimized": memory}
        entry = SpeedEntry(StoredSpeed(low, low, high or low), 5, None, peaks)
        there = replace(current(), cores=current().cores + more_cores)
        store(project, {"test_it": entry}, digests={"test_it": digest} if digest else {}, environment=there)

    return prepare


def digests(text: str) -> Prepare:
    return lambda project: project.mkdir("baselines").joinpath("digests.toml").write_text(text, "utf-8")


def recorded_by_half_a_process(project: pytest.Pytester) -> None:
    stored(2.0)(project)
    path = Store(project.path / "baselines").speed_path(current())
    path.write_bytes(path.read_bytes().replace(b"processes = 5", b"processes = 5.5"))


@dataclass(frozen=True)
class Case:
    """The body of a test, what a run says of it (a pattern a line), and what the table does with it."""

    name: str
    body: str
    says: str
    by_default: str = "fail"
    soft: str = ""
    prepare: Prepare | None = None
    options: tuple[str, ...] = ()
    run_errors: tuple[str, ...] = ()
    label: str = "comparison"
    header: str = "genesis-perf: *"

    def __str__(self) -> str:
        return self.name

    @property
    def row(self) -> int:
        return int(self.name.split()[0])

    def chosen_to_fail(self) -> Case:
        options = (*self.options, "-o", f"genesis_perf_{self.soft}=fail")
        return replace(self, name=f"{self.name}, chosen to fail", by_default="fail", options=options)


SLOWER = "compare(baseline=taking(200), optimized=taking(600))"
TWICE = "compare(baseline=taking(200), optimized=taking(100))"
DIES = "if fresh: os._exit(3)\n"
SLOWER_ONCE = "compare(baseline=taking(200), optimized=taking({again} if fresh else 600))"
TWICE_ONCE = "compare(baseline=taking(200), optimized=taking(20 if fresh else 100))"
UNDECIDED = "compare(baseline=taking(200), optimized=taking(100, 100, 500))"
WIDE = "compare(baseline=taking(1600), optimized=taking(200, 200, 1000))"
UNSTABLE = """
first, later = taking(100), taking(100, result=(1.5, "other"))
arms = itertools.chain([first], itertools.repeat(later))
compare(baseline=taking(200), optimized=lambda: next(arms)())
"""
HUNGRY = """
optimized = taking(100)
compare(baseline=taking(200), optimized=lambda: bytearray(300_000) and optimized(), memory=True)
"""
TRACED = f"""
sys.settrace(lambda *_: None)
try:
    {TWICE}
finally:
    sys.settrace(None)
"""
FAILS = 'the claim "not slower by more than 2%" fails: speedup 0.333x to 0.333x'
HOLDS = 'the claim "not slower by more than 2%" holds: speedup 2.00x to 2.00x, stored'
BELOW = "slower than the stored baseline: speedup 2.00x to 2.00x, stored 4.00x to 4.00x"
DEAD = "(unconfirmable: fresh process 1 of 3: it ended with exit code 3*"
OTHERWISE = "not reproduced in fresh processes"
BRIEF = ("--genesis-perf-budget=1e-9",)
UNREADABLE, ACTIVE, INACTIVE = (
    f"genesis-perf: *; speed baselines: {state}"
    for state in ("unreadable: *", "1 of 1 active", "0 of 1 active")
)

CASES = [
    Case(
        "1 unknown type",
        "compare(baseline=object, optimized=object)",
        "ERROR: the baseline arm's result: values of type object cannot be compared*",
    ),
    Case(
        "1 an arm raises",
        "compare(baseline=taking(200), optimized=lambda: 1 // 0)",
        "ERROR: the optimized arm raised ZeroDivisionError: *",
    ),
    Case(
        "1 corrupt digests",
        TWICE,
        "ERROR: *digests.toml: not valid TOML*",
        prepare=digests("schema = 1\n[entry"),
        header=UNREADABLE,
        run_errors=("run 1",),  # what is orphaned is not known then
    ),
    Case(
        "1 unknown schema",
        TWICE,
        "ERROR: *digests.toml: line 1: schema: must be 1, not 2: *newer one: upgrade genesis-backtest to read it",
        prepare=digests("schema = 2\n"),
        header=UNREADABLE,
        run_errors=("run 1",),  # what is orphaned is not known then
    ),
    Case(
        "1 corrupt speeds",
        TWICE,
        "ERROR: *.toml: line 12: entry.*.processes: must be a whole number >= 1, not 5.5",
        prepare=recorded_by_half_a_process,
        header=UNREADABLE,
        run_errors=("run 1",),  # what is orphaned is not known then
    ),
    Case(
        "1 nothing compared",
        "pass",
        "ERROR: the fixture genesis_perf was requested but nothing was compared; call its compare()",
    ),
    Case(
        "1 a label twice",
        "for _ in range(2): compare(baseline=taking(200), optimized=taking(100), label='x')",
        "ERROR: compare(): the label 'x' is used twice in this test",
        label="comparison 2",
    ),
    Case(
        "2 arms differ",
        "compare(baseline=taking(200), optimized=taking(600, result=(1.5, 'other')))",
        "DIFFERENT: the arms differ\nresult[[]1]: *",
        prepare=stored(4.0),
    ),
    Case(
        "2 first and last call differ",
        UNSTABLE,
        "DIFFERENT: first (baseline) and last (optimized) call of the optimized arm differ\nresult[[]1]: *",
    ),
    Case(
        "2 both arms differ from the stored digest",
        SLOWER,
        "DIFFERENT: both arms agree, but not with the stored digest",
        prepare=stored(4.0, digest="0" * 32),
    ),
    Case("3 confirmed", SLOWER, f"REGRESSED: {FAILS}", prepare=stored(4.0)),
    Case(
        "3 confirmed, of an explicit claim",
        "compare(baseline=taking(200), optimized=taking(100), min_speedup=3)",
        'MISSED: the claim "at least 3x faster" fails: speedup 2.00x to 2.00x',
        prepare=stored(4.0),
    ),
    Case("4 a child cannot run", DIES + SLOWER, f"REGRESSED: {FAILS} {DEAD}", prepare=stored(4.0)),
    Case(
        "5 not reproduced",
        SLOWER_ONCE.format(again=100),
        f"INCONCLUSIVE: {FAILS}, {OTHERWISE} (0 of 3 fresh processes found it: 2.00x, 2.00x, 2.00x)",
        "warn",
        "not_reproduced",
        stored(4.0),
    ),
    Case(
        "5 less clear",
        SLOWER_ONCE.format(again=202),
        f"INCONCLUSIVE: {FAILS}, {OTHERWISE} (less clear: 0.990x, 0.990x, 0.990x)",
        "warn",
        prepare=stored(4.0),
    ),
    Case(
        "6 memory over the stored peak",
        HUNGRY,
        "REGRESSED: cost: optimized peak memory, bytes: 30?,???, stored 200,000 x 1.01",
        prepare=stored(4.0, memory=200_000),
    ),
    Case("7 confirmed", TWICE, f"REGRESSED: {BELOW}", prepare=stored(4.0, digest="")),
    Case(
        "7 confirmed, beside an undecided claim",
        UNDECIDED,
        "REGRESSED: slower than the stored baseline: speedup 0.894x to 2.00x, stored 4.00x to 4.00x",
        prepare=stored(4.0),
        options=BRIEF,
    ),
    Case("7 a child cannot run", DIES + TWICE, f"REGRESSED: {BELOW} {DEAD}", prepare=stored(4.0)),
    Case(
        "8 undecided in the time",
        UNDECIDED,
        'INCONCLUSIVE: the claim "not slower by more than 2%" is undecided after 32 blocks, '
        "stopped by the time budget of 1e-09 s; *",
        "warn",
        "inconclusive",
        stored(1.0, digest=""),
        BRIEF,
    ),
    Case(
        "8 ties with the limit",
        "compare(baseline=taking(200), optimized=taking(200), margin=0)",
        'INCONCLUSIVE: the claim "not slower" is undecided after 32 blocks, stopped by *; 100% of the blocks tie *',
        "warn",
        prepare=stored(1.0, digest=""),
        options=BRIEF,
    ),
    Case(
        "8 tracing is active",
        TRACED,
        "INCONCLUSIVE: speed is not judged while a trace function of test_it is active",
        "warn",
        "inconclusive",
        stored(1.0, digest=""),
    ),
    Case(
        "8 slower than stored, not reproduced",
        TWICE_ONCE,
        f"INCONCLUSIVE: the claim holds; {BELOW}, {OTHERWISE} (0 of 3 fresh processes found it: 10.0x, 10.0x, 10.0x)",
        "warn",
        prepare=stored(4.0, digest=""),
    ),
    Case(
        "8 too wide beside a stored speed",
        WIDE,
        "INCONCLUSIVE: the claim holds; over 10% wide, the interval cannot be held against the baseline: "
        "speedup 3.58x to 8.00x, stored 4.00x to 12.0x",
        "warn",
        prepare=stored(4.0, 12.0, digest=""),
        options=BRIEF,
    ),
    Case(
        "9 no digest",
        TWICE,
        "NO-BASELINE: digest: none is stored for this comparison, record it with --genesis-perf-update",
        "warn",
        "no_digest",
        stored(2.0, digest="", more_cores=7),
    ),
    Case(
        "10 no speed of this class",
        TWICE,
        "NO-BASELINE: speed: none is stored for this environment class; the nearest one differs: "
        f"cores is {current().cores} here, {current().cores + 7} there",
        "warn",
        "no_speed",
        stored(2.0, more_cores=7),
        header=INACTIVE,
    ),
    Case(
        "10 no cost",
        HUNGRY,
        "NO-BASELINE: memory: none is stored, record with --genesis-perf-update and *memory=True",
        "warn",
        "no_cost",
        stored(1.0),
    ),
    Case(
        "11 faster than stored",
        TWICE,
        f"IMPROVED: {HOLDS} 1.000x to 1.500x; an update is advised",
        "pass",
        "improved",
        stored(1.0, 1.5),
    ),
    Case("12 as stored", TWICE, f"PASS: {HOLDS} 2.00x to 2.00x", "pass", prepare=stored(2.0), header=ACTIVE),
]
CASES += [case.chosen_to_fail() for case in CASES if case.soft]
CASES.sort(key=lambda case: case.row)
