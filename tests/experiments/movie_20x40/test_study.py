"""The movie of the deep network: its own snapshots are those of other movies."""

import jax
import numpy as np

from experiments import movie_20x40
from experiments.movie_20x40.study import DeepMovie
from experiments.movies.movie import Movie
from tests.experiments.helpers import run_smoke
from training.progress import quiet
from training.snapshots import read_metrics

CONFIG = movie_20x40.PRESETS["smoke"]


def test_trained_as_other_movies_are(tmp_path, tmp_path_factory):
    folder, summary = run_smoke(movie_20x40.NAME, tmp_path_factory)
    assert (summary["frames"], summary["frames_exact"]) == (3, 0)
    assert summary["claims"][0]["verdict"] == "confirmed"
    plain = Movie(CONFIG)
    plain.train(plain.load_scene(), tmp_path, quiet)
    epochs = CONFIG.training.epochs
    losses, expected = (
        read_metrics(place / "metrics.csv", epochs) for place in (folder, tmp_path)
    )
    np.testing.assert_allclose(losses, expected, rtol=1e-5)
    with (
        DeepMovie(CONFIG).snapshots(folder) as found,
        plain.snapshots(tmp_path) as wanted,
    ):
        for epoch in range(epochs + 1):
            jax.tree.map(np.testing.assert_array_equal, found(epoch), wanted(epoch))
