"""A hook of MkDocs: the last page of the reference holds the names of no other page."""

import pathlib
import re

import regions

API = pathlib.Path(__file__).resolve().parents[1] / "docs" / "api"
MARK = "<!-- names -->"


def on_page_markdown(markdown: str, **_: object) -> str:
    """Put the names in place of the mark."""
    if MARK not in markdown:
        return markdown
    pages = "\n".join(page.read_text(encoding="utf-8") for page in API.glob("*.md"))
    named = re.findall(r"^::: regions\.(\w+)$", pages, re.MULTILINE)
    rest = [name for name in regions.__all__ if name not in named]
    return markdown.replace(MARK, "\n\n".join(f"::: regions.{name}" for name in rest))
