"""Which tests stay in one worker of pytest-xdist: those that wait for the same recomputed run.

Another worker would only wait for it too, for a minute or more. Not by ``--dist loadgroup``: with pytest 9.2 xdist 3.8
no longer sees the groups (pytest-xdist issue 1386), and says nothing.
"""

from __future__ import annotations

from xdist.scheduler import LoadScopeScheduling

FOLDER = "tests/equality/"


def group(nodeid: str) -> str:
    """Return the recomputed run a test waits for, or the test itself."""
    if FOLDER in nodeid:
        if "::TestWholeSeries::" in nodeid:
            return "whole"
        _, _, parameters = nodeid.partition("[")
        series = parameters.rstrip("]").split("-")[0]
        if series in ("embedded", "real"):
            return series
    return nodeid


class ByRecomputedRun(LoadScopeScheduling):
    """xdist's scheduler by scopes, the largest first; the scopes are those of :func:`group`."""

    def _split_scope(self, nodeid: str) -> str:
        return group(nodeid)
