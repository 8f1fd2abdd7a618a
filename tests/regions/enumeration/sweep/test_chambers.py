"""Counts by chambers are those of the whole domain, in both forms."""

import itertools
import pathlib

import numpy as np
import pytest

from regions.compiled import SWITCH as COMPILED
from regions.domains.shapes import Box, Simplex, Slice
from regions.enumeration import count_regions, enumerate_regions
from regions.enumeration.sweep import engine as generic, work
from regions.enumeration.sweep.certify import certify
from regions.enumeration.sweep.chambers import (
    Wall,
    cut_out,
    expected_regions,
    plan_chambers,
)
from regions.enumeration.sweep.grow import sweep
from regions.enumeration.workers import SWITCH, map_chunks, worker_count
from regions.errors import NotGenericError
from regions.io import load_network
from regions.network import ReluNetwork
from tests.helpers import random_network
from tests.regions.enumeration.sweep.test_kernels import assert_same, heritage_proofs

NETS = pathlib.Path(__file__).resolve().parents[3] / "data" / "nets"
KNOWN = {"d2_64x3": 8230, "d2_14x6": 1027, "d3_32x2": 17046, "d4_16x2": 7952}
CASES = [
    (1, (30,), 0.0),
    (2, (12, 9), 0.0),
    (2, (70, 5), 0.0),
    (2, (7, 5, 4, 5), -0.3),
    (3, (9, 6), 0.2),
    (3, (6, 4, 4), 0.0),
    (4, (7, 3), 0.0),
]


@pytest.fixture(params=["off", "on"])
def compiled(request, monkeypatch):
    monkeypatch.setenv(COMPILED, request.param)
    return request.param == "on"


def force(monkeypatch, parts):
    monkeypatch.setattr(generic, "plan_work", lambda *_: work.Plan(parts, 0, 0.0))


@pytest.mark.parametrize("parts", [2, 5])
@pytest.mark.parametrize(("dim", "widths", "slopes"), CASES)
def test_chambers_add_up(monkeypatch, compiled, dim, widths, slopes, parts):
    rng = np.random.default_rng([dim, *widths])
    network = random_network(rng, dim, widths, slopes=slopes)
    plane = Slice(0.1 * np.ones(dim), rng.standard_normal((1, dim)), Box([-1.0], [1.0]))
    domains = [Box.cube(dim), Simplex(rng.standard_normal((dim + 1, dim)))]
    for domain in [*domains, *([plane] if dim > 1 else [])]:
        force(monkeypatch, 1)
        whole = count_regions(network, domain, method="sweep")
        force(monkeypatch, parts)
        cut = count_regions(network, domain, method="sweep")
        assert cut.count == whole.count
        assert cut.complete
        assert "chambers" not in whole.stats
        # Vertices on walls are proved like others.
        exactly = "vertices_proved_exactly"
        assert cut.stats[exactly] <= whole.stats[exactly]
        if domain is domains[0]:
            assert 1 < cut.stats["chambers"] <= parts + 2


def test_a_chamber_has_the_regions_on_its_side_of_the_walls():
    rng = np.random.default_rng(3)
    network, domain = random_network(rng, 2, [6, 5]), Box.cube(2)
    polytope = domain.polytope()
    found = enumerate_regions(network, domain)
    bits = np.unpackbits(found.patterns, axis=1, bitorder="little")
    total = 0
    for sides in itertools.product([False, True], repeat=3):
        chamber = tuple(Wall(unit, side) for unit, side in enumerate(sides))
        part = cut_out(network, polytope, chamber)
        inside = (bits[:, :3] == sides).all(1).sum()
        if part is None:
            assert inside == 0
            continue
        complex_ = sweep(network, part)
        proof = certify(complex_, network, domain, part)
        assert complex_.num_cells(proof.ascends(np.array([0.3, 0.8]))) == inside
        total += inside
    assert total == len(found)


@pytest.mark.parametrize("seed", range(3))
def test_both_forms_make_the_same_complex_of_a_chamber(monkeypatch, seed):
    """Bit by bit, with walls in two sign words; and prove nothing false of it."""
    rng = np.random.default_rng(seed)
    network, domain = random_network(rng, 3, [40, 4]), Box.cube(3)
    chamber = max(plan_chambers(network, domain.polytope(), 8), key=len)
    part = cut_out(network, domain.polytope(), chamber)
    assert part is not None
    pair = []
    for mode in ("off", "on"):
        monkeypatch.setenv(COMPILED, mode)
        pair.append(sweep(network, part))
    assert_same(*pair)
    complex_ = pair[0]
    assert heritage_proofs(complex_, network, domain)[0].all()
    roots = np.flatnonzero(complex_.parents[:, 0] < 0)
    on_wall = roots[(complex_.zeros[roots] >= complex_.num_facets).any(1)]
    assert len(on_wall)
    for vertex in on_wall:
        unit = rng.integers(len(complex_.words.word))
        word, bit = complex_.words.word[unit], complex_.words.bit[unit]
        complex_.signs[vertex, word] ^= np.uint32(1 << int(bit))
        assert not heritage_proofs(complex_, network, domain)[0][vertex]
        complex_.signs[vertex, word] ^= np.uint32(1 << int(bit))


