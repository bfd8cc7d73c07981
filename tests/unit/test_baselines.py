from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from pytest_genesis_perf import toml_files
from pytest_genesis_perf.baseline_files import (
    SpeedEntry,
    SpeedFile,
    read_digests,
    read_speeds,
    write_digests,
    write_speeds,
)
from pytest_genesis_perf.baselines import Store
from pytest_genesis_perf.environment import EnvironmentClass
from pytest_genesis_perf.evidence import StoredSpeed
from pytest_genesis_perf.toml_files import BaselineError

HERE = EnvironmentClass("CPython 3.11", "x86_64", "AMD EPYC", 2, (("numba", "0.68"), ("numpy", "2.4")))
KEY = ("tests/perf/test_paths.py::test_precompute[embedded]", "precomputed")
ENTRY = SpeedEntry(
    StoredSpeed(118.0, 121.0, 125.0),
    5,
    {"baseline": 0.61, "optimized": 0.005},
    {"baseline": 412672, "optimized": 131072},
    {"baseline": 955862, "optimized": 8123, "tool": "valgrind 3.19"},
)
DIGEST = "0123456789abcdef" * 2
SPEEDS = """\
schema = 1

[class]
python = "CPython 3.11"
machine = "x86_64"
cpu = "AMD EPYC"
cores = 2
libraries = { numba = "0.68", numpy = "2.4" }

[entry."tests/perf/test_paths.py::test_precompute[embedded]"."precomputed"]
speedup = [118.0, 121.0, 125.0]
processes = 5
memory_bytes = { baseline = 412672, optimized = 131072 }
instructions = { baseline = 955862, optimized = 8123, tool = "valgrind 3.19" }
seconds = { baseline = 0.61, optimized = 0.005 }
"""
DIGESTS = f"""\
schema = 1

[entry."tests/perf/test_paths.py::test_precompute[embedded]"]
"precomputed" = "{DIGEST}"
"""
NASTY = ['a"b', "back\\slash", "tab\there", "new\nline", "ünïcödé ✓", "\x7f", "\x00", "a.b", "[x]", "$1$", ""]


def speed_file(folder: Path, text: str = SPEEDS) -> Path:
    path = folder / f"{HERE.slug()}.toml"
    path.write_text(text, encoding="utf-8")
    return path


def digest_file(folder: Path, text: str = DIGESTS) -> Path:
    path = folder / "digests.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_speeds_are_written_in_the_documented_form_and_read_back(tmp_path: Path) -> None:
    path = tmp_path / f"{HERE.slug()}.toml"
    write_speeds(path, SpeedFile(HERE, {KEY: ENTRY}))
    assert path.read_bytes() == SPEEDS.encode()
    assert read_speeds(path) == SpeedFile(HERE, {KEY: ENTRY})


