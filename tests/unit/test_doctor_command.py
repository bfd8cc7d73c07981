"""The command ``genesis-perf``, run as a user runs it."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from pytest_genesis_perf import cli
from pytest_genesis_perf.doctor import diagnosis, watch
from pytest_genesis_perf.screen import shows_colours

ROOT = Path(__file__).parents[2]
CODE = "from pytest_genesis_perf.cli import main; main()"


def environment(**more: str) -> dict[str, str]:
    # A terminal of the user's must not change what a pipe gets.
    kept = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "FORCE_COLOR")}
    return {**kept, "PYTHONPATH": str(ROOT), "TERM": "xterm", **more}


def process(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", CODE, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment())


def test_the_doctor_measures_and_tells_on_standard_output_alone(tmp_path: Path) -> None:
    file = tmp_path / "doctor.json"
    done = process("doctor", "--seconds", 1, "--seed", 42, "--json", file)
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[0].endswith("seed 42")
    assert max(map(len, lines)) < 80
    assert "\033" not in done.stdout
    assert "\r" not in done.stdout
    for title in ("Time in which", "Smallest effect", "What was seen of the machine", "What to change"):
        assert any(line.startswith(title) for line in lines)
    written = json.loads(file.read_text(encoding="utf-8"))
    assert written["seed"] == 42
    # What says the machine may take several lines; the verdict follows the empty one.
    verdict = lines[lines.index("") + 1]
    assert written["verdict"]["text"].split()[:2] == verdict.split()[:2]
    assert {each["slice_us"] for each in written["series"]} == {50, 100, 200}
    assert written["same_code_gates"]["false_alarms"] == 0
    assert written["machine"]["cpu_share"] > 0.0


def test_json_on_standard_output_is_all_of_it() -> None:
    done = process("doctor", "--seconds", 1, "--json", "-")
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["asked_seconds"] == 1.0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["doctor", "--seconds", "0.5"], "--seconds: must be a number of seconds from 1 to 3600, not 0.5"),
        (["doctor", "--seconds", "nan"], "--seconds: must be a number of seconds from 1 to 3600, not nan"),
        (["doctor", "--seconds", "soon"], "--seconds"),
        (["doctor", "--seed", "-1"], "--seed"),
        (
            ["doctor", "--json", "no/such/folder.json"],
            "--json: no/such/folder.json: must name a file in an existing",
        ),
        (["doctor", "--json", "."], "--json: .: must name a file in an existing folder"),
        (["doctor", "extra"], "extra"),
        (["docter"], "docter"),
        (["baseline", "list", "--baselines", "nowhere"], "nowhere: no such folder"),
    ],
)
def test_a_mistake_is_one_line_and_exit_code_2(
    arguments: list[str], message: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["genesis-perf", *arguments])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert message in told.err.replace("'", "")
    assert told.err.startswith("genesis")
    assert told.err.count("\n") == 1


def test_the_commands_of_baselines_are_here_too(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(
        sys, "argv", ["genesis-perf", "baseline", "list", "--baselines", str(ROOT / "baselines")]
    )
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 0
    assert "comparisons" in capsys.readouterr().out


def test_help_and_no_command_at_all(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for arguments, code in ((["--help"], 0), ([], 2), (["doctor", "--help"], 0)):
        monkeypatch.setattr(sys, "argv", ["genesis-perf", *arguments])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        assert ended.value.code == code
        assert "doctor" in capsys.readouterr().out


def test_a_file_that_cannot_be_written_after_all_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def taken_away(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "write_text", taken_away)
    monkeypatch.setattr(diagnosis, "kinds", lambda: {"loop": lambda: sum(range(100))})
    monkeypatch.setattr(
        sys, "argv", ["genesis-perf", "doctor", "--seconds", "1", "--json", str(tmp_path / "x")]
    )
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 2
    told = capsys.readouterr()
    assert "genesis-perf doctor: " in told.out, "what was measured is not lost"
    assert "Permission denied" in told.err


def test_a_tracer_is_the_verdict(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "active_tracer", lambda: "a trace function of coverage")
    monkeypatch.setattr(diagnosis, "kinds", lambda: {"loop": lambda: sum(range(100))})
    found = diagnosis.examine(1.0, 7)
    assert found.findings.verdict.text.startswith("not fit: a trace function of coverage is active")
    assert found.advice[0].about == "tracing"


def test_ctrl_c_before_anything_can_be_said_is_exit_code_130(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    calls = Counter[str]()

    def interrupted() -> None:
        calls["a"] += 1
        if calls["a"] == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr(diagnosis, "kinds", lambda: {"loop": interrupted})
    monkeypatch.setattr(sys, "argv", ["genesis-perf", "doctor"])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 130
    told = capsys.readouterr()
    assert "stopped by Ctrl-C" in told.out
    assert "not known: too few blocks were drawn" in told.out
    assert told.err == ""


def test_ctrl_c_before_measuring_is_exit_code_130(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(diagnosis, "kinds", interrupted)
    monkeypatch.setattr(sys, "argv", ["genesis-perf", "doctor"])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 130
    assert "Traceback" not in capsys.readouterr().err


@pytest.mark.skipif(not hasattr(os, "openpty"), reason="needs a terminal, which POSIX makes")
def test_a_terminal_is_told_how_far_it_is_and_ctrl_c_ends_it_cleanly() -> None:
    ours, theirs = os.openpty()
    running = subprocess.Popen(
        [sys.executable, "-c", CODE, "doctor", "--seconds", "600"],
        stdout=subprocess.PIPE,
        stderr=theirs,
        text=True,
        env=environment(),
    )
    os.close(theirs)
    shown = ""
    with os.fdopen(ours, "rb", buffering=0) as terminal:
        while "of 600 s, " not in shown:
            shown += terminal.read(200).decode()
        running.send_signal(signal.SIGINT)
        told, _ = running.communicate()
        shown += terminal.read(2_000).decode()
    assert "in slices of" in shown
    assert "Traceback" not in shown
    assert shown.endswith("\r" + 79 * " " + "\r"), "the line is gone at the end"
    assert "stopped by Ctrl-C" in told
    assert running.returncode == (130 if "not known: too few blocks were drawn" in told else 0)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_colours_are_for_terminals_and_no_color_is_honoured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("WT_SESSION", "1")
    assert shows_colours(Terminal())
    assert not shows_colours(io.StringIO())
    monkeypatch.setenv("TERM", "dumb")
    assert not shows_colours(Terminal())
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("NO_COLOR", "1")
    assert not shows_colours(Terminal())


def test_the_command_needs_no_pytest() -> None:
    code = f"import sys; sys.modules['pytest'] = sys.modules['_pytest'] = None; {CODE}"
    command = [sys.executable, "-c", code, "doctor", "--seconds", "1"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment())
    assert (done.returncode, done.stderr) == (0, "")
