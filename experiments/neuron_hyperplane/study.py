"""What the study runs, measures and keeps."""

import dataclasses
import pathlib
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.csv
from jaxtyping import Bool, Float64

import regions
from experiments.measures.unit_square import enumerate_all
from experiments.running.about import About
from experiments.running.claims import Claim, claim_exact
from experiments.running.common import Clock
from experiments.running.polygons import read_polygons, write_polygons
from experiments.running.sources import HASHING
from experiments.running.studies import Summary
from regions.files.writing import open_atomically, read_arrays, write_arrays
from regions.patterns.kernel import unpack_bits
from regions.signs.predicate import signs as signs_at
from training.progress import Progress

ABOUT = About(
    title="One unit, one hyperplane, two half-spaces",
    page="claims",
    source=HASHING,
    setup=(
        "Single units w x + b with random weights in the plane, under ReLU, leaky ReLU "
        "(0.01) and the absolute value. The bit of the activation pattern at each "
        "point of a grid is compared with the sign of w x + b in exact arithmetic. "
        "Half of the units have weights and biases in sixteenths, so that their lines "
        "pass through grid points: there w x + b = 0, and the convention decides "
        "(on means w x + b > 0). The two regions of each unit are enumerated, and "
        "their common edge is measured against the line at the offset -b / |w|."
    ),
    differs=(
        "The post says that the unit decides the side and leaves open what holds on "
        "the line; here a tie is off."
    ),
    expected="Equal everywhere, by definition (derived).",
)
BOX = regions.Box.cube(2, 1.0)
SLOPES = {"ReLU": 0.0, "leaky ReLU": 0.01, "absolute value": -1.0}
"""Slope below zero of each activation."""

