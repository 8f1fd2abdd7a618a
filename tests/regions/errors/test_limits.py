"""Whatever takes long hears a limit of the block around it, and keeps what it found.

Every callable is given work of minutes and a `stop` that says yes after a moment.
"""

import contextlib
import functools
import signal
import threading
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import regions
from regions import Box, WholeSpace
from regions.lp.warm_lp import WarmProgram
from tests.helpers import random_network

MOMENT = 0.05
"""Seconds of processor time after which `stop` says yes."""
LATE = 2.0
"""Seconds of processor time within which everything must have returned then: twice what
is promised, as a processor that is shared counts up to double."""


def network(dim: int, widths: list[int], outputs: int = 1) -> regions.ReluNetwork:
    return random_network(np.random.default_rng(0), dim, widths, outputs=outputs)


PLANE = network(2, [80] * 3)
SPACE = network(4, [40] * 3)
CLASSES = network(4, [40] * 3, outputs=3)
IMAGE = network(100, [64] * 3)
POINT = np.full(100, 0.1)
GIVEN = regions.RegionSet(
    SPACE,
    Box.cube(4),
    np.random.default_rng(0).integers(0, 256, (20_000, 15)).astype(np.uint8),
    np.zeros((20_000, 4)),
    complete=True,
    method="tree",
    seconds=0.0,
    stats={},
)


def steps(units: int) -> regions.RegionSet:
    """All regions of units that go on one after another along a line."""
    net = regions.ReluNetwork.from_arrays(
        [np.ones((units, 1)), np.ones((1, units))], [-np.arange(float(units)), [0.0]]
    )
    bits = np.arange(units) < np.arange(units + 1)[:, None]
    return regions.RegionSet(
        net,
        Box([-1.0], [float(units)]),
        np.packbits(bits, axis=1, bitorder="little"),
        np.arange(units + 1.0)[:, None] - 0.5,
        complete=True,
        method="line",
        seconds=0.0,
        stats={},
    )


STEPS = steps(2000)


def deep() -> Any:
    """A polytope of hundreds of rows of which nothing is known."""
    return regions.polytope_at(IMAGE, POINT, Box.cube(100))


LONG: dict[str, Callable[[], Any]] = {
    "count_regions": lambda: regions.count_regions(SPACE, Box.cube(4)),
    "enumerate_regions": lambda: regions.enumerate_regions(SPACE, Box.cube(4)),
    "count_many": lambda: regions.count_many([SPACE] * 9, Box.cube(4)),
    "explore_regions": lambda: regions.explore_regions(IMAGE, POINT),
    "estimate_regions": lambda: regions.estimate_regions(SPACE, Box.cube(4)),
    "count_by_definition": lambda: regions.count_by_definition(SPACE, Box.cube(4)),
    "count_linear_regions": lambda: regions.count_linear_regions(SPACE, Box.cube(4)),
    "decision_regions": lambda: regions.decision_regions(CLASSES, Box.cube(4)),
    "topology_of": lambda: regions.topology_of(SPACE, Box.cube(4)),
    "topology_of, space": lambda: regions.topology_of(SPACE, WholeSpace(4)),
    "output_persistence": lambda: regions.output_persistence(PLANE, Box.cube(2)),
    "are_equal": lambda: regions.are_equal(SPACE, also(SPACE), Box.cube(4)),
    "integral": lambda: regions.integral(SPACE, Box.cube(4)),
    "moments": lambda: regions.moments(SPACE, Box.cube(4)),
    "mean_by_class": lambda: regions.mean_by_class(CLASSES, Box.cube(4)),
    "output_range": lambda: regions.output_range(IMAGE, Box.cube(100)),
    "output_range, list": lambda: regions.output_range(
        SPACE, Box.cube(4), method="list"
    ),
    "largest_difference": lambda: regions.largest_difference(
        IMAGE, also(IMAGE), Box.cube(100)
    ),
    "lipschitz": lambda: regions.lipschitz(SPACE, Box.cube(4), norm=2),
    "holds": lambda: regions.holds(
        CLASSES, Box.cube(4), regions.Property.bounds(np.eye(3), np.full(3, 8.0))
    ),
    "robust_radius": lambda: regions.robust_radius(CLASSES, np.full(4, 0.1)),
    "simplify": lambda: regions.simplify(SPACE, Box.cube(4), max_regions=None),
    "hash_grid": lambda: regions.hash_grid(
        PLANE, Box.cube(2), 9000, labels=False, chunk=1000
    ),
    "hash_table": lambda: regions.hash_table(IMAGE, np.ones((50_000, 100))),
    "characteristic_polynomial": lambda: regions.characteristic_polynomial(
        np.random.default_rng(0).standard_normal((60, 9))
    ),
    "regions_meeting_at": lambda: regions.regions_meeting_at(
        random_network(np.random.default_rng(0), 6, [12, 12], bias_scale=0.0),
        np.zeros(6),
    ),
    "polytope_at": lambda: regions.polytope_at(IMAGE, np.ones((20_000, 100))),
    "describe_polytope": lambda: regions.describe_polytope(IMAGE, POINT, Box.cube(100)),
    "facets": lambda: deep().facets,
    "bounds": lambda: deep().bounds,
    "irredundant": lambda: deep().irredundant,
    "vertices": lambda: deep().vertices(),
    "volume": lambda: deep().volume(),
    "balls of a list": lambda: GIVEN.chebyshev(),
    "balls of a list, cvxpy": lambda: GIVEN.chebyshev(solver="cvxpy"),
    "boxes of a list": lambda: GIVEN.bounds(solver="interior_point"),
    "vertices of a list": lambda: GIVEN.cells,
    "volumes of a list": lambda: GIVEN.volumes(),
    "neighbors of a list": lambda: GIVEN.adjacency(),
    "linear regions of a list": lambda: GIVEN.linear_regions(),
    "verify": lambda: regions.verify(STEPS),
    "verify, exactly": lambda: regions.verify(STEPS, exact=True),
    "program": lambda: program(),
}


