"""``assert_causal``: there without the flag, and its failure says who saw the future, and where.

A child process has no home, and so nothing compiled: most of this runs interpreted.
"""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

BODY = """
from genesis_core import Config, Feature, FeatureSet, Kernel, Param, Vector, node
from genesis_core.features import interpret_columns
from genesis_core.features.paths import Counters
from genesis_core.features.vector import FeatureVector

def above(s: Vector, p: Vector, close: float) -> float:
    return close - p[0]

ABOVE = Kernel("above", above, ("close",), (Param("level", 0.0, 1e6),))

def made_from(candles):
    level = float(candles.close.mean())
    return Feature("above_mean", (), lambda p: node(ABOVE, "close", level=level).value)

class Early:
    name = "early"
    def __init__(self, candles, features):
        self.columns = interpret_columns(candles, features.graph)
        self.features, self.counters = features, Counters()
    def at(self, bar):
        row = min(bar + 1, len(self.columns[0]) - 1)
        return FeatureVector(self.features.layout, bar, tuple(c.item(row) for c in self.columns))

def test_honest_strategy(assert_causal, synthetic_candles):
    report = assert_causal(Config.default(), synthetic_candles[:400], cuts=4, path="streaming")
    assert report.ok and report.subject == "strategy" and len(report.cuts) == 4

def test_honest_feature(assert_causal, synthetic_candles):
    level = Feature("above", (), lambda p: node(ABOVE, "close", level=100.0).value)
    assert assert_causal(level, synthetic_candles[:100]).warm_ups[0].bars == 0

def test_fitted_on_the_future(assert_causal, synthetic_candles):
    assert_causal(made_from, synthetic_candles[:100], cuts=[50])

def test_known_one_bar_early(assert_causal, synthetic_candles):
    assert_causal(FeatureSet(["atr_14", "rsi_inv_lag1"]), synthetic_candles[:100], path=Early)

def test_long_report(assert_causal, synthetic_candles):
    assert_causal(Config.default(), synthetic_candles[:200], path=Early, cuts=2)
"""


@pytest.mark.parametrize("flag", [(), ("--genesis-perf",)])
def test_fixture(project: pytest.Pytester, flag: tuple[str, ...]) -> None:
    project.makepyfile(test_it=BODY)
    result = project.runpytest_subprocess("--junitxml=junit.xml", *flag)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.assert_outcomes(passed=2, failed=3)
    cases = ElementTree.parse(project.path / "junit.xml").findall(".//testcase")
    failures = {case.attrib["name"]: case.find("failure") for case in cases}
    texts = {name: (node.text or "").splitlines() for name, node in failures.items() if node is not None}
    assert set(texts) == {"test_fitted_on_the_future", "test_known_one_bar_early", "test_long_report"}
    fitted = texts["test_fitted_on_the_future"]
    assert fitted[0] == "LOOKS AHEAD: above_mean is the first, at bar 0"
    assert fitted[1].startswith("  above_mean, bar 0: ")
    assert "from the first 50 candles" in fitted[1]
    assert fitted[1].count("0x") == 2  # both values, in hexadecimal too
    early = texts["test_known_one_bar_early"]
    assert early[0] == "LOOKS AHEAD: atr_14 is the first, at bar 13"
    assert "told candle by candle, but" in early[1]
    assert early[2].startswith("  rsi_inv_lag1, bar 14: ")
    long = texts["test_long_report"]
    assert len(long) == 13
    assert long[-1].endswith("more lines)")
    result.stdout.fnmatch_lines(["LOOKS AHEAD: above_mean is the first, at bar 0"])
    result.stdout.no_fnmatch_line("*engine_fixtures.py*")  # no traceback of ours
