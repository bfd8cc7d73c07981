"""The disk cache of compiled code, keyed by what was compiled.

Numba's own ``cache=True`` watches only the file of the jitted function: an edited callee in another file leaves a
stale binary. Here the stamp and the file name of an entry are the digest of a transitive walk over everything the
function can reach. This is the one module that uses Numba's private cache classes; a canary test watches them.
"""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import llvmlite
import numba
from numba.core.caching import CompileResultCacheImpl, FunctionCache, _CacheLocator

from genesis_core.digest import digest
from genesis_core.kernels.walk import law_digest


def cache_directory() -> Path:
    """Return the folder of compiled code: ``$GENESIS_CACHE_DIR``, else the user's cache folder.

    Where compiled code is kept never changes a result.
    """
    chosen = os.environ.get("GENESIS_CACHE_DIR")
    if chosen:
        return Path(chosen)
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA", Path.home() / "AppData" / "Local"))
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Caches"
    else:
        base = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache"))
    return base / "genesis-core" / "compiled"


def code_stamp(function: Callable[..., Any]) -> str:
    """Digest everything that decides the machine code of `function`, but for the CPU, which Numba's index holds."""
    versions = (numba.__version__, llvmlite.__version__, sys.implementation.cache_tag)
    return digest((law_digest(function), versions))


class _LawLocator(_CacheLocator):  # type: ignore[misc]
    def __init__(self, function: Callable[..., Any]) -> None:
        self._stamp = code_stamp(function)

    def get_cache_path(self) -> str:
        return str(cache_directory())

    def get_source_stamp(self) -> str:
        return self._stamp

    def get_disambiguator(self) -> str:
        return self._stamp

    @classmethod
    def from_function(cls, py_func: Callable[..., Any], py_file: str) -> _LawLocator:
        return cls(py_func)


class _LawCacheImpl(CompileResultCacheImpl):  # type: ignore[misc]
    _locator_classes = (_LawLocator,)


class LawCache(FunctionCache):  # type: ignore[misc]
    """Numba's function cache with our stamp instead of a file's modification time."""

    _impl_class = _LawCacheImpl


def attach(dispatcher: Any) -> None:
    """Give a Numba dispatcher the disk cache; without a writable folder it compiles anew, and says so once."""
    folder = cache_directory()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        writable = os.access(folder, os.W_OK)
    except OSError:
        writable = False
    if writable:
        dispatcher._cache = LawCache(dispatcher.py_func)
    else:
        warnings.warn(
            f"compiled code cannot be kept: {folder} is not writable; set GENESIS_CACHE_DIR to a folder that is",
            RuntimeWarning,
            stacklevel=2,
        )
