"""Every error a user's input can cause: one class a kind, one sentence a message.

A message says what is wrong, where (file, row, key, bar) and what would be right.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


class GenesisError(Exception):
    """Base of all errors this package raises for bad input."""


class CandleError(GenesisError, ValueError):
    """Candles that break a rule of the data: order, grid, gaps, prices, files."""


class FeatureError(GenesisError, ValueError):
    """An unknown feature, a bad parameter, or a bar that cannot be asked for."""


class ConfigError(GenesisError, ValueError):
    """A configuration key or value that is unknown, missing or out of range."""


class SearchError(GenesisError, ValueError):
    """A search definition, a study's folder or a trial that is wrong, of another study, or cannot be read."""


def nearest(name: str, valid: Iterable[str]) -> str:
    """Say which valid name is closest, ready to be put behind an error message.

    Parameters
    ----------
    name : str
        What the user wrote.
    valid : iterable of str
        What they could have written.

    Returns
    -------
    str
        ``"; did you mean 'x'?"`` when one is near, else ``"; valid: a, b, c"``.
    """
    names = sorted(valid)
    close = get_close_matches(name, names, n=1, cutoff=0.6)
    if close:
        return f"; did you mean {close[0]!r}?"
    return f"; valid: {', '.join(names)}"
