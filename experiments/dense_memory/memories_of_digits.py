"""Digits in dense associative memories: stored as patterns, and learned as memories."""

from collections.abc import Sequence

import jax.numpy as jnp
import numpy as np
from jaxtyping import Float32

from experiments.measures.dense_memories import Energy, completion
from training.labeled import load_digits, split_dataset
from training.memory_classifiers import (
    memory_activations,
    memory_logits,
    train_memory_classifiers,
)

HELD_OUT = 360
LOWER_HALF = slice(32, 64)
"""Pixels that are erased, of 8 x 8."""


def binary_digits(
    stored: int, seed: int
) -> tuple[Float32[np.ndarray, "stored 64"], Float32[np.ndarray, "held 64"]]:
    """Digits of +1 (gray value from one half on) and -1: those stored, those held out.

    Raises:
        ValueError: If there are not as many.
    """
    digits = load_digits()
    if stored > len(digits.inputs) - HELD_OUT:
        raise ValueError(
            f"`stored` is {stored}: at most {len(digits.inputs) - HELD_OUT} digits can "
            "be stored."
        )
    order = np.random.default_rng(seed).permutation(len(digits.inputs))
    bits = np.where(digits.inputs[order] >= 0.5, 1.0, -1.0).astype(np.float32)
    return bits[HELD_OUT : HELD_OUT + stored], bits[:HELD_OUT]


def measure_completion(
    energies: Sequence[Energy], stored: int, seeds: Sequence[int]
) -> dict[str, np.ndarray]:
    """Completion of the lower half by the upper: of stored and of other digits.

    Returns:
        `recall` and `completed`, shares of right bits by energy and seed; `mean`, the
        share that the majority of the stored digits gets on the others.
    """
    shape = (len(energies), len(seeds))
    found = {"recall": np.zeros(shape), "completed": np.zeros(shape)}
    mean = np.zeros(len(seeds))
    for s, seed in enumerate(seeds):
        patterns, others = binary_digits(stored, seed)
        majority = np.where(patterns.mean(axis=0) >= 0.0, 1.0, -1.0)[LOWER_HALF]
        blank = majority.astype(np.float32)
        mean[s] = (others[:, LOWER_HALF] == blank).mean()
        for e, energy in enumerate(energies):
            for name, images in (("recall", patterns), ("completed", others)):
                found[name][e, s] = completion(
                    energy, patterns, images[:HELD_OUT], LOWER_HALF, blank
                )
    return {**found, "mean": mean}


def measure_prototypes(
    degrees: Sequence[int], memories: int, steps: int, seeds: Sequence[int]
) -> dict[str, np.ndarray]:
    """Memory classifiers of digits by degree and seed.

    Returns:
        `accuracy` on held-out digits; `closeness`, the median over memories of the
        largest cosine with a training digit; `shared`, the mean over held-out digits
        of how many memories share in the winning logit (participation ratio of the
        sizes of their contributions). `shown`: some memories of the first seed at each
        degree, of length 1, those that weigh most.
    """
    data, _, _ = split_dataset(load_digits(), HELD_OUT, 0)
    images = np.asarray(data.train_inputs, np.float64)
    mean = images.mean(axis=0)
    inputs = unit_rows(images - mean)
    held = unit_rows(np.asarray(data.val_inputs, np.float64) - mean)
    classes = np.asarray(data.train_targets).argmax(axis=1)
    truth = np.asarray(data.val_targets).argmax(axis=1)
    found = {
        name: np.zeros((len(degrees), len(seeds)))
        for name in ("accuracy", "closeness", "shared")
    }
    shown = np.zeros((len(degrees), 8, inputs.shape[1]))
    for d, degree in enumerate(degrees):
        params = train_memory_classifiers(
            inputs.astype(np.float32),
            classes,
            seeds,
            degree=degree,
            memories=memories,
            steps=steps,
        )
        for s in range(len(seeds)):
            one = type(params)(*(leaf[s] for leaf in params))
            points = jnp.asarray(held, jnp.float32)
            winners = np.asarray(memory_logits(one, degree, points)).argmax(axis=1)
            h = np.asarray(memory_activations(one, degree, points), np.float64)
            parts = np.abs(h * np.asarray(one.U, np.float64)[winners])
            directions = unit_rows(np.asarray(one.memories, np.float64))
            found["accuracy"][d, s] = (winners == truth).mean()
            found["closeness"][d, s] = np.median((directions @ inputs.T).max(axis=1))
            found["shared"][d, s] = participation(parts).mean()
            if s == 0:
                heavy = parts.sum(axis=0).argsort()[::-1][: len(shown[d])]
                shown[d, : len(heavy)] = directions[heavy]
    return {**found, "shown": shown}


def unit_rows(rows: np.ndarray) -> np.ndarray:
    """The rows at length 1."""
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def participation(parts: np.ndarray) -> np.ndarray:
    """`(sum p)^2 / sum p^2` along the last axis: how many equal parts it is like."""
    squares = (parts**2).sum(axis=-1)
    return parts.sum(axis=-1) ** 2 / np.where(squares > 0.0, squares, 1.0)
