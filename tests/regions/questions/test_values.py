"""Ranges, differences and Lipschitz constants against oracles that share nothing."""

import itertools
import math
from fractions import Fraction

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import regions
from regions.certificates.answers import verify_answer
from regions.lp.exact_lp import maximize
from regions.network import ReluNetwork
from regions.questions.answer import ends
from regions.questions.norms import float_norms, operator_norm
from tests.helpers import brute_force_rows, random_network
from tests.zoo import ZOO


def brute_range(network: ReluNetwork, box: regions.Box) -> tuple[Fraction, Fraction]:
    """Range of the output: an exact linear program for every pattern."""
    dim, ends = network.input_dim, []
    for pattern in itertools.product([False, True], repeat=network.num_bits):
        A, b, form = exact_rows(network, pattern)
        for k in range(dim):
            for sign, end in ((1, box.upper[k]), (-1, -box.lower[k])):
                A.append([Fraction(sign * int(i == k)) for i in range(dim)])
                b.append(Fraction(float(end)))
        for sign in (1, -1):
            best = maximize([sign * v for v in form[:-1]], A, b)
            if best.status == "optimal":
                assert best.value is not None
                ends.append(sign * best.value + form[-1])
    return min(ends), max(ends)


def exact_rows(network, pattern):
    """Closed rows of a pattern and the output's form, by Fractions alone."""
    dim = network.input_dim
    held = [
        [Fraction(int(i == j)) for j in range(dim)] + [Fraction(0)] for i in range(dim)
    ]
    A, b, bits = [], [], iter(pattern)
    for layer in network.layers:
        pre = []
        for weights, bias in zip(
            layer.weight.tolist(), layer.bias.tolist(), strict=True
        ):
            row = [
                sum(Fraction(w) * h[k] for w, h in zip(weights, held, strict=True))
                for k in range(dim + 1)
            ]
            row[-1] += Fraction(bias)
            pre.append(row)
        if layer is network.output:
            return A, b, pre[0]
        held = []
        for row in pre:
            on = next(bits)
            sign = -1 if on else 1
            A.append([sign * v for v in row[:-1]])
            b.append(-sign * row[-1])
            held.append(row if on else [Fraction(0)] * (dim + 1))
    raise AssertionError


def quantised(rng: np.random.Generator, dim: int, widths: list[int]) -> ReluNetwork:
    """Small integer weights, with ties everywhere."""
    sizes = [dim, *widths, 1]
    weights = [rng.integers(-2, 3, (b, a)) for a, b in itertools.pairwise(sizes)]
    biases = [rng.integers(-1, 2, b) for b in sizes[1:]]
    return ReluNetwork.from_arrays(weights, biases)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("make", [random_network, quantised])
def test_range_is_that_of_all_patterns(make, seed):
    network = make(np.random.default_rng(seed), 2, [3, 3])
    box = regions.Box([-1.0, -0.5], [1.0, 2.0])
    answer = regions.output_range(network, box)
    assert answer.value == brute_range(network, box)
    for value, point in zip(answer.value, answer.witness, strict=True):
        exact = network(np.array([[float(v) for v in point]]))[0, 0]
        assert float(value) == pytest.approx(exact, abs=1e-9)


@pytest.mark.parametrize("name", ["prelu", "skip_blocks", "residual", "huge_then_tiny"])
def test_no_sample_is_beyond_the_range(name):
    network, box = ZOO[name]
    low, high = regions.output_range(network, box).value
    rng = np.random.default_rng(0)
    values = network(rng.uniform(box.lower, box.upper, (20000, box.dim)))
    slack = 1e-9 * np.abs(values).max()
    assert float(low) - slack <= values.min()
    assert values.max() <= float(high) + slack


