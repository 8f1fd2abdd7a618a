"""How well an output fits an image, and networks that output nothing but a constant."""

from typing import Literal, NamedTuple

import numpy as np
from jaxtyping import Float, UInt8

State = Literal["learned", "constant", "diverged"]

CONSTANT = 0.5 / 255.0
"""Range of the outputs under which a network is constant: half a step of gray."""


class ImageFit(NamedTuple):
    """Errors on all pixels, the sampled ones included.

    Attributes:
        mse: Mean squared error, gray values between 0 and 1.
        accuracy: Share of the pixels on the right side of one half.
        iou: Intersection over union of the pixels darker than one half, in output and
            image; 1 if neither has any.
    """

    mse: float
    accuracy: float
    iou: float


def image_fit(
    output: Float[np.ndarray, "height width"], image: UInt8[np.ndarray, "height width"]
) -> ImageFit:
    """Errors of an output against the image it should be."""
    target = image / 255.0
    dark, dark_target = output <= 0.5, target <= 0.5
    union = int((dark | dark_target).sum())
    return ImageFit(
        mse=float(((output - target) ** 2).mean()),
        accuracy=float((dark == dark_target).mean()),
        iou=float((dark & dark_target).sum() / union) if union else 1.0,
    )


def every_nth_pixel(
    image: UInt8[np.ndarray, "height width"], side: int
) -> UInt8[np.ndarray, "side side"]:
    """The pixels of a square image at `side` x `side` points of its grid.

    Raises:
        ValueError: If the image is not square, or `side` does not divide its side.
    """
    height, width = image.shape
    if height != width or side < 1 or height % side:
        raise ValueError(
            f"`side` is {side} for an image of {width} x {height} pixels: a divisor of "
            "the side of a square image is required."
        )
    return image[:: height // side, :: width // side]


def output_state(output: Float[np.ndarray, "height width"]) -> State:
    """Whether a network outputs numbers, and more than one of them."""
    if not np.isfinite(output).all():
        return "diverged"
    return "constant" if np.ptp(output) < CONSTANT else "learned"
