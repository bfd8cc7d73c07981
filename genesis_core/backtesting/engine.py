"""Run a strategy over candles."""

from __future__ import annotations

import platform
import sys
import time
from collections.abc import Mapping
from functools import lru_cache
from importlib.metadata import version as distribution_version
from types import MappingProxyType
from typing import Any, Protocol

import numpy as np

from genesis_core.backtesting.loop import trade_compiled, trade_interpreted
from genesis_core.backtesting.plan import RunPlan, choose_plan, warn_if_slow
from genesis_core.backtesting.records import metrics_of
from genesis_core.backtesting.result import Result
from genesis_core.candles import Candles
from genesis_core.candles.timeframe import Timeframe
from genesis_core.errors import CandleError, ConfigError, FeatureError
from genesis_core.features import FeatureCache, make_path
from genesis_core.features.given import check_given
from genesis_core.features.paths import Counters, check_arguments
from genesis_core.strategy import Config
from genesis_core.version import __version__


def backtest(
    candles: Candles,
    config: Config | Mapping[str, Any] | None = None,
    *,
    feature_cache: FeatureCache | None = None,
    fast_window: bool = False,
    precompute_features: bool = False,
    compiled: bool = False,
) -> Result:
    """Run a strategy over candles.

    The flags choose speed and never change a bit of the result. Without any, the reference runs: at each bar the
    features are recomputed from bar 0, which costs about 12 s per 1,000 bars and grows with the square.

    Parameters
    ----------
    candles : Candles
        The series.
    config : Config or mapping, optional
        The strategy; the package's default one unless told otherwise. A mapping is laid over the default strategy.
    feature_cache : FeatureCache, optional
        Asked first for the features of each bar; helps when the same features are asked for again.
    fast_window : bool
        Recompute with compiled code over zero-copy views.
    precompute_features : bool
        Compute whole feature columns once, in compiled passes.
    compiled : bool
        Compile decisions and fills as well. Wins over the other two.

    Returns
    -------
    Result
        Trades, equity, metrics, and what ran.

    Raises
    ------
    CandleError
        If the series is too short for the features' warm-up.
    ConfigError
        For a mapping with an unknown key or a bad value.
    """
    began = time.perf_counter()
    check_arguments(candles, feature_cache)
    config = check_run(candles, config)
    plan = choose_plan(fast_window, precompute_features, compiled, feature_cache)
    warn_if_slow(plan, candles, config, feature_cache)
    if plan.path == "compiled":
        counters = Counters()
        books = trade_compiled(candles, config, counters)
    else:
        path = make_path(plan.path, candles, config.asked_features, feature_cache)
        books = trade_interpreted(candles, config, path)
        counters = path.counters
    metrics = metrics_of(
        books, candles.timeframe_ms, config.execution.initial_equity, plan.path == "compiled"
    )
    provenance = _provenance(
        time.perf_counter() - began,
        config.code,
        fast_window=fast_window,
        precompute_features=precompute_features,
        compiled=compiled,
        feature_cache=feature_cache is not None,
    )
    ran = RunPlan(plan.name, plan.reason, counters.as_dict())
    return Result.of(candles, config, books, metrics, ran, provenance)


@lru_cache(maxsize=1)
def _numba_version() -> str:
    # From the metadata: importing Numba for its version would cost every interpreted run a second.
    return distribution_version("numba")


def strategy_of(config: Config | Mapping[str, Any] | None) -> Config:
    """Return a checked strategy: the default one for None, a mapping laid over the default one.

    Raises
    ------
    ConfigError
        For a mapping with an unknown key or a bad value, or anything else.
    KernelError
        If a constant or a function of a kernel of the caller's own is not what it was when the strategy was made.
    """
    if config is None:
        return Config.default()
    if isinstance(config, Config):
        made = config.checked
        made.asked_features.graph.require_current()
        return made
    if isinstance(config, Mapping):
        return Config.default().updated(config)
    raise ConfigError(f"config is a {type(config).__name__}; a Config, a mapping or None is needed")


def check_run(candles: Candles, config: Config | Mapping[str, Any] | None, which: str = "") -> Config:
    """Return a strategy as a checked config that fits the candles.

    Parameters
    ----------
    candles : Candles
        The series.
    config : Config, mapping or None
        See :func:`strategy_of`.
    which : str
        What error messages begin with, where there are several strategies.

    Raises
    ------
    CandleError, ConfigError
        See :func:`backtest`.
    """
    try:
        made = strategy_of(config)
        check_timeframes(candles, made, None if candles.higher is None else candles.higher.timeframe)
    except ConfigError as fault:
        raise ConfigError(f"{which}{fault}") from None
    if len(candles) <= made.ready:
        raise CandleError(
            f"{which}{len(candles)} bars are too few: the features of this strategy need {made.ready} bars of "
            f"warm-up, so at least {made.ready + 1}"
        )
    return made


class _Timed(Protocol):
    @property
    def timeframe(self) -> str: ...


def check_timeframes(candles: _Timed, config: Config, given: str | None = None) -> None:
    """Say what is wrong where a strategy's higher timeframe does not fit the candles.

    Parameters
    ----------
    candles : Candles or Stream
        What it runs over.
    config : Config
        The strategy.
    given : str, optional
        Timeframe of higher candles that are given.

    Raises
    ------
    ConfigError
        Only if something of the strategy looks at the higher timeframe.
    """
    if given is not None:
        _check_given(given, config)
    if not config.reads_higher:
        return
    own, higher = Timeframe.parse(candles.timeframe), Timeframe.parse(config.higher.timeframe)
    if higher.ms <= own.ms or higher.ms % own.ms or (higher.origin - own.origin) % own.ms:
        raise ConfigError(
            f"higher.timeframe = {config.higher.timeframe!r}; a whole multiple of the candles' {candles.timeframe}, "
            "longer and with boundaries on theirs, is needed"
        )


def _check_given(timeframe: str, config: Config) -> None:
    try:
        check_given(config.asked_features.graph, timeframe)
    except FeatureError as fault:
        wanted = Timeframe.parse(config.higher.timeframe).name
        if wanted == timeframe:
            raise ConfigError(str(fault)) from None
        raise ConfigError(
            f"higher.timeframe = {config.higher.timeframe!r}, but the higher candles given are of {timeframe}; "
            f"give candles of {wanted}, or set higher.timeframe = {timeframe!r}"
        ) from None


def _provenance(seconds: float, code: str, **flags: bool) -> Mapping[str, Any]:
    return MappingProxyType(
        {
            "flags": MappingProxyType(flags),
            "genesis_core": __version__,
            "strategy_code": code,
            "numpy": np.__version__,
            "numba": _numba_version(),
            "python": platform.python_version(),
            "platform": sys.platform,
            "machine": platform.machine(),
            "seconds": seconds,
        }
    )
