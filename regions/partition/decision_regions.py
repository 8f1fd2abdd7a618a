"""Decision regions of a classifier: their connected components, and which are bounded.

The differences of the outputs become units of one more hidden layer. Its activation
regions are those of the network cut along the decision boundary, so that each has one
class; regions of one class that share a facet form a component. A component is bounded
if and only if all its regions are, which their recession cones decide. All of it is
exact, in the whole space too.

A decision region is here the interior of the closure of the points that have its class:
two parts that meet in a whole facet are one, even if a tie of outputs lies in between.
"""

import dataclasses
import itertools
from typing import Any

import numpy as np
from jaxtyping import Bool, Int64

from regions.domains.domain_vectors import finite_number
from regions.enumeration import enumerate_regions
from regions.errors.arguments import kinds_checked
from regions.models.arguments import DomainLike, NetworkLike, network_and_domain
from regions.models.joint import with_affine_units
from regions.network import ReluNetwork
from regions.partition.linear_regions import after_listing
from regions.results.merging import connected_parts
from regions.results.region_set import RegionSet


@dataclasses.dataclass(frozen=True, slots=True, eq=False, repr=False)
class DecisionRegions:
    """The decision regions of a network on a domain, as connected components.

    Attributes:
        regions: The activation regions cut along the decision boundary: those of
            `with_decision_units(network)`.
        region_classes: Class of each of these.
        components: Component of each, numbered from 0.
        classes: Class of each component.
        bounded: Which components are bounded.
        complete: Whether no region is missing. If one is, components may be joined
            through it, and those found bounded need not be.

    Example:
        >>> from regions.domains.shapes import Segment
        >>> bump = ReluNetwork.from_arrays(
        ...     [[[1.0], [-1.0]], [[-1.0, -1.0]]], [[0.0, 0.0], [1.0]])  # 1 - |x|
        >>> found = decision_regions(bump, Segment([-2.0], [2.0]))
        >>> found.classes.tolist(), len(found.regions)
        ([0, 1, 0], 4)
    """

    regions: RegionSet
    region_classes: Int64[np.ndarray, " regions"]
    components: Int64[np.ndarray, " regions"]
    classes: Int64[np.ndarray, " components"]
    bounded: Bool[np.ndarray, " components"]
    complete: bool

    def __repr__(self) -> str:
        return f"DecisionRegions({self})"

    def __len__(self) -> int:
        return len(self.classes)

    def __str__(self) -> str:
        found = "complete" if self.complete else "not complete"
        return (
            f"{len(self)} components of decision regions, {int(self.bounded.sum())} of "
            f"them bounded ({found})"
        )


@kinds_checked
def decision_regions(
    network: NetworkLike, domain: DomainLike, *, threshold: float = 0.0, **options: Any
) -> DecisionRegions:
    """Connected components of the decision regions of a network.

    The class of a point is its largest output, the lower one where two are equal; of a
    network with one output, 1 where it is above the threshold and 0 elsewhere.

    Args:
        network: The network.
        domain: Where to look; on a bounded domain every component is bounded.
        threshold: Class 1 is where the output of a network with one output is above it.
        options: Passed to `enumerate_regions`.

    Raises:
        ValueError: If a threshold is given for a network with several outputs.

    Example:
        >>> from regions.domains.shapes import WholeSpace
        >>> diamond = ReluNetwork.from_arrays(
        ...     [[[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0], [0.0, -1.0]], [[-1.0] * 4]],
        ...     [[0.0] * 4, [1.0]])
        >>> print(decision_regions(diamond, WholeSpace(2)))
        2 components of decision regions, 1 of them bounded (complete)
    """
    network, domain = network_and_domain(network, domain, or_round=True)
    found = enumerate_regions(
        with_decision_units(network, threshold=threshold), domain, **options
    )
    classes = _classes(found, network.output_dim)
    with after_listing(found, **options):
        components, count = connected_parts(found, classes)
        region_bounded = found.bounded()
    of_component = np.zeros(count, np.int64)
    of_component[components] = classes
    unbounded = np.bincount(components[~region_bounded], minlength=count) > 0
    return DecisionRegions(
        found, classes, components, of_component, ~unbounded, found.complete
    )


def with_decision_units(network: ReluNetwork, *, threshold: float = 0.0) -> ReluNetwork:
    """The same function with one more hidden layer that says which output is larger.

    The outputs become a layer of units of slope 1, which make no kink, so that their
    differences are exact. Unit (i, j), for outputs i < j in the order of
    `itertools.combinations`, is on where output j is above output i; a network with one
    output gets one unit, on where the output is above the threshold.

    Raises:
        ValueError: If a threshold is given for a network with several outputs, or is
            not finite.
    """
    outputs, threshold = network.output_dim, finite_number(threshold, "threshold")
    if outputs > 1 and threshold != 0.0:
        raise ValueError(
            f"`threshold` is {threshold} and the network has {outputs} outputs: their "
            "largest decides; leave the threshold out."
        )
    pairs = list(itertools.combinations(range(outputs), 2))
    if pairs:
        compare = np.zeros((len(pairs), outputs))
        for row, (i, j) in enumerate(pairs):
            compare[row, i], compare[row, j] = -1.0, 1.0
        shift = np.zeros(len(pairs))
    else:
        compare, shift = np.ones((1, 1)), np.array([-threshold])
    return with_affine_units(network, compare, shift)


def _classes(found: RegionSet, outputs: int) -> Int64[np.ndarray, " regions"]:
    """Class of every region, from the bits of the decision units, which come last."""
    count = max(1, outputs * (outputs - 1) // 2)
    bits = found.pattern_bits()[:, found.network.num_bits - count :]
    if outputs == 1:
        return bits[:, 0].astype(np.int64)
    wins = np.ones((len(bits), outputs), bool)
    for bit, (i, j) in enumerate(itertools.combinations(range(outputs), 2)):
        wins[:, j] &= bits[:, bit]
        wins[:, i] &= ~bits[:, bit]
    assert (wins.sum(axis=1) == 1).all()
    return wins.argmax(axis=1)
