"""The pieces of regions on which one class wins: exact, scores being affine there."""

import numpy as np
from jaxtyping import Float64

from experiments.atlas.clipping import clip
from experiments.atlas.partition import Partition


def scores(partition: Partition, threshold: float) -> Float64[np.ndarray, "v classes"]:
    """Score of each class at the vertices: the outputs, or `threshold` and the output.

    One output makes two classes: class 1 is where it exceeds the threshold.
    """
    outputs = partition.network(partition.vertices)
    if outputs.shape[1] > 1:
        return outputs
    return np.column_stack([np.full(len(outputs), threshold), outputs[:, 0]])


def class_pieces(
    partition: Partition, threshold: float
) -> tuple[list[Float64[np.ndarray, "_ 2"]], list[int]]:
    """Polygons that cover the domain, and the class that wins on each."""
    values = scores(partition, threshold)[partition.members]
    pieces, classes = [], []
    for start, stop in zip(partition.offsets[:-1], partition.offsets[1:], strict=True):
        corners = partition.vertices[partition.members[start:stop]]
        lead = values[start:stop]
        present = np.unique(lead.argmax(axis=1))
        candidates = present if len(present) == 1 else range(lead.shape[1])
        for winner in candidates:
            piece = _won(corners, lead, int(winner)) if len(present) > 1 else corners
            if len(piece) >= 3:
                pieces.append(piece)
                classes.append(int(winner))
    return pieces, classes


def _won(corners: np.ndarray, values: np.ndarray, winner: int) -> np.ndarray:
    """Part of a polygon on which class `winner` is ahead of every other."""
    polygon = np.column_stack([corners, values])
    for other in range(values.shape[1]):
        if other != winner and len(polygon):
            ahead = polygon[:, 2 + winner] - polygon[:, 2 + other]
            polygon, _ = clip(polygon, np.zeros(len(polygon), np.int64), ahead, 0)
    return polygon[:, :2]
