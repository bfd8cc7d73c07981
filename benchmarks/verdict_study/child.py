"""A fresh process of the study: ``python -m benchmarks.verdict_study.child REQUEST RAW KIND VARIANT BUDGET CAP``.

It does what a child of the plugin does (``pytest_genesis_perf.observe`` and ``child_side``): ballast first, both arms
called once, so many blocks, perhaps a control.
"""

from __future__ import annotations

import json
import os
import secrets
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_genesis_perf.child_request import Measured, Request, write_answer
from pytest_genesis_perf.child_start import ballast, die_with_parent

if TYPE_CHECKING:
    from pytest_genesis_perf.arms import Arm
    from pytest_genesis_perf.measurement import Asked, Measurement


def main(arguments: list[str]) -> None:
    """Measure, and write what was measured."""
    request = Request.read(Path(arguments[0]))
    if request.lifeline is not None:
        die_with_parent(request.lifeline)
    held = ballast(request.ballast)

    # Behind the ballast: what these import lies elsewhere in each process.
    from benchmarks.verdict_study.asking import Cell
    from benchmarks.verdict_study.gates import NODEID, arms_of
    from pytest_genesis_perf.measurement import Asked

    kind, variant, budget, cap = arguments[2:]
    baseline, optimized = arms_of(Cell(kind, variant))
    limits = float(budget), float(cap)
    asked = Asked(request.blocks, None, request.beyond, *limits, request.exchanged)
    raw, measured = _measured(asked, baseline, optimized)
    kept: dict[str, Any] = {"raw": raw, "control": None, "ballast": len(held)}
    control, control_long = (), False
    if request.control:
        kept["control"], same = _measured(Asked(measured.drawn, None, None, *limits), baseline, baseline)
        control, control_long = same.xs, same.plan.long
    kept["hash_seed"] = os.environ.get("PYTHONHASHSEED", "")
    plan = measured.plan
    answer = Measured(
        nodeid=NODEID,
        label=request.label or "",
        blocks=measured.xs,
        long=plan.long,
        speedup=measured.speedup,
        seconds={
            "baseline": measured.baseline_seconds or 0.0,
            "optimized": measured.optimized_seconds or 0.0,
        },
        calls={"baseline": plan.baseline_calls, "optimized": plan.optimized_calls},
        control=control,
        control_long=control_long,
    )
    write_answer(request, [answer])
    Path(arguments[1]).write_text(json.dumps(kept), encoding="utf-8")


def _measured(asked: Asked, baseline: Arm, optimized: Arm) -> tuple[dict[str, Any], Measurement]:
    from benchmarks.verdict_study.slices import raw_blocks
    from pytest_genesis_perf.measure import measure_asked
    from pytest_genesis_perf.measurement import Pair

    seed = secrets.token_hex(8)
    measured = measure_asked(Pair("", "", baseline, optimized, seed), asked)
    return raw_blocks(measured, seed, exchanged=asked.exchanged).to_plain(), measured


if __name__ == "__main__":
    main(sys.argv[1:])
