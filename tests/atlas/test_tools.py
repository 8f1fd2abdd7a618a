"""What the page offers beside the map: hover, links, files, a second network."""

import re
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest

import regions
from experiments.atlas.contents import Atlas, Series
from experiments.atlas.page import write_page
from experiments.atlas.partition import find_partition
from tests.atlas.helpers import SQUARE, network, over_time, partition, single

MAP = ".pane canvas + canvas"
TARGETS = "button:visible, select:visible, input:not([type=checkbox]):visible"
FAR = regions.Box([0, 0], [1, 1])
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def page_file(tmp_path_factory):
    file = tmp_path_factory.mktemp("atlas") / "small.html"
    write_page(file, single(partition()))
    return file


def dropped() -> list[regions.ReluNetwork]:
    """One with leaks, units without kink and a skip, and one of small integers."""
    rng = np.random.default_rng(3)
    shapes = [(7, 2), (6, 7), (5, 6), (1, 5)]
    weights = [rng.standard_normal(shape) for shape in shapes]
    biases = [rng.standard_normal(len(w)) for w in weights]
    slopes = [0.1, rng.choice([0.0, 1.0, -0.5], 6), 0.0]
    skips = {2: {1: rng.standard_normal((5, 7))}}
    mixed = regions.ReluNetwork.from_arrays(weights, biases, slopes, skips=skips)
    lattice = [rng.integers(-2, 3, shape).astype(float) for shape in shapes]
    whole = [rng.integers(-1, 2, len(w)).astype(float) for w in weights]
    return [mixed, regions.ReluNetwork.from_arrays(lattice, whole)]


def test_dropped_networks_have_as_many_regions_as_are_proved(
    screen, page_file, tmp_path
):
    for index, net in enumerate(dropped()):
        file = tmp_path / f"net{index}.npz"
        regions.save_network(file, net)
        window = screen()
        window.open(page_file)
        window.page.set_input_files("#compare-file", file)
        window.until("document.querySelectorAll('.pane').length === 2")
        label = window.page.locator(MAP).nth(1).get_attribute("aria-label")
        count = int(regions.count_regions(net, SQUARE))
        assert label == f"Map of net{index}, {count} activation regions"


def test_files_that_cannot_be_compared_are_refused_in_one_sentence(
    screen, page_file, tmp_path
):
    texts = {}
    regions.save_network(tmp_path / "three.npz", network(dim=3))
    np.savez(tmp_path / "other.npz", x=np.zeros(3))
    (tmp_path / "damaged.npz").write_bytes(b"PK damaged")
    (tmp_path / "model.onnx").write_bytes(b"")
    far = find_partition(network(), FAR, "far")
    write_page(tmp_path / "far.html", Atlas("far", FAR, [Series("far", [far], [0.0])]))
    window = screen()
    window.open(page_file)
    for name in ("three.npz", "other.npz", "damaged.npz", "model.onnx", "far.html"):
        window.page.set_input_files("#compare-file", tmp_path / name)
        window.until(
            "(t => t && !t.startsWith('Reading') && t.startsWith("
            f"'{name}'))(document.getElementById('status').innerText)"
        )
        texts[name] = window.page.inner_text("#status")
    assert "(8, 3), and (8, 2) is required" in texts["three.npz"]
    assert "no network" in texts["other.npz"]
    assert "no .npz archive" in texts["damaged.npz"]
    assert "an .npz file or an atlas page is required" in texts["model.onnx"]
    assert "its domain is from (0,0) to (1,1)" in texts["far.html"]
    assert window.page.locator(".pane").count() == 1


def test_unrelated_networks_do_not_open_on_two_slabs_of_color(
    screen, page_file, tmp_path
):
    write_page(tmp_path / "second.html", single(partition(9), "second"))
    window = screen()
    window.open(page_file)
    window.page.set_input_files("#compare-file", tmp_path / "second.html")
    window.until("document.querySelectorAll('.pane').length === 2")
    assert window.page.input_value("#mode") == "output"
    window.page.select_option("#mode", "change")
    window.settle()
    assert "lost" in window.page.inner_text("#legend")


