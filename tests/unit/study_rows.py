"""Rows as the study writes them, made up: gates with known blocks, judged by the plugin's functions."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from benchmarks.verdict_study import (
    gates,
    rawfiles,
)
from benchmarks.verdict_study.slices import RawBlocks
from pytest_genesis_perf.child_request import Measured, Request
from pytest_genesis_perf.children import Answer
from pytest_genesis_perf.confirm import Suspicion
from pytest_genesis_perf.evidence import Claim, Evidence
from pytest_genesis_perf.observe import Observation
from pytest_genesis_perf.pending import Pending
from pytest_genesis_perf.statistics import (
    LONG_ARMS,
    MAX_SIGN_CORRELATION,
    SHORT_ARMS,
    ClaimState,
    judge_claim,
    sign_correlation,
)
from pytest_genesis_perf.verdict import decide

LIMIT = Claim().limit


def made(xs: np.ndarray[Any, np.dtype[np.float64]], seed: str, *, long: bool = False) -> RawBlocks:
    """Return slices that give roughly these blocks, in the order that the coin of the seed asks for."""
    width = 2 if long else 4
    empty = RawBlocks(seed, False, (1, 1), long, np.ones((len(xs), width), dtype=np.int64))
    slices = [
        [round(1e8 * math.exp(x if role else 0.0)) for role in order]
        for x, order in zip(xs.tolist(), empty.roles(), strict=True)
    ]
    return RawBlocks(seed, False, (1, 1), long, np.array(slices, dtype=np.int64))


def judged(
    center: float,
    spread: float,
    seed: int,
    *,
    long: bool,
    isolate: bool = False,
    xs: list[float] | None = None,
    fresh: tuple[float, ...] = (),
    control: float = 0.0,
) -> dict[str, Any]:
    """Return the row of a gate whose blocks are made up, judged and confirmed by the plugin's functions."""
    random = np.random.default_rng(seed)
    rule = LONG_ARMS if long else SHORT_ARMS
    looks = rule.looks[:5]

    def blocks(n: int, middle: float) -> RawBlocks:
        return made(random.normal(middle, spread, n), str(random.integers(1 << 40)), long=long)

    def near() -> float:
        return center + random.normal(0.0, 0.004)

    whole = blocks(looks[-1], near()) if xs is None else made(np.array(xs), "s", long=long)
    found_xs, state, drawn = whole.xs(), ClaimState.UNDECIDED, looks[-1]
    for look in looks:
        doubt = sign_correlation(found_xs[:look], LIMIT) > MAX_SIGN_CORRELATION
        state = ClaimState.UNDECIDED if doubt else judge_claim(found_xs[:look], LIMIT, rule)
        drawn = look
        if state is not ClaimState.UNDECIDED:
            break
    first = RawBlocks(whole.seed, False, whole.calls, long, whole.slices[:drawn])
    kept: list[dict[str, Any]] = []

    def ask(request: Request) -> Answer:
        n = 24 if long else 64
        raw = blocks(n, fresh[len(kept)] if fresh else near())
        same = blocks(n, control) if request.control else None
        kept.append({"raw": raw.to_plain(), "control": same.to_plain() if same else None})
        return Answer(
            (
                Measured(
                    nodeid=gates.NODEID, label="l", blocks=tuple(raw.xs()), long=long, speedup=1.0,
                    seconds={"baseline": 1.0, "optimized": 1.0}, calls={"baseline": 1, "optimized": 1},
                    control=tuple(same.xs()) if same else (),
                ),
            )
        )  # fmt: skip

    row: dict[str, Any] = {"mode": "isolated" if isolate else "plain", "kind": "python", "variant": "same"}
    evidence, suspicion = Evidence(asked=Claim()), Suspicion.ISOLATED
    if not isolate:
        row |= {"first": first.to_plain(), "state": state.value}
        reason = "undecided" if state is ClaimState.UNDECIDED else None
        evidence = Evidence(asked=Claim(), claim=state, interval=(0.9, 1.1), inconclusive_reason=reason)
        suspicion = Suspicion.CLAIM_FAILS
    seen = Observation(evidence, gates.NOT_COMPARED, None, suspicion)
    found = None
    if isolate or state is ClaimState.FAILS:
        seen, found = Pending(gates.NODEID, "l", None, seen).ask_fresh(ask, ())
    outcome = decide(seen.evidence)
    return row | {
        "fresh": kept, "confirmed": found.reproduced if found else None, "verdict": str(outcome.verdict),
        "effect": outcome.failed_default, "fresh_seconds": 0.0,
    }  # fmt: skip


def gate(
    variant: str, verdict: str, *, state: str = "holds", kind: str = "python", **more: Any
) -> dict[str, Any]:
    effect = "fail" if verdict == "REGRESSED" else "warn"
    plain = {"kind": kind, "variant": variant, "mode": "plain", "state": state, "verdict": verdict}
    return plain | {"effect": effect, "first_seconds": 0.1, "fresh_seconds": 2.0} | more


def process(name: str, *rows: dict[str, Any], situation: str = "quiet") -> rawfiles.Process:
    told = dict.fromkeys(("python", "machine", "cores", "numpy", "numba"), "x")
    return rawfiles.Process(name, {"situation": situation, "group": "same", **told}, rows)