def test_digests_are_written_in_the_documented_form_and_read_back(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "digests.toml"
    write_digests(path, {KEY: DIGEST})
    assert path.read_bytes() == DIGESTS.encode()
    assert read_digests(path) == {KEY: DIGEST}


def test_entries_are_sorted_whatever_order_they_came_in(tmp_path: Path) -> None:
    keys = [("b", "y"), ("a", "z"), ("b", "x"), ("a", "y")]
    for name, order in (("one", keys), ("two", keys[::-1])):
        write_digests(tmp_path / name, dict.fromkeys(order, DIGEST))
        folder = tmp_path / f"{name}-speed"
        write_speeds(folder / f"{HERE.slug()}.toml", SpeedFile(HERE, dict.fromkeys(order, ENTRY)))
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
    one, two = (tmp_path / f"{name}-speed" / f"{HERE.slug()}.toml" for name in ("one", "two"))
    assert one.read_bytes() == two.read_bytes()
    assert list(read_digests(tmp_path / "one")) == sorted(keys)


def test_speedups_keep_three_digits_and_seconds_two(tmp_path: Path) -> None:
    entry = SpeedEntry(
        StoredSpeed(1.23456, 12.3456, 1234.56), 5, {"baseline": 0.123456, "optimized": 1.26e-7}
    )
    path = tmp_path / f"{HERE.slug()}.toml"
    write_speeds(path, SpeedFile(HERE, {KEY: entry}))
    stored = read_speeds(path).entries[KEY]
    assert stored.speedup == StoredSpeed(1.23, 12.3, 1230.0)
    assert stored.seconds == {"baseline": 0.12, "optimized": 1.3e-7}
    assert stored == entry.rounded()


@pytest.mark.parametrize("name", NASTY)
def test_any_node_id_and_label_survives(tmp_path: Path, name: str) -> None:
    write_digests(tmp_path / "digests.toml", {(name, "x"): DIGEST, ("x", name): DIGEST})
    assert set(read_digests(tmp_path / "digests.toml")) == {(name, "x"), ("x", name)}
    path = tmp_path / f"{HERE.slug()}.toml"
    write_speeds(path, SpeedFile(HERE, {(name, name): ENTRY}))
    assert read_speeds(path).entries == {(name, name): ENTRY}


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("schema = 1", "schema = 2", r"schema: must be 1, not 2: the file is of another version"),
        ("schema = 1", "schema = true", r"schema: must be 1, not True"),
        ("schema = 1\n", "", r"schema: the key is missing"),
        ("[class]", "[klass]", r"klass: unknown key; did you mean 'class'\?"),
        ("cores = 2", "cores = 2.0", r"class.cores: must be a whole number >= 1, not 2.0"),
        ("cores = 2", "cores = true", "must be a whole number"),
        ("cores = 2", "cores = 4", "the class inside belongs into .*4-cores.*toml"),
        ("cores = 2\n", "", "class.cores: the key is missing"),
        ('cpu = "AMD EPYC"', 'cpu = ""', "must be a non-empty string"),
        ("processes = 5", "proceses = 5", "unknown key; did you mean 'processes'"),
        ("processes = 5", "processes = 0", "must be a whole number >= 1, not 0"),
        ("processes = 5\n", "", "precomputed.processes: the key is missing"),
        ("[118.0, 121.0, 125.0]", "[118.0, 121.0]", "must be a list of 3 numbers"),
        ("[118.0, 121.0, 125.0]", "118.0", "must be a list of 3 numbers"),
        ("[118.0, 121.0, 125.0]", "[121.0, 118.0, 125.0]", r"must be \[low, median, high\] in order"),
        ("[118.0, 121.0, 125.0]", "[118.0, nan, 125.0]", "must be a finite number > 0, not nan"),
        ("[118.0, 121.0, 125.0]", "[118.0, 121.0, inf]", "must be a finite number > 0, not inf"),
        ("[118.0, 121.0, 125.0]", '["118.0", 121.0, 125.0]', "must be a finite number > 0, not '118.0'"),
        ("[118.0, 121.0, 125.0]", "[0.0, 121.0, 125.0]", "must be a finite number > 0, not 0.0"),
        ("[118.0, 121.0, 125.0]", "[true, 121.0, 125.0]", "must be a finite number > 0, not True"),
        ("baseline = 0.61, ", "", "seconds.baseline: the key is missing"),
        ("optimized = 0.005 }", "optimized = -1.0 }", "must be a finite number > 0, not -1.0"),
        (', tool = "valgrind 3.19"', "", "instructions.tool: the key is missing"),
        ("baseline = 412672", "baseline = 412672.5", "must be a whole number >= 0"),
        ("[118.0, 121.0, 125.0]", "[118.0, 121.0", "not valid TOML: .*line 1"),
        ("processes = 5", "processes = 5\nprocesses = 5", "not valid TOML: "),
        ("processes = 5\n", "<<<<<<< ours\nprocesses = 5\n", "line 12: an unresolved merge conflict"),
        ("[class]", "[class", "not valid TOML: .*line 3"),
    ],
)
def test_a_damaged_file_of_speeds_names_file_and_place(
    tmp_path: Path, old: str, new: str, message: str
) -> None:
    assert old in SPEEDS
    path = speed_file(tmp_path, SPEEDS.replace(old, new))
    with pytest.raises(BaselineError, match=message) as caught:
        read_speeds(path)
    assert str(caught.value).startswith(str(path))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("schema = 1", "schema = 3", "another version"),
        (DIGEST, DIGEST[:-1], "must be a digest of 32 hex digits"),
        (DIGEST, DIGEST.upper(), "must be a digest of 32 hex digits"),
        (f'"{DIGEST}"', "7", "must be a non-empty string, not 7"),
        (f'"precomputed" = "{DIGEST}"', "", None),
        ("[entry.", "[entries.", "unknown key; did you mean 'entry'"),
        (DIGESTS, 'schema = 1\nentry = "x"\n', "entry.*must be a table, not 'x'"),
    ],
)
def test_a_damaged_file_of_digests_names_file_and_place(
    tmp_path: Path, old: str, new: str, message: str | None
) -> None:
    path = digest_file(tmp_path, DIGESTS.replace(old, new))
    if message is None:
        assert read_digests(path) == {}
        return
    with pytest.raises(BaselineError, match=message) as caught:
        read_digests(path)
    assert str(caught.value).startswith(str(path))


