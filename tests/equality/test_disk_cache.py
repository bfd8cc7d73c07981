"""Compiled code from the disk is used when it is that of the law as it stands, and never otherwise.

Each test runs fresh processes on a copy of the package with a cache folder of its own, edits the copy or the folder,
and runs again.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from numba.core.caching import NullCache, _Cache
from numba.core.compiler import CompileResult

import genesis_core
from genesis_core.compiler import columns, diskcache
from genesis_core.kernels.indicators.derived import slope

PROBE = """
import json, sys, warnings
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    import genesis_core
    from genesis_core.compiler.columns import column_pass
    from genesis_core.features.sets import FeatureSet
    wanted = FeatureSet(["fib05_prox_atr", "atr_14"])
    candles = genesis_core.synthetic(bars=300)
    values = {
        path: [list(map(float.hex, vector.values())) for vector in
               genesis_core.run_features(path, candles, feature_set=wanted).vectors]
        for path in ("streaming", "precomputed")
    }
used = {}
for placed in wanted.graph.nodes:
    kernel = placed.node.kernel
    stats = column_pass(kernel.step, len(kernel.inputs), len(kernel.outputs)).stats
    used[kernel.name] = sum(stats.cache_hits.values()) - sum(stats.cache_misses.values())
print(json.dumps({
    "package": genesis_core.__file__,
    "interpreted": values["streaming"],
    "compiled": values["precomputed"],
    "loaded": sorted(name for name, hits in used.items() if hits == 1),
    "made": sorted(name for name, hits in used.items() if hits == -1),
    "warnings": sorted({f"{one.category.__name__}: {one.message}" for one in caught}),
}))
"""
KERNELS = ["fib_levels", "fib_proximity", "lag", "pivots", "swings", "true_range", "wilder"]

EDITS = {
    "the step itself": ("indicators/averages.py", "(n - 1.0) + x) / n", "(n - 1.0) + x) / (n + 1.0)", {"wilder"}),
    "a helper": ("indicators/averages.py", "total = total / n", "total = total / (n + 1.0)", {"wilder"}),
    "a helper of another file": ("exact.py", "q = q * r + 0.5\n", "q = q * r + 0.25\n", {"fib_proximity"}),
    "a constant of another file": ("exact.py", "LN2_HIGH = 6.9", "LN2_HIGH = 7.1", {"fib_proximity"}),
}


class Copy:
    """A copy of the package, with its own folder of compiled code."""

    def __init__(self, folder: Path) -> None:
        self.source = folder / "source"
        self.cache = folder / "cache"
        shutil.copytree(
            Path(genesis_core.__file__).parent,
            self.source / "genesis_core",
            ignore=shutil.ignore_patterns("__pycache__"),
        )

    def run(self, **environment: str) -> dict[str, list[str]]:
        """Compute some features in a fresh process, interpreted and compiled."""
        done = subprocess.run(
            [sys.executable, "-c", PROBE],
            env={
                **os.environ,
                "PYTHONPATH": str(self.source),
                "PYTHONDONTWRITEBYTECODE": "1",
                "GENESIS_CACHE_DIR": str(self.cache),
                **environment,
            },
            cwd=self.source,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        found: dict[str, list[str]] = json.loads(done.stdout)
        assert Path(str(found["package"])).is_relative_to(self.source)
        return found

    def edit(self, name: str, old: str, new: str) -> None:
        file = self.source / "genesis_core" / "kernels" / name
        text = file.read_text(encoding="utf-8")
        assert text.count(old) == 1, f"{name} no longer has {old!r} once: choose another edit"
        file.write_text(text.replace(old, new), encoding="utf-8")

    def files(self) -> set[Path]:
        return set(self.cache.iterdir())


@pytest.fixture(scope="module")
def compiled_copy(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, list[str]]]:
    """A copy of which all is compiled already; tests take copies of it."""
    folder = tmp_path_factory.mktemp("compiled")
    return folder, Copy(folder).run()


@pytest.fixture
def first(compiled_copy: tuple[Path, dict[str, list[str]]]) -> dict[str, list[str]]:
    """What the unedited package gives."""
    return compiled_copy[1]


@pytest.fixture
def copy(compiled_copy: tuple[Path, dict[str, list[str]]], tmp_path: Path) -> Iterator[Copy]:
    """A copy of the package, compiled; the test may do to it what it likes."""
    made = Copy(tmp_path)
    shutil.copytree(compiled_copy[0] / "cache", made.cache)
    yield made
    shutil.rmtree(tmp_path)


class TestUse:
    def test_the_first_process_compiles_and_the_second_loads(self, copy: Copy, first: dict[str, list[str]]) -> None:
        assert (first["made"], first["loaded"], first["warnings"]) == (KERNELS, [], [])
        assert len(copy.files()) == len(KERNELS)
        second = copy.run()
        assert (second["made"], second["loaded"], second["warnings"]) == ([], KERNELS, [])
        assert second["compiled"] == second["interpreted"] == first["compiled"] == first["interpreted"]

    def test_another_cpu_does_not_use_it(self, copy: Copy, first: dict[str, list[str]]) -> None:
        generic = copy.run(NUMBA_CPU_NAME="generic")
        assert generic["made"] == KERNELS
        assert generic["compiled"] == first["compiled"]
        assert copy.run()["loaded"] == KERNELS

    def test_numbas_own_choice_of_folders_does_not_matter(self, copy: Copy, tmp_path: Path) -> None:
        elsewhere = copy.run(
            NUMBA_CACHE_DIR=str(tmp_path / "numba"), NUMBA_CACHE_LOCATOR_CLASSES="UserProvidedCacheLocator"
        )
        assert elsewhere["loaded"] == KERNELS
        assert not (tmp_path / "numba").exists()


class TestStale:
    @pytest.mark.parametrize("edit", EDITS)
    def test_an_edit_is_compiled(self, edit: str, copy: Copy, first: dict[str, list[str]]) -> None:
        name, old, new, changed = EDITS[edit]
        copy.edit(name, old, new)
        edited = copy.run()
        assert edited["compiled"] == edited["interpreted"] != first["compiled"]
        assert set(edited["made"]) == changed
        assert copy.run()["loaded"] == KERNELS
        copy.edit(name, new, old)
        back = copy.run()
        assert back["loaded"] == KERNELS
        assert back["compiled"] == first["compiled"]

    def test_a_comment_is_not_an_edit(self, copy: Copy) -> None:
        copy.edit("exact.py", "    inside = x\n", "\n    # A comment.\n    inside = x\n")
        assert copy.run()["loaded"] == KERNELS

    def test_old_code_under_the_new_name_is_refused(self, copy: Copy, first: dict[str, list[str]]) -> None:
        """The worst that a copied or restored folder can do: a valid file of other code under the name asked for."""
        old_files = copy.files()
        copy.edit(*EDITS["a helper"][:3])
        edited = copy.run()
        (new_file,) = copy.files() - old_files
        for old_file in old_files:
            shutil.copyfile(old_file, new_file)
            again = copy.run()
            assert again["made"] == ["wilder"]
            assert again["compiled"] == edited["compiled"] == again["interpreted"] != first["compiled"]
        assert copy.run()["loaded"] == KERNELS


class TestDamage:
    @pytest.mark.parametrize("damage", ["empty", "cut", "one bit", "text", "longer"])
    def test_damaged_files_are_compiled_anew(
        self, damage: str, copy: Copy, first: dict[str, list[str]]
    ) -> None:
        for file in copy.files():
            content = bytearray(file.read_bytes())
            if damage == "one bit":
                content[len(content) // 2] ^= 1
            damaged = {
                "empty": b"",
                "cut": content[:-1],
                "one bit": content,
                "text": b"not compiled code",
                "longer": content + b"\0",
            }[damage]
            file.write_bytes(damaged)
        repaired = copy.run()
        assert (repaired["made"], repaired["warnings"]) == (KERNELS, [])
        assert repaired["compiled"] == first["compiled"]
        assert copy.run()["loaded"] == KERNELS

    def test_a_folder_that_cannot_be_written(self, copy: Copy, first: dict[str, list[str]]) -> None:
        shutil.rmtree(copy.cache)
        copy.cache.write_text("a file where the folder should be", encoding="utf-8")
        found = copy.run()
        assert found["compiled"] == first["compiled"]
        (warning,) = found["warnings"]
        assert warning.startswith(f"RuntimeWarning: compiled code cannot be kept in {copy.cache} (")
        assert warning.endswith("set GENESIS_CACHE_DIR to a folder that is writable")

    def test_no_part_of_a_file_is_left(self, copy: Copy) -> None:
        assert {file.suffix for file in copy.files()} == {".bin"}


def test_the_private_interface_of_numba_is_what_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The canary: what `diskcache` uses of Numba exists, is called, and behaves as it expects."""
    monkeypatch.setenv("GENESIS_CACHE_DIR", str(tmp_path))
    assert set(_Cache.__abstractmethods__) == {
        "cache_path", "load_overload", "save_overload", "enable", "disable", "flush"
    }  # fmt: skip
    assert callable(CompileResult._reduce)
    assert callable(CompileResult._rebuild)
    compiled = [columns.column_pass.__wrapped__(slope, 1, 1) for _ in range(2)]
    stats = [one.stats for one in compiled]
    assert [sum(one.cache_hits.values()) for one in stats] == [0, 1]
    assert [sum(one.cache_misses.values()) for one in stats] == [1, 0]
    cache = compiled[0]._cache
    assert type(cache) is diskcache.LawCache
    assert not isinstance(cache, NullCache)
    assert cache.cache_path == stats[0].cache_path == str(tmp_path)
    (signature,) = compiled[1].signatures
    (result,) = compiled[1].overloads.values()
    assert len(signature) == 5
    context = result.target_context
    triple, cpu, features = context.codegen().magic_tuple()
    assert all(isinstance(part, str) for part in (triple, cpu, features))
    sig = next(iter(stats[1].cache_hits))
    assert cache.load_overload(sig, context) is not None
    cache.disable()
    assert cache.load_overload(sig, context) is None
    cache.enable()
    cache.flush()
    assert not list(tmp_path.iterdir())
    assert cache.load_overload(sig, context) is None
