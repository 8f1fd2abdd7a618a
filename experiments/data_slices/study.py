"""What the study runs, measures and keeps."""

import dataclasses
import pathlib
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float64, Int64

import regions
from experiments.data_slices.class_scores import class_pieces, class_scores
from experiments.running.about import About
from experiments.running.common import Clock
from experiments.running.polygons import read_polygons, write_polygons
from experiments.running.studies import Summary
from regions.files.data_files import load_points
from regions.partition.class_polygons import ClassPolygons, region_polygons
from training.config import ModelConfig, TrainingConfig
from training.fit import fit
from training.labeled import Labeled, load_digits, load_labeled, split_dataset
from training.models import params_to_relu_network
from training.progress import Progress

ABOUT = About(
    title="The plane through three digits",
    page="gallery",
    source="after the slices of Hanin & Rolnick (ICML 2019) and SplineCAM",
    setup=(
        "A 64-32-32-10 ReLU network learns the digits of scikit-learn; the plane "
        "through a 3, a 5 and an 8 is cut into its activation regions exactly, and the "
        "decision boundary on it is drawn."
    ),
)
DIGITS = "digits"


CLASSIFIER = TrainingConfig(
    model=ModelConfig(widths=(32, 32), input_dim=64, output_dim=10, activation="relu"),
    loss="cross_entropy",
    epochs=100,
    batch_size=128,
    snapshot_every=100,
)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """What identifies a run.

    Attributes:
        training: Network, optimizer and length; numbers of inputs and outputs are taken
            from the data. Not used with `network`.
        network: A model file to look at instead of training one.
        reading: What `regions.load_network` is told of it, by name.
        inputs: `digits`, or a `.npy` or `.npz` file of points.
        labels: A `.npy` file of the classes of such points; needed for training.
        num_val: Points held out, drawn with the seed of `training`.
        points: Indices of the three points that span the plane; None takes the first
            point of each of `classes`.
        classes: Classes of the three points, when `points` does not name them.
        margin: How far the plane reaches beyond the points, as a share of its sides.
        around: A point instead of the data: the plane goes through it, in two random
            directions of length 1 that are orthogonal. Only with `network`.
        radius: How far the plane then reaches, in each of the two directions.
        plane_seed: Seed of the directions.
        threshold: Threshold of a `network` of one output: class 1 is where the output
            is above it, class 0 elsewhere; None is 0.
    """

    training: TrainingConfig = CLASSIFIER
    network: str | None = None
    reading: dict[str, Any] = dataclasses.field(default_factory=dict)
    inputs: str = DIGITS
    labels: str | None = None
    num_val: int = 360
    points: tuple[int, int, int] | None = None
    classes: tuple[int, int, int] = (3, 5, 8)
    margin: float = 0.5
    around: tuple[float, ...] | None = None
    radius: float = 1.0
    plane_seed: int = 0
    threshold: float | None = None

    def __post_init__(self):
        if self.threshold is not None and not np.isfinite(self.threshold):
            raise ValueError(
                f"`threshold` is {self.threshold}: a finite number is required."
            )
        if not 0.0 < self.radius < float("inf"):
            raise ValueError(
                f"`radius` is {self.radius}: a positive finite number is required."
            )
        if self.around is not None and self.network is None:
            raise ValueError("`around` is given without `network`: name a model.")
        if not 0.0 <= self.margin < float("inf"):
            raise ValueError(
                f"`margin` is {self.margin}: a finite number of at least 0 is required."
            )


PRESETS = {
    "smoke": Config(
        training=dataclasses.replace(
            CLASSIFIER,
            model=dataclasses.replace(CLASSIFIER.model, widths=(16,)),
            epochs=20,
            batch_size=32,
        )
    ),
    "paper": Config(),
}


class Data(NamedTuple):
    """The points, and the classes of them if known.

    Attributes:
        inputs: One point per row.
        labels: Classes, or None.
    """

    inputs: Float64[np.ndarray, "points dim"]
    labels: Int64[np.ndarray, " points"] | None


class Result(NamedTuple):
    """What the figure needs of a finished run.

    Attributes:
        config: As in `config.json`.
        summary: As in `summary.json`.
        plane: The plane, with its box.
        corners: The three points.
        polygons: Corners of each region, in chart coordinates.
        pieces: The regions cut along the decision boundary.
    """

    config: Config
    summary: Summary
    plane: regions.Slice
    corners: Float64[np.ndarray, "3 dim"]
    polygons: list[Float64[np.ndarray, "_ 2"]]
    pieces: ClassPolygons


