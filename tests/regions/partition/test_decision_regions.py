"""Components of decision regions against grids, known shapes and flood fill."""

import numpy as np
import pytest
import skimage.measure

import regions
from regions.partition.decision_regions import decision_regions, with_decision_units
from tests.helpers import random_network

PLANE = regions.WholeSpace(2)


def _cross(radius):
    """|x| + |y| below a radius, a diamond, above the threshold."""
    weights = [[[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0], [0.0, -1.0]], [[-1.0] * 4]]
    return regions.ReluNetwork.from_arrays(weights, [[0.0] * 4, [radius]])


def test_added_units_change_no_output_and_cut_along_the_decision_boundary():
    rng = np.random.default_rng(0)
    network = random_network(rng, 3, [5, 4], outputs=4)
    cut = with_decision_units(network)
    points = rng.standard_normal((300, 3))
    assert (cut(points) == network(points)).all()
    bits = cut.patterns(points)
    assert (bits[:, :9] == network.patterns(points)).all()
    outputs = network(points)
    pairs = [(0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3)]
    for column, (i, j) in enumerate(pairs, start=9):
        assert (bits[:, column] == (outputs[:, j] > outputs[:, i])).all()


def test_witness_of_every_region_has_its_class():
    network = random_network(np.random.default_rng(1), 2, [5, 4], outputs=3)
    found = decision_regions(network, PLANE)
    assert found.complete
    winners = network(found.regions.witnesses).argmax(axis=1)
    assert (winners == found.region_classes).all()
    assert (found.classes[found.components] == found.region_classes).all()


@pytest.mark.parametrize("seed", [0, 2])
def test_components_equal_those_of_a_labeled_grid(seed):
    # Flood fill over pixels, 4-connected: another notion, the same components, for
    # networks whose thinnest parts are wider than a pixel.
    network = random_network(np.random.default_rng(seed), 2, [4, 3], outputs=3)
    box = regions.Box.cube(2, 2.0)
    side = (np.arange(1200) + 0.5) / 300.0 - 2.0
    points = np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2)
    image = network(points).argmax(axis=1).reshape(1200, 1200)
    labels = np.asarray(skimage.measure.label(image, connectivity=1, background=-1))
    count = len(np.unique(labels))
    assert len(decision_regions(network, box)) == count


def test_diamond_is_one_bounded_component_in_an_unbounded_one():
    found = decision_regions(_cross(1.0), PLANE)
    assert sorted(zip(found.classes.tolist(), found.bounded.tolist(), strict=True)) == [
        (0, False),
        (1, True),
    ]
    # Nothing is above the threshold once it is raised to the top of the pyramid.
    assert len(decision_regions(_cross(1.0), PLANE, threshold=1.0)) == 1
    assert decision_regions(_cross(1.0), regions.Box.cube(2, 9.0)).bounded.all()


def test_a_strip_is_unbounded_and_an_annulus_is_not():
    strip = regions.ReluNetwork.from_arrays(
        [[[1.0, 0.0], [-1.0, 0.0]], [[-1.0, -1.0]]], [[0.0, 0.0], [1.0]]
    )
    found = decision_regions(strip, PLANE)
    assert len(found) == 3
    assert not found.bounded.any()
    # Above the threshold between two diamonds: the hat function of |x| + |y|.
    weights = [*(layer.weight for layer in _cross(0.0).hidden)]
    hat = regions.ReluNetwork.from_arrays(
        [weights[0], [[1.0] * 4, [1.0] * 4, [1.0] * 4], [[1.0, -2.0, 1.0]]],
        [[0.0] * 4, [-1.0, -2.0, -3.0], [-0.5]],
    )
    found = decision_regions(hat, PLANE)
    assert sorted(zip(found.classes.tolist(), found.bounded.tolist(), strict=True)) == [
        (0, False),
        (0, True),
        (1, True),
    ]


def test_ties_go_to_the_lower_class():
    network = regions.ReluNetwork.from_arrays(
        [[[1.0, 0.0]], [[1.0], [0.0], [2.0]]], None
    )
    found = decision_regions(network, PLANE)
    # Left of x = 0 all outputs are 0; right of it the last is the largest.
    assert found.classes[found.components].tolist() == found.region_classes.tolist()
    assert sorted(set(found.region_classes.tolist())) == [0, 2]


def test_more_classes_than_inputs_can_bound_a_region_without_hidden_units():
    # Output 0 is 1; three others grow in directions that surround the origin.
    matrix = [[0.0, 0.0], [1.0, 0.0], [-1.0, 1.0], [-1.0, -1.0]]
    network = regions.ReluNetwork.from_arrays([matrix], [[1.0, 0.0, 0.0, 0.0]])
    found = decision_regions(network, PLANE)
    assert found.bounded.tolist() == (found.classes == 0).tolist()
    assert len(found) == 4


def test_threshold_of_several_outputs_is_refused():
    network = random_network(np.random.default_rng(0), 2, [2], outputs=2)
    with pytest.raises(ValueError, match="`threshold`"):
        decision_regions(network, PLANE, threshold=0.5)
    with pytest.raises(ValueError, match="`threshold` is nan: a finite number"):
        decision_regions(network, PLANE, threshold=float("nan"))
