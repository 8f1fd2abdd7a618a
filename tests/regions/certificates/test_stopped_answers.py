"""What is proved when a question was stopped: saved, verified, and forgeries named."""

import itertools
import json
from fractions import Fraction

import numpy as np
import pytest
from flint import fmpq

import regions
from regions.certificates.answers import verify_answer
from regions.questions.answer import ends
from tests.helpers import random_network
from tests.regions.certificates.test_answers import write

SQUARE, DISC = regions.Box.cube(2), regions.Ball([0.25, 0.0], 1.0, 2)


def after(asked: int):
    """Says to stop when it was asked so often."""
    count = itertools.count()
    return lambda: next(count) >= asked


def network(dim: int = 2, widths=(9, 8)) -> regions.ReluNetwork:
    return random_network(np.random.default_rng(1), dim, list(widths), outputs=2)


def stopped(domain, norm):
    return regions.lipschitz(network(domain.dim), domain, norm, stop=after(0))


def saved(answer, folder) -> dict:
    path = answer.save(folder / "answer.json")
    report = verify_answer(path)
    assert report.ok, str(report)
    assert all(check.passed for check in report.checks)
    return json.loads(path.read_text())


def moved(text: str, by: str) -> str:
    return str(
        fmpq(*map(int, (*text.split("/"), "1")[:2]))
        + fmpq(*Fraction(by).as_integer_ratio())
    )


def failure(body: dict, folder, *path, value) -> str:
    """What is said of a body with one thing changed."""
    copy = json.loads(json.dumps(body))
    place = copy
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value(place[path[-1]]) if callable(value) else value
    return " ".join(verify_answer(write(copy, folder)).failures)


@pytest.mark.parametrize("norm", [1, 2, np.inf])
@pytest.mark.parametrize(
    "domain",
    [
        SQUARE,
        DISC,
        regions.Box.cube(3),
        regions.Box.cube(7),
        regions.WholeSpace(7),
        regions.Simplex([[0, 0], [2, 0.5], [0, 3]]),
    ],
)
def test_a_stopped_constant_is_saved_with_both_ends(domain, norm, tmp_path):
    answer = stopped(domain, norm)
    body = saved(answer, tmp_path)
    if answer.proved:  # a thread had listed all before it asked
        return
    low, high = answer.value
    assert 0 < low < high
    assert body["about"].keys() == {"norm", "point"}


def test_what_a_stopped_constant_is_said_to_be_is_checked(tmp_path):
    body = saved(stopped(SQUARE, 2), tmp_path)
    ends = body["value"]
    lower = failure(
        body, tmp_path, "value", "lower", value=lambda v: moved(v, "1/1000000000")
    )
    assert lower == "answer: the norm at the point is less than the lower end"
    upper = failure(
        body, tmp_path, "value", "upper", value=lambda v: moved(v, "-1/1000000000")
    )
    assert upper == "answer: the weights allow a norm above the upper end"
    assert "the upper end" in failure(body, tmp_path, "value", value=ends["lower"])
    assert "no norm" in failure(body, tmp_path, "about", "norm", value="3")
    outside = failure(body, tmp_path, "about", "point", value=["1", "1/2"])
    assert outside == "answer: the point does not lie inside of the domain"
    assert failure(body, tmp_path, "about", "point", value=["1/2"])
    weight = failure(
        body, tmp_path, "network", 0, "weight", 0, 0, value=lambda v: 1.5 * v
    )
    assert weight.startswith("answer: the ")


def test_a_point_between_regions_proves_no_norm(tmp_path):
    """The Jacobian is not defined where a unit changes its sign."""
    rows = [[1.0, 0], [1.0, 0], [0, 0]]  # the last one vanishes all over
    kinked = regions.ReluNetwork.from_arrays([rows, [[3.0, 4, 1]]], None)
    body = saved(regions.lipschitz(kinked, SQUARE, 1, stop=after(0)), tmp_path)
    body["value"] = {"lower": "7", "upper": "7"}
    body["about"] = {"norm": "1", "point": ["1/2", "0"]}
    body.pop("partition", None)
    assert verify_answer(write(body, tmp_path)).ok
    said = failure(body, tmp_path, "about", "point", value=["0", "1/2"])
    assert said.startswith("answer: ")
    assert said.endswith("changes its sign at the point")


