"""Words and numbers shared by all reports, and the text of a failing test."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from pytest_genesis_perf.record import DEFAULT_LABEL, Comparison


def times(speedup: float) -> str:
    """Return a speedup: three decimals where percents matter, fewer where they do not."""
    if speedup < 0.1:
        return f"{speedup:.3g}x"
    decimals = 3 if speedup < 2.0 else 2 if speedup < 10.0 else 1 if speedup < 100.0 else 0
    return f"{speedup:,.{decimals}f}x"


def seconds(value: float) -> str:
    """Return a duration with three significant digits and its unit."""
    for unit, scale in (("s", 1.0), ("ms", 1e-3), ("us", 1e-6)):
        if value >= scale * 0.9995:
            return f"{_three(value / scale)} {unit}"
    return f"{_three(value / 1e-9)} ns"


def interval(record: Comparison) -> str:
    """Return the interval of the speedup, empty if there is none."""
    if record.interval is None:
        return ""
    low, high = (times(end)[:-1] for end in record.interval)
    return f"[{low}, {high}]"


def speedup(record: Comparison) -> str:
    """Return the speedup with its interval, "-" if it was not measured."""
    if record.speedup is None:
        return "-"
    return f"{times(record.speedup)} {interval(record)}".rstrip()


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
    return record.nodeid if record.label == DEFAULT_LABEL else f"{record.nodeid} / {record.label}"


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


def property_text(record: Comparison) -> str:
    """Return the verdict and its numbers on one line, for JUnit."""
    told = record.verdict if record.speedup is None else f"{record.verdict} {speedup(record)}"
    return "; ".join([told, *cost_lines(record)])


def cost_lines(record: Comparison) -> list[str]:
    """Return what a call of each arm costs besides time, the stored counts beside it, and what was not counted."""
    lines = []
    for what, unit, counts, before in (
        ("peak memory", " bytes", record.memory_bytes, record.stored_memory_bytes),
        ("instructions", "", record.instructions, record.stored_instructions),
    ):
        if counts is None:
            continue
        arms = [
            f"{role} {_count(counts[role])}{unit}" + (f" (stored {_count(before[role])})" if before else "")
            for role in ("baseline", "optimized")
        ]
        tool = f" ({counts['tool']})" if "tool" in counts else ""
        lines.append(f"{what}: {', '.join(arms)}{tool}")
    return lines + list(record.cost_gaps)


def memory(record: Comparison) -> str:
    """Return the peak memory of both arms, "-" if it was not counted."""
    counts = record.memory_bytes
    return "-" if counts is None else f"{_size(counts['baseline'])}, {_size(counts['optimized'])}"


def instructions(record: Comparison) -> str:
    """Return the instructions of both arms, "-" if they were not counted."""
    counts = record.instructions
    return "-" if counts is None else f"{_count(counts['baseline'])}, {_count(counts['optimized'])}"


def plan_text(record: Comparison) -> str:
    """Return what each arm says it ran, empty if neither says anything."""
    return "; ".join(
        f"{role} ran "
        + ", ".join(f"{key} {value}" if key != "path" else f"{value}" for key, value in plan.items())
        for role, plan in record.plans.items()
    )


def reproduce(record: Comparison, seed: int) -> str:
    """Return the command that repeats a comparison."""
    flags = f"--genesis-perf --genesis-perf-seed={seed} " if record.timed else ""
    # The ini key or the test itself may have asked for them; it does no harm to ask twice.
    flags += "--genesis-perf-memory " if record.memory_bytes is not None else ""
    flags += "--genesis-perf-instructions " if record.instructions is not None else ""
    return f"pytest {flags}{shlex.quote(record.nodeid)}"


def failure_text(record: Comparison, seed: int) -> str:
    """Return what a failing test says: verdict, numbers and rule; where results differ; how to repeat it.

    Parameters
    ----------
    record : Comparison
        The comparison.
    seed : int
        Seed of the run.
    """
    lines = [f"{record.verdict}: {record.detail}", f"comparison: {record.nodeid} / {record.label}"]
    if record.digest_state == "differs":
        lines.append(f"digest: {record.digest}, stored {record.stored_digest}")
        lines.append("if the change is meant, record it with --genesis-perf-update")
    if record.speedup is not None and record.seconds is not None:
        pair = ", ".join(f"{role} {seconds(value)}" for role, value in record.seconds.items())
        lines.append(f"measured: {speedup(record)} ({pair}, {len(record.blocks):,} blocks)")
    if record.confirmation:
        lines.append(f"fresh processes: {', '.join(map(times, record.confirmation))}")
    lines += cost_lines(record)
    if plan_text(record):
        lines.append(f"plans: {plan_text(record)}")
    lines.append(f"reproduce: {reproduce(record, seed)}")
    return "\n".join(lines)


def _count(count: int | str) -> str:
    return f"{count:,}" if isinstance(count, int) else count


def _size(count: int) -> str:
    """Return an amount of memory with three significant digits and its unit."""
    for unit, scale in (("GiB", 2**30), ("MiB", 2**20), ("KiB", 2**10)):
        if count >= scale * 0.9995:
            return f"{_three(count / scale)} {unit}"
    return f"{count} B"


def _three(value: float) -> str:
    decimals = 2 if value < 9.995 else 1 if value < 99.95 else 0
    return f"{value:.{decimals}f}"
