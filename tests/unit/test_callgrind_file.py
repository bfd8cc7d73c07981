"""What callgrind writes: real heads of its dumps, and what is not one."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_genesis_perf.callgrind_file import CallgrindError, Dump, dump_name, dumps_of, read_dump

# Of valgrind 3.19, as written at a mark; only the command is another one.
AT_A_MARK = """\
# callgrind format
version: 1
creator: callgrind-3.19.0
pid: 16440
cmd:  python -m pytest
part: 2


desc: I1 cache: 
desc: D1 cache: 
desc: LL cache: 

desc: Timerange: Basic block 7514483 - 7584662
desc: Trigger: --dump-before=getppid

positions: line
events: Ir
summary: 363034


ob=(2) ???
fl=(52) ???
fn=(1742) 0x00000000049367a8
0 1
summary: 1
"""  # noqa: W291
WITH_CACHES = AT_A_MARK.replace("events: Ir", "events: Ir Dr Dw I1mr").replace("363034", "363034 120 34 5")


def written(folder: Path, text: str) -> Path:
    path = folder / "callgrind.16440.2"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("text", [AT_A_MARK, WITH_CACHES], ids=["plain", "with caches"])
def test_the_head_says_how_many_instructions_and_who_counted_them(tmp_path: Path, text: str) -> None:
    assert read_dump(written(tmp_path, text)) == Dump(363034, "valgrind 3.19")


def test_another_patch_release_counts_the_same_and_another_release_does_not(tmp_path: Path) -> None:
    patched = read_dump(written(tmp_path, AT_A_MARK.replace("3.19.0", "3.19.1")))
    assert patched.tool == "valgrind 3.19"
    later = read_dump(written(tmp_path, AT_A_MARK.replace("3.19.0", "3.20.0.RC1")))
    assert later.tool == "valgrind 3.20"


def test_instructions_are_found_by_name(tmp_path: Path) -> None:
    text = AT_A_MARK.replace("events: Ir", "events: Dr Ir").replace("summary: 363034", "summary: 7 363034")
    assert read_dump(written(tmp_path, text)).instructions == 363034


@pytest.mark.parametrize(
    "text",
    [
        "",
        "events: Ir\nsummary: 12\n",
        AT_A_MARK.replace("events: Ir", "events: Dr"),
        AT_A_MARK.replace("creator: callgrind-3.19.0", "creator: cachegrind"),
        AT_A_MARK.replace("summary: 363034", "summary: many"),
        AT_A_MARK.replace("summary: 363034", "summary: 1 2"),
        AT_A_MARK.partition("summary")[0],
    ],
    ids=["empty", "no creator", "no instructions", "another tool", "no number", "two numbers", "cut short"],
)
def test_what_is_no_dump_is_refused_by_name(tmp_path: Path, text: str) -> None:
    with pytest.raises(CallgrindError, match=r"^callgrind\.16440\.2 is not a dump of callgrind that counts"):
        read_dump(written(tmp_path, text))


def test_a_missing_file_is_no_traceback(tmp_path: Path) -> None:
    with pytest.raises(CallgrindError, match="callgrind's dump cannot be read"):
        read_dump(tmp_path / "gone")


def test_dumps_of_a_process_come_in_the_order_of_its_marks(tmp_path: Path) -> None:
    for name in (
        "callgrind.7.10",
        "callgrind.7.9",
        "callgrind.7.1",
        "callgrind.7",
        "callgrind.77.2",
        "callgrind.7.x",
    ):
        (tmp_path / name).touch()
    assert [path.name for path in dumps_of(tmp_path, 7)] == [
        "callgrind.7.1",
        "callgrind.7.9",
        "callgrind.7.10",
    ]
    assert dump_name("%p") == "callgrind.%p"
