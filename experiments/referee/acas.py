"""A network of the size of ACAS Xu, trained on a smooth table in five dimensions.

Five scores for five advisories (none, weak left, weak right, strong left, strong
right) from distance, two angles and two speeds, all scaled to [-1, 1]: smooth functions
of where the intruder will be. Nothing is downloaded; nothing is meant to be flown.
"""

import pathlib

import numpy as np
from jaxtyping import Float64

from regions.network import ReluNetwork
from training.config import ModelConfig, OptimizerConfig, TrainingConfig
from training.datasets import Dataset
from training.fit import fit
from training.models import params_to_relu_network


def table(
    points: Float64[np.ndarray, "points 5"],
) -> Float64[np.ndarray, "points 5"]:
    """Scores of no advisory, weak left, weak right, strong left and strong right.

    The largest is the advisory that is given.
    """
    distance, bearing, heading, own, other = points.T
    near = np.exp(-1.5 * (1.0 + distance))
    # Where the intruder passes, left (negative) or right, and how fast it comes.
    side = np.sin(1.5 * bearing + 0.5 * np.sin(2.0 * heading))
    closing = 0.5 + 0.25 * (own + other) * np.cos(2.0 * heading)
    danger = near * (0.5 + closing)
    columns = (
        0.5 - danger,
        0.4 * danger * (1.0 + side),
        0.4 * danger * (1.0 - side),
        danger * (0.2 + 0.8 * side) - 0.2,
        danger * (0.2 - 0.8 * side) - 0.2,
    )
    return np.stack(columns, axis=1)


def trained(
    widths: tuple[int, ...], points: int, epochs: int, folder: pathlib.Path
) -> tuple[ReluNetwork, float]:
    """The network, and the share of other points on which it names the advisory."""
    rng = np.random.default_rng(0)
    inputs = rng.uniform(-1.0, 1.0, (points + 1000, 5)).astype(np.float32)
    targets = table(inputs.astype(float)).astype(np.float32)
    data = Dataset(inputs[:-1000], targets[:-1000], inputs[-1000:], targets[-1000:])
    config = TrainingConfig(
        model=ModelConfig(
            widths=widths,
            input_dim=5,
            output_dim=5,
            activation="relu",
            initializer="he_normal_small_bias",
        ),
        optimizer=OptimizerConfig(name="adam", learning_rate=1e-3),
        epochs=epochs,
        batch_size=250,
    )
    found = fit(config, data, folder)
    network = params_to_relu_network(found.params, config.model)
    named = network(inputs[-1000:].astype(float)).argmax(1)
    return network, float((named == targets[-1000:].argmax(1)).mean())