@pytest.mark.parametrize("name", KNOWN)
def test_estimates_are_close(name):
    network = load_network(NETS / f"{name}.npz")
    polytope = Box.cube(network.input_dim).polytope()
    found = expected_regions(network, polytope)
    assert KNOWN[name] / 2 < found < 2 * KNOWN[name]


def test_little_work_is_not_cut_and_much_is(monkeypatch):
    monkeypatch.setenv(SWITCH, "2")
    small, large = (load_network(NETS / f"{n}.npz") for n in ("d2_14x6", "d4_32x2"))
    assert work.plan_work(small, Box.cube(2).polytope()).parts == 1
    assert work.plan_work(large, Box.cube(4).polytope()).parts > 2
    monkeypatch.setenv(SWITCH, "1")
    assert work.plan_work(large, Box.cube(4).polytope()).parts > 1
    monkeypatch.setattr(work, "PART_REGIONS", 1_000_000)
    assert work.plan_work(large, Box.cube(4).polytope()).parts == 1


def test_plan_keeps_to_what_the_first_layer_allows():
    far = ReluNetwork.from_arrays([np.eye(2), np.ones((1, 2))], [[9.0, -9.0], [0.0]])
    assert plan_chambers(far, Box.cube(2).polytope(), 8) == [()]
    one = ReluNetwork.from_arrays([np.eye(2)[:1], [[1.0]]], None)
    assert len(plan_chambers(one, Box.cube(2).polytope(), 8)) == 2


def test_networks_that_are_not_generic_are_refused_as_before(monkeypatch, compiled):
    """Three lines through one point: the whole domain is tried, and refuses."""
    network = ReluNetwork.from_arrays(
        [[[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]], np.ones((1, 3))], None
    )
    domain = Box([-1.0, -2.0], [2.0, 1.0])
    force(monkeypatch, 4)
    with pytest.raises(NotGenericError):
        count_regions(network, domain, method="sweep")
    assert count_regions(network, domain).count == 6


def test_a_unit_through_a_corner_makes_no_wall():
    network = ReluNetwork.from_arrays([[[1.0, -1.0]], [[1.0]]], None)
    with pytest.raises(NotGenericError, match="vanishes at a vertex"):
        cut_out(network, Box.cube(2).polytope(), (Wall(0, True),))


def test_chambers_stop_with_what_was_found(monkeypatch):
    force(monkeypatch, 6)
    network = random_network(np.random.default_rng(1), 2, [30, 30])
    whole = count_regions(network, Box.cube(2), method="sweep").count
    asked = itertools.count()
    found = count_regions(
        network, Box.cube(2), method="sweep", stop=lambda: next(asked) > 9
    )
    assert not found.complete
    assert 1 <= found.count < whole


def test_progress_of_chambers_rises_to_the_total(monkeypatch):
    force(monkeypatch, 4)
    calls = []
    network = random_network(np.random.default_rng(1), 2, [9, 6])
    count_regions(network, Box.cube(2), progress=lambda *pair: calls.append(pair))
    done = [pair[0] for pair in calls]
    assert done == sorted(done)
    assert calls[-1][0] == calls[-1][1]


def test_number_of_threads_can_be_set(monkeypatch):
    monkeypatch.setenv(SWITCH, "3")
    assert worker_count() == 3
    monkeypatch.setenv(SWITCH, "none")
    with pytest.raises(ValueError, match="a positive number is required"):
        worker_count()


def test_tasks_run_in_order_and_fail_as_one(monkeypatch):
    monkeypatch.setenv(SWITCH, "2")

    def nested(task):
        return sum(map_chunks(lambda part: part * task, range(3)))

    assert map_chunks(nested, range(5)) == [0, 3, 6, 9, 12]
    ran = []

    def fail(task):
        ran.append(task)
        raise KeyError(task)

    with pytest.raises(KeyError):
        map_chunks(fail, range(100))
    assert len(ran) <= 2
