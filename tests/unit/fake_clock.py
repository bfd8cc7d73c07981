"""A clock that only moves when an arm says so: timing tests without time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import repeat


class FakeClock:
    """Nanoseconds that pass when told to.

    Parameters
    ----------
    tick : int
        Step of the clock: reads are rounded down to it, and each takes one.
    """

    def __init__(self, tick: int = 1) -> None:
        self.now = 0
        self.tick = tick
        self.stopped = False

    def __call__(self) -> int:
        if self.stopped:
            return 0
        self.now += self.tick
        return self.now // self.tick * self.tick

    def arm(self, costs: int | Iterator[int], result: object = None) -> Callable[[], object]:
        """Return an arm that costs so many nanoseconds a call."""
        each = repeat(costs) if isinstance(costs, int) else costs

        def call() -> object:
            self.now += next(each)
            return result

        return call
