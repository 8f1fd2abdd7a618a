"""What the movie shows, and of which run."""

import numpy as np
import scipy.special
from jaxtyping import Array, Bool, Float, UInt8

import regions
from experiments.movies.movie import Movie, MovieConfig as Config, Row, Scene
from experiments.movies.movie_look import Look
from experiments.plotting.movie_panels import (
    CYAN,
    GREEN,
    MAGENTA,
    WHITE,
    Rgb,
    framed,
    paint,
    paint_points,
)
from experiments.running.about import About
from training.config import DataConfig, ModelConfig, TrainingConfig
from training.datasets import ring_classes, sample_classes

ABOUT = About(
    title="Movie: a classifier of three colors",
    page="gallery",
    source="T. Dullien, origami posts, announced 2024-07-04, and his later program",
    setup=(
        "A 14x6 leaky-ReLU network with three outputs learns from 5000 pixels, by "
        "cross entropy, which is red (outside), green (the ring) and blue (inside). "
        "Panels: the probabilities of red, of blue, of all three with the exact region "
        "boundaries in white; of green, the class map, and the original with training "
        "points in magenta and validation points in cyan. A green frame marks a map "
        "without a wrong pixel."
    ),
    differs=(
        "No ReLU after the outputs, which the later program has by default; softmax "
        "probabilities are shown. 512 x 512 pixels; 3000 epochs, a frame every 25."
    ),
    expected="Few wrong pixels, all near the edges of the ring (our guess).",
)
CLASSES = 3
COLORS = np.eye(CLASSES, dtype=np.uint8) * np.uint8(255)
"""Red, green and blue of the classes 0, 1 and 2: outside, ring, inside."""

PRESETS = {
    "smoke": Config(
        training=TrainingConfig(
            model=ModelConfig(widths=(6, 6), output_dim=CLASSES),
            loss="cross_entropy",
            epochs=4,
            batch_size=256,
            snapshot_every=2,
        ),
        data=DataConfig(image="color_ring", size=64, num_train=500, num_val=100),
        gif_width=192,
    ),
    "paper": Config(
        training=TrainingConfig(
            model=ModelConfig(output_dim=CLASSES),
            loss="cross_entropy",
            epochs=3000,
            snapshot_every=25,
        ),
        data=DataConfig(image="color_ring", size=512),
        gif_width=560,
        gif_frames=30,
    ),
}


class ClassifierMovie(Movie):
    """Six panels of a network with an output for each of three colors."""

    shown, beside = (0, 2), False

    def load_scene(self) -> Scene:
        """Classes of the pixels, and the points."""
        data = self.config.data
        classes = ring_classes(data.size)
        points = sample_classes(
            classes, CLASSES, data.num_train, data.num_val, data.seed
        )
        return Scene(classes, points)

    def draw(
        self, look: Look, network: regions.ReluNetwork, scene: Scene
    ) -> tuple[list[list[Rgb]], Row]:
        """Two rows of three panels; pixels and points that get the wrong class."""
        shares = scipy.special.softmax(look.outputs, axis=0).transpose(1, 2, 0)
        colors = np.rint(255.0 * shares).astype(np.uint8)
        # One level less, so that white is the color of boundaries alone.
        lines = paint(np.minimum(colors, 254), look.boundaries, WHITE)
        found = look.outputs.argmax(axis=0)
        wrong = int((found != scene.image).sum())
        class_map = COLORS[found]
        if wrong == 0:
            class_map = framed(class_map, GREEN)
        original = paint_points(COLORS[scene.image], scene.data.train_inputs, MAGENTA)
        original = paint_points(original, scene.data.val_inputs, CYAN)
        red, green, blue = (colors * COLORS[k].astype(bool) for k in range(CLASSES))
        return [[red, blue, lines], [green, class_map, original]], {
            "wrong_pixels": wrong,
            "wrong_training": _wrong(network, scene.data.train_inputs, scene.image),
            "wrong_validation": _wrong(network, scene.data.val_inputs, scene.image),
        }

    def marked(self, panel: Rgb) -> Bool[np.ndarray, "height width"]:
        """White pixels."""
        return np.asarray((panel == WHITE).all(2))

    def words(self, row: Row) -> list[str]:
        """Misclassified points and pixels."""
        data = self.config.data
        return [
            f"Misclassified: {row['wrong_training']:4d}/{data.num_train}, "
            f"{row['wrong_validation']:3d}/{data.num_val} held out, "
            f"{row['wrong_pixels']:6d}/{data.size**2} pixels"
        ]

    def summarize(self, rows: list[Row], scene: Scene) -> Row:
        """Wrong pixels at the end, for the headline."""
        last, best = rows[-1], min(rows, key=lambda row: row["wrong_pixels"])
        share = 1.0 - last["wrong_pixels"] / scene.image.size
        return {
            "headline": f", {share:.2%} of the pixels right ({last['wrong_training']} "
            f"training and {last['wrong_validation']} held-out points wrong)",
            "fewest_wrong_pixels": best["wrong_pixels"],
            "fewest_wrong_pixels_at_epoch": best["epoch"],
        }


def _wrong(
    network: regions.ReluNetwork,
    points: Float[Array | np.ndarray, "points 2"],
    classes: UInt8[np.ndarray, "height width"],
) -> int:
    """Points (i / W, j / H) whose largest output is not that of their class."""
    places, size = np.asarray(points, np.float64), np.array(classes.shape[::-1])
    columns, rows = np.rint(places * size).astype(int).T
    return int((network(places).argmax(axis=1) != classes[rows, columns]).sum())
