"""The explicit piecewise-affine law: polytopes, and an affine map on each."""

import dataclasses
import os
import pathlib
from collections.abc import Sequence

import numpy as np
from jaxtyping import Float64

from regions.domains.shapes import Domain, WholeSpace, check_not_round
from regions.errors.arguments import kinds_checked
from regions.errors.short_text import short_repr
from regions.network import equal_arrays
from regions.results.laws.law_files import Parts, load_law, save_law
from regions.results.laws.region_forms import region_forms
from regions.results.region_table import RegionTable


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class PiecewiseLaw:
    """A network on a domain, written out: where `A t <= b`, it is `J t + c`.

    All in chart coordinates t of the domain, which for a box are those of the input.
    Each number is the float64 nearest to the exact one.

    Attributes:
        domain: The domain.
        rows: For each region `A` and `b`. A row for each facet, where the set that the
            law was made from knows which units have one, else for each unit; and all
            rows of the domain.
        jacobians: For each region `J`.
        offsets: For each region `c`.
        complete: Whether no region is missing.

    Example:
        >>> import regions
        >>> net = regions.ReluNetwork.from_arrays([[[1.0]], [[2.0]]], None)
        >>> law = piecewise_law(regions.enumerate_regions(net, regions.Box([-1], [1])))
        >>> len(law), law(np.array([[-0.5], [0.25]])).tolist()
        (2, [[0.0], [0.5]])
    """

    domain: Domain
    rows: tuple[tuple[np.ndarray, np.ndarray], ...]
    jacobians: Float64[np.ndarray, "regions outputs dim"]
    offsets: Float64[np.ndarray, "regions outputs"]
    complete: bool

    __repr__ = short_repr

    def __len__(self) -> int:
        return len(self.rows)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, PiecewiseLaw):
            return NotImplemented
        mine = (self.rows, self.jacobians, self.offsets)
        same = equal_arrays(mine, (other.rows, other.jacobians, other.offsets))
        return same and self.domain.to_dict() == other.domain.to_dict()

    __hash__ = None  # pyright: ignore[reportAssignmentType]

    def __call__(
        self, points: Float64[np.ndarray, "points dim"]
    ) -> Float64[np.ndarray, "points outputs"]:
        """Outputs by the polytopes: of the one that a point is farthest inside of.

        Compares each point with each region: for checks, not for speed.
        """
        best = np.full(len(points), np.inf)
        values = np.full((len(points), self.offsets.shape[1]), np.nan)
        for (A, b), J, c in zip(self.rows, self.jacobians, self.offsets, strict=True):
            beyond = (points @ A.T - b).max(axis=1, initial=-np.inf)
            nearer = beyond < best
            best[nearer] = beyond[nearer]
            values[nearer] = points[nearer] @ J.T + c
        return values

    def save(self, path: str | os.PathLike[str]) -> pathlib.Path:
        """Write the law, whole or not at all.

        Args:
            path: A name ending in `.json`, which `PiecewiseLaw.load` reads back, or in
                `.mat`, for MATLAB and Octave.

        Raises:
            ValueError: If it ends otherwise.
        """
        parts = Parts(
            self.domain, self.rows, self.jacobians, self.offsets, self.complete
        )
        return save_law(pathlib.Path(path), parts)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> "PiecewiseLaw":
        """Read what `save` wrote as `.json`.

        Raises:
            FileFormatError: If it is none, or is damaged.
            FileNotFoundError: If there is no such file.
        """
        return cls(*load_law(pathlib.Path(path)))


@kinds_checked
def piecewise_law(regions: RegionTable) -> PiecewiseLaw:
    """The law of a network, from its regions.

    Args:
        regions: As `enumerate_regions` gives them.

    Raises:
        ValueError: If a number is beyond those of float64.

    Example:
        >>> import regions
        >>> net = regions.ReluNetwork.from_arrays([np.eye(2), [[1.0, -1.0]]], None)
        >>> law = piecewise_law(regions.enumerate_regions(net, regions.Box.cube(2)))
        >>> [len(b) for A, b in law.rows]  # two facets inside, four rows of the domain
        [6, 6, 6, 6]
    """
    domain, dim = regions.domain, regions.domain.dim
    check_not_round(domain)
    walls = np.zeros((0, dim)), np.zeros(0)
    if not isinstance(domain, WholeSpace):
        walls = domain.rows()
    facets, bits = _facet_bits(regions), regions.pattern_bits()
    rows, maps = [], []
    for region, forms in enumerate(region_forms(regions)):
        kept = np.arange(len(forms.units)) if facets is None else sorted(facets[region])
        # Positive where a unit is on: `A t <= b` turns it around. 0.0 for -0.0.
        sign = np.where(bits[region][kept], -1.0, 1.0)
        form = sign[:, None] * forms.units[kept] + 0.0
        form = form[form[:, :-1].any(axis=1)]
        A = np.vstack([form[:, :-1], walls[0]])
        rows.append((A, np.append(0.0 - form[:, -1], walls[1])))
        maps.append(forms.outputs)
    table = np.array(maps).reshape(len(rows), regions.network.output_dim, dim + 1)
    return PiecewiseLaw(
        domain, tuple(rows), table[..., :-1], table[..., -1], regions.complete
    )


def _facet_bits(regions: RegionTable) -> Sequence[set[int]] | None:
    """For each region the units that have its facets; None if they are not known.

    Of the units that flip across a facet the first has the same form on both sides,
    since all layers before it agree; so its row is that facet, on each side.
    """
    if not regions.complete or not (regions.has_cells or regions.can_make_cells):
        return None
    found: list[set[int]] = [set() for _ in range(len(regions))]
    pairs = regions.neighbors[0]
    if len(pairs):
        flipped = regions.pattern_bits(pairs[:, 0]) != regions.pattern_bits(pairs[:, 1])
        for (a, b), bit in zip(pairs.tolist(), flipped.argmax(1).tolist(), strict=True):
            found[a].add(bit)
            found[b].add(bit)
    return found
