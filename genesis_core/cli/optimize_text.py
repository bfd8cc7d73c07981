"""A study in lines for people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from genesis_core.cli.output import console, print_figures

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from genesis_core.optimize import Promotion, StudySummary
    from genesis_core.optimize.objective import Judgement
    from genesis_core.optimize.optimizing import Optimized
    from genesis_core.optimize.summary import Together

MOST_REASONS = 6
MOST_IMPORTANCES = 8


def run_text(done: Optimized, seconds: float) -> str:
    """Say what a run did: all its searches together."""
    searches = done.searches
    of = f" in {len(searches)} searches" if done.earlier else ""
    parts = [f"{done.run:,} trials run{of} in {seconds:,.1f} s"]
    if done.known:
        parts.append(f"{done.known:,} were on record")
    if any(one.stopped == "minutes" for one in searches):
        trials, total = sum(one.done for one in searches), sum(one.total for one in searches)
        parts.append(f"stopped by the budget of minutes at {trials:,} of {total:,}")
    if done.progress.stopped == "grid":
        parts.append("the grid has no more points")
    return f"{'; '.join(parts)}; {done.folder}"


def print_summary(summary: StudySummary) -> None:
    """Print a study's summary: validation before the ranking, so that nobody believes in-sample scores."""
    counts = summary.counts
    kinds = ", ".join(f"{counts[kind]:,} {kind}" for kind in counts if counts[kind])
    of = f" of {summary.wanted:,}" if summary.trials < summary.wanted else ""
    rows = [
        ("study", summary.study),
        ("objective", summary.objective),
        ("trials", f"{summary.trials:,}{of}" + (f": {kinds}" if kinds else "")),
    ]
    for text, count in list(summary.reasons.items())[:MOST_REASONS]:
        rows.append(("not met" if len(rows) == 3 else "", f"{count:,} x {text}"))
    if len(summary.reasons) > MOST_REASONS:
        rows.append(("", f"and {len(summary.reasons) - MOST_REASONS:,} more reasons (--json has them)"))
    if summary.importances:
        shown = summary.importances[:MOST_IMPORTANCES]
        rows.append(("importance", ", ".join(f"{one.parameter} {one.share:.0%}" for one in shown)))
    print_figures(rows)
    _print_folds(summary)
    for text in summary.warnings:
        console().print(f"[bold]warning:[/bold] {_escaped(text)}", soft_wrap=True)
    _print_top(summary)


def listed(name: str, summary: StudySummary | str) -> dict[str, Any]:
    """Return what a list says of a study, or of one that cannot be read, why."""
    if isinstance(summary, str):
        return {"study": name, "error": summary}
    best = summary.top[0] if summary.top else None
    # Only the test of this best trial says what its score is worth.
    tests = [
        fold for fold in summary.folds if best and fold.fold == fold.of and fold.best.number == best.number
    ]
    return {
        "study": name,
        "objective": summary.objective,
        "trials": summary.trials,
        "wanted": summary.wanted,
        "best": best.score if best else None,
        "out_of_sample": tests[0].best.out_of_sample if tests else None,
    }


