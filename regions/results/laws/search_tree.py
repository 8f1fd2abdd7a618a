"""A binary search tree over regions: at each node the sign of one affine form.

The regions at a node agree in all layers before some one, so that the units of this
layer are affine functions there, the same for all of them. The node asks one that
splits them most evenly.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float64, Int

from regions.domains.shapes import check_not_round
from regions.results.laws.region_forms import region_forms
from regions.results.region_table import RegionTable


class SearchTree(NamedTuple):
    """The tree.

    Attributes:
        forms: For each node the gradient, and the offset last.
        children: For each node where to go if the form is not positive, and if it is: a
            node, which has a larger number, or -1 - m for map m.
        maps: The affine maps, each once: a gradient and the offset for each output.
        root: Where to begin, likewise.
    """

    forms: Float64[np.ndarray, "nodes dim_plus_1"]
    children: Int[np.ndarray, "nodes 2"]
    maps: Float64[np.ndarray, "maps outputs dim_plus_1"]
    root: int

    @property
    def depth(self) -> int:
        """How many forms are evaluated at most."""
        depths = np.zeros(len(self.children), np.int64)
        for node in range(len(depths) - 1, -1, -1):
            below = [1 + depths[k] if k >= 0 else 1 for k in self.children[node]]
            depths[node] = max(below)
        return int(depths[self.root]) if self.root >= 0 else 0

    def __call__(
        self, points: Float64[np.ndarray, "points dim"]
    ) -> Float64[np.ndarray, "points outputs"]:
        """Outputs, as the C code computes them."""
        at = np.full(len(points), self.root)
        wide = np.append(points, np.ones((len(points), 1)), axis=1)
        while (at >= 0).any():
            here = np.flatnonzero(at >= 0)
            values = (self.forms[at[here]] * wide[here]).sum(1)
            at[here] = self.children[at[here], (values > 0.0).astype(np.int64)]
        return (self.maps[-1 - at] @ wide[:, :, None])[..., 0]


def search_tree(regions: RegionTable) -> SearchTree:
    """The tree of a complete list of regions.

    Nodes below which all is one affine map are left out.

    Raises:
        IncompleteError: If a region may be missing.
        ValueError: If the domain is a ball of the norm 2, or a number is beyond those
            of float64.

    Example:
        >>> import regions
        >>> net = regions.ReluNetwork.from_arrays([[[1.0]], [[2.0]]], None)
        >>> tree = search_tree(regions.enumerate_regions(net, regions.Box([-1], [1])))
        >>> tree.forms.tolist(), tree.depth
        ([[1.0, 0.0]], 1)
    """
    check_not_round(regions.domain)
    regions.require_complete()
    asked, children = _questions(regions)
    dim = regions.domain.dim
    forms, maps, numbers = np.zeros((len(asked), dim + 1)), [], {}
    leaf_maps = np.zeros(len(regions), np.int64)
    nodes_of: dict[int, list[int]] = {}
    for node, (region, _) in enumerate(asked):
        nodes_of.setdefault(region, []).append(node)
    for region, found in enumerate(region_forms(regions)):
        for node in nodes_of.get(region, ()):
            forms[node] = found.units[asked[node][1]]
        outputs = (
            found.outputs + 0.0
        )  # 0.0 for -0.0, so that equal maps are equal bytes
        number = numbers.setdefault(outputs.tobytes(), len(maps))
        if number == len(maps):
            maps.append(outputs)
        leaf_maps[region] = number
    return _pruned(forms, children, np.array(maps), leaf_maps)


def _questions(
    regions: RegionTable,
) -> tuple[list[tuple[int, int]], Int[np.ndarray, "nodes 2"]]:
    """For each node a region and the bit that is asked, and where it leads.

    Leaves are regions, as -1 - k.
    """
    bits, network = regions.pattern_bits(), regions.network
    ends = np.cumsum([int(layer.kinks.sum()) for layer in network.hidden])
    asked: list[tuple[int, int]] = []
    children: list[list[int]] = []
    stack = [(np.arange(len(regions)), 0, -1, 0)]
    while stack:
        members, layer, parent, side = stack.pop()
        number = -1 - int(members[0])
        if len(members) > 1:
            number, start = len(asked), 0
            shares = np.zeros(0)
            while not shares.any():
                start = int(ends[layer - 1]) if layer else 0
                on = bits[members, start : ends[layer]].sum(0)
                shares = np.minimum(on, len(members) - on)
                layer += 0 if shares.any() else 1
            bit = start + int(shares.argmax())
            asked.append((int(members[0]), bit))
            children.append([0, 0])
            is_on = bits[members, bit]
            stack.append((members[is_on], layer, number, 1))
            stack.append((members[~is_on], layer, number, 0))
        if parent >= 0:
            children[parent][side] = number
    return asked, np.array(children, np.int64).reshape(-1, 2)


def _pruned(
    forms: np.ndarray, children: np.ndarray, maps: np.ndarray, leaf_maps: np.ndarray
) -> SearchTree:
    """The tree without nodes both of whose sides are one map."""
    count = len(children)
    target = np.arange(count)

    def reached(child: int) -> int:
        return int(target[child]) if child >= 0 else -1 - int(leaf_maps[-1 - child])

    for node in range(count - 1, -1, -1):
        low, high = (reached(int(child)) for child in children[node])
        children[node] = low, high
        if low == high and low < 0:
            target[node] = low
    kept = np.flatnonzero(target >= 0)
    new = np.zeros(count, np.int64)
    new[kept] = np.arange(len(kept))
    below = children[kept]
    below = np.where(below >= 0, new[np.maximum(below, 0)], below)
    root = reached(0) if count else -1 - int(leaf_maps[0])
    root = int(new[root]) if root >= 0 else root
    return SearchTree(forms[kept], below, maps, root)
