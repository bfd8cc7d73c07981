"""Strategies by the name of their file, and what a file can do wrong: one message, no traceback."""

from __future__ import annotations

import json
import os
import pickle
import subprocess
import sys
from pathlib import Path

import pytest

from genesis_core import Config, ConfigError, backtest, synthetic
from genesis_core.strategy import load_strategy

ROOT = Path(__file__).parents[2]

STEP = """
from __future__ import annotations

from dataclasses import dataclass

from genesis_core import Config, Decide, Kernel, Param, Vector, indicator


@dataclass
class Limits:
    deep: float = 0.002


def half(x: float) -> float:
    return 0.5 * x


def cross(s: Vector, p: Vector, fast: float, slow: float) -> tuple[float, float]:
    if half(fast) > half(slow):
        return 1.0, 0.75
    if slow - fast > p[0] * slow:
        return -1.0, 0.5
    return 0.0, 0.0


CROSS = Kernel("cross", cross, ("fast", "slow"), (Param("deep", 0.0, 1.0),), ("side", "confidence"), (0.0, 0.0))
STRATEGY = Config.from_code(
    [indicator("fast", "ema", "close", n=5), indicator("slow", "sma", "close", n=20)],
    Decide(CROSS, ("fast", "slow"), {"deep": Limits().deep}),
)
CAREFUL = STRATEGY.updated({"exits": {"stop": 1.0}})
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "my strategy.py"
    path.write_text(STEP, encoding="utf-8")
    return path


def fault(name: object) -> str:
    """Return the message of the error that loading it is."""
    with pytest.raises(ConfigError) as caught:
        load_strategy(name)  # type: ignore[arg-type]
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__ or caught.value.__context__ is None
    return str(caught.value)


class TestNames:
    def test_nothing_is_the_default(self) -> None:
        assert load_strategy() == Config.default()

    def test_toml(self, tmp_path: Path) -> None:
        path = tmp_path / "mine.toml"
        path.write_bytes((ROOT / "examples" / "mean_reversion.toml").read_bytes())
        assert load_strategy(path) == load_strategy(str(path)) == Config.from_toml(path)

    def test_python(self, file: Path) -> None:
        strategy = load_strategy(file)
        assert strategy == load_strategy(str(file)) == load_strategy(f"{file}:STRATEGY")
        assert load_strategy(f"{file}:CAREFUL") == strategy.updated({"exits": {"stop": 1.0}})
        candles = synthetic(bars=200)
        one, other = (
            backtest(candles, strategy, **flag) for flag in ({"fast_window": True}, {"compiled": True})
        )
        assert one.trades
        assert one.digest == other.digest

    def test_a_file_beside_the_working_folder(self, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(file.parent)
        assert load_strategy(file.name) == load_strategy(file)

    @pytest.mark.parametrize("name", ["", "mine", "mine.yaml", "mine.toml:NAME", "mine.pyc", "mine:STRATEGY"])
    def test_other_files(self, name: str) -> None:
        assert fault(name) == f"strategy {name!r}: FILE.toml, FILE.py or FILE.py:NAME is needed"

    @pytest.mark.parametrize("name", ["", "a.b", "1", "a b"])
    def test_what_cannot_be_a_name(self, name: str) -> None:
        assert fault(f"mine.py:{name}") == (
            f"strategy 'mine.py:{name}': {name!r} cannot be a name; FILE.toml, FILE.py or FILE.py:NAME is needed"
        )

    @pytest.mark.parametrize("name", ["none.toml", "none.py", "none.py:NAME", ".py"])
    def test_no_such_file(self, name: str, tmp_path: Path) -> None:
        path = tmp_path / name
        assert fault(path).startswith(f"{str(path).removesuffix(':NAME')}: cannot be read: ")

    def test_a_folder(self, tmp_path: Path) -> None:
        folder = tmp_path / "folder.py"
        folder.mkdir()
        assert fault(folder).startswith(f"{folder}: cannot be read: ")


class TestWhatIsInIt:
    def test_no_such_name(self, file: Path) -> None:
        assert fault(f"{file}:STRATEGI") == f"{file}: there is no 'STRATEGI' in it; did you mean 'STRATEGY'?"
        assert fault(f"{file}:X") == f"{file}: there is no 'X' in it; valid: CAREFUL, STRATEGY"
        file.write_text("LIMIT = 3\n")
        assert fault(file) == f"{file}: there is no 'STRATEGY' in it; it makes no Config at all"

    def test_something_else(self, file: Path) -> None:
        wanted = "a Config is needed, such as Config.from_code makes"
        assert fault(f"{file}:cross") == f"{file}: cross is a function; {wanted}"
        assert fault(f"{file}:Config") == f"{file}: Config is a StructMeta; {wanted}"

    def test_a_config_built_past_the_limits(self, file: Path) -> None:
        file.write_text("from genesis_core import Config\nSTRATEGY = Config(features={'atr_14': {}})\n")
        assert fault(file).startswith(f"{file}: STRATEGY: config: model: missing; ")

    @pytest.mark.parametrize(
        ("lines", "at", "words"),
        [
            (["x = 1", "y = x / 0"], 2, "ZeroDivisionError: division by zero"),
            (["def f():", "    return {}['a']", "", "f()"], 2, "KeyError: 'a'"),
            (["import json", "", "json.loads('{')"], 3, "JSONDecodeError: Expecting property name"),
            (["import nowhere_to_be_found"], 1, "ModuleNotFoundError: No module named 'nowhere_to_be_found'"),
            (["x = 1", "raise ValueError"], 2, "ValueError"),
            (["class Odd(Exception): ...", "raise Odd('very')"], 2, "Odd: very"),
            (["x = 1", "def f(:"], 2, "SyntaxError: invalid syntax"),
            (["x = 1", "  y = 2"], 2, "IndentationError: unexpected indent"),
            (
                ["import sys", "sys.exit(0)"],
                2,
                "SystemExit: it ends the program; put what is to run only as a script",
            ),
            (
                [
                    "from genesis_core import Config",
                    "STRATEGY = Config.default().updated({'exits': {'stp': 1}})",
                ],
                2,
                "ConfigError: changes: unknown key 'exits.stp'; did you mean 'stop'?",
            ),
        ],
    )
    def test_what_it_raises(self, file: Path, lines: list[str], at: int, words: str) -> None:
        before = set(sys.modules)
        file.write_text("\n".join(lines) + "\n")
        message = fault(file)
        assert message.startswith(f"{file}:{at}: {words}")
        assert "Traceback" not in message
        assert not {name for name in set(sys.modules) - before if name.startswith("genesis_strategy")}

    @pytest.mark.parametrize("content", [b"x = '\xff'\n", b"\x00"])
    def test_no_text(self, file: Path, content: bytes) -> None:
        file.write_bytes(content)
        assert fault(file).startswith(f"{file}")

    def test_a_kernel_that_is_not_in_the_language(self, file: Path) -> None:
        file.write_text(STEP.replace("0.5 * x", "x**0.5"))
        head, violation = fault(file).split("\n")
        line = STEP.splitlines().index("STRATEGY = Config.from_code(") + 1
        assert head.startswith(f"{file}:{line}: KernelError: kernel 'cross' is not in the kernel language")
        at = STEP.splitlines().index("    return 0.5 * x") + 1
        assert violation.strip().startswith(f"{file}:{at}:12: half: `**`")

    def test_the_keyboard_is_not_a_fault_of_the_file(self, file: Path) -> None:
        file.write_text("raise KeyboardInterrupt\n")
        with pytest.raises(KeyboardInterrupt):
            load_strategy(file)


class TestRunning:
    def test_it_is_no_script(self, file: Path) -> None:
        file.write_text(
            STEP + "\nassert __name__ != '__main__'\nassert __file__.endswith('my strategy.py')\n"
        )
        assert load_strategy(file)

    def test_an_edit_is_seen_at_once_and_nothing_is_left_beside_it(self, file: Path) -> None:
        first = load_strategy(file)
        stamp = file.stat()
        file.write_text(STEP.replace("0.75", "0.25"))
        os.utime(file, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
        second = load_strategy(file)
        assert first != second
        candles = synthetic(bars=200)
        for strategy, confidence in ((first, 0.75), (second, 0.25)):
            trades = backtest(candles, strategy, compiled=True).trades
            assert {trade.confidence for trade in trades if trade.side == "long"} == {confidence}
        assert [path.name for path in file.parent.iterdir()] == [file.name]

    def test_two_files_of_one_name(self, file: Path, tmp_path: Path) -> None:
        other = tmp_path / "other" / file.name
        other.parent.mkdir()
        other.write_text(STEP.replace("0.75", "0.25"))
        assert load_strategy(file) != load_strategy(other)
        assert load_strategy(file) == load_strategy(file)

    def test_a_file_that_fails_does_not_take_the_old_module_away(self, file: Path) -> None:
        (kernel,) = [load_strategy(file).decide]
        assert kernel is not None
        file.write_text("1 / 0\n")
        fault(file)
        assert pickle.loads(pickle.dumps(kernel.kernel.step)) is kernel.kernel.step


PROBE = """
import json, sys
from genesis_core import backtest, synthetic
from genesis_core.compiler.columns import column_pass
from genesis_core.strategy import load_strategy

