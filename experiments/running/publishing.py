"""Finished runs as pages of `docs/`: one record and one picture an experiment.

`docs/results/<name>.json`, `.csv` (the values of each seed) and `.png` come from a run
folder; the pages come from the records alone, so that each number on a page is one that
a run wrote. Verdicts are given here, over all claims of a page.
"""

import csv
import io
import pathlib
from collections.abc import Callable
from typing import Any, get_args

import PIL.Image

from experiments import NAMES, load_experiment
from experiments.running.about import About, Page
from experiments.running.claims import (
    BY_INTERVAL,
    RATE,
    describe_value,
    judge,
    remark,
)
from experiments.running.common import (
    AGAIN,
    FINISHED,
    RunFolderError,
    config_to_dict,
    read_json,
    read_record,
    write_json,
)
from experiments.running.documents import (
    read_documents,
    render_cards,
    render_documents,
)
from regions.files.reading import reading
from regions.files.writing import open_atomically, write_text

BUSY = 1.25
"""Load of a processor above which the time of a run is not told."""
WIDTH = 1400
"""Largest width of the pictures in pixels."""

HEAVY = 400_000
"""Bytes from which a picture gets 256 colors, its rounding spread over neighbors."""

MOVIE = "movie.gif"
"""The movie of a run, if it has one; shown above the picture."""

PAGE_MP4 = "page.mp4"
"""The same with all frames and colors, for a player."""

BEGIN, END = "<!-- experiments -->", "<!-- end of experiments -->"
"""Marks in `studies.md` between which its table lies."""

_INTRODUCTIONS: dict[Page, str] = {
    "gallery": """\
# Gallery

Pictures and movies, each with the command that makes it, its CPU time, and what came
out.
""",
    "claims": f"""\
# Claims of the posts, settled by numbers

Each claim with its source, the number that settles it, its 90 % interval over
independent seeds, and a verdict. *Confirmed* and *refuted*: sign tests or binomial
tests against the border of the range in brackets decide, over all claims of this page
together. *Undecided*: they do not, which speaks neither for a claim nor against it;
where so few seeds could not have decided, it says so. *Not
tested at the source's size*: the runs are smaller than the source's, and the number is
that of the smaller ones.
{BY_INTERVAL}
Checks of the program and exact facts stand apart, folded. Values of every seed are in
`results/<study>.csv`, where the run kept them.

Where the posts' own words mislead, this project uses others:

- The "steps" of the second origami post are epochs: 6000 of them, five updates each
  (5000 points in batches of 1024), are 30,000 updates. Pages here give both.
- 5000 of 1024 x 1024 pixels are 0.477 %, not 0.4 %. The first post's circle is a filled
  disc; the second's is a ring, black on 4.6 % of the pixels.
- 40 layers of 20 units have 16,461 parameters (not 20,000), 6 of 14 have 1,107, the
  network with the bottleneck 1,303, 30 layers of 30 have 27,091.
- In the product of matrices that is the network on a region, the last layer stands
  leftmost, and a final linear layer adds one weight matrix without an activation.
- Five units have 32 codes only from five inputs on: in the plane at most 16 occur, and
  10 without biases. The numbers in that post's hash table are no codes read as integers
  (those would be 1, 12 and 13); they can only be names of data points.
- That post's seven codes in use are codes that contain data, not all that occur.
- Low-rank adapters keep the number of regions and not the regions themselves: the
  two are counted apart here.
- The "unit cube" of the preconditioner post is the unit square, its nearest neighbor is
  one neighbor, and its optimizer is its author's own, not Adam.
- That linear storage is robust has two readings: the effect of a feature does not
  depend on the others (true of linear codes by construction), and the value read is
  closest (where thresholds win for sparse features of two values). Both are measured.
""",
    "papers": f"""\
# Figures and tables of the literature

Each with the paper, the setup, where ours differs, what was expected, what came out
with its 90 % interval over independent seeds, and the command that repeats it. Verdicts
are those of [the claims](claims.md): given over all claims of this page together.
{BY_INTERVAL}

Not here, as only their abstracts could be read: region seeding (Wei, Qi & Shen 2026,
2605.06300), of which the regularizer, the networks and the toy data are missing, and
the activation histograms of Hinz 2021 (2103.17174), of which the formula is.
""",
}


