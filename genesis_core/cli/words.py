"""The engine's words for plans, as a user of the command line would write them."""

from __future__ import annotations

import re

_FLAGS = (
    (re.compile(r"fast_window=True"), "--fast-window"),
    (re.compile(r"precompute_features=True"), "--precompute-features"),
    (re.compile(r"compiled=True"), "--compiled"),
    (re.compile(r"FeatureCache\(([\d,]+)\)"), r"--feature-cache \1"),
    (re.compile(r"no flag: the reference"), "the reference"),
)


def in_flags(text: str) -> str:
    """Write the engine's keyword arguments as the options of the command line.

    Parameters
    ----------
    text : str
        A reason or a warning.
    """
    for pattern, flag in _FLAGS:
        text = pattern.sub(flag, text)
    return re.sub(r"(?<=--feature-cache )[\d,]+", lambda size: size[0].replace(",", ""), text)