@functools.cache
def also(net: regions.ReluNetwork) -> regions.ReluNetwork:
    """A network that adds what outputs are above values that they hardly reach.

    Whether they do takes long to find out.
    """
    points = np.random.default_rng(1).uniform(-1.0, 1.0, (100_000, net.input_dim))
    last, top = net.output, 1.2 * net(points).max(0)
    both = regions.Layer(
        np.concatenate([last.weight, last.weight]),
        np.concatenate([last.bias, last.bias - top]),
        np.repeat([1.0, 0.0], last.width),
    )
    add = np.concatenate([np.eye(last.width), np.eye(last.width)], axis=1)
    out = regions.Layer(add, np.zeros(last.width), np.ones(last.width))
    return regions.ReluNetwork((*net.hidden, both), out)


def program() -> Any:
    rng = np.random.default_rng(0)
    G = rng.standard_normal((3000, 300))
    return WarmProgram(G, np.ones(3000)).optimum(G[0])


UNFINISHED = {"estimate_regions": (regions.RegionsError,)}


def is_settled(found: Any) -> bool:
    """Whether an answer says that nothing is missing."""
    if isinstance(found, list):
        return all(map(is_settled, found))
    if isinstance(found, regions.Answer):
        return found.proved
    if hasattr(found, "report"):
        return found.report.regions is not None
    return found is not None and found.complete


def seconds_until_heard(name: str) -> float:
    """Processor time that a call takes once it was asked to stop at `MOMENT`."""
    start, heard = time.process_time(), False

    def stop() -> bool:
        nonlocal heard
        heard = time.process_time() - start > MOMENT
        return heard

    found: Any = None
    # An estimate of which no run ended is another error.
    ended = contextlib.suppress(regions.LimitError, *UNFINISHED.get(name, ()))
    with ended, regions.limited(stop=stop):
        found = LONG[name]()
    assert not is_settled(found)
    assert heard
    return time.process_time() - start - MOMENT


@pytest.mark.parametrize("name", LONG)
def test_a_limit_is_heard_and_what_was_found_is_kept(name):
    # While XLA compiles, in the first call of a process, nothing can interrupt it.
    assert seconds_until_heard(name) < LATE or seconds_until_heard(name) < LATE


def test_ctrl_c_is_heard_inside_a_program():
    # A program that a shell has started in the background ignores the signal.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        threading.Timer(0.05, signal.raise_signal, [signal.SIGINT]).start()
        with pytest.raises(KeyboardInterrupt):
            program()
    finally:
        signal.signal(signal.SIGINT, before)
