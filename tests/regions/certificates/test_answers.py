"""Saved answers: verified from the file alone; a digit that is changed is found."""

import dataclasses
import hashlib
import json
import re
import sys
from fractions import Fraction

import numpy as np
import pytest
from flint import fmpq

import regions
from regions.certificates.answers import verify_answer
from regions.certificates.rationals import short
from regions.errors import FileFormatError, RegionsError
from regions.models.joint import with_affine_units
from regions.questions import maxima, search
from regions.questions.answer import Answer
from regions.questions.answer_files import Partition
from tests.helpers import random_network
from tests.regions.questions.test_equality import larger_of_three
from tests.zoo import ZOO


def saved(answer, folder) -> dict:
    """What `save` writes."""
    return json.loads(answer.save(folder / "answer.json").read_text())


def write(body: dict, folder, *, sealed: bool = True):
    """A file with such a body, with a digest that fits."""
    if sealed:
        rest = {key: value for key, value in body.items() if key != "sha256"}
        text = json.dumps(rest, separators=(",", ":"), sort_keys=True)
        body = {**rest, "sha256": hashlib.sha256(text.encode()).hexdigest()}
    path = folder / "changed.json"
    path.write_text(json.dumps(body))
    return path


@pytest.fixture
def trees_alone(monkeypatch):
    """Searches that take no list over."""
    monkeypatch.setattr(maxima, "FEW_NODES", 10**9)


@pytest.mark.parametrize(
    "name", ["residual", "skip_blocks", "prelu", "zero_biases", "huge_then_tiny"]
)
def test_ranges_are_verified(name, trees_alone, tmp_path):
    network, box = ZOO[name]
    answer = regions.output_range(network, box)
    report = verify_answer(answer.save(tmp_path / "answer.json"), network=network)
    assert report.ok, str(report)
    assert len(report.checks) == 7


def test_other_domains_and_questions_are_verified(tmp_path):
    network = random_network(np.random.default_rng(5), 3, [6, 5], outputs=2)
    simplex = regions.Simplex(np.vstack([np.zeros(3), np.diag([1.0, 2, 3])]))
    plane = regions.Slice([0.5, 0, 0], [[1, 0, 0.3], [0, 1, 0.7]], regions.Box.cube(2))
    other = random_network(np.random.default_rng(6), 3, [4], outputs=2)
    answers = [
        regions.output_range(network, simplex, 0),
        regions.output_range(network, plane, [1, -0.3]),
        regions.largest_difference(network, other, plane),
        regions.holds(network, simplex, regions.Property.bounds([[1, 1]], [0])),
        regions.robust_radius(network, [0.1, 0.2, 0.3]),
        regions.output_range(network, simplex, 1, tolerance=0.1),
        regions.output_range(network, simplex, 1, stop=lambda: True),
    ]
    for answer in answers:
        report = verify_answer(answer.save(tmp_path / "answer.json"))
        assert report.ok, f"{answer.question}: {report}"


def changes(body: dict):
    """Bodies with one number changed, and what is said of each."""

    def changed(change) -> dict:
        copy = json.loads(json.dumps(body))
        change(copy, copy["claims"][1])
        return copy

    tree = body["claims"][1]["tree"]
    leaf, place = next(
        (k, place)
        for k, node in enumerate(tree)
        for place, sign in enumerate(node.get("signs", []))
        if sign[2] != "0"
    )

    def turned(copy, claim):
        sign = claim["tree"][leaf]["signs"][place]
        sign[2] = sign[2][1:] if sign[2][0] == "-" else "-" + sign[2]

    def scaled(copy, claim):
        claim["tree"][leaf]["signs"][place][2] += "0"

    def weight(copy, claim):
        copy["network"][0]["weight"][0][0] += 1e-9

    def upper(copy, claim):
        claim["upper"] = "1" + claim["upper"] if claim["upper"][0] != "-" else "0"
        claim["upper"], claim["lower"] = claim["lower"], claim["upper"]

    def value(copy, claim):
        copy["value"][1] = "12345"

    def endless(copy, claim):
        claim["goals"][0][0]["outputs"] = ["1e99999999"]

    def moved(copy, claim):
        claim["point"][0] = "1/3"

    def bounds(copy, claim):
        row = claim["bounds"]["0"][1][0]
        row[0] = "0" if row[0] != "0" else "-1"

    def cut(copy, claim):
        claim["tree"][0] = claim["tree"][leaf]

    yield changed(turned), f"leaf {leaf}|wrong sign"
    yield changed(scaled), f"leaf {leaf}"
    yield changed(weight), "claim 1"
    yield changed(upper), "claim 1, lower end"
    yield changed(value), "answer: not what the claims say"
    yield changed(endless), "answer: '1e99999999' is no rational number"
    yield changed(moved), "another one|outside"
    yield changed(bounds), "are not proved|leaf"
    yield changed(cut), "leaf 0"


