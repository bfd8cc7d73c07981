"""The digests of `golden.toml` hold for every Python, NumPy and CPU.

Each environment of the matrix runs this, and each runs it again in processes to which CPU features are denied: the
transcendental functions of NumPy and of the C library then give other bits, and Numba other code. Ours must not.
"""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import genesis_core
from tests.equality import print_digests

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

HERE = Path(__file__).parent
GOLDEN = HERE / "golden.toml"
ADVICE = (
    "\nA changed digest is a changed law. Where that is meant, with GENESIS_DATA_DIR set:\n"
    "    python tests/equality/print_digests.py > tests/equality/golden.toml"
)
GLIBC = "glibc.cpu.hwcaps=-AVX2,-FMA,-FMA4,-AVX512F,-AVX512VL,-AVX512DQ,-AVX512BW,-AVX512CD,-AVX2_Usable,-FMA_Usable"

Tables = dict[str, Any]


@pytest.fixture(scope="module")
def golden() -> Tables:
    return tomllib.loads(GOLDEN.read_text(encoding="utf-8"))


def assert_golden(found: Tables, golden: Tables) -> None:
    """Compare table by table; those that need real candles only where they are there."""
    wanted = {name: table for name, table in golden.items() if name != "real" or "real" in found}
    named = [(table, name) for table in wanted if table != "schema" for name in wanted[table]]
    wrong = [
        f"{table}.{name}: {found[table].get(name)}, the file says {wanted[table][name]}"
        for table, name in named
        if found[table].get(name) != wanted[table][name]
    ]
    assert not wrong, "\n".join(wrong) + ADVICE
    assert found == wanted, "digests that the file does not have" + ADVICE


def child(**environment: str) -> tuple[Tables, dict[str, str]]:
    """Compute the digests in a fresh process; also return what it says it ran on."""
    done = subprocess.run(
        [sys.executable, str(HERE / "print_digests.py"), "--environment"],
        env={**os.environ, "PYTHONPATH": str(Path(genesis_core.__file__).parents[1]), **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    tables = tomllib.loads(done.stdout)
    return tables, tables.pop("environment")


def numpy_features() -> str:
    """Return the CPU features that this process's NumPy may choose code for, as NumPy wants them listed."""
    found: list[str] = np.show_config(mode="dicts")["SIMD Extensions"].get("found", [])
    return " ".join(found)


def test_the_file_is_complete(golden: Tables) -> None:
    assert golden["schema"] == print_digests.SCHEMA
    tables = {table: names for table, names in golden.items() if table != "schema"}
    assert {table: len(names) for table, names in tables.items()} == {"embedded": 7, "exact": 6, "real": 3}
    digests = [digest for table in tables.values() for digest in table.values()]
    assert all(len(digest) == 32 and set(digest) <= set("0123456789abcdef") for digest in digests)
    embedded, exact = golden["embedded"], golden["exact"]
    assert embedded["features_2000_precomputed"] == embedded["features_2000_streaming"]
    assert all(
        exact[f"{name}_interpreted"] == exact[f"{name}_compiled"] for name in ("exp", "log", "sigmoid")
    )
    assert len(set(digests)) == len(digests) - 4


class TestThisProcess:
    def test_embedded(self, golden: Tables) -> None:
        assert_golden({"schema": print_digests.SCHEMA, **print_digests.embedded_digests()}, golden)

    def test_real(self, golden: Tables, data_dir: Path) -> None:
        real = print_digests.real_candles()
        assert real is not None
        assert_golden({**golden, "real": print_digests.real_digests(real)}, golden)

    def test_a_changed_digest_is_told(self, golden: Tables) -> None:
        changed = {**golden, "exact": {**golden["exact"], "exp_compiled": "0" * 32}}
        with pytest.raises(
            AssertionError, match=r"exact\.exp_compiled: 0{32}, the file says .*\n.*changed law"
        ):
            assert_golden(changed, golden)
        more = {**golden, "exact": {**golden["exact"], "exp2": "0" * 32}}
        with pytest.raises(AssertionError, match="digests that the file does not have"):
            assert_golden(more, golden)


class TestLowerLevels:
    def test_numpy_without_its_dispatched_features(self, golden: Tables) -> None:
        features = numpy_features()
        if not features:
            pytest.skip("this NumPy has no code for special features of this CPU")
        found, environment = child(NPY_DISABLE_CPU_FEATURES=features)
        assert environment["numpy_simd"] == ""
        assert_golden(found, golden)

    def test_the_c_library_without_avx2_and_fma(self, golden: Tables) -> None:
        if platform.libc_ver()[0] != "glibc" or platform.machine() != "x86_64":
            pytest.skip("GLIBC_TUNABLES lowers the C library's level only on x86-64 with glibc")
        found, environment = child(GLIBC_TUNABLES=GLIBC)
        assert_golden(found, golden)
        if environment["libm"] == print_digests.environment()["libm"]:
            pytest.skip("the digests hold, but the C library's exp is the same without AVX2 and FMA here")

    def test_all_at_once(self, golden: Tables) -> None:
        found, environment = child(
            NPY_DISABLE_CPU_FEATURES=numpy_features(), GLIBC_TUNABLES=GLIBC, NUMBA_CPU_NAME="generic"
        )
        assert (environment["numpy_simd"], environment["numba_cpu"]) == ("", "generic")
        assert_golden(found, golden)
