"""What the study runs, measures and keeps."""

import dataclasses
import pathlib
from typing import NamedTuple

import numpy as np
import scipy.stats
from jaxtyping import Float64

import regions
from experiments.measures.adaptation import accuracy
from experiments.measures.digit_networks import corrupted_labels
from experiments.measures.occupancy import measure_occupancy
from experiments.measures.seed_networks import snapshot_networks
from experiments.measures.unit_square import enumerate_all
from experiments.running.about import About
from experiments.running.claims import Claim, claim_exact, claim_median
from experiments.running.common import Clock
from experiments.running.polygons import read_polygons, write_polygons
from experiments.running.sources import HASHING
from experiments.running.stages import stored
from experiments.running.studies import Summary
from regions.files.writing import read_arrays
from training.config import ModelConfig, OptimizerConfig, TrainingConfig
from training.ensemble import fit_ensemble
from training.labeled import Labeled
from training.progress import Progress
from training.two_moons import moons_box, moons_dataset, two_moons

ABOUT = About(
    title="Points alone in their region, and label noise",
    page="claims",
    source=f"{HASHING}, on capacity and memorization",
    setup=(
        "Twenty 2-64-64-2 ReLU networks learn 100 points of two moons (noise 0.1) with "
        "0 to 100 % of the labels replaced by random ones, 2500 full-batch updates of "
        "Adam at rate 3e-3; points and initialization of a seed are the same at every "
        "share. Training points are grouped by their exact activation pattern; "
        "regions in the box around the moons are counted exactly."
    ),
    differs=(
        "The post speaks of capacity and memorization without a measure: points per "
        "occupied region and the share of occupied regions with one point are ours."
    ),
    expected="More points alone in their region the more labels are random (the post).",
)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """What identifies a run.

    Attributes:
        training: Network, optimizer, length and distance of the snapshots.
        shares: Shares of random labels, ascending from 0 to 1.
        points: Training points.
        noise: Standard deviation of the noise on the points.
        tests: Test points, with true labels.
        margin: Width of the margin around the moons of the box in which regions are
            counted.
        seeds: One network and one set of points each.
    """

    training: TrainingConfig = dataclasses.field(
        default_factory=lambda: TrainingConfig(
            model=ModelConfig(widths=(64, 64), output_dim=2, activation="relu"),
            optimizer=OptimizerConfig(learning_rate=3e-3),
            loss="cross_entropy",
            epochs=2500,
            batch_size=None,
            snapshot_every=1250,
        )
    )
    shares: tuple[float, ...] = (0.0, 0.25, 0.5, 0.75, 1.0)
    points: int = 100
    noise: float = 0.1
    tests: int = 500
    margin: float = 0.5
    seeds: tuple[int, ...] = tuple(range(20))

    def __post_init__(self):
        ends = (self.shares[0], self.shares[-1])
        if ends != (0.0, 1.0) or list(self.shares) != sorted(set(self.shares)):
            raise ValueError(
                f"`shares` is {self.shares}: an ascending list from 0 to 1 is required."
            )


PRESETS = {
    "smoke": Config(
        training=TrainingConfig(
            model=ModelConfig(widths=(4,), output_dim=2, activation="relu"),
            optimizer=OptimizerConfig(learning_rate=1e-2),
            loss="cross_entropy",
            epochs=30,
            batch_size=None,
            snapshot_every=30,
        ),
        shares=(0.0, 1.0),
        points=20,
        tests=20,
        seeds=(0, 1),
    ),
    "paper": Config(),
}


class Result(NamedTuple):
    """What the figure needs of a finished run.

    Attributes:
        config: As in `config.json`.
        summary: As in `summary.json`.
        epochs: Epochs of the snapshots, ascending.
        numbers: By name, `(shares, snapshots, seeds)`; see `measure`.
        cells: Regions of the first seed at the end, at the least and the largest share.
        alone: Which of its points are alone there, `(2, points)`.
        data: Its points with the labels that were learned there.
    """

    config: Config
    summary: Summary
    epochs: np.ndarray
    numbers: dict[str, np.ndarray]
    cells: list[list[Float64[np.ndarray, "_ 2"]]]
    alone: np.ndarray
    data: list[Labeled]