def load_data(config: Config) -> Data:
    """The data that a configuration names.

    Raises:
        FileNotFoundError: If a file does not exist.
        ValueError: If the classes that training needs are missing.
        RegionsError: If a file is damaged.
        ImportError: If scikit-learn is needed and not installed.
    """
    if config.around is not None:
        start = np.array(config.around)
        return Data(np.vstack([start, start + _around(config)]), None)
    if config.inputs == DIGITS:
        return Data(*load_digits())
    if config.labels is not None:
        return Data(*load_labeled(config.inputs, config.labels))
    if config.network is None:
        raise ValueError("`labels` is missing: training on your own points needs them.")
    return Data(load_points(config.inputs), None)


def chosen_points(config: Config, data: Data) -> tuple[int, int, int]:
    """Indices of the three points that span the plane.

    Raises:
        ValueError: If an index or a class does not occur.
    """
    if config.around is not None:
        return 0, 1, 2
    if config.points is not None:
        for index in config.points:
            if not 0 <= index < len(data.inputs):
                raise ValueError(
                    f"`points` names {index}: 0 to {len(data.inputs) - 1} exist."
                )
        return config.points
    if data.labels is None:
        raise ValueError("`points` is missing: without labels, name three indices.")
    found = []
    for label in config.classes:
        places = np.flatnonzero(data.labels == label)
        if not len(places):
            raise ValueError(f"`classes` names {label}: no point has that class.")
        found.append(int(places[config.classes[: len(found)].count(label)]))
    return found[0], found[1], found[2]


def plane_through(
    corners: Float64[np.ndarray, "3 dim"], margin: float
) -> regions.Slice:
    """The plane through three points, which are (0, 0), (1, 0) and (0, 1) in its chart.

    Raises:
        ValueError: If the points lie on one line.
    """
    box = regions.Box([-margin] * 2, [1.0 + margin] * 2)
    try:
        return regions.Slice(corners[0], corners[1:] - corners[0], box)
    except ValueError as error:
        raise ValueError(
            f"the three points span no plane ({error}): choose others."
        ) from error


def _around(config: Config) -> Float64[np.ndarray, "2 dim"]:
    """Two orthogonal random directions, as long as the plane reaches.

    Raises:
        ValueError: If the point has less than two numbers.
    """
    assert config.around is not None
    dim = len(config.around)
    if dim < 2:
        raise ValueError("`around` is one number: a plane needs two or more.")
    if dim == 2:
        return config.radius * np.eye(2)
    drawn = np.random.default_rng(config.plane_seed).standard_normal((dim, 2))
    return config.radius * np.linalg.qr(drawn)[0].T


def prepare(config: Config) -> tuple[Data, tuple[int, int, int], regions.Slice]:
    """Data, indices of the three points and plane: what can be wrong with the input.

    Raises:
        ValueError: If points, data and network do not fit each other.
        OSError, RegionsError, ImportError: If a file cannot be read.
    """
    data = load_data(config)
    indices = chosen_points(config, data)
    network = None
    if config.network is not None:
        network = regions.load_network(config.network, **config.reading)
        _check_network(config, network, data)
    if config.threshold is not None and (network is None or network.output_dim > 1):
        raise ValueError(
            f"`threshold` is {config.threshold}: it is for networks of one output; "
            "of several outputs the largest decides."
        )
    if config.around is not None:
        plane = regions.Slice(config.around, _around(config), regions.Box.cube(2))
    else:
        plane = plane_through(data.inputs[list(indices)], config.margin)
    return data, indices, plane


def _check_network(config: Config, network: regions.ReluNetwork, data: Data) -> None:
    """Raise if points or classes do not fit a given network."""
    if network.input_dim != data.inputs.shape[1]:
        raise ValueError(
            f"{config.network} reads {network.input_dim} numbers and the points "
            f"have {data.inputs.shape[1]}: they must be equal."
        )
    if network.output_dim == 1 and data.labels is not None and data.labels.max() > 1:
        raise ValueError(
            f"`labels` holds {data.labels.max()} and {config.network} has one output, "
            "which a threshold cuts into two classes: label the points 0 and 1."
        )