COARSE = 16
"""Weights and biases are multiples of 1 / this for the units that meet grid points."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """What identifies a run.

    Attributes:
        units: Random units, half of them with coarse weights.
        resolution: Grid points along each axis, a power of 2: the grid's coordinates
            are then exact.
        seed: Seed of the weights.
    """

    units: int = 40
    resolution: int = 512
    seed: int = 0

    def __post_init__(self):
        if self.units < 2 or self.resolution < 2 * COARSE:
            raise ValueError(
                f"`units` is {self.units} and `resolution` {self.resolution}: at least "
                f"2 units and {2 * COARSE} points along an axis are required."
            )


PRESETS = {"smoke": Config(units=4, resolution=64), "paper": Config()}


class Measure(NamedTuple):
    """One unit under one activation.

    Attributes:
        activation: One of `SLOPES`.
        w1: First weight.
        w2: Second weight.
        b: Bias.
        offset: `-b / |w|`, the line's signed distance from the origin.
        wrong_bits: Grid points whose bit is not the sign of `w x + b`.
        ties: Grid points on the line.
        ties_on: Those of them whose bit is 1.
        regions: Activation regions of the box.
        edge_error: Largest distance of the regions' common edge from the line.
        wrong_side: Regions whose witness lies on the side that their bit does not say.
        map_error: Largest difference of a region's slope from `w`, or from `w` times
            the slope below zero.
    """

    activation: str
    w1: float
    w2: float
    b: float
    offset: float
    wrong_bits: int
    ties: int
    ties_on: int
    regions: int
    edge_error: float
    wrong_side: int
    map_error: float


class Result(NamedTuple):
    """What the figure needs of a finished run.

    Attributes:
        config: As in `config.json`.
        summary: As in `summary.json`.
        w: Weights of the unit that is drawn.
        b: Its bias.
        polygons: Its two regions.
        on: Bit of each of them.
        bits: Its bits on a coarse grid.
        points: The points of that grid.
    """

    config: Config
    summary: Summary
    w: Float64[np.ndarray, " 2"]
    b: float
    polygons: list[Float64[np.ndarray, "_ 2"]]
    on: Bool[np.ndarray, " regions"]
    bits: Bool[np.ndarray, " points"]
    points: Float64[np.ndarray, "points 2"]


def conduct(
    config: Config, folder: pathlib.Path, progress: Progress, clock: Clock
) -> Summary:
    """Compare bits with signs and edges with lines; write it all to `folder`."""
    table = []
    units = random_units(config)
    for done, (w, b) in enumerate(units):
        progress(done, len(units), "comparing bits with signs")
        table += [measure(w, b, name, config.resolution) for name in SLOPES]
    clock.lap("bits and regions")
    columns = {
        name: [row[k] for row in table] for k, name in enumerate(Measure._fields)
    }
    with open_atomically(folder / "units.csv") as file:
        pyarrow.csv.write_csv(pa.table(columns), file)
    _write_drawn(folder)
    bits = len(table) * config.resolution**2
    ties = sum(row.ties for row in table)
    return {
        "headline": (
            f"{bits:,} bits of {len(table)} units, {ties:,} of them on a line: "
            f"{sum(row.wrong_bits for row in table)} are not the sign; common edges "
            f"lie within {max(row.edge_error for row in table):.1g} of their lines"
        ),
        "bits": bits,
        "ties": ties,
        "cut": sum(row.regions == 2 for row in table),
        "claims": _claims(table, bits),
    }


def read(config: Config, folder: pathlib.Path, summary: Summary) -> Result:
    """A finished run, from the files in its folder."""
    arrays = read_arrays(folder / "drawn.npz")
    return Result(
        config,
        summary,
        arrays["w"],
        float(arrays["b"]),
        read_polygons(folder / "drawn-regions.npz"),
        arrays["on"],
        arrays["bits"],
        arrays["points"],
    )


def random_units(config: Config) -> list[tuple[Float64[np.ndarray, " 2"], float]]:
    """Weights and biases; every other unit has them in sixteenths, the first too."""
    rng = np.random.default_rng(config.seed)
    units = []
    for k in range(config.units):
        w, b = rng.normal(size=2), float(rng.uniform(-0.5, 0.5))
        if k % 2 == 0:
            # A half is kept away from 0, which would be no line.
            w = np.where(np.abs(w) < 0.5, 0.5, np.round(w * COARSE) / COARSE)
            b = round(b * COARSE) / COARSE
            if abs(b) in (abs(w[0] + w[1]), abs(w[0] - w[1])):
                # Through a corner of the box, where a list has no polygons.
                b += 0.5 / COARSE
        units.append((w, b))
    return units


def unit_network(
    w: Float64[np.ndarray, " 2"], b: float, slope: float
) -> regions.ReluNetwork:
    """The network of one unit, whose output is its activation."""
    return regions.ReluNetwork.from_arrays([w[None], [[1.0]]], [[b], [0.0]], slope)


def measure(
    w: Float64[np.ndarray, " 2"], b: float, activation: str, resolution: int
) -> Measure:
    """Bits against signs and regions against formulas, of one unit."""
    slope = SLOPES[activation]
    network = unit_network(w, b, slope)
    # Offset 0 and a power of 2: the points are exact, and coarse lines meet them.
    grid = regions.hash_grid(network, BOX, resolution, offset=0.0)
    assert grid.labels is not None
    bits = unpack_bits(grid.patterns, 1)[grid.labels.ravel(), 0]
    signs = signs_at(network, BOX, grid_points(resolution)).sign[:, 0]
    norm = float(np.linalg.norm(w))
    found = enumerate_all(network, BOX)
    on = found.pattern_bits()[:, 0]
    heights = found.witnesses @ w + b
    jacobians, offsets = found.affine_maps()
    factor = np.where(on, 1.0, slope)
    maps = np.abs(jacobians[:, 0] - factor[:, None] * w).max()
    maps = max(maps, np.abs(offsets[:, 0] - factor * b).max())
    return Measure(
        activation=activation,
        w1=float(w[0]),
        w2=float(w[1]),
        b=b,
        offset=-b / norm,
        wrong_bits=int((bits != (signs > 0)).sum()),
        ties=int((signs == 0).sum()),
        ties_on=int(bits[signs == 0].sum()),
        regions=len(found),
        edge_error=edge_distance(found.polygons(), w / norm, -b / norm),
        wrong_side=int((on != (heights > 0.0)).sum()),
        map_error=float(maps),
    )


def edge_distance(
    polygons: list[Float64[np.ndarray, "_ 2"]],
    normal: Float64[np.ndarray, " 2"],
    offset: float,
) -> float:
    """Largest distance from a line of the corners that two polygons share.

    Args:
        polygons: The regions of a box, two if the line cuts it.
        normal: Normal of the line, of length 1.
        offset: Offset of the line along the normal.

    Returns:
        0 for a single polygon.
    """
    if len(polygons) == 1:
        return 0.0
    first, second = polygons
    shared = first[(first[:, None] == second[None]).all(2).any(1)]
    if len(shared) != 2:
        raise ValueError(f"{len(shared)} corners are shared: 2 are required.")
    return float(np.abs(shared @ normal - offset).max())


def grid_points(resolution: int) -> Float64[np.ndarray, "points 2"]:
    """The points of `hash_grid` on the box at offset 0, in the order of its labels."""
    axis = -1.0 + 2.0 * np.arange(resolution) / resolution
    x, y = np.meshgrid(axis, axis, indexing="ij")
    return np.stack([x.ravel(), y.ravel()], axis=1)


SHOWN = 32
"""Points along an axis of the grid in the figure."""


DRAWN = ((0.75, 0.5), -0.1875)
"""Weights and bias of the unit in the figure."""


def _write_drawn(folder: pathlib.Path) -> None:
    """The unit that is drawn: its regions, and its bits on a coarse grid."""
    w, b = np.array(DRAWN[0]), DRAWN[1]
    network = unit_network(w, b, 0.0)
    found = enumerate_all(network, BOX)
    write_polygons(folder / "drawn-regions.npz", found.polygons())
    points = grid_points(SHOWN)
    write_arrays(
        folder / "drawn.npz",
        w=w,
        b=np.array(b),
        on=found.pattern_bits()[:, 0],
        bits=network.patterns(points)[:, 0],
        points=points,
    )


def _claims(table: list[Measure], bits: int) -> list[Claim]:
    """What the numbers say."""
    wrong = sum(row.wrong_bits for row in table)
    sides = sum(row.wrong_side for row in table)
    ties = sum(row.ties for row in table)
    ties_on = sum(row.ties_on for row in table)
    edge = max(row.edge_error for row in table)
    maps = max(row.map_error for row in table)
    cut = sum(row.regions == 2 for row in table)
    claims = [
        claim_exact(
            "A unit's activation says on which side of its hyperplane a point lies, "
            "for ReLU, leaky ReLU and the absolute value",
            HASHING,
            f"of {bits:,} bits, those that are not the exact sign of w x + b (0)",
            wrong,
            holds=wrong == 0,
        ),
        claim_exact(
            "On the hyperplane itself the unit is off",
            "convention of this project",
            f"of {ties:,} grid points on a line, those with bit 1 (0; some such points "
            "are required)",
            ties_on,
            holds=ties > 0 and ties_on == 0,
        ),
        claim_exact(
            "The hyperplane lies at the signed offset -b / |w| along the normal",
            "derived",
            f"largest distance of the common edge of two regions from that line, of "
            f"{cut} units that cut the box (at most 1e-12)",
            edge,
            holds=cut > 0 and edge <= 1e-12,
        ),
        claim_exact(
            "Each unit makes a partition in two, and the normal points to the side "
            "where it is on",
            HASHING,
            "regions whose witness lies on the other side (0)",
            sides,
            holds=sides == 0 and all(row.regions <= 2 for row in table),
        ),
        claim_exact(
            "The map has slope w where the unit is on, and w times the slope below "
            "zero where it is off",
            "derived",
            "largest difference of a coefficient (0)",
            maps,
            holds=maps == 0.0,
        ),
    ]
    return claims