def print_studies(summaries: Mapping[str, StudySummary | str], results: str) -> None:
    """Print a line for each study."""
    if not summaries:
        console().print(f"{results} has no studies", soft_wrap=True, markup=False)
        return
    table = _table()
    table.add_column("study", no_wrap=True)
    for heading in ("trials", "best", "out-of-sample"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("objective")
    for name, summary in summaries.items():
        one = listed(name, summary)
        if "error" in one:
            table.add_row(name, "-", "-", "-", "cannot be read")
            continue
        of = f" of {one['wanted']:,}" if one["trials"] < one["wanted"] else ""
        scores = (_number(one["best"]), _number(one["out_of_sample"]))
        table.add_row(name, f"{one['trials']:,}{of}", *scores, _escaped(one["objective"]))
    console().print(table)


def _print_folds(summary: StudySummary) -> None:
    if not summary.folds:
        return
    table = _table()
    for heading in ("test", "from", "to"):
        table.add_column(heading)
    for heading in ("trial", "in-sample", "out-of-sample", "unchanged", "place", "return", "trades"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("not met out-of-sample")
    for fold in summary.folds:
        best = fold.best
        table.add_row(
            f"{fold.fold} of {fold.of}",
            _time(fold.first),
            _time(fold.end),
            str(best.number),
            _number(best.in_sample),
            _number(best.out_of_sample),
            _number(None if fold.unchanged is None else fold.unchanged.out_of_sample),
            "-" if fold.place is None else f"{fold.place} of {fold.tried}",
            _percent(best.metrics["total_return"]),
            _whole(best.metrics["trades"]),
            _escaped(", ".join(best.reasons)) or "-",
        )
    console().print()
    console().print(table)
    if summary.together is not None:
        console().print(f"\n{_together(summary.together)}", soft_wrap=True)


def _time(ms: int) -> str:
    """Write a time as ``--from`` and ``--to`` take it; midnight as the day."""
    from genesis_core.candles.timestamps import utc_text

    return utc_text(ms).removesuffix(" UTC").removesuffix(" 00:00").replace(" ", "T")


def _together(found: Together) -> str:
    parts = [f"{found.tests} tests in a row: return {_percent(found.total_return)}"]
    if found.median_score is not None:
        parts.append(f"score: median {_number(found.median_score)}, worst {_number(found.worst_score)}")
    return "; ".join(parts)


def _print_top(summary: StudySummary) -> None:
    if not summary.top:
        words = "no trial ranks: none meets every constraint and has a score"
        console().print(f"\n{words if summary.trials else 'no trial is on record'}", soft_wrap=True)
        return
    table = _table()
    for heading in ("rank", "trial", "score", "return", "max drawdown", "Sharpe", "trades"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("parameters", overflow="fold")
    for one in summary.top:
        metrics = one.metrics
        table.add_row(
            str(one.rank),
            str(one.number),
            _number(one.score),
            _percent(metrics["total_return"]),
            _percent(metrics["max_drawdown"], ""),
            _number(metrics["sharpe"], 2),
            _whole(metrics["trades"]),
            _escaped(", ".join(f"{name}={_short(value)}" for name, value in one.parameters.items())),
        )
    console().print()
    console().print(table)
    if summary.ranks > len(summary.top):
        console().print(f"{summary.ranks - len(summary.top):,} more rank; --top shows them", soft_wrap=True)


def promotion_text(found: Promotion, target: Path) -> str:
    """Say what came of a promotion, and why."""
    lines = [f"trial {found.trial}: {_judged(found.candidate)} on the validation candles"]
    if found.champion is not None:
        lines.append(f"champion: {_judged(found.champion)}")
    if found.promoted:
        lines.append(f"promoted: {found.reason}; {target}")
        if found.kept is not None:
            lines.append(f"the old one is kept: {found.kept}")
    else:
        lines.append(f"not promoted: {found.reason}")
    lines += [f"warning: {text}" for text in found.warnings]
    return "\n".join(lines)


def _judged(verdict: Judgement) -> str:
    score = "no score" if verdict.score is None else f"score {verdict.score:.6g}"
    return score + (f" (not met: {', '.join(verdict.reasons)})" if verdict.reasons else "")


def _table() -> Any:
    from rich.table import Table

    return Table(box=None, pad_edge=False, header_style="bold")


def _number(value: float | None, digits: int = 4) -> str:
    return "-" if value is None else f"{value:.{digits}f}" if abs(value) < 1e6 else f"{value:.6g}"


def _percent(value: float | None, sign: str = "+") -> str:
    return "-" if value is None else f"{value:{sign}.2%}"


def _whole(value: float | None) -> str:
    return "-" if value is None else f"{value:,.0f}"


def _short(value: object) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _escaped(text: str) -> str:
    from rich.markup import escape

    return escape(text)
