"""The networks of an ensemble one by one, with those that diverged told apart."""

import pathlib
from collections.abc import Mapping
from typing import Any

import jax
import numpy as np

import regions
from training.config import DataConfig, TrainingConfig
from training.datasets import Dataset, load_image, sample_points
from training.ensemble import ensemble_snapshots, init_ensemble, member
from training.models import params_to_relu_network


def ring_data(config: DataConfig) -> tuple[np.ndarray, Dataset]:
    """The image and the points sampled from it."""
    image = load_image(config)
    return image, sample_points(image, config.num_train, config.num_val, config.seed)


def seed_networks(
    params: dict[str, Any], config: TrainingConfig
) -> list[regions.ReluNetwork | None]:
    """The networks of `regions`, one per seed; None where a parameter is not finite."""
    params = jax.tree.map(np.asarray, params)
    networks = []
    for i in range(len(jax.tree.leaves(params)[0])):
        one = member(params, i)
        finite = all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(one))
        networks.append(params_to_relu_network(one, config.model) if finite else None)
    return networks


def require_networks(
    networks: list[regions.ReluNetwork | None], seeds: tuple[int, ...]
) -> list[regions.ReluNetwork]:
    """The networks, none of them diverged.

    Raises:
        FloatingPointError: If one has; names the seeds.
    """
    lost = [s for s, n in zip(seeds, networks, strict=True) if n is None]
    if lost:
        raise FloatingPointError(
            f"Seeds {', '.join(map(str, lost))} diverged: lower the learning rate, or "
            "leave them out."
        )
    return [network for network in networks if network is not None]


def initial_networks(
    config: TrainingConfig, seeds: tuple[int, ...]
) -> list[regions.ReluNetwork]:
    """The networks of the seeds before the first epoch."""
    networks = seed_networks(init_ensemble(config, seeds).params, config)
    return require_networks(networks, seeds)


def snapshot_networks(
    config: TrainingConfig, seeds: tuple[int, ...], folder: pathlib.Path
) -> tuple[np.ndarray, list[list[regions.ReluNetwork]]]:
    """Epochs of the snapshots in `folder`, and for each seed its networks at them.

    Raises:
        FloatingPointError: If a seed has diverged.
    """
    epochs, columns = [], []
    for epoch, params in ensemble_snapshots(config, seeds, folder):
        epochs.append(epoch)
        columns.append(require_networks(seed_networks(params, config), seeds))
    return np.array(epochs), [list(row) for row in zip(*columns, strict=True)]


def enumerate_square(network: regions.ReluNetwork) -> regions.RegionSet:
    """All activation regions of the unit square; see `enumerate_all`."""
    return enumerate_all(network, regions.Box([0.0, 0.0], [1.0, 1.0]))


def enumerate_all(
    network: regions.ReluNetwork, box: regions.Box | regions.Slice | regions.Simplex
) -> regions.RegionSet:
    """All activation regions of a bounded domain, a box in most cases.

    Raises:
        KeyboardInterrupt: If it was pressed: ends the run, not just the search.
        RuntimeError: If a region may be missing.
    """
    found = regions.enumerate_regions(network, box)
    _require_all(len(found), found.complete, found.stats)
    return found


def count_square(network: regions.ReluNetwork) -> int:
    """How many activation regions the unit square has: faster than to list them.

    Raises:
        KeyboardInterrupt: If it was pressed: ends the run, not just the search.
        RuntimeError: If a region may be missing.
    """
    found = regions.count_regions(network, regions.Box([0.0, 0.0], [1.0, 1.0]))
    _require_all(found.count, found.complete, found.stats)
    return found.count


def _require_all(count: int, complete: bool, stats: Mapping[str, Any]) -> None:
    """Raise unless a search found every region."""
    if stats.get("stopped") == "interrupted":
        raise KeyboardInterrupt
    if not complete:
        raise RuntimeError(
            f"{count} regions were found and some may be missing ({stats}): an exact "
            "count was required."
        )
