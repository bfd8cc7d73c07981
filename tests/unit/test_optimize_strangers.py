"""What lies in a study's folder and is not of it; and the folders of a walk-forward's earlier searches."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest

from genesis_core import synthetic
from genesis_core.errors import SearchError
from genesis_core.optimize import StudyReader, optimize, optimizing, promote, running, summarize
from genesis_core.optimize.identity import identity_of
from genesis_core.optimize.record import to_bytes
from genesis_core.optimize.store import file_name, read_record
from genesis_core.optimize.study import Study
from tests.unit.search_cases import search_of, stored
from tests.unit.study_cases import CANDLES, refused
from tests.unit.study_cases import optimize as command

WALK = {"kind": "walk-forward", "folds": 3, "test": 0.2}


@pytest.fixture(scope="module")
def walked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Run a walk-forward once; nobody may change the folder."""
    search = search_of(validation=WALK, constraints=[], budget={"trials": 8})
    return optimize(search, CANDLES, results=tmp_path_factory.mktemp("walked")).folder


@pytest.fixture
def study(walked: Path, tmp_path: Path) -> Path:
    shutil.copytree(walked, tmp_path / "r" / "s")
    return tmp_path / "r" / "s"


def better(record_file: Path) -> bytes:
    """Return a whole record with a score that would rank first."""
    record = read_record(record_file)
    return to_bytes(msgspec.structs.replace(record, score=99.0))


@pytest.mark.parametrize("index", [True, False])
def test_a_trial_over_other_candles_does_not_rank(study: Path, walked: Path, index: bool) -> None:
    StudyReader(study).summary()  # there is an index
    (study / file_name(3)).write_bytes(better(study / "fold_01" / file_name(3)))
    summary = StudyReader(study, index=index).summary()
    assert summary.broken == {file_name(3): "a trial over other candles than the study's"}
    assert 3 not in [one.number for one in summary.top]
    assert StudyReader(study, index=index).summary() == summary
    done = optimize(
        search_of(validation=WALK, constraints=[], budget={"trials": 8}), CANDLES, results=study.parent
    )
    assert [text.partition(": ")[0] for text in done.quarantined] == [str(study / file_name(3))]
    assert stored(study) == stored(walked)


def test_an_index_is_of_what_the_study_stands_on(study: Path, old: None) -> None:
    assert StudyReader(study).summary().broken == {}
    opened = Study.open(study)
    ground = msgspec.structs.replace(opened.ground, data="0" * 32)
    replace(opened, ground=ground).save()
    summary = StudyReader(study).summary()
    assert (summary.trials, len(summary.broken)) == (0, 8)


def test_a_trial_by_other_code_does_not_rank(study: Path) -> None:
    record = read_record(study / file_name(2))
    (study / file_name(2)).write_bytes(to_bytes(msgspec.structs.replace(record, code="0" * 32)))
    assert summarize(study).broken == {file_name(2): "a trial by other code than the study's"}


def test_a_trial_of_another_strategy_is_not_promoted(study: Path, tmp_path: Path) -> None:
    """Its file says the same candles and code; only its identity knows."""
    record = read_record(study / file_name(1))
    parameters = record.parameters | {"exits.stop": 1.5}
    (study / file_name(1)).write_bytes(
        to_bytes(msgspec.structs.replace(record, parameters=parameters, score=99.0, feasible=True))
    )
    with pytest.raises(
        SearchError, match=r"trial_000001\.json: is a trial of another strategy than the study"
    ):
        promote(study, CANDLES, tmp_path / "champion.toml", trial=1)
    assert not (tmp_path / "champion.toml").exists()
    assert promote(study, CANDLES, tmp_path / "champion.toml").trial != 1
    assert summarize(study).broken == {file_name(1): "a trial of another strategy than the study's"}


def test_a_trial_of_another_base_strategy_does_not_rank_and_is_set_aside(
    study: Path, walked: Path, tmp_path: Path
) -> None:
    """A record that is whole and of the same candles and code, and its parameters are those that are asked for."""
    ground = msgspec.structs.replace(Study.open(study).ground, strategy="0" * 32)
    for number in (2, 30):  # one that is asked for, one beyond the budget
        record = read_record(study / file_name(2))
        forged = msgspec.structs.replace(
            record, number=number, score=99.0, identity=identity_of(ground, record.parameters)
        )
        (study / file_name(number)).write_bytes(to_bytes(forged))
    assert set(summarize(study).broken) == {file_name(2), file_name(30)}
    search = search_of(validation=WALK, constraints=[], budget={"trials": 8})
    assert len(optimize(search, CANDLES, results=study.parent).quarantined) == 2
    assert stored(study) == stored(walked)
    assert summarize(study).broken == {}