def test_every_change_is_found_and_named(trees_alone, tmp_path):
    network = random_network(np.random.default_rng(1), 2, [6, 5])
    body = saved(regions.output_range(network, regions.Box.cube(2)), tmp_path)
    count = 0
    for changed, said in changes(body):
        report = verify_answer(write(changed, tmp_path))
        assert not report.ok, said
        lines = " ".join(report.failures)
        assert any(part in lines for part in said.split("|")), lines
        count += 1
    assert count == 9


def test_a_change_without_meaning_breaks_the_digest(tmp_path):
    network = random_network(np.random.default_rng(1), 2, [3])
    body = saved(regions.output_range(network, regions.Box.cube(2)), tmp_path)
    body["note"] = 1
    report = verify_answer(write(body, tmp_path, sealed=False))
    assert report.failures == ["file: it was changed since"]


def test_another_network_is_told(tmp_path):
    network = random_network(np.random.default_rng(1), 2, [3])
    answer = regions.output_range(network, regions.Box.cube(2))
    other = random_network(np.random.default_rng(2), 2, [3])
    report = verify_answer(answer.save(tmp_path / "answer.json"), network=other)
    assert report.failures == ["network: another one"]


@pytest.fixture(scope="module")
def listed_answers():
    """Answers of lists, one by units, and one by a point."""
    network = random_network(np.random.default_rng(1), 2, [5, 3], outputs=2)
    other = random_network(np.random.default_rng(2), 2, [4], outputs=2)
    box, triangle = (
        regions.Box([-1, 0], [1, 2]),
        regions.Simplex([[0, 0], [2, 0.5], [0, 3]]),
    )
    deeper = regions.ReluNetwork.from_arrays(
        [*(layer.weight for layer in other.layers), np.eye(2)],
        [*(layer.bias for layer in other.layers), None],
        [0.0, 1.0],
    )
    assert not deeper.hidden[1].kinks.any()
    property = regions.Property.bounds([[1, 0]], [50])
    return [
        regions.output_range(network, box, [1, -0.5], method="list"),
        regions.largest_difference(network, other, triangle, method="list"),
        regions.are_equal(other, deeper, triangle),
        regions.are_equal(network, other, box),
        regions.are_equal(network, network, box),
        regions.integral(network, triangle, 1),
        regions.moments(network, box, 3, 0),
        regions.mean_by_class(network, triangle),
        regions.lipschitz(network, box, 1),
        regions.lipschitz(network, box, 2.0),
        regions.lipschitz(network, triangle, np.inf),
        regions.holds(network, box, property),
        regions.moments(network, box, 2, 1, method="corners"),
        regions.mean_by_class(network, box, method="corners"),
    ]


@pytest.mark.parametrize("number", range(14))
def test_answers_of_lists_are_verified_and_others_are_not(
    number, listed_answers, tmp_path
):
    assert len(listed_answers) == 14
    body = saved(listed_answers[number], tmp_path)
    report = verify_answer(tmp_path / "answer.json")
    assert report.ok, str(report)
    assert all(check.passed for check in report.checks)
    value = body["value"]
    other = not value if isinstance(value, bool) else altered(value)
    report = verify_answer(write({**body, "value": other}, tmp_path))
    assert [line.split(":")[0] for line in report.failures] == ["answer"]


def altered(value):
    """A value with a digit changed."""
    if isinstance(value, str):
        return "1" + value if value[0] != "-" else "-1" + value[1:]
    if isinstance(value, dict):
        return {name: altered(end) for name, end in value.items()}
    if isinstance(value, list):
        first = next(k for k, part in enumerate(value) if not isinstance(part, int))
        return [*value[:first], altered(value[first]), *value[first + 1 :]]
    return value


