"""What is proved when a question was stopped: saved, verified, and forgeries named."""

import itertools
import json
from fractions import Fraction

import numpy as np
import pytest
from flint import fmpq

import regions
from regions.certificates.answers import verify_answer
from regions.enumeration.cells.space import network as space_network
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
    return regions.lipschitz(network(domain.ambient_dim), domain, norm, stop=after(0))


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
        regions.Box([-1, 0.3, -1], [1, 0.3, 2]),
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


@pytest.mark.parametrize("kept", ["point", "partition"])
def test_a_constant_on_a_plane_askew_is_refused(kept, tmp_path):
    """Lengths in the chart of such a plane are not those of the input."""
    flat = regions.Box([-1, 0.3, -1], [1, 0.3, 2])
    # One that is on all over has the same partition in every plane.
    on = regions.ReluNetwork.from_arrays([[[1.0, 2.0, 3.0]], [[1.0]]], [[99.0], [0.0]])
    held = kept == "partition"
    answer = regions.lipschitz(on, flat, 1) if held else stopped(flat, 1)
    body = saved(answer, tmp_path)
    assert kept in (body if held else body["about"])
    turned = [[1.0, 0.0, 0.0], [0.0, 1e-9, 1.0]]
    said = failure(body, tmp_path, "domain", "directions", value=turned)
    assert said == "answer: the domain is not of full dimension, and no flat box"


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


def test_a_pass_over_corners_that_was_stopped_keeps_what_it_met(tmp_path, monkeypatch):
    """The file has about as many pieces as it met: they prove ends as near."""
    monkeypatch.setattr(space_network, "OUTPUT", 64)  # regions handed over at once
    net, domain = network(3, (8, 7)), regions.Box.cube(3)
    whole = regions.moments(net, domain, 3, 0, method="corners")
    found = (
        regions.moments(net, domain, 3, 0, method="corners", stop=after(asked))
        for asked in range(40)
    )
    stopped = [a for a in found if a.method == "corners" and not a.proved]
    some = max(stopped, key=lambda a: a.stats["cells"])
    assert 0 < some.stats["cells"] < whole.stats["cells"]
    begun = regions.moments(net, domain, 3, 0, method="corners", stop=after(0))
    for part, exact, wide in zip(some.value, whole.value, begun.value, strict=True):
        assert part.lower < exact.lower < exact.upper < part.upper
        assert 1.5 * part.width < wide.width
    body = saved(some, tmp_path)
    assert len(body["partition"]["leaves"]) < whole.stats["cells"]
    for k, part in enumerate(some.value):
        for end, other in (("upper", part.lower), ("lower", part.upper)):
            said = failure(body, tmp_path, "value", k, end, value=str(other))
            assert said.startswith(f"answer: moment {k + 1} is ")


TRIANGLE = regions.Simplex([[-1, -1, 2], [2, 0, 1], [0, 3, 1]])
"""In space: its chart is not the identity."""
LOZENGE = regions.HPolytope([[1, 2], [-1, 1], [0, -1]], [3, 1, 0.5])


@pytest.mark.parametrize(
    "domain", [SQUARE, DISC, TRIANGLE, LOZENGE, regions.Ball([0.5, 1, 0], 1, 1)]
)
@pytest.mark.parametrize("asked", [0, 40])
def test_stopped_means_of_classes_are_saved_with_their_pieces(domain, asked, tmp_path):
    """Every end that is stated is proved, and one beyond is named."""
    net = network(domain.ambient_dim)
    answer = regions.mean_by_class(net, domain, method="list", stop=after(asked))
    assert not answer.proved
    body = saved(answer, tmp_path)
    whole = regions.mean_by_class(net, domain, method="list").value
    for k, (part, all_) in enumerate(zip(answer.value, whole, strict=True)):
        assert part.mean is not None
        pairs = [(part.share, all_.share, (1,))]
        pairs += [
            (one, value, (2, axis))
            for axis, (one, value) in enumerate(
                zip(part.mean, all_.mean or (), strict=False)
            )
        ]
        for stated, exact, place in pairs:
            assert ends(stated)[0] <= ends(exact)[0] <= ends(exact)[1]
            assert ends(exact)[1] <= ends(stated)[1]
            said = failure(
                body, tmp_path, "value", k, *place, value=str(sum(ends(stated)) / 2)
            )
            assert said.startswith(("answer: the share of", "answer: the mean of"))


