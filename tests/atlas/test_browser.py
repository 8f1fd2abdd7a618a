"""The page in a real browser: what is asked is answered, by mouse and by keyboard."""

import json

import numpy as np
import pytest

import regions
from experiments.atlas.contents import Atlas, Points, Series
from experiments.atlas.page import write_page
from experiments.atlas.partition import find_partition
from regions.polytopes.polytope import polytope_at
from regions.topology.topology import topology_of
from tests.atlas.helpers import (
    SQUARE,
    code_text,
    compared,
    incomparable,
    network,
    over_time,
    partition,
    single,
)

MAP = ".pane canvas + canvas"


@pytest.fixture(scope="module")
def page_file(tmp_path_factory):
    file = tmp_path_factory.mktemp("atlas") / "small.html"
    write_page(file, single(partition()))
    return file


@pytest.fixture(scope="module")
def run_file(tmp_path_factory):
    file = tmp_path_factory.mktemp("atlas") / "run.html"
    write_page(file, over_time())
    return file


@pytest.fixture(scope="module")
def compare_file(tmp_path_factory):
    file = tmp_path_factory.mktemp("atlas") / "compare.html"
    write_page(file, compared())
    return file


def ring_like() -> Atlas:
    """As much as a run of the ring: 25 snapshots of 6 layers of 14, and points."""
    found = find_partition(network(4, widths=(14,) * 6), SQUARE, "ring-like")
    positions = np.random.default_rng(0).uniform(-1, 1, (6000, 2)).astype(np.float32)
    labels = np.zeros(6000, np.int32)
    points = Points("training", positions, labels, np.zeros((25, 6000), bool))
    series = Series("ring-like", [found] * 25, [float(i) for i in range(25)])
    return Atlas(title="ring-like", domain=SQUARE, series=[series], points=[points])


def test_run_like_the_ring_loads_within_two_seconds(screen, tmp_path):
    atlas = ring_like()
    assert len(atlas.series[0].frames[0]) > 300
    write_page(tmp_path / "ring.html", atlas)
    window = screen()
    session = window.page.context.new_cdp_session(window.page)
    # CPU time of the page's thread: the same however busy the machine is.
    session.send("Performance.enable", {"timeDomain": "threadTicks"})
    window.open(tmp_path / "ring.html")
    metrics = session.send("Performance.getMetrics")["metrics"]
    spent = {metric["name"]: metric["value"] for metric in metrics}
    assert 0.0 < spent["ScriptDuration"] <= spent["TaskDuration"] < 2.0


def test_clicks_land_in_the_region_of_polytope_at(screen, page_file):
    window, found = screen(), partition()
    window.open(page_file)
    window.settle()
    window.page.select_option("#boundaries", "none")
    box = window.page.locator(".pane").first.bounding_box()
    rng, asked = np.random.default_rng(0), set()
    for _ in range(25):
        px = int(box["x"] + box["width"] * rng.uniform(0.2, 0.8))
        py = int(box["y"] + box["height"] * rng.uniform(0.1, 0.9))
        window.page.mouse.click(px, py)
        x, y = window.world(px, py, 2.0)
        expected = polytope_at(found.network, np.array([x, y]), SQUARE).pattern
        assert window.details["code"] == code_text(found.network, expected)
        asked.add(window.details["code"])
    assert len(asked) > 8


