"""What the movie shows, and of which run."""

from experiments.movies.movie import Movie, MovieConfig as Config, Row, Scene
from experiments.running.about import About
from training.config import DataConfig, ModelConfig, TrainingConfig

ABOUT = About(
    title="Movie: 20 units x 40 layers on the ring",
    page="gallery",
    source="T. Dullien, second origami post, 2025-04-05",
    setup=(
        "20 leaky-ReLU units x 40 layers (16,461 parameters) learn the ring from 5000 "
        "points. Frames with more regions than 10,000 show where the activation "
        "patterns of neighboring grid points differ, and say so."
    ),
    differs=(
        "3000 epochs instead of 5500, a frame every 30 of them, 512 x 512 pixels: "
        "longer than five minutes otherwise."
    ),
    expected=(
        "A ring by epoch 1000, then episodes in which the loss jumps and recovers "
        "(read there, and seen in one pilot run of another implementation)."
    ),
)
PRESETS = {
    "smoke": Config(
        training=TrainingConfig(
            model=ModelConfig(widths=(4,) * 4),
            epochs=2,
            batch_size=256,
            snapshot_every=1,
        ),
        data=DataConfig(size=64, num_train=500, num_val=100),
        max_regions=8,
        gif_width=192,
    ),
    "paper": Config(
        training=TrainingConfig(
            model=ModelConfig(widths=(20,) * 40), epochs=3000, snapshot_every=30
        ),
        data=DataConfig(size=512),
        max_regions=10_000,
        gif_width=640,
        gif_frames=14,
    ),
}


class DeepMovie(Movie):
    """The three panels; the summary says how often the loss jumped."""

    def summarize(self, rows: list[Row], scene: Scene) -> Row:
        """Error and accuracy at the end, for the headline."""
        last = rows[-1]
        worst = max(rows[len(rows) // 3 :], key=lambda row: row["train_loss"])
        return {
            "headline": f", image MSE {last['image_mse']:.4f}, pixel accuracy "
            f"{last['pixel_accuracy']:.2%}; worst frame after the first third: epoch "
            f"{worst['epoch']:,}, training loss {worst['train_loss']:.4f}"
        }