def test_what_is_wrong_in_an_earlier_fold_is_named_too(study: Path) -> None:
    assert not [text for text in summarize(study).warnings if "record" in text or "tested" in text]
    reader = StudyReader(study)
    best = next(fold.best.number for fold in reader.summary().folds if fold.fold == 1)
    other = study / "fold_01" / file_name(0 if best else 1)
    other.write_bytes(other.read_bytes()[:-40])
    summary = reader.summary()
    name = f"fold_01/{other.name}"
    assert list(summary.broken) == [name]
    assert any(f"1 file is no trial's record and left out: {name}" in text for text in summary.warnings)
    (study / "fold_01" / file_name(best)).unlink()
    for found in (reader.summary(), summarize(study)):
        assert (
            "fold 1: the best trial has not been tested on the validation candles yet: genesis optimize resume does it"
            in found.warnings
        )


def test_the_summary_of_an_earlier_fold_is_its_own(study: Path) -> None:
    whole = summarize(study)
    assert [(fold.fold, fold.of) for fold in whole.folds] == [(1, 3), (2, 3), (3, 3)]
    for number in (1, 2):
        own = summarize(study / f"fold_{number:02d}")
        assert own.folds == [whole.folds[number - 1]]
        assert own.warnings == [text for text in whole.warnings if text.startswith(f"fold {number}: ")]
    printed = command("summarize", study / "fold_01").stdout
    assert "1 of 3" in printed
    assert "3 of 3" not in printed


def test_an_earlier_fold_is_neither_resumed_nor_promoted(study: Path, tmp_path: Path) -> None:
    fold = study / "fold_01"
    assert "is a fold of the study" in refused(command("resume", fold))
    assert "is a fold of the study" in refused(command("promote", fold, "--to", tmp_path / "c.toml"))
    assert not (tmp_path / "c.toml").exists()


def test_a_fold_whose_test_is_gone_is_named(study: Path) -> None:
    (study / "fold_02" / "validation.json").unlink()
    warnings = summarize(study).warnings
    assert "fold 2: not tested: no trial of its search ranks, or it has not been run" in warnings
    (study / "validation.json").unlink()
    assert any(
        "has not been tested on the validation candles yet" in text for text in summarize(study).warnings
    )


def test_json_says_of_how_many_folds(study: Path) -> None:
    told = json.loads(command("summarize", study, "--json", "-").stdout)
    assert [(one["fold"], one["of"]) for one in told["folds"]] == [(1, 3), (2, 3), (3, 3)]


def test_other_candles_of_the_same_length_are_another_study(study: Path) -> None:
    with pytest.raises(SearchError, match="the candles"):
        optimize(
            search_of(validation=WALK, constraints=[], budget={"trials": 8}),
            synthetic(symbol="tETHUSD", bars=1_500),
            results=study.parent,
        )


def test_a_file_of_a_studys_name_beside_a_study_makes_no_fold_of_it(tmp_path: Path) -> None:
    (tmp_path / "study.toml").write_text("# a search's file\n")
    folder = optimize(search_of("mine", constraints=[]), CANDLES, results=tmp_path).folder
    assert command("resume", folder).exit_code == 0
    assert command("promote", folder, "--to", tmp_path / "c.toml").exit_code == 0


