"""Start children of a run of pytest, and collect what they measured."""

from __future__ import annotations

import os
import secrets
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from pytest_genesis_perf.child_process import run_child
from pytest_genesis_perf.child_request import Measured, Request, read_answer

MOST_BALLAST = 64 * 1024 * 1024
_NOT_INHERITED = ("PYTEST_XDIST_", "COV_CORE_", "COVERAGE_PROCESS_", "PYTEST_CURRENT_TEST")


@dataclass(frozen=True)
class Answer:
    """What became of a child.

    Parameters
    ----------
    measured : tuple of Measured
        What it measured.
    fault : str
        Why it could not do what it was asked for; empty if it could.
    """

    measured: tuple[Measured, ...]
    fault: str = ""


def ask_child(
    config: pytest.Config,
    request: Request,
    timeout: float,
    *,
    under: Sequence[str] = (),
    environment: Mapping[str, str] | None = None,
) -> Answer:
    """Run one child to its end.

    Parameters
    ----------
    config : pytest.Config
        The run whose tests it repeats.
    request : Request
        What to measure; `answer`, `ballast` and `lifeline` are filled in here.
    timeout : float
        Seconds after which it is killed.
    under : sequence of str, optional
        A program that runs the child, and its arguments: nothing in the child is left to chance then.
    environment : mapping, optional
        Variables that it has besides, or instead.
    """
    with tempfile.TemporaryDirectory(prefix="genesis-perf-") as name:
        folder = Path(name)
        output, written, waiting = folder / "answer.json", folder / "request.json", folder / "waiting"
        reading, writing = os.pipe() if os.name == "posix" else (None, None)
        try:
            replace(
                request,
                answer=str(output),
                ballast=0 if under else secrets.randbelow(MOST_BALLAST),
                lifeline=reading,
                waiting=str(waiting),
            ).write(written)
            ended = run_child(
                [*under, *child_command(config, written, folder)],
                cwd=config.invocation_params.dir,
                environment={**child_environment(), **(environment or {})},
                timeout=timeout,
                waiting=waiting,
                keep_open=() if reading is None else (reading,),
            )
        finally:
            for descriptor in (reading, writing):
                if descriptor is not None:
                    os.close(descriptor)
        if ended.code is None:
            return Answer((), f"it did not end within {timeout:g} s and was killed")
        if ended.code not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
            return Answer((), f"it ended with exit code {ended.code}:\n{ended.tail}")
        if not output.exists():
            return Answer((), f"it left no answer:\n{ended.tail}")
        return Answer(tuple(read_answer(output)))


def child_command(config: pytest.Config, request: Path, folder: Path) -> list[str]:
    """Return the command of a child: the same run on its own, in no other order, without a second try.

    Parameters
    ----------
    config : pytest.Config
        The run to repeat.
    request : Path
        What it is asked.
    folder : Path
        For its cache, without "last failed" tests, and its temporary files: its parent's are in use.
    """
    command = [sys.executable, "-m", "pytest", *map(str, config.invocation_params.args)]
    command.append(f"--genesis-perf-child={request}")
    has = config.pluginmanager.hasplugin
    options = {
        "cacheprovider": f"--override-ini=cache_dir={folder / 'cache'}",
        "tmpdir": f"--basetemp={folder / 'tmp'}",
        "logging": f"--log-file={os.devnull}",
        "xdist": "-n0",
        "pytest_cov": "--no-cov",
        "rerunfailures": "--reruns=0",
        "randomly": "--randomly-dont-reorganize",
    }
    return command + [option for plugin, option in options.items() if has(plugin)]


def child_environment() -> dict[str, str]:
    """Return the environment of a child: this one's, without what would make it a worker or measure its coverage."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_NOT_INHERITED)}
    return kept | {"PYTHONHASHSEED": str(secrets.randbelow(2**32))}


def files_of(items: Sequence[pytest.Item]) -> tuple[str, ...]:
    """Return the files of some tests as arguments of pytest."""
    return as_arguments(str(item.path) for item in items)


def as_arguments(paths: Iterable[str]) -> tuple[str, ...]:
    """Return some files as arguments of pytest; none where one of them cannot be written as an argument."""
    files = tuple(sorted(set(paths)))
    return () if any("[" in file or "::" in file for file in files) else files
