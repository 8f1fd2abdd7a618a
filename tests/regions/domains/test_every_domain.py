"""Every public function of a domain on every kind of domain: an answer, or a sentence.

Answers are held against points drawn in the domain and against other functions.
"""

import functools
import math
import re
from fractions import Fraction

import numpy as np
import pytest

import regions
from tests.helpers import random_network

NETWORK = random_network(np.random.default_rng(3), 3, [4, 2], outputs=2)
OTHER = random_network(np.random.default_rng(4), 3, [2], outputs=2)
SAFE = regions.Property.bounds([[1.0, 0.0]], [100.0])
EYE = np.eye(3)
DOMAINS = {
    "box": regions.Box([-1, -0.5, -0.2], [1, 0.5, 1.5]),
    "box with equal ends": regions.Box([-1, 0.25, -0.2], [1, 0.25, 1.5]),
    "segment": regions.Segment([-1, 0, 0.5], [1, 0.5, 1]),
    "slice": regions.Slice(
        [0.1, 0.2, 0.3], [[1, 0, 0.5], [0, 1, -0.5]], regions.Box.cube(2)
    ),
    "simplex": regions.Simplex([[-1, -1, -1], [2, 0, 0.25], [0, 2, 0], [0.5, 0, 2]]),
    "polytope": regions.HPolytope(np.vstack([EYE, -EYE, np.ones(3)]), [1] * 6 + [1.5]),
    "unbounded": regions.HPolytope(np.vstack([EYE, -EYE[:2]]), [1] * 5),
    "ball, norm 1": regions.Ball([0.1, 0.2, 0], 1.0, 1),
    "ball, norm 2": regions.Ball([0.1, 0.2, 0], 1.0, 2),
    "ball, norm inf": regions.Ball([0.1, 0.2, 0], 1.0, math.inf),
    "whole space": regions.WholeSpace(3),
}


def drawn(domain, count: int = 400) -> np.ndarray:
    """Points of the chart, strictly inside."""
    rng = np.random.default_rng(0)
    if isinstance(domain, regions.WholeSpace) or not domain.is_bounded:
        points = 3.0 * rng.standard_normal((8 * count, 3))
    else:
        box = domain.chart_box()
        points = rng.uniform(box.lower, box.upper, (8 * count, domain.dim))
    A, b = domain.rows()
    inside = (points @ A.T < b).all(1)
    if domain.squared_radius is not None:
        inside &= (points**2).sum(1) < float(domain.squared_radius)
    return points[inside][:count]


def patterns(domain) -> set[bytes]:
    """Packed patterns of the drawn points, by the network's own forward pass."""
    pres = NETWORK.pre_activations(domain.embed(drawn(domain)))[:-1]
    return {row.tobytes() for row in np.packbits(np.hstack(pres) > 0, 1, "little")}


@functools.cache
def listed(domain) -> set[bytes]:
    """Packed patterns of the list."""
    found = regions.enumerate_regions(NETWORK, domain)
    assert found.complete
    assert regions.verify(found, exact=True).ok
    return {row.tobytes() for row in found.patterns}


def lists(domain):
    assert patterns(domain) <= listed(domain)


def counts(domain):
    count = len(listed(domain))
    assert int(regions.count_regions(NETWORK, domain)) == count
    assert int(regions.count_many([NETWORK], domain)[0]) == count
    linear = regions.count_linear_regions(NETWORK, domain)
    assert linear.complete
    assert linear.count <= count


def estimates(domain):
    found = regions.estimate_regions(NETWORK, domain, cells=1000, runs=2)
    assert found.mean == len(listed(domain))


def grids(domain):
    found = regions.hash_grid(NETWORK, domain, 6)
    assert {row.tobytes() for row in found.patterns[found.strict]} <= listed(domain)


def walks(domain):
    found = regions.explore_regions(NETWORK, drawn(domain)[0], domain)
    assert found.complete
    assert {row.tobytes() for row in found.patterns} == listed(domain)


def polytopes(domain):
    x = drawn(domain)[0]
    found = regions.polytope_at(NETWORK, x, domain)
    assert (found.A @ x < found.b).all()
    report = regions.describe_polytope(NETWORK, x, domain)
    assert report.polytope is not None
    assert len(report.polytope.facets) == len(found.facets)
    nearby = regions.around(NETWORK, x, domain)
    assert len(nearby.facets) == len(found.facets)
    assert len(regions.regions_meeting_at(NETWORK, x, domain).patterns) == 1


def end_pair(value) -> tuple[float, float]:
    """Both ends as float64."""
    low, high = (value, value) if isinstance(value, Fraction) else value
    return float(low), float(high)


def ranges(domain):
    found = regions.output_range(NETWORK, domain, 0)
    low, high = (end_pair(v) for v in found.value)
    outputs = NETWORK(domain.embed(drawn(domain)))[:, 0]
    assert low[0] <= outputs.min() + 1e-9
    assert outputs.max() - 1e-9 <= high[1]
    assert high[1] - high[0] < 1e-5
    if domain.squared_radius is None:
        assert (
            found.value == regions.output_range(NETWORK, domain, 0, method="list").value
        )


def holding(domain):
    assert regions.holds(NETWORK, domain, SAFE).value is True


def differences(domain):
    high = end_pair(regions.largest_difference(NETWORK, OTHER, domain).value)[1]
    points = domain.embed(drawn(domain))
    assert np.abs(NETWORK(points) - OTHER(points)).max() <= high + 1e-9


