"""Compiled and plain forms of the sweep and its proof give the same, bit by bit."""

import itertools
from fractions import Fraction

import numpy as np
import pytest

from regions.compiled import SWITCH as COMPILED
from regions.domains.shapes import Box, Simplex
from regions.enumeration import count_regions
from regions.enumeration.sweep.certify import certify
from regions.enumeration.sweep.grow import sweep
from regions.enumeration.sweep.kernels import (
    flat_network,
    insertion,
    norms,
    pair_forms,
    proofs,
    trie,
)
from regions.errors import NotGenericError
from regions.network import ReluNetwork
from regions.signs.float_bounds import FloatBounds
from tests.helpers import random_network

ARRAYS = ("vertices", "zeros", "ends", "edge_zeros", "signs", "parents")


def switch(monkeypatch, mode):
    monkeypatch.setenv(COMPILED, mode)


def both(monkeypatch, function):
    """What a function gives with plain and with compiled code."""
    results = []
    for mode in ("off", "on"):
        switch(monkeypatch, mode)
        results.append(function())
    return results


def assert_same(plain, compiled):
    for name in ARRAYS:
        np.testing.assert_array_equal(getattr(plain, name), getattr(compiled, name))
    np.testing.assert_array_equal(plain.words.keyed, compiled.words.keyed)
    assert plain.complete == compiled.complete


CASES = [
    (1, (9,), 0.0),
    (1, (5, 40), 0.1),
    (2, (40,), 0.0),
    (2, (35, 33), 0.0),
    (2, (6, 5, 4, 5, 6), -0.5),
    (2, (70, 3, 40), 0.0),
    (3, (9, 8), 0.2),
    (3, (20, 4, 6), 0.0),
    (4, (8, 5), 0.0),
    (5, (7, 3), 0.0),
    (6, (7,), 0.0),
]


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(("dim", "widths", "slopes"), CASES)
def test_compiled_sweep_makes_the_same_complex(monkeypatch, dim, widths, slopes, seed):
    rng = np.random.default_rng([seed, dim, *widths])
    network = random_network(rng, dim, widths, slopes=slopes)
    domain = Simplex(rng.standard_normal((dim + 1, dim))) if seed else Box.cube(dim)
    chart, polytope = domain.restrict(network), domain.polytope()
    # No room to begin with: arrays grow in the middle of a block.
    monkeypatch.setattr(insertion, "ROOM", 0.0 if seed == 2 else 2.2)
    pair = both(monkeypatch, lambda: sweep(chart, polytope, seed=seed))
    assert_same(*pair)
    proved = both(monkeypatch, lambda: certify(pair[0], network, domain, polytope))
    assert all(np.isfinite(proof.position_error).all() for proof in proved)
    direction = rng.standard_normal(dim)
    rises = both(monkeypatch, lambda: proved[0].ascends(direction))
    np.testing.assert_array_equal(*rises)
    counts = both(monkeypatch, lambda: pair[0].num_cells(rises[0]))
    assert counts[0] == counts[1]


@pytest.mark.parametrize("seed", range(2))
def test_compiled_sweep_reads_skip_blocks(monkeypatch, seed):
    rng = np.random.default_rng(seed)
    sizes = [(40, 2), (3, 40), (5, 3), (1, 5)]
    network = ReluNetwork.from_arrays(
        [rng.standard_normal(s) for s in sizes],
        [0.4 * rng.standard_normal(s[0]) for s in sizes],
        skips={
            1: {0: rng.standard_normal((3, 2))},
            2: {0: rng.standard_normal((5, 2)), 1: rng.standard_normal((5, 40))},
        },
    )
    polytope = Box.cube(2).polytope()
    pair = both(monkeypatch, lambda: sweep(network, polytope))
    assert_same(*pair)
    counts = both(monkeypatch, lambda: int(count_regions(network, Box.cube(2))))
    assert counts[0] == counts[1]