def partition_changes(body: dict):
    """Bodies with one thing changed, and what is said of each."""

    def changed(change) -> dict:
        copy = json.loads(json.dumps(body))
        change(copy, copy["partition"])
        return copy

    def moved(copy, held):
        inner = next(
            k for k, (x, y) in enumerate(held["corners"]) if len(x) > 9 and len(y) > 9
        )
        x = held["corners"][inner][0]
        held["corners"][inner][0] = x[:-1] + str((int(x[-1]) + 1) % 10)

    def outside(copy, held):
        held["corners"][0][0] = "1000"

    def missing(copy, held):
        held["leaves"].pop(2)
        held["labels"].pop(2)

    def twice(copy, held):
        held["leaves"].append(held["leaves"][0])
        held["labels"].append(held["labels"][0])

    def fewer(copy, held):
        longest = max(held["leaves"], key=len)
        longest.pop()

    def relabeled(copy, held):
        held["labels"][0] = 1 - held["labels"][0]

    def weight(copy, held):
        copy["network"][0]["weight"][0][0] += 1e-9

    def merged(copy, held):
        held["leaves"][0] = sorted({*held["leaves"][0], *held["leaves"][1]})

    yield changed(moved), "both signs|volume|as large"
    yield changed(outside), "corner 0 lies outside of the domain"
    yield changed(missing), "some are missing"
    yield changed(twice), "lies in the same region as leaf 0"
    yield changed(fewer), "volume|corners"
    yield changed(relabeled), "leaf 0: output"
    yield changed(weight), "both signs|volume|as large"
    yield changed(merged), "leaf 0"


def test_every_change_of_a_partition_is_found_and_named(tmp_path):
    network = random_network(np.random.default_rng(1), 2, [5, 3], outputs=2)
    answer = regions.mean_by_class(network, regions.Box.cube(2))
    for changed, said in partition_changes(saved(answer, tmp_path)):
        report = verify_answer(write(changed, tmp_path))
        (line,) = report.failures
        assert line.startswith("partition: "), line
        assert any(part in line for part in said.split("|")), line


@pytest.mark.parametrize("dim", [1, 3, 4])
def test_partitions_in_other_dimensions(dim, tmp_path):
    """Integers, so that many units vanish at one corner."""
    rng = np.random.default_rng(dim)
    network = regions.ReluNetwork.from_arrays(
        [rng.integers(-2, 3, (4, dim)), rng.integers(-2, 3, (2, 4)), [[1, -1]]],
        [rng.integers(-1, 2, 4), rng.integers(-1, 2, 2), None],
    )
    answer = regions.integral(network, regions.Box.cube(dim))
    report = verify_answer(answer.save(tmp_path / "answer.json"))
    assert report.ok, str(report)


def test_networks_are_equal_by_their_units(tmp_path):
    network = random_network(np.random.default_rng(1), 2, [4, 3])
    body = saved(regions.are_equal(network, network, regions.Box.cube(2)), tmp_path)
    body["network"][-1]["weight"][0][0] += 1e-12
    (line,) = verify_answer(write(body, tmp_path)).failures
    assert line == "answer: leaf 0: output 0 differs by its units"
    answer = regions.largest_difference(network, network, regions.Box.cube(2))
    assert (answer.value, answer.method) == (0, "units")
    body = saved(answer, tmp_path)
    assert verify_answer(tmp_path / "answer.json").ok
    body["value"] = "1/1000"
    (line,) = verify_answer(write(body, tmp_path)).failures
    assert line == "answer: a comparison proves networks equal, and nothing else"


def test_a_unit_whose_bound_is_0_is_on(tmp_path):
    """relu(x) and x from 0 to 1: with the least value 0 no unit is off."""
    one = regions.ReluNetwork.from_arrays([[[1.0]], [[1.0]]], None)
    two = regions.ReluNetwork.from_arrays([[[1.0]]], None)
    body = saved(regions.are_equal(one, two, regions.Box([0.0], [1.0])), tmp_path)
    body["comparison"] |= {
        "bounds": {"0": [[["0"]], [["1"]]]},
        "tree": [{"same": True}],
    }
    assert verify_answer(write(body, tmp_path)).ok
    body["network"][-1]["skips"] = []
    (line,) = verify_answer(write(body, tmp_path)).failures
    assert line == "answer: leaf 0: output 0 differs by its units"


