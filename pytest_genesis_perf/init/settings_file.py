"""The ini keys put into the file of settings that a project has, without a change to anything else in it."""

from __future__ import annotations

import configparser
import re
import sys
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
_TOML = ("pytest.toml", ".pytest.toml")
"""Of pytest 9: they go before all others, and their table is ``pytest``."""
_TABLES = ("tool.pytest.ini_options", "tool.pytest")


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
    for name in _TOML:
        if (root / name).is_file():
            return _with_toml(root, Path(name), "pytest")
    for name in ("pytest.ini", ".pytest.ini"):
        if (root / name).is_file():
            return _with_ini(root, Path(name))
    project = Path("pyproject.toml")
    if (root / project).is_file():
        found = read_toml(root / project)
        for table in _TABLES:
            if _table(found, table) is not None:
                return _with_toml(root, project, table)
    for name in ("tox.ini", "setup.cfg"):
        if (root / name).is_file() and _INI[name] in _ini_of(_text(root / name), name):
            return _with_ini(root, Path(name))
    if (root / project).is_file():
        return _with_toml(root, project, _TABLES[0])
    lines = "".join(f"{key} = {value}\n" for key, value in SETTINGS.items())
    return Step(Path("pytest.ini"), f"[pytest]\n{lines}", _added(SETTINGS))


def testpaths(root: Path) -> list[str]:
    """Return the folders of tests that a project's settings name, as far as they are written in ``pyproject.toml``."""
    project = root / "pyproject.toml"
    found = read_toml(project) if project.is_file() else {}
    tables = [table for name in _TABLES if (table := _table(found, name)) is not None]
    paths = tables[0].get("testpaths", []) if tables else []
    return paths.split() if isinstance(paths, str) else [str(path) for path in paths]


def _with_ini(root: Path, path: Path) -> Step:
    text, section = _text(root / path), _INI[path.name]
    before = _as_dict(_ini_of(text, path.name))
    have = before.get(section)
    missing = {key: value for key, value in SETTINGS.items() if key not in (have or {})}
    if not missing:
        return Step(path, None, "has the settings already")
    new = _inserted(text, section, [f"{key} = {value}" for key, value in missing.items()], new=have is None)
    wanted = {**before, section: {**missing, **(have or {})}}
    return _checked(path, section, new, missing, _as_dict(_ini_of(new, path.name)) == wanted)


def _with_toml(root: Path, path: Path, table: str) -> Step:
    text, before = _text(root / path), read_toml(root / path)
    have = _table(before, table)
    missing = {key: value for key, value in SETTINGS.items() if key not in (have or {})}
    if not missing:
        return Step(path, None, "has the settings already")
    new = _inserted(text, table, [f'{key} = "{value}"' for key, value in missing.items()], new=have is None)
    try:
        after = tomllib.loads(new)
    except tomllib.TOMLDecodeError:
        after = {}
    added = _table(after, table) or {}
    same = {key: value for key, value in added.items() if key not in missing} == (have or {})
    there = missing.items() <= added.items()
    whole = there and same and _without(after, table) == _without(before, table)
    return _checked(path, table, new, missing, whole)


def _without(found: dict[str, Any], table: str) -> dict[str, Any]:
    """Return all that stands outside of a table; empty tables around it do not count."""
    name, _, inner = table.partition(".")
    rest = {key: value for key, value in found.items() if key != name}
    left = _without(found[name], inner) if inner and isinstance(found.get(name), dict) else {}
    return {**rest, name: left} if left else rest


def _inserted(text: str, section: str, lines: list[str], *, new: bool) -> str:
    """Return a text with lines behind the head of a section, or with a new one at its end; its line ends are kept."""
    end = "\r\n" if "\r\n" in text else "\n"
    told = end.join(lines) + end
    if new:
        before = text.rstrip()
        return f"{before}{end}{end}[{section}]{end}{told}" if before else f"[{section}]{end}{told}"
    head = re.compile(rf"(?m)^\[{re.escape(section)}\][^\r\n]*(\r?\n|\Z)")
    return head.sub(lambda m: f"{m[0].rstrip(chr(10)).rstrip(chr(13))}{end}{told}", text, count=1)


def _checked(path: Path, section: str, text: str, missing: dict[str, str], whole: bool) -> Step:
    """Return the step, if the text read back has these keys more and nothing else is different."""
    if not whole:
        keys = ", ".join(f"{key} = {value}" for key, value in missing.items())
        raise InitError(f"{path}: cannot be edited safely; add to its section [{section}]: {keys}")
    return Step(path, text, _added(missing))


def _added(missing: dict[str, str]) -> str:
    return f"ini setting {', '.join(missing)} added"


def read_toml(path: Path) -> dict[str, Any]:
    """Read a file of TOML; what cannot be read is an :class:`InitError`."""
    try:
        found: dict[str, Any] = tomllib.loads(_text(path))
    except tomllib.TOMLDecodeError as fault:
        raise InitError(f"{path.name}: cannot be read: {fault}") from None
    return found


def _text(path: Path) -> str:
    """Read a file with its line ends as they are."""
    try:
        return path.read_bytes().decode("utf-8")
    except UnicodeDecodeError as fault:
        raise InitError(f"{path.name}: is not written in UTF-8: {fault}") from None


def _table(found: dict[str, Any], name: str) -> dict[str, Any] | None:
    at: Any = found
    for part in name.split("."):
        at = at.get(part) if isinstance(at, dict) else None
    return at if isinstance(at, dict) else None


def _ini_of(text: str, name: str) -> configparser.ConfigParser:
    parser = configparser.ConfigParser(interpolation=None)
    try:
        parser.read_string(text)
    except configparser.Error as fault:
        raise InitError(f"{name}: cannot be read: {' '.join(str(fault).split())}") from None
    return parser


def _as_dict(parser: configparser.ConfigParser) -> dict[str, dict[str, str]]:
    return {section: dict(parser[section]) for section in parser.sections()}
