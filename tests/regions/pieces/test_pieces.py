"""Counts by pieces: the same integer as the whole, wherever the walls are."""

import json
import math
import pathlib

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

import regions.pieces.count
from regions.domains import Box, Segment, Slice
from regions.enumeration import count_regions, enumerate_regions
from regions.errors import FileFormatError
from regions.io import load_network
from regions.network import ReluNetwork
from regions.pieces.count import (
    PieceTooLargeError,
    count_by_pieces,
    count_face,
    count_piece,
    run_here,
    wall_patterns,
)
from regions.pieces.plan import Face, Piece, Problem, plan_pieces
from tests.helpers import random_network
from tests.zoo import ZOO

NETS = pathlib.Path(__file__).resolve().parents[2] / "data" / "nets"
COUNTS = {
    "d2_16x1": 96,
    "d2_32x2": 1137,
    "d2_14x6": 1027,
    "d2_64x3": 8230,
    "d3_16x2": 1434,
    "d3_32x2": 17046,
    "d4_16x2": 7952,
}


def net(name):
    return load_network(NETS / f"{name}.npz")


def one_layer(weight, bias):
    weight = np.array(weight, float)
    return ReluNetwork.from_arrays(
        [weight, np.ones((1, len(weight)))], [np.array(bias, float), np.zeros(1)]
    )


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


def test_plan_does_not_depend_on_the_call_and_adds_up_volumes():
    problem = Problem.of(net("d3_16x2"), Box.cube(3))
    plan = plan_pieces(problem, 100)
    assert plan == plan_pieces(problem, 100)
    assert len({piece.face for piece in plan}) == len(plan)
    full = [piece.face for piece in plan if len(piece.face.free) == 3]
    sizes = [np.prod(np.subtract(f.upper, f.lower)) for f in full]
    assert np.isclose(sum(sizes), 8.0)


def one_unit(dim):
    """A network whose only boundary is the diagonal hyperplane."""
    return one_layer([np.ones(dim)], [0.1])


@pytest.mark.parametrize("dim", [1, 2, 4])
def test_plan_ends_where_cutting_does_not_help(dim):
    # Each box on the diagonal has two regions, however small it is.
    found = count_by_pieces(one_unit(dim), Box.cube(dim), piece_regions=1)
    assert found.count == 2
    assert found.stats["pieces"] < 500


def test_estimates_are_right_within_a_factor_of_three():
    problem = Problem.of(net("d3_32x2"), Box.cube(3))
    plan = [p for p in plan_pieces(problem, 1500) if len(p.face.free) == 3]
    counts = np.array([count_face(problem, piece.face) for piece in plan])
    ratios = counts / [piece.work for piece in plan]
    assert 1 / 3 < ratios.min() <= ratios.max() < 3


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
    with pytest.raises(PieceTooLargeError, match="took longer than 1e-06 s"):
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


# --- The journal ------------------------------------------------------------------


class KilledError(Exception):
    """What stops a run in these tests."""


def stops_after(number):
    """A runner that dies after some pieces."""

    def run(problem, pieces):
        for done, result in enumerate(run_here(problem, pieces)):
            if done == number:
                raise KilledError
            yield result

    return run


def counting(journal, runner=run_here):
    return count_by_pieces(
        net("d2_16x1"), Box.cube(2), piece_regions=20, journal=journal, runner=runner
    )


def test_killed_run_goes_on_from_its_journal(tmp_path):
    journal, seen = tmp_path / "new" / "pieces.jsonl", []
    for number in (7, 11):
        with pytest.raises(KilledError):
            counting(journal, stops_after(number))

    def watched(problem, pieces):
        seen.extend(pieces)
        return run_here(problem, pieces)

    found = counting(journal, watched)
    assert found.count == 96
    assert found.stats["from_journal"] == 18
    assert len(seen) == found.stats["pieces"] - 18
    again = counting(journal, stops_after(0))
    assert again.count == 96
    assert again.stats["from_journal"] == again.stats["pieces"]


