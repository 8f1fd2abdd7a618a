"""Laws, search trees and compiled C against the network's own forward pass."""

import ctypes
import dataclasses
import shutil
import subprocess

import numpy as np
import pytest
import scipy.io

import regions
from regions.errors import FileFormatError
from regions.results.laws.c_source import save_c
from regions.results.laws.law import PiecewiseLaw, piecewise_law
from regions.results.laws.search_tree import search_tree
from tests.helpers import brute_force_rows, largest_slack, random_network
from tests.zoo import ZOO

COMPILER = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
NETS = [name for name, (net, _) in ZOO.items() if net.output_dim == 1][::4]


def _points(found, count=200):
    """Random points of a domain, and points on and around borders of regions."""
    rng, domain = np.random.default_rng(0), found.domain
    spread = rng.normal(size=(count, domain.dim))
    if isinstance(domain, regions.WholeSpace):
        return np.concatenate([found.coordinates, 3.0 * spread])
    box = domain.chart_box()
    inside = rng.dirichlet(np.ones(domain.dim + 1), count)[:, 1:]
    inside = box.lower + inside * (box.upper - box.lower)
    between = np.concatenate([found.cells.vertices, found.coordinates])
    near = between[rng.integers(len(between), size=count)] + 1e-12 * spread
    if domain.is_chart_identity:
        near = np.clip(near, box.lower, box.upper)
    return np.concatenate([between, near, inside])


@pytest.mark.parametrize("name", NETS)
def test_laws_trees_and_networks_agree(name):
    net, domain = ZOO[name]
    found = regions.enumerate_regions(net, domain)
    points = _points(found)
    expected = domain.restrict(net)(points)
    scale = {"rtol": 1e-9, "atol": 1e-9 * (1 + np.abs(expected).max())}
    np.testing.assert_allclose(piecewise_law(found)(points), expected, **scale)
    tree = search_tree(found)
    np.testing.assert_allclose(tree(points), expected, **scale)
    assert tree.depth <= net.num_bits
    assert len(tree.maps) <= len(found)


def test_rows_of_a_law_are_the_facets():
    net = random_network(np.random.default_rng(1), 2, [5, 4])
    found = regions.enumerate_regions(net, regions.Box.cube(2))
    law = piecewise_law(found)
    for bits, (A, b) in zip(found.pattern_bits(), law.rows, strict=True):
        rows, right = brute_force_rows(net, bits)
        walls, ends = A[-4:], b[-4:]
        whole = np.vstack([rows, walls]), np.append(right, ends)
        needed = 0
        for k in range(len(rows)):
            # A row is a facet if the region grows without it.
            turned = whole[0].copy(), whole[1].copy()
            turned[0][k], turned[1][k] = -rows[k], -right[k]
            needed += bool(rows[k].any()) and largest_slack(*turned) > 1e-9
        assert len(b) - 4 == needed


def test_a_unit_that_dies_across_a_facet_is_no_row_there():
    """relu(relu(x)): where the first unit is off, the second has no gradient."""
    net = regions.ReluNetwork.from_arrays([[[1.0]], [[1.0]], [[1.0]]], None)
    law = piecewise_law(regions.enumerate_regions(net, regions.Box([-1], [2])))
    assert sorted(A[0, 0] for A, _ in law.rows) == [-1.0, 1.0]
    assert [len(b) for _, b in law.rows] == [3, 3]


