"""Preimages against exact splitting and clipping, samples, and altered files."""

import json
from fractions import Fraction

import numpy as np
import pytest

import regions
from regions.certificates.answers import verify_answer
from regions.domains.shapes import Ball, Box, HPolytope, WholeSpace
from regions.models.joint import with_affine_units
from regions.network import ReluNetwork
from regions.questions.answer_files import digest
from regions.questions.preimages import Preimage
from tests.helpers import random_network
from tests.regions.enumeration.oracles import (
    Polygon,
    exact_pieces,
    integer_network,
)


def pairs(one, two):
    """Entries of two sequences of one length, side by side."""
    return zip(one, two, strict=True)


def area(corners) -> Fraction:
    """Area of a polygon."""
    sides = pairs(corners, [*corners[1:], corners[0]])
    return abs(sum((p[0] * q[1] - p[1] * q[0] for p, q in sides), Fraction())) / 2


def clipped_pieces(network, domain, outputs):
    """Patterns and the area of the preimage: every piece clipped by every row."""
    patterns, total = set(), Fraction(0)
    for pattern, cell, forms in exact_pieces(network, domain):
        assert isinstance(cell, Polygon)
        polygon: Polygon | None = cell
        for row, right in zip(outputs.A.tolist(), outputs.b.tolist(), strict=True):
            columns = zip(*forms, strict=True)
            form = [
                -sum((Fraction(a) * v for a, v in pairs(row, column)), Fraction())
                for column in columns
            ]
            form[-1] += Fraction(right)
            if any(form) and polygon is not None:
                inside = [part for part, on in polygon.split(tuple(form)) if on]
                polygon = inside[0] if inside else None
        if polygon is not None:
            kinks = network.kinks.tolist()
            patterns.add(tuple(b for b, k in zip(pattern, kinks, strict=True) if k))
            total += area(polygon.corners)
    return patterns, total


@pytest.mark.parametrize("seed", range(4))
def test_patterns_and_volume_are_those_of_clipped_pieces(seed, tmp_path):
    rng = np.random.default_rng(seed)
    network = random_network(rng, 2, [5, 3], outputs=2)
    if seed % 2:
        # Full of ties, and of regions on which the output is constant.
        network = integer_network(rng, 2, [4, 3])
    dim = network.output_dim
    A = rng.integers(-2, 3, (3, dim)).astype(float)
    A[~A.any(axis=1), 0] = 1.0
    outputs = HPolytope(A, rng.integers(1, 4, 3) / 4.0)
    domain = Box([-1.0, -1.0], [1.0, 1.5])
    if seed == 2:
        domain = HPolytope([[-1, 0], [0, -1], [1.5, 1]], [1, 1, 1])
    found = regions.preimage(network, domain, outputs)
    patterns, total = clipped_pieces(network, domain, outputs)
    assert found.proved
    assert {part.pattern for part in found.value} == patterns
    assert found.value.volume == total
    for part in found.value:
        values = [
            sum(Fraction(a) * t for a, t in zip(row, part.witness, strict=False))
            for row in part.rows
        ]
        assert all(v < row[-1] for v, row in zip(values, part.rows, strict=True))
    for x in rng.uniform(-1.0, 1.5, (60, 2)):
        inside = (domain.rows()[0] @ x < domain.rows()[1]).all()
        slack = outputs.b - outputs.A @ network(x[None])[0]
        if np.abs(slack).min() > 1e-9:
            assert found.value.contains(x.tolist()) == (inside and (slack > 0).all())
    path = found.save(tmp_path / "answer.json")
    assert verify_answer(path).ok


def test_an_altered_file_fails(tmp_path):
    network = random_network(np.random.default_rng(3), 2, [5, 3], outputs=2)
    outputs = HPolytope([[1.0, -1.0]], [0.25])
    path = regions.preimage(network, Box.cube(2), outputs).save(tmp_path / "a.json")
    body = json.loads(path.read_text())
    assert verify_answer(path).ok
    for change in (
        lambda b: b["value"]["patterns"].pop(),
        lambda b: b["value"].update(volume="1/3"),
        lambda b: b["about"].update(b=[0.5]),
        lambda b: b["partition"]["leaves"].pop(),
    ):
        other = json.loads(json.dumps(body))
        change(other)
        other["sha256"] = digest(other)
        path.write_text(json.dumps(other))
        assert not verify_answer(path).ok