def comparison_changes(body: dict):
    """Bodies with one thing changed, and what is said of each."""

    def changed(change) -> dict:
        copy = json.loads(json.dumps(body))
        change(copy, copy["comparison"])
        return copy

    tree = body["comparison"]["tree"]
    same = next(k for k, node in enumerate(tree) if "same" in node)
    flat = next(k for k, node in enumerate(tree) if node.get("signs"))
    place = next(k for k, sign in enumerate(tree[flat]["signs"]) if sign[2] != "0")

    def weight(copy, held):
        copy["network"][0]["weight"][0][0] += 1e-9

    def turned(copy, held):
        sign = held["tree"][flat]["signs"][place]
        sign[2] = sign[2][1:] if sign[2][0] == "-" else "-" + sign[2]

    def dropped(copy, held):
        held["tree"][flat]["signs"] = []

    def none(copy, held):
        held["tree"][0]["unit"] = [0, 99]

    def other(copy, held):
        layer, unit = held["tree"][0]["unit"]
        held["tree"][0]["unit"] = [layer, (unit + 1) % 2]

    def claimed(copy, held):
        held["tree"][flat] = {"same": True}

    def emptied(copy, held):
        held["tree"][same] = held["tree"][flat]

    def bounds(copy, held):
        held["bounds"]["0"][1][0][0] = "-1"

    def narrow(copy, held):
        held["high"][0] = "1/2"

    yield changed(weight), "leaf|are not proved"
    yield changed(turned), f"leaf {flat}: .* has a multiplier of a wrong sign"
    yield changed(dropped), f"leaf {flat} is not proved empty"
    yield changed(none), "node 0 splits unit 99 of layer 0"
    yield changed(other), "leaf"
    yield changed(claimed), f"leaf {flat}: output 0 differs by its units"
    yield changed(emptied), f"leaf {same}"
    yield changed(bounds), "are not proved"
    yield changed(narrow), "not about the whole domain"


def test_every_change_of_a_comparison_is_found_and_named(tmp_path):
    one, two = larger_of_three()
    answer = regions.are_equal(one, two, regions.Box([-1.0, -2.0], [2.0, 1.0]))
    for changed, said in comparison_changes(saved(answer, tmp_path)):
        (line,) = verify_answer(write(changed, tmp_path)).failures
        assert re.search(f"answer: .*{said}", line), (line, said)


def test_claims_of_a_radius_and_of_a_property_are_about_what_was_asked(tmp_path):
    network = random_network(np.random.default_rng(5), 3, [6, 5], outputs=2)
    radius = saved(regions.robust_radius(network, [0.1, 0.2, 0.3]), tmp_path)
    for name, change, said in (
        ("label", 1 - radius["about"]["label"], "the class of the center"),
        ("center", ["0", "0", "0"], "not about the whole domain"),
        ("radius", "1", "not about the whole domain"),
        ("witness", radius["about"]["center"], "the witness lies at another distance"),
    ):
        copy = {**radius, "about": {**radius["about"], name: change}}
        (line,) = verify_answer(write(copy, tmp_path)).failures
        assert said in line, line
    property = regions.Property.bounds([[1, 1]], [100])
    held = saved(regions.holds(network, regions.Box.cube(3), property), tmp_path)
    copy = json.loads(json.dumps(held))
    copy["about"]["property"]["unsafe"][0][0]["bound"] = "-1"
    (line,) = verify_answer(write(copy, tmp_path)).failures
    assert line == "answer: the claim is about another property"
    for claim in held["claims"]:
        claim["high"][0] = "1/2"
    assert (
        "answer: claim 0 is not about the whole domain"
        in verify_answer(write(held, tmp_path)).failures
    )


def test_a_ball_that_rows_cut_proves_no_radius(tmp_path):
    """The class changes at a distance of 1: just there the polytope has ended."""
    network = regions.ReluNetwork.from_arrays([np.eye(2), np.eye(2)], None)
    cut = regions.HPolytope(
        [[1, 0], [-1, 0], [0, 1], [0, -1], [-1, 1]], [5, -1, 3, 1, 0]
    )
    about = {"center": ["3", "1"], "label": 0, "radius": "2", "witness": ["1", "2"]}
    forged = Answer("robust_radius", Fraction(2), None, True, 0.0)
    path = Partition(network, cut, about).save(tmp_path / "answer.json", forged)
    assert verify_answer(path).failures == [
        "answer: the domain is no box around the center"
    ]


