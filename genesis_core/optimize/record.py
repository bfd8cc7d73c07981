"""One trial as a file: everything about it, and a checksum that a cut or changed file does not pass."""

from __future__ import annotations

from hashlib import blake2b
from typing import Any, Literal

import msgspec

from genesis_core.errors import SearchError

SCHEMA = 1
_SEAL = b',\n  "checksum": "'
_END = b'"\n}\n'


class Record(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, gc=False):
    """What is known about one trial. Times are epoch ms UTC and seconds.

    Attributes
    ----------
    number : int
        In the order in which the sampler was asked, from 0.
    identity : str
        See :mod:`genesis_core.optimize.identity`.
    status : str
        ``complete``; ``repeated``: of the same identity as an earlier trial, not run again; ``invalid``: its parameters
        are no strategy; ``failed``: it raised, died or never ended, each time it was tried.
    parameters : dict
        Dotted name -> value.
    metrics : dict or None
        See :data:`genesis_core.optimize.objective.METRICS`.
    score : float or None
        By the study's objective and constraints.
    feasible : bool
        Whether it ranks.
    reasons : list of str
        Constraints it does not meet, and what is not defined.
    summary_digest : str or None
        That of ``genesis backtest`` with these parameters.
    repeats : int or None
        The earlier trial.
    error : str or None
        Why it is invalid or failed.
    attempts : int
        How often it was run.
    seconds : float
        That its last run took; 0 where it was not run.
    written : int
        When.
    seed : int
        The sampler's.
    data, code, config : str
        Fingerprint of the candles, digest of the code, and digest of the strategy with its parameters.
    first, last : int
        Open times of the first and last candle.
    """

    number: int
    identity: str
    status: Literal["complete", "repeated", "invalid", "failed"]
    parameters: dict[str, Any]
    metrics: dict[str, float | None] | None = None
    score: float | None = None
    feasible: bool = False
    reasons: list[str] = []
    summary_digest: str | None = None
    repeats: int | None = None
    error: str | None = None
    attempts: int = 0
    seconds: float = 0.0
    written: int = 0
    seed: int = 0
    data: str = ""
    code: str = ""
    config: str = ""
    first: int = 0
    last: int = 0
    schema: int = SCHEMA


_decoder = msgspec.json.Decoder(Record)
_encoder = msgspec.json.Encoder()


def to_bytes(record: Record) -> bytes:
    """Return a record as a file's content: JSON, with a checksum of all before it as its last key."""
    body = msgspec.json.format(_encoder.encode(record), indent=2)[:-2]
    return body + _SEAL + _checksum(body) + _END


def from_bytes(content: bytes) -> Record:
    """Read what :func:`to_bytes` wrote.

    Raises
    ------
    SearchError
        If it is cut short, changed, of another format, or something else; says which.
    """
    body, seal, tail = content.rpartition(_SEAL)
    if not seal or not tail.endswith(_END):
        raise SearchError("cut short, or no trial's record" if content.strip() else "empty")
    if tail[: -len(_END)] != _checksum(body):
        raise SearchError("changed since it was written: its checksum does not fit")
    try:
        record = _decoder.decode(body + b"\n}")
    except msgspec.DecodeError as fault:
        raise SearchError(f"of another format: {fault}") from None
    if record.schema != SCHEMA:
        raise SearchError(f"written in format {record.schema}; this version reads format {SCHEMA}")
    return record


def _checksum(body: bytes) -> bytes:
    return blake2b(body, digest_size=16).hexdigest().encode()
