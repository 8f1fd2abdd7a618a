"""Finished runs as pages of `docs/`: one record and one picture an experiment.

`docs/results/<name>.json` and `.png` come from a run folder; the pages come from the
records alone, so that each number on a page is one that a run wrote.
"""

import io
import pathlib
from collections.abc import Callable
from typing import Any, get_args

import PIL.Image

from experiments import NAMES, load_experiment
from experiments.running.about import About, Page
from experiments.running.claims import describe_value
from experiments.running.common import (
    AGAIN,
    FINISHED,
    RunFolderError,
    config_to_dict,
    read_json,
    read_record,
    write_json,
)
from regions.files.reading import reading
from regions.files.writing import open_atomically, write_text

WIDTH = 1400
"""Largest width of the pictures in pixels."""

COLORS = 256
"""Colors of the palette of a picture; enough for figures, a fraction of the size."""

MOVIE = "movie.gif"
"""The movie of a run, if it has one; shown above the picture."""

BEGIN, END = "<!-- experiments -->", "<!-- end of experiments -->"
"""Marks in `studies.md` between which its table lies."""

_INTRODUCTIONS: dict[Page, str] = {
    "gallery": """\
# Gallery

Pictures and movies, each with the command that makes it, its CPU time, and what came
out.
""",
    "claims": """\
# Claims of the posts, settled by numbers

Each claim with its source, the number that settles it, the 90 % interval over
independent seeds, and the verdict: the interval lies inside the range that the claim
asks for (supported), outside (not supported), or across its border (mixed).

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
    "papers": """\
# Figures and tables of the literature

Each with the paper, the setup, where ours differs, what was expected, what came out
with its 90 % interval over independent seeds, and the command that repeats it.
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
                f"{folder / file} does not exist: finish the run first, with python "
                f"scripts/run_experiment.py {name} paper."
            )
    expected = {
        "experiment": name,
        "config": config_to_dict(study.presets["paper"]),
    }
    if read_json(folder / "config.json") != expected:
        raise RunFolderError(
            f"{folder} is no run of the paper preset of {name}: run it with python "
            f"scripts/run_experiment.py {name} paper."
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
    with reading(folder, FINISHED, AGAIN):
        record = {
            "seconds": round(sum(provenance["seconds"].values()), 1),
            "cpu_seconds": provenance.get("cpu_seconds"),
            "versions": provenance["versions"],
            "headline": summary["headline"],
            "claims": summary.get("claims", []),
        }
    if movie.is_file():
        record["movie"] = True
    if provenance.get("resumed", False):
        record["resumed"] = True
    write_json(results / f"{name}.json", record)


def write_pages(docs: pathlib.Path) -> None:
    """Write all pages from the records in `docs/results/`."""
    for page in get_args(Page):
        write_text(docs / f"{page}.md", render_page(page, docs))


def update_table(page: pathlib.Path, docs: pathlib.Path) -> None:
    """Write the table of all experiments between the marks of a page."""
    write_text(page, with_table(page.read_text(encoding="utf-8"), docs))


def with_table(text: str, docs: pathlib.Path) -> str:
    """A text with the table of all experiments between its marks.

    Raises:
        ValueError: If the marks are not there.
    """
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"the page has no marks {BEGIN} and {END}: put them back.")
    table = _table(_published(docs), lambda about: f"{about.page}.md")
    return "\n".join([before + begin, "", *table, "", end + after])


def render_page(page: Page, docs: pathlib.Path) -> str:
    """A page: a table of its experiments, then a section for each."""
    entries = [entry for entry in _published(docs) if entry[2].page == page]
    sections = [_section(name, record, about) for name, record, about in entries]
    table = _table(entries, lambda _: "")
    return "\n".join([_INTRODUCTIONS[page], *table, "", *sections])


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
    return f"python scripts/run_experiment.py {name} paper"


def _section(name: str, record: dict[str, Any], about: About) -> str:
    """Words, picture and claims of one experiment."""
    lines = [f"## {about.title}", "", f"Source: {about.source}.", "", about.setup]
    if about.differs:
        lines += ["", f"Differs from the source: {about.differs}"]
    if about.expected:
        lines += ["", f"Expected: {about.expected}"]
    lines += ["", f"Found: {record['headline']}", ""]
    if record.get("movie", False):
        lines += [f"![{about.title}](results/{name}.gif)", ""]
    lines += [f"![{about.title}](results/{name}.png)", ""]
    if record["claims"]:
        lines += ["| claim | source | number | verdict |", "| --- | --- | --- | --- |"]
        lines += [
            f"| {_cell(claim['claim'])} | {_cell(claim['source'])} "
            f"| {_cell(describe_value(claim))} | **{claim['verdict']}** |"
            for claim in record["claims"]
        ]
        lines.append("")
    time = _duration(record)
    unit = "" if record["cpu_seconds"] is None else " of CPU time"
    lines += [f"`{command(name)}`, {time}{unit}.", ""]
    return "\n".join(lines)


def _cell(text: str) -> str:
    """Text for a cell of a table."""
    return text.replace("|", "\\|")


def _anchor(title: str) -> str:
    """The anchor that a heading gets."""
    kept = (c for c in title.lower().replace(" ", "-") if c.isalnum() or c in "-_")
    return "".join(kept)


def _duration(record: dict[str, Any]) -> str:
    """CPU time of a record in seconds, or minutes when there are many.

    Of a run that was interrupted, only what came after it is known; of one that kept
    no CPU time, the time by the clock.
    """
    is_wall = record["cpu_seconds"] is None
    seconds = record["seconds"] if is_wall else record["cpu_seconds"]
    text = f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"
    text += " by the clock" if is_wall else ""
    return f"over {text} (resumed)" if record.get("resumed", False) else text


def _write_picture(source: pathlib.Path, target: pathlib.Path) -> None:
    """A smaller copy of a figure."""
    with PIL.Image.open(source) as picture:
        picture = picture.convert("RGB")
        if picture.width > WIDTH:
            height = round(picture.height * WIDTH / picture.width)
            picture = picture.resize((WIDTH, height), PIL.Image.Resampling.LANCZOS)
        # The default palette loses rare colors, such as a few blue points; this one
        # would tint grays without the step of k-means.
        method, dither = PIL.Image.Quantize.MAXCOVERAGE, PIL.Image.Dither.NONE
        small = picture.quantize(COLORS, method=method, dither=dither, kmeans=1)
        data = io.BytesIO()
        small.save(data, format="PNG", optimize=True)
    with open_atomically(target) as file:
        file.write(data.getvalue())
