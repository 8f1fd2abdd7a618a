"""What the movie shows, and of which run."""

from experiments.movies.movie import MovieConfig as Config
from experiments.running.about import About
from training.config import DataConfig, ModelConfig, OptimizerConfig, TrainingConfig

ABOUT = About(
    title="Movie: 500 units on the disc",
    page="gallery",
    source="T. Dullien, first origami post, 2024-07-04",
    setup=(
        "500 ReLU units in one layer learn the black disc from 5000 of its pixels, "
        "full batch, Adam at 0.01. Each crease is a line; the count of regions is held "
        "against 1 + lines + crossings at every frame."
    ),
    differs=(
        "The post names neither size, rate nor steps; 512 x 512 pixels, 3000 updates "
        "and a frame every 50 are ours."
    ),
    expected=(
        "230 to 390 creases meet the square; error near 0.014 after 4000 updates "
        "(one pilot run of another implementation at another rate)."
    ),
)
PRESETS = {
    "smoke": Config(
        training=TrainingConfig(
            model=ModelConfig(widths=(20,), activation="relu"),
            epochs=4,
            batch_size=None,
            snapshot_every=2,
        ),
        data=DataConfig(image="disc", size=64, num_train=500, num_val=100),
        gif_width=192,
    ),
    "paper": Config(
        training=TrainingConfig(
            model=ModelConfig(widths=(500,), activation="relu"),
            optimizer=OptimizerConfig(learning_rate=1e-2),
            epochs=3000,
            batch_size=None,
            snapshot_every=50,
        ),
        data=DataConfig(image="disc", size=512),
        max_regions=100_000,
        gif_width=600,
        gif_frames=25,
    ),
}
