"""Counts by pieces: the same integer as the whole, wherever the walls are."""

import math

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

import regions.pieces.count
from regions.domains.shapes import Box, Segment, Slice
from regions.enumeration import count_regions, enumerate_regions
from regions.network import ReluNetwork
from regions.pieces.count import (
    PieceTooLargeError,
    count_by_pieces,
    count_face,
    count_piece,
    run_here,
    wall_patterns,
)
from regions.pieces.plan import Face, Piece, Problem
from tests.helpers import random_network
from tests.regions.pieces.helpers import net, one_layer, stops_after
from tests.zoo import ZOO

COUNTS = {
    "d2_16x1": 96,
    "d2_32x2": 1137,
    "d2_14x6": 1027,
    "d2_64x3": 8230,
    "d3_16x2": 1434,
    "d3_32x2": 17046,
    "d4_16x2": 7952,
}


def cut_everywhere(problem, walls):
    """Pieces of a full grid: the closed formula, axis by axis."""
    pieces = [(problem.root(), 1)]
    for axis, wall in walls:
        following = []
        for face, sign in pieces:
            if not face.lower[axis] < wall < face.upper[axis]:
                following.append((face, sign))
                continue
            low, high, between = face.cut(axis, wall)
            following += [(low, sign), (high, sign), (between, -sign)]
        pieces = following
    return pieces


@pytest.mark.parametrize("name", COUNTS)
@pytest.mark.parametrize("parts", [2, 6])
def test_pieces_of_a_stored_network_add_up_to_its_count(name, parts):
    network, count = net(name), COUNTS[name]
    found = count_by_pieces(
        network, Box.cube(network.input_dim), piece_regions=count // parts
    )
    assert found.count == count
    assert found.complete
    assert found.method == "pieces"
    assert found.stats["pieces"] > 2
    assert found.stats["largest_piece"] < count


def test_full_grid_with_ridges_and_corners_gives_the_count():
    network = net("d3_16x2")
    problem = Problem.of(network, Box.cube(3))
    walls = [(axis, wall) for axis in range(3) for wall in (-0.3, 0.41)]
    pieces = cut_everywhere(problem, walls)
    dims = {len(face.free) for face, _ in pieces}
    assert dims == {0, 1, 2, 3}
    counts = [(sign, count_face(problem, face)) for face, sign in pieces]
    assert sum(sign * count for sign, count in counts) == 1434
    # What makes the formula necessary: the plain sum of the boxes is more.
    open_ = [
        c
        for (face, _), (_, c) in zip(pieces, counts, strict=True)
        if len(face.free) == 3
    ]
    assert sum(open_) > 1434


@pytest.mark.parametrize(
    "walls",
    [
        [(0, 0.5)],
        [(0, 0.5), (1, -0.25)],
        [(0, 0.0), (0, 0.5), (1, 0.0), (1, -0.25)],
    ],
)
def test_walls_along_units_are_counted_exactly(walls):
    # Units vanish on all of the walls x = 0.5 and y = -0.25, and on corners.
    network = one_layer(
        [[1, 0], [0, 1], [1, 1], [-2, 0], [0, 0]], [-0.5, 0.25, -0.25, 1.0, 0.0]
    )
    problem = Problem.of(network, Box.cube(2))
    whole = count_regions(network, Box.cube(2), method="tree").count
    total = sum(
        sign * count_face(problem, face)
        for face, sign in cut_everywhere(problem, walls)
    )
    assert total == whole


def test_wall_on_a_unit_belongs_to_no_region():
    network = one_layer([[1, 0], [0, 1]], [-0.5, 0.0])
    problem = Problem.of(network, Box.cube(2))
    assert count_face(problem, Face((0.5, -1.0), (0.5, 1.0))) == 0
    assert count_face(problem, Face((0.25, -1.0), (0.25, 1.0))) == 2
    assert count_face(problem, Face((0.25, 0.0), (0.25, 0.0))) == 0
    assert count_face(problem, Face((0.25, 0.5), (0.25, 0.5))) == 1


