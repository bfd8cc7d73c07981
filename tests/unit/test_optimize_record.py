"""A trial's file: what goes in comes out, and nothing else comes out of bytes that are not exactly what was written."""

from __future__ import annotations

import random
from hashlib import blake2b
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genesis_core.digest import digest
from genesis_core.errors import GenesisError, SearchError
from genesis_core.optimize.outcome import Caught
from genesis_core.optimize.record import SCHEMA, Record, from_bytes, to_bytes
from tests.unit.trial_cases import trial

by_property = settings(max_examples=120)

NUMBERS = st.floats(allow_nan=False, allow_infinity=False) | st.sampled_from(
    [0.0, -0.0, 5e-324, -2.2250738585072014e-308, 1.7976931348623157e308, 0.1, 1e22, 1e23, 2.0**53 + 2]
)
TEXTS = st.text(max_size=20) | st.sampled_from(
    ["", "\0", "größer", "𝛼β", '",\n  "checksum": "', '"\n}\n', "\\u0022", "\u2028\x7f"]
)
VALUES = (
    NUMBERS
    | TEXTS
    | st.booleans()
    | st.none()
    | st.integers(-(2**63), 2**64 - 1)
    | st.lists(NUMBERS, max_size=3)
    | st.lists(st.lists(NUMBERS, min_size=2, max_size=2), max_size=3)
)
RECORDS = st.builds(
    Record,
    number=st.integers(0, 10**7),
    identity=TEXTS,
    status=st.sampled_from(["complete", "repeated", "invalid", "failed"]),
    parameters=st.dictionaries(TEXTS, VALUES, max_size=4),
    metrics=st.none() | st.dictionaries(TEXTS, st.none() | NUMBERS, max_size=4),
    score=st.none() | NUMBERS,
    feasible=st.booleans(),
    reasons=st.lists(TEXTS, max_size=3),
    summary_digest=st.none() | TEXTS,
    repeats=st.none() | st.integers(0, 10**7),
    error=st.none() | TEXTS,
    attempts=st.integers(0, 20),
    seconds=NUMBERS,
    written=st.integers(0, 2**62),
    seed=st.integers(0, 2**32 - 1),
    data=TEXTS,
    code=TEXTS,
    config=TEXTS,
    first=st.integers(-(2**62), 2**62),
    last=st.integers(-(2**62), 2**62),
)
RECORD = trial(3, -0.0, error='a "quoted" one', reasons=["trades >= 30", "größer"])
CONTENT = to_bytes(RECORD)


def bits(record: Record) -> str:
    """Return a digest that tells -0.0 from 0.0, and 1 from 1.0 and True."""
    return digest(msgspec.structs.asdict(record))


def sealed(body: bytes) -> bytes:
    """Return content whose checksum fits, whatever it holds."""
    seal = blake2b(body, digest_size=16).hexdigest().encode()
    return body + b',\n  "checksum": "' + seal + b'"\n}\n'


def changed(**given: Any) -> bytes:
    """Return the content of a record with some keys changed, added or (None) left out, its checksum fitting."""
    values = {**msgspec.to_builtins(RECORD), **given}
    kept = {key: value for key, value in values.items() if value is not None or key not in given}
    return sealed(msgspec.json.format(msgspec.json.encode(kept), indent=2)[:-2])


@given(record=RECORDS)
@by_property
def test_what_goes_in_comes_out_to_the_bit(record: Record) -> None:
    content = to_bytes(record)
    again = from_bytes(content)
    assert again == record
    assert bits(again) == bits(record)
    assert to_bytes(again) == content


@given(record=RECORDS)
@by_property
def test_it_is_json_with_the_checksum_as_its_last_key(record: Record) -> None:
    content = to_bytes(record)
    values = msgspec.json.decode(content)
    assert list(values)[-1] == "checksum"
    body = content[: content.rindex(b',\n  "checksum"')]
    assert values.pop("checksum") == blake2b(body, digest_size=16).hexdigest()
    assert msgspec.convert(values, Record) == record
    assert content.endswith(b"}\n")


def test_every_truncation_is_refused() -> None:
    for length in range(1, len(CONTENT)):
        with pytest.raises(SearchError, match=r"^(cut short, or no trial's record|empty)$"):
            from_bytes(CONTENT[:length])


@pytest.mark.parametrize("content", [b"", b"\n", b" \t\r\n"])
def test_an_empty_file_is_called_empty(content: bytes) -> None:
    with pytest.raises(SearchError, match=r"^empty$"):
        from_bytes(content)


