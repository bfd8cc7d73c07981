"""Words and numbers of the columns that the reports share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pytest_genesis_perf.notation import grouped, size, times
from pytest_genesis_perf.record import Comparison, named

if TYPE_CHECKING:
    from pytest_genesis_perf.report.model import Report


def stored(record: Comparison) -> str:
    """Return the stored speedup, "-" if there is none."""
    return "-" if record.stored is None else times(record.stored[1])


def identical(record: Comparison) -> str:
    """Return in a word or two what is known about identity."""
    if record.verdict == "ERROR":
        return "not compared"
    if record.verdict == "DIFFERENT":
        return "NO"
    states = {"match": "yes", "missing": "yes, new", "untracked": "yes"}
    return states.get(record.digest_state, record.digest_state)


def work(record: Comparison) -> str:
    """Return what one call does, and the hits of a cached arm: a speedup by a cache is worth as much as they say."""
    hits = record.plans.get("optimized", {}).get("hits")
    told = f"{hits:,} hit{'' if hits == 1 else 's'}" if type(hits) is int else ""
    return ", ".join(filter(None, (record.work, told)))


def name(record: Comparison) -> str:
    """Return the test, and the label behind it where it says more than the default."""
    return named(record.nodeid, record.label)


def short_names(records: Sequence[Comparison]) -> list[str]:
    """Return the names for a table: without the folder they share, and without a label that repeats the test's."""
    folders = {record.nodeid.partition("::")[0].rpartition("/")[0] for record in records}
    shared = f"{folders.pop()}/" if len(folders) == 1 else ""
    return [(record.nodeid if _repeats(record) else name(record)).removeprefix(shared) for record in records]


def _repeats(record: Comparison) -> bool:
    """Say whether the label is the test's own name or one of its parameters."""
    function, _, parameters = record.nodeid.rpartition("::")[2].partition("[")
    word = record.label.replace(" ", "_")
    return function == f"test_{word}" or record.label in parameters.removesuffix("]").split("-")


def extra_columns(records: Sequence[Comparison]) -> dict[str, list[str]]:
    """Return the columns that the project adds, by title: a cell a record, "-" where a record has none."""
    titles = dict.fromkeys(title for record in records for title in record.extra)
    return {title: [record.extra.get(title, "-") for record in records] for title in titles}


def memory(record: Comparison) -> str:
    """Return the peak memory of both arms, "-" if it was not counted."""
    counts = record.memory_bytes
    return "-" if counts is None else f"{size(counts['baseline'])}, {size(counts['optimized'])}"


def instructions(record: Comparison) -> str:
    """Return the instructions of both arms, "-" if they were not counted."""
    counts = record.instructions
    return "-" if counts is None else f"{grouped(counts['baseline'])}, {grouped(counts['optimized'])}"


def warnings(report: Report) -> list[str]:
    """Return what should be looked at besides the verdicts: of the run, then of comparisons."""
    remarks = [f"{name(record)}: {remark}" for record in report.comparisons for remark in record.remarks]
    return [*report.warnings, *remarks]
