"""Print the digests that every supported machine, Python and NumPy must give, as TOML.

`test_platforms.py` compares them with `golden.toml`. A changed digest is a changed law: only where that is meant,
write the file anew, with the folder of real candles in `GENESIS_DATA_DIR`:

    python tests/equality/print_digests.py > tests/equality/golden.toml

Another table, `environment`, says on what the digests were made (`--environment`); it is not part of the file.
"""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np

from genesis_core import Candles, Result, backtest, run_features, synthetic
from genesis_core.compiler.columns import column_pass
from genesis_core.digest import digest
from genesis_core.kernels.exact import exp, log, sigmoid

SCHEMA = 1
EMBEDDED = (1_000, 10_000)
FEATURE_BARS = 2_000

Tables = dict[str, dict[str, str]]


def real_candles() -> Candles | None:
    """Return the real series, or None where its folder is not given."""
    folder = os.environ.get("GENESIS_DATA_DIR")
    if not folder:
        return None
    return Candles.from_csv(Path(folder) / "tBTCUSD_1h.csv", symbol="tBTCUSD", timeframe="1h", gaps="keep")


def embedded_digests() -> Tables:
    """Compute all digests that need no real candles: table -> name -> digest."""
    embedded = {"fingerprint": synthetic().fingerprint}
    for bars in EMBEDDED:
        embedded |= _backtest(f"backtest_{bars}", backtest(synthetic(bars=bars), compiled=True))
    for path in ("precomputed", "streaming"):
        vectors = run_features(path, synthetic(bars=FEATURE_BARS)).vectors
        name = f"features_{FEATURE_BARS}_{path}"
        embedded[name] = digest([list(vector.__genesis_identity__()) for vector in vectors])
    return {"embedded": embedded, "exact": exact_functions()}


def real_digests(real: Candles) -> dict[str, str]:
    """Compute the digests of the whole real series: name -> digest."""
    return {"fingerprint": real.fingerprint, **_backtest("backtest", backtest(real, compiled=True))}


def _backtest(name: str, result: Result) -> dict[str, str]:
    return {name: result.digest, f"{name}_summary": result.summary_digest}


def exact_functions() -> dict[str, str]:
    """Digest the exact functions over a grid, interpreted and compiled."""
    out = {}
    for function in (exp, log, sigmoid):
        name, step = function.__name__, kernel_of(function)
        xs = grid(positive=function is log)
        column = np.empty(len(xs))
        run = column_pass(step, 1, 1)
        inputs = np.array(xs)
        inputs.flags.writeable = False
        run(np.zeros(0), np.zeros(0), (inputs,), (column,), len(xs))
        out[f"{name}_interpreted"] = digest([step([], [], x) for x in xs])
        out[f"{name}_compiled"] = digest(column.tolist())
    return out


def kernel_of(function: Callable[[float], float]) -> Callable[..., float]:
    """Return a function of one argument as a kernel, ready for a column pass."""

    def step(s: Sequence[float], p: Sequence[float], x: float) -> float:
        return function(x)

    return step


def grid(positive: bool) -> list[float]:
    """Return 4,001 arguments, exact in binary: near 0, ordinary and large, or positive ones over many powers of 2."""
    steps = range(-2_000, 2_001)
    if positive:
        return [math.ldexp(1.0 + (k % 97) / 128.0, k // 2) for k in steps]
    return [k * abs(k) / 8_192.0 for k in steps]


def environment() -> dict[str, str]:
    """Say on what the digests were made; `libm` shows which code the C library chose for this CPU."""
    from numba.core.registry import cpu_target

    _, cpu, features = cpu_target.target_context.codegen().magic_tuple()
    simd = np.show_config(mode="dicts")["SIMD Extensions"]
    return {
        "python": sys.version.split()[0],
        "numpy": np.__version__,
        "numpy_simd": " ".join(simd.get("found", [])),
        "numba_cpu": f"{cpu} {features}".strip(),
        "libm": digest([math.exp(math.sin(k) * 700.0) for k in range(100_000)]),
    }


def toml(tables: Mapping[str, Mapping[str, str]]) -> str:
    """Return the tables as TOML, sorted."""
    lines = [f"schema = {SCHEMA}"]
    for table in sorted(tables):
        lines += ["", f"[{table}]"]
        lines += [f'{name} = "{tables[table][name]}"' for name in sorted(tables[table])]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Print all digests; with ``--environment`` also on what they were made."""
    tables = embedded_digests()
    real = real_candles()
    if real is None:
        print("GENESIS_DATA_DIR is not set: the table `real` is left out", file=sys.stderr)
    else:
        tables["real"] = real_digests(real)
    if "--environment" in sys.argv[1:]:
        tables["environment"] = environment()
    print(toml(tables), end="")


if __name__ == "__main__":
    main()
