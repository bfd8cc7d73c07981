"""What `fetch` can be asked for, and how it says what it cannot."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from genesis_core import CandleError, synthetic
from genesis_core.data import fetch
from tests.unit.bitfinex_server import MARKET, BitfinexServer, rows_of
from tests.unit.data_fetch_cases import END, HOUR, START, Clock, left_over, read, run


@pytest.mark.parametrize(
    "symbol",
    [
        "tBTCUSD",
        "tBTCUST",
        "tTESTBTC:TESTUSD",
        "tDSHUSD",
        "tDOGE:USD",
        "tBTCF0:USTF0",
        "tBCHUSD",
        "tBCHN:USD",
    ],
)
def test_symbols_reach_the_exchange_as_they_are_written(tmp_path: Path, symbol: str) -> None:
    with BitfinexServer(rows_of(MARKET), symbol) as server:
        run(server, tmp_path / "x.csv", symbol=symbol)
        assert {one["symbol"] for one in server.asked} == {symbol}
    assert rows_of(read(tmp_path / "x.csv", symbol)) == rows_of(MARKET)


@pytest.mark.parametrize(
    ("symbol", "message"),
    [
        ("fUSD", "is a funding symbol"),
        ("fUSD:a30:p2:p30", "is a funding symbol"),
        ("BTC/USD", "is no trading pair as Bitfinex writes it: 'tBTCUSD'"),
        ("BTCUSD", "is no trading pair"),
        ("tbtcusd", "is no trading pair"),
        ("tBTCUSD ", "is no trading pair"),
        ("tDOGEUSD", "is no trading pair"),
        ("", "is no trading pair"),
        (None, "is no trading pair"),
    ],
)
def test_symbols_that_are_no_pairs(
    exchange: BitfinexServer, tmp_path: Path, symbol: Any, message: str
) -> None:
    with pytest.raises(CandleError, match=message):
        run(exchange, tmp_path / "x.csv", symbol=symbol)
    assert exchange.conf_asked == 0


def test_a_pair_the_exchange_does_not_trade(exchange: BitfinexServer, tmp_path: Path) -> None:
    with pytest.raises(
        CandleError, match=r"^symbol 'tETCUSD' is not traded on Bitfinex; did you mean 'tETHUSD' or "
    ):
        run(exchange, tmp_path / "x.csv", symbol="tETCUSD")
    with pytest.raises(CandleError, match=r"^symbol 'tXQ:JJJJ' is not traded on Bitfinex$"):
        run(exchange, tmp_path / "x.csv", symbol="tXQ:JJJJ")


@pytest.mark.parametrize(
    ("timeframe", "native"),
    [("1m", "1m"), ("60m", "1h"), ("4h", "4h"), ("1d", "1D"), ("24h", "1D"), ("1W", "7D")],
)
def test_timeframes(tmp_path: Path, timeframe: str, native: str) -> None:
    market = synthetic(timeframe=timeframe, bars=30)
    first = int(market.timestamp[0])
    with BitfinexServer(rows_of(market), timeframe=native) as server:
        end = int(market.timestamp[-1]) + market.timeframe_ms
        made = run(server, tmp_path / "x.csv", Clock(end), timeframe=timeframe, start=first, end=end)
    assert made.candles == market


def test_a_timeframe_that_the_exchange_does_not_have(exchange: BitfinexServer, tmp_path: Path) -> None:
    with pytest.raises(CandleError, match=r"^Bitfinex has no candles of 2h; it has 1m, 5m, .*resample"):
        run(exchange, tmp_path / "x.csv", timeframe="2h")
    assert exchange.asked == []


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"timeframe": "1x"}, "timeframe '1x' is not known"),
        ({"start": "yesterday"}, "^start 'yesterday' is not a time; it must be"),
        ({"end": "2020-13-01"}, "^end '2020-13-01' is not a time"),
        ({"end": START}, "no candle of 1h that opens at 1577836800000 or later opens before 1577836800000"),
        ({"start": END + 10 * HOUR, "end": None}, "has closed by now"),
        ({"start": END + 20 * HOUR, "end": END + 30 * HOUR}, "has closed by now"),
        ({"page": 0}, "page=0 must be a whole number from 1 to 10,000"),
        ({"page": 10_001}, "page=10001 must be"),
        ({"page": True}, "page=True must be"),
        ({"retries": -1}, "retries=-1 must be"),
        ({"timeout": 0}, "timeout=0 must be"),
        ({"timeout": float("nan")}, "timeout=nan must be"),
        ({"duplicates": "drop"}, "duplicates='drop' is not a policy"),
    ],
)
def test_arguments_are_checked_before_anything_is_asked_for(
    exchange: BitfinexServer, tmp_path: Path, given: dict[str, Any], message: str
) -> None:
    with pytest.raises(CandleError, match=message):
        run(exchange, tmp_path / "x.csv", **given)
    assert exchange.conf_asked == 0
    assert left_over(tmp_path) == []


@pytest.mark.parametrize(
    ("name", "message"),
    [("x.json", "must end in .csv or .parquet"), ("no/such/x.csv", "cannot be written: .* is no folder")],
)
def test_targets_that_cannot_be(exchange: BitfinexServer, tmp_path: Path, name: str, message: str) -> None:
    with pytest.raises(CandleError, match=message):
        run(exchange, tmp_path / name)
    assert exchange.conf_asked == 0


@pytest.mark.parametrize("url", ["example.org", "ftp://example.org", "http://", "http://x?y=1", ""])
def test_addresses_that_are_none(tmp_path: Path, url: str) -> None:
    with pytest.raises(CandleError, match="is no address such as"):
        fetch("tBTCUSD", "1h", START, END, tmp_path / "x.csv", url=url)


def test_an_address_may_end_in_a_slash(exchange: BitfinexServer, tmp_path: Path) -> None:
    now = Clock(END)
    made = fetch(
        "tBTCUSD", "1h", START, END, tmp_path / "x.csv", url=exchange.url + "/", clock=now, sleep=now.sleep
    )
    assert made.candles == MARKET


def test_without_ccxt_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ccxt", None)  # what makes an import fail
    with pytest.raises(CandleError) as caught:
        fetch("tBTCUSD", "1h", START, END, tmp_path / "x.csv")
    assert str(caught.value) == (
        "fetching candles needs ccxt, which is not installed: pip install 'genesis-backtest[data]'"
    )


def test_ccxt_is_imported_only_when_something_is_fetched() -> None:
    code = (
        "import sys\nimport genesis_core.data\n"
        "assert not {'ccxt', 'pyarrow', 'numba', 'rich', 'requests'} & set(sys.modules), 'heavy imports'\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
