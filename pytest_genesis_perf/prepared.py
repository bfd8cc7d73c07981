"""Arms that need more than a call: inputs made anew for each block, coroutines that need an event loop."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from functools import partial
from itertools import repeat
from typing import TYPE_CHECKING, Any

from pytest_genesis_perf.arms import Arm

if TYPE_CHECKING:
    import asyncio

Setup = Callable[[], object]


class LoopRunningError(Exception):
    """An arm is a coroutine function, and cannot be run where a loop runs already."""


class PreparedArm:
    """An arm with inputs of its own, or one that is a coroutine function.

    Parameters
    ----------
    function : callable
        Called without arguments, or with what `setup` returned.
    setup : callable, optional
        Makes the inputs.
    loop : asyncio.AbstractEventLoop, optional
        Runs a coroutine function; time is taken inside of it.
    """

    def __init__(
        self,
        function: Callable[..., object],
        setup: Setup | None = None,
        loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        self._function = function
        self._setup = setup
        self._loop = loop
        self._call: Callable[[], object] = function
        self._fresh = setup is None

    @property
    def awaits(self) -> bool:
        """Whether it is a coroutine function."""
        return self._loop is not None

    @property
    def prepares(self) -> bool:
        """Whether inputs are made for it."""
        return self._setup is not None

    def around(self, wrap: Callable[[Callable[..., object]], Callable[..., object]]) -> PreparedArm:
        """Return the same arm around another function, made from the one it has."""
        return PreparedArm(wrap(self._function), self._setup, self._loop)

    def renew(self) -> None:
        """Make the inputs anew; the ones before are let go first, so that their memory can be used again."""
        if self._setup is not None:
            self._call = self._function
            self._call = partial(self._function, self._setup())
            self._fresh = True

    def __call__(self) -> object:
        """Call the arm once, with inputs made anew for this call."""
        self.renew()
        returned = self._call()
        return self._loop.run_until_complete(_awaited(returned)) if self._loop else returned

    def time_each(self, calls: int, clock: Callable[[], int]) -> int:
        """Return the nanoseconds of so many calls, each on inputs of its own, made outside of the time.

        The first call takes those of the last :meth:`renew`.
        """
        total = 0
        for call in range(calls):
            if call:
                self.renew()
            total += self.time(1, clock)
        return total

    def time(self, calls: int, clock: Callable[[], int]) -> int:
        """Return the nanoseconds that so many calls take, on the inputs of the last :meth:`renew`."""
        if not self._fresh:
            self.renew()
        call = self._call
        if self._loop is not None:
            return self._loop.run_until_complete(_timed(call, calls, clock))
        start = clock()
        for _ in repeat(None, calls):
            call()
        return clock() - start


@contextmanager
def prepared(
    baseline: Callable[..., object], optimized: Callable[..., object], setup: Setup | None
) -> Iterator[tuple[Arm, Arm]]:
    """Make arms that can be called without arguments, as long as the body runs.

    Parameters
    ----------
    baseline, optimized : callable
        Functions or coroutine functions.
    setup : callable or None
        Makes their argument.

    Raises
    ------
    LoopRunningError
        For a coroutine function where an event loop runs already.
    """
    with ExitStack() as stack:
        loop: asyncio.AbstractEventLoop | None = None
        arms: list[Arm] = []
        for arm in (baseline, optimized):
            waits = is_coroutine_function(arm)
            if waits and loop is None:
                loop = stack.enter_context(closing(_new_loop()))
            plain = setup is None and not waits
            arms.append(arm if plain else PreparedArm(arm, setup, loop if waits else None))
        yield arms[0], arms[1]


def is_coroutine_function(arm: Callable[..., object]) -> bool:
    """Say whether calling an arm gives a coroutine, also behind ``functools.partial`` or ``__call__``."""
    while isinstance(arm, partial):
        arm = arm.func
    return inspect.iscoroutinefunction(arm) or inspect.iscoroutinefunction(getattr(arm, "__call__", None))  # noqa: B004


def _new_loop() -> asyncio.AbstractEventLoop:
    import asyncio

    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.new_event_loop()
    raise LoopRunningError(
        "an arm is a coroutine function, and the test runs inside an event loop already; make the test a plain "
        "function, or await inside the arm with a loop of your own"
    )


async def _awaited(returned: Any) -> object:
    return await returned


async def _timed(call: Callable[[], Any], calls: int, clock: Callable[[], int]) -> int:
    start = clock()
    for _ in repeat(None, calls):
        await call()
    return clock() - start
