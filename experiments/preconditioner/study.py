"""What the study runs, measures and keeps."""

import dataclasses
import functools
import pathlib
from typing import Any, NamedTuple

import numpy as np

import regions
from experiments.measures import read_outs
from experiments.measures.preconditioners import (
    Sample,
    Task,
    embeddings,
    kept_networks,
    preconditioner_training,
    sample_square,
)
from experiments.measures.seed_networks import (
    initial_networks,
    require_networks,
    seed_networks,
)
from experiments.measures.target_curvature import PrincipalPlane
from experiments.measures.target_surfaces import SQUARE, cosine_norm, grid_points
from experiments.movies.movie_files import encoder
from experiments.movies.turning import write_turning_movie
from experiments.preconditioner.claims import preconditioner_claims
from experiments.preconditioner.embedding_measures import (
    last_measures,
    layer_measures,
    standardized_square,
)
from experiments.preconditioner.surfaces import draw_frame
from experiments.running.about import About
from experiments.running.common import Clock
from experiments.running.settings import measure_settings, read_measures, setting_folder
from experiments.running.stages import stored
from experiments.running.studies import Summary
from regions.files.writing import read_arrays
from training.config import TrainingConfig
from training.ensemble import ensemble_snapshots, fit_ensemble
from training.progress import Progress

