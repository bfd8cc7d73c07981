"""What a search costs besides its backtests, what a second worker gives, and that a stored score is a backtest's.

The trials of every way are compared before anything is timed. The backtests alone are the same configs through
``backtest_many``, made of the same parameters.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import redirect_stdout
from importlib.util import find_spec
from io import StringIO
from pathlib import Path
from typing import Any

from benchmarks.figures import Figure, WrongResultError, figure
from benchmarks.timing import ROOT, spread
from genesis_core import Candles, Config, backtest_many, synthetic
from genesis_core.benchmarking import ratio
from genesis_core.cli import app
from genesis_core.optimize import Search, optimize
from genesis_core.optimize.changes import Applied
from genesis_core.optimize.record import Record
from genesis_core.optimize.sampling import RandomSampler
from genesis_core.optimize.store import read_all

BARS = 10_000
TRIALS = 10_000
AGAIN = 500
OVERHEAD_MS, TWO_WORKERS = 1.0, 1.7
WORKERS = {"short": (1.0, 2_000), "years": (3.2652, 1_000), "long": (10.0, 400)}
"""How many times the bars, and how many trials, two workers are measured over."""
PARAMETERS: dict[str, Any] = {
    "decision.threshold": {"kind": "float", "low": 0.5, "high": 0.7},
    "decision.edge": {"kind": "float", "low": 0.0, "high": 0.3, "step": 0.01},
    "exits.stop": {"kind": "float", "low": 1.0, "high": 6.0},
    "exits.max_bars": {"kind": "int", "low": 10, "high": 200},
}
_PLAIN = """
import sys, time
from benchmarks.search import PARAMETERS, search_of
from genesis_core import Config, backtest_many, synthetic
from genesis_core.optimize.changes import Applied
from genesis_core.optimize.sampling import RandomSampler
first, count, bars = map(int, sys.argv[1:])
candles, applied = synthetic(bars=bars), Applied(Config.default())
sampler = RandomSampler(search_of("plain", count).parameters, 0)
backtest_many(candles, [applied.base])
print("ready", flush=True)
sys.stdin.readline()
backtest_many(candles, [applied.config(given) for given in sampler.ask(first, count)])
print("done", flush=True)
"""


def search_of(name: str, trials: int, kind: str = "random") -> Search:
    """Return the search that is measured."""
    return Search.from_dict(
        {
            "name": name,
            "parameters": PARAMETERS,
            "objective": {"metric": "sharpe"},
            "sampler": {"kind": kind, "batch": 256 if kind == "random" else 16},
            "budget": {"trials": trials},
        }
    )


def run(bars: int = BARS, trials: int = TRIALS, again: int = AGAIN, rounds: int = 3) -> list[Figure]:
    """Measure.

    Parameters
    ----------
    bars, trials : int
        Of the searches.
    again : int
        Trials of the study whose every trial is run again by ``genesis backtest --trial``.
    rounds : int
        Of the searches.

    Raises
    ------
    WrongResultError
        If two ways give different trials, or a stored score is not a backtest's.
    """
    candles = synthetic(bars=bars)
    with tempfile.TemporaryDirectory() as place:
        made = [*_overhead(Path(place), candles, trials, rounds)]
        if find_spec("optuna") is not None:
            made.append(_tpe(Path(place), candles, min(trials, 500), rounds))
        for name, (times, count) in WORKERS.items():
            longer = synthetic(bars=int(times * bars))
            made += _two_workers(Path(place), longer, min(trials, count), 3 * rounds, name)
        made.append(_again(Path(place), min(again, trials)))
    return made


def _overhead(place: Path, candles: Candles, trials: int, rounds: int) -> list[Figure]:
    alone, whole = [], []
    for number in range(rounds):
        search = search_of(f"random-{number}", trials)
        alone.append(_backtests(candles, search, trials))
        begun = time.perf_counter()
        optimize(search, candles, results=place)
        whole.append(time.perf_counter() - begun)
    spent = [(w - a) / trials for w, a in zip(whole, alone, strict=True)]
    text = f"random search, {trials:,} trials x {len(candles):,} bars, default strategy"
    return [
        figure(
            "search.backtests",
            f"{text}: the backtests alone",
            spread([a / trials for a in alone]),
            "ms a trial",
            1e3,
        ),
        figure(
            "search.random",
            f"{text}: what the search adds, durable records included",
            spread(spent),
            "ms a trial",
            1e3,
            at_most=OVERHEAD_MS,
        ),
    ]


def _backtests(candles: Candles, search: Search, trials: int) -> float:
    """Return the seconds of the backtests alone: parameters to summaries, in one list."""
    applied = Applied(Config.default())
    parameters = RandomSampler(search.parameters, search.sampler.seed).ask(0, trials)
    backtest_many(candles, [applied.base])
    begun = time.perf_counter()
    backtest_many(candles, [applied.config(given) for given in parameters])
    return time.perf_counter() - begun


def _tpe(place: Path, candles: Candles, trials: int, rounds: int) -> Figure:
    spent = []
    for number in range(rounds):
        search = search_of(f"tpe-{number}", trials, "tpe")
        begun = time.perf_counter()
        optimize(search, candles, results=place)
        whole = time.perf_counter() - begun
        applied = Applied(Config.default())
        configs = [applied.config(one.parameters) for one in _records(place / search.name)]
        begun = time.perf_counter()
        backtest_many(candles, configs)
        spent.append((whole - (time.perf_counter() - begun)) / trials)
    text = f"TPE search, {trials:,} trials x {len(candles):,} bars, 4 parameters: what the search adds"
    return figure("search.tpe", text, spread(spent), "ms a trial", 1e3)


def _two_workers(place: Path, candles: Candles, trials: int, rounds: int, name: str) -> list[Figure]:
    """Time a search in this process, on one worker, on two, and two plain processes, in turn.

    One worker is measured twice: the default, which runs trials and records them in turn, and one worker process,
    beside which another process records. Over short series that other one shares two processors with two workers: no
    limit is set there.
    """
    here, one, two, plain = [], [], [], []
    for number in range(rounds):
        seconds = {}
        for workers in (0, 1, 2):
            search = search_of(f"{name}-{workers}-{number}", trials)
            seconds[workers] = _running(search, candles, place, workers)
        if (
            not _meaning(place / f"{name}-0-{number}")
            == _meaning(place / f"{name}-1-{number}")
            == _meaning(place / f"{name}-2-{number}")
        ):
            raise WrongResultError("two workers gave other trials than one")
        here.append(seconds[0])
        one.append(seconds[1])
        two.append(seconds[2])
        plain.append(_plain(1, trials, len(candles)) / _plain(2, trials, len(candles)))
    text = f"default strategy, {trials:,} trials x {len(candles):,} bars"
    limits = {} if name == "short" else {"at_least": TWO_WORKERS}
    return [
        figure(f"search.plain_{name}", f"{text}: two plain processes over one", spread(plain), "x"),
        figure(
            f"search.default_{name}",
            f"{text}: two workers over the default, in this process",
            ratio(here, two),
            "x",
            at_least=TWO_WORKERS,
        ),
        figure(
            f"search.workers_{name}",
            f"{text}: two workers of one search over one worker process",
            ratio(one, two),
            "x",
            **limits,
        ),
        figure(
            f"search.share_{name}",
            f"{text}: what two workers gain over one, as a share of what two plain processes gain in the same round",
            spread([100.0 * a / b / c for a, b, c in zip(one, two, plain, strict=True)]),
            "%",
        ),
    ]


def _running(search: Search, candles: Candles, place: Path, workers: int) -> float:
    """Return the seconds from the first group to the last trial: starting processes is not what is compared."""
    at: list[float] = []

    def watch(name: str, progress: Any) -> None:
        at.append(time.perf_counter())

    executor = "processes" if workers else "here"
    optimize(search, candles, results=place, executor=executor, workers=workers or None, tell=watch)
    # The first record is the first that says that the workers are there.
    return at[-1] - at[1]


def _plain(processes: int, trials: int, bars: int) -> float:
    share = trials // processes
    command = [sys.executable, "-c", _PLAIN]
    started = [
        subprocess.Popen(
            [*command, str(k * share), str(share), str(bars)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )
        for k in range(processes)
    ]
    for process in started:
        assert process.stdout is not None
        if process.stdout.readline().strip() != "ready":
            raise WrongResultError("a plain process did not start")
    begun = time.perf_counter()
    for process in started:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    for process in started:
        assert process.stdout is not None
        process.stdout.readline()
    seconds = time.perf_counter() - begun
    for process in started:
        process.communicate()
    return seconds


def _again(place: Path, trials: int) -> Figure:
    """Run every trial of a study again by the command, from its record alone."""
    optimize(search_of("again", trials), synthetic(bars=BARS), results=place)
    same = 0
    for file in sorted((place / "again").glob("trial_*.json")):
        found = json.loads(_command(["backtest", "--trial", str(file), "--json", "-"]))
        recorded = json.loads(file.read_text(encoding="utf-8"))["summary_digest"]
        if found["summary_digest"] != recorded or not found["trial"]["same"]:
            raise WrongResultError(
                f"{file.name}: genesis backtest gives {found['summary_digest']}, not {recorded}"
            )
        same += 1
    if same != trials:
        raise WrongResultError(f"{same} of {trials} trials are on record")
    return Figure(
        "search.again",
        "trials of a study whose record genesis backtest --trial gives again, bit for bit",
        same,
        "trials",
    )


def _command(arguments: Sequence[str]) -> str:
    import typer

    text = StringIO()
    with redirect_stdout(text):
        typer.main.get_command(app).main(list(arguments), prog_name="genesis", standalone_mode=False)
    return text.getvalue()


def _records(folder: Path) -> list[Record]:
    records, broken = read_all(folder)
    if broken:
        raise WrongResultError(f"{folder}: broken records: {broken}")
    return [records[number] for number in sorted(records)]


def _meaning(folder: Path) -> list[Any]:
    return [(one.number, one.identity, one.score, one.summary_digest) for one in _records(folder)]
