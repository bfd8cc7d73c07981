"""The command ``genesis``, run as a user runs it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from genesis_core import Candles, backtest, synthetic


def genesis(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    code = "from genesis_core.cli import main; main()"
    command = [sys.executable, "-c", code, *map(str, arguments)]
    environment = {**os.environ, "COLUMNS": "200", "NO_COLOR": "1"}
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment)


def test_help_names_the_command() -> None:
    done = genesis("--help")
    assert done.returncode == 0
    assert "backtest" in done.stdout


def test_help_loads_neither_numpy_nor_numba() -> None:
    code = (
        "import sys; sys.argv = ['genesis', '--help']\n"
        "from genesis_core.cli import main\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "assert not {'numba', 'numpy', 'matplotlib'} & set(sys.modules), 'heavy imports'\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)


def test_version() -> None:
    done = genesis("--version")
    assert done.returncode == 0
    assert done.stdout.startswith("genesis 0.")


@pytest.mark.parametrize("path", ["compiled", "precomputed", "windowed", "reference"])
def test_every_path_prints_one_digest(path: str) -> None:
    done = genesis("backtest", "--bars", "200", "--path", path)
    assert done.returncode == 0, done.stderr
    assert backtest(synthetic(bars=200), compiled=True).digest in done.stdout
    assert "embedded data set" in done.stdout


def test_json_to_standard_output_is_json_alone() -> None:
    done = genesis("backtest", "--bars", "300", "--json", "-")
    result = backtest(synthetic(bars=300), compiled=True)
    written = json.loads(done.stdout)
    assert written["digest"] == result.digest
    assert written["final_equity"] == result.equity[-1]
    assert len(written["trades"]) == result.metrics.trades


def test_candles_and_strategy_from_files(tmp_path: Path) -> None:
    candles = synthetic(bars=300, seed=3)
    candles.to_csv(tmp_path / "candles.csv")
    result = tmp_path / "result.json"
    done = genesis("backtest", "--csv", tmp_path / "candles.csv", "--json", result)
    assert done.returncode == 0, done.stderr
    assert json.loads(result.read_text())["data_fingerprint"] == candles.fingerprint
    assert isinstance(candles, Candles)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--csv", "nowhere.csv"), "genesis: nowhere.csv: cannot be read"),
        (("--config", "nowhere.toml"), "genesis: nowhere.toml: cannot be read"),
        (("--bars", "20"), "genesis: 20 bars are too few"),
        (("--timeframe", "7x"), "genesis: "),
        (("--csv", "nowhere.csv", "--gaps", "guess"), "genesis: "),
    ],
)
def test_a_mistake_is_one_line_and_exit_code_2(arguments: tuple[str, ...], message: str) -> None:
    done = genesis("backtest", *arguments)
    assert done.returncode == 2
    assert done.stderr.startswith(message)
    assert "Traceback" not in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_an_unwritable_json_file_is_said(tmp_path: Path) -> None:
    done = genesis("backtest", "--bars", "200", "--json", tmp_path / "no" / "such" / "folder.json")
    assert done.returncode == 2
    assert "folder.json" in done.stderr
    assert "Traceback" not in done.stderr
