"""Mistakes of a new user: one sentence each, with what to write instead."""

import tempfile
from typing import Any

import numpy as np
import pytest
import torch

import regions
from regions.domains.domain_vectors import whole_number
from regions.errors import ModelError

NET = regions.ReluNetwork.from_arrays([np.eye(2), [[1.0, 1.0]]], None)
BOX = regions.Box.cube(2)

CLASSES = regions.ReluNetwork.from_arrays([np.eye(2), np.eye(2)], None)

WRONG: dict[Any, Any] = {"soon": "soon", "three": np.ones(3), "net": NET, 3: 3}
"""What no type checker would let pass."""

CALLS = {
    "tuple for a box": (
        lambda: regions.count_regions(NET, ([-1, -1], [1, 1])),
        TypeError,
        r"`domain` is a tuple: write regions\.Box\(lower, upper\)\.",
    ),
    "arguments swapped": (
        lambda: regions.count_regions(BOX, NET),
        ModelError,
        "`network` is a Box: the network comes first",
    ),
    "two networks": (
        lambda: regions.enumerate_regions(NET, NET),
        TypeError,
        "the network comes first and the domain second",
    ),
    "state dict": (
        lambda: regions.count_regions({"0.weight": np.eye(2)}, BOX),
        ModelError,
        "do not say what is done with them",
    ),
    "lists of arrays": (
        lambda: regions.polytope_at([np.eye(2)], [0.0, 0.0]),
        ModelError,
        r"write ReluNetwork\.from_arrays",
    ),
    "a number": (
        lambda: regions.estimate_regions(3, BOX),
        ModelError,
        "`network` is a int: a ReluNetwork, a model of",
    ),
    "wrong dimension": (
        lambda: regions.hash_grid(NET, regions.Box.cube(3), 4),
        ValueError,
        "lies in 3 dimensions and the network reads 2",
    ),
    "long point": (
        lambda: regions.describe_polytope(NET, [0.1, 0.2, 0.3]),
        ValueError,
        r"`x` has shape \(3,\): a finite vector of 2 entries is required\.",
    ),
    "batch of starts": (
        lambda: regions.explore_regions(NET, np.ones((3, 2)), BOX),
        ValueError,
        r"give one of its rows, such as start\[0\]",
    ),
    "NaN": (
        lambda: regions.regions_meeting_at(NET, [0.0, np.nan]),
        ValueError,
        r"`x\[1\]` is nan: a finite vector of 2 entries is required",
    ),
    "a wrong kind of domain": (
        lambda: regions.simplify(NET, "cube"),
        TypeError,
        "give a Box, Segment, Slice, Simplex, HPolytope, Ball or WholeSpace",
    ),
    "transposed": (
        lambda: regions.ReluNetwork.from_arrays(
            [np.ones((2, 6)), np.ones((6, 5)), np.ones((5, 1))],
            [np.ones(6), np.ones(5), np.ones(1)],
        ),
        ValueError,
        "are transposed: write W.T for each",
    ),
    "transposed without biases": (
        lambda: regions.ReluNetwork.from_arrays([np.ones((2, 6)), np.ones((6, 1))]),
        ValueError,
        "are transposed: write W.T for each",
    ),
    "one number for a corner": (
        lambda: regions.Box(-1.0, 1.0),
        ValueError,
        r"write Box\.cube\(dim\)",
    ),
    "a count to verify": (
        lambda: regions.verify(regions.count_regions(NET, BOX)),
        TypeError,
        "is a RegionCount, which lists no regions: use enumerate_regions",
    ),
    "points of another dimension": (
        lambda: NET.patterns(np.ones((4, 3))),
        ValueError,
        r"`points` is of shape \(4, 3\) .* \(2,\) for one point",
    ),
    "text for a point": (
        lambda: regions.polytope_at(NET, [0.1, 0.2]).contains("a"),
        ValueError,
        "`x` is 'a': real numbers are required",
    ),
    "text for a corner": (
        lambda: regions.Segment("a", [0.0, 1.0]),
        ValueError,
        "`start` is 'a': real numbers are required",
    ),
    "rows of different lengths": (
        lambda: regions.Simplex([[0.0, 1.0], [1.0]]),
        ValueError,
        "as many in each row",
    ),
    "a region by its name": (
        lambda: regions.enumerate_regions(NET, BOX)["first"],
        IndexError,
        "`regions` is 'first': numbers below",
    ),
    "a region that is not there": (
        lambda: regions.enumerate_regions(NET, BOX).affine_maps(99),
        IndexError,
        r"`regions` is \[99\]|`regions` is 99|array\(\[99\]\)",
    ),
    "a dimension that is no integer": (
        lambda: whole_number(2.0, "dim"),
        TypeError,
        "`dim` is 2.0: a whole number is needed",
    ),
    "a cube of no dimension": (
        lambda: regions.Box.cube(0),
        ValueError,
        "`dim` is 0: at least 1 is required",
    ),
    "a model to load": (
        lambda: regions.load_network(NET),
        TypeError,
        "`path` is a ReluNetwork: the path of a file is required",
    ),
    "text for seconds": (
        lambda: regions.output_range(NET, BOX, max_seconds=WRONG["soon"]),
        TypeError,
        "`max_seconds` is 'soon': a number or None is required",
    ),
    "a number for a function": (
        lambda: regions.output_range(NET, BOX, stop=WRONG[3]),
        TypeError,
        "`stop` is 3: a function is required",
    ),
    "complex numbers": (
        lambda: regions.Box([1j], [2j]),
        ValueError,
        "`lower` is .*: real numbers are required",
    ),
    "a number beyond float64": (
        lambda: regions.Box([-(10**400)], [1]),
        ValueError,
        "`lower` is .*: at most 1.8e308 is required",
    ),
    "a radius without an end": (
        lambda: regions.robust_radius(CLASSES, [0.0, 0.0], max_radius=np.inf),
        ValueError,
        "`max_radius` is inf: a positive, finite number is required",
    ),
    "a folder for a file": (
        lambda: regions.output_range(NET, BOX).save(tempfile.gettempdir()),
        OSError,
        "is a folder: give the name of a file in it",
    ),
    "an array for a number": (
        lambda: regions.count_regions(NET, BOX, max_regions=WRONG["three"]),
        TypeError,
        "`max_regions` is of type ndarray: a whole number or None is required",
    ),
    "a network for regions": (
        lambda: regions.piecewise_law(WRONG["net"]),
        TypeError,
        "RegionTable is required, such as regions.enumerate_regions gives",
    ),
    "a network for many": (
        lambda: regions.count_many(WRONG["net"], BOX),
        TypeError,
        "`networks` is of type ReluNetwork: a list is required",
    ),
    "a number for weights": (
        lambda: regions.ReluNetwork.from_arrays(WRONG[3], None),
        TypeError,
        "`weights` is 3: a list is required",
    ),
    "a number for a set": (
        lambda: regions.betti_numbers(NET, BOX, WRONG[3]),
        TypeError,
        "`of` is 3: a text is required",
    ),
}


