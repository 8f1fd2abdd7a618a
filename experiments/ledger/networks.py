"""The networks of the ledger: drawn from seeds, of several kinds and dimensions."""

import hashlib
import itertools
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from regions.domains.shapes import Box
from regions.network import ReluNetwork

KINDS = ("normal", "integer", "no bias", "leaky", "prelu", "twins", "low rank", "skip")
SHAPES = {
    2: ((3,), (6,), (4, 4), (5, 5), (4, 4, 4), (6, 5)),
    3: ((3,), (5,), (3, 3), (4, 4), (3, 3, 3)),
    4: ((3,), (4,), (3, 2), (4, 3)),
    5: ((3,), (4,), (3, 2)),
}
"""Hidden widths, by number of inputs."""


class Entry(NamedTuple):
    """A network of the ledger.

    Attributes:
        name: What it is called.
        kind: How it is drawn, one of `KINDS`.
        network: The network.
        box: Where it is looked at.
    """

    name: str
    kind: str
    network: ReluNetwork
    box: Box


def entries(number: int) -> Iterator[Entry]:
    """The first networks of the ledger, in its order."""
    cases = [
        (kind, dim, widths)
        for dim, shapes in SHAPES.items()
        for widths in shapes
        for kind in KINDS
    ]
    for index in range(number):
        round_, place = divmod(index, len(cases))
        kind, dim, widths = cases[place]
        outputs = 1 + 2 * (round_ % 2)
        rng = np.random.default_rng([index, dim])
        network = _draw(rng, kind, (dim, *widths, outputs))
        shape = "-".join(map(str, (dim, *widths, outputs)))
        name = f"{index:03d} {kind} {shape}"
        yield Entry(name, kind, network, Box.cube(dim, 1.0 + index % 2))


def _draw(rng: np.random.Generator, kind: str, sizes: tuple[int, ...]) -> ReluNetwork:
    """A network of one kind; its numbers are float32 or small integers."""
    weights, biases = [], []
    for fan_in, fan_out in itertools.pairwise(sizes):
        if kind in ("integer", "no bias"):
            weights.append(rng.integers(-3, 4, (fan_out, fan_in)).astype(float))
            biases.append(rng.integers(-2, 3, fan_out) * float(kind == "integer"))
        else:
            normal = rng.standard_normal((fan_out, fan_in)) * np.sqrt(2.0 / fan_in)
            weights.append(normal.astype(np.float32))
            biases.append((0.4 * rng.standard_normal(fan_out)).astype(np.float32))
    first = weights[0]
    if kind == "twins" and len(first) > 1:
        first[1], biases[0][1] = 2.0 * first[0], 2.0 * biases[0][0]
    if kind == "low rank":
        first[:] = np.outer(
            rng.integers(-3, 4, len(first)), rng.integers(1, 4, sizes[0])
        )
    slopes: Any = 0.0
    if kind == "leaky":
        slopes = 0.125
    if kind == "prelu":
        slopes = [rng.integers(-4, 8, width) / 8.0 for width in sizes[1:-1]]
    skips = None
    if kind == "skip":
        last = len(weights) - 1
        matrix = rng.integers(-2, 3, (sizes[-1], sizes[0])).astype(float)
        skips = {last: {0: matrix}} if last else None
    return ReluNetwork.from_arrays(weights, biases, slopes, skips=skips)


def network_to_dict(network: ReluNetwork) -> dict[str, Any]:
    """All numbers of a network, for JSON: they are read back as they are."""
    return {
        "weights": [layer.weight.tolist() for layer in network.layers],
        "biases": [layer.bias.tolist() for layer in network.layers],
        "slopes": [layer.slopes.tolist() for layer in network.hidden],
        "skips": {
            str(index): {str(source): matrix.tolist() for source, matrix in layer.skips}
            for index, layer in enumerate(network.layers)
            if layer.skips
        },
    }


def network_from_dict(data: dict[str, Any]) -> ReluNetwork:
    """The network that `network_to_dict` described.

    Raises:
        ValueError: If it describes none.
    """
    skips = {
        int(index): {int(source): matrix for source, matrix in blocks.items()}
        for index, blocks in data["skips"].items()
    }
    return ReluNetwork.from_arrays(
        data["weights"], data["biases"], data["slopes"] or 0.0, skips=skips
    )


def digest(network: ReluNetwork) -> str:
    """SHA-256 of a network's shapes and numbers, as little-endian float64."""
    found = hashlib.sha256()
    for index, layer in enumerate(network.layers):
        blocks = [layer.weight, layer.bias, layer.slopes, *(m for _, m in layer.skips)]
        found.update(f"{index}:{[s for s, _ in layer.skips]}".encode())
        for array in blocks:
            found.update(str(array.shape).encode())
            found.update(np.ascontiguousarray(array, "<f8").tobytes())
    return found.hexdigest()
