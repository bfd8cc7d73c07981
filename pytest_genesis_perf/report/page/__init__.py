"""The report as one self-contained page: no network, no framework, the same bytes for the same report."""

from __future__ import annotations

import base64
import hashlib
from collections import Counter
from html import escape
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_genesis_perf.atomic_files import replace_file
from pytest_genesis_perf.report import text
from pytest_genesis_perf.report.closing import headline, trust
from pytest_genesis_perf.report.page.costs import costs
from pytest_genesis_perf.report.page.table import SYMBOLS, table

if TYPE_CHECKING:
    from pytest_genesis_perf.report.model import Report

FILE = "genesis-perf.html"


def document(report: Report) -> str:
    """Return the page.

    Parameters
    ----------
    report : Report
        The run.
    """
    style, script = _resource("page.css"), _resource("page.js")
    # Whatever a node id or a reason holds: nothing but these two texts can run or style, and nothing can be fetched.
    policy = (
        f"default-src 'none'; img-src data:; style-src '{_hash(style)}'; script-src '{_hash(script)}'; "
        "base-uri 'none'; form-action 'none'"
    )
    line = headline(report)
    where = "" if report.mode == "identity" else f"; seed {report.seed}"
    where = f"{report.environment.text()}{where}"
    told = [("error", "ERROR", words) for words in report.errors]
    told += [("warning", "WARNING", words) for words in text.warnings(report)]
    notices = "".join(
        f'<li class="{kind}"><strong>{word}</strong> {escape(words)}</li>\n' for kind, word, words in told
    )
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>genesis-perf: {escape(line)}</title>
<link rel="icon" href="data:,">
<style>{style}</style>
</head>
<body>
<header>
<h1>{escape(line)}</h1>
<p class="where">{"<br>".join(escape(words) for words in (trust(report), where) if words)}</p>
{f'<ul class="notices">{notices}</ul>' if notices else ""}
</header>
<main>
{_controls(report)}
{table(report)}
{costs(report)}
</main>
<script>{script}</script>
</body>
</html>
"""


def write(folder: Path, report: Report) -> Path:
    """Write the page into a folder and return its path.

    Raises
    ------
    OSError
        If it cannot be written.
    """
    path = folder / FILE
    replace_file(path, document(report))
    return path


def _controls(report: Report) -> str:
    counts = Counter(record.verdict for record in report.comparisons)
    chips = "".join(
        f'<button type="button" class="chip {verdict.lower()}" aria-pressed="false" data-verdict="{verdict}">'
        f'<span aria-hidden="true">{SYMBOLS[verdict]}</span> {count} {verdict}</button>\n'
        for verdict, count in counts.items()
    )
    return f"""<div class="controls" role="group" aria-label="Show only">
{chips}<label>Name <input type="search" id="filter" autocomplete="off" spellcheck="false"></label>
<label class="narrow">Sort by <select id="sort"></select></label>
<span id="shown" role="status"></span>
</div>"""


def _resource(name: str) -> str:
    return resources.files(__package__).joinpath(name).read_text(encoding="utf-8")


def _hash(content: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()}"
