"""Where labels go on a map of convex regions so that none covers another."""

import itertools
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float64

GRID = 64
"""Places tried along each axis of the map."""

Sizes = Float64[np.ndarray, " 2"]


class Label(NamedTuple):
    """A label in its place.

    Attributes:
        middle: Middle of the label.
        is_outside: Whether it did not fit into what it names, so that a line must lead
            there.
    """

    middle: Float64[np.ndarray, " 2"]
    is_outside: bool


def place_in_regions(
    polygons: list[Float64[np.ndarray, "_ 2"]],
    sizes: list[Sizes],
    dots: Float64[np.ndarray, "dots 2"],
) -> list[Label]:
    """One label per region: near its middle, clear of boundaries, dots and labels.

    What does not fit into its region is put into the nearest one with room.

    Args:
        polygons: Convex, counterclockwise; they cover a box.
        sizes: Width and height of each label.
        dots: What no label may cover.
    """
    corners = np.concatenate(polygons)
    axes = np.linspace(corners.min(axis=0), corners.max(axis=0), GRID)
    grid = np.array(list(itertools.product(axes[:, 0], axes[:, 1])))
    placed: list[tuple[np.ndarray, np.ndarray]] = []
    labels: dict[int, Label] = {}
    # The regions that have room keep it: small ones look for theirs afterwards.
    order = sorted(range(len(polygons)), key=lambda i: -np.ptp(polygons[i], 0).prod())
    for is_outside in (False, True):
        for i in order:
            if i in labels:
                continue
            free = _clear(grid, sizes[i], dots, placed)
            rooms = polygons if is_outside else [polygons[i]]
            fits = np.any([_within(p, grid, sizes[i]) for p in rooms], axis=0) & free
            if not fits.any() and not is_outside:
                continue
            aim = polygons[i].mean(axis=0)
            far = np.linalg.norm(grid - aim, axis=1)
            # Where nothing is free, the label stays where it belongs.
            best = grid[np.where(fits, far, np.inf).argmin()] if fits.any() else aim
            labels[i] = Label(best, is_outside and bool(fits.any()))
            placed.append((best, sizes[i]))
    return [labels[i] for i in range(len(polygons))]


def place_beside(
    dots: Float64[np.ndarray, "dots 2"],
    sizes: list[Sizes],
    taken: list[tuple[Float64[np.ndarray, " 2"], Sizes]],
    box: Float64[np.ndarray, "2 2"],
    gap: float,
) -> Float64[np.ndarray, "dots 2"]:
    """A label beside each dot, on the first free side, or else a little farther.

    Args:
        dots: What the labels name, and may not cover.
        sizes: Width and height of each label.
        taken: Middles and sizes of other labels.
        box: Lower and upper corner of the map.
        gap: Between a dot and its label.
    """
    turns = np.pi * np.array([0.0, 1.0, 0.5, 1.5, 0.25, 0.75, 1.25, 1.75])
    ways = np.column_stack([np.cos(turns), np.sin(turns)])
    placed, middles = list(taken), []
    for dot, size in zip(dots, sizes, strict=True):
        near = dot + ways * (size / 2.0 + gap)
        places = np.concatenate([dot + s * (near - dot) for s in (1.0, 1.6, 2.2, 3.0)])
        inside = (places - size / 2.0 >= box[0]) & (places + size / 2.0 <= box[1])
        free = _clear(places, size, dots, placed, 1.5 * gap) & inside.all(axis=1)
        middles.append(places[int(free.argmax())])
        placed.append((middles[-1], size))
    return np.array(middles)


def _clear(
    middles: Float64[np.ndarray, "places 2"],
    size: Sizes,
    dots: Float64[np.ndarray, "dots 2"],
    placed: list[tuple[np.ndarray, np.ndarray]],
    dot: float = 0.0,
) -> Bool[np.ndarray, " places"]:
    """Where a label covers neither label nor dot, of size `dot`."""
    free = np.ones(len(middles), bool)
    for middle, other in [*((place, np.full(2, dot)) for place in dots), *placed]:
        free &= (np.abs(middles - middle) >= (size + other) / 2.0).any(axis=1)
    return free


def _within(
    polygon: Float64[np.ndarray, "_ 2"],
    middles: Float64[np.ndarray, "places 2"],
    size: Sizes,
) -> Bool[np.ndarray, " places"]:
    """Where a label lies wholly in a convex polygon, given counterclockwise."""
    edges = np.roll(polygon, -1, axis=0) - polygon
    normals = np.column_stack([-edges[:, 1], edges[:, 0]])
    heights = (middles[:, None] - polygon) * normals[None]
    reach = np.abs(normals) @ (size / 2.0)
    return (heights.sum(axis=2) >= reach).all(axis=1)
