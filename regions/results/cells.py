"""Regions as polytopes: their vertices, and which of them share a facet."""

import dataclasses

import numpy as np
from jaxtyping import Float64, Int, Int64

from regions.errors.limits import check, telling
from regions.errors.short_text import short_repr
from regions.polytopes.fans.measuring import list_volumes, words_of_rows
from regions.polytopes.hull_volume import hull_volume


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """Vertices of all regions, and the pairs of regions that share a facet.

    Attributes:
        vertices: Positions in chart coordinates.
        offsets: Region i has the vertices `members[offsets[i]:offsets[i + 1]]`.
        members: Indices into `vertices`.
        neighbors: Pairs of regions that share a facet, lower index first.
        neighbor_bits: Bit of the pattern that flips across each of them.
        position_errors: Proved bound, in every coordinate, of the distance between the
            stored and the exact position of each vertex; None if none is known.
        zeros: For each of `members` the rows that vanish there, as bits of words that
            mean the same rows at all corners of a region; None if not known so.
        vertex_rows: For each vertex numbers of the rows that vanish there, where all
            have as many; None if not known so.
    """

    vertices: Float64[np.ndarray, "vertices dim"]
    offsets: Int[np.ndarray, " regions_plus_1"]
    members: Int[np.ndarray, " incidences"]
    neighbors: Int[np.ndarray, "pairs 2"]
    neighbor_bits: Int[np.ndarray, " pairs"]
    position_errors: Float64[np.ndarray, " vertices"] | None = None
    zeros: Int64[np.ndarray, "words incidences"] | None = None
    vertex_rows: Int[np.ndarray, "vertices rows"] | None = None

    __repr__ = short_repr

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @property
    def dim(self) -> int:
        """Dimension of the domain."""
        return self.vertices.shape[1]

    def corners(self, region: int) -> Float64[np.ndarray, "corners dim"]:
        """Vertices of one region, in no order."""
        return self.vertices[
            self.members[self.offsets[region] : self.offsets[region + 1]]
        ]

    def reordered(self, order: Int[np.ndarray, " regions"]) -> "Cells":
        """The same with region `order[i]` as number i.

        Example:
            >>> cells = Cells(
            ...     vertices=np.array([[0.0], [1.0], [3.0]]),
            ...     offsets=np.array([0, 2, 4]),
            ...     members=np.array([0, 1, 1, 2]),
            ...     neighbors=np.array([[0, 1]]),
            ...     neighbor_bits=np.array([0]),
            ... )
            >>> cells.reordered(np.array([1, 0])).volumes()
            array([2., 1.])
        """
        sizes = np.diff(self.offsets)[order]
        offsets = np.concatenate([[0], np.cumsum(sizes)])
        shift = np.repeat(self.offsets[:-1][order] - offsets[:-1], sizes)
        new = np.empty(len(order), np.int64)
        new[order] = np.arange(len(order))
        pairs = np.sort(new[self.neighbors], axis=1)
        by_number = np.lexsort((pairs[:, 1], pairs[:, 0]))
        place = shift + np.arange(offsets[-1])
        return dataclasses.replace(
            self,
            offsets=offsets,
            members=self.members[place],
            zeros=None if self.zeros is None else self.zeros[:, place],
            neighbors=pairs[by_number],
            neighbor_bits=self.neighbor_bits[by_number],
        )

    def centroids(self) -> Float64[np.ndarray, "regions dim"]:
        """Mean of the vertices of each region."""
        sums = np.add.reduceat(self.vertices[self.members], self.offsets[:-1], axis=0)
        return sums / np.diff(self.offsets)[:, None]

    def bounds(
        self,
    ) -> tuple[Float64[np.ndarray, "regions dim"], Float64[np.ndarray, "regions dim"]]:
        """Smallest box around each region."""
        points, starts = self.vertices[self.members], self.offsets[:-1]
        return (
            np.minimum.reduceat(points, starts, axis=0),
            np.maximum.reduceat(points, starts, axis=0),
        )

    def counterclockwise(self) -> Int[np.ndarray, " incidences"]:
        """Members of each region, sorted by angle around its middle."""
        if self.dim != 2:
            raise ValueError(
                f"polygons need a 2-D domain and this one has dimension {self.dim}: "
                "use `corners`."
            )
        region = np.repeat(np.arange(len(self)), np.diff(self.offsets))
        away = self.vertices[self.members] - self.centroids()[region]
        order = np.lexsort((np.arctan2(away[:, 1], away[:, 0]), region))
        return self.members[order]

    def polygons(self) -> list[Float64[np.ndarray, "corners 2"]]:
        """Corners of each region of a 2-D domain, counterclockwise."""
        ordered = self.vertices[self.counterclockwise()]
        return np.split(ordered, self.offsets[1:-1])

    def volumes(self) -> Float64[np.ndarray, " regions"]:
        """Volume (length, area) of each region, in float64."""
        if self.dim == 1:
            low, high = self.bounds()
            return (high - low)[:, 0]
        if self.dim == 2:
            return self._areas()
        if (zeros := self._zero_sets()) is not None:
            return list_volumes(self.offsets, self.vertices[self.members], zeros)
        volumes = np.empty(len(self))
        with telling(
            lambda: f"{k} of {len(self)} volumes are known", lambda: volumes[:k]
        ):
            # Qhull per region: about 0.1 ms each.
            for k in range(len(self)):
                check()
                volumes[k] = hull_volume(self.corners(k))
        return volumes

    def _zero_sets(self) -> Int64[np.ndarray, "words incidences"] | None:
        """`zeros`, from the rows at the vertices where these are known."""
        if self.zeros is None and self.vertex_rows is not None:
            return words_of_rows(self.offsets[1:], self.members, self.vertex_rows)
        return self.zeros

    def _areas(self) -> Float64[np.ndarray, " regions"]:
        """Areas by the shoelace formula, around each region's middle."""
        region = np.repeat(np.arange(len(self)), np.diff(self.offsets))
        ordered = self.vertices[self.counterclockwise()] - self.centroids()[region]
        after = np.arange(1, len(ordered) + 1)
        after[self.offsets[1:] - 1] = self.offsets[:-1]
        cross = ordered[:, 0] * ordered[after, 1] - ordered[:, 1] * ordered[after, 0]
        return np.add.reduceat(cross, self.offsets[:-1]) / 2.0
