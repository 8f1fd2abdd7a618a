"""Two scores of a network of one output, held to the output itself."""

import numpy as np

import regions
from experiments.data_slices.class_scores import class_pieces, class_scores
from regions.partition.class_polygons import region_polygons
from tests.helpers import random_network


def test_scores_are_the_threshold_and_the_output_with_skips():
    rng = np.random.default_rng(0)
    network = regions.ReluNetwork.from_arrays(
        [rng.standard_normal(shape) for shape in ((5, 3), (4, 5), (1, 4))],
        [rng.standard_normal(width) for width in (5, 4, 1)],
        skips={2: {0: rng.standard_normal((1, 3)), 1: rng.standard_normal((1, 5))}},
    )
    points = rng.standard_normal((50, 3))
    scores = class_scores(network, -0.5)(points)
    assert (scores[:, 0] == -0.5).all()
    np.testing.assert_allclose(scores[:, 1], network(points)[:, 0], atol=1e-12)
    assert (class_scores(network)(points)[:, 0] == 0.0).all()


def test_network_of_several_outputs_stays_as_it_is():
    network = random_network(np.random.default_rng(0), 2, [4], outputs=2)
    assert class_scores(network) is network


def test_diamond_is_cut_where_the_output_is_the_threshold():
    # |x| + |y| < 1/2 is a square of area 1/2 in the box of area 4.
    diamond = regions.ReluNetwork.from_arrays(
        [[[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0], [0.0, -1.0]], [[-1.0] * 4]],
        [[0.0] * 4, [1.0]],
    )
    found = regions.enumerate_regions(diamond, regions.Box.cube(2))
    pieces = class_pieces(found, region_polygons(found), 0.5)
    assert found.network is diamond
    assert pieces.areas()[pieces.classes == 1].sum() == 0.5
    assert pieces.areas().sum() == 4.0
    assert len(pieces.segments) == 4
    assert (np.abs(pieces.segments).sum(axis=2) == 0.5).all()
