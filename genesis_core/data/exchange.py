"""Bitfinex through ccxt: which pair a symbol is, and pages of candles, asked for until they are answered."""

from __future__ import annotations

import re
from collections.abc import Callable
from difflib import get_close_matches
from types import TracebackType
from typing import Any, TypeVar
from urllib.parse import urlsplit

from genesis_core.candles.timeframe import Timeframe
from genesis_core.candles.timestamps import utc_text
from genesis_core.errors import CandleError

T = TypeVar("T")
Row = tuple[int, float, float, float, float, float]
"""Open time in epoch ms, open, high, low, close, volume."""

_PAIR = re.compile(r"t(?:[A-Z0-9]{6}|[A-Z0-9]{2,}:[A-Z0-9]{2,})", re.ASCII)
_FUNDING = re.compile(r"f[A-Z0-9]{2,}(?::.+)?", re.ASCII)
_FIRST_PAUSE, _LONGEST_PAUSE = (
    1.0,
    60.0,
)  # seconds; Bitfinex locks a caller who asks too often out for a minute
_REFUSALS = ("10020",)  # answered with status 500 too, but the same request will never do


def check_pair(symbol: str) -> None:
    """Check that a symbol is written as Bitfinex writes a trading pair.

    Parameters
    ----------
    symbol : str
        Such as ``"tBTCUSD"`` or ``"tTESTBTC:TESTUSD"``.

    Raises
    ------
    CandleError
        For a funding symbol such as ``"fUSD"``, and for any other text.
    """
    if isinstance(symbol, str) and _PAIR.fullmatch(symbol):
        return
    if isinstance(symbol, str) and _FUNDING.fullmatch(symbol):
        raise CandleError(
            f"symbol {symbol!r} is a funding symbol, whose candles are interest rates; "
            "only trading pairs can be fetched, such as 'tBTCUSD'"
        )
    raise CandleError(
        f"symbol {symbol!r} is no trading pair as Bitfinex writes it: 'tBTCUSD', or with names of other "
        "lengths than three letters 'tDOGE:USD'"
    )


