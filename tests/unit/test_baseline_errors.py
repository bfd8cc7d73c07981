"""Every fault of a baseline file names the line and the key."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pytest_genesis_perf.baseline_files import read_digests, read_speeds
from pytest_genesis_perf.baseline_schema import Step, upgraded
from pytest_genesis_perf.environment import EnvironmentClass
from pytest_genesis_perf.toml_files import BaselineError, read

HERE = EnvironmentClass("CPython 3.11", "x86_64", "AMD EPYC", 2, (("numpy", "2.4"),))
SPEEDS = """\
schema = 1

[class]
python = "CPython 3.11"
machine = "x86_64"
cpu = "AMD EPYC"
cores = 2
libraries = { numpy = "2.4" }

[entry."test_a.py::test[x = 1]"."first"]
speedup = [1.0, 2.0, 3.0]
processes = 5

[entry."test_b.py::test"."second"]
speedup = [4.0, 5.0, 6.0]
processes = 7
seconds = { baseline = 0.5, optimized = 0.1 }
"""
SECOND = 'entry."test_b.py::test".second'
DIGEST = "0123456789abcdef" * 2
DIGESTS = f"""\
schema = 1

[entry."test_a.py::test"]
"first" = "{DIGEST}"

[entry."test_b.py::test"]
"first" = "{DIGEST}"
"a.b = c" = "{DIGEST}"
"""


def written(path: Path, whole: str, old: str, new: str) -> Path:
    assert whole.count(old) == 1
    path.write_text(whole.replace(old, new), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("old", "new", "line", "place"),
    [
        ("schema = 1\n", "", 1, "schema: the key is missing"),
        ("schema = 1", "schema = 2", 1, "schema: must be 1, not 2: *newer*upgrade genesis-backtest"),
        ("schema = 1", "schema = 0", 1, "schema: must be 1, not 0: there is no such version"),
        ("schema = 1", "schema = '1'", 1, "schema: must be 1, not '1'"),
        ("[class]", "[clas]", 3, "clas: unknown key; did you mean 'class'?"),
        ("cores = 2", "cores = 'two'", 7, "class.cores: must be a whole number >= 1, not 'two'"),
        ("cores = 2", "cores = 4", 3, "class: the class inside belongs into *4-cores*"),
        ("cores = 2\n", "", 3, "class.cores: the key is missing"),
        ('numpy = "2.4"', "numpy = 2.4", 8, "class.libraries.numpy: must be a non-empty string, not 2.4"),
        ("processes = 7", "proceses = 7", 16, f"{SECOND}.proceses: unknown key; did you mean 'processes'?"),
        ("processes = 7", "processes = -7", 16, f"{SECOND}.processes: must be a whole number >= 1, not -7"),
        ("processes = 7\n", "", 14, f"{SECOND}.processes: the key is missing"),
        ("[4.0, 5.0, 6.0]", "[4.0, 6.0, 5.0]", 15, f"{SECOND}.speedup: must be * in order"),
        ("[4.0, 5.0, 6.0]", "5.0", 15, f"{SECOND}.speedup: must be a list of 3 numbers"),
        ("[4.0, 5.0, 6.0]", "[4.0, nan, 6.0]", 15, f"{SECOND}.speedup: must be a finite number > 0"),
        ("baseline = 0.5", "baseline = 0", 17, f"{SECOND}.seconds.baseline: must be a finite number > 0"),
        (", optimized = 0.1", "", 17, f"{SECOND}.seconds.optimized: the key is missing"),
        (
            '[entry."test_b.py::test"."second"]\nspeedup',
            '[entry]\n"test_b.py::test"',
            15,
            'entry."test_b.py::test": must be a table, not [4.0, 5.0, 6.0]',
        ),
        ("processes = 7", "processes = 7\nprocesses = 7", 17, f"Cannot overwrite*key {SECOND}.processes;"),
        (
            "processes = 7\n",
            "<<<<<<< ours\n",
            16,
            f"an unresolved merge conflict, at the key {SECOND}.speedup;",
        ),
        (
            "processes = 7\n",
            "||||||| base\n",
            16,
            f"an unresolved merge conflict, at the key {SECOND}.speedup;",
        ),
        ("processes = 7\n", "=======\n", 16, f"not valid TOML: *at the key {SECOND}.speedup;"),
        ("processes = 7", "processes =", 16, f"Invalid value, at the key {SECOND}.processes;"),
    ],
)
def test_a_fault_in_speeds_names_line_and_key(
    tmp_path: Path, old: str, new: str, line: int, place: str
) -> None:
    path = written(tmp_path / f"{HERE.slug()}.toml", SPEEDS, old, new)
    with pytest.raises(BaselineError) as caught:
        read_speeds(path)
    told = str(caught.value)
    assert told.startswith(f"{path}: ")
    assert f": line {line}: " in told
    assert re.search(".*".join(map(re.escape, place.split("*"))), told), told
    assert "\n" not in told


@pytest.mark.parametrize(
    ("old", "new", "line", "place"),
    [
        (
            f'"a.b = c" = "{DIGEST}"',
            '"a.b = c" = "12"',
            8,
            'entry."test_b.py::test"."a.b = c": must be a digest',
        ),
        (
            f'"a.b = c" = "{DIGEST}"',
            '"a.b = c" = 12',
            8,
            'entry."test_b.py::test"."a.b = c": must be a non-empty',
        ),
        ('[entry."test_b.py::test"]', '[entry."test_a.py::test"]', 6, "not valid TOML"),
        ('"a.b = c"', '"first"', 8, 'at the key entry."test_b.py::test".first;'),
        ('[entry."test_b.py::test"]', "[[entry]]", 6, "not valid TOML"),
        ('"a.b = c"', r'"\q"', 8, "not valid TOML"),
    ],
)
def test_a_fault_in_digests_names_line_and_key(
    tmp_path: Path, old: str, new: str, line: int, place: str
) -> None:
    path = written(tmp_path / "digests.toml", DIGESTS, old, new)
    with pytest.raises(BaselineError) as caught:
        read_digests(path)
    told = str(caught.value)
    assert f": line {line}: " in told
    assert place in told
    assert 'entry."' in told


def test_a_table_that_is_none_and_dotted_keys_are_found(tmp_path: Path) -> None:
    path = tmp_path / "digests.toml"
    path.write_text('schema = 1\n# entry = 3\n  entry . "test_a.py::test" = 7\n', encoding="utf-8")
    with pytest.raises(BaselineError, match=r'line 3: entry."test_a.py::test": must be a table, not 7'):
        read_digests(path)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "line 1: schema: the key is missing"),
        ("<<<<<<< ours\nschema = 1\n", "line 1: an unresolved merge conflict, at the key schema;"),
        ("schema = 1\n[entry.'a'\n", "line 2: .*, at the key schema;"),
        ("sch", "not valid TOML: line 1: "),
    ],
)
def test_a_fault_before_any_key_names_what_there_is(tmp_path: Path, text: str, told: str) -> None:
    path = tmp_path / "digests.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(BaselineError, match=told):
        read_digests(path)


@pytest.mark.parametrize(("whole", "last"), [(SPEEDS, SECOND), (DIGESTS, 'entry."test_b.py::test"')])
def test_a_file_cut_off_anywhere_in_a_line_is_an_error_that_names_the_line(
    tmp_path: Path, whole: str, last: str
) -> None:
    path = tmp_path / (f"{HERE.slug()}.toml" if whole is SPEEDS else "digests.toml")
    reader = read_speeds if whole is SPEEDS else read_digests
    for length in range(1, len(whole)):
        if whole[length - 1] == "\n":
            continue
        path.write_text(whole[:length], encoding="utf-8")
        with pytest.raises(BaselineError) as caught:
            reader(path)
        assert f": line {1 + whole[:length].count(chr(10))}: " in str(caught.value)
    assert last in str(caught.value)


def test_a_number_cut_off_is_not_taken_for_a_smaller_one(tmp_path: Path) -> None:
    path = tmp_path / f"{HERE.slug()}.toml"
    text = SPEEDS.replace("processes = 7\n", "processes = 15\n")
    path.write_text(text[: text.index("15") + 1], encoding="utf-8")
    with pytest.raises(
        BaselineError, match=f"line 16: the last line does not end.*{re.escape(SECOND)}.processes"
    ):
        read_speeds(path)


def test_line_separators_inside_a_name_do_not_count_as_lines(tmp_path: Path) -> None:
    path = tmp_path / "digests.toml"
    path.write_text(f'schema = 1\n[entry."a\u2028b"]\nx = "{DIGEST}"\ny = 1\n', encoding="utf-8")
    with pytest.raises(BaselineError, match=r'line 4: entry."a\u2028b".y: '):
        read_digests(path)


def test_a_name_may_hold_what_looks_like_a_conflict(tmp_path: Path) -> None:
    path = tmp_path / "digests.toml"
    path.write_text(f'schema = 1\n[entry."a\u2028<<<<<<< b"]\nx = "{DIGEST}"\n', encoding="utf-8")
    assert set(read_digests(path)) == {("a\u2028<<<<<<< b", "x")}


def test_a_file_with_line_ends_of_windows_is_read_the_same(tmp_path: Path) -> None:
    path = tmp_path / "digests.toml"
    path.write_bytes(DIGESTS.replace("\n", "\r\n").encode())
    assert set(read_digests(path).values()) == {DIGEST}
    path.write_bytes(DIGESTS.replace(DIGEST, "x").replace("\n", "\r\n").encode())
    with pytest.raises(BaselineError, match=r'line 4: entry."test_a.py::test".first'):
        read_digests(path)


STEPS: dict[int, Step] = {
    0: lambda values: {"entries": values.get("digests", {})},
    1: lambda values: {"entry": values["entries"]},
}


@pytest.mark.parametrize(
    "text",
    ["schema = 0\n[digests]\na = 1\n", "schema = 1\n[entries]\na = 1\n", "schema = 2\n[entry]\na = 1\n"],
)
def test_older_files_are_taken_to_the_newest_version_step_by_step(tmp_path: Path, text: str) -> None:
    path = tmp_path / "old.toml"
    path.write_text(text, encoding="utf-8")
    root = upgraded(read(path), STEPS, newest=2)
    assert root.values == {"schema": 2, "entry": {"a": 1}}
    assert path.read_text(encoding="utf-8") == text
    # Messages still name lines of the file as it is.
    assert "line 1: schema: " in str(root.error("x", "schema"))


@pytest.mark.parametrize("version", [-1, 3])
def test_a_version_without_a_step_is_refused(tmp_path: Path, version: int) -> None:
    path = tmp_path / "old.toml"
    path.write_text(f"schema = {version}\n", encoding="utf-8")
    with pytest.raises(BaselineError, match=f"line 1: schema: must be 2, not {version}: "):
        upgraded(read(path), STEPS, newest=2)
