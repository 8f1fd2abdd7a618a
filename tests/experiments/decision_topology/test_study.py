"""Betti numbers of decision boundaries of random networks."""

import numpy as np
import pytest

from experiments import decision_topology
from experiments.decision_topology.claims import claims_of
from experiments.decision_topology.study import bounded_components, random_network
from regions.domains.shapes import WholeSpace
from regions.network import ReluNetwork
from regions.topology.topology import betti_numbers
from tests.experiments.helpers import run_smoke


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    return run_smoke(decision_topology.NAME, tmp_path_factory)


def test_numbers_are_those_of_the_networks(finished):
    folder, _ = finished
    result = decision_topology.load(decision_topology.PRESETS["smoke"], folder)
    network = random_network(2, (5, 5), 3)
    betti = betti_numbers(network, WholeSpace(2), "boundary")
    assert tuple(result.boundary[2, 5, 2][3]) == betti


def test_at_most_one_bounded_component_of_few_units(finished):
    _, summary = finished
    claim = summary["claims"][-1]
    assert claim["verdict"] == "confirmed"
    assert claim["value"] == 0


def test_a_hill_is_one_bounded_component():
    W = [[[1.0, 0.0], [0.0, 1.0], [-1.0, -1.0]], [[-1.0, -1.0, -1.0]]]
    hill = ReluNetwork.from_arrays(W, [[0.0, 0.0, 0.0], [1.0]])
    assert bounded_components(hill) == 1


def test_growth_of_the_topology_is_judged():
    flat, grown = np.ones(20, int), np.arange(20) % 3 + 4
    totals = {(2, 4, 1): flat, (2, 8, 1): flat, (2, 4, 3): flat, (2, 8, 3): grown}
    first, second = claims_of(totals, {})
    assert (first.verdict, second.verdict) == ("confirmed", "confirmed")
    totals[2, 8, 1], totals[2, 8, 3] = grown, flat
    first, second = claims_of(totals, {})
    assert (first.verdict, second.verdict) == ("refuted", "refuted")
