"""What a run of any study keeps: its summary, its provenance, its result."""

import dataclasses
import json
from types import SimpleNamespace

import pytest
from matplotlib.figure import Figure

from experiments.running.claims import claim_exact
from experiments.running.studies import Study, first_seed
from training.progress import quiet


@dataclasses.dataclass(frozen=True)
class Config:
    """What identifies the runs of these tests."""

    seeds: tuple[int, ...] = (7, 8)


def _conduct(config, folder, progress, clock):
    (folder / "kept.txt").write_text(f"{sum(config.seeds)}")
    clock.lap("adding")
    progress(1, 1, "adding")
    claim = claim_exact("It adds up.", "this test", "difference", 0, holds=True)
    return {"headline": "fifteen", "claims": [claim]}


def _read(config, folder, summary):
    return config, summary["headline"], (folder / "kept.txt").read_text()


STUDY = Study(name="adding", conduct=_conduct, read=_read, draw=lambda result: Figure())


def test_run_writes_what_it_returns_and_its_provenance(tmp_path):
    summary = STUDY.run(Config(), tmp_path, quiet)
    assert summary["claims"][0]["verdict"] == "confirmed"
    assert json.loads((tmp_path / "summary.json").read_text()) == json.loads(
        json.dumps(summary)
    )
    provenance = json.loads((tmp_path / "provenance.json").read_text())
    assert provenance["seed"] == 7
    assert set(provenance["seconds"]) == {"adding"}


def test_result_is_read_from_the_folder(tmp_path):
    STUDY.run(Config(), tmp_path, quiet)
    assert STUDY.load(Config(), tmp_path) == (Config(), "fifteen", "15")


def test_failed_run_is_no_finished_run(tmp_path):
    def fail(config, folder, progress, clock):
        raise RuntimeError("broken")

    with pytest.raises(RuntimeError, match="broken"):
        dataclasses.replace(STUDY, conduct=fail).run(Config(), tmp_path, quiet)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("config", "seed"),
    [
        (SimpleNamespace(seeds=(3, 4), seed=9), 3),
        (SimpleNamespace(seeds=5, seed=9), 9),
        (SimpleNamespace(seeds=5, training=SimpleNamespace(seed=6)), 0),
        (SimpleNamespace(training=SimpleNamespace(seed=6)), 6),
        (SimpleNamespace(), 0),
    ],
)
def test_first_seed_is_the_one_that_a_run_begins_with(config, seed):
    assert first_seed(config) == seed
