"""What the study runs, measures and keeps."""

import dataclasses
import itertools
import pathlib
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.csv
from jaxtyping import Float64, Int64

import regions
from experiments.adjacency_graphs.graph_diameter import diameter
from experiments.running.about import About
from experiments.running.claims import Claim, claim_exact, claim_median
from experiments.running.common import Clock
from experiments.running.settings import shape_name
from experiments.running.studies import Summary
from regions.files.writing import open_atomically, read_arrays, write_arrays
from training.config import ModelConfig, OptimizerConfig, TrainingConfig
from training.datasets import Dataset
from training.ensemble import ensemble_networks, fit_ensemble
from training.labeled import one_hot
from training.progress import Progress

SOURCE = "Gaines & Bi, ICLR 2026 (2606.07728)"
ABOUT = About(
    title="Degrees and diameters of the adjacency graph",
    page="papers",
    source=f"{SOURCE}, synthetic experiment",
    setup=(
        "ReLU networks learn three Gaussian blobs (300 points, 20 epochs, Adam with "
        "learning rate 0.01). All regions of the box [-4, 4]^d around the standardized "
        "data are found; two are adjacent if they share a facet. Inputs 2 to 5, widths "
        "4, 8 and 16, one to four hidden layers."
    ),
    differs=(
        "A box for the whole space, whose own sides count for no degree; 46 of the 48 "
        "architectures, without 16 units in three and four layers on 5 inputs, which "
        "have more than half a million regions; ten networks of each for five. "
        "Diameters, exact, of graphs of at most 30,000 regions."
    ),
    expected=(
        "Average degree at most 2d, which it approaches; neighbor counts peak below 2d "
        "and are skewed to the right; a diameter bounded independently of d; regions "
        "that contain data are better connected (abstract read)."
    ),
)
HALF_WIDTH = 4.0
"""Half the side of the box, in standard deviations of the data."""

TRAINING = TrainingConfig(
    model=ModelConfig(output_dim=3, activation="relu"),
    optimizer=OptimizerConfig(learning_rate=1e-2),
    loss="cross_entropy",
    epochs=20,
    batch_size=32,
    snapshot_every=20,
)

Shape = tuple[int, int, int]
"""Inputs, units per layer, hidden layers."""
SHAPES = tuple(
    shape
    for shape in itertools.product((2, 3, 4, 5), (4, 8, 16), (1, 2, 3, 4))
    if shape not in {(5, 16, 3), (5, 16, 4)}
)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """What identifies a run.

    Attributes:
        shapes: The architectures (inputs, units per layer, hidden layers).
        base: The one of them from which one number at a time varies.
        seeds: Networks of each, each with its own data.
        points: Data points.
        largest: Regions of a graph whose diameter is found.
        training: How networks are trained.
    """

    shapes: tuple[Shape, ...] = SHAPES
    base: Shape = (3, 8, 2)
    seeds: int = 10
    points: int = 300
    largest: int = 30_000
    training: TrainingConfig = TRAINING


PRESETS = {
    "smoke": Config(
        shapes=((2, 4, 2),),
        base=(2, 4, 2),
        seeds=2,
        points=60,
        training=dataclasses.replace(TRAINING, epochs=2, snapshot_every=2),
    ),
    "paper": Config(),
}
COLUMNS = (
    "regions",
    "mean_degree",
    "diameter",
    "degree_with_data",
    "degree_without_data",
    "peak_degree",
    "skewness",
    "regions_with_data",
)
"""Columns of the table: the numbers of one graph."""


class Result(NamedTuple):
    """What the figure needs of a finished run.

    Attributes:
        config: As in `config.json`.
        summary: As in `summary.json`.
        table: The numbers named in `COLUMNS`, for each architecture and seed.
        histogram: Number of regions of each degree, all seeds together, by
            architecture.
    """

    config: Config
    summary: Summary
    table: Float64[np.ndarray, "shapes seeds columns"]
    histogram: Int64[np.ndarray, "shapes degrees"]

    def column(self, name: str) -> Float64[np.ndarray, "shapes seeds"]:
        """One of `COLUMNS`."""
        return self.table[..., COLUMNS.index(name)]


