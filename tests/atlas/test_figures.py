"""Static figures of the atlas: titles, numbers and colors, not pixels."""

import dataclasses

import numpy as np
import pytest
from matplotlib.collections import LineCollection, PolyCollection

from experiments.plotting.atlas import (
    LABELS,
    code_colors,
    code_indices,
    deepest_layers,
    figure,
)
from experiments.plotting.style import save_figure
from tests.atlas.helpers import compared, partition, single


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


def test_image_coordinates_grow_downward():
    atlas = dataclasses.replace(single(partition()), y_down=True)
    low, high = figure(atlas, "class").axes[0].get_ylim()
    assert low > high


def test_unknown_color_is_refused():
    with pytest.raises(ValueError, match="'change': one of output"):
        figure(single(partition()), "change")
    assert "change" in LABELS


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
