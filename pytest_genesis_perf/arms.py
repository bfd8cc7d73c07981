"""The two arms of a comparison, and the naming of the one that raised."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_genesis_perf.evidence import Unstable

Arm = Callable[[], object]
LastCalls = Callable[[], "Unstable | None"]
"""Calls each arm once more, where it was run, and says which one did not return what it returned first."""
_PACKAGE = "pytest_genesis_perf"
ROLES = ("baseline", "optimized")


class ArmRaisedError(Exception):
    """An arm raised: says which one, what and where, in text, for it may come from another process."""


class SideBySideError(Exception):
    """The arms cannot be run at the same time in two processes: says why."""


class NoAnswerError(SideBySideError):
    """One of the two processes did not answer in time: the machine may be too busy."""


class NotComparableError(Exception):
    """The results cannot be compared, or their comparison would prove nothing."""


class running:
    """Run the body as an arm: an exception that leaves it becomes an :class:`ArmRaisedError`.

    ``pytest.skip``, ``pytest.fail`` and ``KeyboardInterrupt`` pass unchanged, and what already says which arm.

    Parameters
    ----------
    role : str
        "baseline" or "optimized".
    """

    def __init__(self, role: str) -> None:
        self._role = role

    def __enter__(self) -> None:
        """Begin."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Name the arm."""
        if isinstance(error, Exception) and not isinstance(error, NotComparableError):
            raised = f"the {self._role} arm raised {type(error).__name__}: {error}"
            raise ArmRaisedError(f"{raised}\n{_users_traceback(error)}") from error


def _users_traceback(error: Exception) -> str:
    trace = error.__traceback__
    # The plugin's own frames say nothing about the fault.
    while trace is not None and str(trace.tb_frame.f_globals.get("__package__")).startswith(_PACKAGE):
        trace = trace.tb_next
    return "".join(traceback.format_exception(type(error), error, trace)).rstrip()
