"""What the study runs, measures and keeps."""

import dataclasses
import pathlib
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float64, Int64

from experiments.measures.digit_networks import (
    Stage,
    corrupted_labels,
    hanin_rolnick_config,
    measure_stages,
    random_pairs,
    train_points,
    train_stages,
)
from experiments.measures.hanin_rolnick_measures import count_everywhere, count_on_plane
from experiments.running.about import About
from experiments.running.claims import Claim, claim_median
from experiments.running.common import Clock
from experiments.running.studies import Summary
from regions.files.writing import read_arrays, write_arrays
from training.labeled import Labeled, load_classes
from training.progress import Progress

SOURCE = "Hanin & Rolnick, NeurIPS 2019 (1906.00904)"
ABOUT = About(
    title="Regions when networks memorize, and over learning rates and scales",
    page="papers",
    source=f"{SOURCE}, figures on memorization, learning rates and initialization",
    setup=(
        "Networks of hidden widths 32-32-32 (He normal weights, biases of variance "
        "1e-6, Adam) memorize random binary classes of points drawn uniformly from "
        "[-1, 1]^2, 2,000 epochs; regions are counted on the whole input plane. The "
        "same shape learns digits with a share of the classes random, at three "
        "learning rates, and with initial hidden weights scaled; regions are counted "
        "on whole planes through the origin and two training images, two for each "
        "network."
    ),
    differs=(
        "The 64-pixel digits of scikit-learn stand in for MNIST (--data takes another "
        "file). The law of the random points is not known to us. Scaling all biases "
        "together changes no count on a whole plane, so only weights are scaled."
    ),
    expected=(
        "4608 = 96^2 / 2 regions predicted (read); a modest rise in memorization and "
        "never an exponential one (read in the abstract); most regions at learning "
        "rate 1e-3, and failed learning at 1e-2 (read). Computed before with another "
        "program: 1.0 to 1.15 times the initial count."
    ),
)
BASE_RATE = 1e-3
SIDE = 1.0
"""Half the side of the square of the random points."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """What identifies a run.

    Attributes:
        data: `digits`, or an `.npz` file of images `X` and classes `y`.
        widths: Hidden widths of all networks.
        seeds: Networks per setting.
        planes: Planes per network that learns images.
        points: Numbers of random points memorized.
        point_epochs: When their networks are counted.
        noise: Shares of random classes.
        rates: Learning rates besides 1e-3.
        scales: Factors of the initial hidden weights besides 1.
        epochs: When networks that learn images are counted.
    """

    data: str = "digits"
    widths: tuple[int, ...] = (32, 32, 32)
    seeds: int = 10
    planes: int = 2
    points: tuple[int, ...] = (50, 200, 1000)
    point_epochs: tuple[int, ...] = (0, 200, 2000)
    noise: tuple[float, ...] = (0.5, 1.0)
    rates: tuple[float, ...] = (1e-4, 1e-2)
    scales: tuple[float, ...] = (0.5, 2.0)
    epochs: tuple[int, ...] = (0, 10, 100)


PRESETS = {
    "smoke": Config(
        widths=(5, 4),
        seeds=2,
        planes=1,
        points=(20,),
        point_epochs=(0, 10),
        noise=(1.0,),
        rates=(),
        scales=(),
        epochs=(0, 1),
    ),
    "paper": Config(),
}


class Setting(NamedTuple):
    """One way to train, in a sweep.

    Attributes:
        sweep: Which sweep: points, noise, rate or scale.
        value: Its value there.
    """

    sweep: str
    value: float

    @property
    def name(self) -> str:
        """A name of a folder and of arrays."""
        return f"{self.sweep}-{self.value:g}"


BASE = (Setting("noise", 0.0), Setting("rate", BASE_RATE), Setting("scale", 1.0))
"""One and the same way to train, a member of three sweeps."""


class Result(NamedTuple):
    """What the figure needs of a finished run.

    Attributes:
        config: As in `config.json`.
        summary: As in `summary.json`.
        counts: Mean regions of a network by setting: `(epochs, seeds)`.
        fitted: Share of the given classes learned by setting: `(epochs, seeds)`.
    """

    config: Config
    summary: Summary
    counts: dict[Setting, np.ndarray]
    fitted: dict[Setting, np.ndarray]


def settings(config: Config) -> list[Setting]:
    """All settings, sweep by sweep, in ascending order of their values."""
    found = [Setting("points", p) for p in config.points]
    for sweep, values in (
        ("noise", config.noise),
        ("rate", config.rates),
        ("scale", config.scales),
    ):
        found += [Setting(sweep, value) for value in values]
    return sorted({*found, *BASE}, key=lambda s: (s.sweep, s.value))


def conduct(
    config: Config, folder: pathlib.Path, progress: Progress, clock: Clock
) -> Summary:
    """Train and count; write it all to `folder`."""
    data = load_classes(config.data)
    counts, fitted = {}, {}
    for setting in settings(config):
        place = folder / (BASE[0] if setting in BASE else setting).name
        place.mkdir(exist_ok=True)
        measure = _on_space if setting.sweep == "points" else _on_images
        found = measure(config, setting, data, place, progress)
        counts[setting], fitted[setting] = found["counts"], found["fitted"]
    clock.lap("training and counts")
    write_arrays(
        folder / "counts.npz",
        **{f"counts-{s.name}": a for s, a in counts.items()},
        **{f"fitted-{s.name}": a for s, a in fitted.items()},
    )
    return _summary(config, counts, fitted)


def read(config: Config, folder: pathlib.Path, summary: Summary) -> Result:
    """A finished run, from the files in its folder."""
    arrays, found = read_arrays(folder / "counts.npz"), settings(config)
    return Result(
        config,
        summary,
        {s: arrays[f"counts-{s.name}"] for s in found},
        {s: arrays[f"fitted-{s.name}"] for s in found},
    )


def random_points(number: int, seed: int) -> Labeled:
    """Points of the square with random classes, 0 or 1."""
    rng = np.random.default_rng([seed, number])
    return Labeled(rng.uniform(-SIDE, SIDE, (number, 2)), rng.integers(0, 2, number))


def _on_space(
    config: Config,
    setting: Setting,
    data: Labeled,
    place: pathlib.Path,
    progress: Progress,
) -> dict[str, np.ndarray]:
    """Counts of the networks that memorize random points, on the whole plane."""
    del data
    epochs, seeds = config.point_epochs, range(config.seeds)
    sets = [random_points(int(setting.value), seed) for seed in seeds]
    # Classes may all be equal among few points; the network has an output for each.
    shape = sets[0]._replace(labels=np.arange(len(sets[0].labels)) % 2)
    training = hanin_rolnick_config(
        config.widths, shape, max(epochs), snapshot_every=_step(epochs)
    )

    def stages() -> Iterator[Stage]:
        return train_points(training, sets, seeds, epochs, place, progress)

    def count(network: Any, seed: int) -> float:
        del seed
        return float(count_everywhere(network))

    return _measure(setting, stages, epochs, place, count, progress)


def _on_images(
    config: Config,
    setting: Setting,
    data: Labeled,
    place: pathlib.Path,
    progress: Progress,
) -> dict[str, np.ndarray]:
    """Counts of the networks that learn images, on planes through pairs of them."""
    epochs, seeds = config.epochs, range(config.seeds)
    given = {setting.sweep: setting.value}
    training = hanin_rolnick_config(
        config.widths,
        data,
        max(epochs),
        learning_rate=given.get("rate", BASE_RATE),
        init_scale=given.get("scale", 1.0),
        snapshot_every=_step(epochs),
    )
    labels = corrupted_labels(data, given.get("noise", 0.0), seed=0)
    pairs = random_pairs(data, seeds, config.planes)

    def stages() -> Iterator[Stage]:
        return train_stages(
            training, data, seeds, epochs, place, progress, train_labels=labels
        )

    def count(network: Any, seed: int) -> float:
        found = [count_on_plane(network, points) for points in pairs[seed]]
        return float(np.mean(found))

    return _measure(setting, stages, epochs, place, count, progress)


def _step(epochs: tuple[int, ...]) -> int:
    """The largest step that meets all epochs."""
    return int(np.gcd.reduce(epochs))


def _measure(
    setting: Setting,
    stages: Callable[[], Iterator[Stage]],
    epochs: tuple[int, ...],
    place: pathlib.Path,
    count: Callable[[Any, int], float],
    progress: Progress,
) -> dict[str, np.ndarray]:
    """Counts of every network at every stage."""

    def measure(stage: Stage) -> dict[str, np.ndarray]:
        counts = []
        for seed, network in enumerate(stage.networks):
            message = f"counting, {setting.name}, epoch {stage.epoch}"
            progress(seed, len(stage.networks), message)
            counts.append(count(network, seed))
        return {"counts": np.array(counts, np.float64)}

    return measure_stages(stages, epochs, place, measure)


def growth(
    counts: Float64[np.ndarray, "epochs seeds"] | Int64[np.ndarray, "epochs seeds"],
) -> Float64[np.ndarray, " seeds"]:
    """Regions at the end over regions at initialization, of each network."""
    return counts[-1] / counts[0]


def _summary(
    config: Config, counts: dict[Setting, np.ndarray], fitted: dict[Setting, np.ndarray]
) -> Summary:
    """Numbers and claims."""
    factors = {s.name: float(np.median(growth(a))) for s, a in counts.items()}
    return {
        "headline": (
            "regions at the end over regions at initialization, medians: "
            f"{min(factors.values()):.2f} to {max(factors.values()):.2f} over "
            f"{len(factors)} settings; N^2/2 = {sum(config.widths) ** 2 // 2:,}"
        ),
        "data": config.data,
        "regions_at_the_end": {
            s.name: float(np.median(a[-1])) for s, a in counts.items()
        },
        "growth": factors,
        "fitted_at_the_end": {s.name: float(a[-1].mean()) for s, a in fitted.items()},
        "claims": _claims(counts, fitted),
    }


def _claims(
    counts: dict[Setting, np.ndarray], fitted: dict[Setting, np.ndarray]
) -> list[Claim]:
    """What the numbers say."""
    claims = [
        claim_median(
            f"Memorizing does not make regions many: {s.value:g} random points",
            SOURCE,
            "regions at the end over those at initialization (below 2)",
            growth(counts[s]),
            high=2.0,
        )
        for s in counts
        if s.sweep == "points"
    ]
    noisiest = max((s for s in counts if s.sweep == "noise"), key=lambda s: s.value)
    clean = counts[BASE[0]][-1]
    claims.append(
        claim_median(
            f"More regions with {noisiest.value:.0%} of the classes random than with "
            "none",
            f"{SOURCE}, remembered",
            "ratio of the regions at the end, same initialization (above 1)",
            counts[noisiest][-1] / clean,
            low=1.0,
        )
    )
    for setting in (s for s in counts if s.sweep == "rate" and s not in BASE):
        claims.append(
            claim_median(
                f"Learning rate 1e-3 gives more regions than {setting.value:g}",
                SOURCE,
                "ratio of the regions at the end, same initialization (above 1)",
                clean / counts[setting][-1],
                low=1.0,
            )
        )
        if setting.value > BASE_RATE:
            claims.append(
                claim_median(
                    f"Learning fails at rate {setting.value:g}",
                    SOURCE,
                    "share of the training images learned (below 0.5)",
                    fitted[setting][-1],
                    high=0.5,
                )
            )
    claims += [
        claim_median(
            f"Scaling the initial weights by {s.value:g} changes the number of regions "
            "at the end little",
            f"{SOURCE}, a shape remembered",
            "ratio to scale 1 (0.5 to 2)",
            counts[s][-1] / clean,
            low=0.5,
            high=2.0,
        )
        for s in counts
        if s.sweep == "scale" and s not in BASE
    ]
    return claims
