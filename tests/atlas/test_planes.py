"""Planes through three dimensions, cut in the page, against exact slices."""

import json
import pathlib

import numpy as np
import pytest

import regions
from experiments.atlas.page import write_page
from experiments.atlas.sources import plane, solid_atlas
from regions.polytopes.polytope import polytope_at
from tests.atlas.helpers import code_text, middle_level, network

CUBE = regions.Box.cube(3)
LEVEL = middle_level(network(5, dim=3))


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("planes")
    for name, seed in (("one", 5), ("two", 6)):
        regions.save_network(folder / f"{name}.npz", network(seed, dim=3))
    for names in (("one",), ("one", "two")):
        paths = [folder / f"{name}.npz" for name in names]
        nets = [regions.load_network(path) for path in paths]
        atlas = solid_atlas(paths, nets, CUBE, LEVEL, lambda *_: None)
        write_page(folder / f"{'-'.join(names)}.html", atlas)
    return folder


def move(window, axis: str, value: float) -> None:
    window.page.select_option("#axis", axis)
    window.page.fill("#position", repr(value))
    window.page.keyboard.press("Enter")


@pytest.mark.parametrize("axis", range(3))
def test_every_plane_has_the_regions_of_the_exact_slice(screen, files, axis):
    window, net = screen(), network(5, dim=3)
    window.open(files / "one.html")
    for value in (*np.random.default_rng(axis).uniform(-1, 1, 4), -1.0, 1.0):
        move(window, "xyz"[axis], float(value))
        # A plane in a facet of the cube shows the regions that touch it.
        inside = float(np.clip(value, -1 + 1e-9, 1 - 1e-9))
        count = int(regions.count_regions(net, plane(CUBE, axis, inside)))
        window.until(
            f"document.getElementById('timeline').innerText.includes('{count} regions')"
        )


def test_regions_of_a_plane_are_those_of_polytope_at(screen, files):
    window, net = screen(), network(5, dim=3)
    window.open(files / "one.html")
    window.page.select_option("#axis", "y")
    rng = np.random.default_rng(1)
    for point in rng.uniform(-1, 1, (8, 3)):
        window.page.fill("#search", ", ".join(repr(float(v)) for v in point))
        window.page.keyboard.press("Enter")
        pattern = polytope_at(net, point, CUBE).pattern
        assert window.details["code"] == code_text(net, pattern)
        window.page.click("#copy-json")
        data = json.loads(window.page.evaluate("navigator.clipboard.readText()"))
        assert data["plane"] == {"y": point[1]}
        flat = plane(CUBE, 1, float(point[1]))
        poly = polytope_at(flat.restrict(net), point[[0, 2]], flat.box)
        facets = [(f.unit, f.domain_facet) for f in poly.facets]
        rows = [row["unit"] and tuple(row["unit"]) for row in data["inequalities"]]
        assert sorted(map(str, rows)) == sorted(str(unit) for unit, _ in facets)
        assert data["area"] == pytest.approx(poly.volume(), rel=1e-9)
        assert data["inradius"] == pytest.approx(poly.chebyshev.radius, rel=1e-5)
        jacobian = poly.affine_map.jacobian[0]
        np.testing.assert_allclose(data["affine_map"][0]["gradient"], jacobian)


def test_region_is_found_again_from_a_plane_that_misses_it(screen, files):
    window = screen()
    window.open(files / "one.html")
    window.page.fill("#search", "0.1, 0.2, 0.3")
    window.page.keyboard.press("Enter")
    code = window.details["code"]
    assert "selected region, from z =" in window.page.inner_text("#timeline")
    move(window, "z", -1.0)
    assert "misses the region" in window.page.inner_text("#details")
    window.page.get_by_text("Move the plane to it").click()
    assert window.details["code"] == code
    move(window, "z", -1.0)
    window.page.keyboard.press("Escape")
    window.page.fill("#search", code)
    window.page.keyboard.press("Enter")
    assert window.details["code"] == code


def test_keys_and_fragment_move_the_plane(screen, files):
    window = screen()
    window.open(files / "one.html", "#axis=x&at=0.125")
    window.page.focus("#theme")
    window.page.keyboard.press("]")
    window.settle()
    assert window.view["axis"] == "x"
    assert float(window.view["at"]) == pytest.approx(0.145)
    window.page.focus("#frame")
    window.page.keyboard.press("Home")
    window.settle()
    assert float(window.view["at"]) == -1.0
    window.page.click("#play")
    window.until("Number(document.getElementById('frame').value) > 20")


def test_two_networks_are_compared_on_one_plane(screen, files):
    window = screen()
    window.open(files / "one-two.html")
    move(window, "x", 0.25)
    text = window.page.inner_text("#timeline")
    for name, seed in (("one", 5), ("two", 6)):
        flat = plane(CUBE, 0, 0.25)
        count = int(regions.count_regions(network(seed, dim=3), flat))
        assert f"{name}: {count} regions" in text


def test_surface_turns_and_is_saved(screen, files):
    window, net = screen(), network(5, dim=3)
    window.open(files / "one.html")
    canvas = window.page.locator("#surface canvas")
    before = canvas.screenshot()
    canvas.focus()
    window.page.keyboard.press("ArrowRight")
    window.settle()
    assert canvas.screenshot() != before
    with window.page.expect_download() as download:
        window.page.click("#ply")
    lines = pathlib.Path(download.value.path()).read_text().splitlines()
    start = lines.index("end_header") + 1
    count = int(next(line for line in lines if "element vertex" in line).split()[2])
    vertices = np.loadtxt(lines[start : start + count])
    assert count > 10
    np.testing.assert_allclose(net(vertices), LEVEL, atol=1e-12)
