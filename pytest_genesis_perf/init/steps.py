"""One thing that is done to a project, and what stands in the way."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


class InitError(Exception):
    """A project into which nothing can be written safely: what stands in the way."""


@dataclass(frozen=True)
class Step:
    """One thing to do.

    Parameters
    ----------
    path : Path
        A file, from the project's folder.
    text : str or None
        Its whole new content; None where it stays as it is.
    told : str
        What is done, or why nothing is.
    """

    path: Path
    text: str | None
    told: str
