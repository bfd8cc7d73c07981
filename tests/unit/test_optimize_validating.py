"""The test of what a search found: run once for the same trials and candles, and what is said where the two part."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from genesis_core.optimize import optimize, summarize, validating, validation
from genesis_core.optimize.objective import METRICS, Objective
from genesis_core.optimize.partings import partings
from genesis_core.optimize.store import file_name
from genesis_core.optimize.validation import FILE
from tests.unit.search_cases import contents, disturbed, search_of
from tests.unit.study_cases import CANDLES


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many trials were run over something besides the searches' candles, one number a time."""
    counts: list[int] = []
    real = validating.evaluate_within

    def counted(task: Any, trials: Any, *rest: Any) -> Any:
        counts.append(len(trials))
        return real(task, trials, *rest)

    monkeypatch.setattr(validating, "evaluate_within", counted)
    return counts


class TestOnce:
    SEARCH = search_of(
        budget={"trials": 12}, constraints=[], validation={"kind": "holdout", "test": 0.3, "top": 5}
    )

    def test_resuming_a_finished_search_tests_nothing_again(self, tmp_path: Path, ran: list[int]) -> None:
        folder = optimize(self.SEARCH, CANDLES, results=tmp_path).folder
        assert ran == [6, 1]
        before = contents(folder)
        optimize(self.SEARCH, CANDLES, results=tmp_path)
        assert ran == [6, 1]
        assert contents(folder) == before

    @pytest.mark.parametrize("change", ["damaged", "gone", "top", "better"])
    def test_what_may_have_changed_is_tested_again(self, tmp_path: Path, ran: list[int], change: str) -> None:
        folder = optimize(self.SEARCH, CANDLES, results=tmp_path).folder
        before = contents(folder)
        search = self.SEARCH
        if change == "damaged":
            (folder / FILE).write_bytes(before[FILE][:-9])
        elif change == "gone":
            (folder / FILE).unlink()
        elif change == "top":
            search = search_of(budget={"trials": 12}, constraints=[], validation={"test": 0.3, "top": 4})
        else:
            # The best trial is not known any more, and then found again.
            (folder / file_name(summarize(folder).top[0].number)).unlink()
        ran.clear()
        optimize(search, CANDLES, results=tmp_path)
        assert ran == [5 if change == "top" else 6, 1]
        if change != "top":
            assert contents(folder)[FILE] == before[FILE]

    def test_other_candles_of_the_test_are_tested(self, tmp_path: Path, ran: list[int]) -> None:
        """The search saw the same, so its trials stand; what they are worth out of sample does not."""
        folder = optimize(self.SEARCH, CANDLES, results=tmp_path).folder
        before = contents(folder)
        ran.clear()
        done = optimize(self.SEARCH, disturbed(CANDLES, 1_200), results=tmp_path)
        assert done.run == 0
        assert ran == [6, 1]
        after = contents(folder)
        assert [name for name in after if after[name] != before[name]] == [FILE]

    def test_a_search_that_was_cut_short_and_goes_on_no_longer_says_so(self, tmp_path: Path) -> None:
        part = optimize(self.SEARCH, CANDLES, results=tmp_path, minutes=1e-9)
        assert part.progress.stopped == "minutes"
        whole = optimize(self.SEARCH, CANDLES, results=tmp_path)
        assert not [text for text in summarize(whole.folder).warnings if "budget of minutes" in text]


def best(score: float | None, **metrics: float) -> validation.Tested:
    return validation.Tested(
        number=0,
        identity="",
        in_sample=metrics.pop("before", 0.0),
        out_of_sample=score,
        feasible=True,
        reasons=[],
        metrics={**dict.fromkeys(METRICS), **metrics},
        summary_digest="d",
    )


class TestPartings:
    """Ten per cent a year, over four years and over one, is no parting; nor may a loss hide behind a large number."""

    @pytest.mark.parametrize("metric", ["total_return", "final_equity"])
    @pytest.mark.parametrize(
        ("before", "after", "noise"),
        [(0.4641, 0.1, False), (0.4, -0.25, True), (-0.2, -0.1, False), (0.1, 0.0, False)],
    )
    def test_what_grows_with_time_is_compared_by_its_sign(
        self, metric: str, before: float, after: float, noise: bool
    ) -> None:
        score = {"total_return": after, "final_equity": 10_000.0 * (1.0 + after)}
        was = {"total_return": before, "final_equity": 10_000.0 * (1.0 + before)}
        one = best(score[metric], before=was[metric], **score)
        said = partings([one], was, Objective(metric=metric))
        assert [text for text in said if "may be noise" in text] == said
        assert bool(said) == noise
        if noise:
            assert said == [
                "in-sample the best trial returns +40.00%, out-of-sample -25.00%: what was found may be noise"
            ]

    @pytest.mark.parametrize(
        ("before", "after", "direction", "noise"),
        [
            (2.0, 1.0, "maximize", False),
            (2.0, 0.99, "maximize", True),
            (-1.0, -1.6, "maximize", True),
            (0.10, 0.15, "minimize", False),
            (0.10, 0.16, "minimize", True),
        ],
    )
    def test_what_does_not_by_half(self, before: float, after: float, direction: Any, noise: bool) -> None:
        objective = Objective(metric="sharpe", direction=direction)
        said = partings([best(after, before=before)], {"total_return": 1.0}, objective)
        assert bool(said) == noise
