"""How every kind of file that is read is written, and how it is read."""

import atexit
import functools
import itertools
import json
import pathlib
import shutil
import tempfile
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import PIL.Image

import regions
from experiments import hopfield
from experiments.movies.movie_run import read_rows
from experiments.running.arguments import read_polytope, read_slice
from experiments.running.common import read_record
from experiments.scaling_study.settings import read_study
from regions.files.data_files import load_points
from regions.files.writing import read_arrays
from regions.pieces.parts import count_in_parts
from regions.pieces.streaming import enumerate_to_parquet
from regions.results.lazy_regions import RegionFile
from regions.results.region_files import read_stored
from regions.results.region_table import RegionTable
from tests.fuzz.networks import NETWORKS, arrays
from training.datasets import read_image
from training.snapshots import read_metrics, write_metrics

MAX_BYTES = 16 * 2**20
"""What readers are allowed, where they take a limit."""

SQUARE = regions.Box.cube(2)


class Sample(NamedTuple):
    """One kind of file or folder.

    Attributes:
        name: What it is called.
        write: Writes a whole one.
        read: Reads one; the second argument says whether to look at it twice, as by
            the framework that it comes from.
    """

    name: str
    write: Callable[[pathlib.Path], object]
    read: Callable[[pathlib.Path, bool], object]


def _write_csv(path: pathlib.Path) -> None:
    path.write_text("width,height\n0.25,-3\n1e-3,4\n5,6.5\n")


def _write_npy(path: pathlib.Path) -> None:
    np.save(path, arrays()["0.weight"])


def _write_slice(path: pathlib.Path) -> None:
    parts = {"origin": np.zeros(3), "directions": np.eye(3)[:2]}
    np.savez_compressed(path, **parts, lower=-np.ones(2), upper=np.ones(2))


def _network() -> regions.ReluNetwork:
    """The network of all results and journals."""
    weights, biases = list(arrays().values())[::2], list(arrays().values())[1::2]
    return regions.ReluNetwork.from_arrays(weights, biases)


def _is_right(count: int) -> None:
    """Raise unless a count that was read, or gone on with, is that of the network."""
    expected = int(regions.count_regions(_network(), SQUARE))
    if count != expected:
        raise AssertionError(f"{count} regions, where {expected} are")


def _write_parquet(path: pathlib.Path) -> None:
    regions.enumerate_regions(_network(), SQUARE).save(path)


def _write_polytope(path: pathlib.Path) -> None:
    path.write_text('{"A": [[1, 1], [-1, 0], [0, -1]], "b": [1, 0, 0]}')


def _write_tree(path: pathlib.Path) -> None:
    """The journal of a search that was stopped."""
    how = {"method": "tree", "max_regions": 3, "journal": path}
    regions.enumerate_regions(_network(), SQUARE, **how)


def _read_tree(path: pathlib.Path, twice: bool) -> None:
    how = {"method": "tree", "journal": path}
    _is_right(len(regions.enumerate_regions(_network(), SQUARE, **how)))


def _write_pieces(path: pathlib.Path) -> None:
    """The journal of a count that was stopped."""
    calls = itertools.count()
    how = {"parts": 9, "stop": lambda: next(calls) > 4}
    count_in_parts(_network(), SQUARE, journal=path, **how)


def _read_pieces(path: pathlib.Path, twice: bool) -> None:
    _is_right(int(count_in_parts(_network(), SQUARE, parts=9, journal=path)))


def _write_parts(path: pathlib.Path) -> None:
    enumerate_to_parquet(_network(), SQUARE, path, piece_regions=2)


def _read_parts(path: pathlib.Path, twice: bool) -> None:
    """Go on with a folder, or only look at it."""
    if twice:
        (path / "_manifest.json").unlink(missing_ok=True)
        (path / "part-000000.parquet").unlink(missing_ok=True)
    folder = enumerate_to_parquet(_network(), SQUARE, path, piece_regions=2)
    if not folder.verify():
        _is_right(sum(len(batch) for batch in folder.batches()))


def _write_json(path: pathlib.Path) -> None:
    path.write_text(json.dumps({"experiment": "ring", "config": {"seeds": [0, 1.5]}}))


def _write_toml(path: pathlib.Path) -> None:
    path.write_text(
        '# a study\nseeds = 3\nhalf_width = 1.5\ninitializer = "he_normal"\n\n'
        '[[families]]\nvaries = "width"\nvalues = [4, 8]\ndim = 2\n'
    )


def _write_table(path: pathlib.Path) -> None:
    losses = np.linspace(1, 0.5, 8, dtype=np.float32).reshape(4, 2)
    write_metrics(path, losses, updates_per_epoch=2)


@functools.cache
def _finished_run() -> pathlib.Path:
    """A run of a small study."""
    folder = pathlib.Path(tempfile.mkdtemp())
    atexit.register(shutil.rmtree, folder)
    hopfield.STUDY.run(hopfield.STUDY.presets["smoke"], folder, lambda *_: None)
    return folder


def _write_run(path: pathlib.Path) -> None:
    shutil.copytree(_finished_run(), path)


def _read_run(path: pathlib.Path, twice: bool) -> None:
    hopfield.STUDY.load(hopfield.STUDY.presets["smoke"], path)


def _write_image(path: pathlib.Path) -> None:
    pixels = np.arange(192, dtype=np.uint8).reshape(8, 8, 3)
    PIL.Image.fromarray(pixels).save(path)


def _load(path: pathlib.Path, check: bool) -> object:
    return regions.load_network(path, check=check, max_bytes=MAX_BYTES)


def _load_points(path: pathlib.Path, twice: bool) -> object:
    return load_points(path, max_bytes=MAX_BYTES)


def _load_image(path: pathlib.Path, twice: bool) -> object:
    return read_image(path, max_bytes=MAX_BYTES)


def _load_regions(path: pathlib.Path, twice: bool) -> None:
    if twice:
        RegionFile(path, kind=RegionTable, max_bytes=MAX_BYTES).changes()
        return
    stored = read_stored(path, kind=RegionTable, max_bytes=MAX_BYTES)
    if not stored.changes:
        _is_right(len(stored.regions))


SAMPLES: dict[str, Sample] = {
    **{
        suffix.lstrip("."): Sample(f"model{suffix}", write, _load)
        for suffix, write in NETWORKS.items()
    },
    "points.csv": Sample("x.csv", _write_csv, _load_points),
    "points.npy": Sample("x.npy", _write_npy, _load_points),
    "polytope": Sample(
        "polytope.json", _write_polytope, lambda path, _: read_polytope(path)
    ),
    "slice": Sample("slice.npz", _write_slice, lambda path, _: read_slice(path)),
    "regions": Sample("regions.parquet", _write_parquet, _load_regions),
    "parts": Sample("regions", _write_parts, _read_parts),
    "tree": Sample("tree", _write_tree, _read_tree),
    "pieces": Sample("pieces.jsonl", _write_pieces, _read_pieces),
    "json": Sample("config.json", _write_json, lambda path, _: read_record(path)),
    "toml": Sample("study.toml", _write_toml, lambda path, _: read_study(path)),
    "arrays": Sample("a.npz", _write_slice, lambda path, _: read_arrays(path)),
    "metrics": Sample("m.csv", _write_table, lambda path, _: read_metrics(path, 4)),
    "frames": Sample("f.csv", _write_table, lambda path, _: read_rows(path, ["epoch"])),
    "run": Sample("run", _write_run, _read_run),
    "png": Sample("image.png", _write_image, _load_image),
    "jpg": Sample("image.jpg", _write_image, _load_image),
}
"""Every kind, by the name that `make fuzz` takes."""
