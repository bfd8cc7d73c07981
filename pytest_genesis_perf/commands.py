"""``genesis baseline``: stored baselines listed, shown, and freed of tests that no longer exist.

A command of the program ``genesis``, found by its entry point ``genesis.commands``; the engine knows nothing of it.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from pytest_genesis_perf.notation import between, times

if TYPE_CHECKING:
    from pytest_genesis_perf.baseline_files import Key, SpeedEntry
    from pytest_genesis_perf.baselines import Store

app = typer.Typer(
    help="Stored baselines of pytest --genesis-perf: list, show, prune.",
    invoke_without_command=True,
    add_completion=False,
)

Folder = Annotated[Path, typer.Option("--baselines", metavar="DIR", help="Folder of the stored baselines.")]
JsonFile = Annotated[
    Path | None,
    typer.Option(
        "--json", metavar="FILE", help="Write the result as JSON; - for standard output, and nothing else."
    ),
]
Patterns = Annotated[
    list[str] | None,
    typer.Argument(metavar="[PATTERN]...", help="Only tests like these, such as '*test_paths*'."),
]
SCHEMA, USAGE = 1, 2
_TAIL_LINES = 6

# Run by another Python process: collecting imports the project's tests, which may print and do what they like.
_COLLECT = """
import json, sys, pytest
class Collected:
    def pytest_collection_finish(self, session):
        with open(sys.argv[1], "w", encoding="utf-8") as file:
            json.dump([item.nodeid for item in session.items], file)
sys.exit(pytest.main(["--collect-only", "-q", "-p", "no:cacheprovider", "-p", "no:randomly"], plugins=[Collected()]))
"""


@app.callback()
def _options(ctx: typer.Context) -> None:
    if ctx.invoked_subcommand is None:
        text = ctx.get_help()
        if text:
            typer.echo(text)
        raise typer.Exit(USAGE)


@app.command("list")
def list_entries(
    patterns: Patterns = None, folder: Folder = Path("baselines"), json_file: JsonFile = None
) -> None:
    """List the stored comparisons, with their digests and speedups."""
    store = _store(folder)
    keys = _chosen(store, patterns)
    if not _to_standard_output(json_file):
        for nodeid, label in keys:
            digest = (store.digests or {}).get((nodeid, label), "")
            speeds = [
                file.entries[nodeid, label] for file in store.classes if (nodeid, label) in file.entries
            ]
            known = ", ".join(times(entry.speedup.median) for entry in speeds) or "no speed"
            typer.echo(f"{nodeid}  {label}: {digest[:12] or 'no digest'}, {known}")
        count = f"{len(keys):,} comparison{'' if len(keys) == 1 else 's'}"
        typer.echo(f"{folder}: {count}, {len(store.classes):,} environment classes")
    _write(json_file, {"command": "baseline list", "entries": [_plain(store, key) for key in keys]})


@app.command()
def show(
    patterns: Annotated[
        list[str], typer.Argument(metavar="PATTERN...", help="Tests, such as '*test_paths*'.")
    ],
    folder: Folder = Path("baselines"),
    json_file: JsonFile = None,
) -> None:
    """Show all that is stored of some comparisons."""
    store = _store(folder)
    keys = _chosen(store, patterns)
    if not keys:
        _stop(f"{folder}: nothing is stored for {' or '.join(patterns)}; see: genesis baseline list")
    if not _to_standard_output(json_file):
        for nodeid, label in keys:
            typer.echo(f"{nodeid}  {label}")
            typer.echo(f"  digest   {(store.digests or {}).get((nodeid, label), 'none')}")
            for file in store.classes:
                entry = file.entries.get((nodeid, label))
                if entry is not None:
                    typer.echo(f"  speedup  {_speed_text(entry)}\n           {file.environment.text()}")
    _write(json_file, {"command": "baseline show", "entries": [_plain(store, key) for key in keys]})


@app.command()
def prune(
    patterns: Patterns = None,
    folder: Folder = Path("baselines"),
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be removed.")] = False,
    json_file: JsonFile = None,
) -> None:
    """Remove the entries of tests that pytest no longer collects here; with patterns, the entries like them."""
    store = _store(folder)
    if patterns:
        gone = _chosen(store, patterns)
    else:
        known = sorted(store.known())
        collected = _collected() if known else frozenset()
        gone = [key for key in known if key[0] not in collected]
    if gone and not dry_run:
        _remove(store, frozenset(gone))
    if not _to_standard_output(json_file):
        for nodeid, label in gone:
            typer.echo(f"{'would remove' if dry_run else 'removed'} {nodeid}  {label}")
        left = len(store.known()) - len(gone)
        typer.echo(f"{folder}: {len(gone):,} {'to remove' if dry_run else 'removed'}, {left:,} kept")
    removed = [{"test": nodeid, "label": label} for nodeid, label in gone]
    _write(json_file, {"command": "baseline prune", "dry_run": dry_run, "removed": removed})


def _store(folder: Path) -> Store:
    """Read the baselines of a folder."""
    try:
        from pytest_genesis_perf.baselines import Store
        from pytest_genesis_perf.toml_files import BaselineError
    except ModuleNotFoundError as fault:
        if fault.name != "tomli":
            raise
        _stop("Python 3.10 has no reader of TOML: pip install 'genesis-backtest[perf]', which brings tomli")
    store = Store(folder)
    if not folder.is_dir():
        _stop(
            f"{folder}: no such folder; pytest --genesis-perf-update records baselines, --baselines names another, "
            "as the ini key genesis_perf_baselines does for pytest"
        )
    try:
        store.known()
    except BaselineError as fault:
        _stop(str(fault))
    return store


def _chosen(store: Store, patterns: Sequence[str] | None) -> list[Key]:
    """Return the stored comparisons like one of the patterns, which match a test or a part of its name."""
    known = sorted(store.known())
    if not patterns:
        return known
    # Both, because the brackets of a parametrized test mean something else to a shell's patterns.
    return [key for key in known if any(p in key[0] or fnmatchcase(key[0], p) for p in patterns)]


def _collected() -> frozenset[str]:
    """Return the names of all tests that pytest finds from here."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "tests.json"
        done = subprocess.run(
            [sys.executable, "-c", _COLLECT, str(out)], capture_output=True, text=True, check=False
        )
        if done.returncode != 0 or not out.exists():
            tail = (done.stdout + done.stderr).strip().splitlines()[-_TAIL_LINES:]
            _stop(f"pytest cannot collect the tests here, so nothing is removed: {' | '.join(tail)}")
        return frozenset(json.loads(out.read_text(encoding="utf-8")))


