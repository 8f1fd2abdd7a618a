"""Train a network on an image and film its linear regions."""

import argparse
import pathlib
from typing import Any

from experiments.running.arguments import Parser
from experiments.running.console import GO_ON, run_main

EXAMPLES = """\
examples:
  python scripts/movie.py                          the ring, 14 units x 6 layers
  python scripts/movie.py --epochs 600 --frames 60 --size 512 --folder runs/quick
  python scripts/movie.py --shape "[10]*10+[2]+[10]*3" --folder runs/bottleneck
  python scripts/movie.py --image disc --shape "[500]" --activation relu --batch full \\
      --learning-rate 0.01 --save-interval 10 --folder runs/disc
  python scripts/movie.py --image photo.png --points 20000 --folder runs/photo

Left: the network's output with the boundaries of its activation regions in red; center:
the output; right: the image with training points in red, validation points in blue;
below: the loss of every epoch, with a mark at that of the frame.
One pixel is one grid point. Boundaries and counts are exact; a frame with more than
--max-regions shows where the codes of grid points differ, and says so.

The folder gets movie.mp4, movie.gif, last_frame.png, figure.png, frames/ (PNG),
frames.csv, metrics.csv, network.npz and summary.json. An interrupted run goes on when
the same command is given again, and ends with the same files; Ctrl-C while frames are
drawn leaves a movie of those that there are. Movies need an extra:
pip install 'relu-regions[movies]'.

exit code: 0 done, 2 bad input, 130 interrupted
"""


def parse(arguments: list[str] | None) -> argparse.Namespace:
    """The command line."""
    parser = Parser(__doc__, EXAMPLES)
    add = parser.add_argument
    add(
        "--image", default="ring", help="ring, disc, portrait or a file (default: ring)"
    )
    add("--size", type=int, default=1024, help="side of an image that is no file")
    add("--shape", default="[14]*6", help="units of the layers (default: [14]*6)")
    kinds = ["relu", "leaky_relu", "prelu", "abs"]
    add("--activation", default="leaky_relu", choices=kinds)
    add("--points", type=int, default=5000, help="training points (default: 5000)")
    add("--val-points", type=int, default=1000, help="validation points")
    add("--epochs", type=int, default=6000, help="passes over the points")
    many = parser.add_mutually_exclusive_group().add_argument
    many("--frames", type=int, help="about so many frames (default: 200)")
    many("--save-interval", type=int, metavar="EPOCHS", help="between two frames")
    add("--seed", type=int, default=0, help="of points, initialization and shuffles")
    add("--optimizer", default="adam", help="adam, amsgrad, adamw, sgd, muon, ...")
    add("--learning-rate", type=float, default=1e-3)
    add("--batch", default="1024", help="points per update, or full")
    add("--max-regions", type=int, default=20_000, help="drawn exactly, at most")
    add("--fps", type=int, default=24, help="frames per second")
    parser.add_run_folder("runs/movie")
    options = parser.parse(arguments)
    options.folder = options.folder or pathlib.Path("runs/movie")
    return options


def configure(options: argparse.Namespace) -> Any:
    """The configuration asked for.

    Raises:
        ValueError: If an option is out of range.
    """
    from experiments.movies.movie import MovieConfig, parse_shape
    from training.config import (
        DataConfig,
        ModelConfig,
        OptimizerConfig,
        TrainingConfig,
    )

    frames = 200 if options.frames is None else options.frames
    if frames < 1:
        raise ValueError(f"`frames` is {frames}: at least 1 is required.")
    interval = options.save_interval
    if interval is None:
        interval = max(1, -(-options.epochs // frames))
    if not (options.batch == "full" or options.batch.isdecimal()):
        raise ValueError(f"`batch` is {options.batch!r}: a number or full is required.")
    return MovieConfig(
        training=TrainingConfig(
            model=ModelConfig(
                widths=parse_shape(options.shape), activation=options.activation
            ),
            optimizer=OptimizerConfig(
                name=options.optimizer, learning_rate=options.learning_rate
            ),
            epochs=options.epochs,
            batch_size=None if options.batch == "full" else int(options.batch),
            seed=options.seed,
            snapshot_every=interval,
        ),
        data=DataConfig(
            image=options.image,
            size=options.size,
            num_train=options.points,
            num_val=options.val_points,
            seed=options.seed,
        ),
        max_regions=options.max_regions,
        fps=options.fps,
    )


def execute(options: argparse.Namespace) -> int:
    """Run or show the run."""
    from experiments.movies.movie import Movie
    from experiments.movies.movie_files import encoder
    from experiments.movies.movie_study import movie_study
    from experiments.running.command_line import run_and_show

    config = configure(options)
    # A bad image, or no encoder, must not leave a folder behind.
    Movie(config).load_scene()
    encoder()
    study = movie_study("movie")
    return run_and_show(study, config, options.folder, force=options.force)


def main(arguments: list[str] | None = None) -> int:
    """Exit code: 0 done, 2 bad input, 130 interrupted."""
    options = parse(arguments)
    message = GO_ON.format(folder=options.folder)
    return run_main(
        lambda: execute(options),
        interrupted=message,
        max_seconds=options.max_seconds,
    )
