"""The disk cache of compiled code, keyed by what was compiled.

Numba's own ``cache=True`` watches only the file of the jitted function: an edited callee in another file leaves
a stale binary, and a data file under a foreign name is executed unseen. Here an entry is one file. Its key is
the digest of a transitive walk over everything the function can reach and of all else that decides the machine
code; the key and a checksum stand in the file, and one that is not exactly what was asked for is compiled anew. A file
is called after the kernel in it, and the folder never grows beyond `MOST_BYTES`: see :mod:`.cachefolder`.

This is the one module that uses Numba's private cache interface; a canary test watches it.
"""

from __future__ import annotations

import hashlib
import os
import pickle
import re
import sys
import tempfile
import warnings
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import FunctionType
from typing import Any

import llvmlite
import numba
from numba.core.caching import _Cache
from numba.core.compiler import CompileResult
from numba.core.serialize import dumps

from genesis_core.compiler.cachefolder import MOST_BYTES, prune
from genesis_core.digest import digest
from genesis_core.kernels.walk import law_digest
from genesis_core.progress import observer
from genesis_core.version import __version__

CHECKSUM_BYTES = 16


def cache_directory() -> Path:
    """Return the folder of compiled code: ``$GENESIS_CACHE_DIR``, else the user's cache folder.

    Where compiled code is kept never changes a result.
    """
    chosen = os.environ.get("GENESIS_CACHE_DIR")
    if chosen:
        return Path(chosen)
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA") or _home() / "AppData" / "Local")
    elif sys.platform == "darwin":
        base = _home() / "Library" / "Caches"
    else:
        base = Path(os.environ.get("XDG_CACHE_HOME") or _home() / ".cache")
    return base / "genesis-core" / "compiled"


@cache
def compiler_digest() -> str:
    """Digest the source of this package: how a function is compiled decides its machine code as well."""
    return digest([file.read_bytes() for file in sorted(Path(__file__).parent.glob("*.py"))])


def _home() -> Path:
    try:
        return Path.home()
    except RuntimeError:
        # A user id without an account, as containers have. What cannot be written is said by `attach`.
        return Path(os.sep, "nonexistent")


def code_stamp(function: Callable[..., Any]) -> str:
    """Digest what decides the machine code of `function`, but for the argument types and the CPU.

    Parameters
    ----------
    function : function
        The root that is compiled.

    Returns
    -------
    str
        32 hexadecimal digits.
    """
    versions = (__version__, numba.__version__, llvmlite.__version__, sys.implementation.cache_tag)
    return digest((law_digest(function), compiler_digest(), versions))


def readable_name(function: Callable[..., Any]) -> str:
    """Name what is compiled, for people who look into the folder; the key alone decides what is loaded.

    Parameters
    ----------
    function : function
        The root. A column pass is a loop around a kernel, and called after that.

    Returns
    -------
    str
        Module and qualified name, of letters, digits, ``_`` and ``.`` only, at most 60 characters.
    """
    while inner := [f for f in _closed_over(function) if isinstance(f, FunctionType)]:
        function = inner[0]
    module = function.__globals__["__name__"].rpartition(".")[2]
    name = f"{module}.{function.__qualname__}".replace("<locals>.", "")
    return re.sub(r"[^A-Za-z0-9_.]+", "_", name)[-60:]


def _closed_over(function: Callable[..., Any]) -> list[object]:
    return [cell.cell_contents for cell in getattr(function, "__closure__", None) or ()]


class LawCache(_Cache):
    """What a Numba dispatcher asks before it compiles, and tells afterwards.

    Parameters
    ----------
    function : function
        The plain function that the dispatcher compiles.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        self._folder = cache_directory()
        self._name = readable_name(function)
        self._stamp = code_stamp(function)
        self._enabled = True

    @property
    def cache_path(self) -> str:
        """The folder."""
        return str(self._folder)

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """Return the compiled code for a signature on this CPU, or None."""
        target_context.refresh()
        key = self._key(sig, target_context.codegen())
        told = observer()
        if told is not None:
            told.asked_for_code(self._name)
        payload = _read(self._file(key), key) if self._enabled else None
        if payload is None:
            if told is not None:
                told.compiling(self._name)
            return None
        rebuild: Callable[..., Any] = CompileResult._rebuild
        # The checksum held: these are the bytes that `save_overload` wrote.
        return rebuild(target_context, *pickle.loads(payload))

    def save_overload(self, sig: Any, data: Any) -> None:
        """Keep compiled code; where that cannot be done, warn and go on without."""
        if self._enabled and not data.library.has_dynamic_globals:
            key = self._key(sig, data.codegen)
            serialize: Callable[..., bytes] = dumps
            payload = serialize(data._reduce())
            file = self._file(key)
            try:
                _write(file, key, payload)
                prune(self._folder, MOST_BYTES, keep=file)
            except OSError as fault:
                warnings.warn(
                    f"compiled code cannot be kept in {self._folder} ({fault.strerror or fault}); "
                    "set GENESIS_CACHE_DIR to a folder that is writable",
                    RuntimeWarning,
                    stacklevel=2,
                )

    def enable(self) -> None:
        """Use the files again."""
        self._enabled = True

    def disable(self) -> None:
        """Neither read nor write files."""
        self._enabled = False

    def flush(self) -> None:
        """Forget what the files hold for this function, for all signatures and CPUs."""
        for file in self._folder.glob(f"{self._name}-{self._stamp}-*.bin"):
            file.unlink(missing_ok=True)

    def _key(self, sig: Any, codegen: Any) -> str:
        return f"{self._stamp}-{digest([str(sig), *map(str, codegen.magic_tuple())])}"

    def _file(self, key: str) -> Path:
        return self._folder / f"{self._name}-{key}.bin"


def _read(file: Path, key: str) -> bytes | None:
    """Return what was stored under `key`; None for a file that is missing, damaged or another entry's."""
    try:
        content = file.read_bytes()
    except OSError:
        return None
    checksum, body = content[:CHECKSUM_BYTES], content[CHECKSUM_BYTES:]
    if checksum != _checksum(body) or not body.startswith(key.encode()):
        return None
    return body[len(key) :]


def _write(file: Path, key: str, payload: bytes) -> None:
    """Store an entry in one step, so that no other process ever reads a part of it."""
    file.parent.mkdir(parents=True, exist_ok=True)
    body = key.encode() + payload
    handle, temporary = tempfile.mkstemp(dir=file.parent, prefix=".", suffix=".tmp")
    try:
        with os.fdopen(handle, "wb") as out:
            out.write(_checksum(body) + body)
        os.replace(temporary, file)
    except OSError:
        Path(temporary).unlink(missing_ok=True)
        raise


def _checksum(body: bytes) -> bytes:
    return hashlib.blake2b(body, digest_size=CHECKSUM_BYTES).digest()


def attach(dispatcher: Any) -> None:
    """Give a Numba dispatcher the disk cache."""
    dispatcher._cache = LawCache(dispatcher.py_func)
