"""Labels on maps, held to the rectangles and polygons that they may not touch."""

import itertools

import numpy as np

import regions
from experiments.hash_codes.figure import zero_shifts
from experiments.hash_codes.label_places import place_beside, place_in_regions
from tests.helpers import random_network

SIZE = np.array([0.2, 0.06])


def _map():
    """Regions of a network on the square, and points."""
    network = random_network(np.random.default_rng(2), 2, [6], outputs=1)
    polygons = regions.enumerate_regions(network, regions.Box.cube(2)).polygons()
    return polygons, np.random.default_rng(1).uniform(-0.9, 0.9, (25, 2))


def _overlap(one: np.ndarray, two: np.ndarray, size: np.ndarray) -> bool:
    """Whether two rectangles of these middles share more than their edges."""
    return bool((np.abs(one - two) < size - 1e-12).all())


def _holds(polygon: np.ndarray, points: np.ndarray) -> bool:
    """Whether a convex polygon, counterclockwise, holds all points."""
    edges = np.roll(polygon, -1, axis=0) - polygon
    steps = points[:, None] - polygon
    cross = edges[:, 0] * steps[..., 1] - edges[:, 1] * steps[..., 0]
    return bool((cross >= -1e-12).all())


def test_labels_lie_in_regions_and_cover_nothing():
    polygons, dots = _map()
    labels = place_in_regions(polygons, [SIZE] * len(polygons), dots)
    corners = SIZE / 2.0 * np.array([[1, 1], [1, -1], [-1, 1], [-1, -1]])
    outside = [label.is_outside for label in labels]
    assert 0 < sum(outside) < len(polygons)
    for polygon, label in zip(polygons, labels, strict=True):
        rooms = polygons if label.is_outside else [polygon]
        assert any(_holds(room, label.middle + corners) for room in rooms)
        assert not any(_overlap(label.middle, dot, SIZE / 2.0) for dot in dots)
    for one, two in itertools.combinations(labels, 2):
        assert not _overlap(one.middle, two.middle, SIZE)


def test_ids_stand_beside_their_points():
    polygons, dots = _map()
    labels = place_in_regions(polygons, [SIZE] * len(polygons), dots)
    taken = [(label.middle, SIZE) for label in labels]
    size, box = np.array([0.08, 0.06]), np.array([[-1.0, -1.0], [1.0, 1.0]])
    middles = place_beside(dots, [size] * len(dots), taken, box, 0.02)
    assert (np.abs(middles - dots).max(axis=1) < 0.2).all()
    assert (np.abs(middles) + size / 2.0 <= 1.0).all()
    for one, two in itertools.combinations(middles, 2):
        assert not _overlap(one, two, size)
    for middle, dot in itertools.product(middles, dots):
        assert not _overlap(middle, dot, size / 2.0)
    for middle, label in itertools.product(middles, labels):
        assert not _overlap(middle, label.middle, (size + SIZE) / 2.0)


def test_label_that_finds_no_room_stays_in_its_region():
    square = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]])
    (label,) = place_in_regions([square], [np.array([3.0, 3.0])], np.zeros((0, 2)))
    assert label.middle.tolist() == [0.5, 0.5]
    assert not label.is_outside


def test_markers_at_zero_stand_side_by_side():
    values = np.array([[0.0, 5.0, 0.0], [0.0, 0.0, 1.0], [0.0, 0.0, 2.0]])
    wanted = [[-1.0, 0.0, 0.0], [0.0, -0.5, 0.0], [1.0, 0.5, 0.0]]
    assert zero_shifts(values, 1.0).tolist() == wanted