ABOUT = About(
    title="Preconditioners",
    page="claims",
    source='T. C. H. Lux, "MLP\'s are actually nonlinear -> linear preconditioners", '
    "2021",
    setup=(
        "PReLU networks of 8 layers of 32 units learn cos(||x||) from 10,000 uniform "
        "points of [-4 pi, 4 pi]^2 in 1,000 full-batch updates, with Adam at 0.001 and "
        "with the author's optimizer, written as an optax transformation from its "
        "description. On 1,000 other points: R^2 of the target on the first two "
        "principal components of each layer and on all of its dimensions, and the "
        "change of slope of the target in all of them (gamma, the constant of a "
        "Lipschitz gradient, fitted to 64 neighbors; median over points; the spread of "
        "all embeddings is set to 1). Coordinates count as known up to a noise floor "
        "of 0.003, 0.01 or 0.03 of the spread, so that directions in which an "
        "embedding hardly varies, and points that coincide in it, decide nothing. "
        "Controls: the same networks before training, and autoencoders. Activation "
        "regions of the square are counted exactly."
    ),
    differs=(
        "The essay shows one network and no numbers; eight seeds and the controls "
        "are ours. The autoencoders learn from 2,000 points. The author's program sums "
        "the gradient of the slopes where it averages the others, and restored the "
        "best slopes from another array for a while: neither is repeated."
    ),
    expected=(
        "Computed before, 3 seeds: test RMSE 0.06 to 0.18 with the author's optimizer, "
        "0.05 to 0.10 with Adam; R^2 on two components 0.95 to 0.995, of the inputs "
        "0.0002; the first component has 86 to 99 % of the variance."
    ),
)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What is trained, and how.

    Attributes:
        name: Name of its folder, and its label in the figure.
        optimizer: One of `training.config.OPTIMIZERS`; of `lux` the best parameters
            count, of others the last.
        seeds: Number of seeds.
        points: Training points.
        is_autoencoder: Learn the inputs instead of the target.
    """

    name: str
    optimizer: str = "adam"
    seeds: int = 8
    points: int = 10_000
    is_autoencoder: bool = False


SETTINGS = (
    Setting(name="Adam"),
    Setting(name="Lux", optimizer="lux"),
    Setting(name="autoencoder", points=2000, is_autoencoder=True),
)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """What identifies a run.

    Attributes:
        settings: The first is the one that is drawn.
        width: Units of a hidden layer.
        depth: Hidden layers.
        steps: Updates.
        every: Updates between two measurements.
        measured: Other points, on which embeddings are measured.
        tested: Other points, on which errors are.
        grid: Side of the grid that is drawn.
        frames: Frames of the movie, which is one turn.
        height: Height of a frame in pixels.
        fps: Frames per second.
    """

    settings: tuple[Setting, ...] = SETTINGS
    width: int = 32
    depth: int = 8
    steps: int = 1000
    every: int = 200
    measured: int = 1000
    tested: int = 4000
    grid: int = 61
    frames: int = 48
    height: int = 360
    fps: int = 12


PRESETS = {
    "smoke": Config(
        settings=(
            Setting(name="Adam", seeds=2, points=60),
            Setting(name="Lux", optimizer="lux", seeds=2, points=60),
        ),
        width=4,
        depth=2,
        steps=20,
        every=20,
        measured=60,
        tested=80,
        grid=9,
        frames=2,
        height=120,
    ),
    "paper": Config(),
}


class Result(NamedTuple):
    """What the figure needs of a finished run.

    Attributes:
        config: As in `config.json`.
        summary: As in `summary.json`.
        measures: By setting: `times` (times), `start` and `end` (layers, seeds,
            measures), `last` (times, seeds, measures), `errors` (seeds, RMSE and
            largest), `regions` (seeds), all of an autoencoder's but the last two.
        drawn: Surfaces and the embedding of one seed, see `drawn_arrays`.
    """

    config: Config
    summary: Summary
    measures: dict[str, dict[str, np.ndarray]]
    drawn: dict[str, np.ndarray]


def conduct(
    config: Config, folder: pathlib.Path, progress: Progress, clock: Clock
) -> Summary:
    """Train every setting, measure, draw the movie; write it all to `folder`."""
    encoder()
    how = {
        setting.name: functools.partial(_measure, config, setting, folder)
        for setting in config.settings
    }
    measures = measure_settings(folder, how, progress, "training and measuring")
    clock.lap("training and measuring")
    progress(0, 0, "drawing the movie")
    drawn = stored(folder / "drawn.npz", functools.partial(_draw_one, config, folder))
    write_turning_movie(
        folder,
        config.frames,
        lambda share: draw_frame(drawn, share, config.height),
        fps=config.fps,
        width=2 * config.height,
    )
    clock.lap("movie")
    claims = preconditioner_claims(measures)
    return {
        "headline": _headline(measures),
        "table": [_row(name, values) for name, values in measures.items()],
        "claims": claims,
    }


def read(config: Config, folder: pathlib.Path, summary: Summary) -> Result:
    """A finished run, from the files in its folder."""
    return Result(
        config,
        summary,
        read_measures(folder, [s.name for s in config.settings]),
        read_arrays(folder / "drawn.npz"),
    )


def training_of(config: Config, setting: Setting) -> TrainingConfig:
    """What is trained."""
    return preconditioner_training(
        config.width,
        config.depth,
        config.steps,
        output_dim=2 if setting.is_autoencoder else 1,
        optimizer=setting.optimizer,
        snapshot_every=config.every,
    )


def sample_of(config: Config, setting: Setting, seed: int) -> Sample:
    """The points of a seed."""
    return sample_square(
        seed, setting.points, config.tested, is_autoencoder=setting.is_autoencoder
    )


def _measure(
    config: Config, setting: Setting, folder: pathlib.Path
) -> dict[str, np.ndarray]:
    """Train one setting and measure its embeddings."""
    training, seeds = training_of(config, setting), tuple(range(setting.seeds))
    place = setting_folder(folder, setting.name)
    samples = [sample_of(config, setting, seed) for seed in seeds]
    fitted = fit_ensemble(training, [s.task.data for s in samples], seeds, place)
    points = [s.test[: config.measured] for s in samples]
    targets = [s.target[: config.measured] for s in samples]
    times, last = [], []
    for epoch, params in ensemble_snapshots(training, seeds, place):
        networks = require_networks(seed_networks(params, training), seeds)
        times.append(epoch)
        last.append(last_measures(networks, points, targets))
    initial = initial_networks(training, seeds)
    networks = final_networks(config, setting, folder)
    result = {
        "times": np.array(times),
        "last": np.array(last),
        "start": layer_measures(initial, points, targets),
        "end": layer_measures(networks, points, targets),
        "losses": fitted.losses[:, :, 0],
    }
    if not setting.is_autoencoder:
        result["errors"] = np.array(
            [
                read_outs.errors(sample.outputs(network), sample.target[:, None])
                for network, sample in zip(networks, samples, strict=True)
            ]
        )
        result["regions"] = np.array(
            [
                _count(network, sample.task)
                for network, sample in zip(networks, samples, strict=True)
            ]
        )
    return result


def final_networks(
    config: Config, setting: Setting, folder: pathlib.Path
) -> list[regions.ReluNetwork]:
    """The trained networks: the best of the author's optimizer, the last of others."""
    training, seeds = training_of(config, setting), tuple(range(setting.seeds))
    place = setting_folder(folder, setting.name)
    return kept_networks(training, seeds, place)