def _remove(store: Store, gone: frozenset[Key]) -> None:
    from pytest_genesis_perf.baselines import editing
    from pytest_genesis_perf.toml_files import BaselineError

    try:
        with editing(store.folder) as now:
            if now.digests is not None and gone & now.digests.keys():
                now.write_digests(_without(now.digests, gone))
            for file in now.classes:
                if gone & file.entries.keys():
                    now.write_speeds(file.environment, _without(file.entries, gone))
    except BaselineError as fault:
        _stop(str(fault))


def _without(entries: Mapping[Key, Any], gone: frozenset[Key]) -> dict[Key, Any]:
    return {key: entry for key, entry in entries.items() if key not in gone}


def _speed_text(entry: SpeedEntry) -> str:
    speed = entry.speedup
    text = f"{times(speed.median)} {between(speed.low, speed.high)} of {entry.processes} processes"
    for name, costs in (("seconds", entry.seconds), ("bytes", entry.memory_bytes)):
        if costs is not None:
            text += f", {name} {costs['baseline']:,.6g} and {costs['optimized']:,.6g}"
    return text


def _plain(store: Store, key: Key) -> dict[str, Any]:
    speeds = []
    for file in store.classes:
        entry = file.entries.get(key)
        if entry is not None:
            speeds.append(
                {
                    "environment": file.environment.text(),
                    "speedup": [entry.speedup.low, entry.speedup.median, entry.speedup.high],
                    "processes": entry.processes,
                    "seconds": entry.seconds,
                    "memory_bytes": entry.memory_bytes,
                    "instructions": entry.instructions,
                }
            )
    return {"test": key[0], "label": key[1], "digest": (store.digests or {}).get(key), "speeds": speeds}


def _to_standard_output(file: Path | None) -> bool:
    return file is not None and str(file) == "-"


def _write(file: Path | None, plain: Mapping[str, Any]) -> None:
    if file is None:
        return
    text = json.dumps({"schema": SCHEMA, **plain}, indent=2) + "\n"
    if _to_standard_output(file):
        sys.stdout.write(text)
        return
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as fault:
        _stop(f"--json {file}: cannot be written: {fault.strerror}")


def _stop(message: str) -> NoReturn:
    typer.echo(f"genesis: {message}", err=True)
    raise typer.Exit(USAGE)
