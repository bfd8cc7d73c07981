"""The page: one file that fetches nothing, says what it was given, and reads the same in light and dark."""

from __future__ import annotations

import base64
import hashlib
import html
import math
import re
from html.parser import HTMLParser
from importlib import resources
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_genesis_perf.environment import EnvironmentClass
from pytest_genesis_perf.record import VERDICTS
from pytest_genesis_perf.report import page, words
from pytest_genesis_perf.report.charts.limits import block_limits
from pytest_genesis_perf.report.page.drawings import LogAxis, bar, blocks
from pytest_genesis_perf.report.page.table import SYMBOLS
from tests.unit.reports import comparison, failing, report

VOID = {"meta", "link", "input", "br"}


class Tree(HTMLParser):
    """Elements with their attributes, and the text of the page; fails where a tag is not closed in order."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self._open: list[str] = []
        self.feed(source)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if not {"style", "script"} & set(self._open):
            self.text += data


def test_the_page_says_what_the_run_found() -> None:
    told = report(comparison(), failing(), errors=("broken <b>",), warnings=("odd",))
    tree = Tree(page.document(told))
    for words_ in (
        "1 of 2 comparisons failed",
        "2 judged; chance of any false alarm among them at most 2e-05",
        "CPython 3.11, x86_64, Some CPU, 2 cores, numba 0.68, numpy 2.4; seed 42",
        "broken <b>",
        "odd",
        "test_it.py::test_fast",
        "3.00x [2.95, 3.05]",
        "0.900x [0.890, 0.910]",
        "250 bars",
        words.MEANINGS["REGRESSED"],
        'the claim "not slower by more than 2%" failed',
        "32 blocks, a slice is 1 baseline calls, 3 optimized calls",
        "pytest --genesis-perf --genesis-perf-seed=42 tests/test_it.py::test_failing",
    ):
        assert words_ in tree.text


def test_the_worst_comes_first_and_every_row_opens_its_own_details() -> None:
    tree = Tree(page.document(report(comparison(), failing())))
    verdicts = [attrs["data-verdict"] for tag, attrs in tree.elements if tag == "tbody"]
    assert verdicts == ["REGRESSED", "PASS"]
    controls = [attrs["aria-controls"] for _, attrs in tree.elements if "aria-controls" in attrs]
    details = [attrs for tag, attrs in tree.elements if tag == "tr" and attrs.get("class") == "more"]
    assert controls == [attrs["id"] for attrs in details]
    assert all("hidden" in attrs for attrs in details)


def test_ids_are_unique_and_every_control_has_a_name() -> None:
    tree = Tree(page.document(report(*(comparison(str(n)) for n in range(5)))))
    ids = [attrs["id"] for _, attrs in tree.elements if "id" in attrs]
    assert len(ids) == len(set(ids))
    for tag, attrs in tree.elements:
        if tag == "svg":
            assert attrs.get("aria-hidden") == "true" or attrs.get("aria-label")


def test_the_bytes_follow_from_the_report(tmp_path: Path) -> None:
    first = page.write(tmp_path, report(comparison(), failing())).read_bytes()
    assert page.write(tmp_path, report(comparison(), failing())).read_bytes() == first


def test_nothing_is_fetched_and_nothing_else_runs() -> None:
    source = page.document(report(comparison(), failing()))
    tree = Tree(source)
    addresses = [
        attrs[name] for _, attrs in tree.elements for name in ("src", "href", "action") if name in attrs
    ]
    assert addresses == ["data:,"]
    assert "://" not in source
    assert "@import" not in source
    (policy,) = [attrs["content"] for _, attrs in tree.elements if "http-equiv" in attrs]
    assert policy is not None
    assert policy.startswith("default-src 'none'; ")
    assert policy.endswith("; base-uri 'none'; form-action 'none'")
    for tag in ("style", "script"):
        (content,) = re.findall(rf"<{tag}>(.*?)</{tag}>", source, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy
    assert not any(name.startswith("on") or name == "style" for _, attrs in tree.elements for name in attrs)


HOSTILE = "<script>alert(1)</script>\"'&lt; --> ]]>"


def test_hostile_words_stay_words() -> None:
    hostile = comparison(
        HOSTILE,
        label=HOSTILE,
        detail=f"{HOSTILE}\n{HOSTILE}",
        work=HOSTILE,
        plans={"baseline": {"path": HOSTILE}, "optimized": {"path": "x"}},
        remarks=(HOSTILE,),
        extra={HOSTILE: HOSTILE},
    )
    plain = Tree(page.document(report(comparison())))
    here = EnvironmentClass(HOSTILE, "x86_64", "CPU", 2, ())
    tree = Tree(page.document(report(hostile, errors=(HOSTILE,), environment=here)))
    assert [tag for tag, _ in tree.elements].count("script") == 1
    # Error, environment, column, name, work, and once more in what a row opens.
    assert tree.text.count(HOSTILE) >= 15
    assert {tag for tag, _ in tree.elements} <= {tag for tag, _ in plain.elements} | {
        "ul",
        "li",
        "strong",
        "pre",
    }


@given(st.text(max_size=20))
def test_any_name_is_found_by_the_filter(name: str) -> None:
    tree = Tree(page.document(report(comparison(label=name or "x"))))
    (row,) = [attrs for tag, attrs in tree.elements if tag == "tbody"]
    found = row["data-name"]
    assert found is not None
    # A parser of HTML makes one line end of all kinds, and puts a sign of its own for the empty one.
    whole = html.unescape(html.escape(f"tests/test_it.py::test_fast / {name}".lower()))
    assert found == whole.replace("\r\n", "\n").replace("\r", "\n") or not name or not name.isprintable()


def test_a_run_of_identity_alone_has_no_columns_of_speed() -> None:
    bare = comparison(timed=False, speedup=None, interval=None, seconds=None, blocks=())
    tree = Tree(page.document(report(bare, mode="identity", gates=0)))
    assert "speedup" not in tree.text
    assert words.IDENTITY_PASS in tree.text
    assert "seed" not in tree.text.partition("Comparisons")[0]


def test_costs_have_a_table_where_they_were_counted() -> None:
    counted = comparison(
        memory_bytes={"baseline": 2048, "optimized": 0},
        stored_memory_bytes={"baseline": 1, "optimized": 1024},
    )
    tree = Tree(page.document(report(counted, comparison("uncounted"))))
    assert "Peak memory of a call" in tree.text
    assert "2.00 KiB" in tree.text
    assert "1.00 KiB" in tree.text
    assert "Instructions of a call" not in tree.text


def test_every_verdict_has_a_symbol_of_its_own_and_a_meaning() -> None:
    assert set(SYMBOLS) == set(words.MEANINGS) == set(VERDICTS)
    assert len(set(SYMBOLS.values())) == len(SYMBOLS)


def colours() -> dict[str, dict[str, str]]:
    """Return the style sheet's colours in light and dark."""
    sheet = resources.files(page).joinpath("page.css").read_text(encoding="utf-8")
    light, dark = re.findall(r":root \{(.*?)\}", sheet, re.DOTALL)
    found = {
        kind: dict(re.findall(r"--(\w+): (#\w{6});", text))
        for kind, text in (("light", light), ("dark", dark))
    }
    assert found["light"].keys() == found["dark"].keys()
    return found


