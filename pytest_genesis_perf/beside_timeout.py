"""The timer of pytest-timeout, stopped while what passes is not the test's time."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pytest


def stop_timer(item: pytest.Item) -> None:
    """Stop the timer: the test is over, and fresh processes have a timeout of their own."""
    cancel = getattr(item.ihook, "pytest_timeout_cancel_timer", None)
    if cancel is not None:
        cancel(item=item)


@contextmanager
def timer_stopped(item: pytest.Item) -> Iterator[None]:
    """Stop the timer, and start it anew for what comes after.

    How a test's timeout is found out is not public in pytest-timeout; without that name no timer is started.
    """
    stop_timer(item)
    try:
        yield
    finally:
        plugin: Any = sys.modules.get("pytest_timeout")
        start = getattr(item.ihook, "pytest_timeout_set_timer", None)
        settings_of = getattr(plugin, "_get_item_settings", None)
        if start is not None and settings_of is not None:
            settings = settings_of(item)
            if settings.timeout is not None and settings.timeout > 0:
                start(item=item, settings=settings)
