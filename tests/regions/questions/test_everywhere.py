"""Classes that hold at all inputs, and such as change very far away."""

import itertools
import json
import math
import time
from fractions import Fraction

import numpy as np
import pytest

import regions
from regions.certificates.answers import verify_answer
from regions.models.projective import in_projective_cube
from regions.network import ReluNetwork
from regions.questions.everywhere import input_of
from tests.helpers import random_network
from tests.regions.certificates.test_answers import write


def one_class(seed: int, dim: int, widths: list[int], slope: float = 0.0):
    """Output 0 is a constant above what the others, that fall, can reach."""
    rng = np.random.default_rng(seed)
    sizes = [dim, *widths, 3]
    weights = [
        rng.normal(size=(b, a)) / math.sqrt(a) for a, b in itertools.pairwise(sizes)
    ]
    biases = [rng.normal(size=b) for b in sizes[1:]]
    weights[-1] = -np.abs(weights[-1])
    weights[-1][0], biases[-1][0] = 0.0, 5.0
    slopes = [np.full(width, slope) for width in widths]
    return ReluNetwork.from_arrays(weights, biases, slopes)


@pytest.mark.parametrize("norm", [1, 2, math.inf])
@pytest.mark.parametrize(
    ("dim", "widths", "slope"),
    [(1, [4], 0.0), (2, [16, 16], 0.0), (3, [6, 4], 0.0), (2, [5, 4], -0.5)],
)
def test_a_class_that_holds_everywhere_is_proved(tmp_path, dim, widths, slope, norm):
    network = one_class(dim, dim, widths, slope)
    begin = time.process_time()
    answer = regions.robust_radius(network, np.full(dim, 0.25), norm)
    assert time.process_time() - begin < 20
    assert (answer.value, answer.witness, answer.proved) == (None, None, True)
    assert answer.stats["at_least"] == math.inf
    report = verify_answer(answer.save(tmp_path / "radius.json"), network=network)
    assert report.ok, str(report)


def test_a_class_that_holds_everywhere_in_many_dimensions(tmp_path):
    """Searched, not listed."""
    network = one_class(0, 12, [6])
    answer = regions.robust_radius(network, np.zeros(12))
    assert answer.proved
    path = answer.save(tmp_path / "radius.json")
    assert "claims" in json.loads(path.read_text())
    assert verify_answer(path).ok


def test_a_class_that_begins_very_far_away_is_found():
    """Outputs 0 and x - 3e5, of which a unit that is on from there on knows."""
    network = ReluNetwork.from_arrays([[[1.0]], [[0.0], [1.0]]], [[-3e5], [0.0, -1.0]])
    low, high = regions.robust_radius(network, [0.0]).value
    assert low <= 300001 <= high < 304000
    answer = regions.robust_radius(network, [0.0], max_radius=2e5)
    assert (answer.value, answer.proved) == (None, False)
    assert answer.stats["at_least"] == 200000


def test_a_class_that_is_level_around_the_input_is_asked_for_everywhere():
    """Its unit is off there: no radius is suggested."""
    network = ReluNetwork.from_arrays([[[1.0]], [[0.0], [-1.0]]], [[-3.0], [1.0, 0.0]])
    assert regions.robust_radius(network, [0.0]).proved


@pytest.mark.parametrize("slope", [0.0, 0.25])
def test_the_network_on_the_cube_has_the_same_order(slope):
    network = random_network(np.random.default_rng(3), 3, [5, 4], outputs=3)
    network = ReluNetwork.from_arrays(
        [layer.weight for layer in network.layers],
        [layer.bias for layer in network.layers],
        [np.full(layer.width, slope) for layer in network.hidden],
    )
    whole = in_projective_cube(network)
    assert whole is not None
    x = np.random.default_rng(4).normal(size=(50, 3)) * 10.0
    scale = 1 / (1 + np.abs(x).sum(1, keepdims=True))
    np.testing.assert_allclose(whole(x * scale), network(x) * scale, rtol=1e-9)
    half = (Fraction(1, 2), Fraction(0), Fraction(-1, 4))
    assert input_of(half) == (2, 0, -1)
    assert input_of((Fraction(1), Fraction(0), Fraction(0))) is None


def changed(saved, folder, *, about=None, **parts):
    """The file with other words, and a digest that fits."""
    body = json.loads(saved)
    body["about"] |= about or {}
    return write({**body, **parts}, folder)


@pytest.mark.parametrize("dim", [2, 12])
def test_files_that_say_too_much_are_refused(tmp_path, dim):
    network = one_class(1, dim, [5])
    answer = regions.robust_radius(network, np.zeros(dim))
    path = answer.save(tmp_path / "radius.json")
    saved = path.read_text()
    assert verify_answer(path).ok
    layers = json.loads(saved)["network"]
    # Another output has the largest value somewhere: where all units are off.
    layers[-1]["bias"][1] = 1e3
    wrong = [
        {"network": layers},
        {"value": ["1", "2"]},
        {"about": {"label": 1}},
        {"about": {"size": "1"}},
        {"about": {"everywhere": False}},
        {"domain": regions.Box.cube(dim, 0.5).to_dict()},
    ]
    for change in wrong:
        assert not verify_answer(changed(saved, tmp_path, **change)).ok, change


def test_one_point_proves_nothing_of_all_inputs(tmp_path):
    """A network on the cube is another one, which must not be taken for it."""
    network = ReluNetwork.from_arrays([[[0.0], [1.0]]], [[0.0, -1.0]])
    answer = regions.robust_radius(network, [0.0], max_seconds=1e-9)
    path = answer.save(tmp_path / "radius.json")
    assert verify_answer(path).ok
    more = changed(path.read_text(), tmp_path, about={"everywhere": True})
    assert not verify_answer(more).ok
