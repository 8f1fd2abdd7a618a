"""Static figures of the atlas: titles, numbers and colors, not pixels."""

import dataclasses
import itertools
from typing import cast

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.legend import Legend

import regions
from experiments.atlas.colors import code_colors, code_indices, layer_colors
from experiments.atlas.figure import LABELS, deepest_layers, figure
from experiments.atlas.sources import plane, solid_atlas
from experiments.plotting.style import save_figure
from tests.atlas.helpers import (
    compared,
    incomparable,
    middle_level,
    network,
    over_time,
    partition,
    single,
)


@pytest.mark.parametrize("color", ["output", "code", "layer", "inradius", "gradient"])
def test_figure_draws_all_regions_and_sides(color, tmp_path):
    found = partition()
    drawing = figure(single(found), color, points=True)
    axes = drawing.axes[0]
    assert axes.get_title(loc="left") == f"small: {len(found)} activation regions"
    (sides,) = [c for c in axes.collections if type(c) is LineCollection]
    inner = (found.sides >= 0).sum() // 2
    assert len(sides.get_segments()) == inner + (found.sides < 0).sum()
    fills = [c for c in axes.collections if isinstance(c, PolyCollection)]
    if color != "output":
        assert len(fills[0].get_paths()) == len(found)
    for suffix in ("png", "pdf"):
        save_figure(drawing, tmp_path / f"map.{suffix}")
        assert (tmp_path / f"map.{suffix}").stat().st_size > 5000


def test_comparison_has_one_panel_per_network_and_colors_of_change():
    atlas = compared()
    before, after = (series.frames[0] for series in atlas.series)
    known = {row.tobytes() for row in after.patterns}
    kept = sum(row.tobytes() in known for row in before.patterns)
    left, right = figure(atlas, "change").axes
    colors = np.asarray(left.collections[0].get_facecolor())
    gray = np.isclose(colors[:, :3], [220 / 255, 223 / 255, 228 / 255], atol=1e-6)
    assert gray.all(axis=1).sum() == kept
    assert right.get_title(loc="left").startswith("after")


@pytest.mark.parametrize("long", [False, True])
def test_nothing_that_is_written_leaves_the_figure(long, tmp_path):
    atlas = compared()
    if long:
        for series in atlas.series:
            name = f"a network with a long name, epoch 6000, {series.name}"
            frames = cast(list, series.frames)
            frames[0] = dataclasses.replace(frames[0], name=name)
    falling = dataclasses.replace(over_time(), losses=FALLING)
    for drawing in (figure(atlas, overlay=True), figure(falling, "inradius")):
        save_figure(drawing, tmp_path / "map.svg")
        FigureCanvasAgg(drawing).draw()
        labels = [x.label for axes in drawing.axes for x in (axes.xaxis, axes.yaxis)]
        for written in (*labels, *drawing.findobj(Legend)):
            box = written.get_window_extent()
            assert box.x0 >= 0.0
            assert box.y0 >= 0.0
            assert box.x1 <= drawing.bbox.x1
            assert box.y1 <= drawing.bbox.y1


FALLING = np.array([[1, 0.15, 0.09], [3, 0.026, 0.03]], np.float32)
"""Losses within one power of ten."""


def test_a_bar_of_colors_names_its_output_where_there_are_several():
    found = partition(outputs=3)
    for color, name in (("output", "Output"), ("gradient", "Gradient norm of output")):
        bar = figure(single(found), color).axes[-1]
        assert bar.get_xlabel() == f"{name} 0 of 3 (counted from 0)"
    assert figure(single(partition())).axes[-1].get_xlabel() == "Output f(x)"


def test_image_coordinates_grow_downward():
    atlas = dataclasses.replace(single(partition()), y_down=True)
    low, high = figure(atlas, "class").axes[0].get_ylim()
    assert low > high


def test_unknown_color_is_refused():
    with pytest.raises(ValueError, match="'changes': one of output"):
        figure(single(partition()), "changes")


def test_change_needs_two_networks_of_the_same_units():
    assert "change" in LABELS
    with pytest.raises(ValueError, match="there is one network: it compares two"):
        figure(single(partition()), "change")
    # As many bits, of other units: a byte by byte comparison would find codes kept.
    with pytest.raises(ValueError, match=r"\(small: 8-6 and other: 7-7\)"):
        figure(incomparable(), "change")
    overlaid = figure(incomparable(), overlay=True)
    assert len(overlaid.axes) == 2


def test_box_can_be_read_off_the_axes():
    axes = figure(single(partition()), "layer").axes[0]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("x₁", "x₂")
    for low, high, ticks in (
        (*axes.get_xlim(), axes.get_xticks()),
        (*axes.get_ylim(), axes.get_yticks()),
    ):
        assert (low, high) == (-1.0, 1.0)
        assert ticks.tolist() == [-1.0, -0.5, 0.0, 0.5, 1.0]


