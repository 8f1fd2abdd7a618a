"""Saved answers: verified from the file alone; a digit that is changed is found."""

import hashlib
import json

import numpy as np
import pytest

import regions
from regions.certificates.answers import verify_answer
from regions.errors import FileFormatError, RegionsError
from tests.helpers import random_network
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


@pytest.mark.parametrize(
    "name", ["residual", "skip_blocks", "prelu", "zero_biases", "huge_then_tiny"]
)
def test_ranges_are_verified(name, tmp_path):
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
    yield changed(moved), "another one|outside"
    yield changed(bounds), "are not proved|leaf"
    yield changed(cut), "leaf 0"


def test_every_change_is_found_and_named(tmp_path):
    network = random_network(np.random.default_rng(1), 2, [6, 5])
    body = saved(regions.output_range(network, regions.Box.cube(2)), tmp_path)
    count = 0
    for changed, said in changes(body):
        report = verify_answer(write(changed, tmp_path))
        assert not report.ok, said
        lines = " ".join(report.failures)
        assert any(part in lines for part in said.split("|")), lines
        count += 1
    assert count == 8


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


def test_lists_leave_nothing_to_save(tmp_path):
    network = random_network(np.random.default_rng(1), 2, [3])
    answer = regions.output_range(network, regions.Box.cube(2), method="list")
    with pytest.raises(RegionsError, match="keeps no tree that could be checked"):
        answer.save(tmp_path / "answer.json")


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"format": 3}', "no json", "[" * 5000]
)
def test_other_files_are_refused_in_one_line(text, tmp_path):
    path = tmp_path / "answer.json"
    path.write_text(text)
    with pytest.raises(FileFormatError) as caught:
        verify_answer(path)
    assert "\n" not in str(caught.value)
