"""What a user does with results: numbers, indices, tables, pictures, pickles."""

import pickle  # noqa: TID251  (as Dask and multiprocessing do)
import re
import sys

import numpy as np
import pytest
from matplotlib.figure import Figure

import regions
from regions.errors import IncompleteError
from tests.zoo import ZOO, random_network

NET = random_network(np.random.default_rng(0), 2, [6, 5])
BOX = regions.Box.cube(2)


@pytest.fixture(scope="module")
def found() -> regions.RegionSet:
    return regions.enumerate_regions(NET, BOX)


def test_a_complete_count_is_a_number():
    count = regions.RegionCount(1234, True, "cells", 0.5)
    assert count == 1234
    assert count != 1235
    assert hash(count) == hash(1234)
    assert count > 1233
    assert count <= 1234
    assert f"{count:,}" == "1,234"
    assert f"{count}" == str(count)
    assert str(regions.RegionCount(1, True, "cells", 0.5)).startswith("1 region (all")
    assert float(count) == 1234.0
    assert repr(count) == "RegionCount(1234, complete, method='cells')"


def test_counts_add_up_with_their_completeness():
    all_of_them = regions.RegionCount(3, True, "cells", 0.5)
    part = regions.RegionCount(4, False, "tree", 1.0)
    total = sum([part], start=all_of_them)
    assert (int(total), total.complete, total.method) == (7, False, "sum")
    assert all_of_them + all_of_them == 6
    assert 1 + all_of_them == 4


def test_a_lower_bound_is_no_number():
    part = regions.RegionCount(4, False, "tree", 1.0)
    assert part != 4
    assert part != regions.RegionCount(4, True, "tree", 1.0)
    assert part >= 4
    with pytest.raises(IncompleteError):
        assert part < 10


def test_regions_are_indexed_and_iterated(found):
    every = list(found)
    assert [r.index for r in every] == list(range(len(found)))
    last = found[-1]
    assert last.index == len(found) - 1
    assert np.array_equal(last.pattern, found.pattern_bits()[-1])
    assert np.array_equal(last.witness, found.witnesses[-1])
    value = last.affine_map.jacobian @ last.witness + last.affine_map.offset
    assert np.allclose(value, NET(last.witness[None])[0])
    assert last.polytope.contains(last.coordinates)
    with pytest.raises(IndexError, match=f"the set has {len(found)}"):
        found[len(found)]


def test_some_regions_make_a_set_that_is_not_complete(found):
    some = found[1:4]
    assert (len(some), some.complete) == (3, False)
    assert np.array_equal(some.patterns, found.patterns[1:4])
    mask = found.witnesses[:, 0] > 0
    assert np.array_equal(found[mask].coordinates, found.coordinates[mask])


def test_region_of_points_is_that_of_their_patterns(found):
    points = np.random.default_rng(1).uniform(-1, 1, (50, 2))
    numbers = found.region_of(points)
    assert np.array_equal(found.pattern_bits()[numbers], NET.patterns(points))
    assert found.region_of(points[0]) == numbers[0]
    assert isinstance(found.region_of(points[0]), int)


@pytest.mark.parametrize(
    ("domain", "border", "beyond"),
    [
        (BOX, [1.0, 0.25], [np.nextafter(1.0, 2.0), 0.25]),
        (regions.Ball([0.0, 0.0], 1.25), [0.75, 1.0], [0.75, np.nextafter(1.0, 2.0)]),
        (regions.Simplex(np.vstack([np.zeros(2), np.eye(2)])), [0.5, 0.5], [0.5, 0.51]),
    ],
)
def test_beyond_the_border_of_the_domain_are_no_regions(domain, border, beyond):
    found = regions.enumerate_regions(NET, domain)
    here = found[found.region_of(border)].pattern
    assert np.array_equal(here, NET.patterns(np.array(border)))
    with pytest.raises(ValueError, match="lies outside of the domain"):
        found.region_of([border, beyond])


def test_contains_is_that_of_the_list(found):
    points = np.random.default_rng(1).uniform(-1, 1, (50, 2))
    polytope = regions.polytope_at(NET, points[0], BOX)
    same = found.region_of(points) == found.region_of(points[0])
    assert np.array_equal(polytope.contains(points), same)
    assert polytope.contains(polytope.vertices().mean(axis=0))
    assert not polytope.contains([3.0, 0.0])
    corner = regions.polytope_at(ZOO["one_unit"][0], np.array([0.5, 0.25]))
    facet = corner.facets[0]
    assert not corner.contains(facet.beyond)


def test_a_table_has_a_row_for_each_region(found):
    table = found.to_arrow()
    assert table.column_names == ["code", "x1", "x2", "volume"]
    assert np.array_equal(table["x2"], found.witnesses[:, 1])
    assert sum(table["volume"].to_pylist()) == pytest.approx(4.0)
    assert len(set(table["code"].to_pylist())) == len(found)
    assert table.schema.metadata[b"complete"] == b"true"


