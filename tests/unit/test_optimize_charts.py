"""What stands in a study's charts: read from the figures, because a picture is only looked at now and then."""

from __future__ import annotations

from typing import Any

import pytest

from genesis_core.cli.optimize_charts import CHARTS
from genesis_core.optimize import StudyReader, optimize
from tests.unit.search_cases import TRIALS, search_of
from tests.unit.study_cases import CANDLES

pytest.importorskip("matplotlib")
Drawn = dict[str, Any]


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> StudyReader:
    search = search_of(constraints=[], validation={"kind": "walk-forward", "folds": 2, "test": 0.2})
    return StudyReader(optimize(search, CANDLES, results=tmp_path_factory.mktemp("charts")).folder)


@pytest.fixture(scope="module")
def drawn(study: StudyReader) -> Drawn:
    return {name: draw(study, study.summary()) for name, draw in CHARTS.items()}


def ticks(axis: Any) -> list[str]:
    return [label.get_text() for label in axis.get_ticklabels() if label.get_text()]


def test_the_trials_of_the_history_are_counted(drawn: Drawn, study: StudyReader) -> None:
    (axes,) = drawn["history"].axes
    shown = ticks(axes.xaxis)
    assert len(set(shown)) == len(shown) >= 3
    assert [int(number) for number in shown] == sorted(map(int, shown))
    assert {str(0), str(TRIALS - 4)} <= set(shown)
    best, folds = study.summary().top[0], study.summary().folds
    assert [text.get_text() for text in axes.texts] == [
        "test 1",
        "test 2",
        f"trial {best.number}: {best.score:,.6g}",
    ]
    assert [text.get_position()[1] for text in axes.texts[:2]] == [fold.best.out_of_sample for fold in folds]


def test_scores_of_the_history_stand_on_a_scale_of_numbers(drawn: Drawn) -> None:
    (axes,) = drawn["history"].axes
    shown = [float(number.replace("\N{MINUS SIGN}", "-")) for number in ticks(axes.yaxis)]
    assert shown == sorted(set(shown))
    labels = axes.get_legend_handles_labels()[1]
    assert labels.count("out-of-sample") == 2


def test_each_parameter_that_varies_has_a_panel_with_its_share(drawn: Drawn, study: StudyReader) -> None:
    shares = {one.parameter: one.share for one in study.summary().importances}
    assert len(shares) == 4
    panels = {axes.get_title(loc="left"): axes for axes in drawn["slices"].axes}
    assert set(panels) == {f"{name}  {share:.1%}" for name, share in shares.items()}
    best = study.summary().top[0].parameters
    for title, axes in panels.items():
        value = best[title.split()[0]]
        assert axes.get_xlabel() == f"best: {value:.10g}"
        shown = ticks(axes.xaxis)
        assert len(set(shown)) == len(shown) >= 2
        assert list(map(float, shown)) == sorted(map(float, shown))


def test_importances_are_bars_of_their_length(drawn: Drawn, study: StudyReader) -> None:
    (axes,) = drawn["importances"].axes
    importances = study.summary().importances
    assert ticks(axes.yaxis) == [one.parameter for one in importances]
    assert [bar.get_width() for bar in axes.patches] == [one.share for one in importances]
    assert [text.get_text() for text in axes.texts] == [f"{one.share:.1%}" for one in importances]
