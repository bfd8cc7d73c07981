"""The page of keys and reason codes says all there are, and nothing else; its defaults are those of the code."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any, get_args, get_type_hints

import msgspec
import pytest

from genesis_core.features.defaults import FEATURES
from genesis_core.kernels.trading.reasons import FILL_REASONS, REASONS
from genesis_core.strategy.parts import Decision, Execution, Exits, Higher, Side

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
STAND_FOR = {"REGIME": ("bear", "ranging", "bull"), "ZONE": ("low", "mid", "high"), "SIDE": ("long", "short")}
TABLES = {
    "`[model.buy]` and `[model.sell]`": Side,
    "`[decision]`": Decision,
    "`[higher]`": Higher,
    "`[exits]`": Exits,
    "`[execution]`": Execution,
}


def section(heading: str) -> str:
    """Return the text under a heading."""
    found = re.search(rf"^## {re.escape(heading)}\n(.*?)(?=^## |\Z)", TEXT, re.MULTILINE | re.DOTALL)
    assert found, heading
    return found[1]


def rows(text: str) -> Iterator[list[str]]:
    """Yield the cells of each row of each table, but for the heads."""
    for line in text.splitlines():
        if line.startswith("| `"):
            yield [cell.strip() for cell in line.strip("|").split("|")]


def spelled_out(key: str) -> Iterator[str]:
    """Yield the keys that one of the page stands for."""
    parts = [STAND_FOR.get(part, (part,)) for part in key.split(".")]
    yield from (".".join(chosen) for chosen in product(*parts))


def documented(heading: str) -> dict[str, str]:
    keys: dict[str, str] = {}
    for key, default, _unit, _meaning in rows(section(heading)):
        for name in spelled_out(key.strip("`")):
            assert name not in keys, f"{name} stands twice"
            keys[name] = default.strip("`")
    return keys


def struct_of(kind: Any) -> type[msgspec.Struct] | None:
    return next(
        (t for t in (kind, *get_args(kind)) if isinstance(t, type) and issubclass(t, msgspec.Struct)), None
    )


def keys_of(struct: type[msgspec.Struct], path: str = "") -> Iterator[tuple[str, str]]:
    """Yield each key of a table and its default as TOML writes it."""
    types = get_type_hints(struct)
    for field in msgspec.structs.fields(struct):
        inner = struct_of(types[field.name])
        if inner is not None:
            yield from keys_of(inner, f"{path}{field.name}.")
        else:
            default = field.default
            nothing = default is None or default is msgspec.NODEFAULT
            yield f"{path}{field.name}", "-" if nothing else json.dumps(default)


@pytest.mark.parametrize("heading", TABLES)
def test_every_key_and_no_other_with_its_default(heading: str) -> None:
    assert documented(heading) == dict(keys_of(TABLES[heading]))


def test_the_tables_are_all_there_are() -> None:
    headings = re.findall(r"^## (`\[.*)$", TEXT, re.MULTILINE)
    assert headings == ["`[features]`", *TABLES]


def test_every_row_says_what_it_means() -> None:
    for heading in TABLES:
        for key, _, unit, meaning in rows(section(heading)):
            assert unit or meaning, key
            assert len(unit) + len(meaning) > 10, key


def test_every_feature_with_its_parameters() -> None:
    found = {}
    for name, parameters in rows(section("`[features]`")):
        given = re.findall(r"`(\w+)` ([\d.]+)", parameters)
        found[name.strip("`")] = tuple((key, float(value)) for key, value in given)
    assert found == {name: feature.defaults for name, feature in FEATURES.items()}


@pytest.mark.parametrize(
    ("heading", "codes"),
    [("What became of each bar", REASONS), ("Why each fill happened", FILL_REASONS[1:])],
    ids=["bars", "fills"],
)
def test_every_reason_code_and_no_other(heading: str, codes: tuple[str, ...]) -> None:
    told = list(rows(section(heading)))
    assert [code.strip("`") for code, _ in told] == list(codes)
    assert all(len(words) > 10 for _, words in told)


def test_codes_named_in_the_text_exist() -> None:
    shouted = set(re.findall(r"\b[A-Z]{2,}(?:_[A-Z]+)*\b", TEXT))
    other = {*STAND_FOR, "ATR", "EMA", "RSI", "TOML", "UTC"}
    assert shouted - other == set(REASONS) | {"ENTRY"}