def test_torn_last_line_is_cut_off_and_counted_again(tmp_path):
    journal = tmp_path / "pieces.jsonl"
    with pytest.raises(KilledError):
        counting(journal, stops_after(9))
    whole = journal.read_bytes()
    for size in (1, 20, 60):
        journal.write_bytes(whole[:-size])
        found = counting(journal)
        assert found.count == 96
        assert found.stats["from_journal"] == 8
        assert "damaged_journal_lines" not in found.stats


def test_changed_line_is_named_and_counted_again(tmp_path):
    journal = tmp_path / "pieces.jsonl"
    counting(journal)
    lines = journal.read_text().splitlines()
    data = json.loads(lines[5])
    data["count"] += 1
    lines[5] = json.dumps(data)
    lines[8] = lines[8][:40] + "\x00" + lines[8][41:]
    journal.write_text("\n".join(lines) + "\n")
    found = counting(journal)
    assert found.count == 96
    assert found.stats["damaged_journal_lines"] == [6, 9]
    assert found.stats["from_journal"] == found.stats["pieces"] - 2


@pytest.mark.parametrize("line", [0, 1])
def test_damaged_header_or_plan_loses_no_count(tmp_path, line):
    journal = tmp_path / "pieces.jsonl"
    counting(journal)
    lines = journal.read_text().splitlines()
    lines[line] = "#" + lines[line]
    journal.write_text("\n".join(lines) + "\n")
    found = counting(journal, stops_after(0))
    assert found.count == 96
    assert found.stats["damaged_journal_lines"] == [line + 1]


def test_repeated_lines_count_once_and_disputed_ones_not(tmp_path):
    from regions.enumeration.journal import fingerprint
    from regions.pieces.journal import PieceJournal

    journal = tmp_path / "pieces.jsonl"
    counting(journal)
    lines = journal.read_text().splitlines()
    journal.write_text("\n".join([*lines, lines[4]]) + "\n")
    assert counting(journal, stops_after(0)).count == 96
    problem = fingerprint(net("d2_16x1"), Box.cube(2))
    with PieceJournal(journal, problem) as book:
        assert book.plan is not None
        book.record(book.plan[0], 10**6)
    found = counting(journal)
    assert found.count == 96
    assert found.stats["from_journal"] == found.stats["pieces"] - 1


def test_journal_of_another_count_is_refused(tmp_path):
    journal = tmp_path / "pieces.jsonl"
    counting(journal)
    before = journal.read_bytes()
    with pytest.raises(FileFormatError, match="belongs to another network or domain"):
        count_by_pieces(net("d2_32x2"), Box.cube(2), journal=journal)
    with pytest.raises(FileFormatError, match="belongs to another network or domain"):
        count_by_pieces(net("d2_16x1"), Box.cube(2, 2.0), journal=journal)
    assert journal.read_bytes() == before


@pytest.mark.parametrize("text", ["some notes\nof mine\n", "a line without an end"])
def test_file_that_is_no_journal_is_left_alone(tmp_path, text):
    journal = tmp_path / "notes.txt"
    journal.write_text(text)
    with pytest.raises(FileFormatError, match="is no journal of pieces"):
        counting(journal)
    assert journal.read_text() == text


def test_two_runs_do_not_share_a_journal(tmp_path):
    journal = tmp_path / "pieces.jsonl"

    def meanwhile(problem, pieces):
        with pytest.raises(BlockingIOError, match="another run is writing"):
            counting(journal)
        return run_here(problem, pieces)

    assert counting(journal, meanwhile).count == 96


def test_journal_in_a_folder_that_can_not_be_made_is_an_error(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="file"):
        counting(tmp_path / "file" / "pieces.jsonl")


def test_full_disk_keeps_what_was_counted(tmp_path):
    import resource

    journal = tmp_path / "pieces.jsonl"
    with pytest.raises(KilledError):
        counting(journal, stops_after(5))
    size = journal.stat().st_size
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size + 300, limits[1]))
    try:
        with pytest.raises(OSError, match="while writing the journal; what was coun"):
            counting(journal)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    found = counting(journal)
    assert found.count == 96
    assert found.stats["from_journal"] >= 5
    assert "damaged_journal_lines" not in found.stats
