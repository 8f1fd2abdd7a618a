"""Files that prove something else than they say: refused, with what does not fit."""

from fractions import Fraction

import numpy as np
import pytest
from flint import fmpq

import regions
from regions.certificates.answer_bounds import largest_in_box
from regions.certificates.answers import verify_answer
from regions.errors import FileFormatError
from regions.network import ReluNetwork
from regions.questions import maxima
from regions.questions.properties import Property, Row
from tests.helpers import random_network
from tests.regions.certificates.test_answers import saved, write
from tests.regions.certificates.test_stopped_answers import after

BOX = regions.Box.cube(2)
CLASSES = random_network(np.random.default_rng(3), 2, [5, 4], outputs=3)


def refused(body: dict, folder) -> str:
    """Why a file is not verified."""
    return " ".join(verify_answer(write(body, folder)).failures)


@pytest.fixture
def trees_alone(monkeypatch):
    """Searches that take no list over."""
    monkeypatch.setattr(maxima, "FEW_NODES", 10**9)


@pytest.fixture
def lists_alone(monkeypatch):
    """Searches that leave all to a list."""
    monkeypatch.setattr(maxima, "FEW_NODES", 0)


def leaves(claim: dict) -> list[dict]:
    """The leaves of a tree that have multipliers."""
    return [node for node in claim["tree"] if node.get("bound") is not None]


def test_mixtures_that_are_none_prove_nothing(trees_alone, tmp_path):
    network = random_network(np.random.default_rng(1), 2, [6, 5])
    answer = regions.output_range(network, BOX, [-1.0])
    assert answer.value[1] > 0
    for part, said in (("0", "the mixture is empty"), ("1/2", "the mixture is none")):
        body, share = saved(answer, tmp_path), Fraction(part)
        claim = body["claims"][1]
        for node in leaves(claim):
            node["mix"] = [part]
            node["bound"] = str(Fraction(node["bound"]) * share)
            for name in ("signs", "rows"):
                node[name] = [
                    [*rest, str(Fraction(v) * share)] for *rest, v in node[name]
                ]
        claim["upper"] = str(Fraction(claim["upper"]) * share)
        assert said in refused(body, tmp_path)


def test_a_difference_is_that_of_all_outputs(trees_alone, tmp_path):
    other = random_network(np.random.default_rng(2), 2, [4], outputs=3)
    body = saved(regions.largest_difference(CLASSES, other, BOX), tmp_path)
    changed = {**body, "value": "1000"}
    assert "not what the claims say" in refused(changed, tmp_path)
    (claim,) = body["claims"]
    assert claim["goal"] < len(claim["goals"]) - 1
    claim["goals"].pop()
    assert "the claim is about other outputs" in refused(body, tmp_path)


def layer(weight: list, slope: float) -> dict:
    """A layer without biases, as a file has it."""
    zeros = [0.0] * len(weight)
    slopes = [slope] * len(weight)
    return {"weight": weight, "bias": zeros, "slopes": slopes, "skips": []}


def test_halves_of_a_difference_are_not_compared(tmp_path):
    """In two equal parts a difference is not 0, and in two that add up to 0 it is."""
    one, two = (
        ReluNetwork.from_arrays([[[1.0]], [[last]]], None) for last in (1.0, 0.5)
    )
    line, said = regions.Box.cube(1), "such a proof is about both networks"
    ramp = layer([[1.0]], 0.0)
    network = saved(regions.are_equal(one, two, line), tmp_path)["network"]
    body = saved(regions.are_equal(one, one, line), tmp_path)
    body |= {"network": network, "difference": [ramp, layer([[0.25], [0.25]], 1.0)]}
    assert body["value"] is True
    assert said in refused(body, tmp_path)
    body |= {"question": "largest_difference", "value": "0"}
    assert said in refused(body, tmp_path)
    body = saved(regions.are_equal(one, one, line), tmp_path)
    del body["comparison"]
    body |= {"value": False, "about": {"point": ["1"]}}
    body["difference"] = [ramp, layer([[1.0], [-1.0]], 1.0)]
    assert said in refused(body, tmp_path)


def test_a_radius_is_about_all_classes_and_a_box(tmp_path):
    center = [0.25, -0.5]
    body = saved(regions.robust_radius(CLASSES, center), tmp_path)
    (claim,), about = body["claims"], body["about"]
    rows = np.vstack([np.eye(2), -np.eye(2)])
    box = body["domain"]
    ends = np.append(box["upper"], np.negative(box["lower"]))
    changed = {**body, "domain": regions.HPolytope(rows, ends).to_dict()}
    assert "the domain is no box around the center" in refused(changed, tmp_path)
    across = [
        str(2 * Fraction(c) - Fraction(w))
        for c, w in zip(about["center"], about["witness"], strict=True)
    ]
    changed = {**body, "about": about | {"witness": across}}
    assert "the witness is of the same class" in refused(changed, tmp_path)
    claim["goals"].pop()
    assert "the claim is about other outputs" in refused(body, tmp_path)


