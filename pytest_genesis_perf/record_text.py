"""A record in words: what a failing test says of it, and JUnit. The reports say the same words."""

from __future__ import annotations

import shlex

from pytest_genesis_perf.notation import between, grouped, seconds, times
from pytest_genesis_perf.record import Comparison


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


def property_text(record: Comparison) -> str:
    """Return the verdict and its numbers on one line, for JUnit; of a warning also why."""
    told = record.verdict if record.speedup is None else f"{record.verdict} {speedup(record)}"
    why = record.detail.splitlines()[:1] if record.effect == "warn" else []
    return "; ".join([told, *why, *cost_lines(record)])


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
            f"{role} {grouped(counts[role])}{unit}" + (f" (stored {grouped(before[role])})" if before else "")
            for role in ("baseline", "optimized")
        ]
        tool = f" ({counts['tool']})" if "tool" in counts else ""
        lines.append(f"{what}: {', '.join(arms)}{tool}")
    return lines + list(record.cost_gaps)


def speedup(record: Comparison) -> str:
    """Return the speedup with its interval, "-" if it was not measured."""
    if record.speedup is None:
        return "-"
    told = times(record.speedup)
    return told if record.interval is None else f"{told} {between(*record.interval)}"


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
