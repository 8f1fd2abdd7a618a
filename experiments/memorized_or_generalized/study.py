"""What the study runs, measures and keeps."""

import dataclasses
import pathlib
from typing import NamedTuple

import numpy as np

from experiments.measures.image_fit import every_nth_pixel
from experiments.measures.preconditioners import embeddings
from experiments.measures.seed_networks import require_networks, seed_networks
from experiments.measures.target_curvature import PrincipalPlane, linear_r2
from experiments.measures.unit_square import sample_image
from experiments.memorized_or_generalized.claims import (
    memorized_or_generalized_claims,
    memorized_or_generalized_headline,
)
from experiments.memorized_or_generalized.label_noise import (
    measure_label_noise,
    noisy_ring,
)
from experiments.memorized_or_generalized.points_and_features import measure_sizes
from experiments.running.about import About
from experiments.running.common import Clock
from experiments.running.stages import stored
from experiments.running.studies import Summary
from regions.files.writing import read_arrays
from training.config import DataConfig, ModelConfig, OptimizerConfig, TrainingConfig
from training.datasets import Dataset, load_image, pixel_points
from training.ensemble import fit_ensemble
from training.progress import Progress

ABOUT = About(
    title="Memorized or generalized",
    page="claims",
    source=(
        "beren and Hoagy, comments on almost linear models, 2023; Henighan et al. 2023 "
        "for the toy model"
    ),
    setup=(
        "256 features, 2 % active, points of length 1, reconstructed through 2 hidden "
        "dimensions as relu(W^T W x + b) from T = 3 to 3200 points (AdamW, full "
        "batch): shares of a dimension that points and features have, and the loss on "
        "fresh points. Networks of 3 layers of 32 learn 200 pixels of the ring, a "
        "share of them with a random gray value: exact regions, points alone in "
        "theirs, kinks near points and elsewhere, top eigenvalue of the Hessian, "
        "robustness. Networks of 4 layers of 8, 16, 32 learn 312, 1250, 5000 pixels of "
        "the disc: "
        "R^2 of the disc on two principal components of the last embedding against the "
        "error on the image."
    ),
    differs=(
        "The comments give no experiment. Henighan et al. have 10,000 features and "
        "50,000 updates of a smaller rate; sizes here are smaller for time, and 20 "
        "seeds take the place of the best of several runs. The disc takes the place of "
        "the ring where networks must learn within 1500 updates."
    ),
    expected=(
        "Points first, features last, a bump of the test loss between (remembered); "
        "random labels make points lonely and minima sharp (claimed); R^2 grows with "
        "generalization (claimed)."
    ),
)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """What identifies a run.

    Attributes:
        features: Numbers of features of the toy models.
        density: Probability that one is active.
        sizes: Numbers of points.
        toy_steps: Updates.
        ring: Image; its training points are those with random labels.
        shares: Shares of random labels, ascending.
        widths: Widths of the networks that learn them.
        noisy_epochs: Full-batch updates of these.
        linear_data: Image of the networks whose embedding is measured.
        linear_sizes: Their training points.
        linear_widths: Units a layer of these.
        linear_depth: Their hidden layers.
        linear_updates: On batches of `linear_batch`.
        linear_batch: At most.
        side: Pixels along a side of the grid on which they are measured.
        seeds: Independent repetitions of everything.
    """

    features: int = 256
    density: float = 0.02
    sizes: tuple[int, ...] = (3, 6, 12, 25, 50, 100, 200, 400, 800, 1600, 3200)
    toy_steps: int = 1000
    ring: DataConfig = dataclasses.field(
        default_factory=lambda: DataConfig(num_train=200, num_val=10)
    )
    shares: tuple[float, ...] = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
    widths: tuple[int, ...] = (32, 32, 32)
    noisy_epochs: int = 5000
    linear_data: DataConfig = dataclasses.field(
        default_factory=lambda: DataConfig(image="disc", num_val=10)
    )
    linear_sizes: tuple[int, ...] = (312, 1250, 5000)
    linear_widths: tuple[int, ...] = (8, 16, 32)
    linear_depth: int = 4
    linear_updates: int = 1500
    linear_batch: int = 312
    side: int = 64
    seeds: tuple[int, ...] = tuple(range(20))

    def noisy_training(self) -> TrainingConfig:
        """How the networks that learn random labels are trained."""
        return TrainingConfig(
            model=ModelConfig(widths=self.widths, activation="relu"),
            optimizer=OptimizerConfig(learning_rate=3e-3),
            epochs=self.noisy_epochs,
            batch_size=None,
            snapshot_every=self.noisy_epochs,
        )

    def linear_training(self, size: int, width: int) -> TrainingConfig:
        """How the networks whose embedding is measured are trained, size by size.

        As many updates at each size.
        """
        epochs = self.linear_updates // -(-size // self.linear_batch)
        return TrainingConfig(
            model=ModelConfig(widths=(width,) * self.linear_depth, activation="relu"),
            optimizer=OptimizerConfig(learning_rate=3e-3),
            epochs=epochs,
            batch_size=self.linear_batch,
            snapshot_every=epochs,
        )


