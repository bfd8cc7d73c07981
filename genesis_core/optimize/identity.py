"""When two trials are the same: parameters, strategy, costs, data, dates and code."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from genesis_core.candles import Candles
from genesis_core.digest import Encoded, digest, encoded
from genesis_core.strategy import Config
from genesis_core.version import __version__

if TYPE_CHECKING:
    from genesis_core.optimize.record import Record

_LAW = ("kernels", "compiler", "features", "strategy", "backtesting")
_SCORES = (
    "digest.py",
    "optimize/changes.py",
    "optimize/evaluate.py",
    "optimize/objective.py",
    "optimize/outcome.py",
)


class Ground(msgspec.Struct, frozen=True, kw_only=True):
    """What all trials of a study stand on.

    Attributes
    ----------
    data : str
        Fingerprint of the candles, the attached higher ones included.
    first, last : int
        Open times of the first and the last candle, epoch ms UTC.
    bars : int
        How many candles.
    strategy : str
        Digest of the strategy that the parameters are laid over, costs included.
    strategy_code : str
        Of the user's own code in it, "" without any.
    version : str
        Of this package.
    code : str
        Digest of the package's code that decides a result.
    """

    data: str
    first: int
    last: int
    bars: int
    strategy: str
    strategy_code: str
    version: str
    code: str

    @classmethod
    def of(cls, candles: Candles, config: Config) -> Ground:
        """Return what trials over these candles, laid over this strategy, stand on."""
        return cls(
            data=candles.fingerprint,
            first=int(candles.timestamp[0]),
            last=int(candles.timestamp[-1]),
            bars=len(candles),
            strategy=config.digest,
            strategy_code=config.code,
            version=__version__,
            code=program_digest(),
        )

    def differences(self, other: Ground) -> list[str]:
        """Say in words what differs; nothing if both are the same."""
        words = {
            "data": "the candles",
            "first": "the first candle's time",
            "last": "the last candle's time",
            "bars": "the number of candles",
            "strategy": "the strategy file",
            "strategy_code": "the code of the strategy",
            "version": "the version of genesis_core",
            "code": "the code of genesis_core",
        }
        return [text for name, text in words.items() if getattr(self, name) != getattr(other, name)]

    def fault_of(self, record: Record) -> str:
        """Say why a trial does not stand on this ground; "" where it does."""
        if record.data != self.data:
            return "a trial over other candles than the study's"
        if record.code != self.code:
            return "a trial by other code than the study's"
        if record.identity != identity_of(self, record.parameters):
            return "a trial of another strategy than the study's"
        return ""


def identity_of(ground: Ground, parameters: Mapping[str, Any]) -> str:
    """Return a trial's identity.

    Parameters
    ----------
    ground : Ground
        Data, dates, code, and the strategy with its costs.
    parameters : mapping
        Dotted name -> value, in any order.
    """
    return digest((_encoded(ground), dict(sorted(parameters.items()))))


@lru_cache(maxsize=1)
def _encoded(ground: Ground) -> Encoded:
    return encoded(msgspec.structs.astuple(ground))


@lru_cache(maxsize=1)
def program_digest() -> str:
    """Return the digest of the package's sources that decide a result, whatever their line ends are."""
    root = Path(__file__).resolve().parent.parent
    sources = [
        (file.relative_to(root).as_posix(), file.read_bytes().replace(b"\r\n", b"\n"))
        for name in _LAW
        for file in (root / name).rglob("*")
        if file.suffix in (".py", ".toml")
    ]
    sources += [(name, (root / name).read_bytes().replace(b"\r\n", b"\n")) for name in _SCORES]
    return digest(sorted(sources))
