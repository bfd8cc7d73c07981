"""``genesis optimize promote``: a champion is written only if it wins, and with it where it is from."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from typer.testing import Result

from genesis_core import Candles, backtest, synthetic
from genesis_core.errors import SearchError
from genesis_core.optimize import champion, files, promoting, summarize
from genesis_core.optimize import optimize as run
from genesis_core.optimize import promote as decide
from genesis_core.optimize.store import file_name, read_record
from genesis_core.strategy import load_strategy
from tests.unit.search_cases import (
    BY,
    TABLES,
    TRIALS,
    config_of,
    contents,
    disturbed,
    search_of,
    write_own,
    write_search,
)
from tests.unit.study_cases import CANDLES, optimize, refused, scores
from tests.unit.test_cli import plain


def promote(study: Path, *more: object) -> Result:
    return optimize("promote", study, "--to", study.parents[1] / "champion.toml", *more)


def test_the_first_champion_is_the_best_trial(study: Path, tmp_path: Path) -> None:
    best = summarize(study).top[0]
    done = promote(study)
    assert done.exit_code == 0, done.output
    assert "promoted: there was no champion" in done.stdout
    config = load_strategy(tmp_path / "champion.toml")
    assert config == config_of(best.parameters, load_strategy(TABLES))
    record = read_record(study / file_name(best.number))
    assert config.digest == record.config
    assert backtest(CANDLES[:1_050], config, compiled=True).summary_digest == record.summary_digest
    tested = scores(study)[0]
    again = backtest(CANDLES[1_050:], config, compiled=True)
    assert again.summary_digest == tested["summary_digest"]
    pedigree = json.loads((tmp_path / "champion.toml.json").read_bytes())
    assert pedigree["trial"] == best.number
    assert pedigree["config"] == record.config
    assert pedigree["out_of_sample"] == tested["out_of_sample"]


def test_the_times_that_are_shown_are_those_of_the_test(study: Path, tmp_path: Path) -> None:
    assert promote(study).exit_code == 0
    (row,) = (line for line in optimize("summarize", study).stdout.splitlines() if line.startswith("1 of 1"))
    begin, end = row.split()[3:5]
    assert "T" in begin
    strategy = ("--strategy", tmp_path / "champion.toml", "--bars", 1_500, "--from", begin, "--to", end)
    assert plain("backtest", *strategy)["summary_digest"] == scores(study)[0]["summary_digest"]


def test_a_champion_stays_unless_it_is_beaten(study: Path, tmp_path: Path) -> None:
    order = sorted((one for one in scores(study) if one["feasible"]), key=lambda one: -one["out_of_sample"])
    best, middle, worst = order[0]["number"], order[1]["number"], order[-1]["number"]
    assert len({one["out_of_sample"] for one in order}) == len(order) >= 3
    assert promote(study, "--trial", middle).exit_code == 0
    files = {name: (tmp_path / name).read_bytes() for name in ("champion.toml", "champion.toml.json")}
    there = sorted(tmp_path.iterdir())
    for trial in (worst, middle):
        done = promote(study, "--trial", trial)
        assert done.exit_code == 1, done.output
        assert "not promoted: it does not beat the current champion" in done.stdout
        forced = promote(study, "--trial", trial, "--force")
        assert forced.exit_code == 1
    assert {name: (tmp_path / name).read_bytes() for name in files} == files
    assert sorted(tmp_path.iterdir()) == there

    done = promote(study, "--trial", best)
    assert done.exit_code == 0, done.output
    assert "promoted: it beats the current champion" in done.stdout
    assert str(tmp_path / "champion.old1.toml") in done.stdout
    assert (tmp_path / "champion.old1.toml").read_bytes() == files["champion.toml"]
    assert (tmp_path / "champion.old1.toml.json").read_bytes() == files["champion.toml.json"]
    new = config_of(read_record(study / file_name(best)).parameters, load_strategy(TABLES))
    assert load_strategy(tmp_path / "champion.toml") == new


def test_each_old_champion_has_a_name_of_its_own(study: Path, tmp_path: Path) -> None:
    order = sorted((one for one in scores(study) if one["feasible"]), key=lambda one: one["out_of_sample"])
    for one in order[:3]:
        assert promote(study, "--trial", one["number"]).exit_code == 0
    kept = [tmp_path / f"champion.old{k}.toml" for k in (1, 2)]
    base = load_strategy(TABLES)
    for one, file in zip(order, [*kept, tmp_path / "champion.toml"], strict=False):
        record = read_record(study / file_name(one["number"]))
        assert load_strategy(file) == config_of(record.parameters, base)


def test_less_is_better_where_the_objective_says_so(study: Path, tmp_path: Path) -> None:
    write_search(
        tmp_path / "m.toml", objective={"metric": "max_drawdown", "direction": "minimize"}, constraints=[]
    )
    assert optimize("run", tmp_path / "m.toml", "--results", study.parent).exit_code == 0
    other = study.parent / "m"
    order = sorted(scores(other), key=lambda one: one["out_of_sample"])
    assert promote(other, "--trial", order[1]["number"]).exit_code == 0
    assert promote(other, "--trial", order[-1]["number"]).exit_code == 1
    assert promote(other, "--trial", order[0]["number"]).exit_code == 0


def order_of(study: Path) -> list[int]:
    """Return the numbers of the tested trials, worst first."""
    tested = sorted((one for one in scores(study) if one["feasible"]), key=lambda one: one["out_of_sample"])
    return [one["number"] for one in tested]


def promote_until(monkeypatch: pytest.MonkeyPatch, study: Path, trial: int, writes: int) -> None:
    """Promote in a process that dies before a write."""
    write, left = files.write_bytes, [writes]

    def dying(path: Path, content: bytes) -> None:
        if left[0] == 0:
            raise KeyboardInterrupt
        left[0] -= 1
        write(path, content)

    with monkeypatch.context() as patch:
        patch.setattr(files, "write_bytes", dying)
        patch.setattr(champion, "write_bytes", dying)
        with pytest.raises(KeyboardInterrupt):
            decide(study, CANDLES, study.parents[1] / "champion.toml", trial=trial)


@pytest.mark.parametrize("writes", range(2))
def test_a_first_champion_whose_writing_was_cut_short_is_written_by_the_next(
    study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, writes: int
) -> None:
    worst, best = order_of(study)[0], order_of(study)[-1]
    promote_until(monkeypatch, study, best, writes)
    assert not (tmp_path / "champion.toml").exists()
    done = promote(study, "--trial", worst)
    assert done.exit_code == 0, done.output
    assert json.loads((tmp_path / "champion.toml.json").read_bytes())["before"] is None
    assert promote(study, "--trial", best).exit_code == 0


@pytest.mark.parametrize("writes", range(4))
def test_a_successor_whose_writing_was_cut_short_leaves_the_champion_there_was(
    study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, writes: int
) -> None:
    worst, middle, best = (order_of(study)[at] for at in (0, 1, -1))
    assert promote(study, "--trial", middle).exit_code == 0
    there = (tmp_path / "champion.toml").read_bytes()
    promote_until(monkeypatch, study, best, writes)
    assert (tmp_path / "champion.toml").read_bytes() == there
    assert promote(study, "--trial", worst).exit_code == 1
    done = promote(study, "--trial", best)
    assert done.exit_code == 0, done.output
    pedigree = json.loads((tmp_path / "champion.toml.json").read_bytes())
    assert load_strategy(tmp_path / "champion.toml").digest == pedigree["config"]
    assert (pedigree["trial"], pedigree["before"]["trial"]) == (best, middle)
    assert pedigree["before"]["before"] is None
    kept = sorted(tmp_path.glob("champion.old*.toml"))
    assert {file.read_bytes() for file in kept} == {there}


def test_what_cannot_be_read_is_kept_as_it_is(study: Path, tmp_path: Path) -> None:
    worst, best = order_of(study)[0], order_of(study)[-1]
    assert promote(study, "--trial", worst).exit_code == 0
    (tmp_path / "champion.toml.json").write_bytes(b"\xff\xfe")
    done = promote(study, "--trial", best, "--force")
    assert done.exit_code == 0, done.output
    assert (tmp_path / "champion.old1.toml.json").read_bytes() == b"\xff\xfe"


def test_json_says_what_came_of_it(study: Path, tmp_path: Path) -> None:
    done = promote(study, "--json", "-")
    plain = json.loads(done.stdout)
    assert (plain["command"], plain["promoted"], plain["kept"]) == ("optimize promote", True, None)
    assert str(tmp_path / "champion.toml") in plain.values()
    assert plain["champion"] is None
    assert plain["candidate"]["score"] == scores(study)[0]["out_of_sample"]
    again = promote(study, "--json", tmp_path / "x.json")
    assert again.exit_code == 1
    told = json.loads((tmp_path / "x.json").read_bytes())
    assert told["promoted"] is False
    assert told["champion"] == told["candidate"] == plain["candidate"]


def test_other_candles_do_not_compare_without_force(study: Path, tmp_path: Path) -> None:
    assert promote(study).exit_code == 0
    write_search(tmp_path / "t.toml", data={"bars": 1_400}, constraints=[])
    assert optimize("run", tmp_path / "t.toml", "--results", study.parent).exit_code == 0
    before = contents(tmp_path)
    told = refused(promote(study.parent / "t"))
    assert "other candles" in told
    assert "--force" in told
    assert contents(tmp_path) == before
    old = load_strategy(tmp_path / "champion.toml")
    sharpe = backtest(synthetic(bars=1_400)[980:], old, compiled=True).metrics.sharpe
    forced = promote(study.parent / "t", "--force", "--json", "-")
    plain = json.loads(forced.stdout)
    assert plain["champion"]["score"] == sharpe
    assert plain["promoted"] == (plain["candidate"]["score"] > sharpe)
    assert forced.exit_code == (0 if plain["promoted"] else 1)
    assert plain["kept"] == (str(tmp_path / "champion.old1.toml") if plain["promoted"] else None)


def study_over(study: Path, candles: Candles, name: str, **tables: Any) -> Path:
    """Run the same search over other candles, under another name."""
    return run(search_of(name, constraints=[], **tables), candles, results=study.parent).folder


def test_candles_that_were_only_added_do_compare(study: Path, tmp_path: Path) -> None:
    """Who fetches new candles every day goes on with the champion of before."""
    champion = tmp_path / "champion.toml"
    first = study_over(study, CANDLES[:1_300], "first")
    assert decide(first, CANDLES[:1_300], champion).promoted
    # The file has grown: the same study, and the same test.
    assert decide(first, CANDLES, champion).reason == "it does not beat the current champion"
    # A later study, whose test the first search did not see.
    later = study_over(study, CANDLES, "later", sampler={"seed": 8})
    assert decide(later, CANDLES, champion).champion is not None
    # The past was revised.
    revised = disturbed(CANDLES, 100, 130)
    with pytest.raises(SearchError, match="the current champion is of other candles"):
        decide(study_over(study, revised, "revised"), revised, champion)


def test_other_candles_of_the_test_are_told(study: Path, tmp_path: Path) -> None:
    champion, other = tmp_path / "champion.toml", disturbed(CANDLES, 1_200)
    with pytest.raises(
        SearchError, match="the validation candles changed since the study was tested on them"
    ):
        decide(study, other, champion)
    assert not champion.exists()
    assert decide(study, other, champion, force=True).promoted


def test_one_promotion_at_a_time(study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    champion = tmp_path / "champion.toml"
    really, said = promoting.run_over, []

    def between(*given: Any) -> Any:
        if not said:
            said.append("")
            with pytest.raises(SearchError) as caught:
                decide(study, CANDLES, champion)
            said.append(str(caught.value))
        return really(*given)

    monkeypatch.setattr(promoting, "run_over", between)
    assert decide(study, CANDLES, champion).promoted
    assert said[1] == f"{champion}: another promotion is writing it"
    assert {file.name for file in tmp_path.iterdir() if file.is_file()} >= {
        "champion.toml",
        "champion.toml.json",
    }
    assert not list(tmp_path.glob(".champion*"))


def test_what_speaks_against_a_champion_is_told(study: Path, tmp_path: Path) -> None:
    """Also where there is none to beat: the study itself says that the search was for nothing."""
    warnings = json.loads((study / "validation.json").read_bytes())["warnings"]
    unchanged = json.loads((study / "validation.json").read_bytes())["unchanged"]["out_of_sample"]
    done = promote(study, "--json", "-")
    assert json.loads(done.stdout)["warnings"] == warnings
    (tmp_path / "champion.toml").unlink()
    worse = next(one for one in scores(study) if one["out_of_sample"] < unchanged)
    done = promote(study, "--trial", worse["number"])
    assert done.exit_code == 0
    (told,) = [line for line in done.stdout.splitlines() if line.startswith("warning: ")]
    assert told.endswith("the search did not improve it")


def test_another_objective_does_not_compare(study: Path, tmp_path: Path) -> None:
    assert promote(study).exit_code == 0
    write_search(tmp_path / "t.toml", objective={"metric": "total_return"})
    assert optimize("run", tmp_path / "t.toml", "--results", study.parent).exit_code == 0
    assert "another objective" in refused(promote(study.parent / "t"))


def test_an_edited_champion_is_refused_and_kept(study: Path, tmp_path: Path) -> None:
    assert promote(study).exit_code == 0
    champion = tmp_path / "champion.toml"
    champion.write_text(champion.read_text().replace("max_bars = 48", "max_bars = 47"))
    before = contents(tmp_path)
    told = refused(promote(study))
    assert "edited since" in told
    assert contents(tmp_path) == before
    champion.write_text(
        "# Only a comment.\n" + champion.read_text().replace("max_bars = 47", "max_bars = 48")
    )
    assert promote(study).exit_code == 1


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("champion.toml.json", b"", "champion.toml.json: cannot be read"),
        ("champion.toml.json", None, "champion.toml.json: cannot be read"),
        ("champion.toml", b"[exits]\nstop = -1\n", "the current champion cannot be read"),
        ("champion.toml", b"\xff\xfe", "the current champion cannot be read"),
    ],
)
def test_a_champion_that_cannot_be_read_is_refused_and_kept(
    study: Path, tmp_path: Path, name: str, content: bytes | None, words: str
) -> None:
    assert promote(study).exit_code == 0
    if content is None:
        (tmp_path / name).unlink()
    else:
        (tmp_path / name).write_bytes(content)
    before = contents(tmp_path)
    assert words in refused(promote(study))
    assert contents(tmp_path) == before


def test_a_file_beside_is_not_lost(study: Path, tmp_path: Path) -> None:
    (tmp_path / "champion.toml.json").write_bytes(b'{"of": "somebody else"}')
    done = promote(study)
    assert done.exit_code in (0, 2), done.output
    assert b'{"of": "somebody else"}' in contents(tmp_path).values()


def test_a_changed_strategy_is_refused(study: Path, tmp_path: Path) -> None:
    shutil.copy(TABLES, tmp_path / "a.toml")
    write_search(tmp_path / "t.toml", strategy="a.toml", budget={"trials": 8})
    assert optimize("run", tmp_path / "t.toml", "--results", study.parent).exit_code == 0
    (tmp_path / "a.toml").write_text(TABLES.read_text().replace("fee = 0.001", "fee = 0.0"))
    assert "the strategy file changed since the study" in refused(promote(study.parent / "t"))
    assert not (tmp_path / "champion.toml").exists()


def test_a_trial_that_does_not_rank_cannot_be_one(study: Path, tmp_path: Path) -> None:
    bad = next(
        record.number
        for number in range(TRIALS)
        if not (record := read_record(study / file_name(number))).feasible
    )
    assert f"trial {bad} does not rank: max_drawdown <= 0.025" in refused(promote(study, "--trial", bad))
    assert "trial_000999.json" in refused(promote(study, "--trial", 999))
    assert not (tmp_path / "champion.toml").exists()


def test_one_that_breaks_a_constraint_out_of_sample_is_not_promoted(study: Path, tmp_path: Path) -> None:
    write_search(tmp_path / "t.toml", constraints=[{"metric": "trades", "at_least": 20}])
    assert optimize("run", tmp_path / "t.toml", "--results", study.parent).exit_code == 0
    number = next(one["number"] for one in scores(study.parent / "t") if not one["feasible"])
    done = promote(study.parent / "t", "--trial", number)
    assert done.exit_code == 1
    assert "on the validation candles it does not meet: trades >= 20" in done.stdout
    assert not (tmp_path / "champion.toml").exists()


def test_without_validation_it_is_refused(study: Path, tmp_path: Path) -> None:
    write_search(tmp_path / "t.toml", validation=None, budget={"trials": 8})
    done = optimize("run", tmp_path / "t.toml", "--results", study.parent)
    assert "no validation: these scores are in-sample" in done.stdout
    told = refused(promote(study.parent / "t"))
    assert "no validation candles" in told
    assert "[validation]" in told


def test_where_nothing_ranks_there_is_nothing_to_promote(study: Path, tmp_path: Path) -> None:
    write_search(
        tmp_path / "t.toml",
        constraints=[{"metric": "trades", "at_least": 100_000}],
        budget={"trials": 8},
    )
    done = optimize("run", tmp_path / "t.toml", "--results", study.parent)
    assert done.exit_code == 0
    assert "no trial ranks" in done.stdout
    assert "no trial ranks" in refused(promote(study.parent / "t"))


def test_the_champions_file_has_the_kind_of_the_strategy(study: Path, tmp_path: Path) -> None:
    told = refused(optimize("promote", study, "--to", tmp_path / "c.py"))
    assert ".toml is needed" in told
    assert "is no folder" in refused(optimize("promote", study, "--to", tmp_path / "no" / "c.toml"))


@pytest.mark.parametrize("name", ["", ":STRATEGY"])
def test_a_strategy_in_code_gives_a_file_that_makes_it(tmp_path: Path, name: str) -> None:
    (tmp_path / "code").mkdir()
    (tmp_path / "champions").mkdir()
    write_own(tmp_path / "code" / "own.py")
    write_search(
        tmp_path / "s.toml", strategy=f"code/own.py{name}", parameters=BY, sampler={"kind": "grid"},
        constraints=[], objective={"metric": "total_return"},
    )  # fmt: skip
    study, champion = tmp_path / "r" / "s", tmp_path / "champions" / "c.py"
    assert optimize("run", tmp_path / "s.toml", "--results", study.parent).exit_code == 0
    order = sorted(scores(study), key=lambda one: -one["out_of_sample"])
    assert ".py is needed" in refused(optimize("promote", study, "--to", tmp_path / "c.toml"))
    for place in (1, 0):
        number = order[place]["number"]
        done = optimize("promote", study, "--to", champion, "--trial", number)
        assert done.exit_code == 0, done.output
        config = load_strategy(champion)
        record = read_record(study / file_name(number))
        assert config.digest == record.config
        found = backtest(CANDLES[:1_050], config, compiled=True)
        assert found.summary_digest == record.summary_digest
    old = load_strategy(champion.with_name("c.old1.py"))
    assert old.digest == read_record(study / file_name(order[1]["number"])).config
    assert optimize("promote", study, "--to", champion, "--trial", order[1]["number"]).exit_code == 1


def test_a_champion_without_a_score_here_has_not_lost(tmp_path: Path) -> None:
    candles, champion_file = synthetic(bars=4_000), tmp_path / "champion.toml"
    stop = {"exits": {"stop": {"kind": "float", "low": 1.0, "high": 6.0}}}
    slow = {"features": {"bb_position_inv_ma3": {"n": {"kind": "fixed", "value": 400}}}}
    for name, parameters, share in (("slow", {**stop, **slow}, 0.3), ("quick", stop, 0.09)):
        validation = {"kind": "holdout", "test": share}
        run(
            search_of(name, parameters=parameters, constraints=[], validation=validation),
            candles,
            results=tmp_path,
        )
    assert decide(tmp_path / "slow", candles, champion_file).promoted
    before = champion_file.read_bytes()
    # The later test has fewer candles than the champion's warm-up.
    with pytest.raises(
        SearchError, match=r"no score on the validation candles \(360 bars are too few.*--force"
    ):
        decide(tmp_path / "quick", candles, champion_file)
    assert champion_file.read_bytes() == before
    assert decide(tmp_path / "quick", candles, champion_file, force=True).promoted


def test_champions_of_two_kinds_may_lie_in_one_folder(study: Path, tmp_path: Path) -> None:
    own = write_own(tmp_path / "own.py")
    search = search_of(
        "own", strategy=str(own), parameters=BY, constraints=[], objective={"metric": "total_return"}
    )
    coded = run(search, CANDLES, results=tmp_path / "coded").folder
    assert decide(study, CANDLES, tmp_path / "champion.toml").promoted
    pedigree = (tmp_path / "champion.toml.json").read_bytes()
    assert decide(coded, CANDLES, tmp_path / "champion.py").promoted
    assert (tmp_path / "champion.toml.json").read_bytes() == pedigree
    assert not decide(study, CANDLES, tmp_path / "champion.toml").promoted


def test_a_champion_in_code_behind_a_symbolic_link_finds_its_origin(tmp_path: Path) -> None:
    own = write_own(tmp_path / "own.py")
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "a" / "b")
    search = search_of(
        "own", strategy=str(own), parameters=BY, constraints=[], objective={"metric": "total_return"}
    )
    coded = run(search, CANDLES, results=tmp_path / "coded").folder
    file = tmp_path / "link" / "champion.py"
    assert decide(coded, CANDLES, file).promoted
    best = read_record(coded / file_name(summarize(coded).top[0].number))
    assert load_strategy(file).digest == best.config
