"""What README and docs promise: their code runs, their tables are complete, their links lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]


def code_blocks(page: Path) -> list[str]:
    """Return the indented code blocks of a page."""
    blocks = re.findall(r"(?:^    .*\n|^\n(?=    ))+", page.read_text(), re.MULTILINE)
    return ["\n".join(line[4:] for line in block.strip("\n").splitlines()) for block in blocks]


def test_the_readme_backtest_runs_as_written() -> None:
    (block,) = [block for block in code_blocks(ROOT / "README.md") if "identical_to" in block]
    # The reference on 1,000 bars takes 7 s; 250 show the same.
    exec(compile(block.replace("1_000", "250"), "README.md", "exec"), {})


def test_the_readme_proof_passes(pytester: pytest.Pytester) -> None:
    (block,) = [block for block in code_blocks(ROOT / "README.md") if "def test_precompute" in block]
    pytester.makepyfile("from genesis_core import backtest\n\n" + block)
    result = pytester.runpytest_subprocess("-q")
    result.assert_outcomes(passed=1)


def test_the_configuration_example_runs() -> None:
    blocks = [block for block in code_blocks(ROOT / "docs" / "configuration.md") if "import" in block]
    assert blocks
    for block in blocks:
        exec(compile(block, "docs/configuration.md", "exec"), {})


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_and_named_files_exist(page: Path) -> None:
    text = page.read_text()
    for link in re.findall(r"\]\(([^)#:]+)\)", text):
        assert (page.parent / link).exists(), link
    for path in re.findall(
        r"`((?:tests|docs|genesis_core|pytest_genesis_perf|benchmarks|baselines)/[\w./]+)`", text
    ):
        assert (ROOT / path).exists(), path


def test_the_two_commands_stand_in_the_readme_and_in_ci() -> None:
    readme = (ROOT / "README.md").read_text()
    assert "python -m pip install tox && tox -e perf" in readme
    assert re.search(r"python -m pip install tox && tox( |$)", readme, re.MULTILINE)
    script = (ROOT / ".ci" / "run").read_text()
    assert [line for line in script.splitlines() if line.startswith(("python", "tox"))] == [
        "python -m pip install tox",
        "tox",
        "tox -e lint",
        "tox -e perf",
    ]
