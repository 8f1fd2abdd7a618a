"""Networks after every epoch of a training, and what each epoch did to them."""

import itertools
import pathlib
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Bool, Float64

import regions
from experiments.measures.partition_history import (
    crease_motion,
    split_change,
    weight_distance,
)
from experiments.measures.seed_networks import require_networks, seed_networks
from experiments.running.stages import stored
from regions.partition.partition_change import compare_points
from regions.patterns.kernel import pack_bits
from training.config import TrainingConfig
from training.datasets import Dataset
from training.ensemble import init_ensemble, train_ensemble_block
from training.loop import shuffle_key, to_device, without_length


def epoch_networks(
    config: TrainingConfig,
    data: Sequence[Dataset],
    seeds: tuple[int, ...],
    path: pathlib.Path,
) -> tuple[list[list[regions.ReluNetwork]], Float64[np.ndarray, "epochs seeds"]]:
    """Train one network a seed and keep it after every epoch.

    Networks and batches are those of `training.ensemble.fit_ensemble`.

    Args:
        config: What to train and how long.
        data: One dataset of one shape per seed.
        seeds: Seeds of initialization and shuffles.
        path: The file that keeps all parameters; read back if it is there.

    Returns:
        For each seed its networks from the start on, and the training losses.
    """

    def compute() -> dict[str, np.ndarray]:
        points = to_device(Dataset(*(np.stack(a) for a in zip(*data, strict=True))))
        keys = jnp.stack([shuffle_key(seed) for seed in seeds])
        state = init_ensemble(config, seeds)
        kept, losses = [state.params], []
        for _ in range(config.epochs):
            plain = without_length(config)
            state, block = train_ensemble_block(state, points, keys, plain, 1)
            kept.append(state.params)
            losses.append(np.asarray(block.train)[:, 0])
        leaves = [jax.tree.leaves(params) for params in kept]
        arrays = {
            f"leaf{k}": np.stack([np.asarray(part) for part in parts])
            for k, parts in enumerate(zip(*leaves, strict=True))
        }
        return arrays | {"losses": np.array(losses)}

    arrays = stored(path, compute)
    losses = arrays.pop("losses").astype(np.float64)
    structure = jax.tree.structure(init_ensemble(config, seeds).params)
    columns = []
    for epoch in range(config.epochs + 1):
        leaves = [arrays[f"leaf{k}"][epoch] for k in range(len(arrays))]
        params: Any = jax.tree.unflatten(structure, leaves)
        columns.append(require_networks(seed_networks(params, config), seeds))
    return [list(row) for row in zip(*columns, strict=True)], losses


def epoch_changes(
    networks: Sequence[regions.ReluNetwork],
    grid: Float64[np.ndarray, "points 2"],
    data: Float64[np.ndarray, "train 2"],
) -> dict[str, np.ndarray]:
    """What each epoch changed.

    Args:
        networks: After every epoch, the start first.
        grid: Points for changes of patterns and outputs.
        data: Training points.

    Returns:
        Per epoch, for `grid` and `data`: `points_<where>` (share whose pattern
        changed), `bits_<where>` (share of bits), `maps_<where>`, `partition_<where>`
        and `share_<where>` (root mean squares of the two parts of the output's change,
        and the share of the partition in their sum); `weights` (distance); and from
        the start to each epoch, for every crease of the first layer, `turned`
        (degrees) and `shifted`, `(epochs, units)`.
    """
    places = {"grid": grid, "data": data}
    rows = []
    for before, after in itertools.pairwise(networks):
        row: dict[str, Any] = {"weights": weight_distance(before, after)}
        for name, points in places.items():
            change = compare_points(
                _packed(before, points), _packed(after, points), before.num_bits
            )
            row[f"points_{name}"], row[f"bits_{name}"] = change
            split = split_change(before, after, points)
            row[f"maps_{name}"], row[f"partition_{name}"], _ = split
            row[f"share_{name}"] = split.share
        row["turned"], row["shifted"] = crease_motion(networks[0], after)
        rows.append(row)
    return {name: np.array([row[name] for row in rows]) for name in rows[0]}


def window_shares(
    networks: Sequence[regions.ReluNetwork],
    points: Float64[np.ndarray, "points 2"],
    lengths: Sequence[int],
) -> Float64[np.ndarray, " lengths"]:
    """Share of the partition in the change of the outputs over windows of each length.

    The output is continuous: where a point crosses a boundary both maps agree, so that
    in short windows the partition's part is of second order and its share vanishes.

    Args:
        networks: After every epoch, the start first.
        points: Where outputs are compared.
        lengths: In epochs, each at most that of the training.

    Returns:
        Of each length, the median over windows that follow each other from the start.
    """
    shares = []
    for length in lengths:
        ends = networks[::length]
        pairs = itertools.pairwise(ends)
        shares.append(np.median([split_change(a, b, points).share for a, b in pairs]))
    return np.array(shares)


def moved_creases(
    before: regions.ReluNetwork, after: regions.ReluNetwork, box: regions.Box
) -> Bool[np.ndarray, " units"]:
    """Which creases of the first layer meet a box of the plane before and after."""
    return _meets(before, box) & _meets(after, box)


def _meets(network: regions.ReluNetwork, box: regions.Box) -> np.ndarray:
    """Which units of the first layer have both signs at the corners of a box."""
    corners = np.array(list(itertools.product(*zip(box.lower, box.upper, strict=True))))
    pre = network.pre_activations(corners)[0]
    return (pre.min(axis=0) < 0.0) & (pre.max(axis=0) > 0.0)


def _packed(network: regions.ReluNetwork, points: np.ndarray) -> np.ndarray:
    """Packed patterns at points."""
    return pack_bits(network.patterns(points))