PRESETS = {
    "smoke": Config(
        features=32,
        density=0.1,
        sizes=(3, 100),
        toy_steps=300,
        ring=DataConfig(size=64, num_train=24, num_val=4),
        shares=(0.0, 1.0),
        widths=(8, 8),
        noisy_epochs=20,
        linear_data=DataConfig(image="disc", size=64, num_val=4),
        linear_sizes=(20,),
        linear_widths=(6,),
        linear_depth=2,
        linear_updates=20,
        linear_batch=20,
        side=16,
        seeds=(0, 1),
    ),
    "paper": Config(),
}


class Result(NamedTuple):
    """What the figure needs of a finished run.

    Attributes:
        config: As in `config.json`.
        summary: As in `summary.json`.
        toy: By size, as `measure_sizes` gives it.
        noise: By share of random labels and seed, as `measure_label_noise` gives it.
        linear: `r2` and `error`, by size, width and seed.
    """

    config: Config
    summary: Summary
    toy: dict[str, np.ndarray]
    noise: dict[str, np.ndarray]
    linear: dict[str, np.ndarray]


def conduct(
    config: Config, folder: pathlib.Path, progress: Progress, clock: Clock
) -> Summary:
    """Toy models, random labels, embeddings; write it all to `folder`."""
    progress(0, 3, "toy models on points")
    stored(
        folder / "toy.npz",
        lambda: measure_sizes(
            config.sizes,
            features=config.features,
            density=config.density,
            steps=config.toy_steps,
            seeds=config.seeds,
        ),
    )
    clock.lap("toy models")
    for share in config.shares:
        _measure_share(config, folder, share, progress)
    clock.lap("random labels")
    for size in config.linear_sizes:
        for width in config.linear_widths:
            _measure_embedding(config, folder, size, width, progress)
    clock.lap("embeddings")
    result = read(config, folder, {})
    claims = memorized_or_generalized_claims(
        result.toy, result.noise, result.linear, config.sizes
    )
    return {
        "headline": memorized_or_generalized_headline(
            result.toy, result.noise, config.sizes
        ),
        "claims": claims,
    }


def _measure_share(
    config: Config, folder: pathlib.Path, share: float, progress: Progress
) -> None:
    """Train and measure the networks of one share of random labels."""
    path = folder / f"share-{share:g}.npz"
    if path.is_file():
        return
    training = config.noisy_training()
    datasets = [noisy_ring(config.ring, share, seed) for seed in config.seeds]
    place = folder / f"share-{share:g}"
    fitted = fit_ensemble(training, datasets, config.seeds, place, progress)
    stored(
        path,
        lambda: measure_label_noise(fitted.params, training, datasets, config.seeds),
    )


def _measure_embedding(
    config: Config, folder: pathlib.Path, size: int, width: int, progress: Progress
) -> None:
    """Train and measure the networks of one number of pixels and one width."""
    path = folder / f"points-{size}-width-{width}.npz"
    if path.is_file():
        return
    training = config.linear_training(size, width)
    datasets = [disc_points(config, size, seed) for seed in config.seeds]
    place = path.with_suffix("")
    fitted = fit_ensemble(training, datasets, config.seeds, place, progress)
    networks = require_networks(seed_networks(fitted.params, training), config.seeds)
    image = load_image(config.linear_data)
    target = every_nth_pixel(image, config.side) / 255.0
    points = pixel_points(np.arange(target.size), *target.shape).astype(np.float64)
    values = target.ravel()

    def measure() -> dict[str, np.ndarray]:
        r2, error = [], []
        for network in networks:
            last = embeddings(network, points)[-1]
            error.append(((network(points)[:, 0] - values) ** 2).mean())
            # A dead embedding tells nothing of the target.
            dead = bool((last == last[0]).all())
            r2.append(0.0 if dead else linear_r2(PrincipalPlane(last)(last), values))
        return {"r2": np.array(r2), "error": np.array(error)}

    stored(path, measure)


def disc_points(config: Config, size: int, seed: int) -> Dataset:
    """So many pixels of the disc, of one seed."""
    data = dataclasses.replace(config.linear_data, num_train=size, seed=seed)
    return sample_image(data)[1]


def read(config: Config, folder: pathlib.Path, summary: Summary) -> Result:
    """The arrays of a run, stacked over its settings."""
    shares = [read_arrays(folder / f"share-{share:g}.npz") for share in config.shares]
    linear = [
        [
            read_arrays(folder / f"points-{size}-width-{width}.npz")
            for width in config.linear_widths
        ]
        for size in config.linear_sizes
    ]
    return Result(
        config,
        summary,
        read_arrays(folder / "toy.npz"),
        {name: np.stack([one[name] for one in shares]) for name in shares[0]},
        {
            name: np.array([[one[name] for one in row] for row in linear])
            for name in ("r2", "error")
        },
    )
