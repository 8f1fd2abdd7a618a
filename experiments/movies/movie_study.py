"""A movie as a study: trained, filmed and drawn by what all movies share."""

import pathlib
from collections.abc import Mapping

from experiments.movies.movie import Movie, MovieConfig
from experiments.movies.movie_run import Result, read_movie, run_movie
from experiments.movies.movie_strip import draw
from experiments.running.about import About
from experiments.running.common import Clock
from experiments.running.studies import Study, Summary
from training.progress import Progress


def movie_study(
    name: str,
    kind: type[Movie] = Movie,
    *,
    about: About | None = None,
    presets: Mapping[str, MovieConfig] | None = None,
) -> Study[MovieConfig, Result]:
    """The study that trains a network and films it.

    Args:
        name: The name of its runs.
        kind: Which panels it shows, and what it measures besides.
        about: Its words on a page.
        presets: As in `Study`.
    """

    def conduct(
        config: MovieConfig, folder: pathlib.Path, progress: Progress, clock: Clock
    ) -> Summary:
        return run_movie(kind(config), folder, progress, clock)

    def read(config: MovieConfig, folder: pathlib.Path, summary: Summary) -> Result:
        return read_movie(kind(config), folder, summary)

    return Study(
        name=name,
        about=about,
        presets=presets or {},
        conduct=conduct,
        read=read,
        draw=draw,
    )
