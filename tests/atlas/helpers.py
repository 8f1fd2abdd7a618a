"""Small atlases for the tests, and codes as the page writes them."""

import numpy as np

import regions
from experiments.atlas.contents import Atlas, Points, Series
from experiments.atlas.partition import Partition, find_partition
from tests.helpers import random_network

SQUARE = regions.Box.cube(2)


def network(seed: int = 0, widths=(8, 6), dim: int = 2, outputs: int = 1):
    """A generic network with a few dozen regions."""
    rng = np.random.default_rng(seed)
    return random_network(rng, dim, widths, outputs=outputs)


def middle_level(net: regions.ReluNetwork) -> float:
    """An output that a network of three inputs takes in the middle of its cube."""
    points = np.random.default_rng(0).uniform(-1, 1, (501, net.input_dim))
    return float(np.median(net(points)))


def partition(seed: int = 0, name: str = "small", outputs: int = 1) -> Partition:
    return find_partition(network(seed, outputs=outputs), SQUARE, name)


def single(found: Partition, title: str = "small", **fields) -> Atlas:
    """An atlas of one partition, with points."""
    rng = np.random.default_rng(7)
    positions = rng.uniform(-1, 1, (40, 2)).astype(np.float32)
    labels = (positions[:, 0] > 0).astype(np.int32)
    mistakes = (found.network(positions.astype(float))[:, 0] > 0) != (labels == 1)
    points = Points("training", positions, labels, mistakes[None])
    return Atlas(
        title=title,
        domain=SQUARE,
        series=[Series(found.name, [found], [0.0])],
        points=[points],
        **fields,
    )


def over_time(seeds=(0, 1, 2)) -> Atlas:
    """An atlas of snapshots, with losses."""
    frames = [partition(seed, f"run, epoch {10 * i}") for i, seed in enumerate(seeds)]
    epochs = np.arange(1, 21, dtype=np.float32)
    losses = np.column_stack([epochs, 1.0 / epochs, 1.5 / epochs]).astype(np.float32)
    values = [10.0 * i for i in range(len(frames))]
    return Atlas(
        title="run",
        domain=SQUARE,
        series=[Series("run", frames, values)],
        losses=losses,
    )


def compared() -> Atlas:
    """Two networks, one a small change of the other."""
    before = network(0)
    shifted = [layer.bias + 0.05 for layer in before.layers]
    after = regions.ReluNetwork.from_arrays(
        [layer.weight for layer in before.layers], shifted
    )
    parts = [
        find_partition(net, SQUARE, name)
        for net, name in ((before, "before"), (after, "after"))
    ]
    return Atlas(
        title="before and after",
        domain=SQUARE,
        series=[Series(part.name, [part], [0.0]) for part in parts],
    )


def incomparable() -> Atlas:
    """Two networks with as many units, in layers of other widths."""
    parts = [
        partition(),
        find_partition(network(3, widths=(7, 7)), SQUARE, "other"),
    ]
    return Atlas(
        title="small and other",
        domain=SQUARE,
        series=[Series(part.name, [part], [0.0]) for part in parts],
    )


def code_text(net: regions.ReluNetwork, pattern: np.ndarray) -> str:
    """A pattern in hexadecimal, unit 1 first, layers joined by dashes."""
    layers, start = [], 0
    for layer in net.hidden:
        stop = start + int(layer.kinks.sum())
        bits = "".join("01"[int(bit)] for bit in pattern[start:stop])
        bits = bits.ljust(-(-len(bits) // 4) * 4, "0")
        layers.append(
            "".join(f"{int(bits[i : i + 4], 2):x}" for i in range(0, len(bits), 4))
        )
        start = stop
    return "-".join(layers)
