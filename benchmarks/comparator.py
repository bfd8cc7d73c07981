"""The comparator: ``python -m benchmarks.comparator [--megabytes 100] [--flips 100000] [--seed N]``.

Times the comparison of two equal values beside hashing them (BLAKE2b of their bytes), with the extra memory it needs;
flips single bits in random nested results: each must be found at its place, and those that are no part of a value must
not be. Exit code 1 if a limit or a flip is missed.
"""

from __future__ import annotations

import argparse
import gc
import hashlib
import struct
import sys
import time
import tracemalloc
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random
from typing import Any

import numpy as np

from benchmarks.flips import Spot, installed_frames, nested_spot
from pytest_genesis_perf.identity import digest, find_difference

AT_MOST = 2.0
"""Times the hash, for what is over 1 MB."""
PEAK_BYTES = 8_000_000
SHOWN_FAILURES = 5


@dataclass(frozen=True)
class Cost:
    """What it costs to compare two equal values.

    Parameters
    ----------
    what : str
        The values.
    hashing, walking, digesting : float
        Seconds of CPU: hash both; compare them side by side; digest both, which is what a comparison of arms does.
    peak : int
        Most extra bytes that were held while they were walked and digested.
    """

    what: str
    hashing: float
    walking: float
    digesting: float
    peak: int

    @property
    def holds(self) -> bool:
        """Whether both ways keep the limits."""
        return max(self.walking, self.digesting) <= AT_MOST * self.hashing and self.peak <= PEAK_BYTES

    def row(self) -> str:
        """Return the line of the table."""
        ways = "".join(f"{t * 1e3:9.0f} ms {t / self.hashing:6.2f}x" for t in (self.walking, self.digesting))
        verdict = "" if self.holds else "  MISSED"
        return f"{self.what:34s}{self.hashing * 1e3:9.0f} ms{ways}{self.peak / 1e6:9.2f} MB{verdict}"