@pytest.mark.parametrize(
    ("low", "high", "wanted"),
    [
        (2.0, 4.0, ["2", "2.5", "3", "3.5", "4"]),
        (0.05, 3.0, ["0.05", "0.1", "0.2", "0.5", "1", "2"]),
        (1e-3, 10.0, ["0.001", "0.01", "0.1", "1", "10"]),
    ],
)
def test_colorbar_of_gradients_has_plain_numbers(low, high, wanted):
    found = partition()
    # The 1st and 99th percentile of the gradients are the ends of the scale.
    gradients = np.full((len(found), 1), low, np.float32)
    gradients[: len(found) // 2] = high
    changed = dataclasses.replace(found, gradients=gradients)
    drawing = figure(single(changed), "gradient")
    drawing.draw_without_rendering()
    axis = drawing.axes[1].xaxis
    texts = [label.get_text() for label in axis.get_majorticklabels()]
    places = axis.get_majorticklocs()
    pairs = zip(texts, places, strict=True)
    assert [t for t, v in pairs if 0.999 * low <= v <= 1.001 * high] == wanted
    np.testing.assert_allclose([float(text) for text in texts], places)
    assert list(axis.get_minorticklocs()) == []


def test_code_hash_is_fnv_1a():
    def slow(data):
        h = 0x811C9DC5
        for byte in data:
            h = (h ^ int(byte)) * 0x01000193 % 2**32
        h ^= h >> 16
        return (h ^ (h >> 8)) & 255

    patterns = np.random.default_rng(0).integers(0, 256, (50, 5), np.uint8)
    assert code_indices(patterns).tolist() == [slow(row) for row in patterns]
    colors = code_colors()
    assert ((colors >= 0) & (colors <= 1)).all()
    assert len(np.unique(colors.round(4), axis=0)) == 256


def test_deepest_layer_is_that_of_the_sides():
    found = partition()
    units = found.network.units
    for i, layer in enumerate(deepest_layers(found)):
        sides = found.sides[found.offsets[i] : found.offsets[i + 1]]
        assert layer == max([units[s][0] + 1 for s in sides if s >= 0], default=0)


def test_gradients_that_are_zero_or_equal_have_a_scale():
    found = partition()
    for value in (0.0, 3.0):
        gradients = np.full((len(found), 1), value, np.float32)
        changed = dataclasses.replace(found, gradients=gradients)
        drawing = figure(single(changed), "gradient")
        drawing.draw_without_rendering()
        fill = drawing.axes[0].collections[0]
        assert len(np.unique(np.asarray(fill.get_facecolor()), axis=0)) == 1
    half = np.zeros((len(found), 1), np.float32)
    half[::2] = np.arange(1, len(half[::2]) + 1)[:, None]
    changed = dataclasses.replace(found, gradients=half)
    low, _ = figure(single(changed), "gradient").axes[1].get_xlim()
    assert low >= 1.0


def test_snapshots_are_chosen_and_counted_below_the_map(tmp_path):
    atlas = over_time()
    frames = atlas.series[0].frames
    drawing = figure(atlas, "class", at="10")
    map_axes, history = drawing.axes[:2]
    assert f"{len(frames[1]):,} activation" in map_axes.get_title(loc="left")
    (counts,) = [line for line in history.lines if line.get_label() == "regions"]
    assert np.asarray(counts.get_ydata()).tolist() == [len(frame) for frame in frames]
    heights = [[bar.get_height() for bar in bars] for bars in history.containers]
    codes = [{row.tobytes() for row in frame.patterns} for frame in frames]
    assert heights[0] == [len(b - a) for a, b in itertools.pairwise(codes)]
    assert heights[1] == [len(a - b) for a, b in itertools.pairwise(codes)]
    save_figure(drawing, tmp_path / "run.png")
    with pytest.raises(ValueError, match="one of 0, 10, 20"):
        figure(atlas, at="11")


def test_plane_is_drawn_beside_the_surface(tmp_path):
    net = network(5, dim=3)
    cube = regions.Box.cube(3)
    name = tmp_path / "solid.npz"
    atlas = solid_atlas([name], [net], cube, middle_level(net), lambda *_: None)
    drawing = figure(atlas, "layer", at="y=0.25")
    count = int(regions.count_regions(net, plane(cube, 1, 0.25)))
    assert f"{count:,} activation" in drawing.axes[0].get_title(loc="left")
    assert atlas.surface is not None
    assert len(atlas.surface.triangles) > 0
    assert len(drawing.axes[1].collections) == 2
    save_figure(drawing, tmp_path / "plane.pdf")
    for wrong in ("y", "w=0", "y=2", "y=high"):
        with pytest.raises(ValueError, match=r"such as z=0\.3"):
            figure(atlas, at=wrong)


def test_overlay_has_one_map_with_the_sides_of_both():
    atlas = compared()
    (axes,) = figure(atlas, "change", overlay=True).axes
    first, second = axes.lines
    assert first.get_color() != second.get_color()
    assert first.get_linestyle() != second.get_linestyle()
    before, after = (series.frames[0] for series in atlas.series)
    lines = [c for c in axes.collections if type(c) is LineCollection]
    inner = [(p.sides >= 0).sum() // 2 + (p.sides < 0).sum() for p in (before, after)]
    assert [len(line.get_segments()) for line in lines] == inner


def test_layer_colors_are_those_of_the_page():
    # Layers 1, 3 and 6 of six: what `layerColor` of the page's palette.ts gives.
    shades = (255 * layer_colors(6)).round().astype(np.uint8)
    wanted = ["c13c3a", "458500", "7b56c8"]
    assert [bytes(shades[k]).hex() for k in (0, 2, 5)] == wanted
