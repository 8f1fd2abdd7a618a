"""One hidden layer on the disc: creases are straight lines, and can be counted apart.

A unit's crease is a line. n lines that meet the square, with k crossings inside it and
no three through a point, cut it into 1 + n + k regions; and the sheet is continuous
where two of them meet. Both are measured at every frame.

Source: T. Dullien, the first post on neural networks as origami, 2024-07-04.
"""

from collections.abc import Iterator
from fractions import Fraction
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float64, Int64

import regions
from experiments.movies.movie import Movie, Row, Scene
from experiments.movies.movie_look import Look
from experiments.plotting.movie_panels import RED, Rgb, veil_lines
from experiments.running.claims import claim_exact

_DOUBT = 1e-12
"""Relative gap of two numbers under which fractions compare them; rounding is 1e-15."""

UNKNOWN = -1.0
"""Jump in a frame whose regions are not all known with their vertices."""

FEW_LINES = 50
"""Up to so many creases are drawn two pixels wide."""


class Creases(NamedTuple):
    """Creases of a hidden layer in the unit square.

    Attributes:
        units: Units whose crease meets the inside of the square.
        segments: The part of it inside, `(start, end)`.
    """

    units: Int64[np.ndarray, " lines"]
    segments: Float64[np.ndarray, "lines 2 2"]


def creases(network: regions.ReluNetwork) -> Creases:
    """The creases of a network of one hidden layer, cut off at the unit square."""
    normals, offsets = network.hidden[0].weight, network.hidden[0].bias
    units, segments = [], []
    for unit, ((a, b), c) in enumerate(zip(normals, offsets, strict=True)):
        values = np.array([c, a + c, b + c, a + b + c])
        if not (values.min() < 0.0 < values.max()):
            continue
        norm = np.hypot(a, b)
        foot, along = -c * np.array([a, b]) / norm**2, np.array([-b, a]) / norm
        low, high = -np.inf, np.inf
        for place, step in zip(foot, along, strict=True):
            if step:
                ends = sorted(((0.0 - place) / step, (1.0 - place) / step))
                low, high = max(low, ends[0]), min(high, ends[1])
        units.append(unit)
        segments.append((foot + low * along, foot + high * along))
    return Creases(
        np.array(units, np.int64), np.array(segments, float).reshape(-1, 2, 2)
    )


def crease_rows(network: regions.ReluNetwork, epoch: int) -> list[Row]:
    """One row for each unit whose weights are not zero; units are counted from 1.

    `angle` is that of the normal w, in radians, `offset` the signed distance -b / |w|
    of the crease from the origin along it, and `norm` is |w|, the steepness of the fold
    before the weight of the output.
    """
    layer, rows = network.hidden[0], []
    inside = set(creases(network).units.tolist())
    for unit, ((a, b), c) in enumerate(zip(layer.weight, layer.bias, strict=True)):
        norm = float(np.hypot(a, b))
        if norm == 0.0:
            continue
        row = {"epoch": epoch, "unit": unit + 1, "angle": float(np.arctan2(b, a))}
        row |= {"offset": -float(c) / norm, "norm": norm}
        row |= {"output_weight": float(network.output.weight[0, unit])}
        rows.append({**row, "meets_square": int(unit in inside)})
    return rows


def arrangement_count(network: regions.ReluNetwork) -> int:
    """Regions of the unit square by the formula 1 + lines + crossings, exactly.

    For creases in general position. Weights are float32, so products of two are exact
    in float64; where a difference of two is not clear, fractions decide.
    """
    normals, offsets = network.hidden[0].weight, network.hidden[0].bias
    sides = _corner_signs(normals, offsets)
    inside = (sides.min(axis=1) < 0) & (sides.max(axis=1) > 0)
    (a, b), c = normals[inside].T, offsets[inside]
    i, j = np.triu_indices(len(c), 1)
    crossing = _crosses_inside(a[i], b[i], c[i], a[j], b[j], c[j])
    return 1 + len(c) + int(crossing.sum())


def _corner_signs(
    normals: Float64[np.ndarray, "units 2"], offsets: Float64[np.ndarray, " units"]
) -> Int64[np.ndarray, "units corners"]:
    """Signs of the units at the corners of the square, exactly."""
    corners = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
    values = normals @ corners.T + offsets[:, None]
    signs = np.sign(values).astype(np.int64)
    size = np.abs(normals).sum(axis=1) + np.abs(offsets)
    for unit, corner in np.argwhere(np.abs(values) <= _DOUBT * size[:, None]):
        terms = zip(
            [*normals[unit], offsets[unit]], [*corners[corner], 1.0], strict=True
        )
        value = sum(Fraction(float(w)) * Fraction(float(x)) for w, x in terms)
        signs[unit, corner] = (value > 0) - (value < 0)
    return signs


