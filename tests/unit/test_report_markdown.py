from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pytest_genesis_perf.record import Comparison
from pytest_genesis_perf.report.markdown import _code, _escaped
from tests.unit.rendered import rendered

WORDS = st.text(st.characters(exclude_categories=("C", "Z")) | st.sampled_from("`|\\*_ ~<&[]"), min_size=1).map(
    lambda words: " ".join(words.split())
).filter(bool)  # fmt: skip


def row(cell: str) -> list[str]:
    """Return the cells of a table's row that holds a text between two others."""
    ((_, cells),) = rendered(f"| a | b | c |\n| --- | --- | --- |\n| 1 | {cell} | 3 |\n").tables
    return cells


@given(WORDS)
def test_a_cell_says_what_it_was_given(words: str) -> None:
    assert row(_escaped(words)) == ["1", words, "3"]


@given(WORDS)
def test_a_name_says_what_it_was_given(words: str) -> None:
    assert row(_code(words).replace("|", r"\|")) == ["1", words, "3"]
    assert rendered(_code(words)).text == f"{words}\n"


@given(WORDS)
def test_a_sentence_is_not_mistaken_for_anything_else(words: str) -> None:
    assert rendered(f"told: {_escaped(words)}").text == f"told: {words}\n"


def test_a_record_of_before_has_no_fields_that_came_later() -> None:
    """A report written by an older version is read: what it did not know yet has its default."""
    plain = Comparison(
        nodeid="t",
        label="l",
        verdict="PASS",
        effect="pass",
        row=12,
        detail="",
        judged=True,
        timed=True,
        claim="not slower",
        claim_limit=0.98,
    ).to_plain()
    del plain["isolated"]
    assert Comparison.from_plain(plain).isolated is False
