"""What the study runs, measures and keeps."""

import dataclasses
import pathlib
from typing import NamedTuple

import numpy as np

import regions
from experiments.compression.claims import (
    compression_claims,
    compression_headline,
    digit_claims,
    digit_headline,
)
from experiments.compression.largest_difference import largest_difference
from experiments.compression.of_digits import digit_numbers, shrunk
from experiments.measures.adaptation import accuracy
from experiments.measures.seed_networks import (
    initial_networks,
    require_networks,
    seed_networks,
)
from experiments.measures.unit_square import enumerate_all
from experiments.running.about import About
from experiments.running.common import Clock
from experiments.running.polygons import read_polygons, write_polygons
from experiments.running.settings import shape_name
from experiments.running.stages import stored
from experiments.running.studies import Summary
from regions.files.writing import read_arrays
from regions.simplification.simplify import simplify
from training.config import ModelConfig, OptimizerConfig, TrainingConfig
from training.ensemble import fit_ensemble
from training.labeled import Labeled
from training.progress import Progress
from training.two_moons import moons_box, moons_dataset, two_moons

ABOUT = About(
    title="Smaller networks, with a proved error of zero and beyond",
    page="claims",
    source="S. Shekkizhar, MLPs as hashing functions, 2024, on compression",
    setup=(
        "Ten ReLU networks of each of three shapes (32, 16-16, 12-12-12) learn two "
        "moons (150 points, noise 0.1, 800 full-batch updates of Adam). Units that "
        "keep their sign in the box around the moons are removed or made linear; "
        "equality on the box is checked on every region in rational arithmetic. Then, "
        "apart from that: units whose bit is the same at all training points; units "
        "whose weights with the bias point within an angle of each other, merged; and "
        "the lightest units left out. The largest difference of the outputs on the box "
        "is that over all vertices of both partitions and all crossings of their "
        "edges. Last, ten classifiers of the digits of scikit-learn (64-64-64-10, 30 "
        "epochs) are made smaller by the same ways but the first; there the cost is "
        "the accuracy on 360 images held out."
    ),
    differs=(
        "The post says that redundant partitions could be removed, without a method. "
        "Creases that coincide but are on at opposite sides are not merged."
    ),
    expected="Error exactly 0 for units stably on or off over the box (derived).",
)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """What identifies a run.

    Attributes:
        shapes: Hidden widths.
        epochs: Full-batch updates.
        learning_rate: Learning rate of Adam.
        points: Training points.
        noise: Standard deviation of the noise on the points.
        tests: Test points.
        margin: Width of the margin that the box leaves around the moons.
        angles: Tolerances of merging, in radians, ascending.
        shares: Shares of the units of a layer that are left out, ascending.
        digits: Hidden widths of the classifiers of digits.
        digit_epochs: Passes over the images.
        digit_shares: As `shares`, for these.
        seeds: One network of each shape and one set of points each.
    """

    shapes: tuple[tuple[int, ...], ...] = ((32,), (16, 16), (12, 12, 12))
    epochs: int = 800
    learning_rate: float = 3e-3
    points: int = 150
    noise: float = 0.1
    tests: int = 500
    margin: float = 0.5
    angles: tuple[float, ...] = (0.025, 0.05, 0.1, 0.2, 0.4, 0.8)
    shares: tuple[float, ...] = (0.1, 0.2, 0.3, 0.5)
    digits: tuple[int, ...] = (64, 64)
    digit_epochs: int = 30
    digit_shares: tuple[float, ...] = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7)
    seeds: tuple[int, ...] = tuple(range(10))

    def training(self, widths: tuple[int, ...]) -> TrainingConfig:
        """How networks of one shape are trained."""
        return TrainingConfig(
            model=ModelConfig(widths=widths, output_dim=2, activation="relu"),
            optimizer=OptimizerConfig(learning_rate=self.learning_rate),
            loss="cross_entropy",
            epochs=self.epochs,
            batch_size=None,
            snapshot_every=max(1, self.epochs),
        )

    def ways(self) -> list[str]:
        """Names of the ways in which networks are made smaller."""
        light = [f"lightest-{share:g}" for share in self.shares]
        return ["exact", "data", *self.merged(), *light]

    def digit_ways(self) -> list[str]:
        """Those of classifiers of digits."""
        light = [f"lightest-{share:g}" for share in self.digit_shares]
        return ["data", *self.merged(), *light]

    def merged(self) -> list[str]:
        """Those by angle."""
        return [f"merge-{angle:g}" for angle in self.angles]


PRESETS = {
    "smoke": Config(
        shapes=((4,),),
        epochs=30,
        learning_rate=1e-2,
        points=20,
        tests=20,
        angles=(0.4,),
        shares=(0.5,),
        digits=(8,),
        digit_epochs=1,
        digit_shares=(0.5,),
        seeds=(0, 1),
    ),
    "paper": Config(),
}


class Result(NamedTuple):
    """What the figure needs of a finished run.

    Attributes:
        config: As in `config.json`.
        summary: As in `summary.json`.
        numbers: By shape and name, `(ways, seeds)`; see `way_numbers`.
        before: Numbers of the networks as they were, by shape and name, `(seeds,)`.
        digits: Of the classifiers of digits; see `digit_numbers`.
        cells: Regions of one network.
        data: Its training points.
    """

    config: Config
    summary: Summary
    numbers: dict[str, dict[str, np.ndarray]]
    before: dict[str, dict[str, np.ndarray]]
    digits: dict[str, np.ndarray]
    cells: list[np.ndarray]
    data: Labeled


def moons_of(config: Config, seed: int, *, test: bool) -> Labeled:
    """Points of one seed."""
    number = config.tests if test else config.points
    return two_moons(number, config.noise, 2 * seed + int(test))


