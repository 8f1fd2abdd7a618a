"""Many networks trained at once: one compiled program, one leading axis of seeds."""

import dataclasses
import functools
import pathlib
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh, PartitionSpec
from jaxtyping import Array, Bool, Float32, Shaped

from regions.compiled.devices import devices_for
from regions.network import ReluNetwork
from training.config import TrainingConfig
from training.datasets import Dataset
from training.fit import run_blocks, updates_per_epoch
from training.loop import (
    EpochLosses,
    TrainState,
    init_state,
    shuffle_key,
    to_device,
    train_block,
    without_length,
)
from training.models import params_to_relu_network
from training.progress import Progress
from training.snapshots import SnapshotStore, read_metrics, write_metrics

CACHE_BYTES = 1 << 20
"""Bytes of the second-level cache of a CPU's core, on most."""

SMALL_UPDATE = 2.0**19
"""Multiply-adds that a few cores do while an accelerator starts the kernels of one
update: a tenth of a millisecond."""


class EnsembleResult(NamedTuple):
    """Trained networks, one per seed.

    Attributes:
        params: As `training.models.to_params` gives them, each with a leading axis of
            seeds; `member` takes one out.
        losses: Training and validation loss of each epoch and seed. A seed that
            diverged has entries that are not finite, and its parameters mean nothing.
        resumed_from: Epoch of the snapshot that the run went on from, or 0.
    """

    params: dict[str, Any]
    losses: Float32[np.ndarray, "epochs seeds 2"]
    resumed_from: int

    @property
    def finite(self) -> Bool[np.ndarray, " seeds"]:
        """Which seeds have not diverged."""
        return np.asarray(np.isfinite(self.losses).all(axis=(0, 2)))


def fit_ensemble(
    config: TrainingConfig,
    data: Dataset | Sequence[Dataset],
    seeds: Sequence[int],
    folder: str | pathlib.Path,
    progress: Progress | None = None,
) -> EnsembleResult:
    """Train one network per seed, all in one vmapped program; resumes as `fit` does.

    Args:
        config: What to train and how long; its own seed plays no part.
        data: Points that all seeds share, or one dataset of one shape per seed.
        seeds: Seeds of initialization and shuffles. Each network starts as `fit` with
            that seed would start it, and sees the same batches.
        folder: Gets `snapshots/` and `metrics/seed-<seed>.csv`.
        progress: Called after each block of epochs.

    Raises:
        FileFormatError: If `folder` holds metrics that do not reach its last snapshot,
            or a file of it is damaged.
        ValueError: If `seeds` is empty or repeats one, or if the datasets are not as
            many.
    """
    _check(data, seeds)
    points = to_device(_stack(list(data)) if not isinstance(data, Dataset) else data)
    keys = jnp.stack([shuffle_key(seed) for seed in seeds])
    updates = updates_per_epoch(config, points)
    folder = pathlib.Path(folder)
    (folder / "metrics").mkdir(parents=True, exist_ok=True)
    files = [folder / "metrics" / f"seed-{seed}.csv" for seed in seeds]

    def advance(state: TrainState, length: int) -> tuple[TrainState, EpochLosses]:
        return train_ensemble_block(state, points, keys, without_length(config), length)

    def read(epochs: int) -> np.ndarray:
        return np.stack([read_metrics(file, epochs) for file in files], axis=1)

    def write(losses: np.ndarray) -> None:
        for i, file in enumerate(files):
            write_metrics(file, losses[:, i], updates)

    state, losses, resumed_from = run_blocks(
        config,
        folder,
        init_ensemble(config, seeds),
        advance,
        read=read,
        write=write,
        progress=progress,
    )
    return EnsembleResult(state.params, losses, resumed_from)


def train_ensemble_block(
    state: TrainState,
    data: Dataset,
    keys: Shaped[Array, " seeds"],
    config: TrainingConfig,
    epochs: int,
) -> tuple[TrainState, EpochLosses]:
    """`training.loop.train_block` over a leading axis of states and keys.

    One program, spread over the devices of this process if their number divides that
    of the seeds; on a CPU it takes large networks in groups, one after another. With
    `--xla_force_host_platform_device_count=2` in `XLA_FLAGS` two cores are two devices.
    Small ensembles are the host's, also where there is an accelerator.

    Args:
        state: As `init_ensemble` gives it.
        data: Shared, or with a leading axis of seeds in every array.
        keys: Random keys of the shuffles, one per seed.
        config: Static, as in `train_block`.
        epochs: Length of the block.

    Returns:
        States, and losses with the seeds first.
    """
    batch = _batch_size(config, data)
    weights = sum(leaf.size for leaf in jax.tree.leaves(state.params))
    devices = devices_for(3.0 * batch * weights, SMALL_UPDATE)
    if devices[0].platform != jax.default_backend():
        state, data, keys = jax.device_put((state, data, keys), devices[0])
    return _train(state, data, keys, config, epochs, devices)


