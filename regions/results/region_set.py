"""The regions of a network on a domain, as users have them."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Bool

from regions.results.region_table import RegionCount as RegionCount, RegionTable

if TYPE_CHECKING:
    from regions.results.lazy_regions import RegionFile
    from regions.results.merging import LinearRegions


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
    """

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
