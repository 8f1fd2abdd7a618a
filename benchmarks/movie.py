"""Seconds per frame of a movie, and where they go.

Run: python benchmarks/movie.py tests/data/nets/d2_64x3.npz runs/ring

A frame takes its network from memory to a PNG file: all regions of the unit square,
enumerated and proved; the exact label and the output of every pixel; panels and text;
the file. "CPU" is processor seconds of all threads, which other work on the machine
disturbs less than it does the clock. Best of several frames.
"""

import argparse
import pathlib
import tempfile
import time
from collections.abc import Callable

import regions
from experiments.measures.unit_square import UNIT_SQUARE
from experiments.movies.movie import Movie, MovieConfig, draw_frame
from experiments.movies.movie_files import write_png
from experiments.movies.movie_look import look_at
from regions.partition.rasters import label_grid
from training.config import DataConfig

COLUMNS = ("network", "pixels", "regions", "enumerated", "labeled", "looked at")
COLUMNS += ("frame", "frame and file", "wall, s")


def cheapest(work: Callable[[], object], repeats: int) -> tuple[float, float]:
    """Least processor and least wall seconds of some calls."""
    cpu, wall = [], []
    for _ in range(repeats):
        start, begin = time.process_time(), time.perf_counter()
        work()
        cpu.append(time.process_time() - start)
        wall.append(time.perf_counter() - begin)
    return min(cpu), min(wall)


def measure(path: pathlib.Path, size: int, repeats: int, folder: pathlib.Path) -> str:
    """One line of the table."""
    network = regions.load_network(path)
    movie = Movie(MovieConfig(data=DataConfig(size=size)))
    scene = movie.load_scene()
    found = regions.enumerate_regions(network, UNIT_SQUARE)

    def frame_and_file() -> None:
        frame, _ = draw_frame(movie, scene, network, 1, (0.0, 0.0))
        write_png(folder / "frame.png", frame)

    limit = movie.config.max_regions
    stages = (
        lambda: regions.enumerate_regions(network, UNIT_SQUARE),
        lambda: label_grid(found, size),
        lambda: look_at(network, (size, size), limit),
        lambda: draw_frame(movie, scene, network, 1, (0.0, 0.0)),
        frame_and_file,
    )
    seconds = [cheapest(stage, repeats) for stage in stages]
    cells = [path.stem, f"{size}^2", f"{len(found):,}"]
    cells += [f"{cpu:.3f}" for cpu, _ in seconds] + [f"{seconds[-1][1]:.3f}"]
    return "| " + " | ".join(cells) + " |"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description="Seconds per frame of a movie.")
    parser.add_argument("networks", nargs="+", type=pathlib.Path)
    parser.add_argument("--size", type=int, default=1024, help="side of a panel")
    parser.add_argument("--repeats", type=int, default=7)
    options = parser.parse_args()
    print("| " + " | ".join(COLUMNS) + " |")
    print("| " + " | ".join(["---"] * len(COLUMNS)) + " |")
    with tempfile.TemporaryDirectory() as folder:
        for path in options.networks:
            line = measure(path, options.size, options.repeats, pathlib.Path(folder))
            print(line)


if __name__ == "__main__":
    main()
