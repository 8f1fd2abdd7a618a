"""The five documents: a card for the main findings, a row for every sentence."""

import pathlib
import tomllib
from collections.abc import Callable, Mapping
from typing import Any

from experiments.running.claims import BY_INTERVAL, remark

Settled = tuple[dict[str, Any], str]
"""A claim of a record, and its verdict on its page."""

INTRODUCTION = f"""\
# The five documents, sentence by sentence

Every sentence of the five documents that claims or asks something, in our own words:
where it is settled, the verdict, the number behind it, and the picture. Verdicts are
those of [the claims](claims.md). *Not tested at the source's size* stands where the
runs are smaller than the source's: the number is that of the smaller ones.
{BY_INTERVAL}
"""


IN_SHORT = f"""\
# Findings, in short

Twelve cards. Each says whose sentence or question it is about and what was found. Below
stand the claim that was put to the test, its verdict, and the number behind it: a
median or a share over seeds, networks from other random starts, with its 90 % interval,
and in brackets the range that the claim asks for. *Paired* numbers compare networks of
the same seed. *Undecided* speaks neither for a claim nor against it. What has no chance
in it has no interval.
{BY_INTERVAL}

All sentences of [the five documents](documents.md) have a row with their verdict, the
[claims of the posts](claims.md) and of [the literature](papers.md) every number.
The polytope of a point, which the second origami post announces as its next tool, is
`relu-regions polytope --help`.
"""


def read_documents(docs: pathlib.Path) -> dict[str, Any]:
    """`card` and `document`, the lists in `documents.toml`."""
    text = (docs / "documents.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def render_cards(
    cards: list[dict[str, Any]],
    settled: Mapping[str, list[Settled]],
    link: Callable[[str], str],
    number: Callable[[dict[str, Any]], str],
) -> str:
    """The page in short; the arguments are those of `render_documents`."""
    lines = [IN_SHORT]
    for card in cards:
        study = card["study"]
        lines += [f"## {card['title']}", "", f"*{card['source']}*", ""]
        if study not in settled:
            lines += ["**not published yet**", ""]
            continue
        claim, given = claim_of(card, settled)
        beside = "" if "verdict" in card else remark(claim, given)
        text = number(claim)
        lines += [
            card["found"],
            "",
            f"Claim: {claim['claim'].rstrip('.')}. **{card.get('verdict', given)}**"
            f"{beside}. {text[:1].upper()}{text[1:]}. {link(study)}.",
            "",
            f"![{card['title']}](results/{study}.png)",
            "",
        ]
    return "\n".join(lines)


def render_documents(
    documents: list[dict[str, Any]],
    settled: Mapping[str, list[Settled]],
    link: Callable[[str], str],
    number: Callable[[dict[str, Any]], str],
) -> str:
    """The page.

    Args:
        documents: From `read_documents`, each a title, rows, and a note, if any, that
            stands below them.
        settled: Claims and verdicts of every published study, by its name.
        link: Markdown that leads to the section of a study.
        number: A claim's number in words.
    """
    lines = [INTRODUCTION]
    for document in documents:
        lines += [f"## {document['title']}", ""]
        lines += ["| sentence | settled in | verdict | number | picture |"]
        lines += ["| --- | --- | --- | --- | --- |"]
        lines += [_row(row, settled, link, number) for row in document["rows"]]
        lines.append("")
        if "note" in document:
            lines += [document["note"].strip(), ""]
    return "\n".join(lines)


def claim_of(row: dict[str, Any], settled: Mapping[str, list[Settled]]) -> Settled:
    """The only claim of a row's study that begins as the row says.

    Raises:
        ValueError: If there is none, or more than one.
    """
    found = [
        (claim, verdict)
        for claim, verdict in settled.get(row["study"], [])
        if claim["claim"].startswith(row["claim"])
    ]
    if len(found) != 1:
        raise ValueError(
            f"{len(found)} claims of {row['study']} begin with {row['claim']!r}: one "
            "is required; mend docs/documents.toml."
        )
    return found[0]


def _row(
    row: dict[str, Any],
    settled: Mapping[str, list[Settled]],
    link: Callable[[str], str],
    number: Callable[[dict[str, Any]], str],
) -> str:
    """One sentence."""
    verdict, words, beside = row.get("verdict", ""), "", ""
    study = row.get("study")
    if study and study not in settled:
        verdict, study = "not published yet", None
    elif "claim" in row:
        claim, given = claim_of(row, settled)
        beside = "" if verdict else remark(claim, given)
        verdict, words = verdict or given, number(claim)
    why = beside + (f": {row['why']}" if "why" in row else "")
    cells = [
        row["sentence"],
        link(study) if study else "",
        f"**{verdict}**{why}",
        words,
        ", ".join(_pictures(study, row)) if study else "",
    ]
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def _pictures(study: str, row: dict[str, Any]) -> list[str]:
    """Links to the figure of a study, and to what else a row names."""
    links = [f"[picture](results/{study}.png)"]
    if "movie" in row:
        links.append(f"[movie](results/{row['movie']})")
    return links + ([f"[live](live/{row['live']}.html)"] if "live" in row else [])