@pytest.mark.parametrize("name", CALLS)
def test_mistake_is_said_in_one_sentence(name):
    call, kind, message = CALLS[name]
    with pytest.raises(kind, match=message) as caught:
        call()
    assert "\n" not in str(caught.value)


def test_tensors_with_gradients_are_numbers():
    layer = torch.nn.Linear(2, 3)
    net = regions.ReluNetwork.from_arrays(
        [layer.weight, torch.ones(1, 3)], [layer.bias, None]
    )
    assert np.array_equal(net.hidden[0].weight, layer.weight.detach().numpy())
    box = regions.Box(torch.zeros(2, requires_grad=True), torch.ones(2))
    assert box.upper.tolist() == [1.0, 1.0]


def test_one_point_and_one_region_are_asked_for_as_such():
    found = regions.enumerate_regions(NET, BOX)
    points = found.coordinates
    assert np.array_equal(NET.patterns(points[0]), NET.patterns(points)[0])
    jacobians, offsets = found.affine_maps()
    jacobian, offset = found.affine_maps(1)
    assert np.array_equal(jacobian, jacobians[1])
    assert np.array_equal(offset, offsets[1])


def test_numbers_of_other_libraries_are_numbers():
    limits: dict[str, Any] = {
        "max_seconds": torch.tensor(60.0),
        "max_regions": np.int8(9),
    }
    count = regions.count_regions(NET, BOX, **limits)
    assert count == 4
    affine = regions.ReluNetwork.from_arrays([np.eye(2)], None)
    assert regions.estimate_regions(affine, BOX).mean == 1
    assert regions.count_by_definition(affine, BOX).activation == 1
