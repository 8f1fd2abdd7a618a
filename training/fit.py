"""Train a network in a folder: snapshots, losses, and resuming where a kill fell."""

import pathlib
from typing import Any, NamedTuple

import numpy as np

from training.config import TrainingConfig
from training.datasets import Dataset
from training.loop import (
    EpochLosses,
    Progress,
    TrainState,
    block_lengths,
    check_finite,
    init_state,
    shuffle_key,
    to_device,
    train_block,
    without_length,
)
from training.snapshots import Losses, SnapshotStore, read_metrics, write_metrics


class FitResult(NamedTuple):
    """A trained network and how it came about.

    Attributes:
        params: As `training.models.params_to_relu_network` takes them.
        losses: Training and validation loss of each epoch.
        resumed_from: Epoch of the snapshot that the run went on from, or 0.
    """

    params: dict[str, Any]
    losses: Losses
    resumed_from: int


def fit(
    config: TrainingConfig,
    data: Dataset,
    folder: str | pathlib.Path,
    progress: Progress | None = None,
) -> FitResult:
    """Train as `config` says, or go on where an earlier call in `folder` stopped.

    An interrupted run that goes on ends with the same parameters and the same
    `metrics.csv`, bit for bit, as one that was never interrupted, on the same machine
    and with the same versions.

    Args:
        config: What to train and how long. It must be the one the folder began with.
        data: The points; the same at each call.
        folder: Gets `snapshots/` and `metrics.csv`.
        progress: Called after each block of epochs.

    Raises:
        FloatingPointError: If training diverges.
        ValueError: If `folder` holds metrics that do not reach its last snapshot.
    """
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    with SnapshotStore(folder / "snapshots") as store:
        state, losses = _start(config, store, folder)
        resumed_from = start = int(state.epoch)
        points, key = to_device(data), shuffle_key(config.seed)
        report = progress or (lambda done, total, message: None)
        report(start, config.epochs, "training")
        for length in block_lengths(start, config):
            state, block = train_block(
                state, points, key, without_length(config), length
            )
            check_finite(block, len(losses))
            losses = np.concatenate([losses, _to_rows(block)])
            # Before the snapshot: a kill between the two leaves too many rows, which
            # the resumed run drops, and never too few.
            write_metrics(
                folder / "metrics.csv", losses, updates_per_epoch(config, data)
            )
            store.save(state)
            report(len(losses), config.epochs, "training")
    return FitResult(state.params, losses, resumed_from)


def updates_per_epoch(config: TrainingConfig, data: Dataset) -> int:
    """Optimizer steps in one pass over the training points."""
    num_points = len(data.train_inputs)
    return -(-num_points // min(config.batch_size or num_points, num_points))


def _start(
    config: TrainingConfig, store: SnapshotStore, folder: pathlib.Path
) -> tuple[TrainState, Losses]:
    """The last snapshot and the losses up to it; a first snapshot if there is none."""
    state = init_state(config)
    epochs = [
        epoch
        for epoch in store.epochs()
        if epoch % config.snapshot_every == 0 or epoch == config.epochs
    ]
    if not epochs:
        store.save(state)
        return state, np.zeros((0, 2), np.float32)
    losses = read_metrics(folder / "metrics.csv", epochs[-1])
    return store.restore(epochs[-1], state), losses


def _to_rows(block: EpochLosses) -> Losses:
    """The losses of a block on the host, one row an epoch."""
    return np.stack([np.asarray(block.train), np.asarray(block.val)], axis=1)
