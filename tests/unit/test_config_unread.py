"""A key that is given and that nothing reads is an error; so is a file that is none."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from genesis_core import Config, ConfigError
from tests.unit.config_cases import DEFAULT_CONFIG, SHORT, VALUES, changes_fault, fault


class TestUnread:
    """A key that nothing reads is a mistake, but where the same text says that its reader is off."""

    HIGHER = (
        "nothing reads it without decision.higher_fib or exits.partials; give one of them, or leave it out"
    )

    def bare(self, **tables: Any) -> dict[str, Any]:
        return {key: VALUES[key] for key in ("features", "model")} | tables

    @pytest.mark.parametrize("table", [{"timeframe": "6h"}, {"depth": 4}, {}])
    def test_a_higher_timeframe_that_nothing_looks_at(self, table: dict[str, Any]) -> None:
        assert fault(self.bare(higher=table)) == f"higher = {table!r}; {self.HIGHER}"
        assert changes_fault({"higher": table}, SHORT) == f"higher = {table!r}; {self.HIGHER}"

    @pytest.mark.parametrize(
        "reader",
        [{"decision": {"higher_fib": {"missing": "block"}}}, {"exits": {"partials": [0.5]}}],
        ids=["gate", "partials"],
    )
    def test_a_higher_timeframe_that_is_read(self, reader: dict[str, Any]) -> None:
        assert Config.from_dict(self.bare(higher={"depth": 4}, **reader)).higher.depth == 4
        assert SHORT.updated({"higher": {"depth": 4}, **reader}).higher.depth == 4

    @pytest.mark.parametrize("gate", ["higher_fib", "lower_fib"])
    def test_the_tolerance_of_no_gate(self, gate: str) -> None:
        message = (
            f'decision.{gate}.within_atr = 1.0; nothing reads it while decision.{gate}.missing is "off"; '
            'say "pass" or "block" there, or leave it out'
        )
        assert fault(self.bare(decision={gate: {"within_atr": 1.0}})) == message
        assert changes_fault({"decision": {gate: {"within_atr": 1.0}}}, SHORT) == message
        for missing in ("pass", "block"):
            assert SHORT.updated({"decision": {gate: {"within_atr": 1.0, "missing": missing}}})

    @pytest.mark.parametrize("value", ["atr", "price"])
    def test_the_unit_of_no_distance(self, value: str) -> None:
        message = (
            f"exits.unit = {value!r}; nothing reads it without exits.stop, target or trailing; "
            "give one of them, or leave it out"
        )
        assert fault(self.bare(exits={"unit": value, "partials": [0.5]})) == message
        for name in ("stop", "target", "trailing"):
            assert Config.from_dict(self.bare(exits={"unit": value, name: 0.5}))

    @pytest.mark.parametrize("value", ["intrabar", "close"])
    def test_the_test_of_no_stop(self, value: str) -> None:
        message = (
            f"exits.test = {value!r}; nothing reads it without exits.stop, target, trailing or partials; "
            "give one of them, or leave it out"
        )
        assert fault(self.bare(exits={"test": value, "max_bars": 5})) == message
        for more in ({"stop": 1.0}, {"target": 1.0}, {"trailing": 1.0}, {"partials": [1.0]}):
            assert Config.from_dict(self.bare(exits={"test": value, **more}))

    def test_what_a_switch_beside_it_turns_off_is_no_mistake(self) -> None:
        off = {"missing": "off"}
        for config in (
            Config.from_dict(self.bare(decision={"higher_fib": {"within_atr": 1.0, **off}})),
            DEFAULT_CONFIG.updated({"decision": {"lower_fib": {"within_atr": 1.0, **off}}}),
            SHORT.updated({"decision": {"higher_fib": off}, "higher": {"depth": 4}}),
            SHORT.updated({"exits": {"stop": 0.0, "unit": "price", "test": "close"}}),
        ):
            assert Config.from_dict(config.values) == config

    @pytest.mark.parametrize(
        ("reader", "dependent"),
        [
            ({"decision": {"higher_fib": {"missing": "block"}}}, {"higher": {"depth": 4}}),
            ({"exits": {"partials": [0.5]}}, {"higher": {"depth": 4}}),
            ({"exits": {"partials": [0.5]}}, {"exits": {"test": "close"}}),
            *(
                ({"exits": {name: 0.5}}, {"exits": {key: value}})
                for name in ("stop", "target", "trailing")
                for key, value in (("unit", "price"), ("test", "close"))
            ),
        ],
    )
    def test_what_a_config_reads_already_can_be_changed(self, reader: Any, dependent: Any) -> None:
        assert changes_fault(dependent, SHORT)
        config = SHORT.updated(reader)
        assert config.updated(dependent) != config

    def test_turning_a_reader_off_leaves_the_rest_alone(self) -> None:
        off = DEFAULT_CONFIG.updated(
            {"decision": {"higher_fib": {"missing": "off"}}, "exits": {"partials": []}}
        )
        assert off.higher == DEFAULT_CONFIG.higher
        on = {"decision": {"higher_fib": {"missing": "pass"}}, "exits": {"partials": [0.3, 0.3]}}
        assert off.updated(on) == DEFAULT_CONFIG


class TestFiles:
    TEXT = "\n".join(
        [
            "[features]",
            "atr_14 = { n = 7 }",
            "[model.buy]",
            "bias = 1",
            "weights = { atr_14 = 0.5 }",
            "[model.sell]",
            "bias = -1.5",
            "weights = { atr_14 = -0.5 }",
            "[decision]",
            "hysteresis = 0",
        ]
    )

    def test_a_file_is_the_same_as_its_values(self, tmp_path: Path) -> None:
        path = tmp_path / "strategy.toml"
        path.write_text(self.TEXT, encoding="utf-8")
        read = Config.from_toml(path)
        assert read.feature_set.parameters == {"atr_14": {"n": 7.0}}
        assert read.model is not None
        assert (read.model.buy.bias, read.model.sell.bias, read.decision.hysteresis) == (1.0, -1.5, 0)
        assert Config.from_toml(str(path)).digest == read.digest

    @pytest.mark.parametrize(
        ("line", "message"),
        [
            ("hystersis = 1", "unknown key 'decision.hystersis'; did you mean 'hysteresis'?"),
            ("[exits]\nstop = -1", "exits.stop = -1; expected `float` >= 0.0"),
            ("[higher]", f"higher = {{}}; {TestUnread.HIGHER}"),
        ],
    )
    def test_a_fault_names_the_file(self, tmp_path: Path, line: str, message: str) -> None:
        path = tmp_path / "strategy.toml"
        path.write_text(f"{self.TEXT}\n{line}\n", encoding="utf-8")
        with pytest.raises(ConfigError) as caught:
            Config.from_toml(path)
        assert str(caught.value) == f"{path}: {message}"

    @pytest.mark.parametrize("text", ["[features", "a = ", "a = 1\na = 2\n", "{}"])
    def test_not_toml(self, tmp_path: Path, text: str) -> None:
        path = tmp_path / "strategy.toml"
        path.write_text(text, encoding="utf-8")
        with pytest.raises(ConfigError) as caught:
            Config.from_toml(path)
        assert str(caught.value).startswith(f"{path}: not TOML: ")
        assert caught.value.__cause__ is None

    def test_not_text(self, tmp_path: Path) -> None:
        path = tmp_path / "strategy.toml"
        path.write_bytes(b"\xff\xfe\x00")
        with pytest.raises(ConfigError) as caught:
            Config.from_toml(path)
        assert str(caught.value).startswith(f"{path}: cannot be read: ")

    def test_no_file(self, tmp_path: Path) -> None:
        for path in (tmp_path / "none.toml", tmp_path):
            with pytest.raises(ConfigError) as caught:
                Config.from_toml(path)
            assert str(caught.value).startswith(f"{path}: cannot be read: ")