def pairs(size: int) -> Iterator[tuple[str, Any, Any]]:
    """Yield what is compared, twice each, about `size` bytes of data."""
    rng = np.random.default_rng(7)
    flat = rng.standard_normal(size // 8)
    yield "float64", flat, flat.copy()
    yield "float64, every other value", np.repeat(flat, 2)[::2], np.repeat(flat, 2)[::2]
    square = flat[: len(flat) // 1000 * 1000].reshape(1000, -1)
    yield "float64, transposed", square.T, square.copy().T
    yield "float64, Fortran order", np.asfortranarray(square), np.asfortranarray(square)
    yield "float64, backwards", flat[::-1], flat.copy()[::-1]
    rows = np.zeros(size // 24, [("bar", "<i8"), ("price", "<f8"), ("side", "<i4"), ("flag", "<u4")])
    rows["price"] = flat[: len(rows)]
    yield "structured, 4 fields", rows, rows.copy()
    padded = np.zeros(size // 24, np.dtype([("flag", "i1"), ("price", "<f8"), ("bar", "<i8")], align=True))
    padded["price"] = flat[: len(padded)]
    yield "structured, padded", padded, padded.copy()
    masked = np.ma.MaskedArray(flat, flat > 1.0)
    yield "masked float64", masked, masked.copy()
    moments = flat.view("<i8").view("<M8[ns]")
    yield "datetime64", moments, moments.copy()
    objects = np.array(flat[: size // 80].tolist(), object)
    yield "objects: floats (an eighth)", objects, np.array(flat[: size // 80].tolist(), object)
    many = size // 100
    texts = [f"{i}" for i in range(many)]
    yield f"objects: {many:,} str", np.array(texts, object), np.array(list(map(str, range(many))), object)
    yield f"list of {many:,} floats", flat[:many].tolist(), flat[:many].tolist()
    yield f"list of {many:,} str", texts, list(map(str, range(many)))
    frames, columns = installed_frames(), {name: flat[i::4] for i, name in enumerate("abcd")}
    if "pandas" in frames:
        import pandas as pd

        yield "pandas, 4 columns", pd.DataFrame(columns), pd.DataFrame(columns)
    if "pyarrow" in frames:
        import pyarrow as pa

        yield "pyarrow, nulls", pa.array(flat, mask=flat > 1.0), pa.array(flat, mask=flat > 1.0)
    if "polars" in frames:
        import polars as pl

        yield "polars, 4 columns", pl.DataFrame(columns), pl.DataFrame(columns)


def hash_of(value: Any) -> bytes:
    """Hash the bytes of a value, the plain way."""
    sink = hashlib.blake2b(digest_size=16)
    for data in _bytes_of(value):
        sink.update(data)
    return sink.digest()


def _bytes_of(value: Any) -> Iterator[Any]:
    if isinstance(value, np.ma.MaskedArray):
        yield from (np.ascontiguousarray(part).view(np.uint8) for part in (value.data, value.mask))
    elif isinstance(value, np.ndarray) and value.dtype != object:
        yield np.ascontiguousarray(value).reshape(-1).view(np.uint8)
    elif isinstance(value, (list, np.ndarray)):
        # Values of Python have no bytes in a row: each is written, texts with their length, and hashed.
        for item in value:
            if type(item) is float:
                yield struct.pack("<d", item)
            else:
                text = item.encode()
                yield struct.pack("<Q", len(text)) + text
    elif hasattr(value, "buffers"):
        yield from (buffer for buffer in value.buffers() if buffer is not None)
    else:
        for name in value.columns:
            yield np.ascontiguousarray(value[name].to_numpy()).view(np.uint8)


def cost(what: str, a: Any, b: Any, rounds: int) -> Cost:
    """Check that two values are found equal, and unequal from a third; then measure.

    Raises
    ------
    SystemExit
        If the comparator is wrong about them.
    """
    if find_difference(a, b) is not None or digest(a) != digest(b):
        raise SystemExit(f"{what}: equal values are found different: {find_difference(a, b)}")
    if find_difference(a, None) is None or digest(a) == digest(None):
        raise SystemExit(f"{what}: found equal to None")
    ways: tuple[Callable[[], object], ...] = (
        lambda: (hash_of(a), hash_of(b)),
        lambda: find_difference(a, b),
        lambda: (digest(a), digest(b)),
    )
    seconds: list[list[float]] = [[], [], []]
    for _ in range(rounds):
        for way, spent in zip(ways, seconds, strict=True):
            gc.collect()
            began = time.process_time()
            way()
            spent.append(time.process_time() - began)
    tracemalloc.start()
    find_difference(a, b)
    digest(a)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    hashing, walking, digesting = map(min, seconds)
    return Cost(what, hashing, walking, digesting, peak)


def fault_of(spot: Spot) -> str | None:
    """Flip the bit of a spot; return what the comparator gets wrong about it."""
    a, b = spot.make(False), spot.make(True)
    if find_difference(a, spot.make(False)) is not None:
        return f"a value differs from itself: {a!r}"
    found = find_difference(a, b)
    same = digest(a) == digest(b)
    if not spot.counts:
        return None if found is None and same else f"bits that do not count are found: {found} in {a!r}"
    if found is None or same:
        return f"not found: {spot.path} of {a!r} (digests {'equal' if same else 'differ'})"
    if (found.path, found.count) != (f"result{spot.path}", 1):
        return f"{found.path} ({found.count} places) instead of result{spot.path}: {a!r}"
    return None if found.baseline != found.optimized else f"both sides read {found.baseline}: {spot.path}"


def flip(count: int, seed: int) -> list[str]:
    """Flip that many bits; return what went wrong, and print how many were found."""
    frames = installed_frames()
    faults, counted = [], 0
    began = time.perf_counter()
    for number in range(count):
        spot = nested_spot(Random(f"{seed} {number}"), frames)
        counted += spot.counts
        fault = fault_of(spot)
        if fault:
            faults.append(f"flip {number}: {fault}")
    spent = time.perf_counter() - began
    print(
        f"{count:,} single-bit flips (seed {seed}; {', '.join(frames) or 'no frames'}): {counted:,} part of a value, "
        f"{count - counted:,} not; {len(faults):,} wrong; {spent:.0f} s"
    )
    return faults


def main(given: list[str] | None = None) -> int:
    """Measure, flip, print; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.comparator", description=__doc__)
    parser.add_argument("--megabytes", type=float, default=100.0, help="size of the arrays; 0 for none")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--flips", type=int, default=0, help="how many bits to flip")
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args(given)
    missed = False
    if chosen.megabytes:
        print(
            f"{'two equal values':34s}{'hash both':>12s}{'walk':>20s}{'digest both':>20s}{'extra memory':>12s}"
        )
        for what, a, b in pairs(int(chosen.megabytes * 1e6)):
            measured = cost(what, a, b, chosen.rounds)
            missed |= not measured.holds
            print(measured.row(), flush=True)
    faults = flip(chosen.flips, chosen.seed) if chosen.flips else []
    for fault in faults[:SHOWN_FAILURES]:
        print(fault)
    return 1 if missed or faults else 0


if __name__ == "__main__":
    sys.exit(main())
