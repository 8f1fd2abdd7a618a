"""The networks of an ensemble one by one, with those that diverged told apart."""

import pathlib
from typing import Any

import jax
import numpy as np

import regions
from training.config import TrainingConfig
from training.ensemble import ensemble_snapshots, init_ensemble, member
from training.models import params_to_relu_network


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
