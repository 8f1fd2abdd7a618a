"""The page's colors for codes and layers, for figures that look like it."""

import numpy as np
from jaxtyping import Float64, Int64, UInt8

_GOLDEN = 0.6180339887


def code_indices(
    patterns: UInt8[np.ndarray, "regions bytes"],
) -> Int64[np.ndarray, " regions"]:
    """FNV-1a of each packed pattern, folded to 8 bits, as in the page."""
    hashes = np.full(len(patterns), 0x811C9DC5, np.uint64)
    mask = np.uint64(0xFFFFFFFF)
    for column in patterns.T:
        hashes = ((hashes ^ column.astype(np.uint64)) * np.uint64(0x01000193)) & mask
    hashes ^= hashes >> np.uint64(16)
    return ((hashes ^ (hashes >> np.uint64(8))) & np.uint64(255)).astype(np.int64)


def code_colors() -> Float64[np.ndarray, "256 3"]:
    """Hues by the golden ratio, three tones."""
    index = np.arange(256)
    lightness = np.array([0.84, 0.74, 0.62])[index % 3]
    chroma = np.array([0.075, 0.1, 0.11])[index % 3]
    return oklch(lightness, chroma, index * _GOLDEN % 1.0)


def layer_colors(depth: int) -> Float64[np.ndarray, "depth 3"]:
    """Colors of the layers, from red (first) to violet (last), all of one lightness."""
    share = np.arange(depth) / max(depth - 1, 1)
    return oklch(np.full(depth, 0.55), np.full(depth, 0.17), 0.07 + 0.75 * share)


def oklch(
    lightness: Float64[np.ndarray, " colors"],
    chroma: Float64[np.ndarray, " colors"],
    hue: Float64[np.ndarray, " colors"],
) -> Float64[np.ndarray, "colors 3"]:
    """Colors in OKLCH, hue in turns, as sRGB.

    B. Ottosson, "A perceptual color space for image processing", 2020.
    """
    turn = 2.0 * np.pi * hue
    lab = np.stack([lightness, chroma * np.cos(turn), chroma * np.sin(turn)], axis=1)
    cone = np.array(
        [
            [1.0, 0.3963377774, 0.2158037573],
            [1.0, -0.1055613458, -0.0638541728],
            [1.0, -0.0894841775, -1.291485548],
        ]
    )
    linear = np.array(
        [
            [4.0767416621, -3.3077115913, 0.2309699292],
            [-1.2684380046, 2.6097574011, -0.3413193965],
            [-0.0041960863, -0.7034186147, 1.707614701],
        ]
    )
    rgb = np.clip((lab @ cone.T) ** 3 @ linear.T, 0.0, 1.0)
    return np.where(rgb <= 0.0031308, 12.92 * rgb, 1.055 * rgb ** (1 / 2.4) - 0.055)
