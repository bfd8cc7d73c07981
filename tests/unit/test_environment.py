from __future__ import annotations

import platform
import re
import sys
from dataclasses import replace
from importlib import metadata

import pytest

from pytest_genesis_perf.environment import EnvironmentClass, clean_cpu_brand, current, nearest

HERE = EnvironmentClass("CPython 3.11", "x86_64", "AMD EPYC", 2, (("numba", "0.68"), ("numpy", "2.4")))


def test_the_slug_is_a_file_name_on_every_system() -> None:
    assert HERE.slug() == "cpython-3.11_x86-64_amd-epyc_2-cores_numba-0.68_numpy-2.4"
    odd = replace(HERE, cpu='Weird/CPU: "X" <1>?')
    assert re.fullmatch(r"[a-z0-9._-]+", odd.slug())


@pytest.mark.parametrize(
    "other",
    [
        replace(HERE, python="CPython 3.12"),
        replace(HERE, machine="arm64"),
        replace(HERE, cpu="Xeon"),
        replace(HERE, cores=4),
        replace(HERE, libraries=(("numba", "0.68"),)),
        replace(HERE, libraries=(("numba", "0.68"), ("numpy", "2.3"))),
    ],
)
def test_every_field_of_the_key_gives_another_file(other: EnvironmentClass) -> None:
    assert other.slug() != HERE.slug()
    assert len(HERE.differences(other)) == 1


def test_the_text_names_every_field() -> None:
    assert HERE.text() == "CPython 3.11, x86_64, AMD EPYC, 2 cores, numba 0.68, numpy 2.4"
    assert "1 core," in replace(HERE, cores=1).text()


def test_differences_name_field_and_both_values() -> None:
    other = replace(HERE, cores=8, libraries=(("numpy", "2.3"), ("scipy", "1.15")))
    assert HERE.differences(other) == [
        "cores is 2 here, 8 there",
        "numba is 0.68 here, absent there",
        "numpy is 2.4 here, 2.3 there",
        "scipy is absent here, 1.15 there",
    ]
    assert HERE.differences(HERE) == []


def test_the_nearest_class_has_the_fewest_differences() -> None:
    far = replace(HERE, cores=8, machine="arm64")
    near = replace(HERE, cores=8)
    assert nearest(HERE, [far, near]) == near
    assert nearest(HERE, [near, far]) == near
    assert nearest(HERE, []) is None


@pytest.mark.parametrize(
    ("brand", "clean"),
    [
        ("AMD EPYC", "AMD EPYC"),
        ("AMD EPYC 7763 64-Core Processor", "AMD EPYC 7763"),
        ("Intel(R) Xeon(R) CPU E5-2673 v4 @ 2.30GHz", "Intel Xeon E5-2673 v4"),
        ("Apple M2 Pro", "Apple M2 Pro"),
        ("  ", "unknown"),
    ],
)
def test_the_brand_is_cleaned_of_marks_and_clock(brand: str, clean: str) -> None:
    assert clean_cpu_brand(brand) == clean


def test_the_current_class_describes_this_process() -> None:
    here = current(["pytest", "no-such-distribution"])
    assert here.python == f"{platform.python_implementation()} {sys.version_info[0]}.{sys.version_info[1]}"
    assert here.machine == platform.machine()
    assert here.cpu
    assert here.cores >= 1
    assert here.libraries == (("pytest", ".".join(metadata.version("pytest").split(".")[:2])),)
    assert here == current(["pytest"])