def test_every_truncation_of_a_file_is_an_error_or_a_whole_file(tmp_path: Path) -> None:
    # Never a file that reads as something it was not: an entry is there whole, or not at all.
    for length in range(len(SPEEDS)):
        path = speed_file(tmp_path, SPEEDS[:length])
        try:
            entries = read_speeds(path).entries
        except BaselineError:
            continue
        partial = replace(ENTRY, seconds=None)
        known = [{}, {KEY: partial}, {KEY: replace(partial, instructions=None)}]
        known.append({KEY: replace(partial, instructions=None, memory_bytes=None)})
        known.append({KEY: ENTRY})
        assert entries in known


def test_bytes_that_are_not_text_are_a_clear_error(tmp_path: Path) -> None:
    path = digest_file(tmp_path)
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(BaselineError, match="cannot be read"):
        read_digests(path)


def test_a_write_that_fails_leaves_the_old_file_and_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = digest_file(tmp_path)

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(BaselineError, match=r"cannot be written: .*No space left"):
        write_digests(path, {})
    assert path.read_text(encoding="utf-8") == DIGESTS
    assert os.listdir(tmp_path) == ["digests.toml"]


def test_a_file_is_replaced_in_one_step_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = digest_file(tmp_path)

    def locked(source: str, target: Path) -> None:
        # What is to be put in place is whole by now.
        assert read_digests(Path(source)) == {("new", "x"): DIGEST}
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "replace", locked)
    with pytest.raises(BaselineError, match=r"cannot be written: .*Permission denied"):
        write_digests(path, {("new", "x"): DIGEST})
    assert path.read_text(encoding="utf-8") == DIGESTS
    assert os.listdir(tmp_path) == ["digests.toml"]


def test_a_written_file_can_be_read_by_others(tmp_path: Path) -> None:
    toml_files.write(tmp_path / "x", "a = 1\n")
    assert (tmp_path / "x").stat().st_mode & 0o444 == 0o444
    assert os.listdir(tmp_path) == ["x"]


def test_a_project_without_baselines_has_no_digests_and_no_speeds(tmp_path: Path) -> None:
    store = Store(tmp_path / "baselines")
    assert store.digests is None
    assert store.speeds(HERE) == {}
    assert store.known() == set()
    assert "none is stored yet" in store.why_no_speed(HERE, KEY)


def test_the_store_finds_the_class_and_counts_what_it_knows(tmp_path: Path) -> None:
    store = Store(tmp_path)
    other = replace(HERE, cores=8)
    write_digests(store.digests_path, {("d", "d"): DIGEST})
    write_speeds(store.speed_path(HERE), SpeedFile(HERE, {KEY: ENTRY}))
    write_speeds(store.speed_path(other), SpeedFile(other, {("o", "o"): ENTRY}))
    assert store.speeds(HERE) == {KEY: ENTRY}
    assert store.known() == {KEY, ("d", "d"), ("o", "o")}
    assert "for this comparison in this environment class" in store.why_no_speed(HERE, ("o", "o"))


def test_a_class_without_a_file_is_told_what_differs_from_the_nearest(tmp_path: Path) -> None:
    store = Store(tmp_path)
    for other in (replace(HERE, cores=8), replace(HERE, cores=8, machine="arm64")):
        write_speeds(store.speed_path(other), SpeedFile(other, {KEY: ENTRY}))
    assert store.why_no_speed(HERE, KEY).endswith("the nearest one differs: cores is 2 here, 8 there")