def _count(network: regions.ReluNetwork, task: Task) -> int:
    """Activation regions of the square.

    Raises:
        RuntimeError: If the count is not complete.
    """
    found = regions.count_regions(network, standardized_square(SQUARE, task.inputs))
    if not found.complete:
        raise RuntimeError(f"the count is not complete ({found.stats}).")
    return int(found)


def _draw_one(config: Config, folder: pathlib.Path) -> dict[str, np.ndarray]:
    """Surfaces of the target and of the first network, and its last embedding.

    The embedding is that of the points that are measured: the coordinates in the plane
    of its first two principal components, and the target.
    """
    setting = config.settings[0]
    network = final_networks(config, setting, folder)[0]
    sample = sample_of(config, setting, 0)
    grid = grid_points(-SQUARE, SQUARE, config.grid)
    fit = sample.task.outputs.back(network(sample.task.inputs.forward(grid)))[:, 0]
    shown = sample.test[: config.measured]
    last = embeddings(network, shown)[-1]
    shape = (config.grid, config.grid)
    return {
        "target": cosine_norm(grid).reshape(shape),
        "fit": fit.reshape(shape),
        "plane": PrincipalPlane(last)(last),
        "values": sample.target[: config.measured],
    }


def _row(name: str, values: dict[str, np.ndarray]) -> dict[str, Any]:
    """Numbers of one setting, medians over its seeds."""
    end, start = values["end"][-1], values["start"][-1]
    row = {
        "setting": name,
        "seeds": end.shape[0],
        "r2_plane": float(np.median(end[:, 0])),
        "r2_all": float(np.median(end[:, 1])),
        "first_component": float(np.median(end[:, 2])),
        "r2_plane_before": float(np.median(start[:, 0])),
    }
    if "errors" in values:
        rmse, largest = np.median(values["errors"], axis=0)
        row |= {"rmse": float(rmse), "largest_error": float(largest)}
        row["regions"] = float(np.median(values["regions"]))
    return row


def _headline(measures: dict[str, dict[str, np.ndarray]]) -> str:
    """One line for the pages."""
    rows = [_row(name, values) for name, values in measures.items()]
    parts = []
    for row in rows:
        text = f"{row['setting']}: R^2 {row['r2_plane']:.3f} on two components"
        if "rmse" in row:
            text += (
                f", test RMSE {row['rmse']:.3f}, {row['regions']:,.0f} activation "
                "regions"
            )
        parts.append(text)
    return "medians: " + "; ".join(parts)


def summary_rows(summary: Summary) -> list[tuple[str, str]]:
    """What a reader of the summary looks for, for Rich."""
    rows = [("result", summary["headline"])]
    for row in summary["table"]:
        text = ", ".join(f"{k} {v:.4g}" for k, v in row.items() if k != "setting")
        rows.append((row["setting"], text))
    return rows