def test_files_come_back(tmp_path):
    net = random_network(np.random.default_rng(2), 2, [6, 3], outputs=2)
    law = piecewise_law(regions.enumerate_regions(net, regions.Box.cube(2)))
    assert PiecewiseLaw.load(law.save(tmp_path / "law.json")) == law
    held = scipy.io.loadmat(law.save(tmp_path / "law.mat"))["regions"][:, 0]
    for k, part in enumerate(held):
        assert np.array_equal(part["A"], law.rows[k][0])
        assert np.array_equal(part["b"][:, 0], law.rows[k][1])
        assert np.array_equal(part["F"], law.jacobians[k])
        assert np.array_equal(part["g"][:, 0], law.offsets[k])
    assert len(held) == len(law)
    with pytest.raises(ValueError, match=r"saved as \.json or \.mat"):
        law.save(tmp_path / "law.txt")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"version":1', '"version":2'),
        ('"A":[[', '"A":[[[1],'),
        ('"b":[', '"b":[1,'),
        ('"c":[', '"c":["one",'),
        ('"J":[[', '"J":[[NaN,'),
        ("}", ""),
    ],
)
def test_a_damaged_law_is_refused(tmp_path, old, new):
    net = random_network(np.random.default_rng(2), 2, [2])
    law = piecewise_law(regions.enumerate_regions(net, regions.Box.cube(2)))
    file = law.save(tmp_path / "law.json")
    file.write_text(file.read_text().replace(old, new, 1))
    with pytest.raises(FileFormatError, match="law"):
        PiecewiseLaw.load(file)


@pytest.mark.skipif(COMPILER is None, reason="there is no compiler of C")
def test_compiled_c_agrees_with_the_forward_pass(tmp_path):
    """Three networks in one library, of one map and on the whole space too."""
    rng = np.random.default_rng(4)
    cases = {
        "deep": (random_network(rng, 3, [8, 6], outputs=3), regions.Box.cube(3)),
        "affine": (random_network(rng, 2, []), regions.Box.cube(2)),
        "whole": (random_network(rng, 2, [4]), regions.WholeSpace(2)),
    }
    sets = {name: regions.enumerate_regions(*case) for name, case in cases.items()}
    files = [
        str(
            save_c(
                tmp_path / f"{name}.{'h' if name == 'affine' else 'c'}",
                found,
                name=name,
            )
        )
        for name, found in sets.items()
    ]
    text = (tmp_path / "affine.h").read_text()
    assert "static int affine(" in text
    (tmp_path / "affine.c").write_text(text.replace("static int", "int"))
    files[1] = str(tmp_path / "affine.c")
    library = tmp_path / "nets.so"
    flags = ["-std=c99", "-O1", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC"]
    assert COMPILER is not None
    subprocess.run([COMPILER, *flags, *files, "-o", library], check=True)
    loaded = ctypes.CDLL(str(library))
    for name, found in sets.items():
        points = np.ascontiguousarray(_points(found))
        expected = found.network(points)
        values, codes = np.empty_like(expected), []
        for point, value in zip(points, values, strict=True):
            pointers = (
                v.ctypes.data_as(ctypes.POINTER(ctypes.c_double))
                for v in (point, value)
            )
            codes.append(loaded[name](*pointers))
        np.testing.assert_allclose(values, expected, rtol=1e-9, atol=1e-9)
        assert not any(codes)
    outside = (ctypes.c_double * 3)(0.0, 1.5, 0.0)
    assert loaded["deep"](outside, (ctypes.c_double * 3)()) == 1


def test_c_needs_all_regions_and_a_name(tmp_path):
    net = random_network(np.random.default_rng(2), 2, [3])
    found = regions.enumerate_regions(net, regions.Box.cube(2))
    with pytest.raises(regions.RegionsError, match=r"missing|complete"):
        save_c(tmp_path / "net.c", found[:1])
    with pytest.raises(ValueError, match="`name` is '2nets'"):
        save_c(tmp_path / "net.c", found, name="2nets")
    with pytest.raises(ValueError, match=r"ending in \.c or \.h"):
        save_c(tmp_path / "net.cpp", found)
    disc = regions.enumerate_regions(net, regions.Ball([0.0, 0.0], 1.0))
    with pytest.raises(ValueError, match=r"`domain` is a ball of the norm 2"):
        save_c(tmp_path / "net.c", disc)
    assert not list(tmp_path.iterdir())


def test_a_law_of_some_regions_covers_those():
    net = random_network(np.random.default_rng(2), 2, [3])
    found = regions.enumerate_regions(net, regions.Box.cube(2))
    law = piecewise_law(found[:2])
    assert not law.complete
    assert len(law) == 2
    assert np.allclose(law(found.coordinates[:2]), net(found.coordinates[:2]))
    assert dataclasses.replace(law, complete=True) == law