def conduct(
    config: Config, folder: pathlib.Path, progress: Progress, clock: Clock
) -> Summary:
    """Train or load, find all regions on the plane, cut them; write all to `folder`."""
    data, indices, plane = prepare(config)
    network, accuracy = _network(config, data, folder, progress)
    regions.save_network(folder / "network.npz", network)
    clock.lap("training")
    found = _enumerate(network, plane, progress)
    found.save(folder / "regions.parquet")
    polygons = region_polygons(found)
    write_polygons(folder / "polygons.npz", polygons)
    clock.lap("enumeration")
    pieces = class_pieces(found, polygons, config.threshold)
    clock.lap("decision boundary")
    progress(0, 1, "verifying")
    report = regions.verify(found)
    progress(1, 1, "verifying")
    clock.lap("verification")
    numbers = _plane_numbers(config, data, indices, found, pieces)
    return {
        "headline": _headline(accuracy, numbers),
        **accuracy,
        **numbers,
        "verified": bool(report.ok),
        "verification": str(report),
    }


def _headline(accuracy: dict[str, Any], numbers: dict[str, Any]) -> str:
    """One line for the pages."""
    segments = numbers["decision_segments"]
    text = (
        f"{numbers['exact_regions']:,} regions, {segments:,} "
        f"segment{'' if segments == 1 else 's'} of decision boundary"
    )
    if "val_accuracy" not in accuracy:
        return text
    return f"{text}; {accuracy['val_accuracy']:.1%} held-out accuracy"


def _plane_numbers(
    config: Config,
    data: Data,
    indices: tuple[int, int, int],
    found: regions.RegionSet,
    pieces: ClassPolygons,
) -> dict[str, Any]:
    """What was found on the plane."""
    areas, chosen = pieces.areas(), list(indices)
    corners, threshold = data.inputs[chosen], config.threshold
    per_region = np.bincount(pieces.regions, minlength=len(found))
    return {
        "points": chosen,
        "labels": None if data.labels is None else data.labels[chosen].tolist(),
        "predicted": class_scores(found.network, threshold)(corners).argmax(1).tolist(),
        **_output_numbers(found.network, corners, threshold),
        "exact_regions": len(found),
        "complete": bool(found.complete),
        "method": found.method,
        "regions_with_several_classes": int((per_region > 1).sum()),
        "decision_segments": len(pieces.segments),
        "area_by_class": {
            str(label): float(areas[pieces.classes == label].sum() / areas.sum())
            for label in np.unique(pieces.classes)
        },
    }


def _output_numbers(
    network: regions.ReluNetwork,
    corners: Float64[np.ndarray, "3 dim"],
    threshold: float | None,
) -> dict[str, Any]:
    """What a network of one output says at the three points."""
    if network.output_dim > 1:
        return {}
    return {"threshold": threshold or 0.0, "outputs": network(corners)[:, 0].tolist()}


def read(config: Config, folder: pathlib.Path, summary: Summary) -> Result:
    """A finished run, from the files in its folder."""
    found = regions.RegionSet.load(folder / "regions.parquet")
    polygons = read_polygons(folder / "polygons.npz")
    assert isinstance(found.domain, regions.Slice)
    return Result(
        config,
        summary,
        found.domain,
        load_data(config).inputs[summary["points"]],
        polygons,
        class_pieces(found, polygons, config.threshold),
    )


def _network(
    config: Config, data: Data, folder: pathlib.Path, progress: Progress
) -> tuple[regions.ReluNetwork, dict[str, float | None]]:
    """The network, and how often it is right."""
    if config.network is not None:
        network = regions.load_network(config.network, **config.reading)
        everything = np.arange(len(data.inputs))
        scores = class_scores(network, config.threshold)
        return network, {"accuracy": _accuracy(scores, data, everything)}
    assert data.labels is not None
    labeled = Labeled(data.inputs, data.labels)
    dataset, train, val = split_dataset(labeled, config.num_val, config.training.seed)
    model = dataclasses.replace(
        config.training.model,
        input_dim=data.inputs.shape[1],
        output_dim=labeled.num_classes,
    )
    training = dataclasses.replace(config.training, model=model)
    fitted = fit(training, dataset, folder, progress)
    network = params_to_relu_network(fitted.params, model)
    return network, {
        "train_accuracy": _accuracy(network, data, train),
        "val_accuracy": _accuracy(network, data, val),
    }


def _accuracy(
    network: regions.ReluNetwork, data: Data, chosen: np.ndarray
) -> float | None:
    """Share of the chosen points that get their class; None without classes."""
    if data.labels is None:
        return None
    right = network(data.inputs[chosen]).argmax(1) == data.labels[chosen]
    return float(right.mean())


def _enumerate(
    network: regions.ReluNetwork, plane: regions.Slice, progress: Progress
) -> regions.RegionSet:
    """All regions on the plane."""
    return regions.enumerate_regions(
        network,
        plane,
        progress=lambda done, total: progress(done, total, "enumerating the regions"),
    )