def test_range_on_a_slice_and_of_a_direction():
    network = random_network(np.random.default_rng(5), 4, [6], outputs=2)
    plane = regions.Slice(
        [0.5, 0, 0, 1], [[1, 0, 0, 1], [0, 1, 1, 0]], regions.Box.cube(2)
    )
    low, high = regions.output_range(network, plane, [1, Fraction(-1, 3)]).value
    t = np.random.default_rng(0).uniform(-1, 1, (20000, 2))
    values = network(plane.embed(t)) @ [1, -1 / 3]
    assert values.min() == pytest.approx(float(low), abs=0.05)
    assert values.max() == pytest.approx(float(high), abs=0.05)
    assert float(low) <= values.min() <= values.max() <= float(high)


@pytest.mark.parametrize("norm", [1, 2, math.inf])
def test_lipschitz_constant_is_the_largest_norm_of_jax_jacobians(norm):
    network = random_network(np.random.default_rng(3), 2, [7, 6], outputs=2)
    box = regions.Box.cube(2)

    def forward(x):
        for layer in network.hidden:
            x = jnp.maximum(layer.weight @ x + layer.bias, 0)
        return network.output.weight @ x + network.output.bias

    points = regions.enumerate_regions(network, box).witnesses
    with jax.enable_x64(True):
        jacobians = np.asarray(jax.vmap(jax.jacfwd(forward))(jnp.asarray(points)))
    expected = np.linalg.norm(jacobians, norm, axis=(1, 2)).max()
    value = regions.lipschitz(network, box, norm).value
    ends = value if isinstance(value, regions.Interval) else (value, value)
    assert float(ends[0]) == pytest.approx(expected, rel=1e-6)
    assert ends[1] - ends[0] <= 1e-12 * ends[1]


@pytest.mark.parametrize("exponent", [-620, 505])
@pytest.mark.parametrize(("dim", "outputs"), [(2, 1), (2, 2), (3, 1)])
def test_lipschitz_constants_of_any_size(dim, outputs, exponent):
    """Squares of such numbers are none of float64; the factor changes nothing else."""
    rng = np.random.default_rng(dim)
    network = random_network(rng, dim, [6], outputs=outputs)
    (hidden,), last = network.hidden, network.output
    scaled = ReluNetwork.from_arrays(
        [hidden.weight, np.ldexp(last.weight, exponent)], [hidden.bias, last.bias]
    )
    box, factor = regions.Box.cube(dim), Fraction(2) ** exponent
    for norm in (1, 2, np.inf):
        whole = regions.lipschitz(network, box, norm)
        answer = regions.lipschitz(scaled, box, norm)
        (low, high), (below, above) = ends(whole.value), ends(answer.value)
        assert answer.proved
        assert max(below, low * factor) <= min(above, high * factor)
        assert above - below <= factor * high / 10**12


def test_norms_of_small_matrices_are_those_of_larger_ones():
    """Their squares are no numbers of float64."""
    J, tiny = np.random.default_rng(0).standard_normal((5, 3, 2)), 2.0**-800
    for part in (J, J[:, :1]):
        small = float_norms(part * tiny, 2)
        np.testing.assert_allclose(small / tiny, float_norms(part, 2), rtol=1e-14)


def test_a_constant_is_that_of_the_region_that_overflows():
    """One region is flat, and the norm of the other has no square in float64."""
    net = ReluNetwork.from_arrays([[[1e270, 1e270]], [[1e-18]]], None)
    low, high = ends(regions.lipschitz(net, regions.Box([-1, -1.5], [2, 1]), 2).value)
    square = 2 * (Fraction(1e270) * Fraction(1e-18)) ** 2
    assert low * low <= square <= high * high


def test_a_stopped_lipschitz_constant_keeps_both_ends():
    network = random_network(np.random.default_rng(3), 2, [7, 6])
    whole = regions.lipschitz(network, regions.Box.cube(2), 1)
    part = regions.lipschitz(network, regions.Box.cube(2), 1, stop=lambda: True)
    assert whole.proved
    assert not part.proved
    assert part.value.lower <= whole.value <= part.value.upper


