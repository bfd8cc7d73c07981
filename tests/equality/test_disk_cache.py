"""Compiled code from the disk is used when it is that of the law as it stands, and never otherwise.

Each test runs fresh processes on a copy of the package with a cache folder of its own, edits the copy or the folder,
and runs again.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numba.core.caching import _Cache
from numba.core.compiler import CompileResult

import genesis_core
from genesis_core.compiler import cachefolder, columns, diskcache
from genesis_core.kernels.indicators.derived import slope

PROBE = """
import json
import genesis_core
from genesis_core.compiler.columns import column_pass
from genesis_core.features import Feature, FeatureSet, node

average = node("wilder", "close", n=14).value
atr = node("wilder", node("true_range", "high", "low", "close").value, n=14).value
near = node("fib_proximity", "close", atr, average)
wanted = FeatureSet([Feature("near", (), lambda p: near.value)])
candles = genesis_core.synthetic(bars=200)
values = {
    path: [vector["near"].hex() for vector in genesis_core.run_features(path, candles, feature_set=wanted).vectors]
    for path in ("streaming", "precomputed")
}
used = {}
for placed in wanted.graph.nodes:
    kernel = placed.node.kernel
    stats = column_pass(kernel.step, len(kernel.inputs), len(kernel.outputs)).stats
    used[kernel.name] = sum(stats.cache_hits.values()) - sum(stats.cache_misses.values())
print(json.dumps({
    "package": [genesis_core.__file__],
    "interpreted": values["streaming"],
    "compiled": values["precomputed"],
    "loaded": sorted(name for name, hits in used.items() if hits == 1),
    "made": sorted(name for name, hits in used.items() if hits == -1),
}))
"""
KERNELS = ["fib_proximity", "true_range", "wilder"]

Found = dict[str, list[str]]

EDITS = {
    "the step itself": (
        "indicators/averages.py",
        "(n - 1.0) + x) / n",
        "(n - 1.0) + x) / (n + 1.0)",
        {"wilder"},
    ),
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

    def run(self, **environment: str) -> Found:
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
        found: Found = json.loads(done.stdout)
        assert Path(found["package"][0]).is_relative_to(self.source)
        return found

    def edit(self, name: str, old: str, new: str) -> None:
        file = self.source / "genesis_core" / "kernels" / name
        text = file.read_text(encoding="utf-8")
        assert text.count(old) == 1, f"{name} no longer has {old!r} once: choose another edit"
        file.write_text(text.replace(old, new), encoding="utf-8")

    def files(self) -> set[Path]:
        return set(self.cache.iterdir())


@pytest.fixture(scope="module")
def compiled_copy(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Found]:
    """A copy of which all is compiled already; tests take copies of it."""
    folder = tmp_path_factory.mktemp("compiled")
    return folder, Copy(folder).run()


@pytest.fixture
def first(compiled_copy: tuple[Path, Found]) -> Found:
    """What the unedited package gives."""
    return compiled_copy[1]


@pytest.fixture
def copy(compiled_copy: tuple[Path, Found], tmp_path: Path) -> Iterator[Copy]:
    """A copy of the package, compiled; the test may do to it what it likes."""
    made = Copy(tmp_path)
    shutil.copytree(compiled_copy[0] / "cache", made.cache)
    yield made
    shutil.rmtree(tmp_path)


class TestUse:
    def test_the_first_process_compiles_and_the_second_loads(self, copy: Copy, first: Found) -> None:
        assert (first["made"], first["loaded"]) == (KERNELS, [])
        assert len(copy.files()) == len(KERNELS)
        second = copy.run()
        assert (second["made"], second["loaded"]) == ([], KERNELS)
        assert second["compiled"] == second["interpreted"] == first["compiled"] == first["interpreted"]

    def test_another_cpu_does_not_use_it(self, copy: Copy, first: Found) -> None:
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
    def test_an_edit_is_compiled(self, edit: str, copy: Copy, first: Found) -> None:
        name, old, new, changed = EDITS[edit]
        copy.edit(name, old, new)
        edited = copy.run()
        assert edited["compiled"] == edited["interpreted"] != first["compiled"]
        assert set(edited["made"]) == changed
        copy.edit(name, new, old)
        back = copy.run()
        assert back["loaded"] == KERNELS
        assert back["compiled"] == first["compiled"]

    def test_a_comment_is_not_an_edit(self, copy: Copy) -> None:
        copy.edit("exact.py", "    inside = x\n", "\n    # A comment.\n    inside = x\n")
        assert copy.run()["loaded"] == KERNELS

    def test_another_way_to_compile_is_an_edit(self, copy: Copy, first: Found) -> None:
        copy.edit("../compiler/jit.py", "nogil=True", "nogil=False")
        edited = copy.run()
        assert edited["made"] == KERNELS
        assert edited["compiled"] == first["compiled"]

    def test_old_code_under_the_new_name_is_refused(self, copy: Copy, first: Found) -> None:
        """The worst that a copied or restored folder can do: a valid file of other code under the name asked for."""
        old_files = copy.files()
        copy.edit(*EDITS["a helper"][:3])
        edited = copy.run()
        (new_file,) = copy.files() - old_files
        signature = new_file.name.rpartition("-")[2]
        (same_kernel,) = (file for file in old_files if file.name.endswith(signature))
        for old_file in (same_kernel, next(iter(old_files - {same_kernel}))):
            shutil.copyfile(old_file, new_file)
            again = copy.run()
            assert again["made"] == ["wilder"]
            assert again["compiled"] == edited["compiled"] == again["interpreted"] != first["compiled"]
        assert copy.run()["loaded"] == KERNELS


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of compiled code of this process, empty."""
    monkeypatch.setenv("GENESIS_CACHE_DIR", str(tmp_path))
    return tmp_path


