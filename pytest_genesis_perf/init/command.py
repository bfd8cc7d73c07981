"""``genesis-perf init``: a first test, ini settings and a job for CI, in the project that stands here."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import Annotated, cast

import typer


class Ci(str, Enum):
    """Where the project's CI runs."""

    AUTO = "auto"
    GITHUB = "github"
    GITLAB = "gitlab"
    NONE = "none"


def init(
    folder: Annotated[Path, typer.Argument(metavar="[FOLDER]", help="The project.")] = Path("."),
    ci: Annotated[
        Ci, typer.Option("--ci", help="Where its CI runs; auto: as its files say.", case_sensitive=False)
    ] = Ci.AUTO,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be written.")] = False,
) -> None:
    """Write a first test, ini settings and a CI job into a project. What is there already is left as it is."""
    try:
        from pytest_genesis_perf.atomic_files import replace_file
        from pytest_genesis_perf.init.plan import Host, job_to_paste, plan
        from pytest_genesis_perf.init.steps import InitError
    except ModuleNotFoundError as fault:
        if fault.name != "tomli":
            raise
        raise typer.BadParameter(
            "Python 3.10 has no reader of TOML: pip install 'genesis-backtest[perf]', which brings tomli",
            param_hint="init",
        ) from None
    if not folder.is_dir():
        why = "is no folder" if folder.exists() else "no such folder"
        raise typer.BadParameter(f"{folder}: {why}", param_hint="FOLDER")
    host = None if ci is Ci.AUTO else cast("Host", ci.value)
    try:
        steps = plan(folder, host)
        job = job_to_paste(folder, host)
    except InitError as fault:
        raise typer.BadParameter(str(fault), param_hint="FOLDER") from None
    for step in steps:
        if step.text is not None and not dry_run:
            try:
                replace_file(folder / step.path, step.text)
            except OSError as fault:
                raise typer.BadParameter(f"{step.path}: {fault.strerror}", param_hint="FOLDER") from None
    for step in steps:
        word = "unchanged" if step.text is None else "would write" if dry_run else "wrote"
        typer.echo(f"{word:<11} {step.path}: {step.told}")
    if job is not None:
        typer.echo(f"\nAdd to .gitlab-ci.yml:\n\n{job}")
    typer.echo("\nNext:")
    typer.echo(
        "  add genesis-backtest[perf] to what your tests require: without it pytest does not know the setting"
    )
    typer.echo("  pytest                          same bits?")
    typer.echo("  pytest --genesis-perf           how much faster, and is it as claimed?")
    typer.echo(
        "  pytest --genesis-perf-update    store digests and speeds; commit the folder baselines, not reports"
    )
