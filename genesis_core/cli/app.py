"""The command ``genesis``: its commands, and those that other packages add."""

from __future__ import annotations

from importlib import import_module
from typing import Annotated, Any

import typer

from genesis_core.cli.shell import Command, Group, UsageError, help_when_alone

SUMMARY = "Backtests whose fast paths give the same bits as the slow one."
PLUGINS = "genesis.commands"
"""Entry points of other packages: name -> a typer app."""


class _Main(Group):
    """The top of the tree: imports another package's command only when it is asked for."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Return the names of all commands."""
        return [*super().list_commands(ctx), *sorted(_entry_points())]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Return a command, or None."""
        found = super().get_command(ctx, cmd_name)
        if found is not None:
            return found
        entry = _entry_points().get(cmd_name)
        if entry is None:
            return None
        try:
            command = typer.main.get_command(entry.load())
        except ImportError as fault:
            return _broken(cmd_name, fault)
        # The entry point names it: help would else list an app that does not name itself as nothing.
        command.name = cmd_name
        return command


def _broken(name: str, fault: ImportError) -> Any:
    """Return what stands for a command that cannot be imported: the others still work, and this one says why."""
    instead = typer.Typer(add_completion=False)
    lenient = {"ignore_unknown_options": True, "allow_extra_args": True}

    @instead.command(name, help=f"Cannot be loaded: {fault}", context_settings=lenient)
    def tell() -> None:
        raise UsageError(f"the command {name!r} cannot be loaded: {fault}")

    return typer.main.get_command(instead)


app = typer.Typer(
    help=SUMMARY,
    cls=_Main,
    invoke_without_command=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(asked: bool) -> None:
    if asked:
        from genesis_core.version import __version__

        typer.echo(f"genesis {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    ctx: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    help_when_alone(ctx)


def _register() -> None:
    from genesis_core.cli import backtest, benchmark, check, data, optimize

    app.command("backtest", cls=Command)(backtest.backtest)
    app.command("benchmark", cls=Command)(benchmark.benchmark)
    app.command("check", cls=Command)(check.check)
    app.add_typer(data.app, name="data")
    app.add_typer(optimize.app, name="optimize")


_register()


def _entry_points() -> dict[str, Any]:
    from importlib.metadata import entry_points

    return {entry.name: entry for entry in entry_points(group=PLUGINS)}


def main() -> None:
    """Run the command ``genesis``."""
    app(prog_name="genesis")


def script(name: str, prog_name: str, summary: str) -> None:
    """Run one command as a script of its own, in which every acceleration is asked for and no flag is the baseline.

    Parameters
    ----------
    name : str
        The command.
    prog_name : str
        What help and messages call the script.
    summary : str
        Its help.
    """
    command = typer.main.get_command(app).commands[name]  # type: ignore[attr-defined]
    command.help = summary
    opt_in = import_module(f"genesis_core.cli.{name}").OPT_IN
    command.main(prog_name=prog_name, obj=opt_in)


def group_script(name: str, prog_name: str) -> None:
    """Run a group of commands as a script of its own.

    Parameters
    ----------
    name : str
        The group.
    prog_name : str
        What help and messages call the script.
    """
    typer.main.get_command(app).commands[name].main(prog_name=prog_name)  # type: ignore[attr-defined]