def conduct(
    config: Config, folder: pathlib.Path, progress: Progress, clock: Clock
) -> Summary:
    """Train and shrink; write it all to `folder`."""
    numbers, before = {}, {}
    for widths in config.shapes:
        name = shape_name(widths)
        networks = _train(config, folder, widths, progress)
        clock.lap("training")
        if widths == config.shapes[0]:
            found = enumerate_all(networks[0], moons_box(config.margin))
            write_polygons(folder / "cells.npz", found.polygons())
        numbers[name], before[name] = _shrink(
            config, folder, widths, networks, progress
        )
        clock.lap("shrinking")
    digits = stored(
        folder / "digits.npz",
        lambda: digit_numbers(
            config.digits,
            config.digit_epochs,
            config.digit_ways(),
            config.seeds,
            folder / "networks-digits",
            progress,
        ),
    )
    clock.lap("digits")
    return {
        "headline": compression_headline(numbers, before)
        + digit_headline(config.digit_ways(), digits),
        "ways": config.ways(),
        "medians": {
            shape: {n: np.median(v, axis=-1).tolist() for n, v in found.items()}
            for shape, found in numbers.items()
        },
        "before": {
            shape: {n: float(np.median(v)) for n, v in found.items()}
            for shape, found in before.items()
        },
        "claims": compression_claims(config.ways(), numbers, before)
        + digit_claims(config.digit_ways(), digits),
    }


def read(config: Config, folder: pathlib.Path, summary: Summary) -> Result:
    """A finished run, from the files in its folder."""
    numbers, before = {}, {}
    for widths in config.shapes:
        name = shape_name(widths)
        numbers[name], before[name] = _read(folder, name)
    return Result(
        config,
        summary,
        numbers,
        before,
        read_arrays(folder / "digits.npz"),
        read_polygons(folder / "cells.npz"),
        moons_of(config, config.seeds[0], test=False),
    )


def _train(
    config: Config, folder: pathlib.Path, widths: tuple[int, ...], progress: Progress
) -> list[regions.ReluNetwork]:
    """The trained networks of one shape."""
    training = config.training(widths)
    moons = [moons_of(config, seed, test=False) for seed in config.seeds]
    data = [moons_dataset(one, one) for one in moons]
    place = folder / f"networks-{shape_name(widths)}"
    fitted = fit_ensemble(training, data, config.seeds, place, progress)
    return require_networks(seed_networks(fitted.params, training), config.seeds)


def _shrink(
    config: Config,
    folder: pathlib.Path,
    widths: tuple[int, ...],
    networks: list[regions.ReluNetwork],
    progress: Progress,
) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Numbers of all ways and seeds, and of the networks themselves."""
    name, box = shape_name(widths), moons_box(config.margin)
    starts = initial_networks(config.training(widths), config.seeds)

    def compute() -> dict[str, np.ndarray]:
        rows, own = [], []
        for done, (seed, network) in enumerate(
            zip(config.seeds, networks, strict=True)
        ):
            progress(done, len(networks), f"shrinking, {name}")
            data = moons_of(config, seed, test=False)
            test = moons_of(config, seed, test=True)
            rows.append(
                [way_numbers(network, way, box, data, test) for way in config.ways()]
            )
            start = simplify(starts[done], box, max_regions=None, max_seconds=None)
            own.append(
                {
                    "regions": len(enumerate_all(network, box)),
                    "range": float(np.ptp(network(data.inputs))),
                    "tested": accuracy(network, test),
                    "removable_at_start": 1.0
                    - start.report.after.bits / start.report.before.bits,
                }
            )
        table = {
            n: np.array([[r[n] for r in row] for row in rows]).T for n in rows[0][0]
        }
        return table | {f"own_{n}": np.array([row[n] for row in own]) for n in own[0]}

    stored(folder / f"numbers-{name}.npz", compute)
    return _read(folder, name)


def _read(
    folder: pathlib.Path, name: str
) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """What `_shrink` keeps of one shape."""
    arrays = read_arrays(folder / f"numbers-{name}.npz")
    own = {
        key.removeprefix("own_"): value
        for key, value in arrays.items()
        if key.startswith("own_")
    }
    return {k: v for k, v in arrays.items() if not k.startswith("own_")}, own


def way_numbers(
    network: regions.ReluNetwork,
    way: str,
    box: regions.Box,
    data: Labeled,
    test: Labeled,
) -> dict[str, float]:
    """Numbers of one network, made smaller in one way.

    Returns:
        `bits` (units left that take a bit, as a share), `units` (units left, as a
        share), `error` (largest difference of an output on the box; 0 for `exact`,
        where `proved` of the regions have equal maps in rational arithmetic),
        `data_error` (on the training points, in float64), `changed` (training points
        whose class changed, as a share), `tested` (accuracy), `proved` (share of the
        regions; 0 where nothing is to be proved).
    """
    proved, error = 0.0, None
    if way == "exact":
        small, report = simplify(network, box, max_regions=None, max_seconds=None)
        assert report.regions
        assert report.equal_on is not None
        proved, error = report.equal_on / report.regions, 0.0
    else:
        small = shrunk(network, way, data)
    outputs = [one(data.inputs) for one in (network, small)]
    classes = [values.argmax(axis=1) for values in outputs]
    return {
        "bits": small.num_bits / network.num_bits,
        "units": sum(small.widths) / sum(network.widths),
        "error": largest_difference(network, small, box) if error is None else error,
        "data_error": float(abs(outputs[0] - outputs[1]).max()),
        "changed": float((classes[0] != classes[1]).mean()),
        "tested": accuracy(small, test),
        "proved": proved,
    }