def compile_slope() -> Any:
    """Compile a kernel, or load it: what `column_pass` does the first time."""
    return columns.column_pass.__wrapped__(slope, 1, 1)


def loaded(compiled: Any) -> bool:
    hits, misses = (sum(count.values()) for count in (compiled.stats.cache_hits, compiled.stats.cache_misses))
    assert hits + misses == 1
    return bool(hits)


def slopes(compiled: Any) -> list[float]:
    """Run the kernel over a column."""
    column = np.array([4.0, 5.0, 7.0, 3.0, 9.0])
    column.flags.writeable = False
    out = np.empty(5)
    compiled(np.zeros(3), np.array([2.0]), (column,), (out,), 5)
    values: list[float] = out.tolist()
    return values


SLOPES = [0.0, 0.0, 0.75, -0.4, 2.0 / 7.0]


class TestDamage:
    @pytest.mark.parametrize("damage", ["empty", "cut", "head", "one bit", "text", "longer"])
    def test_a_damaged_file_is_compiled_anew(self, damage: str, here: Path) -> None:
        assert not loaded(compile_slope())
        (file,) = here.iterdir()
        good = file.read_bytes()
        flipped = bytearray(good)
        flipped[len(good) // 2] ^= 1
        file.write_bytes(
            {
                "empty": b"",
                "cut": good[:-1],
                "head": good[:50],
                "one bit": bytes(flipped),
                "text": b"not compiled code",
                "longer": good + b"\0",
            }[damage]
        )
        repaired = compile_slope()
        assert not loaded(repaired)
        assert slopes(repaired) == SLOPES
        again = compile_slope()
        assert loaded(again)
        assert slopes(again) == SLOPES
        assert list(here.iterdir()) == [file]

    def test_a_folder_that_cannot_be_written(self, here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        folder = here / "file"
        folder.write_text("a file where the folder should be", encoding="utf-8")
        monkeypatch.setenv("GENESIS_CACHE_DIR", str(folder))
        with pytest.warns(RuntimeWarning) as caught:
            compiled = compile_slope()
        (warning,) = caught
        assert str(warning.message).startswith(f"compiled code cannot be kept in {folder} (")
        assert str(warning.message).endswith("set GENESIS_CACHE_DIR to a folder that is writable")
        assert not loaded(compiled)
        assert slopes(compiled) == SLOPES


class TestFolder:
    """What lies in the folder can be read by people, and does not grow without end."""

    @staticmethod
    def old(folder: Path, name: str, size: int, days: float) -> Path:
        """Make a file that was stored some days ago; it has a size, and takes no room on the disk."""
        file = folder / name
        with file.open("wb") as out:
            out.truncate(size)
        then = time.time() - days * 24 * 3600.0
        os.utime(file, (then, then))
        return file

    def test_a_file_is_called_after_its_kernel(self, here: Path) -> None:
        compile_slope()
        (file,) = here.iterdir()
        assert re.fullmatch(r"derived\.slope-[0-9a-f]{32}-[0-9a-f]{32}\.bin", file.name)

    def test_a_name_is_safe_and_short_whatever_the_function_is_called(self) -> None:
        def größe_of_something_with_a_very_long_name_that_nobody_would_type_again() -> None: ...

        name = diskcache.readable_name(größe_of_something_with_a_very_long_name_that_nobody_would_type_again)
        assert re.fullmatch(r"[A-Za-z0-9_.]{60}", name)
        assert name.endswith("_with_a_very_long_name_that_nobody_would_type_again")
        assert diskcache.readable_name(self.old) == "test_disk_cache.TestFolder.old"

    def test_the_oldest_files_make_room_for_a_new_one(self, here: Path) -> None:
        key, most = "0" * 32, cachefolder.MOST_BYTES
        oldest = self.old(here, f"a.oldest-{key}-{key}.bin", most // 2, 9.0)
        older = self.old(here, f"z.older-{key}-{key}.bin", most // 4, 8.0)
        newer = self.old(here, f"b.newer-{key}-{key}.bin", most // 2, 7.0)
        foreign = self.old(here, "model.bin", 2 * most, 99.0)
        abandoned = self.old(here, ".abandoned.tmp", 1, 1.1)
        in_work = self.old(here, ".in_work.tmp", 1, 0.9)
        stored = compile_slope()
        assert not any(file.exists() for file in (oldest, abandoned))
        assert all(file.exists() for file in (older, newer, foreign, in_work))
        assert loaded(compile_slope())
        assert slopes(stored) == SLOPES

    def test_what_was_just_stored_stays_whatever_its_size_and_time(self, here: Path) -> None:
        key = "0" * 32
        future = self.old(here, f"a.future-{key}-{key}.bin", 1, -9.0)
        new = self.old(here, f"a.new-{key}-{key}.bin", 1000, 9.0)
        cachefolder.prune(here, 10, keep=new)
        assert new.exists()
        assert not future.exists()

    def test_below_the_limit_nothing_is_deleted(self, here: Path) -> None:
        key = "0" * 32
        files = [self.old(here, f"a.{n}-{key}-{key}.bin", 10, 900.0 - n) for n in range(3)]
        cachefolder.prune(here, 30, keep=files[2])
        assert all(file.exists() for file in files)
        cachefolder.prune(here, 29, keep=files[2])
        assert [file.exists() for file in files] == [False, True, True]

    def test_a_file_that_cannot_be_deleted_is_left(self, here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """As on Windows, where another process has it open."""
        key = "0" * 32
        files = [self.old(here, f"a.{n}-{key}-{key}.bin", 10, 900.0 - n) for n in range(3)]
        unlink = Path.unlink

        def refuse(file: Path, missing_ok: bool = False) -> None:
            if file == files[0]:
                raise PermissionError(13, "in use")
            unlink(file, missing_ok)

        monkeypatch.setattr(Path, "unlink", refuse)
        cachefolder.prune(here, 20, keep=files[2])
        assert [file.exists() for file in files] == [True, False, True]


def test_the_private_interface_of_numba_is_what_it_was(here: Path) -> None:
    """The canary: what `diskcache` uses of Numba exists, is called, and behaves as it expects."""
    wanted = {"cache_path", "load_overload", "save_overload", "enable", "disable", "flush"}
    assert set(_Cache.__abstractmethods__) == wanted
    assert callable(CompileResult._reduce)
    assert callable(CompileResult._rebuild)
    first, second = compile_slope(), compile_slope()
    assert (loaded(first), loaded(second)) == (False, True)
    assert slopes(first) == slopes(second) == SLOPES
    cache = second._cache
    assert type(cache) is diskcache.LawCache
    assert cache.cache_path == second.stats.cache_path == str(here)
    (result,) = second.overloads.values()
    (signature,) = second.stats.cache_hits
    context = result.target_context
    triple, cpu, features = context.codegen().magic_tuple()
    assert [type(part) for part in (triple, cpu, features)] == [str, str, str]
    assert cache.load_overload(signature, context) is not None
    cache.disable()
    assert cache.load_overload(signature, context) is None
    cache.enable()
    cache.flush()
    assert not list(here.iterdir())
    assert cache.load_overload(signature, context) is None