def test_corners_of_the_box_around_a_round_ball_prove_nothing(trees_alone, tmp_path):
    """Both answers are those of the box, and wrong in the disc."""
    far = regions.ReluNetwork.from_arrays([[[1.0, 1]], [[1.0]]], [[-1.9], [0]])
    none = regions.ReluNetwork.from_arrays([[[0.0, 0]], [[1.0]]], None)
    square = regions.Ball([0.0, 0.0], 1.0, np.inf)
    body = saved(regions.output_range(far, square), tmp_path)
    body["domain"]["norm"] = 2
    (failure, *_) = verify_answer(write(body, tmp_path)).failures
    assert "the point lies outside of the ball" in failure
    body = saved(regions.are_equal(far, none, square), tmp_path)
    body["domain"]["norm"] = 2
    (failure, *_) = verify_answer(write(body, tmp_path)).failures
    assert "the point lies outside of the domain" in failure
    body = saved(regions.integral(far, square), tmp_path)
    body["domain"]["norm"] = 2
    (failure, *_) = verify_answer(write(body, tmp_path)).failures
    assert "the integral is 0" in failure
    body = saved(regions.output_range(far, square, method="list"), tmp_path)
    body["domain"]["norm"] = 2
    with pytest.raises(FileFormatError, match="is a ball of the norm 2"):
        verify_answer(write(body, tmp_path))


def test_a_witness_beyond_float64_is_verified(tmp_path):
    network = regions.ReluNetwork.from_arrays([[[1e-300]], [[1.0]]], [[-1e10], [0.0]])
    rows = regions.HPolytope([[-1.0]], [-1.0])  # y >= 1, so x > 1e310
    answer = regions.preimage(network, regions.WholeSpace(1), rows)
    assert answer.witness[0] > Fraction(sys.float_info.max)
    assert verify_answer(answer.save(tmp_path / "answer.json")).ok


def test_rows_of_a_preimage_have_one_sign_on_each_leaf(tmp_path):
    """A last layer that reads more than the outputs does not cut where it must."""
    network = regions.ReluNetwork.from_arrays([[[1.0]], [[1.0]]], None)
    wide = with_affine_units(network, np.array([[-1.0]]), np.array([0.5]))
    *first, last = wide.hidden
    blind = dataclasses.replace(last, skips=((1, np.ones((1, 1))),))
    forged = regions.ReluNetwork((*first, blind), wide.output)
    value = {"patterns": [[False]], "volume": "1"}  # it is 3/2, of both patterns
    path = Partition(
        forged, regions.Box([-1.0], [1.0]), {"A": [[1.0]], "b": [0.5]}
    ).save(tmp_path / "answer.json", Answer("preimage", value, None, True, 0.0))
    (line,) = verify_answer(path).failures
    assert "has a row with both signs" in line


def test_three_outputs_are_not_those_of_two_networks(tmp_path):
    network = regions.ReluNetwork.from_arrays([[[1.0]], [[1.0], [1.0], [2.0]]], None)
    forged = Answer("are_equal", True, None, True, 0.0)
    path = Partition(network, regions.Box([-1.0], [1.0]), {}).save(
        tmp_path / "answer.json", forged
    )
    with pytest.raises(FileFormatError, match="even number of outputs"):
        verify_answer(path)


def test_numbers_of_any_length_are_saved_and_shown(tmp_path):
    """Longer than Python writes, and beyond float64."""
    rng = np.random.default_rng(0)
    network = regions.ReluNetwork.from_arrays(
        [10.0 ** rng.uniform(-90, 90, size) for size in ((3, 2), (3, 3), (1, 3))],
        [-(10.0 ** rng.uniform(-90, 90, size)) for size in (3, 3, 1)],
    )
    most = regions.HPolytope([[1.0]], [1e30])
    answer = regions.preimage(network, regions.Box.cube(2, 1e9), most)
    before = sys.get_int_max_str_digits()
    sys.set_int_max_str_digits(640)
    try:
        body = saved(answer, tmp_path)
    finally:
        sys.set_int_max_str_digits(before)
    assert len(body["value"]["volume"]) > 2 * 640
    assert verify_answer(tmp_path / "answer.json").ok
    assert short(fmpq(-(10**400), 8)) == "-1.25000000000e+399"