class Bitfinex:
    """The exchange's public data: never faster than it allows, patient with its faults.

    Parameters
    ----------
    url : str, optional
        Another address to talk to than the exchange's own, such as ``"http://localhost:8080"``.
    timeout : float
        Seconds without an answer after which a request has failed.
    retries : int
        How often a failed request is sent again; the pauses between double from 1 s to 60 s.
    clock : callable
        Gives the time in seconds.
    sleep : callable
        Waits for so many seconds.
    notify : callable, optional
        Is given one sentence each time a request has to be sent again.

    Attributes
    ----------
    requests, retried : int
        Requests sent so far, and how many of them had failed before.

    Raises
    ------
    CandleError
        If ccxt is missing or too old, or `url` is no address.
    """

    def __init__(
        self,
        *,
        url: str | None,
        timeout: float,
        retries: int,
        clock: Callable[[], float],
        sleep: Callable[[float], None],
        notify: Callable[[str], None] | None = None,
    ) -> None:
        self.requests = 0
        self.retried = 0
        self._retries = retries
        self._clock = clock
        self._sleep = sleep
        self._notify = notify
        self._asked_at: float | None = None
        self._ccxt = _ccxt()
        self._api: Any = self._ccxt.bitfinex({"timeout": round(timeout * 1000), "enableRateLimit": True})
        if self._api.version != "v2":  # in older releases this name is Bitfinex's interface of before
            raise CandleError(
                f"ccxt {self._ccxt.__version__} is too old: pip install --upgrade 'genesis-backtest[data]'"
            )
        if url is not None:
            self._api.urls["api"] = dict.fromkeys(self._api.urls["api"], _address(url))
        # Pairs are all that is needed; the list of currencies would be a request of its own.
        self._api.has = {**self._api.has, "fetchCurrencies": False}
        self._guard()

    def __enter__(self) -> Bitfinex:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._api.close()

    def pair(self, symbol: str) -> str:
        """Find ccxt's name of a pair in the exchange's own list.

        Parameters
        ----------
        symbol : str
            As Bitfinex writes it: ``"tBTCUST"``.

        Returns
        -------
        str
            As ccxt writes it: ``"BTC/USDT"``.

        Raises
        ------
        CandleError
            If the exchange does not trade it, or does not answer.
        """
        check_pair(symbol)
        self._ask("its list of pairs", self._api.load_markets)
        known = self._api.markets_by_id
        if symbol not in known:
            close = get_close_matches(symbol, known, n=3, cutoff=0.6)
            hint = f"; did you mean {' or '.join(map(repr, close))}?" if close else ""
            raise CandleError(f"symbol {symbol!r} is not traded on Bitfinex{hint}")
        name = str(known[symbol][0]["symbol"])
        # Two pairs may have one name with ccxt (an old and a new coin); then only the symbol is unambiguous.
        return name if self._api.market(name)["id"] == symbol else symbol

    def timeframe(self, timeframe: Timeframe) -> str:
        """Find ccxt's name of a timeframe.

        Parameters
        ----------
        timeframe : Timeframe
            Such as that of ``"1D"``.

        Returns
        -------
        str
            Such as ``"1d"``.

        Raises
        ------
        CandleError
            If the exchange has no candles of that length.
        """
        # A month is no timeframe here: months differ in length.
        names = {Timeframe.parse(name).name: name for name in self._api.timeframes if name[-1] != "M"}
        if timeframe.name not in names:
            raise CandleError(
                f"Bitfinex has no candles of {timeframe.name}; it has {', '.join(names)}. "
                "Fetch a shorter timeframe and resample"
            )
        return str(names[timeframe.name])

    def candles(self, pair: str, timeframe: str, start: int, end: int, limit: int) -> list[Row]:
        """Ask for the first candles of a stretch of time.

        Parameters
        ----------
        pair, timeframe : str
            As `pair` and `timeframe` name them.
        start, end : int
            The stretch, epoch ms; `end` is outside.
        limit : int
            At most so many.

        Returns
        -------
        list of Row
            Of the stretch, as they were served: in order of time, duplicates not removed. None only if the
            exchange says so twice, in two ways.

        Raises
        ------
        CandleError
            If the exchange refuses, or does not answer in the end.
        """

        def call() -> list[Row]:
            found = rows(limit, {})
            # An empty page is the end of the market, or a fault: the newest candle of the stretch tells.
            later = [] if found else rows(1, {"sort": -1})
            if later:
                raise self._ccxt.BadResponse(
                    f"no candles from {utc_text(start)} on, although it has one at {utc_text(later[-1][0])}"
                )
            return found

        def rows(most: int, more: dict[str, int]) -> list[Row]:
            served = self._api.fetch_ohlcv(pair, timeframe, start, most, {"until": end - 1, **more})
            # ccxt leaves out what lies before `start`, but not what lies behind the end.
            return [tuple(row) for row in served if row[0] < end]

        return self._ask(f"candles of {pair} {timeframe}", call)

    def _ask(self, what: str, call: Callable[[], T]) -> T:
        pause = _FIRST_PAUSE
        for attempt in range(self._retries + 1):
            try:
                return call()
            except (self._ccxt.NetworkError, self._ccxt.BadResponse) as error:
                fault = _one_line(error)
            except self._ccxt.BaseError as error:
                raise CandleError(f"Bitfinex refused {what}: {_one_line(error)}") from None
            if attempt < self._retries:
                if self._notify is not None:
                    self._notify(f"Bitfinex did not give {what} ({fault}); trying again in {pause:g} s")
                self._sleep(pause)
                self.retried += 1
                pause = min(2 * pause, _LONGEST_PAUSE)
        tries = f"{self._retries + 1} tries" if self._retries else "1 try"
        raise CandleError(f"Bitfinex did not give {what} in {tries}; the last fault: {fault}")

    def _guard(self) -> None:
        """Put checks around the four steps of a request at which ccxt would let a fault pass, or misname it."""
        api, ccxt = self._api, self._ccxt
        fetch, handle_errors, parse_ohlcv = api.fetch, api.handle_errors, api.parse_ohlcv

        def throttle(cost: float | None = None) -> None:
            # ccxt's own figures, on the injected clock; a clock set back must not make anyone wait for long.
            interval = api.rateLimit * (1 if cost is None else cost) / 1000
            if self._asked_at is not None:
                elapsed = max(self._clock() - self._asked_at, 0.0)
                if elapsed < interval:
                    self._sleep(interval - elapsed)
            self._asked_at = self._clock()

        def checked_fetch(*arguments: Any, **named: Any) -> list[Any]:
            self.requests += 1
            answer = fetch(*arguments, **named)
            # ccxt hands on text that is no JSON, and errors sent as if all were well, to fail anywhere.
            if not isinstance(answer, list) or answer[:1] == ["error"]:
                raise ccxt.BadResponse(f"the answer is not what was asked for: {str(answer)[:60]!r}")
            return answer

        def checked_status(status: int, reason: str, *rest: Any) -> Any:
            response = rest[4]
            code = str(response[1]) if isinstance(response, list) and len(response) > 1 else ""
            if status == 429 or (status >= 500 and code not in _REFUSALS):  # ccxt calls some of these final
                raise ccxt.ExchangeNotAvailable(f"status {status} {reason}")
            return handle_errors(status, reason, *rest)

        def checked_row(row: Any, *market: Any) -> Any:
            numbers = (
                isinstance(row, list) and len(row) == 6 and all(type(cell) in (int, float) for cell in row)
            )
            if not numbers or type(row[0]) is not int:
                raise ccxt.BadResponse(f"not a candle of six numbers: {str(row)[:60]}")
            return parse_ohlcv(row, *market)

        api.throttle = throttle
        api.fetch = checked_fetch
        api.handle_errors = checked_status
        api.parse_ohlcv = checked_row


def _ccxt() -> Any:
    try:
        import ccxt
    except ImportError:
        raise CandleError(
            "fetching candles needs ccxt, which is not installed: pip install 'genesis-backtest[data]'"
        ) from None
    return ccxt


def _address(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.netloc or parts.query or parts.fragment:
        raise CandleError(f"url {url!r} is no address such as 'https://host' or 'http://localhost:8080'")
    return url.rstrip("/")


def _one_line(error: BaseException) -> str:
    text = " ".join(str(error).split())
    cause = f" ({type(error.__cause__).__name__})" if error.__cause__ is not None else ""
    return f"{type(error).__name__}: {text if len(text) <= 200 else text[:197] + '...'}{cause}"
