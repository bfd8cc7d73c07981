"""Values of options and ini keys: each checked, or refused by the name that gave it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from pathlib import Path

import pytest


def path_of(config: pytest.Config, value: str, name: str) -> Path:
    """Return a path as pytest does: an ini key's from the project's root, an option's from where the user stands."""
    return (config.rootpath if name.startswith("ini") else config.invocation_params.dir) / value


def file_of(config: pytest.Config, value: str, name: str) -> Path:
    """Return the path of a file, which need not exist."""
    path = path_of(config, value, name)
    if path.is_dir():
        raise pytest.UsageError(f"{name}: {path} is a folder, not a file")
    return path


def folder_of(config: pytest.Config, value: str, name: str) -> Path:
    """Return the path of a folder, which need not exist."""
    if not value:
        raise pytest.UsageError(f"{name}: must name a folder, not ''")
    path = path_of(config, value, name)
    if path.exists() and not path.is_dir():
        raise pytest.UsageError(f"{name}: {path} is not a folder")
    return path


def report_folder_of(config: pytest.Config, value: str, name: str) -> Path:
    """Return the folder of a report, whose charts need matplotlib."""
    if find_spec("matplotlib") is None:
        raise pytest.UsageError(f"{name}: charts need matplotlib; install genesis-backtest[perf]")
    return folder_of(config, value, name)


def check_apart(files: Mapping[str, Path], report: Path | None) -> None:
    """Refuse two files that would be written over each other.

    Parameters
    ----------
    files : mapping of str to Path
        By what gave them.
    report : Path or None
        The folder of the report.
    """
    seen: dict[Path, str] = {}
    for name, path in files.items():
        resolved = path.resolve()
        if resolved in seen:
            raise pytest.UsageError(f"{name}: {path} is also the file of {seen[resolved]}")
        seen[resolved] = name
        in_report = report is not None and resolved.parent == report.resolve()
        if in_report and resolved.name.startswith("genesis-perf"):
            raise pytest.UsageError(f"{name}: {path} is a file of the report in {report}")


def whole_number(name: str, text: str) -> int:
    """Return a whole number >= 0."""
    if not (text.isascii() and text.isdigit()):
        raise pytest.UsageError(f"{name}: must be a whole number >= 0, not {text!r}")
    return int(text)


def finite_number(name: str, text: str, valid: Callable[[float], bool], rule: str) -> float:
    """Return a finite number that is valid; `rule` says which are."""
    try:
        found = float(text)
    except ValueError:
        found = math.nan
    if not (math.isfinite(found) and valid(found)):
        raise pytest.UsageError(f"{name}: must be {rule}, not {text!r}")
    return found


def is_set(value: str | None) -> bool:
    """Say whether a variable such as ``CI`` is set to anything but no."""
    return value is not None and value.lower() not in ("", "0", "false")