def test_what_keeps_no_proof_cannot_be_saved(tmp_path):
    """Whether two networks are equal has no ends."""
    one, other = (random_network(np.random.default_rng(k), 2, [9, 9]) for k in (1, 2))
    answer = regions.are_equal(one, other, regions.Box.cube(2), stop=lambda: True)
    assert answer.value is None
    with pytest.raises(RegionsError, match="keeps nothing that could be checked"):
        answer.save(tmp_path / "answer.json")


@pytest.mark.parametrize(
    "text", ["", "[]", "null", "{}", '{"format": 3}', "no json", "[" * 5000]
)
def test_other_files_are_refused_in_one_line(text, tmp_path):
    path = tmp_path / "answer.json"
    path.write_text(text)
    with pytest.raises(FileFormatError) as caught:
        verify_answer(path)
    assert "\n" not in str(caught.value)
    assert "Error" not in str(caught.value)


@pytest.mark.parametrize("norm", [1, 2])
def test_radii_by_list_are_verified_and_forgeries_named(norm, tmp_path):
    network = random_network(np.random.default_rng(3), 2, [4, 3], outputs=3)
    answer = regions.robust_radius(network, [0.25, -0.5], norm)
    assert answer.method == "list"
    path = answer.save(tmp_path / "answer.json")
    assert verify_answer(path, network=network).ok

    def failures(change) -> str:
        body = json.loads(path.read_text())
        change(body["about"], body["partition"], body)
        return " ".join(verify_answer(write(body, tmp_path)).failures)

    none = ["0", "0"]
    forgeries = {
        r"leaf \d+ is not proved to lie so far": lambda a, p, b: p.update(
            normals=[n and none for n in p["normals"]]
        ),
        "the witness lies at another": lambda a, p, b: a["witness"].reverse(),
        "the class of the center is": lambda a, p, b: a.update(
            label=(a["label"] + 1) % 3
        ),
        "has the norm 'inf'": lambda a, p, b: a.update(norm="inf"),
        "reach as far": lambda a, p, b: a.update(size="1" + 20 * "0"),
        "the answer is another distance": lambda a, p, b: b.update(value="1"),
        "volume of the domain": lambda a, p, b: [v.pop() for v in list(p.values())[1:]],
    }
    for message, change in forgeries.items():
        assert re.search(message, failures(change)), message


def entries(part, path=()):
    """All entries of a body with their places."""
    if isinstance(part, dict | list):
        pairs = part.items() if isinstance(part, dict) else enumerate(part)
        for key, value in pairs:
            yield from entries(value, (*path, key))
    else:
        yield path, part


def digit_changed(entry, rng):
    """An entry with one digit, or all that it says, changed."""
    if isinstance(entry, str) and (places := [*re.finditer(r"\d", entry)]):
        at = places[rng.integers(len(places))].start()
        digit = (int(entry[at]) + 1 + rng.integers(9)) % 10
        return f"{entry[:at]}{digit}{entry[at + 1 :]}"
    if isinstance(entry, str):
        return entry + "x"
    return not entry if isinstance(entry, bool) else (entry or 0) + 1


@pytest.mark.parametrize("number", [1, 5, 6, 7, 8, 14])
def test_no_digit_of_a_list_can_be_changed(number, listed_answers, tmp_path):
    """Three entries of each kind, in the value, the question and the pieces."""
    network = random_network(np.random.default_rng(1), 2, [5, 3], outputs=2)
    half = regions.HPolytope([[1.0, 0.0]], [0.25])
    preimage = regions.preimage(network, regions.Box([-1, 0], [1, 2]), half)
    body = saved([*listed_answers, preimage][number], tmp_path)
    kinds: dict = {}
    for path, _ in entries({k: body[k] for k in ("value", "about", "partition")}):
        kinds.setdefault(tuple(k for k in path if isinstance(k, str)), []).append(path)
    rng = np.random.default_rng(0)
    for paths in kinds.values():
        for k in rng.permutation(len(paths))[:3].tolist():
            copy = json.loads(json.dumps(body))
            *way, last = paths[k]
            part = copy
            for key in way:
                part = part[key]
            part[last] = digit_changed(part[last], rng)
            try:
                (line,) = verify_answer(write(copy, tmp_path)).failures
            except FileFormatError as error:
                line = str(error)
            assert re.match(r"partition: |answer: |.*(damaged|changed\.json)", line)