@functools.partial(jax.jit, static_argnames=("config", "epochs", "devices"))
def _train(
    state: TrainState,
    data: Dataset,
    keys: Shaped[Array, " seeds"],
    config: TrainingConfig,
    epochs: int,
    devices: tuple[Any, ...],
) -> tuple[TrainState, EpochLosses]:
    """`train_ensemble_block` on as many of some devices as come out even."""
    own = data.train_inputs.ndim == 3
    shards = max(n for n in range(1, len(devices) + 1) if len(keys) % n == 0)
    at_once = _group_size(config, data, len(keys) // shards)
    if devices[0].platform != "cpu":
        at_once = len(keys) // shards
    train = functools.partial(
        _train_group, config=config, epochs=epochs, at_once=at_once
    )
    if shards > 1:
        mesh = Mesh(np.array(devices[:shards]), ("seeds",))
        each, all_of_it = PartitionSpec("seeds"), PartitionSpec()
        train = jax.shard_map(
            train,
            mesh=mesh,
            in_specs=(each, each if own else all_of_it, each),
            out_specs=each,
            check_vma=False,
        )
    return train(state, data, keys)


def _train_group(
    state: TrainState,
    data: Dataset,
    keys: Shaped[Array, " seeds"],
    *,
    config: TrainingConfig,
    epochs: int,
    at_once: int,
) -> tuple[TrainState, EpochLosses]:
    """`train_ensemble_block` on one device, so many networks at once."""

    def train(
        part: tuple[TrainState, Shaped[Array, "..."], Dataset | None],
    ) -> tuple[TrainState, EpochLosses]:
        one, key, points = part
        return train_block(one, data if points is None else points, key, config, epochs)

    own = data if data.train_inputs.ndim == 3 else None
    if at_once == len(keys):
        return jax.vmap(train)((state, keys, own))
    return jax.lax.map(train, (state, keys, own), batch_size=at_once)


def _batch_size(config: TrainingConfig, data: Dataset) -> int:
    """Points of an update of one network."""
    points = data.train_inputs.shape[-2]
    return min(config.batch_size or points, points)


def _group_size(config: TrainingConfig, data: Dataset, num_seeds: int) -> int:
    """How many networks a CPU updates together.

    As many as keep their activations in its cache, in groups of one size: 16 networks
    of 500 units on 1000 points take 2.5 times as long in one group as one by one.
    """
    width = max(sum(config.model.widths), 1)
    fitting = CACHE_BYTES // (4 * _batch_size(config, data) * width)
    sizes = [n for n in range(1, num_seeds + 1) if num_seeds % n == 0]
    return max(n for n in sizes if n <= max(fitting, 1))


def init_ensemble(config: TrainingConfig, seeds: Sequence[int]) -> TrainState:
    """The states before the first epoch, stacked along a leading axis of seeds."""
    states = [init_state(dataclasses.replace(config, seed=seed)) for seed in seeds]
    return jax.tree.map(lambda *leaves: jnp.stack(leaves), *states)


def member(params: dict[str, Any], index: int) -> dict[str, Any]:
    """Parameters of one network of an ensemble."""
    return jax.tree.map(lambda leaf: leaf[index], params)


def ensemble_networks(
    params: dict[str, Any], config: TrainingConfig
) -> list[ReluNetwork]:
    """The networks of `regions`, one per seed."""
    params = jax.tree.map(np.asarray, params)
    count = len(jax.tree.leaves(params)[0])
    return [
        params_to_relu_network(member(params, i), config.model) for i in range(count)
    ]


def ensemble_snapshots(
    config: TrainingConfig, seeds: Sequence[int], folder: str | pathlib.Path
) -> Iterator[tuple[int, dict[str, Any]]]:
    """Epoch and stacked parameters of each snapshot in `folder`, ascending."""
    like = init_ensemble(config, seeds)
    with SnapshotStore(pathlib.Path(folder) / "snapshots") as store:
        for epoch in store.epochs():
            yield epoch, store.restore(epoch, like).params


def ensemble_state(
    config: TrainingConfig,
    seeds: Sequence[int],
    folder: str | pathlib.Path,
    epoch: int,
) -> TrainState:
    """The whole state at one of the snapshots in `folder`, to go on from."""
    with SnapshotStore(pathlib.Path(folder) / "snapshots") as store:
        return store.restore(epoch, init_ensemble(config, seeds))


def _check(data: Dataset | Sequence[Dataset], seeds: Sequence[int]) -> None:
    """Raise unless there is one network per seed and one dataset for each or all."""
    if not seeds or len(set(seeds)) < len(seeds):
        raise ValueError(
            f"`seeds` is {list(seeds)}: at least one, all different, is required."
        )
    if not isinstance(data, Dataset) and len(data) != len(seeds):
        raise ValueError(
            f"`data` holds {len(data)} datasets for {len(seeds)} seeds: give one for "
            "each, or one for all."
        )


def _stack(datasets: list[Dataset]) -> Dataset:
    """Datasets of one shape as one, with a leading axis."""
    return Dataset(*(np.stack(arrays) for arrays in zip(*datasets, strict=True)))
