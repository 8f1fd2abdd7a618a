"""The live page of the collapse: one training of the study, and where it is looked at.

`python -m experiments.atlas.collapse` trains it anew (a minute of processor time) and
keeps a few snapshots in `docs/results/`; `make docs` finds their regions, exactly, and
writes the page. Before the collapse the square has half a million regions, more than a
page should hold: the window has ten thousand of them, and an edge of the ring.
"""

import dataclasses
import pathlib

import numpy as np

import regions
from experiments.atlas.contents import Atlas, Series
from experiments.atlas.partition import find_partition
from experiments.collapse.study import PLAIN, PRESETS
from experiments.running.console import Bars
from regions.files.writing import read_arrays, write_arrays
from training.datasets import load_image, sample_points
from training.models import params_to_relu_network
from training.watching import unflatten, watch_training

ROOT = pathlib.Path(__file__).resolve().parents[2]
FILE = ROOT / "docs" / "results" / "collapse-snapshots.npz"
SEED = 8
"""Of the study's, the collapsed one with the fewest regions."""
EPOCHS = (2800, 2850, 2900, 2950, 3000, 4200)
"""Snapshots: the loss is highest near 2890, and back near 2990."""
WINDOW = regions.Box([0.58, 0.58], [0.78, 0.78])
EVERY = 5
"""Epochs between two losses that are kept."""
TRAINING = dataclasses.replace(
    PRESETS["paper"].training(PLAIN, SEED), epochs=max(EPOCHS)
)


def train(file: pathlib.Path = FILE) -> None:
    """Train as the study does, and keep the snapshots and losses."""
    data = PRESETS["paper"].data
    points = sample_points(load_image(data), data.num_train, data.num_val, SEED)
    with Bars() as bars:
        run = watch_training(TRAINING, points, bars)
    epochs = np.arange(1, TRAINING.epochs + 1)
    batches = run.losses.reshape(len(epochs), -1).mean(axis=1)
    losses = np.column_stack([epochs, batches, run.val]).astype(np.float32)
    at = np.searchsorted(run.epochs, EPOCHS)
    write_arrays(
        file,
        epochs=run.epochs[at],
        params=run.params[at],
        losses=losses[EVERY - 1 :: EVERY],
    )


def networks(file: pathlib.Path = FILE) -> dict[int, regions.ReluNetwork]:
    """The network of each snapshot that is kept, by its epoch."""
    kept = read_arrays(file)
    return {
        int(epoch): params_to_relu_network(unflatten(TRAINING, row), TRAINING.model)
        for epoch, row in zip(kept["epochs"], kept["params"], strict=True)
    }


def collapse_atlas(file: pathlib.Path = FILE) -> Atlas:
    """The window at each snapshot that is kept, and the losses."""
    found, losses = networks(file), read_arrays(file)["losses"]
    frames = [
        find_partition(network, WINDOW, f"epoch {epoch:,}")
        for epoch, network in found.items()
    ]
    return Atlas(
        title="20x40 across a collapse",
        domain=WINDOW,
        series=[Series("20x40", frames, list(found))],
        # The slider begins at the first snapshot.
        losses=losses[losses[:, 0] >= min(found)],
        threshold=0.5,
        y_down=True,
    )


if __name__ == "__main__":
    train()