def publish(name: str, folder: pathlib.Path, docs: pathlib.Path) -> None:
    """Write the record and the picture of a finished run to `docs/results/`.

    Args:
        name: One of `experiments.NAMES`.
        folder: A run of its `paper` preset.
        docs: The folder of the pages.

    Raises:
        RunFolderError: If the run is unfinished, or one of another configuration.
    """
    study = load_experiment(name)
    for file in ("config.json", "summary.json", "provenance.json", "figure.png"):
        if not (folder / file).is_file():
            raise RunFolderError(
                f"{folder / file} does not exist: finish the run first, with "
                f"{command(name)}."
            )
    config = config_to_dict(study.presets["paper"])
    began = read_record(folder / "config.json")
    if (began["experiment"], began["config"]) != (name, config):
        raise RunFolderError(
            f"{folder} is no run of the paper preset of {name}: run it with "
            f"{command(name)}."
        )
    provenance, summary = (
        read_record(folder / file) for file in ("provenance.json", "summary.json")
    )
    results = docs / "results"
    results.mkdir(parents=True, exist_ok=True)
    _write_picture(folder / "figure.png", results / f"{name}.png")
    movie = folder / MOVIE
    if movie.is_file():
        with open_atomically(results / f"{name}.gif") as file:
            file.write(movie.read_bytes())
    video = folder / PAGE_MP4
    if video.is_file():
        with open_atomically(results / f"{name}.mp4") as file:
            file.write(video.read_bytes())
    with reading(folder, FINISHED, AGAIN):
        claims = summary.get("claims", [])
        values = _values(claims)
        record = {
            "date": provenance["date"],
            "commit": provenance["commit"],
            "uncommitted_changes": provenance["uncommitted_changes"],
            "code": began.get("code", {}),
            "processor": provenance["processor"],
            "python": provenance["python"],
            "versions": provenance["versions"],
            "seconds": round(sum(provenance["seconds"].values()), 1),
            "cpu_seconds": provenance["cpu_seconds"],
            "load": provenance.get("load"),
            "config": config,
            "headline": summary["headline"],
            "claims": [
                {k: v for k, v in claim.items() if k not in ("values", "verdict")}
                for claim in claims
            ],
        }
    table = results / f"{name}.csv"
    if values:
        write_text(table, values)
    else:
        table.unlink(missing_ok=True)
    if movie.is_file():
        record["movie"] = True
    if video.is_file():
        record["video"] = True
    if provenance.get("resumed", False):
        record["resumed"] = True
    write_json(results / f"{name}.json", record)


def _values(claims: list[dict[str, Any]]) -> str:
    """The values of every run behind every claim, as CSV; empty if there are none."""
    if not any(claim["values"] for claim in claims):
        return ""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["claim", "run", "value", "statistic"])
    for number, claim in enumerate(claims, start=1):
        for run, value in enumerate(claim["values"], start=1):
            writer.writerow([number, run, repr(value), claim["statistic"]])
    return text.getvalue()


def write_pages(docs: pathlib.Path) -> None:
    """Write all pages from the records in `docs/results/`, and the table of studies."""
    for page in get_args(Page):
        write_text(docs / f"{page}.md", render_page(page, docs))
    if (docs / "documents.toml").is_file():
        for name, text in document_pages(docs).items():
            write_text(docs / name, text)
    studies = docs / "studies.md"
    if studies.is_file():
        text = studies.read_text(encoding="utf-8")
        write_text(studies, with_table(text, docs))


def document_pages(docs: pathlib.Path) -> dict[str, str]:
    """The pages of the five documents, from `documents.toml` and the records."""
    published = _published(docs)
    settled, links = {}, {}
    for page in get_args(Page):
        entries = [entry for entry in published if entry[2].page == page]
        verdicts = page_verdicts([record for _, record, _ in entries])
        for (name, record, about), given in zip(entries, verdicts, strict=True):
            settled[name] = list(zip(record["claims"], given, strict=True))
            links[name] = f"[{about.title}]({page}.md#{_anchor(about.title)})"
    content, rest = read_documents(docs), (settled, links.__getitem__, describe_value)
    return {
        "findings.md": render_cards(content["card"], *rest),
        "documents.md": render_documents(content["document"], *rest),
    }


