"""Lengths of boundaries, against closed formulas, sampling and pixels."""

import math

import numpy as np
import pytest

import regions
from experiments.measures.boundary_length import (
    boundary_segments,
    lengths,
    lengths_in_disc,
    share_in_ring,
)
from tests.helpers import random_network


def _cross() -> list[np.ndarray]:
    """The unit square in quarters, one of them clockwise."""
    quarter = np.array([[0.0, 0.0], [0.5, 0.0], [0.5, 0.5], [0.0, 0.5]])
    moves = [(0.0, 0.0), (0.5, 0.0), (0.0, 0.5), (0.5, 0.5)]
    polygons = [quarter + np.array(move) for move in moves]
    return [polygons[0][::-1], *polygons[1:]]


def test_a_cross_has_its_length_and_its_share_in_a_ring():
    segments = boundary_segments(_cross())
    assert len(segments) == 8
    assert lengths(segments).sum() == pytest.approx(4.0)
    share = share_in_ring(_cross(), (0.5, 0.5), (0.1, 0.3))
    assert share == pytest.approx(0.4)
    assert share_in_ring(_cross()[:1], (0.5, 0.5), (0.0, 0.1)) == pytest.approx(0.2)
    square = [np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]])]
    assert share_in_ring(square, (0.5, 0.5), (0.1, 0.3)) == 0.0


def test_chords_of_a_disc_follow_the_circle():
    heights = np.array([0.0, 0.1, 0.29, 0.3, 0.4])
    segments = np.array([[[-1.0, h], [2.0, h]] for h in heights])
    found = lengths_in_disc(segments, (0.5, 0.0), 0.3)
    expected = [2.0 * math.sqrt(max(0.09 - h * h, 0.0)) for h in heights]
    np.testing.assert_allclose(found, expected, atol=1e-12)
    point = np.zeros((1, 2, 2))
    assert lengths_in_disc(point, (0.0, 0.0), 0.3).tolist() == [0.0]


def test_parts_in_a_disc_are_those_of_sampled_points():
    rng = np.random.default_rng(0)
    segments = rng.uniform(0.0, 1.0, (50, 2, 2))
    found = lengths_in_disc(segments, (0.4, 0.6), 0.35)
    t = (np.arange(20_000) + 0.5) / 20_000
    for (start, end), length in zip(segments, found, strict=True):
        points = start + t[:, None] * (end - start)
        inside = np.linalg.norm(points - np.array([0.4, 0.6]), axis=1) <= 0.35
        whole = np.linalg.norm(end - start)
        assert length == pytest.approx(inside.mean() * whole, abs=2e-4)


def test_edges_of_exact_regions_come_in_pairs():
    network = random_network(np.random.default_rng(3), 2, [7, 6])
    box = regions.Box([0.0, 0.0], [1.0, 1.0])
    polygons = regions.enumerate_regions(network, box).polygons()
    segments = np.round(boundary_segments(polygons), 9)
    ordered = [tuple(sorted(map(tuple, segment.tolist()))) for segment in segments]
    assert len(ordered) > 20
    assert len(set(ordered)) * 2 == len(ordered)
    perimeter = sum(
        np.linalg.norm(p - np.roll(p, -1, 0), axis=1).sum() for p in polygons
    )
    assert perimeter == pytest.approx(lengths(segments).sum() + 4.0)
