"""The public names: one table says where they are from, and what type checkers and editors see agrees with it."""

from __future__ import annotations

import ast
import inspect
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

import genesis_core


def seen_by_type_checkers() -> dict[str, str]:
    """Return the names that stand under TYPE_CHECKING, and the module that each is imported from."""
    tree = ast.parse(Path(inspect.getsourcefile(genesis_core) or "").read_text(encoding="utf-8"))
    (block,) = [
        node for node in tree.body if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
    ]
    found = {}
    for statement in block.body:
        assert isinstance(statement, ast.ImportFrom)
        for alias in statement.names:
            # `as` the same name: only then do type checkers take it as public.
            assert alias.asname == alias.name
            assert alias.name not in found
            found[alias.name] = str(statement.module)
    return found


def test_type_checkers_see_the_names_there_are() -> None:
    assert {*seen_by_type_checkers(), "__version__"} == set(genesis_core.__all__)
    assert len(set(genesis_core.__all__)) == len(genesis_core.__all__) > 40


def test_each_name_is_what_type_checkers_take_it_for() -> None:
    for name, module in seen_by_type_checkers().items():
        assert getattr(genesis_core, name) is getattr(import_module(module), name), name


def test_dir_and_star_import_give_all_of_them() -> None:
    assert dir(genesis_core) == sorted(genesis_core.__all__)
    namespace: dict[str, object] = {}
    exec("from genesis_core import *", namespace)
    assert set(genesis_core.__all__) <= set(namespace)


@pytest.mark.parametrize(
    "package", ["genesis_core", "genesis_core.backtesting", "genesis_core.features", "genesis_core.optimize"]
)
def test_each_public_function_says_what_it_takes(package: str) -> None:
    module = import_module(package)
    silent = [label for name in module.__all__ for label in without_parameters(name, getattr(module, name))]
    assert silent == []


def without_parameters(name: str, value: object) -> Iterator[str]:
    """Yield which of a function, or of a class's own public methods, take arguments and do not describe them."""
    if inspect.isclass(value):
        methods = {each: getattr(got, "__func__", got) for each, got in vars(value).items() if each[0] != "_"}
        functions = {f"{name}.{each}": got for each, got in methods.items() if inspect.isfunction(got)}
    else:
        functions = {name: value} if inspect.isfunction(value) else {}
    for label, function in functions.items():
        # A class may declare a field whose default is a lambda.
        takes = set(inspect.signature(function).parameters) - {"self", "cls"}
        if (
            takes
            and function.__name__ != "<lambda>"
            and "Parameters\n" not in (inspect.getdoc(function) or "")
        ):
            yield label


def test_an_unknown_name_is_an_attribute_error_of_the_usual_kind() -> None:
    assert not hasattr(genesis_core, "backtst")


def test_the_package_alone_imports_nothing_of_the_engine() -> None:
    code = (
        "import sys, genesis_core\n"
        "assert genesis_core.__version__\n"
        "print([name for name in sys.modules if name.startswith('genesis_core.') or name == 'numpy'])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "['genesis_core.version']"