def test_every_truncation_at_the_start_and_every_hole_is_refused() -> None:
    rng = random.Random(5)
    for start in range(1, len(CONTENT)):
        with pytest.raises(SearchError):
            from_bytes(CONTENT[start:])
        end = rng.randrange(start, len(CONTENT)) + 1
        with pytest.raises(SearchError):
            from_bytes(CONTENT[: start - 1] + CONTENT[end:])
        # What a file system may leave of a block that never reached the disk.
        with pytest.raises(SearchError):
            from_bytes(CONTENT[: start - 1] + bytes(end - start + 1) + CONTENT[end:])


def test_every_single_flipped_bit_is_refused() -> None:
    for at in range(8 * len(CONTENT)):
        flipped = bytearray(CONTENT)
        flipped[at // 8] ^= 1 << at % 8
        with pytest.raises(SearchError):
            from_bytes(bytes(flipped))


@given(record=RECORDS, data=st.data())
@by_property
def test_a_flipped_bit_of_any_record_is_refused(record: Record, data: st.DataObject) -> None:
    content = bytearray(to_bytes(record))
    at = data.draw(st.integers(0, 8 * len(content) - 1))
    content[at // 8] ^= 1 << at % 8
    with pytest.raises(SearchError):
        from_bytes(bytes(content))


@pytest.mark.parametrize(
    "content",
    [
        CONTENT + b"\n",
        CONTENT + b"}\n",
        CONTENT + CONTENT,
        b"\n" + CONTENT,
        b"\xef\xbb\xbf" + CONTENT,
        CONTENT.replace(b"\n", b"\r\n"),
        CONTENT[:-2] + b' "checksum": ""\n}\n',
        CONTENT + CONTENT[CONTENT.rindex(b',\n  "checksum"') :],
    ],
)
def test_anything_added_is_refused(content: bytes) -> None:
    with pytest.raises(SearchError):
        from_bytes(content)


def test_a_checksum_of_another_record_is_refused() -> None:
    other = to_bytes(trial(4))
    at = CONTENT.rindex(b',\n  "checksum"')
    with pytest.raises(SearchError, match=r"^changed since it was written: its checksum does not fit$"):
        from_bytes(CONTENT[:at] + other[other.rindex(b',\n  "checksum"') :])


@pytest.mark.parametrize("schema", [0, SCHEMA + 1, -1, 10**12])
def test_another_schema_is_named(schema: int) -> None:
    told = f"^written in format {schema}; this version reads format {SCHEMA}$"
    with pytest.raises(SearchError, match=told):
        from_bytes(changed(schema=schema))


def test_the_helper_of_these_tests_changes_only_what_it_is_told() -> None:
    assert from_bytes(changed()) == RECORD
    assert from_bytes(changed(schema=SCHEMA)) == RECORD


@pytest.mark.parametrize(
    "given",
    [
        {"schema": "1"},
        {"schema": 1.5},
        {"newer": 1},
        {"number": None},
        {"number": "3"},
        {"status": "done"},
        {"parameters": []},
        {"metrics": {"sharpe": "1.0"}},
        {"score": "1"},
        {"reasons": [1]},
        {"feasible": 1},
    ],
)
def test_another_format_whose_checksum_fits_is_refused(given: dict[str, Any]) -> None:
    with pytest.raises(SearchError, match=r"^of another format: "):
        from_bytes(changed(**given))


@pytest.mark.parametrize("body", [b"", b"[1", b"{", b"\xff\xfe", b'{"number": \xff', b"null"])
def test_no_json_whose_checksum_fits_is_refused(body: bytes) -> None:
    with pytest.raises(SearchError, match=r"^of another format: "):
        from_bytes(sealed(body))


@pytest.mark.parametrize(("kind", "status"), [(ValueError, "failed"), (GenesisError, "invalid")])
def test_an_error_with_a_file_name_that_is_no_text_can_be_recorded(
    kind: type[Exception], status: str
) -> None:
    name = b"caf\xe9.csv".decode("utf-8", "surrogateescape")  # as the system gives it
    with Caught() as caught:
        raise kind(f"{name}: größer")
    made = caught.outcome
    assert made is not None
    record = trial(0, None, error=made.error, status=made.status, metrics=None, feasible=False)
    assert from_bytes(to_bytes(record)) == record
    assert record.status == status
    assert r"caf\udce9.csv: größer" in (record.error or "")
