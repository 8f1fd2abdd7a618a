"""Features stored in fewer dimensions, and what is read while others are on.

Each of m features has a direction (and, to be curved, a plane) among random ones of
R^n. A state is the sum of what the active features store, and a feature is read from
its own direction or plane alone. Four storages, each exact for a feature by itself:

- linear: the value along the direction, read by the inner product;
- quadratic: its root, read by the square of the inner product;
- threshold: the value, read as 1 where the inner product is over one half, else 0;
- curved: a point on a half circle of diameter 1 in the plane, read by its angle.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float32, Float64

from experiments.measures.random_directions import unit_vectors

STORAGES: tuple[str, ...] = ("linear", "quadratic", "threshold", "curved")


class Gram(NamedTuple):
    """Inner products among the features' directions.

    Attributes:
        along: Inner products of first directions with first directions.
        across: Row i, column j: of feature i's first with j's second direction.
        second: Inner products of second directions with second directions.
    """

    along: Float32[np.ndarray, "features features"]
    across: Float32[np.ndarray, "features features"]
    second: Float32[np.ndarray, "features features"]


class Responses(NamedTuple):
    """What is read of one feature in many contexts, by storage.

    Attributes:
        values: The feature's value in each context.
        on: Read while it has that value.
        unit: Read while it is 1.
        off: Read while it is 0; the context is the same in all three.
    """

    values: Float64[np.ndarray, " contexts"]
    on: dict[str, Float64[np.ndarray, " contexts"]]
    unit: dict[str, Float64[np.ndarray, " contexts"]]
    off: dict[str, Float64[np.ndarray, " contexts"]]


def random_planes(features: int, dim: int, rng: np.random.Generator) -> Gram:
    """Inner products of random orthonormal pairs, one per feature."""
    first = unit_vectors(features, dim, rng)
    second = unit_vectors(features, dim, rng)
    second -= np.einsum("fd,fd->f", first, second)[:, None] * first
    second /= np.linalg.norm(second, axis=1, keepdims=True)
    return Gram(first @ first.T, first @ second.T, second @ second.T)


def read_in_contexts(
    gram: Gram, active: int, contexts: int, rng: np.random.Generator, *, graded: bool
) -> Responses:
    """Read random features while `active` random others are on.

    Args:
        gram: Gram matrix of the directions.
        active: Others that are on, at most all of them.
        contexts: How many reads.
        rng: Chooses features, others and values.
        graded: Whether values are uniform on [0, 1]; else those of the others are 1
            and that of the feature is 0 or 1, evenly.
    """
    features = len(gram.along)
    target = rng.integers(0, features, contexts)
    order = rng.random((contexts, features), np.float32)
    # The feature itself sorts last, and is not among the others.
    order[np.arange(contexts), target] = 2.0
    others = np.argpartition(order, active - 1, axis=1)[:, :active]
    if graded:
        stored, values = rng.random(others.shape), rng.random(contexts)
    else:
        stored, values = np.ones(others.shape), rng.integers(0, 2, contexts) * 1.0
    fields = _fields(gram, target, others, stored)
    ones = np.ones(contexts)
    return Responses(
        values, *(_read(fields, level) for level in (values, ones, 0.0 * ones))
    )


def context_dependence(responses: Responses, storage: str) -> float:
    """Spread over contexts of the effect of switching on, over its mean size.

    0 if the effect of a feature is the same whatever else is on.
    """
    effect = responses.unit[storage] - responses.off[storage]
    return float(effect.std() / abs(effect.mean()))


def read_error(responses: Responses, storage: str) -> float:
    """Root mean square error of the value that is read."""
    return float(np.sqrt(np.mean((responses.on[storage] - responses.values) ** 2)))


class _Fields(NamedTuple):
    """What the others add to the inner products with the feature's directions."""

    linear: Float64[np.ndarray, " contexts"]
    roots: Float64[np.ndarray, " contexts"]
    first: Float64[np.ndarray, " contexts"]
    second: Float64[np.ndarray, " contexts"]


def _fields(
    gram: Gram,
    target: np.ndarray,
    others: np.ndarray,
    stored: Float64[np.ndarray, "contexts active"],
) -> _Fields:
    """Interference of each storage, from the inner products alone."""
    rows = target[:, None]
    along = gram.along[rows, others].astype(np.float64)
    u, w = _arc(stored)
    first = (u * along + w * gram.across[rows, others]).sum(axis=1)
    second = (u * gram.across[others, rows] + w * gram.second[rows, others]).sum(axis=1)
    linear = (stored * along).sum(axis=1)
    roots = (np.sqrt(stored) * along).sum(axis=1)
    return _Fields(linear, roots, first, second)


def _read(
    fields: _Fields, level: Float64[np.ndarray, " contexts"]
) -> dict[str, Float64[np.ndarray, " contexts"]]:
    """What each storage gives for a feature at `level`."""
    inner = level + fields.linear
    u, w = _arc(level)
    return {
        "linear": inner,
        "quadratic": (np.sqrt(level) + fields.roots) ** 2,
        "threshold": (inner > 0.5).astype(np.float64),
        "curved": _angle(u + fields.first, w + fields.second),
    }


def _arc(value: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The half circle from the origin to the second direction, value 0 to 1."""
    angle = np.pi * value
    return 0.5 * np.sin(angle), 0.5 * (1.0 - np.cos(angle))


def _angle(u: np.ndarray, w: np.ndarray) -> np.ndarray:
    """Value whose point of the half circle is the nearest."""
    angle = np.arctan2(u, 0.5 - w)
    # The ends of the half circle share the other half.
    angle = np.where(angle < -np.pi / 2.0, np.pi, np.maximum(angle, 0.0))
    return angle / np.pi
