"""What README and docs promise: their code runs, their tables are complete, their links lead somewhere."""

from __future__ import annotations

import linecache
import re
import shutil
import textwrap
from datetime import datetime, timezone
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest

from genesis_core import DEFAULT, Candles, Feature, FeatureSet, features_asof, node, synthetic

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]


def code_blocks(page: Path) -> list[str]:
    """Return the indented code blocks of a page."""
    blocks = re.findall(r"(?:^    .*\n|^\n(?=    ))+", page.read_text(), re.MULTILINE)
    return ["\n".join(line[4:] for line in block.strip("\n").splitlines()) for block in blocks]


def test_the_readme_backtest_runs_as_written() -> None:
    (block,) = [block for block in code_blocks(ROOT / "README.md") if "identical_to" in block]
    # The reference on 1,000 bars takes about 12 s; 250 show the same.
    exec(compile(block.replace("1_000", "250"), "README.md", "exec"), {})


def test_the_readme_reads_candles_of_ones_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (block,) = [block for block in code_blocks(ROOT / "README.md") if "from_csv" in block]
    monkeypatch.chdir(tmp_path)
    made = synthetic(bars=100)
    made.to_csv("tBTCUSD_1h.csv")
    header = Path("tBTCUSD_1h.csv").read_text().splitlines()[0]
    assert f"`{', '.join(header.split(','))}`" in (ROOT / "README.md").read_text()
    exec(compile(block, "README.md", "exec"), {})


def test_the_readme_proof_passes(pytester: pytest.Pytester) -> None:
    (block,) = [block for block in code_blocks(ROOT / "README.md") if "def test_precompute" in block]
    pytester.makepyfile(block)
    result = pytester.runpytest_subprocess("-q")
    result.assert_outcomes(passed=1)


@pytest.mark.parametrize("page", ["configuration.md", "PERFORMANCE_GUIDE.md"])
def test_the_examples_of_a_page_run(page: str, capsys: pytest.CaptureFixture[str]) -> None:
    blocks = [block for block in code_blocks(ROOT / "docs" / page) if "import" in block]
    assert blocks
    for block in blocks:
        exec(compile(block, f"docs/{page}", "exec"), {})
    if "print" in "".join(blocks):
        assert len(capsys.readouterr().out.splitlines()) == 3


def test_the_live_page_runs_as_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copy(ROOT / "examples" / "mean_reversion.toml", "strategy.toml")
    made = synthetic(bars=100)
    columns = {name: getattr(made, name) for name in ("open", "high", "low", "close", "volume")}
    # The page's candle opens at 13:00; the file must end one hour before it.
    last = int(datetime(2024, 1, 31, 12, tzinfo=timezone.utc).timestamp()) * 1000
    times = made.timestamp + (last - int(made.timestamp[-1]))
    Candles.from_arrays(timestamp=times, **columns, symbol="tBTCUSD", timeframe="1h").to_csv("tBTCUSD_1h.csv")
    names: dict[str, Any] = {}
    for block in code_blocks(ROOT / "docs" / "live.md"):
        exec(compile(block, "docs/live.md", "exec"), names)
    assert names["update"].bar == 100
    assert capsys.readouterr().out.startswith(names["update"].reason)
    assert names["stream"].save() == names["data"] == Path("live.stream").read_bytes()


def test_the_page_on_causality_runs_as_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copy(ROOT / "examples" / "mean_reversion.toml", "strategy.toml")
    blocks = [block for block in code_blocks(ROOT / "docs" / "causality.md") if "check_causal" in block]
    assert len(blocks) == 2
    names: dict[str, Any] = {"candles": synthetic(bars=200), "my_features": lambda candles: DEFAULT}
    for block in blocks:
        exec(compile(block, "docs/causality.md", "exec"), names)
    assert names["report"].ok
    assert "causal: " in capsys.readouterr().out


def test_the_indicator_of_the_contributors_page_runs_on_every_path() -> None:
    page = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"^       from genesis_core.*?(?=^2\. )", page, re.MULTILINE | re.DOTALL)
    file = ROOT / "CONTRIBUTING.md"
    linecache.cache[str(file)] = (
        len(block),
        None,
        textwrap.dedent(block).splitlines(keepends=True),
        str(file),
    )
    names: dict[str, Any] = {"__name__": "contributed"}
    exec(compile(textwrap.dedent(block), str(file), "exec"), names)
    features = FeatureSet([Feature("momentum", (), lambda _: node(names["MOMENTUM"], "close", k=3.0).value)])
    candles = synthetic(bars=20)
    found = {
        path: features_asof(candles, 15, features, path=path)
        for path in ("recompute", "windowed", "precomputed", "streaming")
    }
    assert set(map(str, found.values())) == {str(found["recompute"])}
    assert found["recompute"]["momentum"] == candles.close[15] - candles.close[12]


@pytest.mark.parametrize(
    ("page", "before"),
    [("causality.md", "from genesis_core import Config\n\nSTRATEGY = Config.default()\n"), ("plugin.md", "")],
    ids=["causality", "plugin"],
)
def test_the_tests_on_a_page_pass(page: str, before: str, pytester: pytest.Pytester) -> None:
    (block,) = [block for block in code_blocks(ROOT / "docs" / page) if block.startswith("def test_")]
    pytester.makepyfile(f"{before}\n\n{block}\n")
    pytester.runpytest_subprocess("-q").assert_outcomes(passed=1)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_and_named_files_exist(page: Path) -> None:
    text = page.read_text()
    for link in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text):
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
        "tox run-parallel --parallel-no-spinner -e lint,docs",
        "tox -e perf",
    ]


def test_every_module_of_the_plugin_and_the_optimizer_has_its_place_in_the_architecture() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    named = re.findall(r"`([\w*]+(?:\.py|/))`", page)
    package = ROOT / "pytest_genesis_perf"
    files = [*package.glob("*.py"), *(ROOT / "genesis_core" / "optimize").glob("*.py")]
    modules = [p.name for p in files if p.name not in ("__init__.py", "engine_fixtures.py")]
    folders = [f"{p.name}/" for p in package.iterdir() if p.is_dir() and p.name != "__pycache__"]
    assert [n for n in (*modules, *folders) if not any(fnmatch(n, pattern) for pattern in named)] == []
    # Not the whole checkout: environments of tox may stand in it, with 50,000 files.
    folders = ("genesis_core", "pytest_genesis_perf", "tests")
    there = [p.relative_to(ROOT).as_posix() for folder in folders for p in (ROOT / folder).rglob("*.py")]
    missing = [n for n in named if n.endswith(".py") and not any(fnmatch(one, f"*/{n}") for one in there)]
    assert missing == []
