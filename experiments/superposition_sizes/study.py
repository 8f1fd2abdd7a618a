"""What the study runs, measures and keeps."""

import dataclasses
import pathlib
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float64

from experiments.running.about import About
from experiments.running.common import Clock
from experiments.running.stages import stored
from experiments.running.studies import Summary
from experiments.superposition_sizes.claims import size_claims, size_headline
from regions.files.writing import read_arrays
from training.progress import Progress
from training.toy_models import train_toy_models

ABOUT = About(
    title="Superposition of 20 to 400 features",
    page="claims",
    source=(
        "Elhage et al. 2022 (2209.10652), figures of 20 features in 5 dimensions, 80 "
        "in 20, and 400 in 30; Hoagy, comments on almost linear models, 2023"
    ),
    setup=(
        "relu(W^T W x + b) gives back sparse features x (zero with probability S, else "
        "uniform on [0, 1]), all equally important, through fewer dimensions, at S = "
        "0, 0.9, 0.99; Adam on fresh points. Features a dimension: the squared norm of "
        "W over the dimensions, as in the paper; columns may be longer than 1, and it "
        "then passes n / m. The best linear model leaves the variance of the features "
        "beyond the dimensions; two features on each axis in opposite senses err where "
        "both are on: both losses are closed forms."
    ),
    differs=(
        "The paper's figures have importances that fall with the feature, or more "
        "updates; here all weigh the same, which makes the closed forms exact. 4000, "
        "1500 and 500 updates of 128 points: without sparsity the two larger models "
        "end above the loss of the best linear one, not trained to the end."
    ),
    expected=(
        "As many features as dimensions without sparsity, ever more of them the "
        "sparser they are (remembered, high confidence). Closed forms: derived."
    ),
)


class Size(NamedTuple):
    """Models of one size.

    Attributes:
        features: n.
        hidden: m, their dimensions.
        steps: Updates.
    """

    features: int
    hidden: int
    steps: int

    @property
    def label(self) -> str:
        """For legends and claims."""
        return f"{self.features} features in {self.hidden} dimensions"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """What identifies a run.

    Attributes:
        sizes: Of the models.
        sparsities: How often each feature is off, ascending; 0 first.
        batch: Points of an update.
        seeds: Models of each size and sparsity.
    """

    sizes: tuple[Size, ...] = (
        Size(20, 5, 4000),
        Size(80, 20, 1500),
        Size(400, 30, 500),
    )
    sparsities: tuple[float, ...] = (0.0, 0.9, 0.99)
    batch: int = 128
    seeds: int = 10


PRESETS = {
    "smoke": Config(sizes=(Size(8, 2, 100),), sparsities=(0.0, 0.9), batch=64, seeds=2),
    "paper": Config(),
}


class Result(NamedTuple):
    """What the figure needs of a finished run.

    Attributes:
        config: As in `config.json`.
        summary: As in `summary.json`.
        losses: By size; `(sparsities, seeds)`.
        lengths: Of the columns of W, by size; `(sparsities, seeds, features)`.
        grams: `W^T W` of the first model at the highest sparsity, by size.
    """

    config: Config
    summary: Summary
    losses: list[Float64[np.ndarray, "sparsities seeds"]]
    lengths: list[Float64[np.ndarray, "sparsities seeds _"]]
    grams: list[Float64[np.ndarray, "_ _"]]


def conduct(
    config: Config, folder: pathlib.Path, progress: Progress, clock: Clock
) -> Summary:
    """Train, compare with closed forms; write it all to `folder`."""
    for done, size in enumerate(config.sizes):
        progress(done, len(config.sizes), size.label)
        stored(_file(folder, size), lambda size=size: _train(config, size))
        clock.lap(size.label)
    result = read(config, folder, {})
    rest = config.sparsities, result.losses, result.lengths
    sizes = [(size.features, size.hidden) for size in config.sizes]
    return {
        "headline": size_headline(sizes, *rest),
        "claims": size_claims(sizes, *rest),
    }


def read(config: Config, folder: pathlib.Path, summary: Summary) -> Result:
    """A finished run, from the files in its folder."""
    arrays = [read_arrays(_file(folder, size)) for size in config.sizes]
    return Result(
        config,
        summary,
        *([one[name] for one in arrays] for name in ("losses", "lengths", "gram")),
    )


def _file(folder: pathlib.Path, size: Size) -> pathlib.Path:
    """Where the numbers of a size lie."""
    return folder / f"features-{size.features}.npz"


def _train(config: Config, size: Size) -> dict[str, np.ndarray]:
    """Losses, lengths of columns, and one matrix of inner products."""
    shape = (len(config.sparsities), config.seeds)
    count = shape[0] * shape[1]
    params, losses = train_toy_models(
        jax.random.split(jax.random.key(size.features), count),
        jnp.asarray(1.0 - np.repeat(config.sparsities, config.seeds)),
        jnp.ones((count, size.features)),
        hidden=size.hidden,
        steps=size.steps,
        batch=config.batch,
    )
    W = np.asarray(params.W, np.float64).reshape(*shape, size.hidden, size.features)
    return {
        "losses": np.asarray(losses, np.float64).reshape(shape),
        "lengths": np.linalg.norm(W, axis=2),
        "gram": W[-1, 0].T @ W[-1, 0],
    }
