"""The ini keys put into the file of settings that a project has, without a change to anything else in it."""

from __future__ import annotations

import configparser
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pytest_genesis_perf.init.steps import InitError, Step

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

SETTINGS = {"genesis_perf_report": "reports"}
"""Ini keys that a project wants from the start; all others have defaults that suit most."""
_INI = {"pytest.ini": "pytest", ".pytest.ini": "pytest", "tox.ini": "pytest", "setup.cfg": "tool:pytest"}
_TABLES = ("tool.pytest", "tool.pytest.ini_options")


def settings(root: Path) -> Step:
    """Return how the ini keys come into the file that pytest reads here: the first of its own order with its section.

    Parameters
    ----------
    root : Path
        The project's folder.

    Raises
    ------
    InitError
        If a file cannot be read, or the keys cannot be added safely.
    """
    own = [name for name in ("pytest.ini", ".pytest.ini") if (root / name).is_file()]
    if own:
        return _with_ini(root, Path(own[0]))
    project = root / "pyproject.toml"
    if project.is_file():
        found = read_toml(project)
        if any(_table(found, name) is not None for name in _TABLES):
            return _withread_toml(root, found)
    for name in ("tox.ini", "setup.cfg"):
        if (root / name).is_file() and _INI[name] in _ini(root / name):
            return _with_ini(root, Path(name))
    if project.is_file():
        return _withread_toml(root, read_toml(project))
    return Step(Path("pytest.ini"), _ini_section("pytest"), _added(SETTINGS))


def _with_ini(root: Path, path: Path) -> Step:
    text, section = (root / path).read_text(encoding="utf-8"), _INI[path.name]
    before = _ini(root / path)
    have = dict(before[section]) if section in before else {}
    missing = {key: value for key, value in SETTINGS.items() if key not in have}
    if not missing:
        return Step(path, None, "has the settings already")
    lines = "".join(f"{key} = {value}\n" for key, value in missing.items())
    if section not in before:
        return Step(path, f"{text.rstrip()}\n\n[{section}]\n{lines}".lstrip(), _added(missing))
    new = _behind_head(text, re.escape(section), lines)
    return _checked(path, new, _ini_of, _added(missing))


def _withread_toml(root: Path, found: dict[str, Any]) -> Step:
    path = Path("pyproject.toml")
    text = (root / path).read_text(encoding="utf-8")
    name = next((name for name in _TABLES if _table(found, name) is not None), _TABLES[1])
    # [tool.pytest] holds ini_options too: what pytest reads is then the inner one.
    if _table(found, _TABLES[1]) is not None:
        name = _TABLES[1]
    have = _table(found, name)
    missing = {key: value for key, value in SETTINGS.items() if key not in (have or {})}
    if not missing:
        return Step(path, None, "has the settings already")
    lines = "".join(f'{key} = "{value}"\n' for key, value in missing.items())
    if have is None:
        return _checked(
            path, f"{text.rstrip()}\n\n[{name}]\n{lines}".lstrip(), tomllib.loads, _added(missing)
        )
    return _checked(path, _behind_head(text, re.escape(name), lines), tomllib.loads, _added(missing))


def _added(missing: dict[str, str]) -> str:
    return f"ini setting {', '.join(missing)} added"


def _behind_head(text: str, section: str, lines: str) -> str:
    """Put lines behind the head of a section."""
    new, count = re.subn(rf"(?m)^(\[{section}\][^\n]*)(\n|\Z)", lambda m: f"{m[1]}\n{lines}", text, count=1)
    if not count:
        raise InitError(
            f"the section [{section}] is written in a way that cannot be edited here; add: {lines.strip()}"
        )
    return new


def _checked(path: Path, text: str, parse: Callable[[str], object], told: str) -> Step:
    """Return a step whose text was read back: what cannot be read is not written."""
    try:
        parse(text)
    except (tomllib.TOMLDecodeError, configparser.Error) as fault:
        raise InitError(f"{path}: the settings cannot be added safely: {fault}") from None
    return Step(path, text, told)


def read_toml(path: Path) -> dict[str, Any]:
    """Read a file of TOML; what cannot be read is an :class:`InitError`."""
    try:
        found: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as fault:
        raise InitError(f"{path.name}: cannot be read: {fault}") from None
    return found


def _table(found: dict[str, Any], name: str) -> dict[str, Any] | None:
    at: Any = found
    for part in name.split("."):
        at = at.get(part) if isinstance(at, dict) else None
    return at if isinstance(at, dict) else None


def _ini(path: Path) -> configparser.ConfigParser:
    try:
        return _ini_of(path.read_text(encoding="utf-8"))
    except (configparser.Error, UnicodeDecodeError) as fault:
        raise InitError(f"{path.name}: cannot be read: {' '.join(str(fault).split())}") from None


def _ini_of(text: str) -> configparser.ConfigParser:
    parser = configparser.ConfigParser(interpolation=None)
    parser.read_string(text)
    return parser


def _ini_section(section: str) -> str:
    return f"[{section}]\n" + "".join(f"{key} = {value}\n" for key, value in SETTINGS.items())