{source}

step = strategy.asked_features.values["decide_side"].node.kernel.step
candles = synthetic(bars=200)
flags = {{"precompute_features": True}}, {{"fast_window": True}}
digests = [backtest(candles, strategy, **flag).digest for flag in flags]
stats = column_pass(step, 2, 2).stats
print(json.dumps({{
    "digests": digests,
    "config": strategy.digest,
    "code": strategy.code,
    "loaded": sum(stats.cache_hits.values()),
    "compiled": sum(stats.cache_misses.values()),
}}))
"""


def run(script: Path, cache: Path, *arguments: str) -> dict[str, object]:
    done = subprocess.run(
        [sys.executable, str(script), *arguments],
        env={**os.environ, "GENESIS_CACHE_DIR": str(cache), "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, object] = json.loads(done.stdout)
    return found


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("compiled")


@pytest.mark.parametrize("how", ["by path", "as a script"])
def test_its_kernels_are_compiled_once_for_all_processes(how: str, tmp_path: Path, cache: Path) -> None:
    strategy, probe = tmp_path / "strategy.py", tmp_path / "probe.py"

    def ran(text: str) -> dict[str, object]:
        if how == "as a script":
            probe.write_text(text + PROBE.format(source="strategy = STRATEGY"))
            return run(probe, cache)
        strategy.write_text(text)
        probe.write_text(PROBE.format(source="strategy = load_strategy(sys.argv[1])"))
        return run(probe, cache, str(strategy))

    first, second = ran(STEP), ran("\n\n" + STEP)
    assert (first["loaded"], first["compiled"]) == (0, 1)
    assert (second["loaded"], second["compiled"]) == (1, 0)
    assert first["digests"] == second["digests"]
    assert len(set(first["digests"])) == 1  # type: ignore[call-overload]
    assert first["config"] == second["config"] == load_digest(tmp_path)
    # An edited helper is never met by the old binary.
    edited = ran(STEP.replace("half(fast) >", "half(fast) >=").replace("0.5 * x", "0.25 * x"))
    assert (edited["loaded"], edited["compiled"]) == (0, 1)
    assert edited["config"] == first["config"]  # the same names, parameters and wiring
    assert edited["code"] != first["code"] == second["code"]


def load_digest(folder: Path) -> str:
    """The digest of the same strategy in this process, from another file."""
    path = folder / "another.py"
    path.write_text(STEP)
    return load_strategy(path).digest


@pytest.mark.parametrize("how", ["-c", "-"])
def test_code_without_a_file_is_told_where_it_belongs(how: str) -> None:
    # Typed at a prompt; from Python 3.13 on, what stands in -c can be read.
    text = STEP.replace("from __future__ import annotations", "import linecache; linecache.cache.clear()")
    done = subprocess.run(
        [sys.executable, how, *([text] if how == "-c" else [])],
        input=text if how == "-" else None,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    last = done.stderr.strip().splitlines()[-1]
    assert last.endswith("its source cannot be read; define it in a file, in lines of its own")
