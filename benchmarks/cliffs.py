"""How far the slowest network of a family is from the middle of its family.

Run: python -m benchmarks.cliffs [--networks 25]

Families have the law of tests/data/nets, with weights of float32, float16, bfloat16 or
multiples of 1/16; or they have learned a wave around the origin, all networks of a
family in one program. They are counted by `auto` in [-1, 1]^d on one thread, compiled,
every sign proved. Printed are processor microseconds a region: the median, the largest,
and how many times the median that is.
"""

import argparse
import os
import statistics
import time
from collections.abc import Iterable

import jax.numpy as jnp
import ml_dtypes
import numpy as np

import regions
from benchmarks.side_by_side import random_network
from regions.compiled import SWITCH
from regions.network import ReluNetwork
from training.config import ModelConfig, TrainingConfig
from training.datasets import Dataset
from training.ensemble import ensemble_networks, init_ensemble, train_ensemble_block
from training.loop import shuffle_key, to_device, without_length

CASES = (
    (2, (10,) * 20),
    (2, (20,) * 22),
    (2, (20,) * 26),
    (2, (20,) * 30),
    (2, (20,) * 40),
    (2, (16,) * 60),
    (3, (12,) * 8),
    (4, (16,) * 3),
    (5, (10,) * 3),
)
TRAINED = ((2, (32,) * 3), (2, (20,) * 12), (2, (10,) * 20), (3, (16,) * 3))
UPDATES, POINTS = 300, 256
CALLS = 2
"""The least of so many counts: what other programs cost one of them is no cliff."""
KINDS = {
    "float32": lambda values: values.astype(np.float32),
    "float16": lambda values: values.astype(np.float16),
    "bfloat16": lambda values: values.astype(ml_dtypes.bfloat16),
    "sixteenths": lambda values: np.round(16.0 * values) / 16.0,
}


def rounded(network: ReluNetwork, kind: str) -> ReluNetwork:
    """The network with weights and biases of a kind."""
    layers = [*network.hidden, network.output]
    return ReluNetwork.from_arrays(
        [KINDS[kind](layer.weight).astype(float) for layer in layers],
        [KINDS[kind](layer.bias).astype(float) for layer in layers],
    )


def random_ones(
    dim: int, widths: tuple[int, ...], kind: str, number: int
) -> Iterable[ReluNetwork]:
    """Some networks with weights of a kind."""
    for seed in range(number):
        rng = np.random.default_rng(seed)
        yield rounded(random_network(rng, dim, widths), kind)


def trained_ones(dim: int, widths: tuple[int, ...], number: int) -> list[ReluNetwork]:
    """Some networks after training with Adam, each update on all points."""
    model = ModelConfig(widths=widths, input_dim=dim, activation="relu")
    config, seeds = TrainingConfig(model=model, batch_size=None), range(number)
    x = np.random.default_rng(dim).uniform(-1.0, 1.0, (POINTS, dim)).astype(np.float32)
    wave = np.sin(2.0 * np.pi * np.linalg.norm(x, axis=1, keepdims=True))
    cut = POINTS // 4
    state, _losses = train_ensemble_block(
        init_ensemble(config, seeds),
        to_device(Dataset(x, wave, x[:cut], wave[:cut])),
        jnp.stack([shuffle_key(seed) for seed in seeds]),
        without_length(config),
        UPDATES,
    )
    return ensemble_networks(state.params, config)


def counted(network: ReluNetwork, box: regions.Box) -> tuple[float, int]:
    """Processor seconds of a count, and the count."""
    begin = time.process_time()
    count = int(regions.count_regions(network, box))
    return time.process_time() - begin, count


def print_row(
    dim: int, widths: tuple[int, ...], kind: str, networks: Iterable[ReluNetwork]
) -> None:
    """Count the networks of a family, and print what a region took."""
    box, found, counts = regions.Box.cube(dim), [], []
    for network in networks:
        seconds, count = min(counted(network, box) for _ in range(CALLS))
        counts.append(count)
        found.append(1e6 * seconds / count)
    middle, most = statistics.median(found), max(found)
    cells = [f"{dim}-[{widths[0]}]*{len(widths)}", kind]
    cells.append(f"{min(counts):,} to {max(counts):,}")
    cells += [f"{value:.1f}" for value in (middle, most, most / middle)]
    print(f"| {' | '.join(cells)} |", flush=True)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--networks", type=int, default=25, help="networks a family")
    parser.add_argument("--trained", action="store_true", help="the trained ones alone")
    options = parser.parse_args()
    number = options.networks
    os.environ[SWITCH] = "on"
    os.environ["RELU_REGIONS_THREADS"] = "1"
    print("| networks | weights | regions | median | largest | largest / median |")
    print("| --- | --- | --- | --- | --- | --- |")
    for dim in (2, 3, 4, 5):
        # The first call may compile.
        for network in random_ones(dim, (4, 4), "float32", 1):
            regions.count_regions(network, regions.Box.cube(dim))
    for dim, widths in () if options.trained else CASES:
        for kind in KINDS:
            print_row(dim, widths, kind, random_ones(dim, widths, kind, number))
    for dim, widths in TRAINED:
        print_row(dim, widths, "trained", trained_ones(dim, widths, number))


if __name__ == "__main__":
    main()