@pytest.mark.parametrize("domain", [SQUARE, DISC])
def test_ends_of_stopped_means_are_the_best_that_pieces_prove(domain, tmp_path):
    """On axes of the chart: the rest may be of one class, and at one end."""
    answer = regions.mean_by_class(network(), domain, method="list", stop=after(60))
    body = saved(answer, tmp_path)
    assert max(ends(part.share)[0] for part in answer.value) > 0
    for k in range(len(answer.value)):
        for place in ((k, 1), (k, 2, 0), (k, 2, 1)):
            for end, by in (("upper", "-1/1000000000"), ("lower", "1/1000000000")):
                said = failure(
                    body,
                    tmp_path,
                    "value",
                    *place,
                    end,
                    value=lambda v, by=by: moved(v, by),
                )
                assert said.startswith(
                    f"answer: the {'share' if len(place) == 2 else 'mean'}"
                )


def test_what_stopped_means_of_classes_rest_on_is_checked(tmp_path):
    answer = regions.mean_by_class(network(), SQUARE, method="list", stop=after(40))
    body = saved(answer, tmp_path)
    part = body["partition"]
    fewer = {key: part[key][1:] for key in ("leaves", "labels")}
    said = failure(body, tmp_path, "partition", value={**part, **fewer})
    assert said.startswith("answer: the ")
    other = [1 - part["labels"][0], *part["labels"][1:]]
    assert "is as large as" in failure(
        body, tmp_path, "partition", "labels", value=other
    )
    assert "some are missing" in failure(
        body, tmp_path, "partition", "whole", value=True
    )
    assert "or has a mean without part" in failure(
        body, tmp_path, "value", 0, 2, value=None
    )
    whole = saved(regions.integral(network(), SQUARE, 0, method="list"), tmp_path)
    assert "does not follow from some of the pieces" in failure(
        whole, tmp_path, "partition", "whole", value=False
    )


@pytest.mark.parametrize(
    "domain",
    [SQUARE, DISC, regions.Box.cube(4), regions.WholeSpace(2), regions.WholeSpace(7)],
)
@pytest.mark.parametrize("asked", [0, 4, 12])
def test_a_stopped_preimage_is_saved_with_its_regions(domain, asked, tmp_path):
    net = network(domain.dim)
    positive = regions.HPolytope([[-1.0, 0.0]], [0.0])
    answer = regions.preimage(net, domain, positive, stop=after(asked))
    body = saved(answer, tmp_path)
    assert len(body["value"]["patterns"]) == len(answer.value)
    assert body["value"]["complete"] is answer.value.complete is answer.proved
    if answer.proved:
        return
    assert body["value"]["volume"] is None
    assert failure(body, tmp_path, "value", "complete", value=True)
    if not len(answer.value):
        return
    assert "other regions meet" in failure(
        body, tmp_path, "value", "patterns", value=lambda v: v[1:]
    )
    moved_out = [["1000000007"] * domain.dim, *body["regions"]["witnesses"][1:]]
    assert failure(body, tmp_path, "regions", "witnesses", value=moved_out)


def test_some_regions_are_no_whole_preimage(tmp_path):
    """Neither where the list says that it is whole, nor where the answer does."""
    net, positive = network(), regions.HPolytope([[-1.0, 0.0]], [0.0])
    body = saved(regions.preimage(net, regions.WholeSpace(2), positive), tmp_path)
    listed, patterns = body["regions"], body["value"]["patterns"]
    assert len(patterns) > 3
    assert "do not make a whole preimage" in failure(
        body, tmp_path, "regions", "complete", value=False
    )
    fewer = {key: listed[key][1:] for key in ("patterns", "witnesses")}
    assert "completeness: " in failure(
        body, tmp_path, "regions", value={**listed, **fewer}
    )
    body["regions"] = {**listed, "complete": False}
    body["value"]["complete"] = False
    body["question"], body["about"] = "lipschitz", {"norm": "1"}
    said = failure(body, tmp_path, "value", value="1")
    assert said == "answer: a constant does not follow from some of the regions"