@pytest.mark.parametrize("norm", [1, 2])
def test_a_distance_is_that_of_another_class(norm, tmp_path):
    body = saved(regions.robust_radius(CLASSES, [0.25, -0.5], norm), tmp_path)
    about = body["about"]
    about["witness"] = [
        str(2 * Fraction(c) - Fraction(w))
        for c, w in zip(about["center"], about["witness"], strict=True)
    ]
    assert "lies in no leaf of another class" in refused(body, tmp_path)


def test_a_property_of_a_list_is_about_outputs(lists_alone, tmp_path):
    network = random_network(np.random.default_rng(1), 2, [6, 5])
    most = regions.output_range(network, BOX).value[1]
    forbidden = regions.Property.bounds([[1.0]], [float(most) + 0.01])
    body = saved(regions.holds(network, BOX, forbidden), tmp_path)
    assert "partition" in body
    assert body["value"] is True
    changed = {**body, "value": False}
    assert "not what the claims say" in refused(changed, tmp_path)
    body["about"]["property"]["unsafe"][0][0]["inputs"] = ["1", "0"]
    assert "a list settles single rows on outputs" in refused(body, tmp_path)


@pytest.mark.parametrize("few", [0, 10**9])
def test_a_border_that_is_met_is_safe_only_if_strict(few, monkeypatch, tmp_path):
    """The largest slack is 0: whether that violates it is what `strict` says."""
    monkeypatch.setattr(maxima, "FEW_NODES", few)
    ramp = ReluNetwork.from_arrays([[[1.0]], [[1.0]]], None)
    most = Property.bounds([[1.0]], [2.0])
    body = saved(regions.holds(ramp, regions.Box([-1.0], [2.0]), most), tmp_path)
    held = body["about"]["property"]
    assert (body["value"], held["strict"]) == (True, True)
    for strict in (True, False):
        held["strict"] = strict
        for value in (True, False, None):
            said = refused({**body, "value": value}, tmp_path)
            assert bool(said) == (value is not strict)


def test_weights_that_the_network_has_no_outputs_or_inputs_for(trees_alone, tmp_path):
    """Nothing would be said of them, whatever they are."""
    one = Fraction(1)
    row = Row((one, Fraction(0)), (one, Fraction(0), Fraction(0)), Fraction(-30))
    body = saved(regions.holds(CLASSES, BOX, Property(((row,),), True)), tmp_path)
    assert body["value"] is True
    (held,) = body["about"]["property"]["unsafe"][0]
    for name in ("inputs", "outputs"):
        short = held[name].pop()
        assert "of other inputs or outputs" in refused(body, tmp_path)
        held[name] += [short, "7"]
        assert "of other inputs or outputs" in refused(body, tmp_path)
        held[name].pop()
    assert not refused(body, tmp_path)
    body = saved(regions.output_range(CLASSES, BOX, [1.0, 0.0, 0.0]), tmp_path)
    body["about"]["direction"] = ["1"]
    for claim, weight in zip(body["claims"], ("-1", "1"), strict=True):
        claim["goals"][0][0]["outputs"] = [weight]
    assert "the direction has 1 weights" in refused(body, tmp_path)


@pytest.mark.parametrize("domain", [BOX, regions.WholeSpace(2)])
def test_a_preimage_names_its_regions_once(domain, tmp_path):
    half = regions.HPolytope([[1.0, 0.5, 0.0]], [0.5])
    body = saved(regions.preimage(CLASSES, domain, half), tmp_path)
    body["value"]["patterns"] *= 2
    assert "other regions meet the preimage" in refused(body, tmp_path)


def test_means_are_of_parts_cut_by_classes(tmp_path):
    body = saved(regions.mean_by_class(CLASSES, BOX), tmp_path)
    fewer = {**body, "value": body["value"][:-1]}
    assert "2 classes are listed" in refused(fewer, tmp_path)
    # Without cuts all the square would be of the first class.
    single = regions.integral(CLASSES, BOX, 0)
    body |= {"partition": saved(single, tmp_path)["partition"]}
    body["value"] = [[0, "1", ["0", "0"]], [1, "0", None], [2, "0", None]]
    assert "the leaves are not cut by classes" in refused(body, tmp_path)


