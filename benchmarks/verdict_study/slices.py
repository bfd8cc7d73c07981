"""The slices of a measurement as raw nanoseconds, kept beside what was made of them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pytest_genesis_perf.measurement import Measurement

Slices = NDArray[np.int64]


@dataclass(frozen=True)
class RawBlocks:
    """The blocks of one process as they were timed.

    Parameters
    ----------
    seed : str
        Of the coin.
    exchanged : bool
        Whether the roles of the arms were exchanged.
    calls : tuple of int
        Calls in a slice of the baseline and the optimized arm.
    long : bool
        Whether the rule of long arms judges them.
    slices : ndarray, shape (blocks, slices)
        Nanoseconds, in time order.
    """

    seed: str
    exchanged: bool
    calls: tuple[int, int]
    long: bool
    slices: Slices

    def to_plain(self) -> dict[str, Any]:
        """Return it as scalars and lists."""
        return {
            "seed": self.seed,
            "exchanged": self.exchanged,
            "calls": list(self.calls),
            "long": self.long,
            "blocks": len(self.slices),
            "slices": self.slices.tolist(),
        }

    @classmethod
    def from_plain(cls, plain: dict[str, Any]) -> RawBlocks:
        """Rebuild it."""
        slices = table(plain["slices"])
        first, second = plain["calls"]
        return cls(plain["seed"], plain["exchanged"], (first, second), plain["long"], slices)

    def roles(self) -> list[tuple[int, ...]]:
        """Return which arm (0 baseline, 1 optimized) each slice of each block was of: the coin, thrown again."""
        coin = Random(self.seed)
        orders: list[tuple[int, ...]] = []
        for _ in range(len(self.slices)):
            first = int((coin.random() < 0.5) != self.exchanged)
            orders.append((first, 1 - first, 1 - first, first)[: self.slices.shape[1]])
        return orders

    def logs(self) -> tuple[list[float], list[float]]:
        """Return mean log seconds of one call of the baseline and the optimized arm, a number a block."""
        both: tuple[list[float], list[float]] = ([], [])
        for order, block in zip(self.roles(), self.slices.tolist(), strict=True):
            logs: tuple[list[float], list[float]] = ([], [])
            for role, elapsed in zip(order, block, strict=True):
                logs[role].append(math.log(elapsed * 1e-9 / self.calls[role]))
            for role in (0, 1):
                both[role].append(math.fsum(logs[role]) / len(logs[role]))
        return both

    def xs(self) -> list[float]:
        """Return the blocks in log units: mean(log optimized) - mean(log baseline)."""
        baseline, optimized = self.logs()
        return [o - b for b, o in zip(baseline, optimized, strict=True)]


def table(slices: Sequence[Sequence[int]]) -> Slices:
    """Return slices as an array, a row a block; without blocks it has no columns."""
    return np.array(slices, dtype=np.int64).reshape(len(slices), len(slices[0]) if slices else 0)


class RecordingError(Exception):
    """The slices do not give the blocks that were measured."""


def raw_blocks(measured: Measurement, seed: str, *, exchanged: bool = False) -> RawBlocks:
    """Return the slices of a measurement, once they were seen to give its blocks.

    Parameters
    ----------
    measured : Measurement
        What was made of them.
    seed : str
        Of its coin.
    exchanged : bool, optional
        Whether the roles of the arms were exchanged.

    Raises
    ------
    RecordingError
        If they do not give the measured blocks, bit for bit.
    """
    plan = measured.plan
    slices = table(measured.slices)
    raw = RawBlocks(seed, exchanged, (plan.baseline_calls, plan.optimized_calls), plan.long, slices)
    if tuple(raw.xs()) != measured.xs:
        raise RecordingError(f"the slices do not give the {len(measured.xs):,} measured blocks")
    return raw