def test_click_far_inside_lands_in_the_thinnest_region(screen, page_file):
    window, found = screen(), partition()
    window.open(page_file)
    thinnest = int(found.radii.argmin())
    x, y = map(float, found.centers[thinnest])
    zoom = 2e6 / float(found.radii[thinnest])
    window.open(page_file, "#")
    window.page.evaluate(f"location.hash = 'x={x!r}&y={y!r}&zoom={zoom!r}'")
    window.settle()
    box = window.page.locator(".pane").first.bounding_box()
    middle = (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    window.page.mouse.click(*middle)
    pattern = polytope_at(found.network, np.array([x, y]), SQUARE).pattern
    assert float(window.view["zoom"]) > 1e6
    assert window.details["code"] == code_text(found.network, pattern)


def test_click_on_a_boundary_shows_its_unit(screen, page_file):
    window, found = screen(), partition()
    window.open(page_file)
    window.settle()
    largest = int(found.radii.argmax())
    poly = polytope_at(found.network, found.centers[largest], SQUARE)
    facet = next(facet for facet in poly.facets if facet.unit is not None)
    x, y = map(float, facet.point)
    radius = float(found.radii[largest])
    zoom = 2.0 * 150.0 / radius
    window.page.evaluate(f"location.hash = 'x={x!r}&y={y!r}&zoom={zoom!r}'")
    window.settle()
    box = window.page.locator(".pane").first.bounding_box()
    window.page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    assert window.details == {"unit": str(facet)}


def test_copied_json_holds_the_rows_of_polytope_at(screen, page_file):
    window, found = screen(), partition()
    window.open(page_file)
    x, y = map(float, found.centers[3])
    window.page.fill("#search", f"{x!r}, {y!r}")
    window.page.keyboard.press("Enter")
    window.page.click("#copy-json")
    data = json.loads(window.page.evaluate("navigator.clipboard.readText()"))
    poly = polytope_at(found.network, np.array([x, y]), SQUARE)
    rows = {tuple(row["unit"]): row for row in data["inequalities"] if row["unit"]}
    assert set(rows) == {facet.unit for facet in poly.facets if facet.unit}
    for facet in poly.facets:
        if facet.unit:
            np.testing.assert_allclose(rows[facet.unit]["A"], poly.rows.A[facet.row])
            np.testing.assert_allclose(rows[facet.unit]["b"], poly.rows.b[facet.row])
    np.testing.assert_allclose(
        data["affine_map"][0]["gradient"], poly.affine_map.jacobian[0]
    )
    assert data["area"] == pytest.approx(poly.volume())
    assert data["inradius"] == pytest.approx(poly.chebyshev.radius, rel=1e-5)
    window.page.click("#copy-latex")
    text = window.page.evaluate("navigator.clipboard.readText()")
    assert text.count("&> 0") == len(poly.facets)


def test_search_by_code_finds_every_region(screen, page_file):
    window, found = screen(), partition()
    window.open(page_file)
    for i in (0, len(found) // 2, len(found) - 1):
        pattern = polytope_at(found.network, found.centers[i], SQUARE).pattern
        code = code_text(found.network, pattern)
        window.page.fill("#search", code)
        window.page.keyboard.press("Enter")
        assert window.details["code"] == code
    window.page.fill("#search", "5, 5")
    window.page.keyboard.press("Enter")
    assert "outside the domain" in window.page.inner_text("#status")


def test_fragment_restores_the_view(screen, page_file):
    window = screen()
    window.open(page_file)
    window.page.fill("#search", "0.2, -0.3")
    window.page.keyboard.press("Enter")
    window.page.select_option("#mode", "inradius")
    window.settle()
    code, view = window.details["code"], window.view
    other = screen()
    other.open(page_file, "#" + window.page.url.split("#")[1])
    other.settle()
    assert other.details["code"] == code
    assert other.view == view


def test_all_color_modes_draw_something_different(screen, page_file):
    window = screen(700, 500)
    window.open(page_file)
    pictures = set()
    modes = window.page.locator("#mode option").evaluate_all("o => o.map(x => x.value)")
    for mode in modes:
        window.page.select_option("#mode", mode)
        window.settle()
        pictures.add(window.page.locator(".pane").screenshot())
    known = ["output", "code", "layer", "inradius", "gradient", "class", "parts"]
    assert modes == known
    assert len(pictures) == len(modes)


def test_parts_of_classes_are_those_of_topology(screen, tmp_path):
    """A ring of class 1: its hole is an enclosed part of class 0."""
    sides = [[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0], [0.0, -1.0]]
    bend = [[1.0] * 4, [1.0] * 4]
    ring = regions.ReluNetwork.from_arrays(
        [sides, bend, [[1.0, -2.0]]], [[0.0] * 4, [-0.3, -0.6], [-0.1]]
    )
    file = tmp_path / "page.html"
    write_page(file, single(find_partition(ring, SQUARE, "ring")))
    window = screen()
    window.open(file, "#color=parts")
    found = {of: topology_of(ring, SQUARE, of) for of in ("class 0", "class 1")}
    text = window.page.inner_text("#legend")
    for number, of in enumerate(found):
        parts = found[of].components
        enclosed = sum(not part.reaches_out for part in parts)
        plural = "" if len(parts) == 1 else "s"
        assert f"class {number}: {len(parts)} part{plural}, {enclosed} enclosed" in text
    assert found["class 1"].betti == (1, 1)


def test_slider_counts_births_and_deaths(screen, run_file):
    window, atlas = screen(), over_time()
    window.open(run_file)
    frames = atlas.series[0].frames
    codes = [{row.tobytes() for row in frame.patterns} for frame in frames]
    window.page.focus("#frame")
    window.page.keyboard.press("Home")
    assert f"{len(frames[0])} regions" in window.page.inner_text("#timeline")
    window.page.keyboard.press("ArrowRight")
    text = window.page.inner_text("#timeline")
    assert f"{len(frames[1])} regions" in text
    assert f"{len(codes[1] - codes[0])} codes born" in text
    assert f"{len(codes[0] - codes[1])} died" in text
    window.page.click("#play")
    window.until("document.getElementById('frame').value === '2'")


def test_selected_region_is_followed_through_time(screen, tmp_path):
    net = network(0)
    move = np.array([0.7, 0.0])
    first = net.layers[0]
    moved = regions.ReluNetwork.from_arrays(
        [layer.weight for layer in net.layers],
        [first.bias - first.weight @ move, *(layer.bias for layer in net.layers[1:])],
    )
    frames = [find_partition(n, SQUARE, "moving") for n in (net, moved)]
    series = Series("moving", frames, [0.0, 1.0])
    write_page(
        tmp_path / "moving.html",
        Atlas(title="moving", domain=SQUARE, series=[series]),
    )
    inner = frames[0]
    inside = np.flatnonzero(np.abs(inner.centers).max(axis=1) < 0.25)
    small = int(inside[inner.radii[inside].argmin()])
    x, y = map(float, inner.centers[small])
    window = screen()
    window.open(tmp_path / "moving.html", "#at=0")
    window.page.fill("#search", f"{x!r}, {y!r}")
    window.page.keyboard.press("Enter")
    code = window.details["code"]
    window.page.get_by_text("Zoom to ball").click()
    window.page.focus("#frame")
    window.page.keyboard.press("End")
    window.settle()
    assert window.details["code"] == code
    assert float(window.view["x"]) == pytest.approx(x + 0.7, abs=1e-6)
    assert float(window.view["y"]) == pytest.approx(y, abs=1e-6)


def test_comparison_counts_kept_born_and_lost(screen, compare_file):
    window, atlas = screen(), compared()
    window.open(compare_file)
    before, after = (
        {row.tobytes() for row in series.frames[0].patterns} for series in atlas.series
    )
    text = window.page.inner_text("#legend")
    assert before != after
    assert f"{len(before & after)} codes kept" in text
    assert f"{len(before - after)} lost" in text
    assert f"{len(after - before)} born" in text
    assert window.page.locator(".pane").count() == 2
    window.page.select_option("#layout", "overlay")
    assert window.page.locator(".pane").count() == 1


def test_codes_of_other_units_are_not_compared(screen, tmp_path):
    file = tmp_path / "page.html"
    write_page(file, incomparable())
    window = screen()
    window.open(file, "#color=change")
    assert window.page.input_value("#mode") == "output"
    options = window.page.locator("#mode option").all()
    assert "change" not in [option.get_attribute("value") for option in options]
    text = window.page.inner_text("#incomparable")
    assert "The hidden layers differ (small: 8-6; other: 7-7)" in text
    window.page.fill("#search", "0.1, 0.2")
    window.page.keyboard.press("Enter")
    assert window.details["code"]
    assert "This code in other" not in window.page.inner_text("#details")


def test_linked_panes_select_the_same_code(screen, compare_file):
    window = screen()
    window.open(compare_file)
    window.settle()
    boxes = [pane.bounding_box() for pane in window.page.locator(".pane").all()]
    window.page.select_option("#boundaries", "none")
    pictures = [pane.screenshot() for pane in window.page.locator(".pane").all()]
    box = boxes[1]
    window.page.mouse.click(
        box["x"] + 0.5 * box["width"], box["y"] + 0.5 * box["height"]
    )
    window.settle()
    after = [pane.screenshot() for pane in window.page.locator(".pane").all()]
    assert window.view["net"] == "1"
    assert pictures[1] != after[1]


def test_code_is_looked_up_in_the_other_network(screen, compare_file):
    window, atlas = screen(), compared()
    window.open(compare_file)
    before, after = (series.frames[0] for series in atlas.series)
    known = {row.tobytes(): i for i, row in enumerate(after.patterns)}
    for region in range(0, len(before), 4):
        x, y = map(float, before.centers[region])
        window.page.fill("#search", f"{x!r}, {y!r}")
        window.page.keyboard.press("Enter")
        same = known.get(before.patterns[region].tobytes())
        wanted = "no region" if same is None else f"region {same + 1}"
        text = window.page.inner_text("#details").split("This code in after")[1]
        assert text.split("\n")[1].strip() == wanted
