"""One network's partition over its snapshots: what is born, dies, moves and settles."""

import itertools
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float, Float64, UInt8

import regions
from experiments.measures.boundary_length import share_in_ring
from experiments.measures.unit_square import enumerate_square
from regions.partition.partition_change import (
    compare_patterns,
    compare_points,
    outputs_under_patterns,
)
from regions.patterns.kernel import patterns_at, unpack_bits
from training.datasets import INNER_RADIUS, OUTER_RADIUS

BAND = 16 / 1024
"""Distance from an edge of the ring at which a boundary counts as near: 16 pixels."""

NEAR_EDGES = (INNER_RADIUS - BAND, OUTER_RADIUS + BAND)
"""Distances from the center between which all is near an edge: the ring is thin."""

FREEZE_SHARE = 0.1
"""Share of its peak under which a rate of change counts as frozen."""


class OutputSplit(NamedTuple):
    """A change of outputs, split into that of maps and that of the partition.

    Attributes:
        maps: Root mean square of the change with the patterns held.
        partition: Root mean square of the change with the maps held.
        total: Root mean square of the sum of both, which is the change.
    """

    maps: float
    partition: float
    total: float

    @property
    def share(self) -> float:
        """Share of the partition in the sum of the two magnitudes; 0 of no change."""
        both = self.maps + self.partition
        return self.partition / both if both else 0.0


def split_change(
    before: regions.ReluNetwork,
    after: regions.ReluNetwork,
    points: Float64[np.ndarray, "points 2"],
) -> OutputSplit:
    """Split the change of the outputs at points between two snapshots.

    Changing the maps first and the partition second gives one split, the other order
    another; the two parts are means over both orders and sum to the change.
    """
    old, new = before.patterns(points), after.patterns(points)
    first, last = before(points), after(points)
    maps_only = outputs_under_patterns(after, points, old)
    partition_only = outputs_under_patterns(before, points, new)
    maps = ((maps_only - first) + (last - partition_only)) / 2.0
    partition = ((partition_only - first) + (last - maps_only)) / 2.0
    return OutputSplit(*(_rms(part) for part in (maps, partition, last - first)))


def weight_distance(first: regions.ReluNetwork, second: regions.ReluNetwork) -> float:
    """Euclidean distance of all weights and biases."""
    return float(
        np.sqrt(
            sum(
                ((a.weight - b.weight) ** 2).sum() + ((a.bias - b.bias) ** 2).sum()
                for a, b in zip(first.layers, second.layers, strict=True)
            )
        )
    )


def crease_motion(
    first: regions.ReluNetwork, second: regions.ReluNetwork
) -> tuple[Float64[np.ndarray, " units"], Float64[np.ndarray, " units"]]:
    """How far the creases of the first layer turned and shifted.

    Returns:
        Angle between the normals in degrees, and change of the signed distance from the
        origin in sides of the unit square, per unit.
    """
    norms = [np.linalg.norm(n.layers[0].weight, axis=1) for n in (first, second)]
    inner = np.einsum("ij,ij->i", first.layers[0].weight, second.layers[0].weight)
    cosines = np.clip(inner / (norms[0] * norms[1]), -1.0, 1.0)
    offsets = [
        -network.layers[0].bias / norm
        for network, norm in zip((first, second), norms, strict=True)
    ]
    return np.degrees(np.arccos(cosines)), np.abs(offsets[1] - offsets[0])


def freeze_epoch(
    rates: Float[np.ndarray, " windows"],
    epochs: Float[np.ndarray, " windows"],
    share: float = FREEZE_SHARE,
) -> float | None:
    """When a rate of change has fallen to a share of its peak.

    The rate is smoothed by a running median of three windows; a rate that rises again
    later, at a spike, has frozen all the same.

    Args:
        rates: Change in each window between snapshots.
        epochs: End of each window.
        share: Share of the peak under which a rate counts as frozen.

    Returns:
        The end of the first such window after the peak; None if there is none.
    """
    padded = np.concatenate([rates[:1], rates, rates[-1:]])
    smooth = np.median([padded[:-2], padded[1:-1], padded[2:]], axis=0)
    peak = int(np.argmax(smooth))
    below = np.flatnonzero(smooth[peak:] <= share * smooth[peak])
    return float(epochs[peak + below[0]]) if len(below) else None


