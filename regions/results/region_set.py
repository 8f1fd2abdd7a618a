"""The regions of a network on a domain, as users have them."""

import importlib
import numbers
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Bool, Float64

from regions.network import ArrayLike
from regions.results.region_table import RegionCount as RegionCount, RegionTable

if TYPE_CHECKING:
    import pyarrow

    from regions.results.lazy_regions import RegionFile
    from regions.results.merging import LinearRegions
    from regions.results.regions_of_set import ActivationRegion


class RegionSet(RegionTable):
    """The activation regions of a network on a domain, each exactly once.

    Regions keep their index in every array and method.

    Attributes:
        network: The network.
        domain: The domain.
        patterns: Activation patterns, packed: bit k of a pattern is bit k % 8 of byte
            k // 8, in the order of `network.units`.
        coordinates: A point strictly inside each region, in chart coordinates.
        exact_witnesses: Rational chart coordinates, for the regions in which no
            float64 point was proved to lie strictly inside; by region.
        complete: Whether no region is missing.
        method: Which engine ran.
        seconds: Wall time of the enumeration.
        stats: What the engine did, with seconds for each of its stages, and why it was
            chosen: a `Statistics` of its own kind, or what a file kept of it. It reads
            as a mapping.

    Example:
        >>> import regions
        >>> net = regions.ReluNetwork.from_arrays([np.eye(2), [[1.0, 1.0]]], None)
        >>> found = regions.enumerate_regions(net, regions.Box.cube(2))
        >>> len(found), found.complete, sorted(found.volumes().tolist())
        (4, True, [1.0, 1.0, 1.0, 1.0])
        >>> here = found[found.region_of([0.5, 0.5])]
        >>> here.pattern, here.affine_map.jacobian, len(found[:2])
        (array([ True,  True]), array([[1., 1.]]), 2)
    """

    def __str__(self) -> str:
        return str(self.count)

    def _repr_html_(self) -> str:
        from regions.results.pictures import as_html

        return as_html(self)

    def __iter__(self) -> "Iterator[ActivationRegion]":
        return map(self.__getitem__, range(len(self)))

    def __getitem__(self, regions: Any) -> Any:
        """A region by its number; a set of some by a slice, numbers or truth values.

        A set of some is not complete by itself.

        Raises:
            IndexError: If there is no such region.
        """
        from regions.results.regions_of_set import ActivationRegion

        if not isinstance(regions, numbers.Integral):
            return self.some(np.arange(len(self))[self._numbers(regions)])
        index = int(regions) + (len(self) if regions < 0 else 0)
        if not 0 <= index < len(self):
            raise IndexError(
                f"region {regions} is asked for and the set has {len(self)}."
            )
        return ActivationRegion(self, index)

    def region_of(self, points: ArrayLike) -> Any:
        """Number of the region that contains a point, or of each of several, exactly.

        Args:
            points: A point, or one a row, in chart coordinates of the domain.

        Raises:
            ValueError: If a point lies on a boundary, outside of the domain, or in no
                region of the set.
        """
        from regions.results.regions_of_set import region_of

        return region_of(self, points)

    def to_arrow(self) -> "pyarrow.Table":
        """A table of Arrow: `code`, witness `x1, ...` and, where known, `volume`."""
        from regions.results.tables import to_arrow

        return to_arrow(self)

    def to_pandas(self) -> Any:
        """The same as a data frame of pandas, which must be installed.

        Raises:
            ImportError: If it is not.
        """
        try:
            importlib.import_module("pandas")
        except ImportError as error:
            raise ImportError(
                "to_pandas needs pandas: run pip install pandas, or use to_arrow."
            ) from error
        return self.to_arrow().to_pandas()

    def plot(self, ax: Any = None, *, values: ArrayLike | None = None, **options: Any):
        """Draw the regions of a bounded plane with Matplotlib.

        Args:
            ax: Axes to draw on, no file; those of pyplot's figure, or of a new one, if
                None.
            values: A number for each region, shown by a color map; without it colors
                tell regions apart and depend on their patterns alone.
            options: Of `matplotlib.collections.PolyCollection`, such as `cmap`.

        Returns:
            The axes; `.figure.savefig("regions.png")` writes the picture.

        Raises:
            ValueError: If the domain is no bounded plane, no vertices are known, or
                `ax` or an option is none of Matplotlib's.
        """
        from regions.results.pictures import plot_regions

        return plot_regions(self, ax, values=values, **options)

    def chebyshev(
        self, *, solver: str = "interior_point"
    ) -> tuple[Float64[np.ndarray, "regions dim"], Float64[np.ndarray, " regions"]]:
        """Centers and radii of the largest balls inside, in chart coordinates.

        The radius is unique, the center need not be.

        Args:
            solver: `"interior_point"`, batches in compiled code, or `"cvxpy"`, many
                regions stacked into one program of block-diagonal form.

        Raises:
            ValueError: If the domain is the whole space.
            SolverError: If a program ends without an answer.

        Example:
            >>> import regions
            >>> net = regions.ReluNetwork.from_arrays([[[1.0, 0.0]], [[1.0]]], None)
            >>> found = regions.enumerate_regions(net, regions.Box([-1, 0], [2, 1]))
            >>> found.chebyshev(solver="cvxpy")[1].round(6).tolist()
            [0.5, 0.5]
        """
        from regions.polytopes.list_geometry import list_balls

        return list_balls(self.network, self.domain, self.patterns, solver)

    def bounds(
        self, *, solver: str | None = None
    ) -> tuple[Float64[np.ndarray, "regions dim"], Float64[np.ndarray, "regions dim"]]:
        """Smallest box around each region, in chart coordinates.

        Args:
            solver: None for the vertices of the regions, where they are known;
                `"interior_point"` or `"cvxpy"`, as in `chebyshev`, need none.

        Raises:
            ValueError: If no solver is given and the vertices are not known, or the
                domain is the whole space.
            SolverError: If a program ends without an answer.
        """
        if solver is None:
            return self.cells.bounds()
        from regions.polytopes.list_geometry import list_boxes

        return list_boxes(self.network, self.domain, self.patterns, solver)

    def bounded(self) -> Bool[np.ndarray, " regions"]:
        """Which regions are bounded, decided exactly by their recession cones."""
        from regions.polytopes.boundedness import bounded_regions

        return bounded_regions(self.network, self.domain, self.patterns)

    def linear_regions(self) -> "LinearRegions":
        """The maximal connected unions of regions on which the network is affine."""
        from regions.results.merging import merge_linear_regions

        return merge_linear_regions(self)

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the regions, the network and the domain to one Parquet file.

        Raises:
            ValueError: If `path` does not end in `.parquet`.
        """
        from regions.results.region_files import save_regions

        return save_regions(path, self)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> "RegionSet":
        """Read what `save` wrote; verify it with `regions.verify`."""
        from regions.results.region_files import load_regions

        return load_regions(path, kind=cls)

    @classmethod
    def open(cls, path: str | os.PathLike[str]) -> "RegionFile[RegionSet]":
        """Open what `save` wrote without reading it: for files larger than memory."""
        from regions.results.lazy_regions import RegionFile

        return RegionFile(path, kind=cls)
