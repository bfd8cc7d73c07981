"""Run the benchmarks: ``python -m benchmarks [SECTION ...] [--out benchmarks/results]``.

Results are checked before anything is timed; a wrong one ends the program with exit code 1 and no figures. A limit
that is missed is marked in the table, and is exit code 1 too.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks import claims, compiled, peers, search, summaries, sweep
from benchmarks.figures import Figure, WrongResultError, write

SECTIONS = ("compiled", "peers", "sweep", "claims", "summaries", "search")
Made = tuple[list[Figure], list[str]]


def main(given: list[str] | None = None) -> int:
    """Measure, print, write; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "sections", nargs="*", metavar="SECTION", help=f"of {', '.join(SECTIONS)}; all without"
    )
    parser.add_argument("--out", type=Path, help="folder for results.json and README.md")
    parser.add_argument("--vectorbt-python", metavar="FILE", help="interpreter that has vectorbt and TA-Lib")
    parser.add_argument(
        "--backtesting-python", metavar="FILE", help="interpreter that has backtesting.py and TA-Lib"
    )
    parser.add_argument(
        "--small", action="store_true", help="few bars and rounds: a trial, no figures to keep"
    )
    chosen = parser.parse_args(given)
    unknown = [name for name in chosen.sections if name not in SECTIONS]
    if unknown:
        parser.error(f"unknown section {unknown[0]!r}; there are {', '.join(SECTIONS)}")
    if chosen.small and chosen.out:
        parser.error("--small gives no figures to keep: leave out --out")
    began = time.perf_counter()
    figures: list[Figure] = []
    notes: list[str] = []
    for name in chosen.sections or SECTIONS:
        print(f"{name} ...", file=sys.stderr, flush=True)
        try:
            made, left_out = runner(name, chosen)()
        except WrongResultError as fault:
            print(f"WRONG RESULT in {name}: {fault}; nothing is reported", file=sys.stderr)
            return 1
        for one in made:
            print(f"{one.what:110s} {one.text()}  {one.limit_text()}", flush=True)
        figures += made
        notes += [note for note in left_out if note not in notes]
    for note in notes:
        print(note)
    if chosen.out:
        write(chosen.out, figures, notes, time.perf_counter() - began)
    # A limit is for the full size.
    return 1 if any(one.holds is False for one in figures) and not chosen.small else 0


def runner(name: str, chosen: argparse.Namespace) -> Callable[[], Made]:
    """Return how a section is run."""
    small: bool = chosen.small
    vectorbt, backtesting = chosen.vectorbt_python, chosen.backtesting_python
    if name == "compiled":
        return lambda: (compiled.run(20_000, 3) if small else compiled.run(), [])
    if name == "claims":
        return lambda: (claims.run(120, 2, 3, 5_000) if small else claims.run(), [])
    if name == "summaries":
        return lambda: (summaries.run(300, 3) if small else summaries.run(), [])
    if name == "search":
        return lambda: (search.run(2_000, 200, 5, 1) if small else search.run(), [])
    if name == "peers":
        sizes = (5_000, 3) if small else (peers.BARS, peers.ROUNDS)
        return lambda: peers.run(*sizes, vectorbt=vectorbt, backtesting=backtesting)
    grid = (2_000, 3, 50) if small else (sweep.BARS, sweep.ROUNDS, 1_000)
    return lambda: sweep.run(*grid, vectorbt=vectorbt)


if __name__ == "__main__":
    sys.exit(main())