def test_a_bound_of_a_box_and_a_part_that_is_left_out_are_named(
    trees_alone, monkeypatch, tmp_path
):
    monkeypatch.setattr(search, "FEW_UNITS", -1)
    network = random_network(np.random.default_rng(1), 2, [6, 5])
    box = regions.Box.cube(2)
    body = saved(regions.output_range(network, box, tolerance=0.01), tmp_path)
    assert verify_answer(tmp_path / "answer.json").ok
    tree = body["claims"][1]["tree"]
    leaf = next(k for k, node in enumerate(tree) if "box" in node)
    # No less than the upper end is asked of a box, and none is that small.
    assert tree[leaf]["box"] == body["claims"][1]["upper"]
    tree[leaf]["box"] = "-1000"
    (line,) = verify_answer(write(body, tmp_path)).failures
    assert f"leaf {leaf}: the box has no bound that is proved" in line
    tree[leaf]["box"] = "1000"
    (line,) = verify_answer(write(body, tmp_path)).failures
    assert f"leaf {leaf} exceeds it: 1000" in line
    (whole, *_) = tree
    whole["at"] = str(Fraction(whole["at"]) + Fraction(1, 2))
    tree[leaf]["box"] = "0"
    assert not verify_answer(write(body, tmp_path)).ok


ANYWHERE = {
    "disc": regions.Ball([0.25, 0.0], 1.0),
    "wedge": regions.HPolytope([[1.0, 0.5], [-1.0, 1.0]], [1.0, 0.5]),
    "plane": regions.WholeSpace(2),
}


def without_corners(domain) -> list[Answer]:
    """Answers on a domain without corners, or without end."""
    network = random_network(np.random.default_rng(2), 2, [4, 3], outputs=2)
    half = regions.HPolytope([[1.0, 0.5], [0.0, 1.0]], [1.0, 3.0])
    answers = [regions.lipschitz(network, domain, norm) for norm in (1, 2, np.inf)]
    return [*answers, regions.preimage(network, domain, half)]


@pytest.mark.parametrize("name", ANYWHERE)
def test_answers_by_regions_are_verified(name, tmp_path):
    for answer in without_corners(ANYWHERE[name]):
        assert answer.question == "lipschitz" or len(answer.value)
        report = verify_answer(answer.save(tmp_path / "answer.json"))
        assert report.ok, f"{answer.question}: {report}"


def test_every_change_of_regions_is_found_and_named(tmp_path):
    one, _, _, other = without_corners(ANYWHERE["wedge"])
    constant, preimage = saved(one, tmp_path), saved(other, tmp_path)

    def said(body, change) -> str:
        copy = json.loads(json.dumps(body))
        change(copy)
        report = verify_answer(write(copy, tmp_path))
        assert not report.ok
        return "; ".join(report.failures)

    def digit(body):
        first = body["regions"]["patterns"][0]
        body["regions"]["patterns"][0] = f"{int(first, 16) ^ 1:0{len(first)}x}"

    def lost(body):
        for name in ("patterns", "witnesses"):
            del body["regions"][name][1]

    def beyond(body):
        body["regions"]["witnesses"][0] = ["100", "0"]

    def weight(body):
        body["network"][-1]["weight"] = [[1.0] * 3] * 2

    def larger(body):
        body["value"] = f"{body['value']}1"

    def fewer(body):
        del body["value"]["patterns"][0]

    def moved(body):
        body["about"]["b"][0] += 1e-9

    def twice(body):
        body["network"][-1]["skips"][0][1][0][0] = 2.0

    assert "region 0" in said(constant, digit)
    assert "completeness" in said(constant, lost)
    assert "region 0" in said(constant, beyond)
    assert re.search("no leaf|larger norm", said(constant, weight))
    assert re.search("no leaf|larger norm", said(constant, larger))
    assert "other regions meet the preimage" in said(preimage, fewer)
    assert "not made of the rows" in said(preimage, moved)
    assert "does not read the outputs alone" in said(preimage, twice)
    assert "does not follow" in said({**preimage, "question": "integral"}, lambda b: b)