@pytest.mark.parametrize("norm", [1, 2, np.inf])
@pytest.mark.parametrize("held", [0.0, 0.375])
def test_the_constant_of_a_flat_box_is_that_of_the_network_without_its_axis(
    norm, held, tmp_path
):
    """With weights so short that the fixed input is put into the biases exactly."""
    drawn = random_network(np.random.default_rng(4), 3, [9, 8], outputs=2)
    layers = drawn.layers
    weights = [np.round(16 * layer.weight) / 16 for layer in layers]
    biases = [np.round(16 * layer.bias) / 16 for layer in layers]
    net = ReluNetwork.from_arrays(weights, biases)
    within = [biases[0] + held * weights[0][:, 1], *biases[1:]]
    short = ReluNetwork.from_arrays([weights[0][:, [0, 2]], *weights[1:]], within)
    flat = regions.Box([-1.0, held, -0.5], [1.0, held, 1.0])
    wanted = regions.lipschitz(short, regions.Box([-1.0, -0.5], [1.0, 1.0]), norm)
    found = regions.lipschitz(net, flat, norm)
    assert found.proved
    assert len(found.witness) == 3
    assert found.witness[1] == Fraction(held)
    assert found.value == wanted.value
    whole = regions.lipschitz(net, regions.Box([-1, -1, -0.5], [1, 1, 1]), norm)
    assert ends(found.value)[0] <= ends(whole.value)[1]
    assert verify_answer(found.save(tmp_path / "answer.json")).ok


def test_spectral_norms_enclose_numpys():
    rng = np.random.default_rng(0)
    for _ in range(5):
        J = rng.standard_normal((3, 4))
        ends = operator_norm([[Fraction(float(v)) for v in row] for row in J], 2)
        assert isinstance(ends, regions.Interval)
        assert float(ends.lower) == pytest.approx(np.linalg.norm(J, 2), rel=1e-12)
        assert 0 < ends.width < 1e-10


def test_the_largest_difference_is_that_of_samples():
    rng = np.random.default_rng(8)
    one = random_network(rng, 2, [6, 4], outputs=2)
    two = random_network(rng, 2, [5], outputs=2)
    answer = regions.largest_difference(one, two, regions.Box.cube(2))
    x = rng.uniform(-1, 1, (50000, 2))
    sampled = np.abs(one(x) - two(x)).max()
    assert sampled <= float(answer.value) <= 1.05 * sampled
    point = np.array([[float(v) for v in answer.witness]])
    gap = np.abs(one(point) - two(point))[0, answer.stats["output"]]
    assert gap == pytest.approx(float(answer.value))


def test_wrong_arguments_say_what_is_required():
    net = random_network(np.random.default_rng(0), 2, [2], outputs=2)
    box = regions.Box.cube(2)
    with pytest.raises(ValueError, match="2 outputs and `direction` is None"):
        regions.output_range(net, box)
    for wrong in (True, np.False_):
        with pytest.raises(TypeError, match=f"`direction` is {wrong}: the number"):
            regions.output_range(net, box, wrong)
    with pytest.raises(TypeError, match="`norm` is True: a number is required"):
        regions.lipschitz(net, box, True)
    with pytest.raises(ValueError, match="outputs run from 0 to 1"):
        regions.output_range(net, box, 2)
    with pytest.raises(ValueError, match=r"`norm` is 3: 1, 2 or math\.inf"):
        regions.lipschitz(net, box, 3)
    with pytest.raises(ValueError, match="a domain of full dimension"):
        regions.lipschitz(net, regions.Segment([0, 0], [1, 1]))
    other = random_network(np.random.default_rng(0), 2, [2])
    with pytest.raises(ValueError, match="2 outputs and the other 1"):
        regions.largest_difference(net, other, box)


def test_rows_of_the_oracle_are_those_of_the_helpers():
    network = random_network(np.random.default_rng(0), 2, [3, 2])
    pattern = (True, False, True, True, False)
    A, b = brute_force_rows(network, np.array(pattern))
    exact_A, exact_b, _ = exact_rows(network, pattern)
    np.testing.assert_allclose(np.array(exact_A, float), A)
    np.testing.assert_allclose(np.array(exact_b, float), b)
