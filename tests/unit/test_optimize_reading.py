"""Readers that remember answer like one that reads everything anew, after whatever happens to the files."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from genesis_core.errors import SearchError
from genesis_core.optimize import reading, validating
from genesis_core.optimize.definition import Search
from genesis_core.optimize.importance import LEAST_TRIALS
from genesis_core.optimize.index import NAME, Entry
from genesis_core.optimize.objective import METRICS, Constraint, Objective, judge
from genesis_core.optimize.ranking import Analysis, analyse, best_of
from genesis_core.optimize.reading import TrialReader
from genesis_core.optimize.record import Record, to_bytes
from genesis_core.optimize.store import file_name, read_all, trial_names, write_records
from genesis_core.optimize.study import Study
from genesis_core.optimize.summarizing import StudyReader, summarize
from genesis_core.optimize.validation import FILE, Unchanged, Validated
from tests.unit.reading_cases import (
    ACTIONS,
    HOUR,
    LESS,
    NOON,
    Clock,
    Folder,
    Stamps,
    posix,
    scores,
    truth,
)
from tests.unit.trial_cases import (
    OBJECTIVE,
    has_leases,
    make_study,
    rewrite,
    trial,
    wait_for_tick,
)

pytestmark = pytest.mark.usefixtures("quick_disk")


@posix
@pytest.mark.parametrize("seed", range(6))
def test_all_readers_agree_with_one_that_remembers_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    rng, clock = random.Random(seed), Clock()
    clock.ahead = HOUR
    monkeypatch.setattr(reading, "time", clock)
    study = Folder(tmp_path, rng, clock)
    long_lived = {
        "with an index": (StudyReader(study.path), False),
        "without an index": (StudyReader(study.path, index=False), False),
        "watching": (StudyReader(study.path, index=False), True),
        "watching, with an index": (StudyReader(study.path), True),
    }
    done: list[str] = []
    for _ in range(60):
        wait_for_tick(study.path, *study.links)
        done.append(rng.choice(ACTIONS))
        getattr(study, done[-1])()
        expected = truth(study.path)
        for name, (reader, watch) in long_lived.items():
            if rng.random() < (0.6 if watch else 0.3):
                continue
            for again in range(2 if watch else 1):
                assert reader.summary(watch=watch).to_json() == expected, (name, again, done)
        assert StudyReader(study.path).summary().to_json() == expected, ("new", done)
        if rng.random() < 0.2:
            # At once, without a change: from the index alone.
            assert StudyReader(study.path).summary().to_json() == expected, ("warm", done)
    assert len(set(done)) > 20  # of the things that may happen


def test_the_actions_of_these_tests_do_happen(tmp_path: Path) -> None:
    study = Folder(tmp_path, random.Random(0), Clock())
    study.link()
    assert len(ACTIONS) == 31
    for name in (
        "rewrite",
        "write_through_a_link",
        "write_through_a_mapping",
        "rename_over",
        "delete",
        "flip",
    ):
        before = truth(study.path)
        for _ in range(5):
            getattr(study, name)()
        assert truth(study.path) != before, name


class TestUnchanged:
    def test_a_folder_of_old_files_is_not_read_again(
        self, folder: Path, old: None, opened: list[str]
    ) -> None:
        wait_for_tick(folder)
        reader = TrialReader(folder, OBJECTIVE)
        state = reader.read()
        assert sorted(opened) == trial_names(folder)
        for _ in range(3):
            assert reader.read() is state
        assert len(opened) == 3

    def test_nor_by_a_new_reader_with_the_index(self, folder: Path, old: None, opened: list[str]) -> None:
        wait_for_tick(folder)
        state = TrialReader(folder, OBJECTIVE).read()
        opened.clear()
        again = TrialReader(folder, OBJECTIVE).read()
        assert opened == []
        assert again == state
        assert list(again.entries) == list(state.entries)

    def test_nor_by_another_process_with_the_index(self, folder: Path, old: None) -> None:
        wait_for_tick(folder)
        TrialReader(folder, OBJECTIVE).read()
        code = (
            "import sys\nfrom pathlib import Path\nfrom genesis_core.optimize import reading\n"
            "from tests.unit.trial_cases import OBJECTIVE\nreading._read = None\n"
            "reader = reading.TrialReader(Path(sys.argv[1]), OBJECTIVE)\nprint(reader.read().analysis.order)"
        )
        root = str(Path(__file__).resolve().parents[2])
        path = os.pathsep.join(filter(None, (root, os.environ.get("PYTHONPATH"))))
        ended = subprocess.run(
            [sys.executable, "-c", code, str(folder)],
            capture_output=True,
            text=True,
            env=os.environ | {"PYTHONPATH": path},
            check=False,
        )
        assert (ended.stdout, ended.stderr) == ("[0, 1, 2]\n", "")

    def test_only_what_changed_is_read(self, folder: Path, old: None, opened: list[str]) -> None:
        wait_for_tick(folder)
        reader = TrialReader(folder, OBJECTIVE)
        reader.read()
        opened.clear()
        rewrite(folder, trial(1, 7.0))
        write_records(folder, [trial(3, 8.0)])
        (folder / file_name(2)).unlink()
        wait_for_tick(folder)
        assert scores(reader) == [1.0, 7.0, 8.0]
        assert sorted(opened) == [file_name(1), file_name(3)]
        opened.clear()
        assert scores(TrialReader(folder, OBJECTIVE)) == [1.0, 7.0, 8.0]
        assert opened == []

    def test_without_an_index_none_is_read_or_written(
        self, folder: Path, old: None, opened: list[str]
    ) -> None:
        TrialReader(folder, OBJECTIVE, index=False).read()
        assert not (folder / NAME).exists()
        TrialReader(folder, OBJECTIVE).read()
        opened.clear()
        TrialReader(folder, OBJECTIVE, index=False).read()
        assert len(opened) == 3

    def test_broken_files_are_remembered_too(self, folder: Path, old: None, opened: list[str]) -> None:
        os.truncate(folder / file_name(0), 9)
        (folder / file_name(1)).replace(folder / file_name(7))
        wait_for_tick(folder)
        reader = StudyReader(folder)
        broken = {file_name(0): "cut short, or no trial's record", file_name(7): "holds trial 1"}
        assert reader.summary().broken == broken
        opened.clear()
        assert reader.summary().broken == broken
        assert StudyReader(folder).summary().broken == broken
        assert opened == []

    @pytest.mark.skipif(sys.platform != "linux", reason="change tokens are Linux's")
    def test_with_a_token_the_folder_is_not_even_looked_at(
        self, folder: Path, old: None, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        if not has_leases(folder / file_name(0)):
            pytest.skip("this file system has no read leases")
        wait_for_tick(folder)
        reader = StudyReader(folder)
        for _ in range(2):  # reading the files is seen by the token too
            reader.summary(watch=True)
        with monkeypatch.context() as patched:
            patched.setattr(TrialReader, "_look", None)
            first = reader.summary(watch=True)
            assert reader.summary(watch=True) is first
            assert reader.summary(top=1, watch=True).top == first.top[:1]
            assert reader.summary(top=10).to_json() == first.to_json()
        rewrite(folder, trial(1, 7.0))
        assert reader.summary(watch=True).to_json() == truth(folder) != first.to_json()


class TestUnreadable:
    @pytest.mark.parametrize(
        "what",
        [
            "a folder",
            pytest.param("a link", marks=posix),
            pytest.param("a link that leads nowhere", marks=posix),
            pytest.param("a pipe", marks=posix),
        ],
    )
    def test_what_is_no_file_in_a_trial_s_place_is_named_and_its_removal_seen(
        self, folder: Path, old: None, what: str
    ) -> None:
        reader, path = StudyReader(folder), folder / file_name(7)
        reader.summary()
        if what == "a folder":
            path.mkdir()
        elif what == "a pipe":
            os.mkfifo(path)
        else:
            path.symlink_to(file_name(1) if what == "a link" else "nowhere")
        for each in (reader, StudyReader(folder), StudyReader(folder, index=False)):
            for watch in (False, True, True):
                made = each.summary(watch=watch)
                assert (made.broken, made.trials) == ({file_name(7): "not a file"}, 3)
        if what == "a folder":
            path.rmdir()
        else:
            path.unlink()
        for each in (reader, StudyReader(folder), StudyReader(folder, index=False)):
            assert each.summary().broken == {}
        assert scores(reader.trials) == [1.0, 1.0, 1.0]

    @pytest.mark.parametrize(
        "what",
        [
            "a folder",
            pytest.param("a link to the trial", marks=posix),
            pytest.param("a link that leads nowhere", marks=posix),
        ],
    )
    def test_the_summary_promises_only_what_an_optimizer_does_that_resumes(
        self, folder: Path, what: str
    ) -> None:
        path = folder / file_name(2)
        path.replace(folder.parent / "aside")
        if what == "a folder":
            path.mkdir()
        else:
            path.symlink_to(folder.parent / ("aside" if what == "a link to the trial" else "nowhere"))
        made = StudyReader(folder).summary()
        try:
            records, broken = read_all(folder)
        except SearchError:
            assert "resume sets them aside" not in made.warnings[0]
        else:
            assert (len(records), set(broken)) == (made.trials, set(made.broken))

    @pytest.mark.parametrize("watch", [False, True])
    def test_a_folder_that_went_is_named_and_its_return_seen(self, folder: Path, watch: bool) -> None:
        reader = TrialReader(folder, OBJECTIVE)
        for _ in range(3):
            reader.read(watch=watch)
        folder.rename(folder.parent / "gone")
        with pytest.raises(SearchError, match=r"study: cannot be read: "):
            reader.read(watch=watch)
        rewrite(folder.parent / "gone", trial(1, 7.0))
        (folder.parent / "gone").rename(folder)
        assert scores(reader, watch=watch) == [1.0, 7.0, 1.0]

    def test_a_failed_look_is_not_half_remembered(
        self, folder: Path, old: None, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        reader = TrialReader(folder, OBJECTIVE)
        reader.read()
        rewrite(folder, trial(1, 7.0))
        self.fail_once(reader, monkeypatch, watch=False)
        assert scores(reader) == [1.0, 7.0, 1.0]

    @pytest.mark.skipif(sys.platform != "linux", reason="change tokens are Linux's")
    @pytest.mark.parametrize("fault", [OSError(24, "Too many open files"), KeyboardInterrupt()])
    def test_nor_is_one_with_a_token(
        self, folder: Path, old: None, monkeypatch: pytest.MonkeyPatch, fault: BaseException
    ) -> None:
        reader = TrialReader(folder, OBJECTIVE)
        for _ in range(3):
            reader.read(watch=True)
        rewrite(folder, trial(1, 7.0))
        self.fail_once(reader, monkeypatch, watch=True, fault=fault)
        assert scores(reader, watch=True) == [1.0, 7.0, 1.0]

    @staticmethod
    def fail_once(
        reader: TrialReader,
        monkeypatch: pytest.MonkeyPatch,
        *,
        watch: bool,
        fault: BaseException | None = None,
    ) -> None:
        def failing(*_: object) -> Any:
            raise fault or OSError(5, "Input/output error")

        with monkeypatch.context() as patched:
            patched.setattr(reading, "open", failing, raising=False)
            with pytest.raises((SearchError, KeyboardInterrupt)):
                reader.read(watch=watch)

    def test_a_trial_that_is_set_aside_while_the_folder_is_looked_at_is_no_fault(
        self, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """As a resumed optimizer does with broken ones."""

        def gone(path: str, mode: str) -> Any:
            if path.endswith(file_name(1)):
                os.unlink(path)
            return open(path, mode)

        monkeypatch.setattr(reading, "open", gone, raising=False)
        assert scores(TrialReader(folder, OBJECTIVE)) == [1.0, 1.0]

    def test_a_number_that_no_search_may_have_is_no_traceback(self, folder: Path) -> None:
        large = trial(3).parameters | {"exits.max_bars": 2**70}
        (folder / file_name(3)).write_bytes(to_bytes(trial(3, parameters=large)))
        for _ in range(2):
            made = StudyReader(folder).summary()
            assert made.broken == {file_name(3): "holds a number of more than 64 bits"}
            assert made.trials == 3

    @pytest.mark.parametrize("value", [2**53, -(2**53)])
    def test_a_parameter_of_any_size_that_a_search_may_have_can_be_read(
        self, folder: Path, value: int
    ) -> None:
        """JSON has larger whole numbers than the index."""

        def table(value: int) -> dict[str, Any]:
            return {
                "parameters": {"exits": {"max_bars": {"kind": "choice", "values": [value]}}},
                "objective": {"metric": "sharpe"},
            }

        assert Search.from_dict(table(value))
        with pytest.raises(SearchError, match="9,007,199,254,740,992"):
            Search.from_dict(table(value + (1 if value > 0 else -1)))
        kept = trial(3, parameters={"exits.max_bars": value})
        write_records(folder, [kept])
        for _ in range(2):
            reader = TrialReader(folder, OBJECTIVE)
            reader.read()
            assert reader.records([3]) == [kept]


def validated(number: int, warning: str) -> bytes:
    tested = validating.Tested(
        number=number,
        identity=f"{number:032x}",
        in_sample=1.0,
        out_of_sample=0.5,
        feasible=True,
        reasons=[],
        metrics=dict.fromkeys(METRICS, 0.5),
        summary_digest="cd" * 16,
    )
    found = Validated(
        first=1,
        last=2,
        end=3,
        bars=2,
        data="d",
        tested=[tested],
        place=1,
        unchanged=Unchanged(in_sample=0.5, out_of_sample=None),
        warnings=[warning],
    )
    return msgspec.json.encode(found)


class TestSummary:
    @pytest.mark.parametrize("watch", [False, True])
    def test_a_test_that_comes_changes_or_goes_is_seen(self, folder: Path, old: None, watch: bool) -> None:
        make_study(folder, validation={"kind": "walk-forward", "folds": 2})
        wait_for_tick(folder)
        reader = StudyReader(folder)
        for _ in range(3):
            assert reader.summary(watch=watch).folds == []
        for warning in ("first", "other"):
            (folder / FILE).write_bytes(validated(0, warning))
            for _ in range(2):
                assert reader.summary(watch=watch).to_json() == truth(folder)
                assert [fold.warnings for fold in reader.summary(watch=watch).folds] == [[warning]]
        make_study(folder / "fold_01")
        (folder / "fold_01" / FILE).write_bytes(validated(1, "a fold's"))
        assert reader.summary(watch=watch).to_json() == truth(folder)
        assert len(reader.summary(watch=watch).folds) == 2
        (folder / FILE).unlink()
        assert reader.summary(watch=watch).to_json() == truth(folder)

    @pytest.mark.parametrize("change", [{"budget": {"trials": 500}}, {"objective": {"metric": "trades"}}])
    def test_a_study_that_was_resumed_with_more_trials_or_begun_anew_is_seen(
        self, folder: Path, change: dict[str, Any]
    ) -> None:
        reader = StudyReader(folder)
        reader.summary()
        make_study(folder, **change)
        assert reader.summary().to_json() == truth(folder)

    def test_it_says_what_stands_in_the_files(self, tmp_path: Path) -> None:
        bounds: list[dict[str, Any]] = [
            {"metric": "fees", "at_most": 5.0, "weight": 1.0},
            {"metric": "trades", "at_least": 30.0},
        ]

        def judged(
            number: int, sharpe: float, *, fees: float = 0.0, trades: float = 31.0, **given: Any
        ) -> Record:
            metrics = dict.fromkeys(METRICS, 0.0) | {"sharpe": sharpe, "fees": fees, "trades": trades}
            found = judge(metrics, OBJECTIVE, [Constraint(**one) for one in bounds])
            told = {"feasible": found.feasible, "reasons": found.reasons, "metrics": metrics}
            return trial(number, found.score, **told, **given)

        records = [
            judged(0, 1.5, seconds=0.5),
            judged(1, 3.5, fees=6.0),
            judged(2, 9.5, trades=20.0),
            trial(3, None, status="failed", metrics=None, feasible=False, error="it died"),
            trial(4, None, status="invalid", metrics=None, feasible=False, error="it died"),
            judged(5, 3.5, fees=6.0, status="repeated", repeats=1),
            judged(6, 2.5),
        ]
        folder = make_study(tmp_path / "study", records, budget={"trials": 9}, constraints=bounds)
        (folder / file_name(7)).write_bytes(to_bytes(judged(8, 1.0)))
        made = summarize(folder, top=2)
        assert (made.study, made.objective) == ("study", "maximize sharpe")
        assert (made.trials, made.wanted, made.ranks, made.seconds) == (7, 9, 3, 2.0)
        assert made.counts == {"feasible": 3, "infeasible": 1, "repeated": 1, "invalid": 1, "failed": 1}
        assert list(made.reasons.items()) == [("it died", 2), ("fees <= 5 (soft)", 1), ("trades >= 30", 1)]
        assert [(one.rank, one.number, one.score) for one in made.top] == [(1, 1, 2.5), (2, 6, 2.5)]
        assert made.top[0].parameters == records[1].parameters
        assert made.top[0].reasons == ["fees <= 5 (soft)"]
        assert made.broken == {file_name(7): "holds trial 8"}
        assert made.importances == []
        assert len(made.warnings) == 2
        assert made.warnings[0].startswith("1 file is no trial's record and left out: trial_000007.json; ")
        assert msgspec.json.decode(made.to_json())["schema"] == 1
        assert made.to_json() == summarize(folder, top=2).to_json()
        assert Study.open(folder).search.budget.trials == 9


class TestRanking:
    RECORDS = tuple(
        trial(
            number,
            (number * 7 % 10) / 2 - 2.0,
            seconds=0.1 * number,
            feasible=number % 5 != 0,
            reasons=["b"] if number % 5 == 0 else ["a"] if number % 4 == 0 else [],
        )
        for number in range(2 * LEAST_TRIALS)
    )

    @pytest.mark.parametrize("objective", [OBJECTIVE, LESS])
    def test_the_order_of_reading_changes_nothing(self, objective: Objective) -> None:
        rng, records = random.Random(4), list(self.RECORDS)
        expected = msgspec.json.encode(analyse(records, objective))
        for _ in range(20):
            rng.shuffle(records)
            assert msgspec.json.encode(analyse(iter(records), objective)) == expected

    @pytest.mark.parametrize("objective", [OBJECTIVE, LESS])
    def test_it_is_the_order_of_a_sort_by_hand(self, objective: Objective) -> None:
        sign = -1.0 if objective is OBJECTIVE else 1.0
        ranks = [record for record in self.RECORDS if record.feasible]
        by_hand = sorted(ranks, key=lambda record: (sign * (record.score or 0.0), record.number))
        found = analyse(self.RECORDS, objective)
        assert found.order == [record.number for record in by_hand]
        assert len({record.score for record in ranks}) < len(ranks)
        assert best_of(self.RECORDS[::-1], objective, 5) == by_hand[:5]
        assert found.trials == sum(found.counts.values()) == len(self.RECORDS)
        assert list(found.reasons.items()) == [("a", 8), ("b", 8)]
        assert found.importances

    def test_nothing_is_said_about_nothing(self) -> None:
        counts = {"feasible": 0, "infeasible": 0, "repeated": 0, "invalid": 0, "failed": 0}
        empty = Analysis(trials=0, counts=counts, reasons={}, importances=[], seconds=0.0, order=[])
        assert analyse([], OBJECTIVE) == empty


def test_the_order_in_which_a_folder_is_listed_changes_nothing(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Backwards(Stamps):
        @contextmanager
        def scandir(self, folder: Path) -> Iterator[Iterator[Any]]:
            with super().scandir(folder) as found:
                yield iter(sorted(found, key=lambda one: one.name, reverse=True))

    for number in (0, 2):
        os.truncate(folder / file_name(number), 9)
    expected = truth(folder)
    monkeypatch.setattr(reading, "os", Backwards(NOON, NOON))
    assert truth(folder) == expected
    reader = StudyReader(folder)
    assert list(reader.summary().broken) == [file_name(0), file_name(2)]
    assert list(reader.trials.read().entries) == trial_names(folder)


def test_records_come_back_to_the_bit(folder: Path, old: None) -> None:
    kept = trial(
        1, -0.0, parameters={"a": [0.1, 1], "b": [[5e-324, -0.0]], "c": True, "d": None, "e": 2**64 - 1}
    )
    write_records(folder, [kept])
    wait_for_tick(folder)
    for reader in (TrialReader(folder, OBJECTIVE), TrialReader(folder, OBJECTIVE)):
        reader.read()
        assert [to_bytes(record) for record in reader.records([1, 0])] == [to_bytes(kept), to_bytes(trial(0))]
        assert [record.number for record in reader.all_records()] == [0, 1, 2]
    assert isinstance(reader.read().entries[file_name(1)], Entry)


def test_trials_beyond_six_digits_are_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    folder = make_study(tmp_path / "study", [trial(number) for number in (1_000_000, 999_999, 2)])
    reader = TrialReader(folder, OBJECTIVE)
    assert reader.read().analysis.order == [2, 999_999, 1_000_000]
    assert [record.number for record in reader.all_records()] == [2, 999_999, 1_000_000]