def moons_of(config: Config, seed: int) -> Labeled:
    """Training points of one seed, with their true labels."""
    return two_moons(config.points, config.noise, 2 * seed)


def learned(config: Config, seed: int, share: float) -> Labeled:
    """Training points of one seed, a share of the labels replaced by random ones."""
    data = moons_of(config, seed)
    return data._replace(labels=corrupted_labels(data, share, seed))


def conduct(
    config: Config, folder: pathlib.Path, progress: Progress, clock: Clock
) -> Summary:
    """Train and group the points; write it all to `folder`."""
    for share in config.shares:
        _measure_share(config, folder, share, progress, clock)
    arrays = [read_arrays(folder / f"share-{share:g}.npz") for share in config.shares]
    epochs = arrays[0].pop("epochs")
    numbers = {name: np.stack([a[name] for a in arrays]) for name in arrays[0]}
    stored(folder / "numbers.npz", lambda: numbers | {"epochs": epochs})
    return {
        "headline": _headline(numbers),
        "medians": {
            name: np.median(values[:, -1], axis=-1).tolist()
            for name, values in numbers.items()
            if np.isfinite(values).all()
        },
        "claims": memorization_claims(config, numbers),
    }


def read(config: Config, folder: pathlib.Path, summary: Summary) -> Result:
    """A finished run, from the files in its folder."""
    numbers = read_arrays(folder / "numbers.npz")
    ends, seed = (config.shares[0], config.shares[-1]), config.seeds[0]
    return Result(
        config,
        summary,
        numbers.pop("epochs"),
        numbers,
        [read_polygons(folder / f"cells-{share:g}.npz") for share in ends],
        np.stack([read_arrays(folder / f"alone-{s:g}.npz")["alone"] for s in ends]),
        [learned(config, seed, share) for share in ends],
    )


def measure(
    network: regions.ReluNetwork, data: Labeled, true: Labeled, box: regions.Box
) -> dict[str, float]:
    """Numbers of one network.

    Args:
        network: The network.
        data: What it learned.
        true: The same points with their true labels.
        box: Where regions are counted.

    Returns:
        `singletons` (share of the occupied regions with one training point),
        `per_region` (training points per occupied region), `occupied`, `regions`
        (exact, in the box), `alone_wrong` and `alone_right` (share of the points alone
        in their region among those with a wrong and with a true label; NaN without
        any), `fitted` (accuracy on what it learned).
    """
    found = measure_occupancy(network, data.inputs)
    wrong = data.labels != true.labels
    shares = [
        float(found.alone[these].mean()) if these.any() else np.nan
        for these in (wrong, ~wrong)
    ]
    return {
        "singletons": found.singletons,
        "per_region": found.per_region,
        "occupied": float(found.occupied),
        "regions": float(len(enumerate_all(network, box))),
        "alone_wrong": shares[0],
        "alone_right": shares[1],
        "fitted": accuracy(network, data),
    }


def _measure_share(
    config: Config,
    folder: pathlib.Path,
    share: float,
    progress: Progress,
    clock: Clock,
) -> None:
    """Train and measure at one share of random labels."""
    data = [learned(config, seed, share) for seed in config.seeds]
    place = folder / f"networks-{share:g}"
    sets = [moons_dataset(one, one) for one in data]
    fit_ensemble(config.training, sets, config.seeds, place, progress)
    clock.lap("training")
    box = moons_box(config.margin)

    def compute() -> dict[str, np.ndarray]:
        epochs, networks = snapshot_networks(config.training, config.seeds, place)
        rows = []
        for done, (seed, path, one) in enumerate(
            zip(config.seeds, networks, data, strict=True)
        ):
            progress(done, len(data), f"grouping points, {share:.0%} random")
            true = moons_of(config, seed)
            test = two_moons(config.tests, config.noise, 2 * seed + 1)
            for network in path:
                row = measure(network, one, true, box)
                rows.append(row | {"tested": accuracy(network, test)})
        shape = (len(config.seeds), len(epochs))
        table = {n: np.array([r[n] for r in rows]).reshape(shape).T for n in rows[0]}
        if share in (config.shares[0], config.shares[-1]):
            last = networks[0][-1]
            write_polygons(
                folder / f"cells-{share:g}.npz", enumerate_all(last, box).polygons()
            )
            alone = measure_occupancy(last, data[0].inputs).alone
            stored(folder / f"alone-{share:g}.npz", lambda: {"alone": alone})
        return table | {"epochs": epochs}

    stored(folder / f"share-{share:g}.npz", compute)
    clock.lap("regions")


