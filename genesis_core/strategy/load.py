"""Read a strategy by the name of its file: TOML, or Python that makes a config."""

from __future__ import annotations

import sys
import traceback
from pathlib import Path
from types import ModuleType, TracebackType

from genesis_core.digest import digest
from genesis_core.errors import ConfigError, GenesisError, nearest
from genesis_core.strategy.config import Config

DEFAULT_NAME = "STRATEGY"
"""What a Python file calls its strategy unless told otherwise."""

_FORMS = "FILE.toml, FILE.py or FILE.py:NAME is needed"


def load_strategy(path_or_name: str | Path | None = None) -> Config:
    """Return the strategy of a file.

    Parameters
    ----------
    path_or_name : str or Path, optional
        ``FILE.toml``; ``FILE.py``, whose strategy is called ``STRATEGY``; or ``FILE.py:NAME``. Without it, the default
        strategy of the package.

    Returns
    -------
    Config
        Checked.

    Raises
    ------
    ConfigError
        If there is no such file or name, the name is no config, the strategy is wrong, or running the Python file
        raised something; then the message names file, line and what was raised.

    Notes
    -----
    A Python file is run as a module of its own, anew at each call, with ``__name__`` not ``"__main__"``. It may import
    what is installed or on ``PYTHONPATH``; its own folder is not searched, where the files of two strategies could be
    taken for each other.
    """
    if path_or_name is None:
        return Config.default()
    text = str(path_or_name)
    if text.endswith(".toml"):
        return Config.from_toml(text)
    file, name = (text, DEFAULT_NAME) if text.endswith(".py") else _split(text)
    module = _run(file)
    if not hasattr(module, name):
        configs = [key for key, value in vars(module).items() if isinstance(value, Config)]
        hint = nearest(name, configs) if configs else "; it makes no Config at all"
        raise ConfigError(f"{file}: there is no {name!r} in it{hint}")
    found = getattr(module, name)
    if not isinstance(found, Config):
        raise ConfigError(
            f"{file}: {name} is a {type(found).__name__}; a Config is needed, such as Config.from_code makes"
        )
    try:
        return found.checked
    except GenesisError as fault:
        raise ConfigError(f"{file}: {name}: {fault}") from None


def _split(text: str) -> tuple[str, str]:
    file, _, name = text.rpartition(":")
    if not file.endswith(".py"):
        raise ConfigError(f"strategy {text!r}: {_FORMS}")
    if not name.isidentifier():
        raise ConfigError(f"strategy {text!r}: {name!r} cannot be a name; {_FORMS}")
    return file, name


def _run(file: str) -> ModuleType:
    """Run a Python file as a module of its own.

    It is compiled from its text each time: a ``.pyc`` beside it could be that of an older text of the same second. The
    module is known by a name that follows from its path, so that what looks its module up (dataclasses, pickle) works.
    """
    path = Path(file).resolve()
    try:
        source = path.read_bytes()
    except OSError as fault:
        raise ConfigError(f"{file}: cannot be read: {fault.strerror or fault}") from None
    module = ModuleType(f"genesis_strategy_{path.stem}_{digest(str(path))[:8]}")
    module.__file__ = str(path)
    before = sys.modules.get(module.__name__)
    sys.modules[module.__name__] = module
    with _Faults(file, path, module.__name__, before):
        exec(compile(source, str(path), "exec"), module.__dict__)
    return module


class _Faults:
    """Turn whatever running a file raises into one sentence, and forget the module.

    A user's file may raise anything; Ctrl-C goes on as it is. SystemExit would end the program without a word.
    """

    def __init__(self, file: str, path: Path, name: str, before: ModuleType | None) -> None:
        self._file = file
        self._path = path
        self._name = name
        self._before = before

    def __enter__(self) -> None: ...

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None or fault is None:
            return
        if self._before is None:
            sys.modules.pop(self._name, None)
        else:
            sys.modules[self._name] = self._before
        if isinstance(fault, SystemExit):
            words = (
                "it ends the program; put what is to run only as a script under if __name__ == '__main__':"
            )
        elif isinstance(fault, SyntaxError):
            words = fault.msg
        elif isinstance(fault, Exception):
            words = str(fault)
        else:
            return
        kind_words = kind.__name__ + (f": {words}" if words else "")
        raise ConfigError(f"{self._file}{self._line(fault, trace)}: {kind_words}") from None

    def _line(self, fault: BaseException, trace: TracebackType | None) -> str:
        """Say where in the file it happened: the last of its lines that led to it."""
        if isinstance(fault, SyntaxError) and fault.filename == str(self._path):
            return f":{fault.lineno}" if fault.lineno else ""
        lines = [
            line for frame, line in traceback.walk_tb(trace) if frame.f_code.co_filename == str(self._path)
        ]
        return f":{lines[-1]}" if lines else ""
