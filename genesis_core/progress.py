"""How a long run tells that it goes on: to an observer that the caller sets, or to nobody."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import partial
from typing import Protocol, TypeVar

T = TypeVar("T")


class Observer(Protocol):
    """Is told what a run does; it can change nothing about it."""

    def asked_for_code(self, name: str) -> None:
        """Be told that the compiled code called `name` is wanted: from the disk cache, or anew."""

    def compiling(self, name: str) -> None:
        """Be told that it is not in the disk cache, and is compiled from now on."""

    def bar_done(self, done: int, bars: int) -> None:
        """Be told that an interpreted loop has finished so many of its bars."""

    def step_done(self, what: str, done: int, steps: int) -> None:
        """Be told that a loop over something else than bars, called `what`, has finished so many of its steps."""


_OBSERVER: ContextVar[Observer | None] = ContextVar("genesis_core_observer", default=None)


@contextmanager
def observed_by(observer: Observer | None) -> Iterator[None]:
    """Let an observer be told, within this context, what runs do.

    Parameters
    ----------
    observer : Observer or None
        None for nobody.
    """
    token = _OBSERVER.set(observer)
    try:
        yield
    finally:
        _OBSERVER.reset(token)


def observer() -> Observer | None:
    """Return the observer of this context, None where there is none."""
    return _OBSERVER.get()


def each_bar(items: Iterable[T], bars: int) -> Iterable[T]:
    """Pass items on, one a bar, and tell the observer; without one they are what they were, at no cost.

    Parameters
    ----------
    items : iterable
        One a bar.
    bars : int
        How many there are.
    """
    told = _OBSERVER.get()
    return items if told is None else _told(items, told.bar_done, bars)


def each_step(what: str, items: Collection[T]) -> Iterable[T]:
    """Pass items on, and tell the observer how many are done; without one they are what they were.

    Parameters
    ----------
    what : str
        What one item is, such as ``"cut"``.
    items : collection
        One a step.
    """
    told = _OBSERVER.get()
    return items if told is None else _told(items, partial(told.step_done, what), len(items))


def _told(items: Iterable[T], tell: Callable[[int, int], None], total: int) -> Iterator[T]:
    for done, item in enumerate(items):
        yield item
        tell(done + 1, total)
