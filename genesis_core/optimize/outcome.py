"""What came of a trial, also where it raised."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import Literal

import msgspec

from genesis_core.compiler.jit import CompilerError
from genesis_core.errors import GenesisError


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What came of one trial.

    Attributes
    ----------
    status : str
        ``complete``, ``invalid`` (the parameters are no strategy) or ``failed`` (it raised).
    metrics : dict or None
        See :data:`genesis_core.optimize.objective.METRICS`.
    summary_digest, config : str or None
        Digest of the run, and of the strategy with the parameters.
    error : str or None
        Why not.
    seconds : float
        Its share of the time of those that were run together.
    """

    status: Literal["complete", "invalid", "failed"]
    metrics: dict[str, float | None] | None = None
    summary_digest: str | None = None
    config: str = ""
    error: str | None = None
    seconds: float = 0.0


class Caught:
    """Turn whatever a trial raises into its outcome: a user's strategy may raise anything.

    Ctrl-C goes on as it is, and so does a fault of the place where the trial runs: it says nothing of the parameters.
    """

    outcome: Outcome | None = None

    def __enter__(self) -> Caught:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> bool:
        if not isinstance(fault, (Exception, SystemExit)) or isinstance(fault, CompilerError):
            return False
        known = isinstance(fault, GenesisError)
        words = str(fault) if known else f"{type(fault).__name__}: {fault}{_where(trace)}"
        # A name that is no UTF-8 could not be written into a record.
        words = words.encode("utf-8", "backslashreplace").decode("utf-8")
        self.outcome = Outcome(status="invalid" if known else "failed", error=words)
        return True


def _where(trace: TracebackType | None) -> str:
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return "" if trace is None else f" ({Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno})"
