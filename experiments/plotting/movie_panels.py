"""Frames of movies as pixels: panels side by side over a band of text.

Nothing is resampled: a pixel of a panel is a point of the grid.
"""

import functools
import pathlib
from collections.abc import Sequence

import matplotlib
import numpy as np
import PIL.Image
import PIL.ImageDraw
import PIL.ImageFont
from jaxtyping import Array, Bool, Float, UInt8

RED = (255, 0, 0)
BLUE = (0, 0, 255)
WHITE = (255, 255, 255)
GREEN = (0, 200, 0)
MAGENTA = (255, 0, 255)
CYAN = (0, 255, 255)
ALARM = (200, 0, 0)
INK = (34, 34, 34)

VEIL = 0.55
"""How much of a pixel of a boundary is its color; the output shows through."""

GAP = 4
"""Columns between two panels."""
GAP_GRAY = 96

Rgb = UInt8[np.ndarray, "_ _ 3"]
"""Pixels of a panel or a frame."""
Color = tuple[int, int, int]


def gray_panel(values: Float[np.ndarray, "height width"]) -> Rgb:
    """Values as grays: 0 and less is black, 1 and more is white."""
    levels = np.rint(255.0 * np.clip(values, 0.0, 1.0)).astype(np.uint8)
    return np.repeat(levels[..., None], 3, axis=2)


def paint(panel: Rgb, mask: Bool[np.ndarray, "height width"], color: Color) -> Rgb:
    """A copy of a panel with some pixels in a color."""
    result = panel.copy()
    result[mask] = color
    return result


def veil(panel: Rgb, mask: Bool[np.ndarray, "height width"], color: Color) -> Rgb:
    """A copy of a panel over some pixels of which a transparent color lies."""
    result = panel.copy()
    mixed = (1.0 - VEIL) * panel[mask] + VEIL * np.array(color)
    result[mask] = np.rint(mixed).astype(np.uint8)
    return result


def paint_points(
    panel: Rgb, points: Float[Array | np.ndarray, "points 2"], color: Color
) -> Rgb:
    """A copy of a panel with the pixels of points (i / W, j / H) in a color.

    Points of a larger image get the nearest pixel.
    """
    height, width = panel.shape[:2]
    # The points are float32: i / W times W is i up to rounding.
    places = np.rint(np.asarray(points, np.float64) * [width, height])
    columns, rows = np.minimum(places, [width - 1, height - 1]).T
    result = panel.copy()
    result[rows.astype(int), columns.astype(int)] = color
    return result


def veil_lines(
    panel: Rgb,
    segments: Float[np.ndarray, "segments 2 2"],
    color: Color,
    width: int = 1,
) -> Rgb:
    """A panel under transparent straight lines between points of the unit square."""
    image = PIL.Image.new("1", (panel.shape[1], panel.shape[0]))
    draw = PIL.ImageDraw.Draw(image)
    size = np.array([panel.shape[1], panel.shape[0]])
    for ends in np.asarray(segments) * size:
        draw.line([tuple(end) for end in ends.tolist()], fill=1, width=width)
    return veil(panel, np.asarray(image), color)


def framed(panel: Rgb, color: Color, width: int = 5) -> Rgb:
    """A copy of a panel with a frame inside its edge."""
    result = panel.copy()
    for edge in (
        result[:width],
        result[-width:],
        result[:, :width],
        result[:, -width:],
    ):
        edge[:] = color
    return result


def panel_boxes(
    rows: Sequence[Sequence[tuple[int, int]]],
) -> list[tuple[int, int, int, int]]:
    """Left, top, width and height of panels of given (height, width) in rows."""
    boxes, top = [], 0
    for row in rows:
        left = 0
        for height, width in row:
            boxes.append((left, top, width, height))
            left += width + GAP
        top += max(height for height, _ in row) + GAP
    return boxes


def panels_width(rows: Sequence[Sequence[Rgb]]) -> int:
    """Width of rows of panels, gaps included."""
    return max(sum(p.shape[1] for p in row) + GAP * (len(row) - 1) for row in rows)


def compose(
    rows: Sequence[Sequence[Rgb]],
    lines: Sequence[Sequence[str]],
    alarm: str = "",
    strip: Rgb | None = None,
) -> Rgb:
    """One frame: rows of panels, a strip, and below them the text.

    Args:
        rows: Panels, from left to right in each row.
        lines: Items of the text; items of a line that find no place start a new one.
        alarm: A last line in red; its place is kept free when it is empty.
        strip: As wide as the panels; none if it is None.

    Returns:
        Pixels with even sides, as video wants them.
    """
    boxes = panel_boxes([[panel.shape[:2] for panel in row] for row in rows])
    width = panels_width(rows)
    height = max(top + h for _, top, _, h in boxes)
    body = np.full((height, width, 3), GAP_GRAY, np.uint8)
    panels = [panel for row in rows for panel in row]
    for (left, top, w, h), panel in zip(boxes, panels, strict=True):
        body[top : top + h, left : left + w] = panel
    parts = [body, *([] if strip is None else [strip])]
    frame = np.concatenate([*parts, _text_band(width, lines, alarm)])
    odd = [(0, frame.shape[0] % 2), (0, frame.shape[1] % 2), (0, 0)]
    return np.pad(frame, odd, constant_values=255)


def _text_band(width: int, lines: Sequence[Sequence[str]], alarm: str) -> Rgb:
    """Lines of text on white, in a size that suits the width."""
    longest = max(len(item) for line in lines for item in line)
    # Of a font of size 10, a character is 6 pixels wide.
    size = min(max(width // 100, 12), 40, int(width / (longest + 2) / 0.61))
    font, step = mono_font(max(size, 5)), round(1.45 * size)
    cell, margin = font.getlength("0"), size // 2
    room = int((width - 2 * margin) / cell)
    texts = [text for line in lines for text in _wrapped(line, room)]
    band = PIL.Image.new("RGB", (width, step * (len(texts) + 1) + margin), WHITE)
    draw = PIL.ImageDraw.Draw(band)
    for k, text in enumerate(texts):
        draw.text((margin, margin // 2 + k * step), text, fill=INK, font=font)
    place = (margin, margin // 2 + len(texts) * step)
    draw.text(place, alarm, fill=ALARM, font=font)
    return np.asarray(band)


def _wrapped(items: Sequence[str], room: int) -> list[str]:
    """Items joined to lines of at most `room` characters, where an item allows it."""
    texts: list[str] = []
    for item in items:
        longer = f"{texts[-1]}   {item}" if texts else item
        if texts and len(longer) <= room:
            texts[-1] = longer
        else:
            texts.append(item)
    return texts


@functools.cache
def mono_font(size: int) -> PIL.ImageFont.FreeTypeFont:
    """Digits of one width, so that numbers stay where they are."""
    folder = pathlib.Path(matplotlib.get_data_path()) / "fonts" / "ttf"
    return PIL.ImageFont.truetype(folder / "DejaVuSansMono.ttf", size)
