"""What the movie shows, and of which run."""

from experiments.movies.movie import MovieConfig as Config
from experiments.running.about import About
from training.config import DataConfig, ModelConfig, TrainingConfig

ABOUT = About(
    title="Movie: 14 units x 6 layers on the ring",
    page="gallery",
    source="T. Dullien, second origami post, 2025-04-05",
    setup=(
        "A frame every 25 epochs of the run of the post: the network's output with all "
        "boundaries of activation regions, its output, and the ring with 5000 training "
        "and 1000 validation points. One pixel is one grid point; boundaries are those "
        "of the exact partition. Below: the losses of all epochs."
    ),
    differs="The post has a frame every epoch.",
    expected="A ring by epoch 1000 and boundaries that gather around it (read there).",
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
    "paper": Config(training=TrainingConfig(epochs=6000, snapshot_every=25), fps=4),
}