def _crosses_inside(
    a: np.ndarray,
    b: np.ndarray,
    c: np.ndarray,
    d: np.ndarray,
    e: np.ndarray,
    f: np.ndarray,
) -> Bool[np.ndarray, " pairs"]:
    """Whether lines ax + by + c = 0 and dx + ey + f = 0 cross in the open square."""
    det, x, y = a * e - b * d, b * f - c * e, c * d - a * f
    size = np.abs(a * e) + np.abs(b * d) + np.abs(b * f) + np.abs(c * e)
    size += np.abs(c * d) + np.abs(a * f)
    sign = np.sign(det)
    gaps = np.stack([sign * x, sign * y, sign * (det - x), sign * (det - y)])
    inside = (gaps > 0.0).all(0) & (det != 0.0)
    doubt = (np.abs(gaps) < _DOUBT * size).any(0) | (np.abs(det) < _DOUBT * size)
    for k in np.flatnonzero(doubt):
        p, q, r, s, t, u = (Fraction(float(v[k])) for v in (a, b, c, d, e, f))
        exact = p * t - q * s
        place = (q * u - r * t, r * s - p * u)
        inside[k] = exact != 0 and all(0 < v / exact < 1 for v in place)
    return inside


def largest_jump(found: regions.RegionSet) -> float:
    """Largest difference, at a vertex, of the affine maps of the regions around it.

    Creases are straight: what is equal at the ends of one is equal along it.
    """
    cells, (jacobian, offset) = found.cells, found.affine_maps()
    region = np.repeat(np.arange(len(cells)), np.diff(cells.offsets))
    points = cells.vertices[cells.members]
    values = (jacobian[region, 0] * points).sum(1) + offset[region, 0]
    high, low = np.full((2, len(cells.vertices)), [[-np.inf], [np.inf]])
    np.maximum.at(high, cells.members, values)
    np.minimum.at(low, cells.members, values)
    return float((high - low).max())


class DiscMovie(Movie):
    """The three panels, creases drawn as lines."""

    def draw(
        self, look: Look, network: regions.ReluNetwork, scene: Scene
    ) -> tuple[list[list[Rgb]], Row]:
        """Creases as lines; also the count by the formula and the largest jump."""
        ((_, output, original),), numbers = super().draw(look, network, scene)
        found = creases(network)
        width = 2 if len(network.hidden[0].bias) <= FEW_LINES else 1
        lines = veil_lines(output, found.segments, RED, width)
        has_vertices = look.found is not None and look.found.has_cells
        jump = largest_jump(look.found) if look.found and has_vertices else UNKNOWN
        return [[lines, output, original]], {
            **numbers,
            "creases_in_square": len(found.units),
            "regions_by_formula": arrangement_count(network),
            "largest_jump": jump,
        }

    def marked(self, panel: Rgb) -> None:
        """Creases are drawn as lines, not pixel by pixel."""
        del panel

    def tables(
        self, networks: Iterator[tuple[int, regions.ReluNetwork]]
    ) -> dict[str, list[Row]]:
        """The creases of every frame, a line each."""
        rows = [row for epoch, net in networks for row in crease_rows(net, epoch)]
        return {"creases.csv": rows}

    def words(self, row: Row) -> list[str]:
        """Also the creases in the square."""
        return [*super().words(row), f"Creases {row['creases_in_square']:3d}"]

    def summarize(self, rows: list[Row], scene: Scene) -> Row:
        """Formula and continuity over all frames."""
        exact = [row for row in rows if row["largest_jump"] != UNKNOWN]
        wrong = sum(row["regions"] != row["regions_by_formula"] for row in exact)
        jump = max((row["largest_jump"] for row in exact), default=UNKNOWN)
        scale = max(row["highest_output"] - row["lowest_output"] for row in rows)
        last = rows[-1]
        source = "T. Dullien, first origami post, 2024-07-04"
        return {
            "headline": f", image MSE {last['image_mse']:.4f}; "
            f"{last['creases_in_square']} creases meet the square, the formula gives "
            f"{last['regions_by_formula']:,} regions",
            "frames_where_the_formula_differs": wrong,
            "largest_jump_of_all": jump,
            "claims": [
                claim_exact(
                    "Creases of one layer cut the square into 1 + lines + crossings "
                    "regions.",
                    "Zaslavsky's theorem in the plane",
                    f"of {len(exact)} exact frames, those whose enumerated count "
                    "differs from the formula",
                    wrong,
                    holds=bool(exact) and wrong == 0,
                ),
                claim_exact(
                    "On each area a different affine function, equal on the creases.",
                    source,
                    f"largest jump at a crease (outputs span {scale:.3g})",
                    jump,
                    holds=0.0 <= jump < 1e-5,
                ),
            ],
        }


class CenteredDiscMovie(DiscMovie):
    """The same with the origin in the center: there no unit starts dead."""

    origin = 0.5

    def summarize(self, rows: list[Row], scene: Scene) -> Row:
        """Also whether every unit folds the square at the end."""
        own = super().summarize(rows, scene)
        units = self.config.training.model.widths[0]
        folding = rows[-1]["creases_in_square"] - rows[-1]["dead_units"]
        claim = claim_exact(
            "At the end every unit is alive, with a crease in the square.",
            "this project: what dead units would hide",
            f"creases in the square less dead units ({units})",
            folding,
            holds=folding == units,
        )
        return {**own, "claims": [*own["claims"], claim]}
