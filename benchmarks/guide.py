"""Put the measured figures into ``docs/PERFORMANCE_GUIDE.md``: ``python -m benchmarks.guide [--check]``.

The guide holds blocks between ``<!-- generated: NAME -->`` and ``<!-- end -->``. Their rows stand here, with the key of
a figure in braces where the figure belongs; the figures stand in ``benchmarks/results/results.json``. ``--check``
writes nothing and is exit code 1 where guide and results are out of step.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks.figures import Figure, command, read
from benchmarks.timing import ROOT

GUIDE = ROOT / "docs" / "PERFORMANCE_GUIDE.md"
RESULTS = ROOT / "benchmarks" / "results"
KEY = re.compile(r"\{([\w.]+)\}")
BLOCK = re.compile(r"(<!-- generated: (\w+) -->\n)(.*?)(<!-- end -->)", re.DOTALL)

Row = tuple[str, str]
TABLES: Mapping[str, tuple[tuple[str, str], Sequence[Row]]] = {
    "claims": (
        ("claim of the first version", "measured here"),
        (
            (
                "a cache key in 0.7 us",
                "{claims.key}; {claims.keys} of as many different questions: no collision",
            ),
            ("a cache hit in < 0.1 ms", "{claims.hit}"),
            (
                "feature extraction 4.78 ms a bar",
                "{claims.streaming} interpreted, streaming; {claims.extraction} compiled",
            ),
            (
                "5-10x on repeated feature calculations",
                "{claims.repeated} for 8 decision settings that share one cache, {claims.hits}. "
                "A single pass: no effect ({claims.single}), no claim",
            ),
            ("fast window saves 33% on 1,000 bars", "{claims.fast_window} alone"),
            ("precomputed features save 67%", "{claims.precompute} alone"),
            (
                "all together save 75% (4x)",
                "{claims.compiled} compiled: {claims.one_pass} by complexity (one pass instead of one a bar; "
                "grows with the bars), times {claims.compiling} by compiling",
            ),
            ("feature cache about 50 MB for 500 entries", "{claims.cache_memory}"),
            ("precomputed features 5-20 MB", "{claims.precomputed_memory}"),
            ("views copy nothing", "{claims.views_memory}"),
        ),
    ),
    "compiled": (
        ("compiled, 1,000,000 bars, one core", "measured here"),
        (
            ("bare control loop", "{compiled.control}"),
            ("EMA/RSI example", "{compiled.example}, {compiled.example.ratio} the control loop's cost"),
            ("full default strategy", "{compiled.model}, {compiled.model.ratio} the control loop's cost"),
            ("peak memory of the process", "{compiled.memory}"),
        ),
    ),
    "peers": (
        (
            "EMA/RSI example, 100,000 bars",
            "time of a run; over ours; fills alone over ours without named trades",
        ),
        (
            ("Genesis Core", "{peers.genesis}"),
            (
                "vectorbt, Numba engine",
                "{peers.vectorbt_numba}; {peers.vectorbt_numba.ratio}; {peers.vectorbt_numba.bare_ratio}",
            ),
            (
                "vectorbt, Rust engine",
                "{peers.vectorbt_rust}; {peers.vectorbt_rust.ratio}; {peers.vectorbt_rust.bare_ratio}",
            ),
            ("backtesting.py", "{peers.backtesting_py}; {peers.backtesting_py.ratio}"),
        ),
    ),
    "sweep": (
        ("1,000 parameter sets x 10,000 bars, one thread", "measured here"),
        (
            ("Genesis Core, configs ready", "{sweep.genesis.ready}"),
            (
                "Genesis Core, from the numbers on",
                "{sweep.genesis}, {sweep.genesis.memory} peak; a config is made in {sweep.making}",
            ),
            (
                "vectorbt, Numba engine",
                "{sweep.vectorbt_numba}, {sweep.vectorbt_numba.memory} peak; {sweep.vectorbt_numba.ratio} our time",
            ),
            (
                "vectorbt, Rust engine",
                "{sweep.vectorbt_rust}, {sweep.vectorbt_rust.memory} peak; {sweep.vectorbt_rust.ratio} our time",
            ),
        ),
    ),
    "summaries": (
        ("summary of a study of 10,000 trial files", "measured here"),
        (
            ("cold: every file read", "{summaries.cold}"),
            ("looking at the files alone (scandir, stat)", "{summaries.stat}"),
            ("again in one process, every file looked at", "{summaries.again}"),
            ("cold over unchanged by the change token", "{summaries.token}"),
            ("new process with a warm index, beyond one with a study of one trial", "{summaries.process}"),
        ),
    ),
    "search": (
        ("search, default strategy, 10,000 bars", "measured here"),
        (
            ("10,000 random trials: the backtests alone", "{search.backtests}"),
            ("10,000 random trials: what the search adds, durable records included", "{search.random}"),
            ("500 TPE trials, 4 parameters: what the search adds", "{search.tpe}"),
            (
                "100,000 bars: two workers over the default, which runs and records in one process; over one worker "
                "process; two plain processes over one, in the same minute; workers' gain as a share of theirs",
                "{search.default_long}; {search.workers_long}; {search.plain_long}; {search.share_long}",
            ),
            (
                "the same over 32,652 bars, as many as three years and nine months have hours",
                "{search.default_years}; {search.workers_years}; {search.plain_years}; {search.share_years}",
            ),
            (
                "the same over 10,000 bars",
                "{search.default_short}; {search.workers_short}; {search.plain_short}; {search.share_short}",
            ),
            ("trials whose record `genesis backtest --trial` gives again, bit for bit", "{search.again}"),
        ),
    ),
}


def rendered(guide: str, figures: Sequence[Figure]) -> str:
    """Return the guide's text with its generated blocks filled.

    Raises
    ------
    ValueError
        For a block of an unknown name, and a table that the guide has no place for.
    """
    known = {one.key: one for one in figures}
    found = [match.group(2) for match in BLOCK.finditer(guide)]
    if sorted(found) != sorted(TABLES):
        raise ValueError(
            f"the guide has blocks for {', '.join(found) or 'nothing'}; {', '.join(TABLES)} are needed"
        )
    return BLOCK.sub(lambda match: match.group(1) + table(match.group(2), known) + match.group(4), guide)


def table(name: str, figures: Mapping[str, Figure]) -> str:
    """Return one table."""
    headings, rows = TABLES[name]
    lines = [f"| {headings[0]} | {headings[1]} | command |", "|---|---|---|"]
    lines += [f"| {what} | {filled(text, figures)} | `{command(_section(text))}` |" for what, text in rows]
    return "\n".join(lines) + "\n"


def filled(text: str, figures: Mapping[str, Figure]) -> str:
    """Put figures in; one that misses its limit is marked, one that was not measured is said."""

    def put(match: re.Match[str]) -> str:
        one = figures.get(match.group(1))
        if one is None:
            return "not measured"
        return f"{one.text()} ({one.limit_text()})" if one.holds is False else one.text()

    return KEY.sub(put, text)


def _section(text: str) -> str:
    first = KEY.search(text)
    assert first is not None
    return first.group(1).partition(".")[0]


def main(given: list[str] | None = None) -> int:
    """Write or check the guide; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.guide", description=__doc__)
    parser.add_argument(
        "--check", action="store_true", help="write nothing; exit code 1 where it is out of step"
    )
    parser.add_argument("--guide", type=Path, default=GUIDE, help="another guide")
    parser.add_argument("--results", type=Path, default=RESULTS, help="folder of another results.json")
    chosen = parser.parse_args(given)
    old = chosen.guide.read_text(encoding="utf-8")
    new = rendered(old, read(chosen.results))
    if chosen.check:
        if new != old:
            print("the guide does not show the results: python -m benchmarks.guide", file=sys.stderr)
        return int(new != old)
    chosen.guide.write_text(new, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
