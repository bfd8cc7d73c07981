"""The study as Markdown, and the place where it stands in the docs."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.verdict_study.neighbours import ROOT
from benchmarks.verdict_study.requirements import Requirement, requirements

RESULTS = ROOT / "benchmarks" / "results" / "verdicts"
DOCS = ROOT / "docs" / "how-a-verdict-is-made.md"
BLOCK = re.compile(r"(<!-- generated: (\w+) -->\n)(.*?)(<!-- end -->)", re.DOTALL)
SCHEMA = 1
"""Of the stored results."""
WORDS = {True: "holds", False: "**does not hold**", None: "too few to say"}
Row = Sequence[str]
Plain = Mapping[str, Any]


class DocsError(Exception):
    """The page has no place for a table, or a place for one that does not exist."""


def markdown(head: Row, rows: Iterable[Row]) -> str:
    """Return a table."""
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def tables(results: Path) -> dict[str, str]:
    """Return all tables by the name of their place, made from the stored results.

    Parameters
    ----------
    results : Path
        Folder of ``summary.json``, ``simulation.json`` and ``alternatives.json``; what is not there gives a line that
        says which command makes it.
    """
    found: dict[str, str] = {}
    summary = _read(results / "summary.json")
    made_by = "Not measured yet: `python -m benchmarks.verdicts {}`.\n"
    make: Callable[[Plain], str]
    for name, make in (
        ("required", required),
        ("same", same),
        ("power", power),
        ("sizes", sizes),
        ("apart", apart),
        ("tools", tools),
    ):
        found[name] = make(summary) if summary else made_by.format("table DIR")
    simulated = _read(results / "simulation.json")
    found["simulated"] = simulations(simulated) if simulated else made_by.format("simulate")
    rules = _read(results / "alternatives.json")
    for name, make in (("rules", other_rules), ("coverage", coverages), ("isolated", isolated_rules)):
        found[name] = make(rules) if rules else made_by.format("alternatives DIR")
    return found


def _read(path: Path) -> Any:
    if not path.exists():
        return None
    found = json.loads(path.read_text(encoding="utf-8"))
    if found.get("schema") != SCHEMA:
        raise DocsError(f"{path}: not written by this version of the study; make it anew")
    return found


def required(summary: Plain) -> str:
    """Return what must hold, and what was found."""
    found: list[Requirement] = requirements(dict(summary))
    machine = summary["machine"]
    where = f"{machine['machine']}, {machine['cores']} cores, Python {machine['python']}, NumPy {machine['numpy']}"
    count = sum(summary["processes"].values())
    told = [
        f"{name} {one['load']:.1f}" for name, one in summary["situations"].items() if one["load"] is not None
    ]
    load = f"; load average while gates were measured (median): {', '.join(told)}" if told else ""
    open_rows = sum(one.holds is None for one in found)
    wanted = f" {open_rows} of {len(found)} rows still want gates." if open_rows else ""
    table = markdown(
        ("must hold", "found", ""), [(one.what, one.measured, WORDS[one.holds]) for one in found]
    )
    return f"{count:,} processes on {where}{load}.{wanted}\n\n{table}"


def same(summary: Plain) -> str:
    """Return alarms and failures on same code, an arm and a situation a line."""
    rows = [
        (
            _name(one), one["situation"], f"{one['gates']:,} in {one['processes']}",
            _hit(one, "alarms") if one["mode"] == "plain" else "", _hit(one, "failures"),
            _share(one["inconclusive"], one["gates"]), _seconds(one["first_median"]), _seconds(one["first_p95"]),
        )
        for one in summary["same_code"] if one["situation"] != "all"
    ]  # fmt: skip
    head = (
        "arm", "situation", "gates in processes", "first-stage alarms", "final failures", "INCONCLUSIVE",
        "first stage, median", "95%",
    )  # fmt: skip
    return markdown(head, rows)


def apart(summary: Plain) -> str:
    """Return how far pairs of identical long arms lie apart, side by side and in turns."""
    rows = [
        (
            one["kind"], one["mode"], one["situation"], f"{one['pairs']:,}", f"{one['deviation']:.1%}",
            f"{one['median']:.1%}", _share(one["beyond"], one["pairs"]),
        )
        for one in summary.get("apart", ())
    ]  # fmt: skip
    head = (
        "arm",
        "pairs run",
        "situation",
        "pairs",
        "standard deviation",
        "median apart",
        "2% and more slower",
    )
    return markdown(head, rows)


def power(summary: Plain) -> str:
    """Return how often slower code failed, and faster code did."""
    rows = []
    for one in summary["cells"]:
        if one["variant"] in ("same", "different"):
            continue
        # What must be found has a lower bound, what must not happen an upper one.
        bound = (
            f"at least {_part(one['found_bound'])}"
            if one["variant"].startswith("slower")
            else f"at most {_part(one['failures_bound'])}"
        )
        rows.append(
            (
                _name(one), one["variant"], one["situation"], f"{one['gates']:,} in {one['processes']}",
                f"{one['failures']:,}; {bound}", _share(one["inconclusive"], one["gates"]),
                _seconds(one["first_median"]), _seconds(one["whole_median"]), _seconds(one["whole_max"]),
            )
        )  # fmt: skip
    head = (
        "arm", "really", "situation", "gates in processes", "final failures; of processes", "INCONCLUSIVE",
        "first stage, median", "with confirmation, median", "longest",
    )  # fmt: skip
    return markdown(head, rows)


def sizes(summary: Plain) -> str:
    """Return the true size of each difference."""
    rows = [
        (
            one["kind"],
            one["variant"],
            str(one["processes"]),
            f"{one['median']:.4f}",
            f"{one['lowest']:.4f} to {one['highest']:.4f}",
        )
        for one in summary["sizes"]
    ]
    return markdown(("arm", "meant", "processes", "time / baseline's, median of processes", "all"), rows)


def tools(summary: Plain) -> str:
    """Return what other tools said of the same arms, all arms and situations together and apart."""
    groups: dict[tuple[str, str, str], list[Plain]] = {}
    for one in summary["tools"]:
        groups.setdefault((one["tool"], one["variant"], one["situation"]), []).append(one)
    rows = []
    for (tool, variant, situation), ones in groups.items():
        runs, failed = (sum(one[key] for one in ones) for key in ("runs", "failed"))
        longest = max(one["seconds_max"] for one in ones)
        rows.append((tool, variant, situation, str(runs), _share(failed, runs), _seconds(longest)))
    head = ("tool", "really", "situation", "comparisons", "failed", "longest, a comparison")
    return markdown(head, rows)


def simulations(found: Plain) -> str:
    """Return the errors that were simulated."""
    rows = [
        (
            one["truth"], one["noise"], one["rule"], f"{one['streams']:,}",
            f"{one['fails']:,}; at most {one['fails_bound']:.1e}", f"{one['a_bad']:g}",
            f"{one['holds']:,}; at most {one['holds_bound']:.1e}" if one["truth"] != "same code" else "right",
            f"{one['a_ok']:g}" if one["truth"] != "same code" else "",
            "promised" if one["promised"] else "reported",
        )
        for one in found["simulated"]
    ]  # fmt: skip
    head = ("truth", "noise", "arms", "streams", "fails", "allowed", "holds", "allowed", "")
    exact = found["exact"]
    text = ", ".join(f"{name} arms {one['fails']:.2g} and {one['holds']:.2g}" for name, one in exact.items())
    return f"Exactly, for independent blocks at a truth on the limit (fails, holds): {text}.\n\n{markdown(head, rows)}"


def other_rules(found: Plain) -> str:
    """Return what other rules make of the same gates."""
    rows = [(one["rule"], one["about"], one["situation"], one["text"], one["more"]) for one in found["lines"]]
    return markdown(("rule", "really: what is counted", "situation", "gates", "time"), rows)


def coverages(found: Plain) -> str:
    """Return how intervals do on noise of known median."""
    rows = [
        (one["noise"], one["interval"], f"{one['covered']:.1%}", f"{one['width']:.2f}")
        for one in found["coverage"]
    ]
    return markdown(("noise", "95% interval", "holds the median", "width, the sign test's being 1"), rows)


def isolated_rules(found: Plain) -> str:
    """Return how rules for isolated comparisons do, a rule and a number of processes a line."""
    rules: dict[tuple[str, int], dict[str, Plain]] = {}
    for one in found["isolated"]:
        rules.setdefault((one["name"], one["asked"]), {})[one["variant"]] = one
    variants = list(dict.fromkeys(one["variant"] for one in found["isolated"]))
    rows = [
        (
            name, str(asked), *(f"{seen[variant]['fails']:.1%}" for variant in variants),
            f"{max(one['undecided'] for one in seen.values()):.1%}",
        )
        for (name, asked), seen in sorted(rules.items(), key=lambda item: (item[0][1], item[0][0]))
    ]  # fmt: skip
    head = ("medians of fresh processes", "asked", *(f"fails: {variant}" for variant in variants))
    return markdown((*head, "undecided, at most"), rows)


def fill(page: str, found: Mapping[str, str]) -> str:
    """Return a page with its tables in place.

    Parameters
    ----------
    page : str
        With places between ``<!-- generated: NAME -->`` and ``<!-- end -->``.
    found : mapping
        Tables by name.

    Raises
    ------
    DocsError
        If the page asks for a table that there is not.
    """
    names = [match.group(2) for match in BLOCK.finditer(page)]
    unknown = [name for name in names if name not in found]
    if unknown or not names:
        raise DocsError(f"no table {unknown[0]!r}" if unknown else "the page has no place for a table")
    return BLOCK.sub(lambda m: f"{m.group(1)}{found[m.group(2)]}{m.group(4)}", page)


def _name(one: Plain) -> str:
    return f"{one['kind']}, isolated" if one["mode"] == "isolated" else str(one["kind"])


def _hit(one: Plain, what: str) -> str:
    return f"{one[what]:,}, in {one[f'{what}_processes']} processes: at most {_part(one[f'{what}_bound'])}"


def _share(found: int, tried: int) -> str:
    return f"{found:,} ({found / tried:.1%})" if tried else "none"


def _part(share: float) -> str:
    return f"{100.0 * share:.3g}%"


def _seconds(value: float | None) -> str:
    return "" if value is None else f"{value:.2g} s" if value < 9.95 else f"{value:.0f} s"


def write_docs(results: Path, page: Path, *, check: bool = False) -> bool:
    """Put the tables of the stored results into the docs; return whether they were there already.

    Parameters
    ----------
    results : Path
        Folder of the results.
    page : Path
        The page with places for tables.
    check : bool, optional
        Write nothing.
    """
    before = page.read_text(encoding="utf-8")
    after = fill(before, tables(results))
    if before != after and not check:
        page.write_text(after, encoding="utf-8")
    return before == after