def test_unit_that_is_off_around_a_wall_keeps_its_cells():
    # The second layer reads only zeros where x < 0.5: it vanishes there, all around.
    network = ReluNetwork.from_arrays(
        [[[1.0, 0.0]], [[1.0], [-1.0]], [[1.0, 1.0]]], [[-0.5], [0.0, 0.0], [0.0]]
    )
    problem = Problem.of(network, Box.cube(2))
    assert count_face(problem, Face((0.0, -1.0), (0.0, 1.0))) == 1
    assert count_by_pieces(network, Box.cube(2), piece_regions=1).count == 2


@pytest.mark.parametrize(
    "name", sorted(n for n, (_, box) in ZOO.items() if box.dim <= 2)
)
def test_awkward_networks_are_counted_as_the_whole(name):
    network, box = ZOO[name]
    problem = Problem.of(network, box)
    middle = float((box.lower[0] + box.upper[0]) / 2)
    pieces = cut_everywhere(problem, [(0, middle), (box.dim - 1, 0.25)])
    total = sum(sign * count_face(problem, face) for face, sign in pieces)
    assert total == count_regions(network, box).count


@settings(derandomize=True, deadline=None, max_examples=3)
@given(
    st.integers(0, 10**6),
    st.lists(st.integers(-3, 3), min_size=1, max_size=1),
)
def test_integer_networks_with_walls_on_their_lines_agree_with_the_tree(seed, walls):
    rng = np.random.default_rng(seed)
    network = ReluNetwork.from_arrays(
        [
            rng.integers(-1, 2, (4, 2)).astype(float),
            rng.integers(-2, 3, (3, 4)).astype(float),
            np.ones((1, 3)),
        ],
        [rng.integers(-1, 2, 4) / 2, rng.integers(-1, 2, 3) / 2, np.zeros(1)],
    )
    box = Box.cube(2, 2.0)
    problem = Problem.of(network, box)
    cuts = [(axis, wall / 2) for wall in walls for axis in range(2)]
    total = sum(
        sign * count_face(problem, face) for face, sign in cut_everywhere(problem, cuts)
    )
    assert total == count_regions(network, box, method="tree").count


