"""Time zones of pytz, which pandas 2 makes."""

from __future__ import annotations

import datetime as dt

import pytest

from pytest_genesis_perf.identity import digest, find_difference

pytz = pytest.importorskip("pytz")


def test_zones_of_pytz_are_told_by_name_and_offset():
    berlin, naive = pytz.timezone("Europe/Berlin"), dt.datetime(2024, 7, 1)
    moments = [
        naive.replace(tzinfo=berlin),
        berlin.localize(naive),
        berlin.localize(naive, is_dst=None).astimezone(pytz.timezone("Europe/Paris")),
        naive.replace(tzinfo=pytz.utc),
        naive.replace(tzinfo=pytz.FixedOffset(60)),
        naive.replace(tzinfo=dt.timezone.utc),
        naive,
    ]
    assert len({digest(moment) for moment in moments}) == len(moments)
    assert find_difference(berlin.localize(naive), pytz.timezone("Europe/Berlin").localize(naive)) is None
