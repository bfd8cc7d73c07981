"""``genesis optimize`` and ``genesis backtest --trial``, run as a user runs them: exit codes, both outputs, files."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from typer.testing import Result

from genesis_core import backtest
from genesis_core.optimize import Search, summarize
from genesis_core.optimize.locking import only_writer
from genesis_core.optimize.objective import METRICS
from genesis_core.optimize.record import Record, to_bytes
from genesis_core.optimize.store import file_name, read_record
from genesis_core.strategy import load_strategy
from tests.unit.search_cases import (
    BY,
    ROOT,
    TABLES,
    TRIALS,
    config_of,
    contents,
    disturbed,
    names,
    stored,
    write_own,
    write_search,
)
from tests.unit.study_cases import CANDLES, optimize, refused, scores
from tests.unit.test_cli import invoke, process

COMMANDS = ("run", "resume", "summarize", "promote")
SEARCHES = {
    "toml": b"[parameters\n",
    "empty": b"",
    "key": b'[parameters.exits]\nstop = { kind = "float", low = 1.0, high = 2.0 }\n'
    b'[objective]\nmetric = "sharpe"\n[budgets]\ntrials = 3\n',
    "parameter": b'[parameters.exits]\nstopp = { kind = "float", low = 1.0, high = 2.0 }\n'
    b'[objective]\nmetric = "sharpe"\n',
    "text": b"\xff\xfe",
}
PARAMETERS = {"exits": {"stop": {"kind": "float", "low": 1.0, "high": 6.0}}}


def test_a_run_says_what_it_did(searched: tuple[Path, Result]) -> None:
    folder, done = searched
    lines = done.stdout.splitlines()
    assert lines[0].startswith("s: maximize sharpe; Candles(tBTCUSD 1h, 1,500 bars")
    assert lines[0].endswith("embedded data set")
    assert lines[1].startswith(f"{TRIALS} trials run in ")
    assert lines[1].endswith(str(folder / "results" / "s"))
    assert any(line.split()[:2] == ["trials", "24:"] for line in lines)
    assert done.stderr == ""
    summary = summarize(folder / "results" / "s")
    best = summary.top[0]
    shown = next(line for line in lines if line.split()[:2] == ["1", str(best.number)])
    assert f"{best.score:.4f}" in shown
    assert f"exits.stop={best.parameters['exits.stop']:.6g}" in shown
    assert any(line.startswith("1 of 1  ") for line in lines), (
        "the out-of-sample table stands before the ranking"
    )


def test_a_run_leaves_a_file_a_trial_and_nothing_else(searched: tuple[Path, Result]) -> None:
    study = searched[0] / "results" / "s"
    assert set(contents(study)) == names() | {"study.toml", "validation.json"}
    record = read_record(study / file_name(5))
    assert (record.number, record.status, record.attempts, record.seed) == (5, "complete", 1, 7)
    assert record.metrics is not None
    assert set(record.metrics) == set(METRICS)
    assert record.first == int(CANDLES.timestamp[0])
    assert record.last == int(CANDLES.timestamp[1_049])


def test_a_second_run_runs_nothing_and_writes_no_trial(study: Path) -> None:
    before = contents(study)
    times = {file: file.stat().st_mtime_ns for file in study.glob("trial_*")}
    done = optimize("run", study.parents[1] / "s.toml", "--results", study.parent)
    assert done.exit_code == 0
    assert done.stdout.splitlines()[1].startswith("0 trials run in ")
    assert f"; {TRIALS} were on record; " in done.stdout.splitlines()[1]
    assert contents(study) == before
    assert {file: file.stat().st_mtime_ns for file in study.glob("trial_*")} == times


@pytest.mark.parametrize("command", ["run", "resume"])
def test_more_trials_grow_a_study_and_change_none_before(study: Path, command: str) -> None:
    before = contents(study)
    what = study.parents[1] / "s.toml" if command == "run" else "s"
    done = optimize(command, what, "--results", study.parent, "--trials", 37)
    assert done.exit_code == 0, done.output
    assert done.stdout.splitlines()[1].startswith("13 trials run in ")
    after = contents(study)
    assert names(37) <= set(after)
    assert {name: after[name] for name in names()} == {name: before[name] for name in names()}
    plain = json.loads(optimize("summarize", study, "--json", "-").stdout)
    assert (plain["trials"], plain["wanted"]) == (37, 37)


def test_a_study_can_have_another_name_than_its_file(study: Path, tmp_path: Path) -> None:
    done = optimize(
        "run", tmp_path / "s.toml", "--results", tmp_path / "r", "--study", "other", "--trials", 8
    )
    assert done.exit_code == 0, done.output
    assert [entry.name for entry in (tmp_path / "r").iterdir()] == ["other"]
    assert done.stdout.startswith("other: ")
    assert names(8) <= set(contents(tmp_path / "r" / "other"))
    assert optimize("summarize", "other", "--results", tmp_path / "r").stdout.split()[:2] == [
        "study",
        "other",
    ]


def test_json_alone_on_standard_output_is_the_summary(study: Path, tmp_path: Path) -> None:
    search = tmp_path / "s.toml"
    ran = optimize("run", search, "--results", study.parent, "--top", 7, "--json", "-")
    told = optimize("summarize", study, "--top", 7, "--json", "-")
    assert ran.exit_code == told.exit_code == 0
    assert ran.stderr == told.stderr == ""
    plain = json.loads(told.stdout)
    head = {"command": "optimize summarize"}
    assert plain == head | json.loads(summarize(study, 7).to_json())
    run = json.loads(ran.stdout)
    about = run.pop("run")
    assert run == plain | {"command": "optimize run"}
    assert about.pop("seconds") > 0.0
    assert about == {
        "folder": str(study),
        "trials_run": 0,
        "trials_known": TRIALS,
        "stopped": ["trials"],
        "set_aside": [],
    }
    assert [one["rank"] for one in plain["top"]] == [1, 2, 3, 4, 5, 6, 7]
    written = optimize("summarize", study, "--top", 7, "--json", tmp_path / "x.json")
    assert (tmp_path / "x.json").read_text() == told.stdout
    assert written.stdout == optimize("summarize", study, "--top", 7).stdout


def test_a_first_run_with_json_prints_nothing_else(tmp_path: Path) -> None:
    write_search(tmp_path / "s.toml", budget={"trials": 8})
    done = optimize("run", tmp_path / "s.toml", "--results", tmp_path / "r", "--json", "-")
    assert done.exit_code == 0
    assert json.loads(done.stdout)["trials"] == 8
    assert done.stderr == ""


def test_the_ranking_is_as_long_as_asked(study: Path) -> None:
    ranks = summarize(study).ranks
    assert ranks > 4
    for top, shown in ((1, 1), (3, 3), (1_000, ranks)):
        done = optimize("summarize", study, "--top", top)
        lines = done.stdout.splitlines()
        start = next(at for at, line in enumerate(lines) if line.split()[:1] == ["rank"])
        assert [line.split()[0] for line in lines[start + 1 : start + 1 + shown]] == [
            str(rank) for rank in range(1, shown + 1)
        ]
        rest = lines[start + 1 + shown :]
        assert rest == ([] if shown == ranks else [f"{ranks - shown:,} more rank; --top shows them"])


def test_the_summary_is_the_same_with_and_without_an_index(study: Path) -> None:
    (study / ".index").unlink(missing_ok=True)
    without = optimize("summarize", study, "--no-index", "--json", "-")
    assert not (study / ".index").exists()
    first = optimize("summarize", study, "--json", "-")
    assert (study / ".index").exists()
    again = optimize("summarize", study, "--json", "-")
    (study / ".index").write_bytes(b"not an index")
    damaged = optimize("summarize", study, "--json", "-")
    assert without.stdout == first.stdout == again.stdout == damaged.stdout
    assert contents(study).keys() == names() | {"study.toml", "validation.json"}


def test_a_study_is_found_by_name_and_by_folder_from_anywhere(
    study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = optimize("summarize", "s", "--results", study.parent).stdout
    monkeypatch.chdir(study)
    assert optimize("summarize", ".").stdout == expected
    monkeypatch.chdir(study.parent)
    assert optimize("summarize", "s").stdout == expected
    monkeypatch.chdir(study.parents[1])
    assert optimize("summarize", "s").stdout == expected
    done = optimize("resume", "s")
    assert done.exit_code == 0, done.output
    assert f"; {TRIALS} were on record; " in done.stdout


def test_a_study_that_was_moved_goes_on_under_its_new_name(study: Path, tmp_path: Path) -> None:
    study.rename(tmp_path / "moved")
    done = optimize("resume", tmp_path / "moved", "--trials", 30)
    assert done.exit_code == 0, done.output
    assert done.stdout.startswith("moved: ")
    assert names(30) <= set(contents(tmp_path / "moved"))


@pytest.mark.parametrize("png", [False, True])
def test_charts_are_drawn_into_a_folder(study: Path, tmp_path: Path, png: bool) -> None:
    pytest.importorskip("matplotlib")
    done = optimize("summarize", study, "--charts", tmp_path / "charts", *(["--png"] if png else []))
    assert done.exit_code == 0, done.output
    drawn = sorted((tmp_path / "charts").iterdir())
    suffix = ".png" if png else ".svg"
    assert [file.stem for file in drawn] == ["history", "importances", "slices"]
    start = b"\x89PNG" if png else b"<?xml"
    assert all(file.suffix == suffix and file.read_bytes().startswith(start) for file in drawn)
    last = done.stdout.splitlines()[-1]
    assert all(str(file) in last for file in drawn)


def test_charts_do_not_spoil_the_json(study: Path, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    done = optimize("summarize", study, "--charts", tmp_path / "charts", "--json", "-")
    assert done.stdout == optimize("summarize", study, "--json", "-").stdout
    assert (tmp_path / "charts" / "history.svg").exists()


def test_a_fault_of_the_charts_is_told_before_the_summary(study: Path, tmp_path: Path) -> None:
    done = optimize("summarize", study, "--charts", tmp_path / "s.toml")
    assert "--charts" in refused(done)
    assert done.stdout == ""


@pytest.mark.parametrize("command", ["resume", "summarize", "promote"])
def test_an_unknown_study_is_told_with_those_there_are(study: Path, command: str) -> None:
    more = ("--to", study.parents[1] / "c.toml") if command == "promote" else ()
    told = refused(optimize(command, "t", "--results", study.parent, *more))
    assert told == "there is no study 't'; there are: s"
    told = refused(optimize(command, "t", "--results", study.parent / "none", *more))
    assert told == f"there is no study 't'; {study.parent / 'none'} has none"


@pytest.mark.parametrize(
    ("tables", "words"),
    [
        ({"parameters": PARAMETERS}, "parameters"),
        ({"sampler": {"seed": 8}}, "sampler.seed"),
        ({"objective": {"metric": "total_return"}}, "objective.metric"),
        ({"constraints": []}, "constraints"),
        ({"validation": {"embargo": 3}}, "the candles"),
        ({"validation": {"test": 0.25}}, "the number of candles"),
        ({"data": {"bars": 1_400}}, "the number of candles"),
        ({"data": {"symbol": "tETHUSD"}}, "the candles"),
        ({"strategy": None, "parameters": PARAMETERS}, "the strategy file"),
    ],
)
def test_another_search_does_not_mix_with_a_study(study: Path, tables: dict[str, Any], words: str) -> None:
    before = contents(study)
    write_search(study.parents[1] / "other.toml", **tables)
    told = refused(
        optimize("run", study.parents[1] / "other.toml", "--results", study.parent, "--study", "s")
    )
    assert words in told
    assert "changed since it was begun" in told
    assert "--study" in told
    assert contents(study) == before


def test_what_changes_no_trial_may_change(study: Path) -> None:
    before = stored(study)
    other = write_search(
        study.parents[1] / "other.toml", sampler={"batch": 5}, validation={"top": 3}, budget={"retries": 3}
    )
    done = optimize("run", other, "--results", study.parent, "--study", "s")
    assert done.exit_code == 0, done.output
    assert done.stdout.splitlines()[1].startswith("0 trials run in ")
    assert stored(study) == before
    assert len(scores(study)) == 3
    assert "batch = 5" in (study / "study.toml").read_text()


@pytest.mark.parametrize("change", [{"batch": 4}, {"startup": 21}])
def test_what_a_sampler_has_learned_by_when_is_another_search(tmp_path: Path, change: dict[str, int]) -> None:
    pytest.importorskip("optuna")
    search = write_search(
        tmp_path / "t.toml", sampler={"kind": "tpe"}, budget={"trials": 30}, validation=None
    )
    assert optimize("run", search, "--results", tmp_path).exit_code == 0
    write_search(search, sampler={"kind": "tpe", **change}, budget={"trials": 30}, validation=None)
    (name,) = change
    assert f": sampler.{name} changed since it was begun" in refused(
        optimize("run", search, "--results", tmp_path)
    )


def test_changed_candles_and_a_changed_strategy_are_told(tmp_path: Path) -> None:
    strategy, candles = tmp_path / "a.toml", tmp_path / "tBTCUSD_1h.csv"
    shutil.copy(TABLES, strategy)
    CANDLES.to_csv(candles)
    values: dict[str, Any] = {"strategy": "a.toml", "data": {"csv": candles.name}}
    write_search(tmp_path / "s.toml", budget={"trials": 8}, **values)
    text = (tmp_path / "s.toml").read_text().replace("bars = 1500\n", "")
    (tmp_path / "s.toml").write_text(text)
    run = ("run", tmp_path / "s.toml", "--results", tmp_path / "r")
    assert optimize(*run).exit_code == 0
    before = contents(tmp_path / "r")
    again = ("resume", tmp_path / "r" / "s", "--trials", 9)
    trial = ("backtest", "--trial", tmp_path / "r" / "s" / file_name(3))

    strategy.write_text(strategy.read_text().replace("bias = -2.5", "bias = -2.25"))
    for done in (optimize(*again), optimize(*run), invoke(*trial)):
        assert "the strategy file changed since" in refused(done)
    strategy.write_text("# Comments change nothing.\n" + TABLES.read_text())
    disturbed(CANDLES, 700, 720).to_csv(candles)
    for done in (optimize(*again), optimize(*run), invoke(*trial)):
        told = refused(done)
        assert "the candles changed since" in told
        assert "strategy" not in told.partition(": ")[2].partition(" changed")[0]
    candles.unlink()
    assert "tBTCUSD_1h.csv" in refused(optimize(*again))
    assert contents(tmp_path / "r") == before

    CANDLES.to_csv(candles)
    assert optimize(*again).exit_code == 0
    done = invoke(*trial)
    assert done.exit_code == 0, done.output


def test_changed_code_of_a_strategy_is_told(tmp_path: Path) -> None:
    write_own(tmp_path / "own.py")
    write_search(
        tmp_path / "s.toml", strategy="own.py", parameters=BY, sampler={"kind": "grid"}, constraints=[],
        objective={"metric": "total_return"},
    )  # fmt: skip
    run = ("run", tmp_path / "s.toml", "--results", tmp_path / "r")
    done = optimize(*run)
    assert done.exit_code == 0, done.output
    assert "the grid has no more points" in done.stdout
    write_own(tmp_path / "own.py", inside="extra = extra + 0.5")
    assert "the code of the strategy" in refused(optimize(*run))
    assert "the code of the strategy" in refused(
        invoke("backtest", "--trial", tmp_path / "r/s" / file_name(1))
    )


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("toml", "not TOML"),
        ("empty", "there are no parameters"),
        ("key", "budgets"),
        ("parameter", "stopp"),
        ("text", "not UTF-8"),
        ("missing", "cannot be read"),
    ],
)
def test_a_wrong_search_is_one_line_and_makes_no_folder(tmp_path: Path, name: str, words: str) -> None:
    if name in SEARCHES:
        (tmp_path / f"{name}.toml").write_bytes(SEARCHES[name])
    told = refused(optimize("run", tmp_path / f"{name}.toml", "--results", tmp_path / "r"))
    assert words in told
    assert not (tmp_path / "r").exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("run", "{search}", "--executor", "everywhere"), "executor 'everywhere'"),
        (("run", "{search}", "--executor", "dask://here"), "dask://HOST:PORT"),
        (("run", "{search}", "--executor", "dask://tcp://127.0.0.1:8786"), "dask://HOST:PORT"),
        (("run", "{search}", "--executor", "dask://[::1:80"), "dask://HOST:PORT"),
        (("run", "{search}", "--workers", 2), "'here' is one"),
        (("run", "{search}", "--workers", 0), "--workers"),
        (("run", "{search}", "--trials", 0), "--trials"),
        (("run", "{search}", "--minutes", 0), "--minutes"),
        (("run", "{search}", "--minutes", "nan"), "--minutes"),
        (("run", "{search}", "--top", 0), "--top"),
        (("run", "{search}", "--study", "a/b"), "'a/b'"),
        (("run", "{search}", "--study", ".."), "'..'"),
        (("run", "{search}", "--json", "{here}/none/x.json"), "is no folder"),
        (("run", "{search}", "--result", "x"), "--result"),
        (("run", "{search}", "more"), "more"),
        (("run",), "SEARCH.toml"),
        (("resume",), "STUDY"),
        (("summarize",), "STUDY"),
        (("promote", "{study}"), "--to"),
        (("promote", "{study}", "--to", "{here}/c.toml", "--trial", -1), "--trial"),
        (("promote", "{study}", "--to", "{here}/c.json"), ".toml is needed"),
        (("summarize", "{study}", "--trial", 3), "--trial"),
        (("summarize", "{study}", "--png"), "--charts"),
        (("improve",), "improve"),
    ],
)
def test_a_wrong_option_is_one_line_and_changes_nothing(
    study: Path, tmp_path: Path, arguments: tuple[object, ...], words: str
) -> None:
    before = contents(tmp_path)
    given = [str(one).format(search=tmp_path / "s.toml", study=study, here=tmp_path) for one in arguments]
    more = ("--results", tmp_path / "new") if given[0] == "run" else ()
    assert words in refused(optimize(*given, *more))
    assert contents(tmp_path) == before
    assert not (tmp_path / "new").exists()


def test_data_that_cannot_be_read_names_the_search(tmp_path: Path) -> None:
    for data, words in (({"csv": "none.csv"}, "none.csv"), ({"from": "2050-01-01"}, "no candles")):
        write_search(tmp_path / "s.toml")
        text = (tmp_path / "s.toml").read_text()
        (key, value), = data.items()  # fmt: skip
        (tmp_path / "s.toml").write_text(text.replace("bars = 1500", f'{key} = "{value}"'))
        told = refused(optimize("run", tmp_path / "s.toml", "--results", tmp_path / "r"))
        assert told.startswith(f"{tmp_path / 's.toml'}: data: ")
        assert words in told


def test_a_strategy_that_cannot_be_read_is_one_line(tmp_path: Path) -> None:
    for name, content in (("none.toml", None), ("x.py", "1 / 0\n"), ("y.toml", "[exits]\nstop = -1\n")):
        if content is not None:
            (tmp_path / name).write_text(content)
        write_search(tmp_path / "s.toml", strategy=name)
        assert name in refused(optimize("run", tmp_path / "s.toml", "--results", tmp_path / "r"))
    assert not (tmp_path / "r").exists()


def test_options_say_which_candles_instead_of_the_search(tmp_path: Path) -> None:
    write_search(tmp_path / "s.toml", budget={"trials": 4})
    CANDLES[:1_400].to_csv(tmp_path / "tETHUSD_1h.csv")
    run = ("run", tmp_path / "s.toml", "--results", tmp_path / "r", "--json", "-")
    assert optimize(*run, "--study", "a", "--bars", 1_400).exit_code == 0
    assert (
        optimize(*run, "--study", "b", "--bars", 1_300, "--csv", tmp_path / "tETHUSD_1h.csv").exit_code == 0
    )
    for name, candles in (("a", CANDLES[:980]), ("b", CANDLES[:910])):
        record = read_record(tmp_path / "r" / name / file_name(1))
        single = backtest(candles, config_of(record.parameters, load_strategy(TABLES)), compiled=True)
        assert record.summary_digest == single.summary_digest
        done = optimize("resume", tmp_path / "r" / name, "--trials", 5)
        assert done.exit_code == 0, done.output
        assert invoke("backtest", "--trial", tmp_path / "r" / name / file_name(4)).exit_code == 0


def test_an_option_that_is_its_own_default_stands_instead_of_the_search(tmp_path: Path) -> None:
    file = tmp_path / "tBTCUSD_1h.csv"
    CANDLES.to_csv(file)
    rows = file.read_text().splitlines(keepends=True)
    file.write_text("".join(rows[:700] + rows[703:]))
    write_search(
        tmp_path / "s.toml", data={"csv": str(file), "gaps": "keep", "bars": 1_400}, budget={"trials": 2}
    )
    run = ("run", tmp_path / "s.toml", "--results", tmp_path / "r")
    assert "gap" in refused(optimize(*run, "--gaps", "error"))
    assert optimize(*run).exit_code == 0


def test_a_run_of_several_searches_counts_them_all(tmp_path: Path) -> None:
    walk = {"kind": "walk-forward", "folds": 2, "test": 0.2}
    write_search(tmp_path / "s.toml", validation=walk, budget={"trials": 6})
    run = ("run", tmp_path / "s.toml", "--results", tmp_path / "r")
    assert optimize(*run).stdout.splitlines()[1].startswith("12 trials run in 2 searches in ")
    more = optimize(*run, "--trials", 8).stdout.splitlines()[1]
    assert more.startswith("4 trials run in 2 searches in ")
    assert "12 were on record" in more


def test_a_damaged_study_is_one_line(study: Path, tmp_path: Path) -> None:
    whole = (study / "study.toml").read_text()
    for text, words in (
        ("", "schema"),
        ("schema = 1\n", "damaged"),
        (whole[: len(whole) // 2], "damaged"),
        (whole.replace("schema = 1", "schema = 2"), "schema = 2"),
    ):
        (study / "study.toml").write_text(text)
        for command in (
            ("summarize", study),
            ("resume", study),
            ("promote", study, "--to", tmp_path / "c.toml"),
        ):
            assert words in refused(optimize(*command)), command
    (study / "study.toml").unlink()
    assert "there is no study here" in refused(optimize("summarize", study))
    told = refused(optimize("run", tmp_path / "s.toml", "--results", study.parent))
    assert "holds files, and no study" in told


def test_a_damaged_validation_is_one_line_and_made_anew(study: Path) -> None:
    whole = (study / "validation.json").read_bytes()
    (study / "validation.json").write_bytes(whole[:100])
    assert "validation.json" in refused(optimize("summarize", study))
    assert optimize("resume", study).exit_code == 0
    assert (study / "validation.json").read_bytes() == whole
    (study / "validation.json").unlink()
    assert "has not been tested on the validation candles yet" in optimize("summarize", study).stdout


def test_a_renamed_trial_is_told(study: Path) -> None:
    record = read_record(study / file_name(3))
    other = Record(**{**{name: getattr(record, name) for name in record.__struct_fields__}, "number": 4})
    (study / file_name(4)).write_bytes(to_bytes(other))
    assert file_name(4) in refused(optimize("resume", study))


def test_one_optimizer_at_a_time(study: Path) -> None:
    before = contents(study)
    with only_writer(study):
        told = refused(optimize("resume", study, "--trials", 30))
        assert "another optimizer is working on this study" in told
        assert optimize("summarize", study).exit_code == 0
    assert contents(study).keys() == before.keys()
    assert optimize("resume", study, "--trials", 30).exit_code == 0


def test_warnings_are_lines_on_standard_error(tmp_path: Path) -> None:
    few = {"exits": {"stop": {"kind": "choice", "values": [2.0, 3.0]}}}
    write_search(tmp_path / "s.toml", parameters=few, budget={"trials": 6})
    done = optimize("run", tmp_path / "s.toml", "--results", tmp_path / "r", "--json", "-")
    assert done.exit_code == 0
    (line,) = done.stderr.splitlines()
    assert line.startswith("genesis: warning: there are only 2 different parameter sets")
    assert json.loads(done.stdout)["counts"]["repeated"] == 4


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help(name: str) -> None:
    done = optimize(name, "--help")
    assert done.exit_code == 0
    assert f"genesis optimize {name}" in done.stdout
    assert optimize(name, "-h").stdout == done.stdout


def test_the_group_names_its_commands() -> None:
    done = optimize("--help")
    assert done.exit_code == 0
    alone = optimize()
    assert alone.exit_code == 2
    assert all(name in done.stdout and name in alone.stdout for name in COMMANDS)
    assert "optimize" in invoke("--help").stdout


def test_the_script_of_the_original_name_is_the_same_program(study: Path) -> None:
    script = (str(ROOT / "scripts" / "optimizer.py"),)
    done = process("summarize", study, "--json", "-", program=script)
    assert done.returncode == 0, done.stderr
    assert done.stdout == optimize("summarize", study, "--json", "-").stdout
    wrong = process("summarize", study / "none", program=script)
    assert wrong.returncode == 2
    assert wrong.stderr.startswith("optimizer.py: there is no study")
    assert len(wrong.stderr.splitlines()) == 1


def test_a_run_in_a_process_of_its_own_is_the_same(study: Path, tmp_path: Path) -> None:
    done = process("optimize", "run", tmp_path / "s.toml", "--results", tmp_path / "r", "--top", "3")
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    own = json.loads(summarize(tmp_path / "r" / "s").to_json())
    expected = json.loads(summarize(study).to_json())
    for plain in (own, expected):
        del plain["seconds"]
    assert own == expected
    assert Search.from_toml(tmp_path / "s.toml").name == "s"