def test_shares_of_a_disc_are_those_of_their_classes(tmp_path):
    net = ReluNetwork.from_arrays([[[1.0, 0.0]], [[1.0], [0.5]]], [[0.0], [0.0, 0.25]])
    body = saved(regions.mean_by_class(net, regions.Ball([0.0, 0.0], 1.0)), tmp_path)
    assert verify_answer(tmp_path / "answer.json").ok
    (first, share, mean), second = body["value"]
    moved = {name: str(Fraction(v) / 2) for name, v in share.items()}
    changed = {**body, "value": [[first, moved, mean], second]}
    assert "the share of class 0" in refused(changed, tmp_path)
    changed = {**body, "value": [[1, share, mean], second]}
    assert "class 0 is named 1" in refused(changed, tmp_path)


def test_ends_of_a_stopped_integral_are_those_of_its_output(tmp_path):
    answer = regions.integral(CLASSES, BOX, 1, method="list", stop=after(0))
    assert not answer.proved
    body = saved(answer, tmp_path)
    assert verify_answer(tmp_path / "answer.json").ok
    body["about"]["direction"] = ["1", "0", "0"]
    assert "the claims are about other outputs" in refused(body, tmp_path)


def test_every_slope_counts_for_the_largest_value_in_a_box():
    low, high = [fmpq(-1), fmpq(-2), fmpq(-3)], [fmpq(2), fmpq(3), fmpq(4)]
    for slopes, largest in (((1, -1, 0), 4), ((2, 0, 1), 8), ((0, 0, 0), 0)):
        assert largest_in_box([fmpq(v) for v in slopes], low, high) == largest


def test_an_empty_list_of_moments_is_none(tmp_path):
    network = random_network(np.random.default_rng(1), 2, [4])
    for domain in (BOX, regions.Ball([0, 0], 1.0, 2)):
        body = saved(regions.moments(network, domain, 2, method="list"), tmp_path)
        assert refused(body, tmp_path) == ""
        first, second = body["value"]
        for value in ([], {}, "", {"0": first}, {str(first): 0, str(second): 0}):
            said = refused({**body, "value": value}, tmp_path)
            assert "no list of moments is stated" in said


def test_a_property_is_strict_or_not(trees_alone, tmp_path):
    spec = regions.Property.bounds([[1, 0, 0]], [50])
    body = saved(regions.holds(CLASSES, BOX, spec), tmp_path)
    assert refused(body, tmp_path) == ""
    for odd in ("false", 1, [0], None):
        body["about"]["property"]["strict"] = odd
        assert "strict is neither true nor false" in refused(body, tmp_path)


def damaged():
    """Files that are no saved answers, and what is said of them."""
    network = random_network(np.random.default_rng(1), 2, [4])
    rows = [[1.0, 0.5], [-1.0, 1.0], [0.0, -1.0], [-1.0, -1.0]]
    polytope = regions.HPolytope(rows, [1.0, 1.5, 1.0, 2.0])

    def empty(body):
        body["domain"]["b"][3] = -20.0

    def flat(body):
        body["domain"]["b"][3] = -20.0
        body["domain"]["b"][0] = body["domain"]["b"][2] = 20.0
        body["domain"]["A"][1] = [1.0, 1.0]
        body["domain"]["b"][1] = 20.0

    def digit(body):
        body["regions"]["witnesses"][0][0] = "x"

    def zero(body):
        body["regions"]["witnesses"][0] = ["1/0", "0"]

    spans = regions.output_range(network, polytope)
    return [
        (spans, empty, "the polytope is empty"),
        (spans, flat, "flat"),
        (regions.lipschitz(network, regions.Ball([0, 0], 1.0, 2)), digit, "rational"),
        (regions.lipschitz(network, regions.WholeSpace(2)), zero, "divides by 0"),
    ]


@pytest.mark.parametrize("number", range(4))
def test_damaged_files_are_refused_as_such(number, tmp_path):
    answer, change, said = damaged()[number]
    body = saved(answer, tmp_path)
    assert refused(body, tmp_path) == ""
    change(body)
    with pytest.raises(FileFormatError, match=said) as caught:
        verify_answer(write(body, tmp_path))
    assert "\n" not in str(caught.value)


def test_a_name_that_stands_twice_is_refused(tmp_path):
    """A reader may take the first of both, and a check the second."""
    network = random_network(np.random.default_rng(1), 2, [4])
    path = regions.output_range(network, BOX).save(tmp_path / "answer.json")
    text = path.read_text()
    assert verify_answer(path)
    path.write_text('{"value":["0","1"],' + text[1:])
    with pytest.raises(FileFormatError, match="stands twice"):
        verify_answer(path)
