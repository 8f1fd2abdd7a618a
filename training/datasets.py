"""Images, and the pixels of them that a network is trained on.

Pixel (row j, column i) of an H x W image is the point (i / W, j / H) of [0, 1)^2, and
its target is its gray value / 255.
"""

import pathlib
import warnings
from typing import NamedTuple

import numpy as np
import PIL.Image
import skimage
from jaxtyping import Array, Float32, Int, UInt8

from regions.files.reading import MAX_BYTES, check_size, reading
from training.config import DataConfig

INNER_RADIUS, OUTER_RADIUS = 224 / 1024, 256 / 1024
"""Radii of the black ring of the origami posts, as shares of the image's side."""


class Dataset(NamedTuple):
    """Points for training and for validation, shared or with a leading axis of seeds.

    Attributes:
        train_inputs: Points; of an image, in [0, 1)^2.
        train_targets: What the network should give there; of an image, the gray value
            between 0 and 1.
        val_inputs: Points none of which is a training point.
        val_targets: What the network should give there.
    """

    train_inputs: Float32[Array | np.ndarray, "*seeds train dim"]
    train_targets: Float32[Array | np.ndarray, "*seeds train outputs"]
    val_inputs: Float32[Array | np.ndarray, "*seeds val dim"]
    val_targets: Float32[Array | np.ndarray, "*seeds val outputs"]


def _squared_radii(size: int) -> Int[np.ndarray, "size size"]:
    """Squared distance of each pixel from the center, in half pixels."""
    offsets = 2 * np.arange(size) - size
    return offsets[:, None] ** 2 + offsets[None, :] ** 2


def ring_image(size: int = 1024) -> UInt8[np.ndarray, "size size"]:
    """A black ring on white: 4.60 % of the pixels at the posts' size of 1024.

    There the ring holds the pixels at a distance of 224 to 256 from (512, 512).
    """
    squared = _squared_radii(size)
    inner, outer = (2 * size * r for r in (INNER_RADIUS, OUTER_RADIUS))
    black = (squared >= inner**2) & (squared <= outer**2)
    return np.where(black, 0, 255).astype(np.uint8)


def disc_image(size: int = 1024) -> UInt8[np.ndarray, "size size"]:
    """A black disc on white, of the ring's outer radius."""
    black = _squared_radii(size) <= (2 * size * OUTER_RADIUS) ** 2
    return np.where(black, 0, 255).astype(np.uint8)


def ring_classes(size: int = 1024) -> UInt8[np.ndarray, "size size"]:
    """Class of each pixel of the three-color ring: 0 outside, 1 the ring, 2 inside."""
    squared, inner = _squared_radii(size), 2 * size * INNER_RADIUS
    inside = (squared < inner**2).astype(np.uint8)
    return np.where(ring_image(size) == 0, 1, 2 * inside).astype(np.uint8)


def portrait_image(size: int = 512) -> UInt8[np.ndarray, "size size"]:
    """The astronaut of scikit-image (NASA, public domain) in gray; its own size is 512.

    It stands in for the author's portrait in the origami posts.
    """
    gray = skimage.color.rgb2gray(skimage.data.astronaut())
    if size != len(gray):
        smooth = size < len(gray)
        gray = skimage.transform.resize(gray, (size, size), anti_aliasing=smooth)
    return skimage.util.img_as_ubyte(gray)


def read_image(
    path: str | pathlib.Path, *, max_bytes: int = MAX_BYTES
) -> UInt8[np.ndarray, "height width"]:
    """An image file as gray values; colors are weighed and transparency is dropped.

    Raises:
        FileNotFoundError: If there is no such file.
        FileFormatError: If the file is not an image that can be read, or its pixels
            would take more than `max_bytes` while colors are weighed.
    """
    path = pathlib.Path(path)
    if not path.is_file():
        raise FileNotFoundError(
            f"`image` is {str(path)!r}: ring, disc, portrait or the path of a file is "
            "required."
        )
    bomb = PIL.Image.DecompressionBombError
    with (
        reading(path, "an image that can be read", "use PNG or JPEG", bomb),
        warnings.catch_warnings(),
    ):
        # The size is compared with a limit of ours.
        warnings.simplefilter("ignore", PIL.Image.DecompressionBombWarning)
        with PIL.Image.open(path) as image:
            check_size(path, 32 * image.width * image.height, max_bytes)
            pixels = np.asarray(image.convert("RGBA") if image.mode == "P" else image)
    if pixels.ndim == 3 and pixels.shape[-1] == 2:
        pixels = pixels[..., 0]
    if pixels.ndim == 3 and pixels.shape[-1] in (3, 4):
        pixels = skimage.color.rgb2gray(pixels[..., :3])
    if pixels.ndim != 2:
        raise ValueError(
            f"`image` {str(path)!r} has shape {pixels.shape}: one gray or color image "
            "is required."
        )
    return skimage.util.img_as_ubyte(pixels)


def load_image(config: DataConfig) -> UInt8[np.ndarray, "height width"]:
    """The image that `config` names."""
    if config.image == "ring":
        return ring_image(config.size)
    if config.image == "disc":
        return disc_image(config.size)
    if config.image == "portrait":
        return portrait_image(config.size)
    return read_image(config.image)


def pixel_points(
    indices: Int[np.ndarray, " points"], height: int, width: int
) -> Float32[np.ndarray, "points 2"]:
    """Points (x / W, y / H) of the pixels with these row-major indices."""
    rows, columns = np.divmod(indices, width)
    return np.stack([columns / width, rows / height], axis=1).astype(np.float32)


def sample_points(
    image: UInt8[np.ndarray, "height width"], num_train: int, num_val: int, seed: int
) -> Dataset:
    """Distinct random pixels of `image`, training and validation disjoint.

    Raises:
        ValueError: If the image has fewer pixels than are asked for.
    """
    indices = _sample(image, num_train + num_val, seed)
    targets = (image.reshape(-1)[indices, None] / 255.0).astype(np.float32)
    return _split(pixel_points(indices, *image.shape), targets, num_train)


def sample_classes(
    classes: UInt8[np.ndarray, "height width"],
    num_classes: int,
    num_train: int,
    num_val: int,
    seed: int,
) -> Dataset:
    """Distinct random pixels with a 1 at their class, for the cross entropy.

    The same numbers and seed give the same pixels as `sample_points`.

    Raises:
        ValueError: If the image has fewer pixels than are asked for.
    """
    indices = _sample(classes, num_train + num_val, seed)
    targets = np.eye(num_classes, dtype=np.float32)[classes.reshape(-1)[indices]]
    return _split(pixel_points(indices, *classes.shape), targets, num_train)


def _sample(
    image: UInt8[np.ndarray, "height width"], total: int, seed: int
) -> Int[np.ndarray, " points"]:
    """Distinct random pixels by their row-major index."""
    if total > image.size:
        raise ValueError(
            f"{total} points for training and validation are asked for, and the image "
            f"has {image.size} pixels: ask for fewer."
        )
    rng = np.random.default_rng(seed)
    return rng.choice(image.size, size=total, replace=False)


def _split(points: np.ndarray, targets: np.ndarray, num_train: int) -> Dataset:
    """The first points for training, the others for validation."""
    return Dataset(
        points[:num_train], targets[:num_train], points[num_train:], targets[num_train:]
    )
