"""The hooks that this plugin asks of a ``conftest.py`` or another plugin."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest


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

    >>> def pytest_genesis_perf_comparators():
    ...     return {Portfolio: lambda portfolio: (portfolio.name, portfolio.weights)}
    """
