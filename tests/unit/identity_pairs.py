"""Two values that differ, or do not: by the comparator in both directions, and by their digests."""

from __future__ import annotations

from pytest_genesis_perf.identity import Difference, digest, find_difference


def located(a: object, b: object) -> Difference:
    found = find_difference(a, b)
    assert found is not None
    assert digest(a) != digest(b)
    back = find_difference(b, a)
    assert back is not None
    assert (back.path, back.count) == (found.path, found.count)
    return found


def same(a: object, b: object) -> bool:
    found = find_difference(a, b)
    assert (found is None) == (digest(a) == digest(b)), found
    return found is None
