"""The loss of a whole training run as a strip of pixels, with a mark at one epoch.

A frame of a movie shows one moment; the strip below it says what came before it, and,
paler, what is still to come.
"""

import functools

import numpy as np
import PIL.Image
import PIL.ImageDraw
from jaxtyping import Float

from experiments.plotting.movie_panels import INK, WHITE, Color, Rgb, mono_font

SHARE = 0.1
"""Height of a strip in widths of it."""

LETTERS, SMALLEST = 85, 12
"""Widths of a strip in sizes of its letters, and their least size in pixels."""

PEN = 1000
"""Widths of a strip in those of its lines, which are a pixel wide at least."""

COMMON = 0.9995
"""The axis ends above this share of the losses: a spike does not press others flat."""

TRAIN, VAL = (0, 90, 160), (230, 140, 60)
LATER_TRAIN, LATER_VAL = (175, 195, 215), (240, 220, 200)
LINES, MARK = (225, 225, 225), (120, 0, 120)


class LossTrace:
    """Training and validation loss over the epochs, in logarithms.

    Args:
        losses: Of every epoch, from the first.

    Example:
        >>> losses = np.array([[1.0, 1.1], [0.1, 0.2], [0.01, 0.1]], np.float32)
        >>> LossTrace(losses).at(2, 200).shape
        (20, 200, 3)
    """

    def __init__(self, losses: Float[np.ndarray, "epochs 2"]):
        with np.errstate(divide="ignore"):
            self._logs = np.log10(losses.astype(np.float64))
        shown = self._logs[np.isfinite(self._logs)]
        ends = np.quantile(shown, [0.0, COMMON]) if len(shown) else np.zeros(2)
        self._low, self._high = ends.tolist()
        self._drawn = functools.cache(self._strips)

    def at(self, epoch: int, width: int) -> Rgb:
        """The strip with a mark at an epoch.

        Args:
            epoch: From 0, before the first update.
            width: In pixels.
        """
        past, later = self._drawn(width)
        column = round((width - 1) * epoch / len(self._logs))
        strip = later.copy()
        strip[:, :column] = past[:, :column]
        strip[:, max(column - _pen(width), 0) : column + 1] = MARK
        return strip

    def _strips(self, width: int) -> tuple[Rgb, Rgb]:
        """The whole trace in strong and in pale colors."""
        return self._strip(width, VAL, TRAIN), self._strip(
            width, LATER_VAL, LATER_TRAIN
        )

    def _strip(self, width: int, val: Color, train: Color) -> Rgb:
        """The whole trace in two colors."""
        epochs, size = len(self._logs), max(width // LETTERS, SMALLEST)
        height = round(SHARE * width)
        # Below the words, which would hide where losses are highest.
        top = min(size + size // 2, height - 4)
        scale = (height - 2 - top) / max(self._high - self._low, 1e-9)
        image = PIL.Image.new("RGB", (width, height), WHITE)
        draw, font = PIL.ImageDraw.Draw(image), mono_font(size)
        powers = range(int(np.ceil(self._low)), int(np.floor(self._high)) + 1)
        heights = [top + scale * (self._high - power) for power in powers]
        for row in heights:
            draw.line([(0, row), (width, row)], fill=LINES)
        columns = (width - 1) * np.arange(1, epochs + 1) / epochs
        rows = np.clip(top + scale * (self._high - self._logs), top - 1, height - 1)
        for k, color in ((1, val), (0, train)):
            places = np.stack([columns, rows[:, k]], axis=1)
            corners = [tuple(place) for place in places.tolist()]
            draw.line(corners, fill=color, width=_pen(width))
        for power, row in zip(powers, heights, strict=True):
            # On white: the curves pass there, too.
            place, text = (width - 5 * size, row), f"1e{power}"
            draw.rectangle(draw.textbbox(place, text, font), fill=WHITE)
            draw.text(place, text, fill=INK, font=font)
        left = width / 2
        for word, color in (
            ("loss of each epoch: ", INK),
            ("training", TRAIN),
            (", ", INK),
            ("validation", VAL),
        ):
            draw.text((left, 1), word, fill=color, font=font)
            left += font.getlength(word)
        return np.asarray(image)


def _pen(width: int) -> int:
    """How wide lines are in a strip."""
    return max(width // PEN, 1)
