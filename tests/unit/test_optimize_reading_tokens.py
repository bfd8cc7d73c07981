"""Readers that watch answer like those that look, and fall back where they may not trust the system."""

from __future__ import annotations

import mmap
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from genesis_core.optimize import reading
from genesis_core.optimize.index import State
from genesis_core.optimize.reading import TrialReader
from genesis_core.optimize.record import to_bytes
from genesis_core.optimize.store import file_name
from tests.unit.reading_cases import posix, read_anew, rename_over, rewrite_and_set_back, scores
from tests.unit.trial_cases import (
    OBJECTIVE,
    has_leases,
    make_study,
    rewrite,
    trial,
    wait_for_tick,
)

pytestmark = pytest.mark.usefixtures("quick_disk")


@pytest.mark.skipif(sys.platform != "linux", reason="change tokens are Linux's")
class TestTokens:
    @pytest.fixture
    def reader(self, folder: Path, old: None) -> TrialReader:
        """A reader that holds a token."""
        wait_for_tick(folder)
        made = TrialReader(folder, OBJECTIVE, index=False)
        for _ in range(3):
            made.read(watch=True)
        if not has_leases(folder / file_name(0)):
            pytest.skip("this file system has no read leases")
        assert made._watch is not None
        wait_for_tick(folder)
        return made

    def test_a_token_is_given_up_when_none_is_asked_for(self, folder: Path, reader: TrialReader) -> None:
        rewrite(folder, trial(1, 7.0))
        assert scores(reader) == [1.0, 7.0, 1.0]
        assert reader._watch is None

    def test_a_file_that_is_open_for_writing_is_looked_at_each_time(
        self, folder: Path, reader: TrialReader
    ) -> None:
        with (folder / file_name(1)).open("r+b", buffering=0) as file:
            for score in (7.0, 8.0, 9.0):
                wait_for_tick(folder)
                os.pwrite(file.fileno(), to_bytes(trial(1, score)), 0)
                for _ in range(2):
                    assert scores(reader, watch=True) == [1.0, score, 1.0]

    @pytest.mark.parametrize("how", [rewrite_and_set_back, rename_over])
    def test_what_changes_between_token_and_look_is_seen(
        self,
        folder: Path,
        reader: TrialReader,
        monkeypatch: pytest.MonkeyPatch,
        how: Callable[[Path, bytes], None],
    ) -> None:
        """Before the look, after it, and while it goes on."""
        really = TrialReader._look
        for at, before in enumerate((True, False)):
            score = 7.0 + at

            def changing(
                one: TrialReader, known: State | None, before: bool = before, score: float = score
            ) -> State:
                if not before:
                    state = really(one, known)
                how(folder / file_name(1), to_bytes(trial(1, score)))
                wait_for_tick(folder)
                return really(one, known) if before else state

            how(folder / file_name(0), to_bytes(trial(0, score)))
            wait_for_tick(folder)
            with monkeypatch.context() as patched:
                patched.setattr(TrialReader, "_look", changing)
                reader.read(watch=True)
            for _ in range(3):
                assert scores(reader, watch=True) == [score, score, 1.0]

    def test_a_file_that_comes_between_list_and_token_is_watched_too(
        self, folder: Path, reader: TrialReader, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        really = reading.trial_names

        def and_another(where: Path) -> list[str]:
            names = really(where)
            (where.parent / "new").replace(where / file_name(3))
            return names

        (folder.parent / "new").write_bytes(to_bytes(trial(3)))
        (folder / file_name(2)).unlink()
        wait_for_tick(folder, folder.parent / "new")
        with monkeypatch.context() as patched:
            patched.setattr(reading, "trial_names", and_another)
            reader.read(watch=True)
        rewrite(folder, trial(3, 7.0))
        assert scores(reader, watch=True) == [1.0, 1.0, 7.0]

    @pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
    def test_a_forked_process_takes_nothing_away(self, folder: Path, reader: TrialReader) -> None:
        (folder / file_name(1)).unlink()
        child = os.fork()
        if child == 0:
            try:
                reader.read()
            finally:
                os._exit(0)
        os.waitpid(child, 0)
        assert scores(reader, watch=True) == [1.0, 1.0]

    def test_another_folder_of_the_same_path_is_read(self, tmp_path: Path, old: None) -> None:
        for name, score in (("results", 1.0), ("new", 7.0)):
            make_study(tmp_path / name / "study", [trial(0, score)])
        reader = TrialReader(tmp_path / "results" / "study", OBJECTIVE)
        for _ in range(3):
            reader.read(watch=True)
        (tmp_path / "results").rename(tmp_path / "old")
        (tmp_path / "new").rename(tmp_path / "results")
        assert scores(reader, watch=True) == [7.0]


@posix
@pytest.mark.parametrize("index", [False, True])
def test_a_store_into_a_mapping_that_was_there_before_the_look_is_seen(
    folder: Path, old: None, index: bool
) -> None:
    """The system moves the stamp when a page is first written to, and not again before it is on the disk."""
    path = folder / file_name(1)
    with path.open("r+b") as file, mmap.mmap(file.fileno(), 0) as mapped:
        mapped[:] = to_bytes(trial(1, 7.0))
        wait_for_tick(folder)
        reader = TrialReader(folder, OBJECTIVE, index=index)
        assert scores(reader) == [1.0, 7.0, 1.0]
        mapped[:] = to_bytes(trial(1, 8.0))
        assert scores(reader) == read_anew(folder) == [1.0, 8.0, 1.0]
