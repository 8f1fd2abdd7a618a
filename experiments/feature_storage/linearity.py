"""How far a map is from linear: scaling an input, and adding two of them."""

import pathlib
from collections.abc import Callable, Sequence

import numpy as np
from jaxtyping import Float64

import regions
from experiments.measures.digit_networks import (
    hanin_rolnick_config,
    held_out_images,
    measure_stages,
    train_stages,
)
from training.labeled import load_digits
from training.progress import Progress

Map = Callable[[Float64[np.ndarray, "points dim"]], Float64[np.ndarray, "points out"]]

WIDTHS = (64, 32)
"""Hidden widths of the classifiers of digits."""

FACTOR = 2.0
"""k of |f(kx) - k f(x)|."""


def scaling_defect(f: Map, x: Float64[np.ndarray, "points dim"], k: float) -> float:
    """Median of |f(kx) - k f(x)| over the root mean square of k f(x) about its mean."""
    scaled = k * f(x)
    return _relative(f(k * x) - scaled, scaled)


def adding_defect(
    f: Map, x: Float64[np.ndarray, "points dim"], y: Float64[np.ndarray, "points dim"]
) -> float:
    """Median of |f(x+y) - f(x) - f(y)| over the root mean square of f(x) + f(y)."""
    total = f(x) + f(y)
    return _relative(f(x + y) - total, total)


def _relative(difference: np.ndarray, size: np.ndarray) -> float:
    """Median length of the differences over the spread of what they are taken from."""
    spread = np.sqrt(((size - size.mean(axis=0)) ** 2).sum(axis=1).mean())
    return float(np.median(np.linalg.norm(difference, axis=1)) / spread)


def linearity_of_classifiers(
    epochs: int, seeds: Sequence[int], folder: pathlib.Path, progress: Progress
) -> dict[str, np.ndarray]:
    """Both defects of classifiers of digits, before and after training.

    The maps are the classifier itself, that less its value at 0, its hidden layers
    (input to last embedding), and the read-out of the last embedding.

    Returns:
        `accuracy (2, seeds)` on held-out digits, and `scaling` and `adding`, of shape
        (before and after, maps in the order of `MAPS`, seeds).
    """
    data = load_digits()
    config = hanin_rolnick_config(WIDTHS, data, epochs, snapshot_every=max(epochs, 1))
    times = (0, epochs)
    images = held_out_images(data)
    half = len(images) // 2
    x, y = images[:half], images[half : 2 * half]

    def measure(stage) -> dict[str, np.ndarray]:
        found = [_defects(network, x, y) for network in stage.networks]
        scaling, adding = np.array(found).transpose(2, 1, 0)
        return {"scaling": scaling, "adding": adding}

    return measure_stages(
        lambda: train_stages(config, data, seeds, times, folder, progress),
        times,
        folder,
        measure,
    )


MAPS = ("inputs", "inputs, less f(0)", "hidden layers", "last embedding")


def _defects(
    network: regions.ReluNetwork, x: np.ndarray, y: np.ndarray
) -> list[tuple[float, float]]:
    """Scaling and adding defect of each map."""
    zero = network(np.zeros_like(x[:1]))
    W, b = network.output.weight, network.output.bias

    def embed(points: np.ndarray) -> np.ndarray:
        return np.maximum(network.pre_activations(points)[-2], 0.0)

    inside = embed(x), embed(y)
    return [
        _both(network, x, y),
        _both(lambda points: network(points) - zero, x, y),
        _both(embed, x, y),
        _both(lambda points: points @ W.T + b, *inside),
    ]


def _both(f: Map, x: np.ndarray, y: np.ndarray) -> tuple[float, float]:
    """Both defects of one map."""
    return scaling_defect(f, x, FACTOR), adding_defect(f, x, y)
