"""What is known when a run is stopped: regions that some points are proved to lie in.

An engine that stops knows points that should lie in regions, each in another one. The
signs of all units at a point, proved strict, are the pattern of a region of the whole
network, whatever part of it the engine had looked at.
"""

import time
from collections.abc import Iterator

import numpy as np
from jaxtyping import Bool, Float64, UInt32

from regions.domains.shapes import Domain, WholeSpace
from regions.enumeration.budget import Budget
from regions.network import ReluNetwork
from regions.patterns.packing import pack_bits, sign_words
from regions.signs.exact import nearest_float
from regions.signs.inside import inside_domain
from regions.signs.predicate import Predicate

FIRST_CHUNK, LARGEST_CHUNK, EXACT_CHUNK = 32, 2048, 4
MOMENT = 0.05
"""Processor time of a part of the points after which the next one is no larger."""
RANDOM_POINTS = 64
"""Points to try when a run ends before it knows any: nearly every point will do."""
SEED = (0x2545F491, 0x4F6CDD1D)

Found = tuple[Bool[np.ndarray, "regions units"], Float64[np.ndarray, "regions dim"]]


def regions_at(
    network: ReluNetwork,
    domain: Domain,
    points: Float64[np.ndarray, "points dim"],
    budget: Budget,
    *,
    any_region: bool = True,
) -> Found:
    """Regions in which some points lie, each once, proved: signs and points.

    Goes on until `budget.late()`, and gives one region at least where any of the points
    or a few random ones lies inside a region.

    Args:
        network: The network.
        domain: The domain.
        points: Points of it in chart coordinates, also on its boundary or not finite.
        budget: Says when to end.
        any_region: Whether to try random points where none of these serves.
    """
    points = points[np.isfinite(points).all(1)]
    predicate = Predicate(network, domain)
    parts: list[Found] = []
    if domain.is_bounded:
        chart = domain.restrict(network)
        for part in _chunks(points):
            words, bits = _signs_in_floats(chart, part)
            proved = predicate.agree(part, words, most_exact=0)
            proved &= inside_domain(part, domain)
            parts.append((bits[proved], part[proved]))
            if budget.late():
                break
    if not any(len(bits) for bits, _ in parts):
        few = points[:RANDOM_POINTS]
        if any_region:
            few = np.concatenate([few, _random_points(domain)])
        parts.append(_exactly(predicate, domain, few, budget))
    bits, inside = map(np.concatenate, zip(*parts, strict=True))
    packed = pack_bits(bits[:, network.kinks])
    _, first = np.unique(packed, axis=0, return_index=True)
    first = np.sort(first)
    return bits[first], inside[first]


def _chunks(points: np.ndarray) -> Iterator[np.ndarray]:
    """The points in parts that take a moment each, the first a small one."""
    start, size = 0, FIRST_CHUNK
    while start < len(points):
        begin = time.process_time()
        yield points[start : start + size]
        start += size
        if time.process_time() - begin < MOMENT:
            size = min(2 * size, LARGEST_CHUNK)


@np.errstate(all="ignore")
def _signs_in_floats(
    chart: ReluNetwork, points: Float64[np.ndarray, "points dim"]
) -> tuple[UInt32[np.ndarray, "points words"], Bool[np.ndarray, "points units"]]:
    """Signs of all units as computed: words and bits."""
    pres = chart.pre_activations(points)[:-1]
    no_words = np.zeros((len(points), 0), np.uint32)
    no_bits = np.zeros((len(points), 0), bool)
    return (
        np.concatenate([no_words, *(sign_words(pre) for pre in pres)], axis=1),
        np.concatenate([no_bits, *(pre > 0.0 for pre in pres)], axis=1),
    )


def _exactly(
    predicate: Predicate,
    domain: Domain,
    points: Float64[np.ndarray, "points dim"],
    budget: Budget,
) -> Found:
    """The same with rational arithmetic, until it gets late and one is found."""
    if len(domain.rows()[1]):
        points = points[inside_domain(points, domain)]
    found = [predicate.signs(points[:0]).on]
    kept = [points[:0]]
    for start in range(0, len(points), EXACT_CHUNK):
        part = points[start : start + EXACT_CHUNK]
        signs = predicate.signs(part)
        found.append(signs.on[signs.strict])
        kept.append(part[signs.strict])
        if budget.late() and any(map(len, kept)):
            break
    return np.concatenate(found), np.concatenate(kept)


def _random_points(domain: Domain) -> Float64[np.ndarray, "points dim"]:
    """A few points of the domain."""
    rng = np.random.default_rng(SEED)
    if isinstance(domain, WholeSpace) or not domain.is_bounded:
        inside = np.array([nearest_float(v) for v in domain.inside()])
        return inside + rng.standard_normal((RANDOM_POINTS, domain.dim))
    box = domain.chart_box()
    # Not from lower and upper ends: their difference may overflow.
    share = rng.uniform(size=(RANDOM_POINTS, domain.dim))
    points = box.lower * (1.0 - share) + box.upper * share
    # A part of each way from a point inside lies inside, whatever the domain.
    middle = np.array([nearest_float(v) for v in domain.inside()])
    part = 0.5 ** np.arange(RANDOM_POINTS)[:, None]
    return middle * (1.0 - part) + points * part
