"""The study of the verdicts: ``python -m benchmarks.verdicts run|recompute|table|alternatives|simulate``.

``run --out DIR`` measures and keeps every slice; it goes on where it stopped. ``recompute DIR`` makes every verdict
again from the slices, by a second program that shares no code with the plugin. ``table DIR`` writes what was found to
``benchmarks/results/verdicts`` and into ``docs/how-a-verdict-is-made.md`` (or ``--results`` and ``--docs``).
``alternatives DIR`` holds other rules against the same blocks. ``simulate`` needs no clock: errors of the rule where
they can be known.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from benchmarks.verdict_study import commands, controller, gates, plan, simulation
from benchmarks.verdict_study.rawfiles import RawFileError
from benchmarks.verdict_study.report import DOCS, RESULTS, DocsError


def main(given: list[str] | None = None) -> int:
    """Do what is asked; return the exit code."""
    chosen = parser().parse_args(given)
    try:
        code: int = chosen.do(chosen)
    except (RawFileError, DocsError) as fault:
        print(fault, file=sys.stderr)
        return 2
    return code


def parser() -> argparse.ArgumentParser:
    """Return what reads the command line."""
    whole = argparse.ArgumentParser(prog="python -m benchmarks.verdicts", description=__doc__)
    subcommands = whole.add_subparsers(required=True, metavar="COMMAND")
    run = subcommands.add_parser("run", help="measure; goes on where it stopped")
    run.add_argument("--out", type=Path, required=True, help="folder of the raw files")
    run.add_argument("--rounds", type=int, default=plan.ROUNDS, help="how many (default: %(default)s)")
    run.add_argument("--minutes", type=float, default=float("inf"), help="start nothing after so many")
    run.add_argument("--gates", type=int, default=0, help="of each cell in a process, instead of the plan's")
    for option, name, names in (
        ("--groups", "GROUP", plan.ALL_GROUPS),
        ("--situations", "SITUATION", plan.ALL_SITUATIONS),
    ):
        text = f"of {', '.join(names)}; all without"
        run.add_argument(option, nargs="+", choices=names, default=names, metavar=name, help=text)
    run.add_argument("--budget", type=float, default=gates.BUDGET, help="seconds of a comparison")
    run.add_argument("--cap", type=float, default=gates.CAP, help="seconds after which any one stops")
    run.set_defaults(do=_run)
    again = subcommands.add_parser("recompute", help="make every verdict again from the slices")
    again.set_defaults(do=commands.again)
    others = subcommands.add_parser("alternatives", help="hold other rules against the same blocks")
    others.set_defaults(do=commands.others)
    for command in (again, others):
        command.add_argument("raw", type=Path, help="folder of the raw files")
    table = subcommands.add_parser("table", help="write results and docs")
    table.add_argument("raw", type=Path, nargs="?", help="folder of the raw files; without, only the docs")
    table.add_argument(
        "--check", action="store_true", help="write nothing; exit code 1 if docs are out of step"
    )
    table.set_defaults(do=commands.table)
    simulate = subcommands.add_parser("simulate", help="errors of the rule where they can be known")
    simulate.add_argument("--streams", type=int, default=simulation.STREAMS, help="fewer are not stored")
    simulate.set_defaults(do=commands.simulate)
    for command in (others, table, simulate):
        command.add_argument("--results", type=Path, default=RESULTS, help="folder of the results")
        command.add_argument("--docs", type=Path, default=DOCS, help="the page that shows them")
    return whole


def _run(chosen: argparse.Namespace) -> int:
    wanted = controller.Wanted(
        chosen.out,
        chosen.rounds,
        chosen.groups,
        chosen.situations,
        chosen.minutes,
        chosen.budget,
        chosen.cap,
        chosen.gates,
    )
    faults = controller.run(wanted, lambda line: print(line, flush=True))
    if faults:
        told = f"{faults} processes could not do their work; the same command tries them again"
        print(told, file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
