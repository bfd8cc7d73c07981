"""What a fresh process does first: it cannot outlive the one that started it, and its memory lies elsewhere."""

from __future__ import annotations

import os
import threading

ORPHANED = 70
"""Exit code of a process whose parent is gone."""
_PAGE = 4096


def die_with_parent(lifeline: int) -> None:
    """End this process as soon as the other end of a pipe is closed, which a killed parent does too.

    Parameters
    ----------
    lifeline : int
        File descriptor of the reading end.
    """
    threading.Thread(target=_wait, args=(lifeline,), daemon=True).start()


def _wait(lifeline: int) -> None:
    # Blocks, and takes no time of the processor.
    try:
        os.read(lifeline, 1)
    except OSError:
        return
    os._exit(ORPHANED)


def ballast(size: int) -> bytearray:
    """Allocate memory, and write into each page of it: what was never written is not there yet.

    Parameters
    ----------
    size : int
        Bytes.
    """
    held = bytearray(size)
    held[::_PAGE] = b"\1" * len(range(0, size, _PAGE))
    return held
