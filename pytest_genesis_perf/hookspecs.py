"""The hooks that this plugin asks of a ``conftest.py`` or another plugin."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pytest_genesis_perf.record import Comparison


@pytest.hookspec
def pytest_genesis_perf_comparators(
    config: pytest.Config,
) -> Mapping[type, Callable[[Any], object]] | None:
    """Teach the comparator further types.

    Parameters
    ----------
    config : pytest.Config
        The run.

    Returns
    -------
    mapping of type to callable, or None
        For each type a function that takes a value of it, or of a subclass, and returns the plain values that must be
        identical. Types that are compared already cannot be taught anew, and each type by one plugin only.

    Examples
    --------
    In a ``conftest.py``, for the tests beside and below it:

    >>> @pytest.hookimpl(optionalhook=True)  # pytest runs without the plugin, too
    ... def pytest_genesis_perf_comparators():
    ...     return {Portfolio: lambda portfolio: (portfolio.name, portfolio.weights)}
    """


@pytest.hookspec
def pytest_genesis_perf_environment_class(config: pytest.Config) -> Mapping[str, str] | None:
    """Add fields to the environment class: what else must be equal for a stored speed to mean anything here.

    Parameters
    ----------
    config : pytest.Config
        The run.

    Returns
    -------
    mapping of str to str, or None
        Name and value of each field. Names are lower case (``gpu``, ``runner-size``); each by one plugin only.

    Examples
    --------
    In the ``conftest.py`` of the root folder, or a plugin:

    >>> @pytest.hookimpl(optionalhook=True)  # pytest runs without the plugin, too
    ... def pytest_genesis_perf_environment_class():
    ...     return {"runner": os.environ.get("RUNNER_SIZE", "desktop")}
    """


@pytest.hookspec
def pytest_genesis_perf_report_row(config: pytest.Config, comparison: Comparison) -> Mapping[str, str] | None:
    """Add columns to the row of a comparison in the terminal, Markdown, the page and JSON.

    Parameters
    ----------
    config : pytest.Config
        The run.
    comparison : Comparison
        Its final record.

    Returns
    -------
    mapping of str to str, or None
        Title and cell of each column.

    Examples
    --------
    In the ``conftest.py`` of the root folder, or a plugin:

    >>> @pytest.hookimpl(optionalhook=True)  # pytest runs without the plugin, too
    ... def pytest_genesis_perf_report_row(comparison):
    ...     if comparison.seconds is not None:
    ...         return {"saved": f"{comparison.seconds['baseline'] - comparison.seconds['optimized']:.3f} s"}
    """