def test_hover_tells_region_output_and_neighbors(screen, page_file):
    window, found = screen(), partition()
    window.open(page_file)
    window.settle()
    box = window.page.locator(".pane").first.bounding_box()
    for across, down in ((0.3, 0.4), (0.5, 0.5), (0.6, 0.3)):
        px = round(box["x"] + across * box["width"])
        py = round(box["y"] + down * box["height"])
        window.page.mouse.move(px, py)
        text = window.page.inner_text("#readout").replace("\u2212", "-")
        region, neighbors = map(
            int, re.findall(r"region (\d+), (\d+) neighbors", text)[0]
        )
        x = np.array(window.world(px, py, 2.0))
        shown = regions.polytope_at(found.network, x, SQUARE)
        own = sum(facet.unit is not None for facet in shown.facets)
        assert neighbors == own
        value = float(re.findall(r"f = (-?[\d.]+)", text)[0])
        assert value == pytest.approx(float(found.network(x)[0]), rel=1e-2, abs=1e-3)
        window.page.mouse.click(px, py)
        assert region == int(window.details.get("region", region - 1)) + 1


def test_link_is_copied_and_thinnest_region_is_one_key_away(screen, page_file):
    window, found = screen(), partition()
    window.open(page_file)
    window.page.keyboard.press("g")
    assert int(window.details["region"]) == int(found.radii.argmin())
    window.page.keyboard.press("g")
    assert int(window.details["region"]) == int(np.argsort(found.radii)[1])
    window.page.click("#link")
    window.page.wait_for_timeout(100)
    link = window.page.evaluate("navigator.clipboard.readText()")
    assert f"code={window.details['code']}" in link


def test_views_are_saved_as_pictures_of_all_regions(screen, page_file, tmp_path):
    window, found = screen(), partition()
    window.open(page_file)
    window.settle()
    files = {}
    for kind in ("svg", "png", "pdf"):
        with window.page.expect_download() as download:
            window.page.select_option("#save", kind)
        files[kind] = tmp_path / f"view.{kind}"
        download.value.save_as(files[kind])
        assert download.value.suggested_filename == f"small.{kind}"
    root = ElementTree.parse(files["svg"]).getroot()
    filled = [p for p in root.iter(f"{SVG}path") if p.get("fill") != "none"]
    # Behind the regions lie the sheet and the map.
    assert len(filled) == len(found) + 2
    assert files["png"].read_bytes().startswith(b"\x89PNG")
    pdf = files["pdf"].read_bytes()
    start = int(re.findall(rb"startxref\n(\d+)", pdf)[0])
    assert pdf[start : start + 4] == b"xref"
    assert all(
        pdf[int(at) :].startswith(b"%d 0 obj" % (i + 1))
        for i, at in enumerate(re.findall(rb"(\d{10}) 00000 n", pdf))
    )


def test_linear_regions_are_those_of_the_exact_merge(screen, tmp_path):
    # Two units of opposite signs add up to one affine map: the boundary is none.
    net = regions.ReluNetwork.from_arrays(
        [[[1.0, 0.2], [-1.0, -0.2], [0.3, 1.0]], [[1.0, -1.0, 1.0]]],
        [[0.1, -0.1, 0.2], [0.0]],
    )
    found = find_partition(net, SQUARE, "folded")
    write_page(tmp_path / "folded.html", single(found))
    count = int(regions.count_linear_regions(net, SQUARE))
    window = screen()
    window.open(tmp_path / "folded.html")
    text = window.page.inner_text("#details")
    assert count < len(found) == 4
    assert re.search(rf"Linear regions\s+{count}\b", text)
    window.page.select_option("#mode", "code")
    window.settle()
    before = window.page.locator(".pane").screenshot()
    window.page.keyboard.press("l")
    window.settle()
    assert window.view["linear"] == "1"
    assert window.page.locator(".pane").screenshot() != before
    window.page.fill("#search", "0.5, 0.5")
    window.page.keyboard.press("Enter")
    assert "2 activation regions" in window.page.inner_text("#details")


def test_phone_shows_map_and_answer_at_once_with_large_targets(screen, tmp_path):
    write_page(tmp_path / "run.html", over_time())
    window = screen(390, 844, touch=True)
    window.open(tmp_path / "run.html")
    window.settle()
    box = window.page.locator(".pane").first.bounding_box()
    window.page.touchscreen.tap(
        box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    )
    heading = window.page.locator("#details h2").first.bounding_box()
    assert box["height"] > 200
    assert heading["y"] + heading["height"] < 844
    sizes = window.page.locator(TARGETS).evaluate_all(
        "all => all.map(e => [e.offsetWidth, e.offsetHeight])"
    )
    assert len(sizes) > 15
    assert min(map(min, sizes)) >= 44
