"""Pages: made from records, which are made from finished runs."""

import dataclasses
import importlib
import json
import pathlib
from typing import get_args

import numpy as np
import PIL.Image
import pytest

from experiments import NAMES, data_slices, load_experiment
from experiments.running.about import About, Page
from experiments.running.common import (
    RunFolderError,
    config_to_dict,
    mark_resumed,
    write_json,
)
from experiments.running.publishing import (
    BEGIN,
    END,
    publish,
    render_page,
    with_table,
    write_pages,
)

DOCS = pathlib.Path(__file__).resolve().parents[3] / "docs"
SUMMARY = {
    "headline": "seven | eight",
    "claims": [
        {
            "claim": "it is large",
            "source": "a post",
            "statistic": "size",
            "value": 2.0,
            "interval": [1.0, 3.0],
            "seeds": 10,
            "verdict": "supported",
        }
    ],
}


@pytest.fixture
def run(tmp_path):
    """A folder as a finished run of data_slices leaves it."""
    folder = tmp_path / "run"
    folder.mkdir()
    config = config_to_dict(data_slices.PRESETS["paper"])
    write_json(folder / "config.json", {"experiment": "data_slices", "config": config})
    write_json(folder / "summary.json", SUMMARY)
    provenance = {"seconds": {"a": 1.0}, "cpu_seconds": 150.0, "versions": {"jax": "1"}}
    write_json(folder / "provenance.json", provenance)
    PIL.Image.new("RGB", (2800, 100), "white").save(folder / "figure.png")
    return folder


def test_page_shows_headline_picture_claims_time_and_command(run, tmp_path):
    docs = tmp_path / "docs"
    publish("data_slices", run, docs)
    write_pages(docs)
    text = (docs / "gallery.md").read_text()
    assert "| 2 min | seven \\| eight |" in text
    assert (
        "`python scripts/run_experiment.py data_slices paper`, 2 min of CPU time"
        in text
    )
    assert "![The plane through three digits](results/data_slices.png)" in text
    assert "size: 2 [1, 3], 10 seeds | **supported** |" in text
    assert "data_slices" not in (docs / "papers.md").read_text()
    with PIL.Image.open(docs / "results" / "data_slices.png") as picture:
        assert picture.size == (1400, 50)


def test_movie_is_shown_above_the_picture(run, tmp_path):
    (run / "movie.gif").write_bytes(b"GIF89a")
    docs = tmp_path / "docs"
    publish("data_slices", run, docs)
    write_pages(docs)
    text = (docs / "gallery.md").read_text()
    movie = text.index("![The plane through three digits](results/data_slices.gif)")
    assert movie < text.index("(results/data_slices.png)")
    assert (docs / "results" / "data_slices.gif").read_bytes() == b"GIF89a"


@pytest.mark.parametrize("missing", ["summary.json", "figure.png", "config.json"])
def test_unfinished_runs_are_refused(missing, run, tmp_path):
    (run / missing).unlink()
    with pytest.raises(RunFolderError, match=f"{missing} does not exist: finish"):
        publish("data_slices", run, tmp_path / "docs")


def test_runs_of_other_configurations_are_refused(run, tmp_path):
    config = json.loads((run / "config.json").read_text())
    config["config"]["num_val"] = 17
    write_json(run / "config.json", config)
    with pytest.raises(RunFolderError, match="no run of the paper preset"):
        publish("data_slices", run, tmp_path / "docs")


@pytest.mark.parametrize("page", get_args(Page))
def test_committed_pages_are_those_of_the_records(page):
    assert (DOCS / f"{page}.md").read_text(encoding="utf-8") == render_page(page, DOCS)


def test_committed_page_holds_the_table_of_the_records():
    text = (DOCS / "studies.md").read_text(encoding="utf-8")
    assert with_table(text, DOCS) == text


def test_text_around_the_table_is_kept(run, tmp_path):
    docs = tmp_path / "docs"
    publish("data_slices", run, docs)
    text = with_table(f"before\n{BEGIN}\nold\n{END}\nafter\n", docs)
    assert text.startswith(f"before\n{BEGIN}\n\n| experiment |")
    assert text.endswith(f"|\n\n{END}\nafter\n")
    assert "(gallery.md#the-plane-through-three-digits)" in text
    assert "old" not in text
    with pytest.raises(ValueError, match="no marks"):
        with_table("nothing", docs)


@pytest.mark.parametrize("name", NAMES)
def test_every_experiment_says_what_it_is(name):
    study = load_experiment(name)
    assert isinstance(study.about, About)
    assert name == study.name
    assert set(study.presets) == {"smoke", "paper"}
    assert all(dataclasses.is_dataclass(c) for c in study.presets.values())
    package = importlib.import_module(f"experiments.{name}")
    assert package.ABOUT is study.about
    assert package.PRESETS is study.presets
    assert (package.run, package.load) == (study.run, study.load)


def test_time_of_a_resumed_run_is_a_lower_bound(run, tmp_path):
    mark_resumed(run)
    docs = tmp_path / "docs"
    publish("data_slices", run, docs)
    write_pages(docs)
    assert "| over 2 min (resumed) | seven" in (docs / "gallery.md").read_text()


def test_few_points_of_a_color_keep_it(run, tmp_path):
    picture = PIL.Image.radial_gradient("L").resize((700, 700)).convert("RGB")
    for x in range(100, 600, 100):
        picture.putpixel((x, 350), (0, 0, 255))
    picture.save(run / "figure.png")
    publish("data_slices", run, tmp_path / "docs")
    with PIL.Image.open(tmp_path / "docs" / "results" / "data_slices.png") as small:
        red, _, blue = np.asarray(small.convert("RGB"))[350, 300]
    assert red < 40
    assert blue > 215
