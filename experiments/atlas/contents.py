"""What one page holds, and its form in the header of the data block."""

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
from jaxtyping import Bool, Float32, Float64, Int32

from experiments.atlas.block import schema_version
from experiments.atlas.partition import Partition
from experiments.atlas.solids import Solid
from regions.domains.shapes import BoundedDomain
from regions.network import ReluNetwork


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Points:
    """Data on the map.

    Attributes:
        name: Name of the set in the legend.
        positions: In chart coordinates.
        labels: Class of each point.
        mistakes: Per partition of the first series: whether it errs on the point.
    """

    name: str
    positions: Float32[np.ndarray, "points 2"]
    labels: Int32[np.ndarray, " points"]
    mistakes: Bool[np.ndarray, "frames points"]


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Series:
    """One network: partitions of one state or of several, or a complex to cut.

    Attributes:
        name: Name of the network.
        frames: One partition or more; none for a network of three inputs.
        values: Where on the slider each lies: epochs.
        solid: The complex of a network of three inputs.
    """

    name: str
    frames: Sequence[Partition] = ()
    values: Sequence[float] = ()
    solid: Solid | None = None


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Surface:
    """The decision surface of a network in a 3-D domain.

    Attributes:
        vertices: Corners.
        triangles: Indices of corners.
    """

    vertices: Float64[np.ndarray, "vertices 3"]
    triangles: Int32[np.ndarray, "triangles 3"]


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Atlas:
    """All that a page shows.

    Attributes:
        title: Title of the page.
        domain: Whose chart the map is, or the 3-D domain that it is a plane of.
        series: One, or two to compare.
        points: Sets of data.
        losses: Epoch, training and validation loss, one row each; may be empty.
        threshold: Output above which a network of one output says class 1.
        y_down: Whether the second coordinate grows downward, as in images.
        surface: Decision surface of the first network, in a 3-D domain.
    """

    title: str
    domain: BoundedDomain
    series: Sequence[Series]
    points: Sequence[Points] = ()
    losses: Float32[np.ndarray, "epochs 3"] = dataclasses.field(
        default_factory=lambda: np.zeros((0, 3), np.float32)
    )
    threshold: float = 0.0
    y_down: bool = False
    surface: Surface | None = None


def _network(network: ReluNetwork) -> list[dict[str, Any]]:
    """Layers, hidden ones first; exact, being float64."""
    return [
        {
            "weight": np.array(layer.weight),
            "bias": np.array(layer.bias),
            "slopes": np.array(layer.slopes),
            "skips": [
                {"source": source, "matrix": np.array(m)} for source, m in layer.skips
            ],
        }
        for layer in network.layers
    ]


def _small(array: np.ndarray) -> np.ndarray:
    """The same integers, 0 or more, in the smallest dtype that holds them."""
    largest = int(array.max(initial=0))
    names = [("uint8", 2**8), ("uint16", 2**16), ("uint32", 2**32)]
    return array.astype(next(name for name, end in names if largest < end))


def _partition(partition: Partition) -> dict[str, Any]:
    """A partition; what decides positions stays in float64, for deep zoom."""
    return {
        "name": partition.name,
        "complete": partition.complete,
        "network": _network(partition.network),
        "vertices": partition.vertices,
        "counts": _small(partition.counts),
        "members": _small(partition.members),
        "sides": partition.sides.astype(np.int32),
        "patterns": partition.patterns,
        "linear": _small(partition.linear),
        "centers": partition.centers,
        "radii": partition.radii.astype(np.float32),
        "outputs": partition.outputs,
        "gradients": partition.gradients,
    }


def _solid(solid: Solid) -> dict[str, Any]:
    """A complex; the page cuts it with planes."""
    facets = solid.facets
    return {
        "complete": solid.complete,
        "network": _network(solid.network),
        "vertices": solid.vertices,
        "counts": _small(facets.counts),
        "corners": _small(facets.corners),
        "regions": facets.regions.astype(np.int32),
        "sides": facets.sides.astype(np.int32),
        "patterns": solid.patterns,
        "linear": _small(solid.linear),
        "outputs": solid.outputs,
        "gradients": solid.gradients,
    }


def _series(series: Series) -> dict[str, Any]:
    """A series with the slider position of each frame."""
    rows = zip(series.frames, series.values, strict=True)
    return {
        "name": series.name,
        "frames": [{**_partition(p), "value": float(value)} for p, value in rows],
        "solid": series.solid and _solid(series.solid),
    }


def _points(points: Points) -> dict[str, Any]:
    """A set of points; mistakes as bytes."""
    return {
        "name": points.name,
        "positions": points.positions,
        "labels": points.labels,
        "mistakes": points.mistakes.astype(np.uint8),
    }


def header(atlas: Atlas) -> dict[str, Any]:
    """The header of the data block, with arrays as leaves."""
    box = atlas.domain.chart_box()
    surface = atlas.surface
    return {
        "schema": schema_version(),
        "title": atlas.title,
        "domain": {
            "kind": type(atlas.domain).__name__.lower(),
            "lower": box.lower.tolist(),
            "upper": box.upper.tolist(),
            "ambient": atlas.domain.ambient_dim,
        },
        "threshold": atlas.threshold,
        "yDown": atlas.y_down,
        "series": [_series(series) for series in atlas.series],
        "points": [_points(points) for points in atlas.points],
        "losses": atlas.losses,
        "surface": surface
        and {"vertices": surface.vertices, "triangles": surface.triangles},
    }