@pytest.mark.parametrize("domain", [SQUARE, DISC, regions.Box([0, 0], [1, 3])])
@pytest.mark.parametrize("asked", [0, 9, 40])
def test_a_stopped_integral_is_saved_with_its_pieces(domain, asked, tmp_path):
    answer = regions.integral(
        network(), domain, [1, -0.5], method="list", stop=after(asked)
    )
    assert not answer.proved
    body = saved(answer, tmp_path)
    low, high = answer.value
    exact = regions.integral(network(), domain, [1, -0.5], method="list").value
    assert low <= getattr(exact, "lower", exact) <= getattr(exact, "upper", exact)
    assert getattr(exact, "upper", exact) <= high
    close = failure(
        body, tmp_path, "value", "upper", value=lambda v: moved(v, "-1/1000000000")
    )
    assert close.startswith("answer: the integral is ")
    said = failure(
        body, tmp_path, "value", "lower", value=lambda v: moved(v, "1/1000000000")
    )
    assert said.startswith("answer: the integral is ")


def test_what_a_stopped_integral_rests_on_is_checked(tmp_path):
    answer = regions.integral(network(), SQUARE, 0, method="list", stop=after(40))
    body = saved(answer, tmp_path)
    leaves = body["partition"]["leaves"]
    assert len(leaves) > 2
    without = failure(body, tmp_path, "partition", "leaves", value=leaves[1:])
    assert without.startswith("answer: the integral is ")
    twice = failure(body, tmp_path, "partition", "leaves", value=[*leaves, leaves[0]])
    assert "lies in the same region as leaf 0" in twice
    both = [sorted({*leaves[0], *leaves[1]}), *leaves[2:]]
    assert "has both signs" in failure(
        body, tmp_path, "partition", "leaves", value=both
    )
    claims = body["claims"]
    assert failure(body, tmp_path, "claims", value=claims[::-1])
    assert failure(body, tmp_path, "claims", value=claims[:1])
    assert "claim 1, upper end" in failure(
        body, tmp_path, "claims", 1, "upper", value=lambda v: moved(v, "-1/1000000")
    )
    half = failure(body, tmp_path, "claims", 0, "high", 0, value="1/2")
    assert "not about the whole domain" in half
    assert "from claims, or from a partition" in failure(
        body, tmp_path, "question", value="mean_by_class"
    )


@pytest.mark.parametrize("norm", [1, 2, np.inf])
def test_a_radius_that_was_stopped_at_once_is_that_of_a_point(norm, tmp_path):
    """The walk against the gradient has found a point, and no ball is proved."""
    deep = random_network(np.random.default_rng(11), 2, [40] * 9, outputs=2)
    answer = regions.robust_radius(deep, [0.1, 0.2], norm, stop=after(0))
    assert answer.value.lower == 0
    body = saved(answer, tmp_path)
    assert "another distance" in failure(
        body, tmp_path, "value", "upper", value=lambda v: moved(v, "-1/1000000")
    )
    assert "no ball of that radius is proved" in failure(
        body, tmp_path, "about", "radius", value="1/1000000"
    )
    assert "another radius" in failure(
        body, tmp_path, "value", "lower", value="1/1000000"
    )
    assert "the class of the center is" in failure(
        body, tmp_path, "about", "label", value=lambda v: 1 - v
    )
    body["value"]["upper"] = "0"
    assert "of the same class" in failure(
        body, tmp_path, "about", "witness", value=body["about"]["center"]
    )


@pytest.mark.parametrize("domain", [SQUARE, DISC, regions.Box([0, 0], [1, 3])])
@pytest.mark.parametrize("asked", [0, 40])
def test_stopped_moments_are_saved_with_their_pieces(domain, asked, tmp_path):
    answer = regions.moments(
        network(), domain, 3, [1, -0.5], method="list", stop=after(asked)
    )
    assert not answer.proved
    body = saved(answer, tmp_path)
    exact = regions.moments(network(), domain, 3, [1, -0.5], method="list").value
    for k, (part, whole) in enumerate(zip(answer.value, exact, strict=True)):
        low, high = ends(whole)
        assert part.lower < low <= high < part.upper
        for end, by in (("upper", "-1/1000000000"), ("lower", "1/1000000000")):
            said = failure(
                body, tmp_path, "value", k, end, value=lambda v, by=by: moved(v, by)
            )
            assert said.startswith(f"answer: moment {k + 1} is ")


def test_stopped_means_of_classes_keep_nothing_for_a_file(tmp_path):
    answer = regions.mean_by_class(network(), SQUARE, method="list", stop=after(40))
    assert not answer.proved
    with pytest.raises(regions.RegionsError, match="nothing that could be checked"):
        answer.save(tmp_path / "answer.json")
