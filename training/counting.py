"""Region counts of an ensemble during training, beside the training.

While the device trains the next epochs, the host's cores count the networks of the
epochs before: the two only wait for each other where one of them is slower. Where the
device is the host, they share its cores.
"""

import itertools
import time
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Bool, Float32, Int64

from regions.domains.shapes import Domain
from regions.enumeration.many import count_many
from regions.errors.limits import never
from regions.network import ReluNetwork
from regions.results.region_table import RegionCount
from training.config import TrainingConfig
from training.datasets import Dataset
from training.ensemble import init_ensemble, member, train_ensemble_block
from training.loop import shuffle_key, to_device, without_length
from training.models import params_to_relu_network
from training.progress import Progress, quiet

_NOTHING = RegionCount(0, False, "", 0.0)
"""Count of a network that has diverged."""


class EnsembleCounts(NamedTuple):
    """Region counts of networks in training.

    Attributes:
        epochs: At which epochs there are counts, from 0 on.
        counts: Activation regions on the domain; 0 of a network that has diverged.
        complete: Whether a count is exact; else it is a lower bound.
        losses: Training and validation loss of each epoch and seed.
        seconds: Wall time in all.
        counting_seconds: The part of it in which the host counted.
    """

    epochs: Int64[np.ndarray, " times"]
    counts: Int64[np.ndarray, "times seeds"]
    complete: Bool[np.ndarray, "times seeds"]
    losses: Float32[np.ndarray, "epochs seeds 2"]
    seconds: float
    counting_seconds: float


def count_during_training(
    config: TrainingConfig,
    data: Dataset,
    seeds: Sequence[int],
    domain: Domain,
    *,
    every: int = 1,
    max_regions: int | None = None,
    progress: Progress = quiet,
    stop: Callable[[], bool] = never,
) -> EnsembleCounts:
    """Train one network per seed, and count the regions of each after every epoch.

    Args:
        config: What to train and how long; its own seed plays no part.
        data: Points that all seeds share.
        seeds: Seeds of initialization and shuffles.
        domain: Where to count.
        every: Epochs between two counts; the last epoch is counted in any case.
        max_regions: Stop counting a network there.
        progress: Called with (epochs done, epochs) after each count.
        stop: Asked often; what was counted before it says so is returned.

    Raises:
        ValueError: If `every` is not positive, or the domain does not fit.

    Example:
        >>> from regions.domains.shapes import Box
        >>> from training.config import ModelConfig
        >>> from training.datasets import ring_image, sample_points
        >>> config = TrainingConfig(model=ModelConfig(widths=(4,)), epochs=2)
        >>> points = sample_points(ring_image(32), 20, 4, seed=0)
        >>> found = count_during_training(config, points, (0, 1), Box.cube(2))
        >>> found.epochs.tolist(), found.counts.shape
        ([0, 1, 2], (3, 2))
    """
    if every < 1:
        raise ValueError(f"`every` is {every}: a positive number is required.")
    begin, counting = time.perf_counter(), 0.0
    points, static = to_device(data), without_length(config)
    keys = jnp.stack([shuffle_key(seed) for seed in seeds])
    stops = [*range(0, config.epochs, every), config.epochs]
    state, losses, found = init_ensemble(config, seeds), [], []
    for epoch, following in itertools.zip_longest(stops, stops[1:]):
        params = state.params
        if following is not None:
            # The call returns at once; the device is at work from here on.
            length = following - epoch
            state, block = train_ensemble_block(state, points, keys, static, length)
            losses.append(block)
        params = jax.tree.map(np.asarray, params)
        start = time.perf_counter()
        networks = _finite(params, config)
        there = [network for network in networks if network is not None]
        counts = iter(count_many(there, domain, max_regions=max_regions, stop=stop))
        found.append([_NOTHING if n is None else next(counts) for n in networks])
        counting += time.perf_counter() - start
        progress(epoch, config.epochs, "epochs")
        if stop():
            break
    curves = [np.stack([block.train, block.val], -1) for block in losses]
    return EnsembleCounts(
        epochs=np.array(stops[: len(found)]),
        counts=np.array([[int(count) for count in row] for row in found]),
        complete=np.array([[count.complete for count in row] for row in found]),
        losses=np.concatenate(curves, axis=1).swapaxes(0, 1),
        seconds=time.perf_counter() - begin,
        counting_seconds=counting,
    )


def _finite(params: dict[str, Any], config: TrainingConfig) -> list[ReluNetwork | None]:
    """The networks of an ensemble; None for those that have diverged."""
    leaves = jax.tree.leaves(params)
    good = [all(np.isfinite(x[i]).all() for x in leaves) for i in range(len(leaves[0]))]
    return [
        params_to_relu_network(member(params, i), config.model) if is_good else None
        for i, is_good in enumerate(good)
    ]
