"""A local exchange that speaks Bitfinex's public candle protocol, and can fail in the ways the real one does."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from genesis_core import Candles, synthetic

Row = list[Any]
"""``[MTS, OPEN, CLOSE, HIGH, LOW, VOLUME]``"""

PAIRS = (
    "BTCUSD",
    "BTCUST",
    "ETHUSD",
    "DSHUSD",
    "TESTBTC:TESTUSD",
    "DOGE:USD",
    "LUNA:USD",
    "BCHN:USD",
    "BCHUSD",
)
FUTURES = ("BTCF0:USTF0",)
MARKET = synthetic(bars=120)
"""What the fixture `exchange` serves."""


def rows_of(candles: Candles) -> list[Row]:
    """Write candles as the exchange does."""
    return [[c.timestamp, c.open, c.close, c.high, c.low, c.volume] for c in candles]


ANSWERS: dict[str, tuple[int, object]] = {
    "429": (429, ["error", 11010, "ratelimit: error"]),
    "429 text": (429, "<html>slow down</html>"),
    "429 object": (429, {"error": "ERR_RATE_LIMIT"}),
    "500": (500, ["error", 10001, "unknown"]),
    "500 empty": (500, ""),
    "500 html": (500, "<html>Internal Server Error</html>"),
    "500 ratelimit": (500, ["error", 11010, "ratelimit: error"]),
    "500 refused": (500, ["error", 10020, "limit: invalid"]),
    "502": (502, "<html>Bad Gateway</html>"),
    "503": (503, {"code": 503, "error": "temporarily_unavailable"}),
    "503 list": (503, ["error", 20060, "maintenance"]),
    "504": (504, ""),
    "200 html": (200, "<html>checking your browser</html>"),
    "200 cut": (200, "[[1577836800000,1.0,1.0"),
    "200 error": (200, ["error", 20060, "maintenance"]),
    "200 empty": (200, ""),
}


class BitfinexServer:
    """Serves ``/v2/candles/trade:{tf}:{symbol}/hist`` and the list of pairs on a free port.

    `faults` are used up one a request, in order (None: answer well); `ANSWERS` has most of their names, others are
    "cut" (in the middle of the body), "closed" (before any answer) and "hang" (until the server stops).
    A callable fault is given the rows of the answer and gives others.
    """

    def __init__(self, candles: Sequence[Row], symbol: str = "tBTCUSD", timeframe: str = "1h") -> None:
        self.candles = {(timeframe, symbol): list(candles)}
        self.faults: list[str | Callable[[list[Row]], list[Row]] | None] = []
        self.conf_faults: list[str | None] = []
        self.cap = 10_000
        self.silent = range(0)  # requests that start here get no candle, although there are some later
        self.asked: list[dict[str, Any]] = []
        self.conf_asked = 0
        self.done = threading.Event()
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        self._http.exchange = self  # type: ignore[attr-defined]
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.005})

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._http.server_address[1]}"

    def __enter__(self) -> BitfinexServer:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.done.set()
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    def answer(self, timeframe: str, symbol: str, query: dict[str, int]) -> list[Row]:
        start, end = query.get("start", 0), query.get("end", 2**62)
        everything = self.candles.get((timeframe, symbol), [])
        rows = [row for row in everything if start <= row[0] <= end]
        if query.get("sort", -1) == 1:
            rows = [] if start in self.silent else rows
        else:
            rows.reverse()
        return rows[: min(query.get("limit", 100), self.cap)]


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        path = unquote(parts.path)
        if path.startswith("/v2/conf/"):
            self._conf(path.removeprefix("/v2/conf/").split(","))
        elif path.startswith("/v2/candles/trade:") and path.endswith("/hist"):
            timeframe, symbol = path.removeprefix("/v2/candles/trade:").removesuffix("/hist").split(":", 1)
            query = {key: int(values[0]) for key, values in parse_qs(parts.query).items()}
            self._candles(timeframe, symbol, query)
        else:
            self._send(404, ["error", 10020, "no such path"])

    def _conf(self, keys: list[str]) -> None:
        self._exchange.conf_asked += 1
        lists = {
            "pub:info:pair": [[pair, [None, None, None, "0.02", "5000.0"]] for pair in PAIRS],
            "pub:info:pair:futures": [[pair, [None, None, None, "0.02", "5000.0"]] for pair in FUTURES],
        }
        fault = self._exchange.conf_faults.pop(0) if self._exchange.conf_faults else None
        if fault is None:
            self._send(200, [lists.get(key, []) for key in keys])
        else:
            self._fail(fault, [])

    def _candles(self, timeframe: str, symbol: str, query: dict[str, int]) -> None:
        exchange = self._exchange
        exchange.asked.append({"timeframe": timeframe, "symbol": symbol, **query})
        rows = exchange.answer(timeframe, symbol, query)
        fault = exchange.faults.pop(0) if exchange.faults else None
        if isinstance(fault, str):
            self._fail(fault, rows)
        else:
            self._send(200, rows if fault is None else fault(rows))

    def _fail(self, fault: str, rows: list[Row]) -> None:
        if fault == "hang":
            self._exchange.done.wait()
        elif fault == "cut":
            body = json.dumps(rows).encode()
            self._head(200, len(body) + 1)
            self.wfile.write(body[: len(body) // 2])
        elif fault == "closed":
            self.close_connection = True
        else:
            self._send(*ANSWERS[fault])

    def _send(self, status: int, answer: object) -> None:
        body = (answer if isinstance(answer, str) else json.dumps(answer)).encode()
        self._head(status, len(body))
        self.wfile.write(body)

    def _head(self, status: int, length: int) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(length))
        self.end_headers()

    @property
    def _exchange(self) -> BitfinexServer:
        exchange: BitfinexServer = self.server.exchange  # type: ignore[attr-defined]
        return exchange

    def log_message(self, format: str, *arguments: Any) -> None:
        """Say nothing: what was asked stands in `asked`."""
