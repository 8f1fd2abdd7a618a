"""What the movie shows, and of which run."""

from experiments.movies.movie import MovieConfig as Config
from experiments.running.about import About
from training.config import DataConfig, ModelConfig, TrainingConfig

ABOUT = About(
    title="Movie: 30 units x 30 layers on the ring",
    page="gallery",
    source="T. Dullien, origami posts, 2025-04-10 (post 3)",
    setup=(
        "30 leaky-ReLU units x 30 layers (27,091 parameters) learn the ring from 5000 "
        "points in 6000 epochs. A frame every 25 epochs. Left the output with "
        "boundaries, then the output, then the ring with the points; below the losses "
        "of all epochs. Frames with more than 2,000 regions, nearly all, show where "
        "the activation patterns of neighboring grid points differ, and say so."
    ),
    differs=(
        "384 x 384 pixels, not 1024 x 1024, and a frame every 25 epochs: what patterns "
        "on the grid cost in so deep a network."
    ),
    expected="The ring, and spikes of the loss as of 20 x 40 (our guess).",
)
PRESETS = {
    "smoke": Config(
        training=TrainingConfig(
            model=ModelConfig(widths=(6, 6)),
            epochs=6,
            batch_size=256,
            snapshot_every=3,
        ),
        data=DataConfig(size=64, num_train=500, num_val=100),
        gif_width=192,
    ),
    "paper": Config(
        training=TrainingConfig(
            model=ModelConfig(widths=(30,) * 30), epochs=6000, snapshot_every=25
        ),
        panel=384,
        max_regions=2_000,
        fps=4,
        gif_width=720,
        gif_frames=14,
    ),
}
