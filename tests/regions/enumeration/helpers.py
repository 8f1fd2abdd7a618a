"""What the tests of the tree share."""

from fractions import Fraction

import numpy as np

from regions.domains.shapes import BoundedDomain
from regions.enumeration import enumerate_regions
from regions.network import ReluNetwork
from regions.results.region_set import RegionSet
from regions.signs.exact import Columns, ExactNetwork
from tests.regions.enumeration.oracles import exact_patterns

ULP = float(np.spacing(1.0))


def one_layer(rows, bias=None, slopes=0.0) -> ReluNetwork:
    rows = np.asarray(rows, float)
    bias = np.zeros(len(rows)) if bias is None else np.asarray(bias, float)
    return ReluNetwork.from_arrays([rows, np.ones((1, len(rows)))], [bias, [0]], slopes)


def patterns_of(rs: RegionSet) -> set[tuple[bool, ...]]:
    """Patterns of a complete set whose witnesses are proved here, in integers."""
    bits = rs.pattern_bits()
    points = [
        rs.exact_witnesses.get(k) or tuple(Fraction(float(v)) for v in point)
        for k, point in enumerate(rs.coordinates)
    ]
    every = [layer.kinks for layer in rs.network.hidden]
    kinks = np.concatenate([np.zeros(0, bool), *every])
    signs = ExactNetwork(rs.network, rs.domain).signs(Columns.of_points(points))
    assert ((signs[kinks].T > 0) == bits).all()
    result = {tuple(row) for row in bits.tolist()}
    assert rs.complete
    assert len(result) == len(rs)
    return result


def assert_tree_is_exact(network: ReluNetwork, domain: BoundedDomain) -> None:
    """The tree lists what exact brute force finds, and so does `auto`."""
    expected = exact_patterns(network, domain)
    assert patterns_of(enumerate_regions(network, domain, method="tree")) == expected
    assert patterns_of(enumerate_regions(network, domain)) == expected
