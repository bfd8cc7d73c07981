"""One optimizer at a time: the lock of a study, and what it sweeps up."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from genesis_core.errors import SearchError
from genesis_core.optimize import locking
from genesis_core.optimize.locking import LOCK, locked, only_writer
from genesis_core.optimize.store import QUARANTINE, file_name

ROOT = Path(__file__).resolve().parents[2]
FORKING = """
import os, signal, sys
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from genesis_core.optimize.locking import only_writer

with only_writer(Path(sys.argv[1])):
    with ProcessPoolExecutor(1, get_context("fork")) as pool:
        print(pool.submit(os.getpid).result(), flush=True)
        os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks")
def test_a_forked_worker_that_outlives_an_optimizer_does_not_hold_its_lock(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", FORKING, str(tmp_path)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    ) as killed:
        assert killed.stdout is not None
        worker = int(killed.stdout.readline())
        killed.wait(60)
    try:
        os.kill(worker, 0)  # it waits for work that will not come
        with only_writer(tmp_path):
            pass
    finally:
        os.kill(worker, 9)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks")
def test_a_fork_that_ends_does_not_let_the_lock_go(tmp_path: Path) -> None:
    with only_writer(tmp_path):
        child = os.fork()
        if child == 0:
            os._exit(0)
        os.waitpid(child, 0)
        with pytest.raises(SearchError, match="another optimizer"), only_writer(tmp_path):
            pytest.fail("two at once")


def test_a_lock_that_is_taken_away_meanwhile_is_taken_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its holder ends between our opening the file and locking it: then we would lock a file that nobody sees."""
    path, really, first = tmp_path / ".lock", locking._lock, []

    def slow(file: int) -> None:
        if not first:
            first.append(file)
            path.unlink()
        really(file)

    monkeypatch.setattr(locking, "_lock", slow)
    with locked(path, "taken", leave=False):
        assert path.exists()
        with pytest.raises(SearchError, match="taken"), locked(path, "taken", leave=False):
            pytest.fail("two at once")
    assert not path.exists()


class TestOnlyWriter:
    def test_it_holds_within_one_process_too_and_is_let_go_after_a_failure(self, tmp_path: Path) -> None:
        with only_writer(tmp_path):
            for _ in range(2):
                with pytest.raises(SearchError, match="another optimizer"), only_writer(tmp_path):
                    pytest.fail("two at once")
        with pytest.raises(ZeroDivisionError), only_writer(tmp_path):
            raise ZeroDivisionError
        with only_writer(tmp_path):
            pass

    def test_only_temporary_files_of_this_folder_are_cleaned(self, tmp_path: Path) -> None:
        (tmp_path / "fold_01").mkdir()
        (tmp_path / QUARANTINE).mkdir()
        stale = [tmp_path / ".trial_000001.json.ab12.tmp", tmp_path / ".index.cd34.tmp"]
        kept = [
            tmp_path / "notes.tmp",
            tmp_path / ".trial_000001.json",
            tmp_path / file_name(1),
            tmp_path / ".index",
            tmp_path / "fold_01" / ".trial_000001.json.ab12.tmp",
            tmp_path / QUARANTINE / ".trial_000001.json.ab12.tmp",
        ]
        for path in (*stale, *kept):
            path.write_text("x")
        with only_writer(tmp_path):
            assert not any(path.exists() for path in stale)
            assert all(path.read_text() == "x" for path in kept)
        assert all(path.read_text() == "x" for path in kept)

    def test_a_temporary_file_that_its_owner_takes_away_meanwhile_is_no_fault(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / ".index.cd34.tmp").touch()
        really = Path.glob

        def found_and_gone(path: Path, pattern: str) -> list[Path]:
            found = list(really(path, pattern))
            for one in found:
                one.unlink()
            return found

        monkeypatch.setattr(Path, "glob", found_and_gone)
        with only_writer(tmp_path):
            pass

    def test_a_folder_that_cannot_be_written_is_named(self, tmp_path: Path) -> None:
        with (
            pytest.raises(SearchError, match=r"nowhere: cannot be written: "),
            only_writer(tmp_path / "nowhere"),
        ):
            pytest.fail("there is no such folder")
        (tmp_path / LOCK).mkdir()
        with pytest.raises(SearchError, match=r"cannot be written: "), only_writer(tmp_path):
            pytest.fail("there is no lock")

    def test_what_cannot_be_cleaned_is_no_traceback(self, tmp_path: Path) -> None:
        (tmp_path / ".mine.tmp").mkdir()
        with only_writer(tmp_path):
            pass
