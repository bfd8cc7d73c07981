"""What a law reaches, and that its digest changes with all of it and with nothing else."""

from __future__ import annotations

import functools
import importlib.util
import math
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from genesis_core.errors import GenesisError
from genesis_core.kernels.exact import exp, scale, sigmoid
from genesis_core.kernels.registry import KERNELS
from genesis_core.kernels.walk import KernelError, law_digest, reachable, references, where

Load = Callable[..., ModuleType]

CALLEE = """
FACTOR = 2.0

def helper(x: float) -> float:
    return x * FACTOR
"""

ROOT = """
import math

LIMIT = 3

def middle(x):
    return inner(x) + 1.0

def inner(x):
    return math.sqrt(helper(x))

def root(x, n):
    y = middle(x)
    for i in range(n):
        y = y + 0.5
    return y if n < LIMIT else -y
"""


@pytest.fixture
def load(tmp_path: Path) -> Load:
    """Import a text as a module of its own."""
    numbers = iter(range(1000))

    def run(text: str, **names: Any) -> ModuleType:
        path = tmp_path / f"law_{next(numbers)}.py"
        path.write_text(text, encoding="utf-8")
        spec = importlib.util.spec_from_file_location(path.stem, path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        vars(module).update(names)
        return module

    return run


def test_reachable_lists_callees_before_callers_and_each_once(load: Load) -> None:
    helper = load(CALLEE).helper
    module = load(ROOT + "\ndef twice(x):\n    return root(x, 1) + helper(x) + middle(x)\n", helper=helper)
    assert reachable(module.twice) == (helper, module.inner, module.middle, module.root, module.twice)
    assert set(reachable(sigmoid)) >= {exp, scale, sigmoid}
    assert reachable(sigmoid)[-1] is sigmoid


def test_reachable_ends_on_recursion(load: Load) -> None:
    module = load("def f(x):\n    return g(x)\n\ndef g(x):\n    return f(x)\n")
    assert reachable(module.f) == (module.g, module.f)


def test_references_are_the_names_with_their_values_in_order(load: Load) -> None:
    helper = load(CALLEE).helper
    text = "import math\nB = 1\nA = True\nUNUSED = 9.0\n"
    text += "def root(x):\n    return helper(math.sqrt(abs(x))) + B + A\n"
    module = load(text, helper=helper)
    assert list(references(module.root)) == [("A", True), ("B", 1), ("helper", helper)]


def test_equal_code_has_an_equal_digest_wherever_it_stands(load: Load) -> None:
    original = load(ROOT, helper=load(CALLEE).helper).root
    spread = ROOT.replace("    y = middle(x)", "    # a comment\n\n    y = middle(x)")
    moved = load("# moved\n\n" + spread, helper=load("\n\n" + CALLEE).helper).root
    assert law_digest(moved) == law_digest(original)
    assert len(law_digest(original)) == 32


@pytest.mark.parametrize(
    ("root", "callee"),
    [
        (ROOT, CALLEE.replace("x * FACTOR", "x / FACTOR")),
        (ROOT, CALLEE.replace("FACTOR = 2.0", "FACTOR = 2.5")),
        (ROOT, CALLEE.replace("FACTOR = 2.0", "FACTOR = 2")),
        (ROOT, CALLEE.replace("FACTOR = 2.0", "FACTOR = 2.0000000000000004")),
        (ROOT, CALLEE.replace("x * FACTOR", "FACTOR * x")),
        (ROOT.replace("LIMIT = 3", "LIMIT = 4"), CALLEE),
        (ROOT.replace("LIMIT = 3", "LIMIT = 3.0"), CALLEE),
        (ROOT.replace("+ 1.0", "+ 2.0"), CALLEE),
        (ROOT.replace("+ 1.0", "- 1.0"), CALLEE),
        (ROOT.replace("+ 0.5", "+ 0.25"), CALLEE),
        (ROOT.replace("math.sqrt", "math.floor"), CALLEE),
        (ROOT.replace("math.sqrt(helper(x))", "helper(math.sqrt(x))"), CALLEE),
        (ROOT.replace("< LIMIT", "<= LIMIT"), CALLEE),
        (ROOT.replace("root(x, n)", "root(n, x)"), CALLEE),
        (ROOT.replace("root(x, n)", "root(x, n=1)"), CALLEE),
        (ROOT.replace("root(x, n)", "root(x, *, n=1)"), CALLEE),
        (ROOT.replace("y = middle(x)", "y = inner(x)"), CALLEE),
    ],
)
def test_the_digest_changes_with_everything_the_root_reaches(load: Load, root: str, callee: str) -> None:
    original = law_digest(load(ROOT, helper=load(CALLEE).helper).root)
    assert (root, callee) != (ROOT, CALLEE)
    assert law_digest(load(root, helper=load(callee).helper).root) != original


def test_the_digest_changes_with_another_default(load: Load) -> None:
    digests = {
        law_digest(load(f"def root(x, {star}n={value}):\n    return x\n").root)
        for star in ("", "*, ")
        for value in ("1", "2", "1.0", "-0.0", "0.0", "True")
    }
    assert len(digests) == 12


class Number(float):
    """Looks like a float."""


def make(step: Callable[..., Any], factor: float) -> Callable[..., Any]:
    def run(x: float) -> float:
        return step(x) * factor

    return run


def double(x: float) -> float:
    return x + x


def triple(x: float) -> float:
    return x + x + x


def test_the_digest_changes_with_what_a_closure_holds() -> None:
    original = law_digest(make(double, 2.0))
    assert law_digest(make(double, 2.0)) == original
    others = [
        make(triple, 2.0),
        make(double, 2.5),
        make(double, 2),
        make(double, True),
        make(double, Number(2.0)),
        make(make(double, 2.0), 2.0),
    ]
    assert len({original, *map(law_digest, others)}) == 7


def test_an_argument_is_not_a_local_name(load: Load) -> None:
    digests = [
        law_digest(load(f"def root({a}):\n    y = 1.0\n    return x + y\n").root) for a in ("x", "x, y")
    ]
    assert digests[0] != digests[1]


def test_zeros_of_both_signs_have_two_digests() -> None:
    assert law_digest(make(double, 0.0)) != law_digest(make(double, -0.0))


def test_two_roots_that_swap_their_callees_have_two_digests(load: Load) -> None:
    text = "def root(x):\n    return first(x) - second(x)\n"
    plain = load(text, first=double, second=triple).root
    swapped = load(text, first=triple, second=double).root
    same = load(text, first=double, second=double).root
    assert len({law_digest(plain), law_digest(swapped), law_digest(same)}) == 3


def test_two_roots_that_swap_a_callee_with_its_own_callee_have_two_digests(load: Load) -> None:
    text = "def root(x):\n    return first(x) - second(x)\n"
    outer = load("def outer(x):\n    return inner(x) + 1.0\n", inner=double).outer
    plain = load(text, first=outer, second=double).root
    swapped = load(text, first=double, second=outer).root
    assert law_digest(plain) != law_digest(swapped)


def test_a_changed_global_is_seen_without_a_new_function(load: Load) -> None:
    module = load(ROOT, helper=load(CALLEE).helper)
    before = law_digest(module.root)
    module.LIMIT = 5
    assert law_digest(module.root) != before
    module.LIMIT = 3
    assert law_digest(module.root) == before


def test_the_kernels_of_the_registry_have_digests_of_their_own() -> None:
    steps = {kernel.step for kernel in KERNELS.values()}
    assert len(steps) > 20
    assert len({law_digest(step) for step in steps}) == len(steps)


@pytest.mark.parametrize("other", [math.sqrt, abs, int, functools.partial(double, 1.0), 3, None])
def test_an_object_that_is_no_plain_function_is_rejected(other: Any) -> None:
    for function in (reachable, law_digest):
        with pytest.raises(
            KernelError, match=f"is a {type(other).__name__}; a kernel is a plain Python function"
        ):
            function(other)


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ([1.0], "list"),
        ("a", "str"),
        (None, "NoneType"),
        (math.sqrt, "builtin_function_or_method"),
        (Path, "type"),
    ],
)
def test_a_reference_to_another_object_is_rejected_with_its_name_and_place(
    load: Load, value: Any, kind: str
) -> None:
    module = load("def inner(x):\n    return x + VALUE\n\ndef root(x):\n    return inner(x)\n", VALUE=value)
    with pytest.raises(
        KernelError, match=rf"inner \(.*law_0\.py:1\): 'VALUE' is a {kind}; a kernel may refer to"
    ):
        law_digest(module.root)


def test_a_module_other_than_math_is_rejected(load: Load) -> None:
    module = load("import cmath\n\ndef root(x):\n    return cmath.sqrt(x)\n")
    with pytest.raises(KernelError, match="'cmath' is a module; a kernel may refer to"):
        reachable(module.root)


def test_names_without_a_value_are_rejected(load: Load) -> None:
    module = load("def root(x):\n    return unknown(x)\n")
    with pytest.raises(KernelError, match=r"root \(.*:1\): the name 'unknown' is not defined"):
        law_digest(module.root)
    text = "def make():\n    def root(x):\n        return later(x)\n    yield root\n    later = root\n"
    root = next(load(text).make())
    with pytest.raises(KernelError, match="'later' of its closure has no value yet"):
        law_digest(root)


def test_the_error_is_one_of_the_package_and_names_the_place() -> None:
    assert issubclass(KernelError, GenesisError)
    code = double.__code__
    assert where(double) == f"double ({code.co_filename}:{code.co_firstlineno})"
