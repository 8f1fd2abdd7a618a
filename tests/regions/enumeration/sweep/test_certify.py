"""The proof of a complex: it accepts what is true and nothing else."""

import dataclasses
from fractions import Fraction

import numpy as np
import pytest

from regions.compiled import SWITCH as COMPILED
from regions.domains.shapes import Box
from regions.enumeration.sweep.certify import certify
from regions.enumeration.sweep.grow import sweep
from regions.errors import NotGenericError
from regions.network import ReluNetwork
from tests.helpers import random_network


@pytest.fixture(autouse=True, params=["off", "on"])
def compiled(request, monkeypatch):
    """Every test runs with plain and with compiled code."""
    monkeypatch.setenv(COMPILED, request.param)


def complex_of(network, domain):
    return sweep(domain.restrict(network), domain.polytope())


def prove(complex_, network, domain):
    """All checks that stand between a complex and its cells."""
    proof = certify(complex_, network, domain, domain.polytope())
    direction = np.random.default_rng(99).standard_normal(domain.dim)
    complex_.edges_around()
    return complex_.rising_edges(proof.ascends(direction)).num_cells()


CASES = [
    (random_network(np.random.default_rng(1), 2, [6, 5]), Box.cube(2)),
    (random_network(np.random.default_rng(2), 3, [5, 4], slopes=0.1), Box.cube(3)),
    (random_network(np.random.default_rng(3), 2, [5] * 5), Box.cube(2)),
]


@pytest.mark.parametrize(("network", "domain"), CASES)
def test_one_flipped_sign_is_refused(network, domain):
    complex_ = complex_of(network, domain)
    rng = np.random.default_rng(0)
    keyed = np.flatnonzero(complex_.words.keyed)
    for _ in range(40):
        vertex, unit = rng.integers(len(complex_.vertices)), rng.choice(keyed)
        signs = complex_.signs.copy()
        signs[vertex, complex_.words.word[unit]] ^= np.uint32(
            1 << int(complex_.words.bit[unit])
        )
        wrong = dataclasses.replace(complex_, signs=signs)
        with pytest.raises(NotGenericError):
            prove(wrong, network, domain)


@pytest.mark.parametrize(("network", "domain"), CASES)
def test_one_changed_zero_is_refused(network, domain):
    complex_ = complex_of(network, domain)
    rng = np.random.default_rng(0)
    choices = complex_.num_facets + np.flatnonzero(complex_.words.keyed)
    for _ in range(40):
        vertex, slot = rng.integers(len(complex_.vertices)), rng.integers(domain.dim)
        other = rng.choice(np.setdiff1d(choices, complex_.zeros[vertex]))
        zeros = complex_.zeros.copy()
        zeros[vertex, slot] = other
        wrong = dataclasses.replace(complex_, zeros=zeros)
        with pytest.raises(NotGenericError):
            prove(wrong, network, domain)


@pytest.mark.parametrize(("network", "domain"), CASES)
def test_wrong_position_is_settled_exactly(network, domain):
    """Positions decide nothing: the zeros say where a vertex is."""
    complex_ = complex_of(network, domain)
    count = prove(complex_, network, domain)
    moved = complex_.vertices.copy()
    moved[7] += 0.25
    wrong = dataclasses.replace(complex_, vertices=moved)
    proof = certify(wrong, network, domain, domain.polytope())
    # A bound may still prove the signs; it must then admit the distance.
    assert proof.position_error[7] >= 0.2499
    assert prove(wrong, network, domain) == count


def ill_conditioned():
    """Networks that strain float64, by name."""
    rng = np.random.default_rng(6)
    scaled = random_network(rng, 2, [6, 5])
    big, small = scaled.hidden
    first = np.array([[0.3, 1.0], [0.3, 1.0 + 1e-12], [1.0, -0.4]])
    lines = np.array([[0.3, 1.0], [1.0, -0.7], [-0.6, -1.1]])
    offsets = -lines @ np.array([0.21, -0.13]) + [0.0, 0.0, 1e-13]
    second = rng.standard_normal((3, 3))
    return {
        "scaled": ReluNetwork.from_arrays(
            [1e8 * big.weight, 1e-8 * small.weight, scaled.output.weight],
            [1e8 * big.bias, small.bias, scaled.output.bias],
        ),
        "nearly parallel": ReluNetwork.from_arrays(
            [first, second, np.ones((1, 3))],
            [[0.1, 0.1 + 3e-13, 0.05], 0.3 * rng.standard_normal(3), [0.0]],
        ),
        "nearly concurrent": ReluNetwork.from_arrays(
            [lines, second, np.ones((1, 3))],
            [offsets, 0.3 * rng.standard_normal(3), [0.0]],
        ),
        "deep": random_network(rng, 2, [6] * 10, bias_scale=0.1),
        "far away": random_network(rng, 2, [6, 6]),
    }


@pytest.mark.parametrize("name", list(ill_conditioned()))
def test_position_error_covers_the_exact_position(name):
    network = ill_conditioned()[name]
    domain = Box.cube(2, 1e6 if name == "far away" else 1.0)
    complex_ = complex_of(network, domain)
    proof = certify(complex_, network, domain, domain.polytope())
    for vertex in range(len(complex_.vertices)):
        exact = proof._tier().position(vertex)
        stored = [Fraction(float(v)) for v in complex_.vertices[vertex]]
        error = max(abs(p - q) for p, q in zip(exact, stored, strict=True))
        assert error <= Fraction(float(proof.position_error[vertex]))


@pytest.mark.parametrize("name", list(ill_conditioned()))
def test_edges_rise_as_exact_heights_do(name):
    network = ill_conditioned()[name]
    complex_ = complex_of(network, Box.cube(2))
    proof = certify(complex_, network, Box.cube(2), Box.cube(2).polytope())
    direction = np.array([0.37, -0.81])
    slope = [Fraction(float(c)) for c in direction]
    heights = [proof._tier().height(v, slope) for v in range(len(complex_.vertices))]
    expected = [heights[a] < heights[b] for a, b in complex_.ends]
    assert proof.ascends(direction).tolist() == expected


def test_level_edge_is_refused():
    network, domain = CASES[0]
    proof = certify(complex_of(network, domain), network, domain, domain.polytope())
    with pytest.raises(NotGenericError, match="an edge is level"):
        proof.ascends(np.array([1.0, 0.0]))