def test_rows_that_are_equalities_on_a_region_hold_there():
    # The output is 0 for x < 0, and at most 0 there alone.
    ramp = ReluNetwork.from_arrays([[[1.0]], [[1.0]]], None)
    found = regions.preimage(ramp, Box([-1.0], [2.0]), HPolytope([[1.0]], [0.0]))
    assert [part.pattern for part in found.value] == [(False,)]
    assert found.value.volume == 1
    # A single point of the input is no polytope with interior points.
    absolute = ReluNetwork.from_arrays([[[1.0], [-1.0]], [[1.0, 1.0]]], None)
    none = regions.preimage(absolute, Box([-1.0], [2.0]), HPolytope([[1.0]], [0.0]))
    assert (len(none.value), none.witness, none.value.volume) == (0, None, 0)


def test_integers_look_at_no_region_that_float64_tells(monkeypatch):
    # They would take some hundred times as long as the list, and no limit was heard.
    looked, forms = [], Preimage._forms

    def counted(found, pattern):
        looked.append(pattern)
        return forms(found, pattern)

    monkeypatch.setattr(Preimage, "_forms", counted)
    network = random_network(np.random.default_rng(0), 3, [12, 12])
    found = regions.preimage(network, Box.cube(3), HPolytope([[1.0]], [0.0]))
    assert 0 < len(found.value) < found.stats["regions"]
    assert len(looked) == 1  # for the witness


def test_a_preimage_that_is_stopped_says_what_was_found():
    network = random_network(np.random.default_rng(0), 2, [8, 8])
    outputs = HPolytope([[1.0]], [0.0])
    every = regions.preimage(network, Box.cube(2), outputs)
    some = regions.preimage(network, Box.cube(2), outputs, stop=lambda: True)
    assert every.proved
    assert every.value.complete
    assert not some.proved
    assert not some.value.complete
    kept = {part.pattern for part in some.value}
    assert kept <= {part.pattern for part in every.value}
    # What only integers could tell is left out.
    ramp = ReluNetwork.from_arrays([[[1.0]], [[1.0]]], None)
    open_ = Preimage(
        regions.enumerate_regions(
            with_affine_units(ramp, np.array([[-1.0]]), np.zeros(1)), Box([-1.0], [2.0])
        ),
        HPolytope([[1.0]], [0.0]),
        lambda: True,
    )
    assert (len(open_), open_.complete) == (0, False)


def test_float64_and_integers_tell_the_same_of_degenerate_networks(monkeypatch):
    rng = np.random.default_rng(7)
    for _ in range(4):
        network = integer_network(rng, 2, [4, 3])
        outputs = HPolytope(np.eye(network.output_dim), np.zeros(network.output_dim))
        found = regions.preimage(network, Box.cube(2), outputs).value
        with monkeypatch.context() as patch:
            name = "regions.questions.preimages.certain_signs"
            patch.setattr(name, lambda *_: np.zeros(1, np.int8))
            other = regions.preimage(network, Box.cube(2), outputs).value
        assert [p.pattern for p in found] == [p.pattern for p in other]


def test_any_domain_serves():
    rng = np.random.default_rng(4)
    outputs = HPolytope([[1.0], [-1.0]], [1.0, 1.0])
    for dim, domain in (
        (2, WholeSpace(2)),
        (2, HPolytope([[1.0, 1.0]], [0.5])),
        (2, Ball([0.0, 0.0], 1.0)),
        (8, Box.cube(8, 0.3)),
    ):
        network = random_network(rng, dim, [5])
        found = regions.preimage(network, domain, outputs)
        assert found.proved
        part = found.value[0]
        point = np.array([part.witness], float)
        assert abs(network(domain.embed(point))[0, 0]) < 1.0
        assert network.patterns(domain.embed(point))[0].tolist() == list(part.pattern)


def test_a_preimage_in_a_round_ball_ends_with_the_ball():
    network = regions.ReluNetwork.from_arrays([np.eye(2), [[1.0, 1.0]]], None)
    most = HPolytope([[1.0]], [1.3])
    found = regions.preimage(network, Ball([0.0, 0.0], 1.0), most).value
    for point, is_in in (
        ([0.6, 0.6], True),
        ([-0.8, -0.8], False),  # in the box around the ball alone
        ([0.7, 0.7], False),  # in the ball, and above
    ):
        assert found.contains(point) is is_in


def test_bad_arguments_are_named():
    network = random_network(np.random.default_rng(0), 2, [3])
    with pytest.raises(TypeError, match="`outputs` is a Box: an HPolytope"):
        regions.preimage(network, Box.cube(2), Box.cube(1))
    with pytest.raises(ValueError, match="lies in 2 dimensions and the network has 1"):
        regions.preimage(network, Box.cube(2), HPolytope([[1.0, 0.0]], [1.0]))
