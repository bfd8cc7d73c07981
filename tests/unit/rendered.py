"""What a reader sees of Markdown, by a parser that is not ours."""

from __future__ import annotations

from dataclasses import dataclass, field

from markdown_it import MarkdownIt


@dataclass
class Rendered:
    """Headings, tables as rows of cells, and all text of a page."""

    headings: list[str] = field(default_factory=list)
    tables: list[list[list[str]]] = field(default_factory=list)
    text: str = ""


def rendered(page: str) -> Rendered:
    """Read a page as GitHub does: CommonMark with tables."""
    seen, where = Rendered(), ""
    for token in MarkdownIt("commonmark").enable("table").parse(page):
        if token.type == "table_open":
            seen.tables.append([])
        elif token.type == "tr_open":
            seen.tables[-1].append([])
        elif token.type in ("heading_open", "th_open", "td_open", "paragraph_open"):
            where = token.type
        elif token.type == "inline":
            words = "".join(
                child.content or "\n" * (child.type == "softbreak") for child in token.children or ()
            )
            seen.text += f"{words}\n"
            if where == "heading_open":
                seen.headings.append(words)
            elif where in ("th_open", "td_open"):
                seen.tables[-1][-1].append(words)
    return seen
