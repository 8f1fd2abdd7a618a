"""What the movie shows, and of which run."""

import dataclasses
from typing import Any

import numpy as np
import skimage.metrics

import regions
from experiments.movies.movie import MovieConfig as Config, Row, Scene
from experiments.movies.movie_disc import DiscMovie
from experiments.movies.movie_look import Look
from experiments.plotting.movie_panels import Rgb, gray_panel
from experiments.running.about import About
from training.config import DataConfig, ModelConfig, OptimizerConfig, TrainingConfig
from training.datasets import load_image, sample_points

ABOUT = About(
    title="Movie: a portrait folded by 500 units",
    page="gallery",
    source="T. Dullien, first origami post, 2024-07-04",
    setup=(
        "500 ReLU units in one layer learn a gray portrait of 512 x 512 pixels from "
        "20,000 of them (Adam at 0.002, batches of 512, 640 epochs of 40 updates). The "
        "origin is in the center; directions of the creases are even, their offsets "
        "spread over the square, and the folds four times as steep as usual at first. "
        "PSNR and SSIM are those of scikit-image, on all pixels."
    ),
    differs=(
        "The face of the astronaut of scikit-image (NASA, public domain) instead of "
        "the author's portrait; size, points, initialization, rate and length are "
        "ours, the post names none."
    ),
    expected="A blurred face that feels like folded paper (read there).",
)
PRESETS = {
    "smoke": Config(
        training=TrainingConfig(
            model=ModelConfig(widths=(12,), activation="relu"),
            epochs=4,
            batch_size=256,
            snapshot_every=2,
        ),
        data=DataConfig(image="portrait", size=64, num_train=500, num_val=100),
        gif_width=192,
    ),
    "paper": Config(
        training=TrainingConfig(
            model=ModelConfig(
                widths=(500,),
                activation="relu",
                initializer="unit_columns",
                init_scale=4.0,
            ),
            optimizer=OptimizerConfig(learning_rate=2e-3),
            epochs=640,
            batch_size=512,
            snapshot_every=40,
        ),
        data=DataConfig(image="portrait", size=512, num_train=20_000),
        max_regions=150_000,
        fps=6,
        gif_width=600,
        gif_frames=16,
    ),
}


WHOLE, TOP, LEFT = 3.2, 1 / 16, 0.93
"""Side of the whole picture, and where the face begins in it, in sides of a panel."""


class PortraitMovie(DiscMovie):
    """Creases as lines, and the likeness to the picture."""

    origin = 0.5

    def load_scene(self) -> Scene:
        """The face, as large as a panel, and its points."""
        data = self.config.data
        size = data.size
        whole = load_image(dataclasses.replace(data, size=round(WHOLE * size)))
        top, left = round(TOP * size), round(LEFT * size)
        face = np.ascontiguousarray(whole[top : top + size, left : left + size])
        points = sample_points(face, data.num_train, data.num_val, data.seed)
        return Scene(face, points)

    def draw(
        self, look: Look, network: regions.ReluNetwork, scene: Scene
    ) -> tuple[list[list[Rgb]], Row]:
        """The face without points; PSNR (dB) and SSIM of the output in [0, 1]."""
        ((lines, gray, _),), numbers = super().draw(look, network, scene)
        # Without the points, which would hide it.
        panels = [[lines, gray, gray_panel(scene.image / 255.0)]]
        output, picture = np.clip(look.outputs[0], 0.0, 1.0), scene.image / 255.0
        psnr = skimage.metrics.peak_signal_noise_ratio(picture, output, data_range=1.0)
        # It returns more than a number if asked for more.
        ssim: Any = skimage.metrics.structural_similarity(
            picture, output, data_range=1.0
        )
        return panels, {**numbers, "psnr": float(psnr), "ssim": float(ssim)}

    def words(self, row: Row) -> list[str]:
        """Also PSNR and SSIM."""
        likeness = f"PSNR {row['psnr']:5.2f} dB", f"SSIM {row['ssim']:.3f}"
        return [*super().words(row), *likeness]

    def summarize(self, rows: list[Row], scene: Scene) -> Row:
        """PSNR and SSIM at the end, for the headline."""
        own, last = super().summarize(rows, scene), rows[-1]
        likeness = f", PSNR {last['psnr']:.2f} dB, SSIM {last['ssim']:.3f}"
        return {**own, "headline": likeness + own["headline"]}
