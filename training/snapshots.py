"""Snapshots of a training run with Orbax, and the losses up to them.

A snapshot holds parameters, optimizer state and epoch. The shuffles need no state:
their keys follow from the seed and the epoch. Orbax takes a millisecond or more an
array: the 250 of 40 layers lie end to end, in one vector for each type.
"""

import csv
import errno
import io
import os
import pathlib

import jax
import numpy as np
import orbax.checkpoint as ocp
from jaxtyping import Float32

from regions.files.reading import reading
from regions.files.writing import write_text
from regions.io.flax_files import quiet_orbax
from training.loop import TrainState, strong

HEADER = ["epoch", "updates", "train_loss", "val_loss"]
Losses = Float32[np.ndarray, "epochs 2"]
"""Training and validation loss of each epoch."""

_FULL = "RESOURCE_EXHAUSTED"
"""What those of Orbax's errors say on a full disk that are no OSError."""


class SnapshotStore:
    """The snapshots of one run, one per epoch number.

    Args:
        folder: Where they lie; made when missing.
    """

    def __init__(self, folder: str | pathlib.Path):
        self._folder = pathlib.Path(folder)
        self._manager = ocp.CheckpointManager(
            self._folder.absolute(),
            options=ocp.CheckpointManagerOptions(enable_async_checkpointing=False),
        )

    def __enter__(self) -> "SnapshotStore":
        return self

    def __exit__(self, *_: object) -> None:
        self._manager.close()

    def epochs(self) -> list[int]:
        """Epochs of which there is a snapshot, ascending."""
        return sorted(self._manager.all_steps())

    def save(self, state: TrainState, step: int) -> None:
        """Add a snapshot at epoch `step`; one that a kill cut short does not count.

        Raises:
            OSError: If there is no room.
        """
        try:
            with quiet_orbax():
                args = ocp.args.StandardSave(_end_to_end(state))
                self._manager.save(step, args=args, force=True)
        except (OSError, ValueError) as error:
            full = getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT)
            if not full and _FULL not in str(error):
                raise
            raise OSError(
                errno.ENOSPC,
                f"{os.strerror(errno.ENOSPC)} for a snapshot; those before are kept: "
                "make room, and give the same command again",
                str(self._folder),
            ) from error

    def restore(self, epoch: int, like: TrainState) -> TrainState:
        """The state at `epoch`.

        Args:
            epoch: One of `epochs()`.
            like: Any state of the same configuration, for shapes and types.

        Raises:
            FileFormatError: If the snapshot is damaged.
        """
        shapes = jax.tree.map(ocp.utils.to_shape_dtype_struct, _end_to_end(like))
        path = self._folder / str(epoch)
        what, advice = "a snapshot of this run", "remove it and run again"
        with reading(path, what, advice), quiet_orbax():
            found = self._manager.restore(epoch, args=ocp.args.StandardRestore(shapes))
            # Restored arrays are bound to a device, which would compile anew.
            return strong(_cut(jax.tree.map(np.asarray, found), like))


def _end_to_end(state: TrainState) -> dict[str, np.ndarray]:
    """All arrays of a state in one vector for each type, by its name."""
    parts: dict[str, list[np.ndarray]] = {}
    for leaf in map(np.asarray, jax.tree.leaves(state)):
        parts.setdefault(leaf.dtype.name, []).append(leaf.ravel())
    return {name: np.concatenate(arrays) for name, arrays in parts.items()}


def _cut(vectors: dict[str, np.ndarray], like: TrainState) -> TrainState:
    """The state that `_end_to_end` made vectors of, in the shapes of another."""
    leaves, structure = jax.tree.flatten(like)
    places = dict.fromkeys(vectors, 0)
    arrays = []
    for leaf in map(np.asarray, leaves):
        start = places[leaf.dtype.name]
        places[leaf.dtype.name] = end = start + leaf.size
        arrays.append(vectors[leaf.dtype.name][start:end].reshape(leaf.shape))
    return jax.tree.unflatten(structure, arrays)


def write_metrics(path: pathlib.Path, losses: Losses, updates_per_epoch: int) -> None:
    """Write `metrics.csv`, one row an epoch; the numbers read back bit for bit."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(HEADER)
    for epoch, (train, val) in enumerate(losses, start=1):
        writer.writerow([epoch, epoch * updates_per_epoch, str(train), str(val)])
    write_text(path, text.getvalue())


def read_metrics(path: pathlib.Path, epochs: int) -> Losses:
    """Losses of the first `epochs` epochs.

    Raises:
        FileFormatError: If the file holds fewer, or is not one of `write_metrics`.
    """
    if epochs == 0:
        return np.zeros((0, 2), np.float32)
    with reading(path, "a table of losses", "run again with --force"):
        with path.open(newline="", encoding="utf-8") as file:
            rows = list(csv.reader(file))
        if not rows or rows[0] != HEADER or len(rows) <= epochs:
            raise ValueError(
                f"it holds {max(len(rows) - 1, 0)} epochs; the snapshot needs {epochs}"
            )
        losses = np.array([row[2:] for row in rows[1 : epochs + 1]])
        return losses.astype(np.float32).reshape(epochs, 2)