def test_slice_is_cut_like_a_box():
    rng = np.random.default_rng(5)
    network = random_network(rng, 9, [8, 6], slopes=0.1)
    domain = Slice(
        rng.standard_normal(9), rng.standard_normal((2, 9)), Box.cube(2, 1.5)
    )
    whole = count_regions(network, domain).count
    found = count_by_pieces(network, domain, piece_regions=max(1, whole // 8))
    assert found.stats["walls"] > 2
    assert found.count == whole


def test_slice_as_a_network_of_the_chart_has_skips_and_slopes():
    rng = np.random.default_rng(6)
    network = ReluNetwork.from_arrays(
        [rng.standard_normal((5, 4)), rng.standard_normal((4, 5)), np.ones((1, 4))],
        [rng.standard_normal(5), rng.standard_normal(4), [0.0]],
        [0.25, 0.0],
        skips={1: {0: rng.standard_normal((4, 4))}, 2: {1: np.ones((1, 5))}},
    )
    domain = Slice(rng.standard_normal(4), rng.standard_normal((2, 4)), Box.cube(2))
    problem = Problem.of(network, domain)
    points = rng.uniform(-1, 1, (50, 2))
    np.testing.assert_allclose(
        problem.chart_network(points), network(domain.embed(points)), rtol=1e-12
    )
    assert problem.chart_network.num_bits == network.num_bits
    whole = count_regions(network, domain).count
    assert count_by_pieces(network, domain, piece_regions=5).count == whole


def test_patterns_on_a_wall_are_those_of_regions_on_both_sides():
    network = net("d2_32x2")
    problem = Problem.of(network, Box.cube(2))
    low, high, wall = problem.root().cut(1, 0.137)
    sides = []
    for half in (low, high):
        found = enumerate_regions(network, problem.open_piece(half))
        sides.append({row.tobytes() for row in found.patterns})
    assert wall_patterns(problem, wall) == sides[0] & sides[1]


def refusing(most):
    """A runner that gives up pieces with more regions, as if time had run out."""

    def run(problem, pieces):
        for piece, count in run_here(problem, pieces):
            cut = count > most and piece.seconds < math.inf
            yield piece, None if cut else count

    return run


def test_pieces_that_are_too_large_are_cut_and_the_total_stays(tmp_path):
    network, box = net("d2_16x1"), Box.cube(2)
    journal = tmp_path / "pieces.jsonl"
    how = {"piece_regions": 10**6, "journal": journal}
    found = count_by_pieces(network, box, runner=refusing(14), **how)
    assert found.count == 96
    assert found.stats["cut_further"] > 1
    assert found.stats["largest_piece"] <= 14
    # The journal knows the parts, even of a run that would not cut.
    again = count_by_pieces(network, box, runner=stops_after(0), **how)
    assert again.count == 96
    assert again.stats == {**found.stats, "from_journal": found.stats["pieces"]}
    lines = journal.read_text().splitlines()
    splits = [k for k, line in enumerate(lines) if '"parts"' in line]
    for lost in (splits[0], splits[-1]):
        journal.write_text(
            "\n".join(v for k, v in enumerate(lines) if k != lost) + "\n"
        )
        assert count_by_pieces(network, box, runner=refusing(14), **how).count == 96


def test_parts_may_take_longer_so_that_an_end_is_reached():
    limits = {}

    def run(problem, pieces):
        for piece in pieces:
            limits[piece.face] = piece.seconds
            late = piece.seconds < 2.0
            yield piece, None if late else count_face(problem, piece.face)

    found = count_by_pieces(
        net("d2_16x1"), Box.cube(2), piece_regions=10**6, piece_seconds=1.0, runner=run
    )
    assert found.count == 96
    assert set(limits.values()) <= {1.0, 2.0, math.inf}
    assert {1.0, 2.0} <= set(limits.values())


def test_slice_with_too_large_pieces_keeps_its_count():
    rng = np.random.default_rng(11)
    network = random_network(rng, 6, [12, 8])
    domain = Slice(rng.standard_normal(6), rng.standard_normal((2, 6)), Box.cube(2))
    whole = count_regions(network, domain).count
    found = count_by_pieces(
        network, domain, piece_regions=whole, runner=refusing(whole // 2)
    )
    assert found.stats["cut_further"] > 0
    assert found.count == whole


@pytest.mark.parametrize("fixed", [{}, {0: 0.3}])
def test_time_runs_out_on_boxes_and_on_walls(fixed):
    problem = Problem.of(net("d3_32x2"), Box.cube(3))
    lower, upper = [-1.0] * 3, [1.0] * 3
    for axis, value in fixed.items():
        lower[axis] = upper[axis] = value
    face = Face(tuple(lower), tuple(upper))
    with pytest.raises(PieceTooLargeError, match="takes too much: max_seconds=1e-06"):
        count_face(problem, face, seconds=1e-6)
    assert count_piece(problem, Piece(face, 1, 1.0, seconds=1e-6)) is None
    assert count_piece(problem, Piece(face, 1, 1.0)) == count_face(problem, face)


def test_memory_that_runs_out_cuts_a_piece_or_is_one_line(monkeypatch):
    real = regions.pieces.count.count_regions

    def short_of_memory(network, domain, **options):
        if np.prod(domain.upper - domain.lower) > 1.0:
            raise MemoryError
        return real(network, domain, **options)

    monkeypatch.setattr(regions.pieces.count, "count_regions", short_of_memory)
    found = count_by_pieces(net("d2_16x1"), Box.cube(2), piece_regions=10**6)
    assert found.count == 96
    assert found.stats["cut_further"] > 0
    nothing = ReluNetwork.from_arrays([[[1.0, 2.0]]], [[0.5]])
    with pytest.raises(PieceTooLargeError, match="memory ran out on the piece from"):
        count_by_pieces(nothing, Box.cube(2))


def test_other_domains_are_refused():
    network = net("d2_16x1")
    with pytest.raises(ValueError, match="a Segment: pieces are cut from a Box or"):
        count_by_pieces(network, Segment([0, 0], [1, 1]))
    with pytest.raises(ValueError, match="`piece_regions` is 0: at least 1"):
        count_by_pieces(network, Box.cube(2), piece_regions=0)
    with pytest.raises(ValueError, match="`piece_seconds` is 0"):
        count_by_pieces(network, Box.cube(2), piece_seconds=0)