def trends(
    shares: tuple[float, ...], values: Float64[np.ndarray, "shares seeds"]
) -> Float64[np.ndarray, " seeds"]:
    """Spearman's rank correlation with the share of random labels, seed by seed.

    A seed whose values are all equal has no trend: 0.
    """
    ranks = scipy.stats.rankdata(values, axis=0)
    order = scipy.stats.rankdata(shares)
    return np.array(
        [
            float(np.corrcoef(order, column)[0, 1]) if np.ptp(column) else 0.0
            for column in ranks.T
        ]
    )


def memorization_claims(config: Config, numbers: dict[str, np.ndarray]) -> list[Claim]:
    """What the numbers say."""
    single, per_region = numbers["singletons"], numbers["per_region"]
    start = single[:, 0] - single[:1, 0]
    claims = [
        claim_median(
            "Points alone in their region rise with label noise",
            HASHING,
            "rank correlation of the share of random labels and the share of occupied "
            "regions with one training point (above 0.5)",
            trends(config.shares, single[:, -1]),
            low=0.5,
            reason="midway from no order to a perfect one",
        ),
        claim_median(
            "More occupied regions hold one point with random labels than with true "
            "ones",
            HASHING,
            "their share at 100 % random labels minus at 0 % (above 0.05)",
            single[-1, -1] - single[0, -1],
            low=0.05,
            reason="one in twenty",
        ),
        claim_median(
            "Fewer points share a region with random labels",
            HASHING,
            "points per occupied region at 100 % random labels over 0 % (below 0.95)",
            per_region[-1, -1] / per_region[0, -1],
            high=0.95,
            reason="one in twenty",
        ),
        claim_median(
            "Random labels make more regions",
            "this project",
            "exact regions in the box at 100 % random labels over 0 % (above 1.05)",
            numbers["regions"][-1, -1] / numbers["regions"][0, -1],
            low=1.05,
            reason="one in twenty",
        ),
    ]
    middle = len(config.shares) // 2
    wrong, right = (
        numbers["alone_wrong"][middle, -1],
        numbers["alone_right"][middle, -1],
    )
    if np.isfinite(wrong - right).all():
        claims.append(
            claim_median(
                f"With {config.shares[middle]:.0%} random labels, points with a wrong "
                "label are alone more often than points with a true one",
                "this project",
                "share alone of the wrong minus of the true (above 0.05)",
                wrong - right,
                low=0.05,
                reason="one in twenty",
            )
        )
    claims.append(
        claim_exact(
            "Before training labels make no difference",
            "follows from the definition",
            "largest difference of the share of occupied regions with one point",
            float(abs(start).max()),
            holds=bool((start == 0.0).all()),
        )
    )
    return claims


def _headline(numbers: dict[str, np.ndarray]) -> str:
    """One line for the pages."""

    def ends(name: str) -> list[float]:
        return [float(np.median(numbers[name][k, -1])) for k in (0, -1)]

    single, points, fitted = (ends(n) for n in ("singletons", "per_region", "fitted"))
    return (
        f"with 0 % and 100 % random labels (learned to {fitted[0]:.0%} and "
        f"{fitted[1]:.0%}): {single[0]:.0%} and {single[1]:.0%} of the occupied "
        f"regions hold one training point, {points[0]:.2f} and {points[1]:.2f} points "
        "an occupied region; before training "
        f"{np.median(numbers['singletons'][0, 0]):.0%}"
    )
