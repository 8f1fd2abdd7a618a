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
from experiments.running.claims import out_of_reach
from experiments.running.common import (
    RunFolderError,
    config_to_dict,
    mark_resumed,
    read_json,
    write_json,
    write_provenance,
)
from experiments.running.documents import (
    claim_of,
    read_documents,
    render_cards,
    render_documents,
)
from experiments.running.publishing import (
    BEGIN,
    END,
    document_pages,
    page_verdicts,
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
            "values": [0.5, 2.0, 9.0],
            "p_for": 0.001,
            "p_against": 1.0,
            "least": [0.001, 0.001],
            "reason": "a guess",
            "smaller": "",
            "verdict": "undecided",
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
    write_provenance(folder, seed=0, seconds={"a": 1.0})
    change_provenance(folder, cpu_seconds=150.0, load=0.5)
    PIL.Image.new("RGB", (2800, 100), "white").save(folder / "figure.png")
    return folder


def change_provenance(folder, **values):
    """Other values in the record of where and when a run was."""
    path = folder / "provenance.json"
    write_json(path, read_json(path) | values)


def test_page_shows_headline_picture_claims_time_and_command(run, tmp_path):
    docs = tmp_path / "docs"
    publish("data_slices", run, docs)
    write_pages(docs)
    text = (docs / "gallery.md").read_text()
    assert "| 2 min | seven \\| eight |" in text
    assert "`relu-regions study data_slices paper`, 2 min of CPU time; " in text
    assert "![The plane through three digits](results/data_slices.png)" in text
    assert "size: 2 [1, 3], 10 seeds; border: a guess | **confirmed** |" in text
    assert "Tests decide 1 of 1 claims with chance in them; 5%" in text
    record = read_json(docs / "results" / "data_slices.json")
    assert {"commit", "date", "processor", "python", "code", "config"} <= set(record)
    values = (docs / "results" / "data_slices.csv").read_text().splitlines()
    assert values[1:] == ["1,1,0.5,size", "1,2,2.0,size", "1,3,9.0,size"]
    assert "data_slices" not in (docs / "papers.md").read_text()
    with PIL.Image.open(docs / "results" / "data_slices.png") as picture:
        assert picture.size == (1400, 50)


def test_exact_facts_have_no_table_of_values(run, tmp_path):
    publish("data_slices", run, tmp_path)
    facts = [claim | {"values": []} for claim in SUMMARY["claims"]]
    write_json(run / "summary.json", SUMMARY | {"claims": facts})
    publish("data_slices", run, tmp_path)
    assert not (tmp_path / "results" / "data_slices.csv").exists()


def test_resumed_runs_say_what_their_commit_is_not(run, tmp_path):
    mark_resumed(run)
    publish("data_slices", run, tmp_path)
    text = render_page("gallery", tmp_path)
    assert "time not known (resumed); " in text
    assert "those of its end, after parts that earlier commits may have run." in text


def test_records_speak_of_verdicts_in_the_words_of_the_pages():
    for file in (DOCS / "results").glob("*.json"):
        for claim in read_json(file)["claims"]:
            # Newer ones keep what the page judges by; exact facts have no interval.
            assert ("verdict" in claim) != ("p_for" in claim), file
            ends = {"confirmed", "refuted"}
            if claim["seeds"]:
                ends = {f"{end} by its interval" for end in ends} | {"undecided"}
            assert claim.get("verdict") in ends | {None}, file


def test_claims_of_old_records_are_counted_apart(run, tmp_path):
    publish("data_slices", run, tmp_path)
    path = tmp_path / "results" / "data_slices.json"
    record = read_json(path)
    old = {k: v for k, v in record["claims"][0].items() if k != "p_for"}
    for verdict in ("undecided", "refuted by its interval"):
        record["claims"].append(old | {"verdict": verdict})
    write_json(path, record)
    text = render_page("gallery", tmp_path)
    assert "Of 3 claims with chance in them 2 are of runs from before" in text
    assert "Intervals decide 1: " in text
    assert "\nTests decide 1 of the other 1; 5%" in text


def test_movie_is_shown_above_the_picture(run, tmp_path):
    (run / "movie.gif").write_bytes(b"GIF89a")
    (run / "page.mp4").write_bytes(b"ftyp")
    docs = tmp_path / "docs"
    publish("data_slices", run, docs)
    write_pages(docs)
    text = (docs / "gallery.md").read_text()
    movie = text.index("![The plane through three digits](results/data_slices.gif)")
    assert movie < text.index("(results/data_slices.png)")
    assert (docs / "results" / "data_slices.gif").read_bytes() == b"GIF89a"
    assert (docs / "results" / "data_slices.mp4").read_bytes() == b"ftyp"
    assert "(results/data_slices.mp4)" in text


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


def test_committed_page_of_the_documents_is_that_of_the_records():
    for name, text in document_pages(DOCS).items():
        assert (DOCS / name).read_text(encoding="utf-8") == text


def test_sentences_find_their_claim_or_say_so():
    settled = {"one": [({"claim": "It is a|b."}, "refuted"), ({"claim": "It"}, "")]}
    rows = [
        {"sentence": "s", "study": "one", "claim": "It is a", "why": "small"},
        {"sentence": "t", "study": "two", "claim": "x"},
        {"sentence": "u", "verdict": "open"},
    ]
    documents = [{"title": "D", "rows": rows, "note": "\na theorem\n"}]
    text = render_documents(
        documents, settled, lambda s: f"<{s}>", lambda c: c["claim"]
    )
    picture = "[picture](results/one.png)"
    assert f"| s | <one> | **refuted**: small | It is a\\|b. | {picture} |" in text
    assert "| t |  | **not published yet** |  |  |" in text
    assert text.endswith("| u |  | **open** |  |  |\n\na theorem\n")
    card = {"title": "T", "source": "S", "found": "F", **rows[0]}
    short = render_cards([card, card | rows[1]], settled, str, lambda c: c["claim"])
    assert "\nF\n\nClaim: It is a|b. **refuted**. It is a|b.. one." in short
    assert "**not published yet**" in short
    for claim, count in (("It", 2), ("No", 0)):
        with pytest.raises(ValueError, match=f"^{count} claims of one begin"):
            claim_of({"study": "one", "claim": claim}, settled)


def test_committed_page_holds_the_table_of_the_records():
    text = (DOCS / "studies.md").read_text(encoding="utf-8")
    assert with_table(text, DOCS) == text


def test_text_around_the_table_is_kept(run, tmp_path):
    docs = tmp_path / "docs"
    publish("data_slices", run, docs)
    text = with_table(f"before\n{BEGIN}\nearlier\n{END}\nafter\n", docs)
    assert text.startswith(f"before\n{BEGIN}\n\n| experiment |")
    assert text.endswith(f".\n\n{END}\nafter\n")
    assert "(gallery.md#the-plane-through-three-digits)" in text
    assert "earlier" not in text
    assert "published yet: `activations`, " in text
    assert "`data_slices`" not in text.partition("published yet: ")[2]
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


def test_time_of_a_run_beside_others_is_not_told(run, tmp_path):
    change_provenance(run, load=2.0)
    publish("data_slices", run, tmp_path)
    assert "time not known (others ran beside it); " in render_page("gallery", tmp_path)


def test_time_of_a_resumed_run_is_not_told(run, tmp_path):
    mark_resumed(run)
    docs = tmp_path / "docs"
    publish("data_slices", run, docs)
    write_pages(docs)
    assert "| time not known (resumed) | seven" in (docs / "gallery.md").read_text()


def test_pictures_keep_all_their_colors(run, tmp_path):
    colors = np.random.default_rng(0).integers(0, 256, (50, 700, 3), np.uint8)
    PIL.Image.fromarray(colors).save(run / "figure.png")
    publish("data_slices", run, tmp_path / "docs")
    with PIL.Image.open(tmp_path / "docs" / "results" / "data_slices.png") as small:
        np.testing.assert_array_equal(np.asarray(small), colors)


def test_heavy_pictures_get_fewer_colors_that_are_right_on_average(run, tmp_path):
    rng = np.random.default_rng(0)
    ramp = np.linspace(0, 255, 700)[None, :, None] + rng.uniform(0, 40, (400, 700, 3))
    colors = np.clip(ramp, 0, 255).astype(np.uint8)
    PIL.Image.fromarray(colors).save(run / "figure.png")
    publish("data_slices", run, tmp_path / "docs")
    file = tmp_path / "docs" / "results" / "data_slices.png"
    assert file.stat().st_size < 400_000
    with PIL.Image.open(file) as small:
        shown = np.asarray(small.convert("RGB"), float)
    # No bands: means over small squares are those of the picture.
    means = (shown - colors).reshape(20, 20, 35, 20, 3).mean(axis=(1, 3))
    assert np.abs(means).mean() < 1.0


def test_claims_of_a_page_are_judged_together():
    weak = SUMMARY["claims"][0] | {"p_for": 0.02}
    record = {"claims": [weak]}
    assert page_verdicts([record]) == [["confirmed"]]
    assert page_verdicts([record, {"claims": [weak | {"p_for": 0.4}]}]) == [
        ["undecided"],
        ["undecided"],
    ]
    # Older records have no p-values.
    old = {"claims": [{"verdict": "undecided", "seeds": 3}]}
    assert page_verdicts([old]) == [["undecided"]]


def test_claims_of_the_documents_say_why_their_border_and_if_seeds_are_too_few():
    content, page = read_documents(DOCS), document_pages(DOCS)["documents.md"]
    for row in (row for document in content["document"] for row in document["rows"]):
        if "claim" not in row:
            continue
        record = read_json(DOCS / "results" / f"{row['study']}.json")
        settled = {row["study"]: [(claim, "") for claim in record["claims"]]}
        claim, _ = claim_of(row, settled)
        # Older records keep no tests.
        if claim["seeds"] and "p_for" in claim:
            assert claim["reason"], claim["claim"]
            sentence = row["sentence"].replace("|", "\\|")
            line = page.partition(f"| {sentence} |")[2].partition("\n")[0]
            assert line
            if out_of_reach(claim) and "**undecided**" in line:
                assert f"**undecided** ({claim['seeds']} seeds can not have it" in line
