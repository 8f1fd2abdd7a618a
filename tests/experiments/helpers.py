"""What the tests of experiments share: one run of a smoke preset, checked."""

import json
import pathlib
from typing import Any

import pytest

from experiments import load_experiment
from experiments.plotting.style import save_figure
from experiments.running.common import open_run
from training.progress import quiet

VERDICTS = {"confirmed", "refuted", "undecided", "not tested at the source's size"}


def run_smoke(
    name: str,
    tmp_path_factory: pytest.TempPathFactory,
    formats: tuple[str, ...] = ("png",),
) -> tuple[pathlib.Path, dict[str, Any]]:
    """Run the smoke preset and draw it from its folder; give folder and summary.

    One format tells whether a figure can be drawn; one study tries all of them.
    """
    study = load_experiment(name)
    config = study.presets["smoke"]
    folder = tmp_path_factory.mktemp("runs") / name
    assert open_run(folder, name, config) == "new"
    summary = study.run(config, folder, quiet)
    assert open_run(folder, name, config) == "finished"
    written = json.loads((folder / "summary.json").read_text())
    assert written == json.loads(json.dumps(summary))
    assert summary["headline"]
    for claim in summary.get("claims", []):
        assert claim["verdict"] in VERDICTS
        assert claim["interval"][0] <= claim["value"] <= claim["interval"][1]
    assert json.loads((folder / "provenance.json").read_text())["seconds"]
    figure = study.draw(study.load(config, folder))
    for suffix in formats:
        save_figure(figure, folder / f"figure.{suffix}", dpi=60.0)
        assert (folder / f"figure.{suffix}").stat().st_size > 1000
    return folder, written
