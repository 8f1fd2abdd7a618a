"""What the movie shows, and of which run."""

import contextlib
import pathlib
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from experiments.movies.movie import (
    Movie,
    MovieConfig as Config,
    Row,
    Scene,
    frame_epochs,
)
from experiments.running.about import About
from experiments.running.stages import stored
from regions.files.writing import read_arrays
from training.config import DataConfig, ModelConfig, TrainingConfig
from training.fit import updates_per_epoch
from training.progress import Progress
from training.snapshots import write_metrics
from training.watching import unflatten, watch_training

ABOUT = About(
    title="Movie: 20 units x 40 layers on the ring",
    page="gallery",
    source="T. Dullien, second origami post, 2025-04-05",
    setup=(
        "20 leaky-ReLU units x 40 layers (16,461 parameters) learn the ring from 5000 "
        "points in 6000 epochs: the network of the collapse (seed 13 of that study, "
        "with its own points, bit for bit), whose loss comes back up to 0.94 of a "
        "constant's error. A frame every 5 epochs from 3500 to 4400, where that "
        "happens, and every 100 before and after. Left the output with boundaries, "
        "then the output, then the ring with the points; below the losses of all "
        "epochs. Frames with more than 2,000 regions, nearly all, show where the "
        "activation patterns of neighboring grid points differ, and say so."
    ),
    differs=(
        "320 x 320 pixels, not 1024 x 1024, and a frame every 5 epochs at most: the "
        "whole movie in some five minutes of CPU time. Exact counts of three epochs "
        "are those of the collapse."
    ),
    expected=(
        "A ring by epoch 1000, a loss that skyrockets between 3000 and 4000, and "
        "another partition after that (read there)."
    ),
)
PRESETS = {
    "smoke": Config(
        training=TrainingConfig(
            model=ModelConfig(widths=(4,) * 4),
            epochs=2,
            batch_size=256,
            snapshot_every=1,
        ),
        data=DataConfig(size=64, num_train=500, num_val=100),
        max_regions=8,
        gif_width=192,
    ),
    "paper": Config(
        training=TrainingConfig(
            model=ModelConfig(widths=(20,) * 40),
            epochs=6000,
            snapshot_every=5,
            seed=13,
        ),
        data=DataConfig(seed=13),
        panel=320,
        slow=(3500, 4400),
        skip=20,
        max_regions=2_000,
        fps=4,
        gif_width=645,
        gif_frames=14,
    ),
}


class DeepMovie(Movie):
    """The three panels; the summary says how often the loss jumped.

    Trained as that study trains, so that it collapses where that one does, and with all
    parameters in one file: training that was killed begins anew.
    """

    def train(self, scene: Scene, folder: pathlib.Path, progress: Progress) -> None:
        """Train with every snapshot in memory; keep those of the frames."""
        config = self.config.training
        updates = updates_per_epoch(config, scene.data)

        def train() -> dict[str, np.ndarray]:
            run = watch_training(config, self.training_data(scene), progress)
            kept = np.isin(run.epochs, frame_epochs(self.config))
            # The last batch of an epoch is smaller.
            sizes = np.full(updates, config.batch_size or 1, np.float64)
            sizes[-1] += len(scene.data.train_inputs) - sizes.sum()
            rows = run.losses.reshape(config.epochs, updates)
            return {
                "epochs": run.epochs[kept],
                "params": run.params[kept],
                "train": np.average(rows, axis=1, weights=sizes),
                "val": run.val,
            }

        found = stored(folder / "trained.npz", train)
        losses = np.stack([found["train"], found["val"]], axis=1).astype(np.float32)
        write_metrics(folder / "metrics.csv", losses, updates)

    @contextlib.contextmanager
    def snapshots(self, folder: pathlib.Path) -> Iterator[Callable[[int], Any]]:
        """What gives the parameters of an epoch that has a frame."""
        found = read_arrays(folder / "trained.npz")
        places = {epoch: k for k, epoch in enumerate(found["epochs"].tolist())}
        yield lambda epoch: unflatten(
            self.config.training, found["params"][places[epoch]]
        )

    def summarize(self, rows: list[Row], scene: Scene) -> Row:
        """Error and accuracy at the end, for the headline."""
        last = rows[-1]
        late = [row for row in rows if 3 * row["epoch"] >= last["epoch"]]
        worst = max(late, key=lambda row: row["train_loss"])
        return {
            "headline": f", image MSE {last['image_mse']:.4f}, pixel accuracy "
            f"{last['pixel_accuracy']:.2%}; worst frame after the first third: epoch "
            f"{worst['epoch']:,}, training loss {worst['train_loss']:.4f}"
        }