def blob_data(dim: int, points: int, seed: int) -> Dataset:
    """Three blobs, standardized; they serve for validation, too.

    Raises:
        ImportError: If scikit-learn is not installed.
    """
    from sklearn.datasets import make_blobs

    inputs, labels, *_ = make_blobs(
        n_samples=points, centers=3, n_features=dim, random_state=seed
    )
    inputs = np.asarray(inputs)
    inputs = (inputs - inputs.mean(axis=0)) / inputs.std(axis=0)
    inputs, targets = inputs.astype(np.float32), one_hot(np.asarray(labels), 3)
    return Dataset(inputs, targets, inputs, targets)


def graph_numbers(
    found: regions.RegionSet, points: Float64[np.ndarray, "points dim"], largest: int
) -> tuple[Float64[np.ndarray, " columns"], Int64[np.ndarray, " regions"]]:
    """The numbers named in `COLUMNS`, and the degree of every region.

    Args:
        found: All regions of a domain, with their neighbors.
        points: Data.
        largest: Regions of a graph whose diameter is found.

    Returns:
        NaN for the mean degree of no region, and for a diameter that is left out.
    """
    pairs, _ = found.neighbors
    degrees = np.bincount(pairs.ravel(), minlength=len(found))
    with_data = regions_of(found, points)
    spread = max(float(degrees.std()), 1e-300)
    numbers = {
        "regions": len(found),
        "mean_degree": degrees.mean(),
        "diameter": diameter(pairs, len(found)) if len(found) <= largest else np.nan,
        "degree_with_data": _mean(degrees[with_data]),
        "degree_without_data": _mean(degrees[~with_data]),
        "peak_degree": np.bincount(degrees).argmax(),
        "skewness": (((degrees - degrees.mean()) / spread) ** 3).mean(),
        "regions_with_data": with_data.sum(),
    }
    return np.array([float(numbers[name]) for name in COLUMNS]), degrees


def regions_of(
    found: regions.RegionSet, points: Float64[np.ndarray, "points dim"]
) -> np.ndarray:
    """Which regions contain one of the points, by their patterns in float64."""
    packed = np.packbits(found.network.patterns(points), axis=1, bitorder="little")
    seen = {row.tobytes() for row in packed}
    return np.array([row.tobytes() in seen for row in found.patterns], bool)


def _mean(values: np.ndarray) -> float:
    """The mean, or NaN of none."""
    return float(values.mean()) if len(values) else float("nan")


def write_table(path: pathlib.Path, result: Result) -> None:
    """One row for each graph: architecture, seed, and the numbers of `COLUMNS`."""
    shapes, seeds = result.table.shape[:2]
    sizes = np.repeat(np.array(result.config.shapes), seeds, axis=0)
    table = {
        **dict(zip(("inputs", "width", "layers"), sizes.T, strict=True)),
        "seed": np.tile(np.arange(seeds), shapes),
        **{name: result.column(name).ravel() for name in COLUMNS},
    }
    with open_atomically(path) as file:
        pyarrow.csv.write_csv(pa.table(table), file)


def conduct(
    config: Config, folder: pathlib.Path, progress: Progress, clock: Clock
) -> Summary:
    """Train, enumerate and measure every graph; write it all to `folder`."""
    table = np.zeros((len(config.shapes), config.seeds, len(COLUMNS)))
    histograms = []
    for row, shape in enumerate(config.shapes):
        networks, data = _train(config, shape, folder, progress)
        clock.lap("training")
        every = []
        for seed, (network, points) in enumerate(zip(networks, data, strict=True)):
            inputs = np.asarray(points.train_inputs, np.float64)
            table[row, seed], degrees = graph_numbers(
                _enumerate(network), inputs, config.largest
            )
            every.append(degrees)
            progress(seed + 1, config.seeds, f"graphs of architecture {shape}")
        histograms.append(np.bincount(np.concatenate(every)))
        clock.lap("graphs")
    longest = max(len(counts) for counts in histograms)
    histogram = np.stack(
        [np.pad(counts, (0, longest - len(counts))) for counts in histograms]
    )
    write_arrays(folder / "graphs.npz", table=table, histogram=histogram)
    result = Result(config, {}, table, histogram)
    write_table(folder / "graphs.csv", result)
    claims, largest = _claims(result)
    base = config.shapes.index(config.base)
    return {
        "headline": (
            f"average degree at most {largest:.3f} of 2d in "
            f"{result.column('regions').size} graphs of up to "
            f"{int(result.column('regions').max()):,} regions; median diameter "
            f"{np.median(result.column('diameter')[base]):g} at 3 inputs and 2 layers "
            "of 8"
        ),
        "claims": claims,
    }