def with_table(text: str, docs: pathlib.Path) -> str:
    """A text with all experiments between its marks: a table of the published ones.

    Raises:
        ValueError: If the marks are not there.
    """
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"the page has no marks {BEGIN} and {END}: put them back.")
    published = _published(docs)
    table = _table(published, lambda about: f"{about.page}.md")
    waiting = sorted(set(NAMES) - {name for name, _, _ in published})
    if waiting:
        names = ", ".join(f"`{name}`" for name in waiting)
        table += ["", f"To be run, but not published yet: {names}."]
    return "\n".join([before + begin, "", *table, "", end + after])


def render_page(page: Page, docs: pathlib.Path) -> str:
    """A page: a table of its experiments, then a section for each."""
    entries = [entry for entry in _published(docs) if entry[2].page == page]
    verdicts = page_verdicts([record for _, record, _ in entries])
    sections = [
        _section(name, record, about, given)
        for (name, record, about), given in zip(entries, verdicts, strict=True)
    ]
    table = _table(entries, lambda _: "")
    tally = _tally([record for _, record, _ in entries], verdicts)
    return "\n".join([_INTRODUCTIONS[page], *tally, *table, "", *sections])


def page_verdicts(records: list[dict[str, Any]]) -> list[list[str]]:
    """Verdicts on the claims of all records of a page, judged together.

    A record that is older than the tests keeps the verdict that its interval gave.
    """
    claims = [claim for record in records for claim in record["claims"]]
    tested = iter(judge([claim for claim in claims if "p_for" in claim]))
    return [
        [
            next(tested) if "p_for" in claim else claim["verdict"]
            for claim in record["claims"]
        ]
        for record in records
    ]


def _tally(records: list[dict[str, Any]], verdicts: list[list[str]]) -> list[str]:
    """How many claims were decided, and how many of these may be false."""
    pairs = [
        (claim, verdict)
        for record, given in zip(records, verdicts, strict=True)
        for claim, verdict in zip(record["claims"], given, strict=True)
        if claim["seeds"]
    ]
    if not pairs:
        return []
    old = [verdict for claim, verdict in pairs if "p_for" not in claim]
    lines = []
    if old:
        decided = sum("by its interval" in verdict for verdict in old)
        lines.append(
            f"Of {len(pairs)} claims with chance in them {len(old)} are of runs from "
            "before values were kept, and can be judged by their intervals alone until "
            f"the study is run again, which tests them. Intervals decide {decided}: "
            "one in ten misses, and nothing corrects for their number."
        )
    tested = len(pairs) - len(old)
    if tested:
        decided = sum(verdict in ("confirmed", "refuted") for _, verdict in pairs)
        whole = f"the other {tested}" if old else f"{tested} claims with chance in them"
        lines.append(
            f"Tests decide {decided} of {whole}; {RATE:.0%} of these, "
            f"{RATE * decided:.1f}, are expected to be false at most (Benjamini and "
            "Hochberg)."
        )
    return ["\n".join(lines), ""]


def _published(docs: pathlib.Path) -> list[tuple[str, dict[str, Any], About]]:
    """Name, record and words of each experiment that has a record."""
    files = {name: docs / "results" / f"{name}.json" for name in NAMES}
    return [
        (name, read_json(file), _about(name))
        for name, file in files.items()
        if file.is_file()
    ]


def _about(name: str) -> About:
    """The words of an experiment."""
    about = load_experiment(name).about
    assert about is not None
    return about


def _table(
    entries: list[tuple[str, dict[str, Any], About]], page: Callable[[About], str]
) -> list[str]:
    """One row an experiment, linked to its section on a page."""
    rows = [
        f"| [{about.title}]({page(about)}#{_anchor(about.title)}) | `{command(name)}` "
        f"| {_duration(record)} | {_cell(record['headline'])} |"
        for name, record, about in entries
    ]
    head = "| experiment | command | CPU time | result |"
    return [head, "| --- | --- | --- | --- |", *rows]


def command(name: str) -> str:
    """The command that repeats a published run."""
    return f"relu-regions study {name} paper"


