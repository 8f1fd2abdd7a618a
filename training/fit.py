"""Train a network in a folder: snapshots, losses, and resuming where a kill fell."""

import pathlib
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from training.config import TrainingConfig
from training.datasets import Dataset
from training.loop import (
    EpochLosses,
    TrainState,
    block_lengths,
    check_finite,
    init_state,
    shuffle_key,
    to_device,
    train_block,
    without_length,
)
from training.progress import Progress
from training.snapshots import Losses, SnapshotStore, read_metrics, write_metrics

Advance = Callable[[TrainState, int], tuple[TrainState, EpochLosses]]
"""Trains for a number of epochs more."""
LOOK_SECONDS = 0.002
"""How often to look whether a block of epochs is done."""


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
        FileFormatError: If `folder` holds metrics that do not reach its last snapshot,
            or a file of it is damaged.
    """
    points, key = to_device(data), shuffle_key(config.seed)

    def advance(state: TrainState, length: int) -> tuple[TrainState, EpochLosses]:
        state, block = train_block(state, points, key, without_length(config), length)
        check_finite(block, int(state.epoch) - length)
        return state, block

    path = pathlib.Path(folder) / "metrics.csv"
    updates = updates_per_epoch(config, data)
    state, losses, resumed_from = run_blocks(
        config,
        pathlib.Path(folder),
        init_state(config),
        advance,
        read=lambda epochs: read_metrics(path, epochs),
        write=lambda rows: write_metrics(path, rows, updates),
        progress=progress,
    )
    return FitResult(state.params, losses, resumed_from)


def updates_per_epoch(config: TrainingConfig, data: Dataset) -> int:
    """Optimizer steps in one pass over the training points."""
    num_points = data.train_inputs.shape[-2]
    return -(-num_points // min(config.batch_size or num_points, num_points))


def run_blocks(
    config: TrainingConfig,
    folder: pathlib.Path,
    state: TrainState,
    advance: Advance,
    *,
    read: Callable[[int], np.ndarray],
    write: Callable[[np.ndarray], None],
    progress: Progress | None,
) -> tuple[TrainState, np.ndarray, int]:
    """Train in blocks of epochs with a snapshot after each, from the last one there is.

    Args:
        config: Its `epochs` and `snapshot_every` lay out the blocks.
        folder: Gets `snapshots/`; made when missing.
        state: Before the first epoch, of one network or of many.
        advance: One block.
        read: Losses of the first epochs, as `write` wrote them.
        write: Writes the losses of all epochs so far.
        progress: Called after each block.

    Returns:
        The last state, the losses `(epochs, ..., 2)`, and the epoch resumed from.
    """
    folder.mkdir(parents=True, exist_ok=True)
    report = progress or (lambda done, total, message: None)
    with SnapshotStore(folder / "snapshots") as store:
        resumed_from, state = _last_snapshot(config, store, state)
        losses = read(resumed_from)
        report(resumed_from, config.epochs, "training")
        for length in block_lengths(resumed_from, config):
            state, block = advance(state, length)
            _wait_for(block.val)
            losses = np.concatenate([losses, _to_rows(block)])
            # Before the snapshot: a kill between the two leaves too many rows, which
            # the resumed run drops, and never too few.
            write(losses)
            store.save(state, step=len(losses))
            report(len(losses), config.epochs, "training")
    return state, losses, resumed_from


def _last_snapshot(
    config: TrainingConfig, store: SnapshotStore, start: TrainState
) -> tuple[int, TrainState]:
    """Epoch and state of the last snapshot; a first snapshot if there is none."""
    epochs = [
        epoch
        for epoch in store.epochs()
        if epoch % config.snapshot_every == 0 or epoch == config.epochs
    ]
    if not epochs:
        store.save(start, step=0)
        return 0, start
    return epochs[-1], store.restore(epochs[-1], start)


def _wait_for(array: Any) -> None:
    """Wait for a device so that Ctrl-C is heard, which is not while JAX waits."""
    while not array.is_ready():
        time.sleep(LOOK_SECONDS)


def _to_rows(block: EpochLosses) -> np.ndarray:
    """The losses of a block on the host, one row an epoch."""
    return np.stack([np.asarray(block.train).T, np.asarray(block.val).T], axis=-1)
