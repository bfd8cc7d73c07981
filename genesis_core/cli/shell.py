"""What every command does alike: a user's mistake is one line on standard error and exit code 2."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NoReturn

import typer
from typer.core import TyperCommand, TyperGroup

from genesis_core.cli.words import in_flags
from genesis_core.errors import GenesisError

FAILED, USAGE, INTERRUPTED = 1, 2, 130
"""Exit codes: a check that failed, a mistake of the user's, Ctrl-C."""

# Newer releases of typer bring a click of their own, older ones use the installed one: this finds it in both.
_ClickError: Any = next(kind for kind in typer.BadParameter.__mro__ if kind.__name__ == "ClickException")


class UsageError(GenesisError):
    """Options that do not go together, or a value that an option cannot have."""


class Command(TyperCommand):
    """A command that says mistakes in one line."""

    allow_extra_args = True
    """So that `parse_args` sees them, and can say what was probably meant."""

    def main(self, *args: Any, standalone_mode: bool = True, **more: Any) -> Any:
        """Run it; ends the process unless `standalone_mode` is off."""
        return _run(super().main, args, standalone_mode, more)

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Take ``--feature-cache`` without a size as one of the usual size."""
        words = with_usual_size(args)
        try:
            parsed: list[str] = super().parse_args(ctx, list(words))
        except _ClickError as fault:
            raise UsageError(_with_value(fault, words)) from None
        if parsed and not ctx.resilient_parsing:
            options = {option for parameter in self.params for option in parameter.opts}
            hint = "; a strategy is given by --strategy" if "--strategy" in options else ""
            raise UsageError(f"{' '.join(parsed)}: not expected here{hint}; see {ctx.command_path} --help")
        return parsed


class Group(TyperGroup):
    """A group of such commands."""

    def main(self, *args: Any, standalone_mode: bool = True, **more: Any) -> Any:
        """Run it; ends the process unless `standalone_mode` is off."""
        return _run(super().main, args, standalone_mode, more)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Find the command that the first argument names; where there is none, say which there are."""
        try:
            return super().resolve_command(ctx, args)
        except _ClickError as fault:
            raise UsageError(
                f"{fault.format_message()} There are: {', '.join(self.list_commands(ctx))}"
            ) from None


def with_usual_size(args: Sequence[str], option: str = "--feature-cache", usual: int = 500) -> list[str]:
    """Give an option whose value may be left out its usual value.

    Parameters
    ----------
    args : sequence of str
        What the user wrote.
    option : str
        The option; its values are whole numbers.
    usual : int
        Its value where no number follows.
    """
    following = [*args[1:], ""][: len(args)]
    return [
        f"{option}={usual}" if word == option and not after.lstrip("-").isdigit() else word
        for word, after in zip(args, following, strict=True)
    ]


def _with_value(fault: Any, words: Sequence[str]) -> str:
    """Return the message of a mistake; of a value that an option cannot have, with this value."""
    message = str(fault.format_message())
    names = getattr(getattr(fault, "param", None), "opts", ())
    for word, after in zip(words, [*words[1:], ""], strict=False):
        name, with_sign, joined = word.partition("=")
        value = joined if with_sign else after
        if name in names and value and value not in message:
            return f"{message}: {value!r}"
    return message


def help_when_alone(ctx: typer.Context) -> None:
    """Print the help of a group that was called without a command; that is a mistake all the same."""
    if ctx.invoked_subcommand is None:
        text = ctx.get_help()
        if text:
            typer.echo(text)
        raise typer.Exit(USAGE)


def _run(run: Callable[..., Any], args: Any, standalone: bool, more: dict[str, Any]) -> Any:
    if not standalone:
        return run(*args, standalone_mode=False, **more)
    name = more.get("prog_name") or "genesis"
    with _warnings_in_one_line(name):
        try:
            code = run(*args, standalone_mode=False, **more)
        except GenesisError as fault:
            _stop(name, str(fault))
        except _ClickError as fault:
            _stop(name, fault.format_message())
        except typer.Abort:
            sys.exit(INTERRUPTED)
    sys.exit(code if isinstance(code, int) else 0)


def _stop(name: str, message: str) -> NoReturn:
    sys.stderr.write(f"{name}: {' '.join(message.split())}\n")
    sys.exit(USAGE)


@contextmanager
def _warnings_in_one_line(name: str) -> Iterator[None]:
    def show(message: Warning | str, *_: object, **__: object) -> None:
        sys.stderr.write(f"{name}: warning: {in_flags(str(message))}\n")

    with warnings.catch_warnings():
        # What the engine warns of is for the user; what libraries say to developers stays as Python has it.
        for kind in (UserWarning, RuntimeWarning):
            warnings.simplefilter("always", kind)
        warnings.showwarning = show
        yield
