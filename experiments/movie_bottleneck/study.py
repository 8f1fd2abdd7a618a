"""What the movie shows, and of which run."""

import itertools

import numpy as np
from jaxtyping import Float64
from scipy.ndimage import distance_transform_edt

import regions
from experiments.movies.movie import Movie, MovieConfig as Config, Row, Scene
from experiments.movies.movie_look import Look, look_at
from experiments.plotting.movie_panels import RED, Rgb, gray_panel, paint
from experiments.running.about import About
from training.config import DataConfig, ModelConfig, TrainingConfig

ABOUT = About(
    title="Movie: a bottleneck of two units, and its plane",
    page="gallery",
    source="T. Dullien, second origami post, 2025-04-05",
    setup=(
        "The run of the post, 10 units x 10 layers, 2 units, 10 units x 3 layers on "
        "the ring. Fourth panel: the plane of the two pre-activations of the narrow "
        "layer, with the exact partition that the last four layers make of it, their "
        "output as gray, and the images of the training points (orange discs: on the "
        "ring; blue: beside it). Its frame follows those images. Below: the losses of "
        "all epochs."
    ),
    differs=(
        "A frame every 20 epochs, where the post has one every epoch; the fourth panel "
        "is ours."
    ),
    expected=(
        "Slower than 14 x 6 and a worse fit, with more regions (pilot runs of another "
        "implementation: validation loss 0.017 to 0.028)."
    ),
)
NARROW = 2
"""Width of the layer whose plane is drawn."""

MARGIN = 0.05
"""Margin of the plane around the images of the points, as a share of their extent."""

ON, BESIDE = (255, 140, 0), (40, 120, 200)
"""Colors of the images of dark and of bright training points."""

RIM = (255, 255, 255)
DISC = 250
"""Radius of the disc of a dark point: this part of the panel's height."""

PRESETS = {
    "smoke": Config(
        training=TrainingConfig(
            model=ModelConfig(widths=(5, 2, 4)),
            epochs=4,
            batch_size=256,
            snapshot_every=2,
        ),
        data=DataConfig(size=64, num_train=500, num_val=100),
        gif_width=256,
    ),
    "paper": Config(
        training=TrainingConfig(
            model=ModelConfig(widths=(10,) * 10 + (NARROW,) + (10,) * 3),
            epochs=6000,
            snapshot_every=20,
        ),
        fps=5,
        gif_width=800,
        gif_frames=30,
    ),
}


def narrow_layer(network: regions.ReluNetwork) -> int:
    """Index of the first hidden layer of two units.

    Raises:
        ValueError: If there is none.
    """
    if NARROW not in network.widths:
        raise ValueError(
            f"no layer of {list(network.widths)} has two units: a bottleneck is needed."
        )
    return network.widths.index(NARROW)


def tail_network(network: regions.ReluNetwork) -> regions.ReluNetwork:
    """What follows the narrow layer, as a function of its two pre-activations."""
    first = narrow_layer(network)
    layers = network.layers[first + 1 :]
    return regions.ReluNetwork.from_arrays(
        [np.eye(NARROW), *(layer.weight for layer in layers)],
        [np.zeros(NARROW), *(layer.bias for layer in layers)],
        [layer.slopes for layer in network.hidden[first:]],
    )


def narrow_values(
    network: regions.ReluNetwork, points: Float64[np.ndarray, "points 2"]
) -> Float64[np.ndarray, "points 2"]:
    """The two pre-activations of the narrow layer at points."""
    return network.pre_activations(points)[narrow_layer(network)]


def box_around(values: Float64[np.ndarray, "points 2"]) -> regions.Box:
    """A box around points of the plane; not flat even if they are."""
    low, high = values.min(0), values.max(0)
    extent = np.maximum(high - low, 1e-3 * max(1.0, float(np.abs(values).max())))
    middle, half = (low + high) / 2.0, (0.5 + MARGIN) * extent
    return regions.Box(middle - half, middle + half)


class BottleneckMovie(Movie):
    """The three panels, and the plane of the narrow layer."""

    def draw(
        self, look: Look, network: regions.ReluNetwork, scene: Scene
    ) -> tuple[list[list[Rgb]], Row]:
        """Also the plane, its regions, and how flat the image of the square is."""
        (three,), numbers = super().draw(look, network, scene)
        points = np.asarray(scene.data.train_inputs, np.float64)
        values = narrow_values(network, points)
        box, shape = box_around(values), scene.image.shape
        plane = look_at(tail_network(network), shape, self.config.max_regions, box)
        panel = paint(gray_panel(plane.outputs[0]), plane.boundaries, RED)
        dark = np.asarray(scene.data.train_targets)[:, 0] < 0.5
        panel = paint(panel, _hit(values[~dark], box, shape), BESIDE)
        # The ring's points are few: discs, with a rim that shows them on any gray.
        off = distance_transform_edt(~_hit(values[dark], box, shape))
        radius = shape[0] / DISC
        panel = paint(panel, off <= radius + max(1.0, radius / 3.0), RIM)
        panel = paint(panel, off <= radius, ON)
        spread = np.linalg.svd(values - values.mean(0), compute_uv=False)
        names = ("plane_left", "plane_top", "plane_right", "plane_bottom")
        ends = map(float, itertools.chain(box.lower, box.upper))
        return [[*three, panel]], {
            **numbers,
            "plane_regions": plane.count,
            "plane_exact": int(plane.is_exact),
            "plane_flatness": float(spread[1] / spread[0]) if spread[0] else 0.0,
            **dict(zip(names, ends, strict=True)),
        }

    def words(self, row: Row) -> list[str]:
        """Also what the fourth panel shows."""
        kind = "exact" if row["plane_exact"] else "at least"
        return [
            *super().words(row),
            f"Plane [{row['plane_left']:6.2f},{row['plane_right']:6.2f}] x "
            f"[{row['plane_top']:6.2f},{row['plane_bottom']:6.2f}]: "
            f"{row['plane_regions']:5,d} regions ({kind})",
        ]

    def summarize(self, rows: list[Row], scene: Scene) -> Row:
        """The plane at the end, for the headline."""
        last = rows[-1]
        return {
            "headline": f", image MSE {last['image_mse']:.4f}; "
            f"{last['plane_regions']:,} regions of the bottleneck's plane around the "
            "image of the points"
        }


def _hit(
    values: Float64[np.ndarray, "points 2"], box: regions.Box, shape: tuple[int, ...]
) -> np.ndarray:
    """Pixels in which a point lies."""
    height, width = shape
    share = (values - box.lower) / (box.upper - box.lower)
    columns, rows = np.floor(share * [width, height]).astype(int).T
    mask = np.zeros((height, width), bool)
    mask[np.clip(rows, 0, height - 1), np.clip(columns, 0, width - 1)] = True
    return mask