def test_without_pandas_a_data_frame_is_refused_in_one_line(found, monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ImportError, match=r"pip install pandas, or use to_arrow\.$"):
        found.to_pandas()


def test_a_list_that_was_stopped_is_ok_and_not_complete():
    report = regions.verify(regions.enumerate_regions(NET, BOX, max_regions=5))
    assert (report.ok, report.complete) == (True, False)
    assert repr(report).startswith("VerificationReport(ok=True, complete=False, ")


def test_plot_draws_every_polygon(found):
    axes = Figure().add_subplot()
    assert found.plot(axes) is axes
    (drawn,) = axes.collections
    assert len(drawn.get_paths()) == len(found)
    assert axes.get_xlim() == (-1.0, 1.0)
    by_value = found.plot(values=found.volumes(), cmap="magma").collections[0]
    assert np.array_equal(by_value.get_array(), found.volumes())
    with pytest.raises(ValueError, match="one number for each of the"):
        found.plot(axes, values=[1.0])
    with pytest.raises(ValueError, match=r"`ax` is 'a.png': axes of .*savefig"):
        found.plot("a.png")
    with pytest.raises(ValueError, match="by `values`, a number for each of them"):
        found.plot(color="class")


def test_a_plot_needs_a_bounded_plane():
    line = regions.enumerate_regions(NET, regions.Segment([-1, 0], [1, 0]))
    with pytest.raises(ValueError, match="bounded planes"):
        line.plot()
    assert "<svg" not in line._repr_html_()


def test_a_notebook_shows_a_small_picture(found):
    html = found._repr_html_()
    assert html.count("<polygon") == len(found)
    assert f"{len(found)} regions (all of them" in html
    corners = " ".join(re.findall(r'points="([^"]*)"', html)).replace(",", " ")
    numbers = np.array(corners.split(), float)
    assert (numbers.min(), numbers.max()) == (0.0, 260.0)


def test_results_pickle(found):
    again = pickle.loads(pickle.dumps(found))
    assert again.network == NET
    assert again.domain == BOX
    assert np.array_equal(again.patterns, found.patterns)
    assert np.array_equal(again.volumes(), found.volumes())
    polytope = regions.polytope_at(NET, [0.1, 0.2], BOX)
    copy = pickle.loads(pickle.dumps(polytope))
    assert np.array_equal(copy.A, polytope.A)
    assert [str(f) for f in copy.facets] == [str(f) for f in polytope.facets]
    report = pickle.loads(pickle.dumps(regions.verify(found)))
    assert report.ok
    count = regions.count_regions(NET, BOX)
    assert pickle.loads(pickle.dumps(count)) == count == len(found)


def test_networks_are_equal_by_their_numbers():
    weights = [layer.weight for layer in NET.layers]
    biases = [layer.bias for layer in NET.layers]
    same = regions.ReluNetwork.from_arrays(weights, biases)
    assert same == NET
    assert hash(same) == hash(NET)
    changed = [biases[0] + 1e-9, *biases[1:]]
    assert regions.ReluNetwork.from_arrays(weights, changed) != NET
    assert regions.ReluNetwork.from_arrays(weights, biases, 0.1) != NET
    assert NET != "a network"


DOMAINS = [
    lambda end: regions.Box([0.0, -1.0], [end, 1.0]),
    lambda end: regions.Slice(
        [0.0, 0.0, end], np.eye(2, 3), regions.Box.cube(2, half_width=2.0)
    ),
    lambda end: regions.Segment([0.0, 0.0], [1.0, end]),
    lambda end: regions.Simplex([[0.0, 0.0], [end, 0.0], [0.0, 1.0]]),
    lambda end: regions.WholeSpace(int(end)),
]


@pytest.mark.parametrize("make", DOMAINS)
def test_domains_are_equal_by_their_numbers(make):
    assert make(2.0) == make(2.0)
    assert hash(make(2.0)) == hash(make(2.0))
    assert make(2.0) != make(3.0)
    assert all(make(2.0) != other(2.0) for other in DOMAINS if other is not make)
    assert pickle.loads(pickle.dumps(make(2.0))) == make(2.0)


def test_what_is_shown_is_short(found):
    large = regions.Box.cube(784)
    shown = [NET, NET.output, BOX, large, found, found[0], regions.WholeSpace(3)]
    shown += [DOMAINS[1](2.0), regions.describe_polytope(NET, [0.1, 0.2])]
    shown += [regions.hash_grid(NET, BOX, 8), regions.count_regions(NET, BOX)]
    assert max(len(repr(value)) for value in shown) < 120
    assert repr(NET) == "ReluNetwork(2-6-5-1, 11 bits)"
    assert repr(BOX) == "Box([-1, -1], [1, 1])"
    assert repr(large) == "Box(<784 numbers>, <784 numbers>)"