def luminance(colour: str) -> float:
    """Return the relative luminance by WCAG 2."""
    channels = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_stands_out_from_what_is_behind_it(scheme: str) -> None:
    found = colours()[scheme]
    for behind in ("back", "panel"):
        for front in ("text", "faint", "link", "fail", "warn", "info", "good"):
            dark, light = sorted([luminance(found[behind]), luminance(found[front])])
            assert (light + 0.05) / (dark + 0.05) >= 4.5, (front, behind)


@given(st.floats(0.01, 100.0), st.floats(1.05, 1e6))
def test_an_axis_puts_values_in_order_and_inside(low: float, factor: float) -> None:
    axis = LogAxis(low, low * factor)
    places = [axis.at(low * factor**share) for share in (-0.5, 0.0, 0.25, 0.5, 1.0, 1.5)]
    assert places == sorted(places)
    assert places[0] == places[1] == 0.0
    assert places[-1] == pytest.approx(places[-2]) == pytest.approx(230.0)


def test_a_run_that_failed_by_itself_is_not_called_green() -> None:
    assert "none failed" in page.document(report(comparison()))
    told = page.document(report(comparison(), errors=("nothing was judged",)))
    assert "no comparison failed, but the run did" in told
    assert "none failed" not in told
    warned = comparison("w", verdict="INCONCLUSIVE", effect="warn")
    assert "2 comparisons, none failed, 1 with a warning" in page.document(report(comparison(), warned))


def test_a_run_without_comparisons_is_a_page_too() -> None:
    tree = Tree(page.document(report(gates=0)))
    assert "0 comparisons, none failed" in tree.text


def test_a_row_is_drawn_with_its_interval_its_claim_and_its_stored_speed() -> None:
    axis = LogAxis(1.0, 16.0)
    drawn = bar(axis, comparison(speedup=4.0, interval=(2.0, 8.0), claim_limit=1.0, stored=(1.0, 16.0, 16.0)))
    assert 'class="interval" d="M57.5 11H172.5"' in drawn
    assert 'class="median" cx="115.0"' in drawn
    assert 'class="claim" d="M0.0 ' in drawn
    assert 'class="stored" d="M230.0 ' in drawn
    assert "stored" not in bar(axis, comparison())


def test_blocks_are_drawn_with_the_band_and_the_lines_near_them() -> None:
    drawn = blocks(comparison(claim_limit=2.9, stored=(2.9, 3.1, 3.2)))
    assert drawn.count("h0") == 32
    for kind in ("band", "middle", "limit", "held"):
        assert f'class="{kind}"' in drawn
    far = blocks(comparison(claim_limit=0.01, stored=(900.0, 900.0, 900.0)))
    assert 'class="limit"' not in far
    assert 'class="held"' not in far


def test_two_in_a_hundred_blocks_on_either_side_do_not_decide_what_is_seen() -> None:
    many = comparison(blocks=(*comparison().blocks * 3, 5.0, -5.0), interval=(2.95, 3.05))
    low, high = block_limits(many, [math.exp(-x) for x in many.blocks])
    assert 2.8 < low < high < 3.3
    few = comparison(blocks=(*comparison().blocks, 5.0), interval=(2.95, 3.05))
    assert block_limits(few, [math.exp(-x) for x in few.blocks])[0] < 0.01
