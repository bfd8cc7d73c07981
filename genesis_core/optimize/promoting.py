"""Make a trial the champion: only if it beats the one there is, on candles that neither search saw of it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np
import tomli_w

from genesis_core.candles import Candles
from genesis_core.digest import digest
from genesis_core.errors import ConfigError, SearchError
from genesis_core.optimize.champion import (
    Pedigree,
    beside,
    keep_old,
    pedigree_of,
    read_pedigree,
    write_champion,
)
from genesis_core.optimize.changes import Applied
from genesis_core.optimize.identity import Ground
from genesis_core.optimize.locking import locked
from genesis_core.optimize.objective import Judgement
from genesis_core.optimize.outcome import Caught, Outcome
from genesis_core.optimize.partings import no_better
from genesis_core.optimize.ranking import best_of
from genesis_core.optimize.record import Record
from genesis_core.optimize.sampling import Parameters
from genesis_core.optimize.store import file_name, read_all, read_record
from genesis_core.optimize.study import Study, study_of_fold
from genesis_core.optimize.validating import judge_outcome, run_over
from genesis_core.optimize.validation import Validated, read_validation
from genesis_core.strategy import Config, load_strategy


@dataclass(frozen=True)
class Promotion:
    """What came of it.

    Attributes
    ----------
    promoted : bool
        Whether the champion's file was written.
    trial : int
        The candidate.
    candidate, champion : Judgement or None
        Both on the validation candles; `champion` is None where there was none.
    reason : str
        Why, or why not.
    kept : Path or None
        Where the old champion is now.
    warnings : tuple of str
        What the study says against the candidate.
    """

    promoted: bool
    trial: int
    candidate: Judgement
    champion: Judgement | None
    reason: str
    kept: Path | None = None
    warnings: tuple[str, ...] = ()


def promote(
    folder: str | Path, candles: Candles, target: str | Path, *, trial: int | None = None, force: bool = False
) -> Promotion:
    """Write a champion's strategy file if it beats the current one on validation candles.

    Parameters
    ----------
    folder : path-like
        Of the study.
    candles : Candles
        All candles of its definition.
    target : path-like
        The champion's file; ``.toml``, or ``.py`` for a strategy in code. Its pedigree stands beside it as ``.json``.
    trial : int, optional
        The candidate; the best of the study unless told otherwise.
    force : bool
        Compare although data or code are not those of the study or of the champion. Does not let a worse one win.

    Raises
    ------
    SearchError
        Without validation candles or a candidate, for other data or code without `force`, for files that cannot be read
        or written, and while another promotion writes the same file.
    """
    study, file = Study.open(Path(folder)), Path(target)
    owner = study_of_fold(study.folder)
    if owner is not None:
        raise SearchError(f"{folder}: is a fold of the study {owner}; its champion is promoted from there")
    _require_suffix(file, study.search.in_code)
    with locked(
        file.with_name(f".{file.name}.lock"), f"{file}: another promotion is writing it", leave=False
    ):
        return _promote(study, candles, file, trial, force)


def _promote(study: Study, candles: Candles, file: Path, trial: int | None, force: bool) -> Promotion:
    base = load_strategy(study.search.strategy)
    ground = Ground.of(study.fold.searched(candles), base)
    test = study.fold.tested(candles)
    if test is None:
        raise SearchError(
            f"{study.folder}: there are no validation candles to compare on; give the search a [validation], in a new "
            "study"
        )
    found = read_validation(study.folder)
    if not force:
        _require_same_ground(study, ground)
        if found is not None and found.data != test.fingerprint:
            raise SearchError(
                f"{study.folder}: the validation candles changed since the study was tested on them; genesis optimize "
                "resume tests it again, or --force"
            )
    record = _candidate(study, trial)
    config, whole = _config(record, base), study.fold.whole(candles)
    pedigree = Pedigree(
        study=study.search.name,
        trial=record.number,
        identity=record.identity,
        config=config.digest,
        data=whole.fingerprint,
        first=int(whole.timestamp[0]),
        last=int(whole.timestamp[-1]),
        code=ground.code,
        strategy_code=ground.strategy_code,
        objective=study.search.objective.text,
        aim=digest([study.search.plain()[key] for key in ("objective", "constraints")]),
        searched_to=ground.last,
        out_of_sample=None,
    )
    outcome = _run(study, test, base, record.parameters, f"trial {record.number}")
    candidate = judge_outcome(outcome, study.search)
    current, before = None, None
    if file.exists():
        champion = _current(file, pedigree, candles, int(test.timestamp[0]), force=force)
        outcome = _run(study, test, champion, {}, f"the current champion {file}", str(file))
        current, before = judge_outcome(outcome, study.search), pedigree_of(file, champion)
        if current.score is None and not force:
            why = outcome.error or ", ".join(current.reasons)
            raise SearchError(
                f"{file}: the current champion has no score on the validation candles ({why}), so nothing says that it "
                "is beaten, and nothing was changed; --force puts the candidate in its place all the same"
            )
    if not candidate.feasible:
        reason = f"on the validation candles it does not meet: {', '.join(candidate.unmet)}"
        return Promotion(False, record.number, candidate, current, reason)
    assert candidate.score is not None
    beaten = current is None or not current.feasible or current.score is None
    if not beaten and not study.search.objective.better(candidate.score, current.score):  # type: ignore[union-attr, arg-type]
        return Promotion(False, record.number, candidate, current, "it does not beat the current champion")
    if current is None and beside(file).exists() and read_pedigree(file) is None:
        raise SearchError(
            f"{beside(file)}: is there and not of a champion; nothing was written: give another --to"
        )
    kept = keep_old(file)
    pedigree = msgspec.structs.replace(pedigree, out_of_sample=candidate.score, before=before)
    write_champion(file, _text(study, record, base, config, file, kept), pedigree)
    reason = "there was no champion" if current is None else "it beats the current champion"
    warnings = _against(study, record, candidate, found)
    return Promotion(True, record.number, candidate, current, reason, kept, warnings)


def _against(study: Study, record: Record, candidate: Judgement, found: Validated | None) -> tuple[str, ...]:
    """Return what the study's test says against a candidate."""
    if found is None:
        return ()
    if found.tested[0].identity == record.identity:
        return tuple(found.warnings)
    return tuple(no_better(candidate.score, candidate.feasible, found.unchanged, study.search.objective))