def equalities(domain):
    first, *rest = NETWORK.layers
    turned = [first.weight[::-1] * 2.0, rest[0].weight[:, ::-1] / 2.0, rest[1].weight]
    biases = [first.bias[::-1] * 2.0, rest[0].bias, rest[1].bias]
    same = regions.ReluNetwork.from_arrays(turned, biases)
    assert regions.are_equal(NETWORK, same, domain).value is True
    found = regions.are_equal(NETWORK, OTHER, domain)
    assert found.value is False
    point = np.array([[float(v) for v in found.witness]])
    assert np.abs(NETWORK(point) - OTHER(point)).max() > 1e-9


def constants(domain):
    high = end_pair(regions.lipschitz(NETWORK, domain, math.inf).value)[1]
    a, b = domain.embed(drawn(domain)), domain.embed(drawn(domain)[::-1])
    gaps, ways = NETWORK(a) - NETWORK(b), a - b
    assert (np.abs(gaps).max(1) <= high * np.abs(ways).max(1) + 1e-9).all()


def integrals(domain):
    value = float(regions.integral(NETWORK, domain, 0).value)
    mean = regions.moments(NETWORK, domain, 1, 0).value[0]
    outputs = NETWORK(domain.embed(drawn(domain)))[:, 0]
    sigma = outputs.std() / math.sqrt(len(outputs))
    assert abs(outputs.mean() - float(mean)) < 6 * sigma
    assert np.sign(value) == np.sign(float(mean))
    shares = [part.share for part in regions.mean_by_class(NETWORK, domain).value]
    assert sum(shares) == 1


def preimages(domain):
    half = regions.HPolytope([[1.0, 0.0]], [0.25])
    found = regions.preimage(NETWORK, domain, half)
    parts = [np.array(part.rows, float) for part in found.value]
    points = drawn(domain, 20)
    inside = NETWORK(domain.embed(points))[:, 0] <= 0.25
    for point, is_met in zip(points, inside, strict=True):
        met = [(rows[:, :-1] @ point <= rows[:, -1]).all() for rows in parts]
        assert any(met) == is_met


def decisions(domain):
    found = regions.decision_regions(NETWORK, domain)
    assert found.complete
    classes = NETWORK(domain.embed(drawn(domain))).argmax(1)
    assert set(classes.tolist()) <= set(found.classes.tolist())


def topologies(domain):
    components = regions.betti_numbers(NETWORK, domain, "output 0 > 0.25")[0]
    is_above = NETWORK(domain.embed(drawn(domain)))[:, 0] > 0.25
    assert components >= int(is_above.any())
    regions.output_persistence(NETWORK, domain)
    assert regions.count_by_definition(NETWORK, domain).activation == len(
        listed(domain)
    )


def rewritten(domain):
    small = regions.simplify(NETWORK, domain).network
    points = domain.embed(drawn(domain))
    np.testing.assert_allclose(small(points), NETWORK(points), atol=1e-9)


def laws(domain):
    law = regions.piecewise_law(regions.enumerate_regions(NETWORK, domain))
    assert law is not None


def programs(domain):
    assert regions.mixed_integer_program(NETWORK, domain, 0, unit_seconds=0).rows


BALL = "a ball of the norm 2, and a polytope is required"
WHOLE = "the whole space, and a bounded one is required"
OPEN = "unbounded|no bounds|without bounds|bounded one is required"
FLAT = "a domain of full dimension is required"
REFUSED = {
    grids: {"whole space": OPEN, "unbounded": OPEN},
    ranges: {"whole space": WHOLE, "unbounded": OPEN},
    holding: {"whole space": WHOLE, "unbounded": OPEN},
    differences: {"whole space": WHOLE, "unbounded": OPEN},
    constants: dict.fromkeys(("segment", "slice"), FLAT),
    integrals: {
        "ball, norm 2": "norm 2 in 3 dimensions",
        "whole space": WHOLE,
        "unbounded": OPEN,
    },
    topologies: {
        "ball, norm 2": "the domain is round",
        "whole space": OPEN,
        "unbounded": OPEN,
        "segment": "dimension 1",
    },
    rewritten: {"unbounded": OPEN},
    laws: {"ball, norm 2": BALL},
    programs: {"ball, norm 2": BALL, "whole space": WHOLE, "unbounded": OPEN},
}
"""What is refused where, and the words of it; all else is answered."""

ANSWERED = [
    lists,
    counts,
    estimates,
    walks,
    polytopes,
    equalities,
    preimages,
    decisions,
]


@pytest.mark.parametrize("name", DOMAINS)
@pytest.mark.parametrize("ask", [*ANSWERED, *REFUSED], ids=lambda f: f.__name__)
def test_an_answer_or_one_sentence(ask, name):
    words = REFUSED.get(ask, {}).get(name)
    if words is None:
        ask(DOMAINS[name])
        return
    with pytest.raises(ValueError, match=words) as caught:
        ask(DOMAINS[name])
    assert "\n" not in str(caught.value)
    assert re.search(r"\.$", str(caught.value))


def test_empty_and_flat_polytopes_are_told_apart():
    rows = np.vstack([EYE, -EYE])
    with pytest.raises(regions.EmptyPolyhedronError, match="contradict each other"):
        regions.HPolytope(rows, [1, -2, 1, 1, 1, 1])
    with pytest.raises(ValueError, match=r"flat: equality holds .* outputs y = c as"):
        regions.HPolytope(rows, [1, 0.5, 1, 1, -0.5, 1])
