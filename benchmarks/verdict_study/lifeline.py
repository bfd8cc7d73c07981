"""Processes that cannot outlive the one that started them."""

from __future__ import annotations

import os
import threading

ORPHANED = 70


def die_with_parent(lifeline: int) -> None:
    """End this process as soon as the other end of a pipe is closed, as a killed process does too.

    Parameters
    ----------
    lifeline : int
        File descriptor of the reading end.
    """
    threading.Thread(target=_wait, args=(lifeline,), daemon=True).start()


def _wait(lifeline: int) -> None:
    # Blocks without using any time of the processor.
    try:
        os.read(lifeline, 1)
    finally:
        os._exit(ORPHANED)