def _section(
    name: str, record: dict[str, Any], about: About, verdicts: list[str]
) -> str:
    """Words, picture and claims of one experiment."""
    lines = [f"## {about.title}", "", f"Source: {about.source}.", "", about.setup]
    if about.differs:
        lines += ["", f"Differs from the source: {about.differs}"]
    if about.expected:
        lines += ["", f"Expected: {about.expected}"]
    lines += ["", f"Found: {record['headline']}", ""]
    if record.get("movie", False):
        lines += [f"![{about.title}](results/{name}.gif)", ""]
    if record.get("video", False):
        lines += [f"[All frames, in all colors (MP4)](results/{name}.mp4)", ""]
    lines += [f"![{about.title}](results/{name}.png)", ""]
    pairs = list(zip(record["claims"], verdicts, strict=True))
    claims = [(claim, verdict) for claim, verdict in pairs if claim["seeds"]]
    checks = [(claim, verdict) for claim, verdict in pairs if not claim["seeds"]]
    if claims:
        lines += [*_claim_table(claims), ""]
    if checks:
        failed = sum(not verdict.startswith("confirmed") for _, verdict in checks)
        words = f"{len(checks)} exact facts and checks of the program, {failed} fail"
        lines += [
            f'<details markdown="1"><summary>{words}</summary>',
            "",
            *_claim_table(checks),
            "",
            "</details>",
            "",
        ]
    time = _duration(record)
    unit = " of CPU time" if time[0].isdigit() and "clock" not in time else ""
    lines += [f"`{command(name)}`, {time}{unit}{_origin(record)}.", ""]
    return "\n".join(lines)


def _claim_table(pairs: list[tuple[dict[str, Any], str]]) -> list[str]:
    """One row a claim."""
    return [
        "| claim | source | number | verdict |",
        "| --- | --- | --- | --- |",
        *(
            f"| {_cell(claim['claim'])} | {_cell(claim['source'])} "
            f"| {_cell(_number(claim))} | **{verdict}**{remark(claim, verdict)} |"
            for claim, verdict in pairs
        ),
    ]


def _number(claim: dict[str, Any]) -> str:
    """What was measured, and why the border lies where it does."""
    reason = claim.get("reason", "")
    return describe_value(claim) + (f"; border: {reason}" if reason else "")


def _origin(record: dict[str, Any]) -> str:
    """Commit, day and processor of a run, as far as its record has them.

    Those of a resumed run are of its end: what was stored before may be older.
    """
    if "date" not in record:
        return "; date and commit not recorded"
    commit = (record["commit"] or "unknown")[:7]
    edits = " with edits" if record["uncommitted_changes"] else ""
    text = f"; {record['date']}, commit {commit}{edits}, {record['processor']}"
    if record.get("resumed", False):
        text += ": those of its end, after parts that earlier commits may have run"
    return text


def _cell(text: str) -> str:
    """Text for a cell of a table."""
    return text.replace("|", "\\|")


def _anchor(title: str) -> str:
    """The anchor that a heading gets."""
    kept = (c for c in title.lower().replace(" ", "-") if c.isalnum() or c in "-_")
    return "".join(kept)


def _duration(record: dict[str, Any]) -> str:
    """CPU time of a record in seconds, or minutes when there are many.

    Of a run that was interrupted, only what came after it is known: that says nothing.
    Nor does the time of one that shared its processors: each is slower for it.
    Of one that kept no CPU time, the time by the clock.
    """
    if record.get("resumed", False):
        return "time not known (resumed)"
    if (record.get("load") or 0.0) > BUSY:
        return "time not known (others ran beside it)"
    is_wall = record["cpu_seconds"] is None
    seconds = record["seconds"] if is_wall else record["cpu_seconds"]
    text = f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"
    return text + (" by the clock" if is_wall else "")


def _write_picture(source: pathlib.Path, target: pathlib.Path) -> None:
    """A smaller copy of a figure."""
    with PIL.Image.open(source) as picture:
        picture = picture.convert("RGB")
        if picture.width > WIDTH:
            height = round(picture.height * WIDTH / picture.width)
            picture = picture.resize((WIDTH, height), PIL.Image.Resampling.LANCZOS)
        content = _png(picture)
        if len(content) > HEAVY:
            dither = PIL.Image.Dither.FLOYDSTEINBERG
            content = _png(picture.quantize(256, dither=dither))
    with open_atomically(target) as file:
        file.write(content)


def _png(picture: PIL.Image.Image) -> bytes:
    """The file of a picture, as small as it gets without loss."""
    data = io.BytesIO()
    picture.save(data, format="PNG", optimize=True)
    return data.getvalue()
