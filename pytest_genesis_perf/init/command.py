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
            "Python 3.10 has no reader of TOML: pip install 'genesis-core[perf]', which brings tomli",
            param_hint="init",
        ) from None
    if not folder.is_dir():
        raise typer.BadParameter(f"{folder}: no such folder", param_hint="FOLDER")
    host = None if ci is Ci.AUTO else cast("Host", ci.value)
    try:
        steps = plan(folder, host)
        job = job_to_paste(folder, host)
        for step in steps:
            word = "unchanged" if step.text is None else "would write" if dry_run else "wrote"
            if step.text is not None and not dry_run:
                replace_file(folder / step.path, step.text)
            typer.echo(f"{word:<11} {step.path}: {step.told}")
    except InitError as fault:
        raise typer.BadParameter(str(fault), param_hint="FOLDER") from None
    except OSError as fault:
        raise typer.BadParameter(f"{fault.filename}: {fault.strerror}", param_hint="FOLDER") from None
    if job is not None:
        typer.echo(f"\nAdd to .gitlab-ci.yml:\n\n{job}")
    typer.echo("\nNext:")
    typer.echo("  pytest                          same bits?")
    typer.echo("  pytest --genesis-perf           how much faster, and is it as claimed?")
    typer.echo(
        "  pytest --genesis-perf-update    store digests and speeds; commit the folder baselines, not reports"
    )
