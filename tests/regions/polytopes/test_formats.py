"""What is written is read back by readers of its own."""

import itertools
import json
import re
from fractions import Fraction

import numpy as np
import pytest

from regions.domains.shapes import Box
from regions.network import ReluNetwork
from regions.polytopes.formats import (
    hash_code,
    inequality_text,
    to_ine,
    to_json,
    to_latex,
)
from regions.polytopes.report import describe_polytope
from regions.polytopes.text import to_text
from tests.helpers import random_network


def _read_ine(text: str) -> list[list[Fraction]]:
    """Rows `b -A` of an H-file, by the definition of the cdd format."""
    lines = text.splitlines()
    start = lines.index("begin")
    assert "H-representation" in lines[:start]
    rows, columns, kind = lines[start + 1].split()
    assert kind in ("integer", "rational")
    table = [[Fraction(v) for v in line.split()] for line in lines[start + 2 : -1]]
    assert lines[-1] == "end"
    assert len(table) == int(rows)
    assert all(len(row) == int(columns) for row in table)
    return table


def _corners(table: list[list[Fraction]]) -> set[tuple[Fraction, Fraction]]:
    """Corners of a polygon, by intersecting every two of its lines."""
    found = set()
    for (b, a, c), (e, d, f) in itertools.combinations(table, 2):
        det = a * f - c * d
        if det == 0:
            continue
        x, y = (-b * f + c * e) / det, (-a * e + b * d) / det
        if all(row[0] + row[1] * x + row[2] * y >= 0 for row in table):
            found.add((x, y))
    return found


@pytest.mark.parametrize("seed", range(4))
def test_ine_files_describe_the_same_polygon(seed):
    rng = np.random.default_rng(seed)
    network, x = random_network(rng, 2, [5, 4, 3]), rng.uniform(-1, 1, 2)
    report = describe_polytope(network, x, Box.cube(2, 1.5))
    table = _read_ine(to_ine(report))
    assert report.polytope is not None
    corners = np.array(sorted(_corners(table)), float)
    vertices = report.polytope.vertices()
    assert len(corners) == len(vertices) == len(table)
    gaps = np.abs(corners[:, None] - vertices[None]).max(axis=2)
    assert (gaps.min(axis=1) < 1e-9).all()
    assert len(set(gaps.argmin(axis=1).tolist())) == len(vertices)


def test_ine_rows_are_exact_where_weights_are_dyadic():
    network = ReluNetwork.from_arrays(
        [[[0.5, 0.25], [1.0, -1.0]], [[2.0, 0.75]], [[1.0]]],
        [[1.0, 2.0], [-0.5], [0.0]],
    )
    table = _read_ine(to_ine(describe_polytope(network, np.zeros(2))))
    # On both units: 1 + x/2 + y/4 >= 0, 2 + x - y >= 0, and 3 + 1.75 x - 0.25 y >= 0.
    truth = [["1", "1/2", "1/4"], ["2", "1", "-1"], ["3", "7/4", "-1/4"]]
    rows = [[Fraction(v) for v in row] for row in truth]
    scaled = {tuple(v / abs(row[0]) for v in row) for row in table}
    assert scaled <= {tuple(v / abs(row[0]) for v in row) for row in rows}
    assert len(scaled) == 3
    assert all(v.denominator == 1 for row in table for v in row)


def test_points_satisfy_the_file_exactly_if_they_have_the_pattern():
    rng = np.random.default_rng(9)
    network, x = random_network(rng, 3, [6, 5], slopes=0.1), rng.uniform(-1, 1, 3)
    report = describe_polytope(network, x)
    table = _read_ine(to_ine(report))
    points = x + rng.standard_normal((300, 3))
    same = (network.patterns(points) == report.pattern).all(axis=1)
    assert 0 < same.sum() < 300
    for point, inside in zip(points, same, strict=True):
        exact = [Fraction(1), *(Fraction(float(v)) for v in point)]
        values = [sum(a * v for a, v in zip(row, exact, strict=True)) for row in table]
        assert (min(values) >= 0) == inside


def test_json_holds_the_facets_and_their_neighbors():
    rng = np.random.default_rng(3)
    network, x = random_network(rng, 2, [4, 4]), rng.uniform(-1, 1, 2)
    report = describe_polytope(network, x, Box.cube(2))
    data = json.loads(to_json(report))
    assert report.polytope is not None
    assert data["hash_code"] == hash_code(network, network.patterns(x[None])[0])
    assert len(data["facets"]) == len(report.inequalities)
    assert data["volume"] == pytest.approx(report.polytope.volume())
    for facet in data["facets"]:
        a, point = np.array(facet["a"]), np.array(facet["point"])
        assert a @ point == pytest.approx(facet["b"], abs=1e-9)
        assert facet["distance"] == pytest.approx(
            (facet["b"] - a @ x) / np.linalg.norm(a)
        )
        if facet["unit"] is not None:
            step = 1e-7 * a / np.linalg.norm(a)
            beyond = network.patterns((point + step)[None])[0]
            assert facet["neighbor"] == hash_code(network, beyond)


def test_latex_has_a_line_per_facet_with_its_numbers():
    network = ReluNetwork.from_arrays([[[1.5, -2.0], [1e-7, 0.0]], [[1.0, 1.0]]], None)
    text = to_latex(describe_polytope(network, np.array([1.0, -1.0])))
    assert r"- 1.5 \cdot x_{1} + 2 \cdot x_{2} &\le 0 && \text{layer 1 unit 1}" in text
    assert r"- 1 \cdot 10^{-7} \cdot x_{1} &\le 0" in text
    assert len(re.findall(r"\\le", text)) == 2


def test_hash_codes_skip_units_without_a_kink():
    network = ReluNetwork.from_arrays(
        [np.eye(3), np.ones((2, 3)), np.ones((1, 2))], None, [[0.0, 1.0, 0.0], 0.1]
    )
    assert hash_code(network, np.array([1, 0, 0, 1], bool)) == "10|01"


def test_long_rows_are_shortened_in_text():
    rng = np.random.default_rng(4)
    network = random_network(rng, 20, [3])
    report = describe_polytope(network, rng.uniform(-1, 1, 20))
    line = inequality_text(report.inequalities[0])
    assert "(14 more)" in line
    assert line.count(" x") == 6


def test_text_of_a_boundary_point_lists_the_regions():
    network = ReluNetwork.from_arrays([np.eye(2), [[1.0, 1.0]]], None)
    text = to_text(describe_polytope(network, np.zeros(2)))
    assert "layer 1 unit 1, layer 1 unit 2" in text
    assert "4 regions meet there" in text
    assert {line.split()[0] for line in text.splitlines()[-4:]} == {
        "00",
        "01",
        "10",
        "11",
    }


def test_text_of_a_region_names_facets_and_shape():
    rng = np.random.default_rng(1)
    network = random_network(rng, 2, [4, 3])
    box = describe_polytope(network, np.array([0.1, 0.2]), Box.cube(2))
    text = to_text(box)
    assert f"{len(box.inequalities)} facets" in text
    assert all(facet.name in text for facet in box.inequalities)
    assert "bounded     no direction recedes" in text
    assert f"vertices    {len(box.inequalities)}" in text
    wide = random_network(rng, 40, [5])
    assert "lineality" not in to_text(describe_polytope(wide, np.zeros(40)))
