"""What slows every call of this process down: times taken beside it say little."""

from __future__ import annotations

import sys
from contextlib import suppress


def active_tracer() -> str | None:
    """Return what traces or profiles this process, None if nothing does."""
    for kind, function in (("trace", sys.gettrace()), ("profile", sys.getprofile())):
        if function is not None:
            module = getattr(function, "__module__", None) or type(function).__module__
            return f"a {kind} function of {module.partition('.')[0]}"
    # Python 3.12 has tools that are neither: coverage and debuggers among them.
    monitoring = getattr(sys, "monitoring", None)
    if monitoring is not None:
        for tool in range(6):
            name = monitoring.get_tool(tool)
            if name is not None and monitoring.get_events(tool):
                return f"the monitoring tool {name}"
    # Not every Python has it.
    with suppress(ImportError):
        from tracemalloc import is_tracing

        return "tracemalloc" if is_tracing() else None
    return None