def _require_same_ground(study: Study, ground: Ground) -> None:
    differences = study.ground.differences(ground)
    if differences:
        raise SearchError(
            f"{study.folder}: {', '.join(differences)} changed since the study: its trials do not stand for what "
            "would be promoted; run the search again, or --force"
        )


def _require_suffix(file: Path, code: bool) -> None:
    wanted = ".py" if code else ".toml"
    if file.suffix != wanted:
        kind = "a strategy in code" if code else "a strategy of tables"
        raise SearchError(f"{file}: the study's is {kind}: a name that ends in {wanted} is needed")
    if not file.parent.is_dir():
        raise SearchError(f"{file}: cannot be written: {file.parent} is no folder")


def _candidate(study: Study, trial: int | None) -> Record:
    if trial is not None:
        record = read_record(study.folder / file_name(trial))
        if not record.feasible:
            raise SearchError(
                f"trial {trial} does not rank: {record.error or ', '.join(record.reasons) or record.status}"
            )
    else:
        records, _ = read_all(study.folder)
        own = [one for one in records.values() if not study.fault_of(one)]
        best = best_of(own, study.search.objective, 1)
        if not best:
            raise SearchError(f"{study.folder}: no trial ranks: there is nothing to promote")
        record = best[0]
    fault = study.fault_of(record)
    if fault:
        raise SearchError(f"{study.folder / file_name(record.number)}: is {fault}")
    return record


def _config(record: Record, base: Config) -> Config:
    with Caught() as caught:  # code of the user's own may raise anything
        return Applied(base).config(record.parameters)
    assert caught.outcome is not None
    raise SearchError(f"trial {record.number}: its parameters are no strategy: {caught.outcome.error}")


def _current(file: Path, candidate: Pedigree, candles: Candles, tested_from: int, *, force: bool) -> Config:
    """Read the champion that is there, and refuse one that cannot be compared."""
    try:
        config = load_strategy(file)
    except ConfigError as fault:
        raise SearchError(f"the current champion cannot be read, and nothing was changed: {fault}") from None
    if force:
        return config
    there = pedigree_of(file, config)
    if there is None:
        raise SearchError(
            f"{beside(file)}: cannot be read, so nothing says on which data and code {file} became champion; "
            "--force compares it all the same"
        )
    differences = [
        words
        for words, ours, theirs in (
            ("other candles", _fingerprint(candles, there.first, there.last), there.data),
            ("other code of genesis_core", candidate.code, there.code),
            ("other code of its own", candidate.strategy_code, there.strategy_code),
            ("another objective or other constraints", candidate.aim, there.aim),
        )
        if ours != theirs
    ]
    if there.searched_to >= tested_from:
        differences.append("a search that saw candles of this test")
    if there.config != config.digest:
        differences.append("a file that was edited since")
    if differences:
        raise SearchError(
            f"{file}: the current champion is of {' and '.join(differences)}; the scores do not compare; --force "
            "does it all the same"
        )
    return config


def _fingerprint(candles: Candles, first: int, last: int) -> str:
    """Return the fingerprint of the candles between two open times, "" without any."""
    begin, end = np.searchsorted(candles.timestamp, first), np.searchsorted(candles.timestamp, last, "right")
    return candles[int(begin) : int(end)].fingerprint if begin < end else ""


def _run(
    study: Study, test: Candles, base: Config, parameters: Parameters, what: str, file: str | None = None
) -> Outcome:
    """Run one of the two; what could not be run, such as for want of memory, has not lost."""
    (outcome,) = run_over(study.search, test, base, [parameters], file)
    if outcome.status == "failed":
        raise SearchError(
            f"{what} could not be run over the validation candles, and nothing was changed: {outcome.error}"
        )
    return outcome


def _text(study: Study, record: Record, base: Config, config: Config, file: Path, kept: Path | None) -> str:
    head = f"# Champion: trial {record.number} of the study {study.search.name}. Made by genesis optimize promote.\n"
    if study.search.strategy is None or not study.search.in_code:
        return f"{head}\n{tomli_w.dumps(config.values)}"
    source, colon, name = study.search.strategy, "", ""
    if not source.endswith(".py"):
        source, colon, name = source.rpartition(":")
    if kept is not None and Path(source).resolve() == file.resolve():
        source = str(kept)  # it takes the place of the strategy that it is made of
    # Through no symbolic link: `..` behind one leads elsewhere than where it was written.
    origin = os.path.relpath(Path(source).resolve(), file.parent.resolve()) + colon + name
    changes = Applied(base).changes(record.parameters)
    return (
        f"{head}\nfrom pathlib import Path\n\nfrom genesis_core import load_strategy\n\n"
        f"ORIGIN = Path(__file__).parent / {origin!r}\nCHANGES = {changes!r}\n"
        "STRATEGY = load_strategy(ORIGIN).updated(CHANGES)\n"
    )