@pytest.mark.parametrize("mode", ["off", "on"])
def test_ties_are_refused_by_both(monkeypatch, mode):
    """Three lines through one point, which is no vertex before the third."""
    switch(monkeypatch, mode)
    network = ReluNetwork.from_arrays(
        [[[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]], np.ones((1, 3))], None
    )
    with pytest.raises(NotGenericError):
        sweep(network, Box([-1.0, -2.0], [2.0, 1.0]).polytope())


@pytest.mark.parametrize("mode", ["off", "on"])
def test_sweep_stops_when_asked(monkeypatch, mode):
    switch(monkeypatch, mode)
    asked = []
    complex_ = sweep(
        random_network(np.random.default_rng(0), 2, [40, 40]),
        Box.cube(2).polytope(),
        stop=lambda: len(asked) > 3 or asked.append(0) is not None,
    )
    assert not complex_.complete
    assert not complex_.words.keyed[-8:].any()


def heritage_proofs(complex_, network, domain, chunk=64, in_pairs=True):
    """Which vertices the compiled bounds prove, and their position errors."""
    bounds = FloatBounds(network, domain, domain.polytope())
    net = flat_network.flatten(bounds, complex_)
    count = len(complex_.vertices)
    proved, errors = np.zeros(count, bool), np.zeros(count)
    proofs.prove(
        net,
        np.arange(count),
        chunk,
        in_pairs,
        complex_.vertices,
        complex_.zeros,
        complex_.signs,
        complex_.parents,
        proved,
        errors,
    )
    return proved, errors


@pytest.mark.parametrize("in_pairs", [False, True])
@pytest.mark.parametrize("slopes", [0.0, 0.3])
def test_compiled_bounds_prove_nothing_false(slopes, in_pairs):
    """One bit, zero or parent is changed: the vertex is not proved any more."""
    rng = np.random.default_rng(8)
    network, domain = random_network(rng, 2, [6, 5, 5], slopes=slopes), Box.cube(2)
    complex_ = sweep(network, domain.polytope())

    def prove():
        return heritage_proofs(complex_, network, domain, in_pairs=in_pairs)

    proved, _ = prove()
    assert proved.all()
    units = np.flatnonzero(complex_.words.kinks)
    for _ in range(100):
        vertex, unit = rng.integers(len(complex_.vertices)), rng.choice(units)
        signs = complex_.signs[vertex].copy()
        flip = np.uint32(1 << int(complex_.words.bit[unit]))
        complex_.signs[vertex, complex_.words.word[unit]] ^= flip
        assert not prove()[0].all()
        complex_.signs[vertex] = signs
        slot = rng.integers(2)
        zeros = complex_.zeros[vertex].copy()
        complex_.zeros[vertex, slot] = complex_.num_facets + unit
        if complex_.num_facets + unit not in zeros:
            assert not prove()[0][vertex]
        complex_.zeros[vertex] = zeros
        parents = complex_.parents[vertex].copy()
        complex_.parents[vertex, slot] = vertex
        if parents[0] >= 0:
            assert not prove()[0][vertex]
        complex_.parents[vertex] = parents


def test_deep_bounds_are_no_worse_than_plain_ones_and_reach_further():
    network = random_network(np.random.default_rng(3), 2, [12] * 30)
    domain = Box.cube(2)
    complex_ = sweep(network, domain.polytope())
    bounds = FloatBounds(network, domain, domain.polytope())
    plain, _ = bounds.prove(complex_.vertices, complex_.zeros, complex_.signs)
    deep, errors = heritage_proofs(complex_, network, domain)
    assert plain.mean() < 0.5
    assert deep.mean() > 0.99
    assert (errors[deep] < 1e-6).all()


