"""The index on the disk is a shortcut, and never an answer of its own."""

from __future__ import annotations

import ast
import os
import random
import shutil
from pathlib import Path
from typing import Any

import msgspec
import pytest

from genesis_core.optimize import index as index_module
from genesis_core.optimize.index import NAME, Signature, State, load_index, save_index
from genesis_core.optimize.objective import Objective
from genesis_core.optimize.ranking import analyse
from genesis_core.optimize.reading import TrialReader
from genesis_core.optimize.record import to_bytes
from genesis_core.optimize.store import file_name, trial_names, write_records
from genesis_core.optimize.study import Study
from genesis_core.optimize.summarizing import StudyReader
from tests.unit.reading_cases import LESS, rewrite_and_set_back, scores, truth
from tests.unit.trial_cases import (
    OBJECTIVE,
    rewrite,
    trial,
    wait_for_tick,
)

pytestmark = pytest.mark.usefixtures("quick_disk")


class TestIndex:
    @pytest.fixture(autouse=True)
    def written(self, folder: Path, old: None) -> None:
        """An index of old files, and the trial that it says is the best is not the first."""
        write_records(folder, [trial(1, 2.0), trial(4, 1.5)])
        wait_for_tick(folder)
        TrialReader(folder, OBJECTIVE).read()

    def test_what_is_saved_is_loaded(self, folder: Path) -> None:
        state = TrialReader(folder, OBJECTIVE, index=False).read()
        loaded = load_index(folder, OBJECTIVE, None, None)
        assert loaded == state
        assert list(loaded.entries) == list(state.entries)
        assert msgspec.json.encode(loaded.analysis) == msgspec.json.encode(state.analysis)
        assert all(type(entry.signature) is Signature for entry in loaded.entries.values())

    def test_whatever_bit_of_it_flips_no_answer_changes(self, folder: Path) -> None:
        content = (folder / NAME).read_bytes()
        rng, expected = random.Random(2), truth(folder)
        for _ in range(250):
            flipped = bytearray(content)
            flipped[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
            (folder / NAME).write_bytes(flipped)
            assert load_index(folder, OBJECTIVE, None, None) is None
        assert StudyReader(folder).summary().to_json() == expected

    def test_however_it_is_cut_or_grows_no_answer_changes(self, folder: Path) -> None:
        content = (folder / NAME).read_bytes()
        for length in [*range(60), *range(60, len(content), 37)]:
            (folder / NAME).write_bytes(content[:length])
            assert load_index(folder, OBJECTIVE, None, None) is None
        for longer in (content + b"\n", content + content, b"\n" + content, content + bytes(16)):
            (folder / NAME).write_bytes(longer)
            assert load_index(folder, OBJECTIVE, None, None) is None
        assert StudyReader(folder).summary().to_json() == truth(folder)
        assert load_index(folder, OBJECTIVE, Study.open(folder).ground, Study.open(folder).aim) is not None

    def test_a_content_that_flips_is_not_believed(self, folder: Path) -> None:
        """A score that is another number, and nothing else wrong."""
        content = (folder / NAME).read_bytes()
        score = msgspec.msgpack.encode(2.0)
        assert score in content
        (folder / NAME).write_bytes(content.replace(score, msgspec.msgpack.encode(9.0)))
        assert scores(TrialReader(folder, OBJECTIVE)) == [1.0, 2.0, 1.0, 1.5]

    def test_one_of_another_objective_is_not_used(self, folder: Path, opened: list[str]) -> None:
        assert load_index(folder, LESS, None, None) is None
        assert TrialReader(folder, LESS).read().analysis.order == [0, 2, 4, 1]
        assert len(opened) == 4
        assert TrialReader(folder, OBJECTIVE).read().analysis.order == [1, 4, 0, 2]
        assert len(opened) == 8

    @pytest.mark.parametrize(
        "other",
        [
            Objective(metric="trades"),
            Objective(score={"sharpe": 1.0}),
            Objective(score={"sharpe": 1.0, "fees": -0.5}),
        ],
    )
    def test_each_part_of_the_objective_counts(self, folder: Path, other: Objective) -> None:
        assert load_index(folder, OBJECTIVE, None, None) is not None
        assert load_index(folder, other, None, None) is None

    def test_one_of_another_version_is_not_used(
        self, folder: Path, opened: list[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(index_module, "__version__", "99.0")
        assert load_index(folder, OBJECTIVE, None, None) is None
        assert TrialReader(folder, OBJECTIVE).read().analysis.order == [1, 4, 0, 2]
        assert len(opened) == 4
        assert load_index(folder, OBJECTIVE, None, None) is not None

    def test_one_of_other_code_of_the_same_version_is_not_used(
        self, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        code = folder.parent / "code"
        shutil.copytree(Path(index_module.__file__).parent, code)
        monkeypatch.setattr(index_module, "__file__", str(code / "index.py"))
        assert load_index(folder, OBJECTIVE, None, None) is not None
        with (code / "ranking.py").open("a") as file:
            file.write("# changed\n")
        assert load_index(folder, OBJECTIVE, None, None) is None

    def test_an_index_of_before_is_no_answer(self, folder: Path) -> None:
        before = (folder / NAME).read_bytes()
        rewrite(folder, trial(1, 7.0))
        write_records(folder, [trial(0, 8.0), trial(5, 9.0)])
        (folder / file_name(2)).unlink()
        (folder / NAME).write_bytes(before)
        assert scores(TrialReader(folder, OBJECTIVE)) == [8.0, 7.0, 1.5, 9.0]

    def test_one_that_came_with_a_copied_folder_is_no_answer(self, folder: Path, tmp_path: Path) -> None:
        copied = tmp_path / "copied"
        shutil.copytree(folder, copied)
        rewrite_and_set_back(copied / file_name(1), to_bytes(trial(1, 7.0)))
        assert scores(TrialReader(copied, OBJECTIVE)) == [1.0, 7.0, 1.0, 1.5]

    def test_what_it_knows_of_files_that_are_gone_is_forgotten(self, folder: Path) -> None:
        for name in trial_names(folder):
            (folder / name).unlink()
        state = TrialReader(folder, OBJECTIVE).read()
        assert state.entries == {}
        assert state.analysis.trials == 0
        assert load_index(folder, OBJECTIVE, None, None) == state

    @pytest.mark.parametrize("what", ["a folder", "a link to itself", "a link that leads nowhere"])
    def test_something_else_in_its_place_is_no_fault(self, folder: Path, what: str) -> None:
        (folder / NAME).unlink()
        if what == "a folder":
            (folder / NAME).mkdir()
        elif what == "a link to itself":
            (folder / NAME).symlink_to(NAME)
        else:
            (folder / NAME).symlink_to("nowhere")
        for _ in range(2):
            assert scores(TrialReader(folder, OBJECTIVE)) == [1.0, 2.0, 1.0, 1.5]
        assert [name for name in os.listdir(folder) if name.endswith(".tmp")] == []

    def test_a_disk_that_is_full_gives_no_index_and_the_same_answer(
        self, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        before = (folder / NAME).read_bytes()

        def full(*_: object) -> None:
            raise OSError(28, "No space left on device")

        rewrite(folder, trial(1, 7.0))
        with monkeypatch.context() as patched:
            patched.setattr(Path, "replace", full)
            assert scores(TrialReader(folder, OBJECTIVE)) == [1.0, 7.0, 1.0, 1.5]
        assert (folder / NAME).read_bytes() == before
        assert [name for name in os.listdir(folder) if name.endswith(".tmp")] == []

    def test_it_is_never_there_in_half(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        really, seen = Path.replace, []

        def noted(source: Path, target: Path) -> Path:
            seen.append((source.parent, target.name, source.read_bytes()))
            return really(source, target)

        monkeypatch.setattr(Path, "replace", noted)
        save_index(folder, OBJECTIVE, None, None, State({}, analyse([], OBJECTIVE)))
        assert seen == [(folder, NAME, (folder / NAME).read_bytes())]

    @pytest.mark.parametrize("content", [("another", [], {}), ("another", [], {}, 1), {"key": 1}, None])
    def test_one_of_a_version_that_keeps_other_things_is_not_used(self, folder: Path, content: Any) -> None:
        body = index_module._MAGIC + msgspec.msgpack.encode(content)
        (folder / NAME).write_bytes(body + index_module._checksum(body))
        assert scores(TrialReader(folder, OBJECTIVE)) == [1.0, 2.0, 1.0, 1.5]


def test_an_index_is_of_all_code_that_decides_what_it_says() -> None:
    """What the named modules import of the optimizer is named too."""
    folder = Path(index_module.__file__).parent
    imported = {
        name.removeprefix("genesis_core.optimize.")
        for module in index_module.DECIDING
        for node in ast.walk(ast.parse((folder / f"{module}.py").read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom)
        for name in [str(node.module)]
        if name.startswith("genesis_core.optimize.")
    }
    assert "ranking" in imported
    assert imported <= set(index_module.DECIDING)
