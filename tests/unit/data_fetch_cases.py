"""A local market to fetch from, with a clock of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import ccxt

from genesis_core import Candles
from genesis_core.data import Fetched, fetch
from tests.unit.bitfinex_server import MARKET, BitfinexServer

HOUR = 3_600_000
START, END = int(MARKET.timestamp[0]), int(MARKET.timestamp[-1]) + HOUR
API = ccxt.bitfinex()
COST = API.api["public"]["get"]["candles/trade:{timeframe}:{symbol}/hist"]["cost"]
INTERVAL = API.rateLimit * COST / 1000  # seconds between two requests: what ccxt says the exchange allows


class Clock:
    """Time that passes only by sleeping."""

    def __init__(self, ms: int) -> None:
        self.now = ms / 1000
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds

    @property
    def pauses(self) -> list[float]:
        """The waits that are longer than the rate limit asks for."""
        return [seconds for seconds in self.slept if seconds > INTERVAL]


def run(server: BitfinexServer, target: Path, clock: Clock | None = None, **more: Any) -> Fetched:
    clock = Clock(END + 10 * HOUR) if clock is None else clock
    given = {"symbol": "tBTCUSD", "timeframe": "1h", "start": START, "end": END, "page": 50, **more}
    return fetch(target=target, url=server.url, clock=clock, sleep=clock.sleep, **given)


def read(path: Path, symbol: str = "tBTCUSD", timeframe: str = "1h") -> Candles:
    reader = Candles.from_parquet if path.suffix == ".parquet" else Candles.from_csv
    return reader(path, symbol=symbol, timeframe=timeframe, gaps="keep")


def left_over(folder: Path) -> list[str]:
    return sorted(one.name for one in folder.iterdir())