def test_a_fold_that_went_on_has_no_test_before_it_is_tested_again(
    study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    before = summarize(study)
    more = search_of(validation=WALK, constraints=[], budget={"trials": 24})
    with monkeypatch.context() as patch:
        patch.setattr(optimizing, "validate", interrupted)
        with pytest.raises(KeyboardInterrupt):
            optimize(more, CANDLES, results=study.parent)
    # Of fold 1 it is not known any more; nothing of the others has changed.
    assert summarize(study).folds == before.folds[1:]
    assert any("fold 1: not tested" in text for text in summarize(study).warnings)
    optimize(more, CANDLES, results=study.parent)
    assert [fold.fold for fold in summarize(study).folds] == [1, 2, 3]


def test_the_list_tells_no_other_trials_test(study: Path) -> None:
    def told() -> dict[str, Any]:
        (one,) = json.loads(command("list", "--results", study.parent, "--json", "-").stdout)["studies"]
        return dict(one)

    summary = summarize(study)
    assert told()["out_of_sample"] == summary.folds[-1].best.out_of_sample
    own = json.loads((study / "validation.json").read_bytes())
    own["tested"][0]["number"] += 1
    (study / "validation.json").write_text(json.dumps(own))
    assert told()["out_of_sample"] is None
    (study / "validation.json").unlink()
    assert told()["out_of_sample"] is None
    assert told()["best"] == summary.top[0].score


def test_an_error_with_brackets_is_shown_as_it_is(study: Path) -> None:
    own = json.loads((study / "validation.json").read_bytes())
    own["tested"][0] |= {"reasons": ["MemoryError: [bold]no room[/dev/shm]"], "out_of_sample": None}
    (study / "validation.json").write_text(json.dumps(own))
    done = command("summarize", study)
    assert done.exit_code == 0, done.output
    assert "no room[/dev/shm]" in done.stdout.replace("\n", "")


def test_a_study_that_was_renamed_is_listed_by_its_folder(study: Path) -> None:
    study.rename(study.parent / "other")
    assert command("list", "--results", study.parent).stdout.splitlines()[1].split()[0] == "other"


def test_a_stranger_is_not_promoted_and_hinders_nobody(study: Path, tmp_path: Path) -> None:
    (study / file_name(3)).write_bytes(better(study / "fold_01" / file_name(3)))
    best = summarize(study).top[0].number
    assert best != 3
    assert promote(study, CANDLES, tmp_path / "champion.toml").trial == best


def test_a_row_of_tests_has_no_holes(study: Path) -> None:
    assert summarize(study).together is not None
    file = study / "fold_02" / "validation.json"
    whole = json.loads(file.read_bytes())
    whole["tested"][0]["metrics"]["total_return"] = None
    file.write_text(json.dumps(whole))
    assert summarize(study).together is None
    file.unlink()
    assert summarize(study).together is None
    assert "tests in a row" not in command("summarize", study).stdout


def test_a_search_that_goes_on_forgets_its_test_before_its_first_new_record(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = optimize(search_of(constraints=[]), CANDLES, results=tmp_path).folder
    assert (folder / "validation.json").exists()
    there: list[bool] = []
    write = running.write_records

    def writing(to: Path, records: Any) -> None:
        there.append((to / "validation.json").exists())
        write(to, records)

    monkeypatch.setattr(running, "write_records", writing)
    optimize(search_of(constraints=[], budget={"trials": 32}), CANDLES, results=tmp_path)
    assert there
    assert not any(there)
    assert (folder / "validation.json").exists()


def test_a_reader_sees_what_was_written_while_it_opened_the_study(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run(trials: int) -> Path:
        return optimize(
            search_of(validation=None, budget={"trials": trials}), CANDLES, results=tmp_path
        ).folder

    folder, really, opened = run(8), Study.open, []

    def opening(path: Path) -> Study:
        found = really(path)
        opened.append(path)
        if len(opened) == 1:
            run(16)
        return found

    monkeypatch.setattr(Study, "open", opening)
    reader = StudyReader(folder)
    assert (reader.summary().trials, reader.summary().wanted) == (16, 16)


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"objective": {"metric": "trades"}}, "another objective or other constraints"),
        ({"objective": {"metric": "sharpe", "direction": "minimize"}}, ""),
        (
            {"constraints": [{"metric": "trades", "at_least": 1_000}]},
            "another objective or other constraints",
        ),
        (
            {"parameters": {"exits": {"stop": {"kind": "float", "low": 1.0, "high": 6.0}}}},
            "a trial of other parameters",
        ),
    ],
)
def test_a_trial_that_another_search_scored_is_named_left_out_and_run_again(
    tmp_path: Path, changed: dict[str, Any], why: str
) -> None:
    """Of the same candles, code and strategy, copied by hand from one study into another."""
    tables: dict[str, Any] = {"constraints": [], "validation": None}
    other = optimize(search_of("other", **{**tables, **changed}), CANDLES, results=tmp_path).folder
    alone = optimize(search_of("alone", **tables), CANDLES, results=tmp_path).folder
    folder = optimize(search_of("s", **tables, budget={"trials": 16}), CANDLES, results=tmp_path).folder
    for number in range(8, 24):
        shutil.copy(other / file_name(number), folder)
    broken = summarize(folder).broken
    assert set(broken) == ({file_name(number) for number in range(8, 24)} if why else set())
    assert all(why in words for words in broken.values())
    assert command("summarize", folder, "--charts", tmp_path / "charts").exit_code == 0
    optimize(search_of("s", **tables), CANDLES, results=tmp_path)
    assert stored(folder) == stored(alone)


def test_scores_of_a_definition_that_was_edited_do_not_rank(study: Path) -> None:
    file = study / "study.toml"
    file.write_text(file.read_text().replace('metric = "sharpe"', 'metric = "total_return"'))
    summary = summarize(study)
    assert summary.top == []
    assert "scored by another objective" in summary.broken[file_name(0)]