def read(config: Config, folder: pathlib.Path, summary: Summary) -> Result:
    """A finished run, from the files in its folder."""
    arrays = read_arrays(folder / "graphs.npz")
    return Result(config, summary, **arrays)


def _train(
    config: Config, shape: Shape, folder: pathlib.Path, progress: Progress
) -> tuple[list[regions.ReluNetwork], list[Dataset]]:
    """Networks of one architecture, one per seed, and their data."""
    dim, width, depth = shape
    model = dataclasses.replace(
        config.training.model, input_dim=dim, widths=(width,) * depth
    )
    training = dataclasses.replace(config.training, model=model)
    data = [blob_data(dim, config.points, seed) for seed in range(config.seeds)]
    name = "training-" + shape_name(shape)
    fitted = fit_ensemble(training, data, range(config.seeds), folder / name, progress)
    return ensemble_networks(fitted.params, training), data


def _enumerate(network: regions.ReluNetwork) -> regions.RegionSet:
    """All regions of the box."""
    box = regions.Box.cube(network.input_dim, HALF_WIDTH)
    found = regions.enumerate_regions(network, box, method="cells")
    return found.require_complete()


def family(config: Config, varies: int) -> list[int]:
    """Indices of the architectures that differ from the base in one number alone.

    Args:
        config: With the architectures.
        varies: 0 for inputs, 1 for width, 2 for depth.
    """
    return sorted(
        (
            k
            for k, shape in enumerate(config.shapes)
            if all(
                a == b or place == varies
                for place, (a, b) in enumerate(zip(shape, config.base, strict=True))
            )
        ),
        key=lambda k: config.shapes[k][varies],
    )


def _claims(result: Result) -> tuple[list[Claim], float]:
    """What the numbers say, and the largest average degree in parts of 2d."""
    config = result.config
    dims = np.array([shape[0] for shape in config.shapes])[:, None]
    share = result.column("mean_degree") / (2.0 * dims)
    diameters = result.column("diameter")
    with_data = result.column("degree_with_data")
    gaps = np.nanmedian(with_data - result.column("degree_without_data"), axis=0)
    by_dim, by_width = family(config, 0), family(config, 1)
    claims = [
        claim_exact(
            "The average degree is at most twice the dimension",
            SOURCE,
            f"largest average degree over 2d, of {share.size} graphs",
            float(share.max()),
            holds=bool((share <= 1.0).all()),
        ),
        claim_median(
            "It approaches 2d as networks grow wider",
            SOURCE,
            f"average degree over 2d at width {config.shapes[by_width[-1]][1]} (above "
            "0.85)",
            share[by_width[-1]],
            low=0.85,
        ),
        claim_median(
            "Most regions have fewer than 2d neighbors: the peak lies below",
            SOURCE,
            "most frequent degree over 2d (at most 1), median over architectures",
            np.median(result.column("peak_degree") / (2.0 * dims), axis=0),
            high=1.0,
        ),
        claim_median(
            "Neighbor counts are skewed to the right",
            SOURCE,
            "skewness of the degrees (above 0), median over architectures",
            np.median(result.column("skewness"), axis=0),
            low=0.0,
        ),
        claim_median(
            "Regions that contain data have more neighbors than the rest",
            SOURCE,
            "difference of the mean degrees (above 0), median over architectures",
            gaps[np.isfinite(gaps)],
            low=0.0,
        ),
        claim_median(
            "The diameter hardly depends on the dimension",
            f"{SOURCE}: a bound without d",
            f"diameter at {config.shapes[by_dim[-1]][0]} inputs over that at "
            f"{config.shapes[by_dim[0]][0]} (0.67 to 1.5)",
            diameters[by_dim[-1]] / diameters[by_dim[0]],
            low=0.67,
            high=1.5,
        ),
    ]
    return claims, float(share.max())
