"""Pictures of the regions of a plane: on axes of Matplotlib, and small ones as SVG."""

import importlib
import sys
import zlib
from html import escape
from typing import Any

import numpy as np

from regions.domains.shapes import Box, Domain, WholeSpace
from regions.errors.arguments import found
from regions.results.region_table import RegionTable

SMALL = 5000
"""Up to so many regions a notebook shows the small picture by itself."""

_SIDE = 260.0
"""Width of the small picture, in pixels."""


def plot_regions(
    regions: RegionTable, ax: Any = None, *, values: Any = None, **options: Any
) -> Any:
    """Draw the regions of a plane as polygons; see `RegionSet.plot`."""
    box, polygons = _box(regions.domain), regions.polygons()
    collections = importlib.import_module("matplotlib.collections")
    axes = _axes() if ax is None else ax
    if not hasattr(axes, "add_collection"):
        raise ValueError(
            f"`ax` is {found(ax)}: axes of Matplotlib to draw on are required; "
            "plot().figure.savefig('regions.png') writes a file."
        )
    colors: dict[str, Any] = {"facecolors": region_colors(regions)}
    if values is not None:
        if np.shape(values) != (len(regions),):
            raise ValueError(
                f"`values` has shape {np.shape(values)}: one number for each of the "
                f"{len(regions)} regions is required."
            )
        colors = {"array": np.asarray(values, np.float64)}
    style = {"edgecolors": "#333333", "linewidths": _line_width(len(polygons))}
    look = {**style, **colors, **options}
    try:
        axes.add_collection(collections.PolyCollection(polygons, **look))
    except (AttributeError, TypeError, ValueError) as error:
        raise ValueError(
            f"`options` {found([*options])} are refused by Matplotlib's PolyCollection "
            f"({error}): regions are colored by `values`, a number for each of them."
        ) from error
    axes.set_xlim(box.lower[0], box.upper[0])
    axes.set_ylim(box.lower[1], box.upper[1])
    axes.set_aspect("equal")
    return axes


def _line_width(count: int) -> float:
    """Thinner lines where there are more of them, which would else cover all."""
    return float(np.clip(30.0 / np.sqrt(count + 1.0), 0.05, 0.8))


def _axes() -> Any:
    """Those of the figure that a notebook shows, or of a new figure."""
    if "matplotlib.pyplot" in sys.modules:
        return sys.modules["matplotlib.pyplot"].gca()
    return importlib.import_module("matplotlib.figure").Figure().add_subplot()


def _box(domain: Domain) -> Box:
    """The box around a plane, in its chart.

    Raises:
        ValueError: If the domain is no bounded plane.
    """
    if isinstance(domain, WholeSpace) or domain.dim != 2:
        raise ValueError(
            f"the domain has {domain.dim} dimensions or is unbounded: pictures are of "
            "bounded planes, such as a Slice with a box of two axes."
        )
    return domain.chart_box()


def region_colors(regions: RegionTable) -> list[str]:
    """A pale color for each region that depends on its pattern alone.

    Example:
        >>> import regions
        >>> net = regions.ReluNetwork.from_arrays([[[1.0, 0.0]], [[1.0]]], None)
        >>> sorted(region_colors(regions.enumerate_regions(net, regions.Box.cube(2))))
        ['#c6e8bb', '#d4d8be']
    """
    return [_color(zlib.crc32(pattern.tobytes())) for pattern in regions.patterns]


def _color(number: int) -> str:
    """A pale color by a number."""
    parts = [185 + (number >> shift) % 64 for shift in (0, 8, 16)]
    return "#" + "".join(f"{part:02x}" for part in parts)


def as_html(regions: RegionTable) -> str:
    """A line on the set, with a small picture where the domain is a bounded plane."""
    text = f"<p>{escape(str(regions))}<br>{escape(repr(regions.network))} on "
    text += f"{escape(repr(regions.domain))}</p>"
    plane = regions.domain.dim == 2 and regions.domain.is_bounded
    if not plane or not regions.has_cells or len(regions) > SMALL:
        return text
    return text + as_svg(regions)


def as_svg(regions: RegionTable) -> str:
    """The regions of a plane as a small SVG."""
    box = _box(regions.domain)
    width, height = box.upper - box.lower
    scale = _SIDE / max(width, height)
    shapes = []
    for polygon, color in zip(regions.polygons(), region_colors(regions), strict=True):
        corners = (polygon - [box.lower[0], box.upper[1]]) * [scale, -scale]
        points = " ".join(f"{x:.2f},{y:.2f}" for x, y in corners)
        shapes.append(f'<polygon points="{points}" fill="{color}"/>')
    w, h = width * scale, height * scale
    line = _line_width(len(shapes))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{w:.0f}" height="{h:.0f}" '
        f'viewBox="0 0 {w:.2f} {h:.2f}" stroke="#333" stroke-width="{line:.2f}" '
        f'role="img" aria-label="{len(shapes)} regions">{"".join(shapes)}</svg>'
    )
