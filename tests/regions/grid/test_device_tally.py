"""Patterns numbered on the device, against the host's table and tally."""

import dataclasses
import itertools

import numpy as np
import pytest

from regions.domains.shapes import Box, Segment
from regions.grid import device_tally, hash_grid as grid_module
from regions.grid.hash_grid import hash_grid
from regions.network import ReluNetwork


def network(widths, seed=0):
    rng = np.random.default_rng(seed)
    pairs = itertools.pairwise(widths)
    weights = [rng.normal(size=(out, fan_in)) for fan_in, out in pairs]
    return ReluNetwork.from_arrays(weights, [rng.normal(size=len(w)) for w in weights])


def on_the_device(monkeypatch):
    monkeypatch.setattr(grid_module, "numbers_on_device", lambda piece: True)


def assert_same(found, expected):
    for field in dataclasses.fields(expected):
        np.testing.assert_array_equal(
            getattr(found, field.name), getattr(expected, field.name), field.name
        )


def test_all_of_a_grid_is_as_on_the_host(monkeypatch):
    net, domain = network([2, 20, 15, 1]), Box.cube(2)
    expected = hash_grid(net, domain, (61, 40), chunk=300)
    on_the_device(monkeypatch)
    # So little room that it has to grow, for runs and for patterns.
    monkeypatch.setattr(device_tally, "_LEAST_ROOM", 2)
    assert_same(hash_grid(net, domain, (61, 40), chunk=300), expected)


def test_points_one_by_one_and_without_labels_are_tallied_the_same(monkeypatch):
    net = network([2, 12, 1])
    expected = hash_grid(net, Box.cube(2), 5, chunk=1)
    on_the_device(monkeypatch)
    found = hash_grid(net, Box.cube(2), 5, chunk=1, labels=False)
    assert found.labels is None
    assert_same(dataclasses.replace(found, labels=expected.labels), expected)


def test_a_line_of_many_words_a_pattern_is_as_on_the_host(monkeypatch):
    net = network([40, 70, 1], seed=1)
    segment = Segment(np.full(40, -1.0), np.linspace(0.0, 1.0, 40))
    expected = hash_grid(net, segment, 500, chunk=60, dtype="float32")
    on_the_device(monkeypatch)
    assert_same(hash_grid(net, segment, 500, chunk=60, dtype="float32"), expected)


@pytest.mark.parametrize("word", [0, 1])
def test_where_patterns_share_keys_the_host_takes_over(word, monkeypatch):
    net = network([2, 12, 1])
    expected = hash_grid(net, Box.cube(2), 30)
    on_the_device(monkeypatch)
    words = np.full((12, 2), word, np.uint32)
    bad = hash_grid(net, Box.cube(2), 30, chunk=100, hash_words=words)
    assert bad.collisions > 0
    assert_same(dataclasses.replace(bad, collisions=0), expected)


def test_a_stopped_grid_keeps_the_points_done(monkeypatch):
    net = network([2, 12, 1])
    expected = hash_grid(net, Box.cube(2), 30, chunk=100, stop=lambda: True)
    assert expected.stopped
    on_the_device(monkeypatch)
    found = hash_grid(net, Box.cube(2), 30, chunk=100, stop=lambda: True)
    assert_same(found, expected)


def test_known_patterns_do_not_travel(monkeypatch):
    net = network([2, 12, 1])
    on_the_device(monkeypatch)
    travelled = []
    taken = device_tally._taken
    monkeypatch.setattr(
        device_tally,
        "_taken",
        lambda patterns, rows: travelled.append(len(rows)) or taken(patterns, rows),
    )
    grid = hash_grid(net, Box.cube(2), 64, chunk=512)
    # Each batch of new patterns is padded to a power of two: fewer than twice as many.
    assert grid.count <= sum(travelled) < 2 * len(grid.patterns)