@pytest.mark.parametrize("slopes", [0.0, -0.4])
def test_proofs_do_not_depend_on_order_or_chunks(slopes):
    network = random_network(np.random.default_rng(4), 3, [9, 33, 5], slopes=slopes)
    domain = Box.cube(3)
    complex_ = sweep(network, domain.polytope())
    for chunk in (1, 7, 4096):
        proved, errors = heritage_proofs(complex_, network, domain, chunk)
        assert proved.all()
        np.testing.assert_allclose(
            errors, heritage_proofs(complex_, network, domain)[1]
        )


def test_vertices_are_sorted_by_cells_of_the_first_layer():
    network = random_network(np.random.default_rng(5), 2, [40, 9])
    complex_ = sweep(network, Box.cube(2).polytope())
    order = trie.nearby(complex_.vertices, -np.ones(2), np.ones(2))
    order = trie.by_cell(order, complex_.signs, 2)
    np.testing.assert_array_equal(np.sort(order), np.arange(len(complex_.vertices)))
    rows = complex_.signs[order, :2]
    changes = (rows[1:] != rows[:-1]).any(1).sum()
    assert changes + 1 == len(np.unique(rows, axis=0)) > 100


@pytest.mark.parametrize("seed", range(4))
def test_shifted_sums_err_less_than_they_say(seed):
    """Against rational arithmetic, with terms of very different sizes."""
    rng = np.random.default_rng(seed)
    room, count, u = 8, [1, 5, 12, 40][seed], Fraction(1, 2**53)
    matrix = rng.standard_normal((count, room)) * 2.0 ** rng.integers(
        -40, 9, (count, 1)
    )
    held = rng.standard_normal((2, count)) * 2.0 ** rng.integers(-30, 30, (2, count))
    low = held * rng.uniform(-1.0, 1.0, (2, count)) * 2.0**-53
    bias = rng.standard_normal(room)
    high_out, low_out = np.empty((1, 2, room)), np.empty((1, 2, room))
    bound = np.sqrt((matrix**2).sum(0)).max() * np.sqrt((held**2).sum(1))
    bound += [np.abs(bias).max(), 0.0]
    shift = np.array([pair_forms.sum_shift(1.001 * b) for b in bound])
    which = np.arange(count)
    pair_forms.add_up(
        matrix.ravel(), 0, bias, 0, room, shift, held, low, which, count,
        high_out, low_out, 0,
    )  # fmt: skip
    for row, k in itertools.product(range(2), range(room)):
        exact = Fraction(bias[k]) if row == 0 else Fraction(0)
        for i in range(count):
            value = Fraction(held[row, i]) + Fraction(low[row, i])
            exact += Fraction(matrix[i, k]) * value
        found = Fraction(high_out[0, row, k]) + Fraction(low_out[0, row, k])
        limit = 17 * (count + 2) ** 2 * u**2 * Fraction(1.001 * bound[row])
        assert abs(found - exact) <= limit


def test_shift_is_one_and_a_half_times_a_power_of_two():
    rng = np.random.default_rng(0)
    bounds = np.exp(rng.uniform(-600.0, 600.0, 1000))
    bounds = np.concatenate([bounds, 2.0 ** rng.integers(-900, 900, 100)])
    for bound in bounds:
        mantissa, exponent = np.frexp(pair_forms.sum_shift(bound))
        assert mantissa == 0.75
        assert 4.0 * bound < 2.0 ** (exponent - 1) <= 8.0 * bound
    assert np.isnan(pair_forms.sum_shift(np.inf))
    assert np.isnan(pair_forms.sum_shift(np.nan))


@pytest.mark.parametrize("shape", [(1, 1), (3, 7), (20, 20), (64, 2)])
def test_spectral_bound_holds_and_is_close(shape):
    rng = np.random.default_rng(shape[0])
    for scale in (1e-200, 1.0, 1e100):
        matrix = scale * rng.standard_normal(shape)
        norm = float(np.linalg.norm(matrix / scale, 2)) * scale
        assert norm <= norms.spectral_bound(matrix) <= 1.2 * norm
    assert norms.spectral_bound(np.zeros((2, 2))) == 0.0
