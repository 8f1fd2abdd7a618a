"""The movie of the third post's network, and the length of all four of the ring."""

import itertools

import pytest

from experiments import movie_20x40, movie_30x30, movie_bottleneck, movie_ring
from experiments.movies.movie import frame_epochs
from experiments.movies.movie_files import HOLD
from tests.experiments.helpers import run_smoke


def test_smoke_run_marks_the_right_pixels(tmp_path_factory):
    _, summary = run_smoke(movie_30x30.NAME, tmp_path_factory)
    assert summary["frames"] == 3
    assert summary["claims"][0]["value"] == 0


def test_network_has_the_parameters_of_the_post():
    sizes = (2, *movie_30x30.PRESETS["paper"].training.model.widths, 1)
    assert sum((a + 1) * b for a, b in itertools.pairwise(sizes)) == 27_091


@pytest.mark.parametrize(
    "study", [movie_ring, movie_bottleneck, movie_20x40, movie_30x30]
)
def test_movies_of_the_ring_last_a_minute(study):
    config = study.PRESETS["paper"]
    assert len(frame_epochs(config)) / config.fps + HOLD >= 60.0