def square_grid(side: int) -> Float64[np.ndarray, "points 2"]:
    """Middles of `side` x `side` squares that tile the unit square."""
    middles = (np.arange(side) + 0.5) / side
    return np.stack(np.meshgrid(middles, middles), axis=-1).reshape(-1, 2)


def partition_history(
    networks: Sequence[regions.ReluNetwork],
    grid: Float64[np.ndarray, "points 2"],
    data: Float64[np.ndarray, "train 2"],
) -> dict[str, np.ndarray]:
    """Numbers of each snapshot and of each window between two.

    Args:
        networks: The snapshots, in order.
        grid: Points for changes of patterns and outputs.
        data: The training points.

    Returns:
        `regions` (exact count) and `near_edges` (share of the boundary's length near an
        edge of the ring) per snapshot; per window, `born`, `died` and `jaccard` of the
        exact patterns, `grid_jaccard`, `grid_points`, `grid_bits`, `data_points` and
        `data_bits` (shares that changed), `weights` (distance), `maps`, `partition`,
        `total` and `partition_share` (see `OutputSplit`); `distances`, the shares of
        bits that differ on the grid between any two snapshots; and medians over the
        creases of the first layer since the first snapshot, `turned` and `shifted`.
    """
    on_grid = [patterns_at(network, grid) for network in networks]
    on_data = [patterns_at(network, data) for network in networks]
    rows = [_window(a, b, grid) for a, b in itertools.pairwise(networks)]
    bits = networks[0].num_bits
    for row, grids, samples in zip(
        rows, itertools.pairwise(on_grid), itertools.pairwise(on_data), strict=True
    ):
        row["grid_jaccard"] = compare_patterns(*grids).jaccard
        row["grid_points"], row["grid_bits"] = compare_points(*grids, bits)
        row["data_points"], row["data_bits"] = compare_points(*samples, bits)
    motion = [crease_motion(networks[0], network) for network in networks]
    return {
        **_exact(networks),
        **{name: np.array([row[name] for row in rows]) for name in rows[0]},
        "distances": bit_distances(on_grid, bits),
        "turned": np.array([np.median(turned) for turned, _ in motion]),
        "shifted": np.array([np.median(shifted) for _, shifted in motion]),
    }


def bit_distances(
    patterns: Sequence[UInt8[np.ndarray, "points _"]], num_bits: int
) -> Float64[np.ndarray, "snapshots snapshots"]:
    """Share of the bits that differ at the same points, between any two snapshots."""
    flat = np.stack([unpack_bits(rows, num_bits).ravel() for rows in patterns])
    signs = np.where(flat, 1.0, -1.0).astype(np.float32)
    # Exact: sums of plus and minus ones, far below 2^24.
    assert signs.shape[1] < 2**24
    return (1.0 - (signs @ signs.T).astype(np.float64) / signs.shape[1]) / 2.0


def _window(
    before: regions.ReluNetwork,
    after: regions.ReluNetwork,
    grid: Float64[np.ndarray, "points 2"],
) -> dict[str, float]:
    """Change of weights and outputs in one window."""
    split = split_change(before, after, grid)
    return {
        "weights": weight_distance(before, after),
        "partition_share": split.share,
        **split._asdict(),
    }


def _exact(networks: Sequence[regions.ReluNetwork]) -> dict[str, Any]:
    """What needs the exact regions of each snapshot."""
    counts, shares, changes, previous = [], [], [], None
    for network in networks:
        found = enumerate_square(network)
        counts.append(len(found))
        shares.append(share_in_ring(found.polygons(), (0.5, 0.5), NEAR_EDGES))
        if previous is not None:
            changes.append(compare_patterns(previous, found.patterns))
        previous = found.patterns
    return {
        "regions": np.array(counts),
        "near_edges": np.array(shares),
        "born": np.array([change.born for change in changes]),
        "died": np.array([change.died for change in changes]),
        "jaccard": np.array([change.jaccard for change in changes]),
    }


def _rms(values: np.ndarray) -> float:
    """Root mean square."""
    return float(np.sqrt((values**2).mean()))


def freeze_ratio(row: dict[str, Any], kind: str) -> float:
    """How many times later the weights freeze than the patterns.

    What does not freeze within the run is taken to freeze at its end: the ratio is
    then a lower bound if only the weights go on, an upper one if only the patterns do.
    """
    weights = row["weights_freeze"] or row["epochs"]
    return weights / (row[f"{kind}_freeze"] or row["epochs"])
