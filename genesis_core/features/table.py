"""Rows of numbers that a kernel reads besides its inputs: they stand behind its parameters."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from genesis_core.digest import digest


@dataclass(frozen=True, eq=False)
class Table:
    """Rows that never change.

    A kernel with a table finds in its last parameter how many rows there are, and row after row behind it. It reads
    them in order, and ``s[0]`` of its state counts those it has read.

    Attributes
    ----------
    rows : ndarray of float64, shape (n, k)
        Read-only; may have no rows.
    """

    rows: NDArray[np.float64]

    @cached_property
    def digest(self) -> str:
        """Digest of shape and bits."""
        return digest(self.rows)

    @cached_property
    def values(self) -> tuple[float, ...]:
        """Row after row, as plain floats."""
        return tuple(self.rows.ravel().tolist())
