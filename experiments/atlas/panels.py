"""What stands beside the maps of the atlas: a run over time, and a plane in space."""

import contextlib
import itertools
import re
from typing import cast

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator
from mpl_toolkits.mplot3d import Axes3D
from mpl_toolkits.mplot3d.art3d import Poly3DCollection

import regions
from experiments.atlas.contents import Atlas
from experiments.atlas.partition import Partition, find_partition
from experiments.atlas.sources import plane
from experiments.plotting.style import BLUE, FONT, INK, MUTED, RED

_PLANE = re.compile(r"\s*([xyz])\s*=\s*(\S+)\s*")


def chosen(atlas: Atlas, at: str | None) -> list[Partition]:
    """The partition of each series that a figure shows.

    Raises:
        ValueError: If `at` is no snapshot of a run, or no plane through the domain.
    """
    if atlas.series[0].solid is not None:
        axis, value = plane_of(atlas, at)
        assert isinstance(atlas.domain, regions.Box)
        flat = plane(atlas.domain, axis, value)
        return [
            find_partition(
                series.solid.network, flat, f"{series.name}, {'xyz'[axis]} = {value:g}"
            )
            for series in atlas.series
            if series.solid is not None
        ]
    if at is None:
        return [series.frames[-1] for series in atlas.series]
    values = list(atlas.series[0].values)
    try:
        return [atlas.series[0].frames[values.index(float(at))]]
    except ValueError:
        known = ", ".join(f"{value:g}" for value in values)
        raise ValueError(
            f"`at` is {at!r}: the epoch of a snapshot is required, one of {known}."
        ) from None


def plane_of(atlas: Atlas, at: str | None) -> tuple[int, float]:
    """Axis and position of a plane such as `z=0.3`; through the middle by default.

    Raises:
        ValueError: If that is no plane through the domain.
    """
    box = atlas.domain.chart_box()
    if at is None:
        return 2, float(box.lower[2] + box.upper[2]) / 2.0
    axis, value = 0, np.nan
    if found := _PLANE.fullmatch(at):
        with contextlib.suppress(ValueError):
            axis, value = "xyz".index(found[1]), float(found[2])
    if not box.lower[axis] < value < box.upper[axis]:
        raise ValueError(
            f"`at` is {at!r}: a plane inside the domain, such as z=0.3, is required."
        )
    return axis, value


def axis_names(atlas: Atlas, at: str | None) -> tuple[str, str]:
    """Names of the coordinates of the map, as on the page."""
    if atlas.series[0].solid is not None:
        axis, _ = plane_of(atlas, at)
        first, second = (name for i, name in enumerate("xyz") if i != axis)
        return first, second
    letter = "x" if atlas.domain.is_chart_identity else "t"
    return f"{letter}₁", f"{letter}₂"


def draw_history(axes: Axes, atlas: Atlas, now: int) -> None:
    """Counts, births and deaths of codes, and losses, over the epochs of a run."""
    series = atlas.series[0]
    epochs = np.asarray(series.values)
    codes = [{row.tobytes() for row in frame.patterns} for frame in series.frames]
    pairs = list(itertools.pairwise(codes))
    width = 0.28 * float(np.diff(epochs).min())
    born = [len(after - before) for before, after in pairs]
    died = [len(before - after) for before, after in pairs]
    axes.bar(epochs[1:] - width / 2, born, width, color="#4bb08b", label="codes born")
    axes.bar(epochs[1:] + width / 2, died, width, color="#c8553d", label="died")
    counts = [len(frame) for frame in series.frames]
    axes.plot(epochs, counts, color=INK, linewidth=1.4, label="regions")
    axes.axvline(epochs[now], color=MUTED, linewidth=0.8)
    axes.set_xlabel("epoch", color=INK, family=FONT)
    axes.set_ylabel("regions", color=INK, family=FONT)
    axes.set_ylim(0, 1.25 * max(counts))
    handles, labels = axes.get_legend_handles_labels()
    if len(atlas.losses):
        right = axes.twinx()
        for column, name, style in ((1, "training loss", "-"), (2, "validation", ":")):
            (curve,) = right.plot(
                atlas.losses[:, 0], atlas.losses[:, column], style, color=BLUE, lw=0.7
            )
            handles.append(curve)
            labels.append(name)
        right.set_yscale("log")
        right.yaxis.set_major_locator(LogLocator(subs=(1.0, 3.0), numticks=6))
        right.yaxis.set_major_formatter(FuncFormatter(lambda v, _: f"{v:g}"))
        right.yaxis.set_minor_locator(NullLocator())
        right.set_ylabel("loss", color=INK, family=FONT)
    axes.legend(
        handles,
        labels,
        loc="lower center",
        bbox_to_anchor=(0.5, 1.0),
        ncols=5,
        frameon=False,
        fontsize=9,
    )


def draw_space(axes: Axes, atlas: Atlas, axis: int, value: float) -> None:
    """The 3-D domain with the decision surface and the plane of the map."""
    space = cast("Axes3D", axes)
    box = atlas.domain.chart_box()
    if atlas.surface is not None and len(atlas.surface.triangles):
        mesh = atlas.surface.vertices[atlas.surface.triangles]
        space.add_collection3d(
            Poly3DCollection(list(mesh), facecolors="#5a86c4", shade=True, alpha=0.9)
        )
    kept = [i for i in range(3) if i != axis]
    corners = np.full((4, 3), value)
    low, high = box.lower[kept], box.upper[kept]
    corners[:, kept] = [low, [high[0], low[1]], high, [low[0], high[1]]]
    space.add_collection3d(
        Poly3DCollection([corners], facecolors=RED, edgecolors=RED, alpha=0.2)
    )
    for name, lower, upper in zip("xyz", box.lower, box.upper, strict=True):
        getattr(space, f"set_{name}lim")(lower, upper)
        getattr(space, f"set_{name}label")(name)
        # Without the ends, which two axes would write over each other.
        getattr(space, f"{name}axis").set_major_locator(MaxNLocator(5, prune="both"))
    space.tick_params(labelsize=7.5, pad=0.0)
    space.set_box_aspect(box.upper - box.lower)
    surface = atlas.surface is not None and len(atlas.surface.triangles)
    title = "Decision surface and plane" if surface else "Plane in the domain"
    space.set_title(title, loc="left", fontsize=11, color=INK, family=FONT)
