"""Every function takes models as they are; every result is short, shown and pickled."""

import inspect
import pickle  # noqa: TID251  (as Dask and multiprocessing do)
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

import regions

BOX = regions.Box.cube(2)
X = [0.1, 0.2]
UNIT = regions.HPolytope([[1, 0], [-1, 0], [0, 1], [0, -1]], [1, 1, 1, 1])

CALLS: dict[str, Callable[[Any], Any]] = {
    "are_equal": lambda net: regions.are_equal(net, net, BOX),
    "around": lambda net: regions.around(net, X),
    "as_network": regions.as_network,
    "betti_numbers": lambda net: regions.betti_numbers(net, BOX, "class 0"),
    "count_by_definition": lambda net: regions.count_by_definition(net, BOX),
    "count_linear_regions": lambda net: regions.count_linear_regions(net, BOX),
    "count_many": lambda net: regions.count_many([net, net], BOX),
    "count_regions": lambda net: regions.count_regions(net, BOX),
    "decision_regions": lambda net: regions.decision_regions(net, BOX),
    "describe_polytope": lambda net: regions.describe_polytope(net, X),
    "enumerate_regions": lambda net: regions.enumerate_regions(net, BOX),
    "estimate_regions": lambda net: regions.estimate_regions(net, BOX, cells=5, runs=2),
    "explore_regions": lambda net: regions.explore_regions(net, X, BOX),
    "hash_grid": lambda net: regions.hash_grid(net, BOX, 4),
    "hash_table": lambda net: regions.hash_table(net, np.zeros((2, 2))),
    "holds": lambda net: regions.holds(net, BOX, regions.Property.largest(0, 2)),
    "integral": lambda net: regions.integral(net, BOX, 0),
    "largest_difference": lambda net: regions.largest_difference(net, net, BOX),
    "lipschitz": lambda net: regions.lipschitz(net, BOX),
    "mean_by_class": lambda net: regions.mean_by_class(net, BOX),
    "mean_inradius": lambda net: regions.mean_inradius(net, BOX, points=5),
    "mixed_integer_program": lambda net: regions.mixed_integer_program(
        net, BOX, 0, unit_seconds=0
    ),
    "moments": lambda net: regions.moments(net, BOX, 2, 0),
    "output_persistence": lambda net: regions.output_persistence(net, BOX),
    "output_range": lambda net: regions.output_range(net, BOX, 0),
    "polytope_at": lambda net: regions.polytope_at(net, X),
    "preimage": lambda net: regions.preimage(net, BOX, UNIT),
    "regions_between": lambda net: regions.regions_between(net, [0, 0], [1, 1]),
    "regions_meeting_at": lambda net: regions.regions_meeting_at(net, [0, 0]),
    "robust_radius": lambda net: regions.robust_radius(net, X),
    "simplify": lambda net: regions.simplify(net, BOX),
    "topology_of": lambda net: regions.topology_of(net, BOX, "class 0"),
    "verify": lambda net: regions.verify(
        regions.enumerate_regions(net, BOX), network=net
    ),
}
WRITERS = {"save_network", "to_torch"}
"""Functions of a network that say how a model becomes one."""


@pytest.fixture(scope="module")
def model():
    torch.manual_seed(0)
    return torch.nn.Sequential(
        torch.nn.Linear(2, 4), torch.nn.ReLU(), torch.nn.Linear(4, 2)
    )


def test_every_function_of_a_network_is_tried():
    taken = {"network", "networks", "model"}
    functions = {
        name
        for name in regions.__all__
        if inspect.isfunction(getattr(regions, name))
        and not name.startswith("from_")
        and taken & set(inspect.signature(getattr(regions, name)).parameters)
    }
    assert functions == set(CALLS) | WRITERS


@pytest.mark.parametrize("name", CALLS)
def test_models_go_in_and_results_are_short_and_pickle(name, model):
    result = CALLS[name](model)
    assert repr(result) == repr(CALLS[name](regions.from_torch(model)))
    parts = result if isinstance(result, list) else [result]
    assert all(len(repr(part)) < 200 and "\n" not in repr(part) for part in parts)
    again = pickle.loads(pickle.dumps(result))
    assert type(again) is type(result)
    assert repr(again) == repr(result)


def test_writers_say_how_a_model_becomes_a_network(model, tmp_path):
    for call in (
        lambda: regions.to_torch(model),
        lambda: regions.save_network(tmp_path / "net.npz", model),
    ):
        with pytest.raises(TypeError, match=r"regions\.as_network makes of a model"):
            call()
    net = regions.from_torch(model)
    with pytest.raises(TypeError, match="the path comes first"):
        regions.save_network(net, tmp_path / "net.npz")
    one = torch.nn.Sequential(*model[:2], torch.nn.Linear(4, 1))
    found = regions.characteristic_polynomial(one)
    assert found == regions.characteristic_polynomial(regions.from_torch(one))
