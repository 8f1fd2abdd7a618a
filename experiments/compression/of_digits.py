"""Smaller classifiers of digits: units that go, and what that costs on other images."""

import pathlib
from collections.abc import Sequence

import numpy as np
from jaxtyping import Float64

import regions
from experiments.compression.unit_removal import (
    merge_units,
    remove_by_data,
    remove_lightest,
)
from experiments.measures.adaptation import accuracy
from experiments.measures.digit_networks import (
    NUM_VAL,
    SPLIT_SEED,
    hanin_rolnick_config,
    train_stages,
)
from training.labeled import Labeled, load_digits, split_dataset
from training.progress import Progress


def digit_numbers(
    widths: tuple[int, ...],
    epochs: int,
    ways: Sequence[str],
    seeds: Sequence[int],
    folder: pathlib.Path,
    progress: Progress,
) -> dict[str, Float64[np.ndarray, "ways seeds"]]:
    """Train classifiers of the digits of scikit-learn, and make them smaller.

    Args:
        widths: Hidden widths.
        epochs: Passes over the training images, batches of 64.
        ways: `data`, or `merge` or `lightest` with an angle or a share, as in the
            study.
        seeds: One network each; the images held out are the same.
        folder: Where the networks are kept.
        progress: Called as training goes on.

    Returns:
        `saved`, the share of the units that take no bit any more, and `lost`, the
        share of the images held out that are right no more (negative if more are).
    """
    data = load_digits()
    config = hanin_rolnick_config(widths, data, epochs, snapshot_every=epochs)
    (stage,) = train_stages(config, data, seeds, (epochs,), folder, progress)
    learned, held_out = split_of(data)
    rows = []
    for way in ways:
        small = [shrunk(network, way, learned) for network in stage.networks]
        for before, after in zip(stage.networks, small, strict=True):
            rows.append(
                (
                    1.0 - after.num_bits / before.num_bits,
                    accuracy(before, held_out) - accuracy(after, held_out),
                )
            )
    table = np.array(rows).reshape(len(ways), len(seeds), 2)
    return {"saved": table[..., 0], "lost": table[..., 1]}


def split_of(data: Labeled) -> tuple[Labeled, Labeled]:
    """Images that are learned, and those held out: of all networks."""
    _, train, val = split_dataset(data, NUM_VAL, SPLIT_SEED)
    first, second = (Labeled(data.inputs[k], data.labels[k]) for k in (train, val))
    return first, second


def shrunk(
    network: regions.ReluNetwork, way: str, data: Labeled
) -> regions.ReluNetwork:
    """A network made smaller in one way; `data` are its training points."""
    kind, _, value = way.partition("-")
    if kind == "data":
        return remove_by_data(network, data.inputs)
    if kind == "merge":
        return merge_units(network, float(value))
    return remove_lightest(network, float(value))
