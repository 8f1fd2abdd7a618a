"""What the study runs, measures and keeps."""

import dataclasses
import functools
import pathlib
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Bool, Float64

import regions
from experiments.bottleneck.rank_tests import (
    adjusted,
    claim_different,
    claim_greater,
    rank_test,
)
from experiments.measures.boundary_length import share_in_ring
from experiments.measures.image_fit import every_nth_pixel, image_fit, output_state
from experiments.measures.partition_history import NEAR_EDGES
from experiments.measures.seed_networks import snapshot_networks
from experiments.measures.spikes import WINDOW, spike_rate
from experiments.measures.unit_square import (
    enumerate_all,
    enumerate_square,
    predict_image,
    sample_image,
)
from experiments.running.about import About
from experiments.running.claims import RATE, Claim
from experiments.running.common import Clock
from experiments.running.polygons import read_polygons, write_polygons
from experiments.running.stages import stored
from experiments.running.studies import Summary
from regions.files.writing import read_arrays
from training.config import DataConfig, ModelConfig, TrainingConfig
from training.datasets import pixel_points
from training.ensemble import fit_ensemble
from training.progress import Progress

SOURCE = "Dullien 2025-04-05"
ABOUT = About(
    title="The ring through a bottleneck of two units",
    page="claims",
    source="T. Dullien, origami post, 2025-04-05",
    setup=(
        "[10]*10 + [2] + [10]*3 (1303 parameters) and [14]*6 (1107), ten seeds each, "
        "learn the ring from the same 5000 pixels (Adam, 6000 epochs). Measured: the "
        "epochs until half of the variance is learned, spikes, exact regions, the "
        "share of the boundary near the ring's edges, and the error on every fourth "
        "pixel along each axis."
    ),
    differs="Ten runs of each in place of one.",
    expected=(
        "Slower, a worse fit and more regions (measured with another implementation, "
        "two seeds); the post says noticeably different dynamics."
    ),
)
KINDS = ("bottleneck", "plain")
METRICS = {
    "half_epoch": "epochs until half of the variance is learned",
    "mse": "error on the image",
    "regions": "exact regions",
    "growth": "regions after over before",
    "near_edges": "share of the boundary near the ring's edges",
    "spike_rate": "spike epochs per 1000",
}


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """What identifies a run.

    Attributes:
        training: Optimizer, length and snapshots of both; its model is the plain one.
        before: Layers before the bottleneck.
        after: Layers after it.
        data: Image and sampled points.
        seeds: One network of each kind for each.
        side: Pixels along a side of the grid on which errors are taken.
    """

    training: TrainingConfig = dataclasses.field(
        default_factory=lambda: TrainingConfig(epochs=6000, snapshot_every=750)
    )
    before: tuple[int, ...] = (10,) * 10
    after: tuple[int, ...] = (10,) * 3
    data: DataConfig = dataclasses.field(default_factory=DataConfig)
    seeds: tuple[int, ...] = tuple(range(10))
    side: int = 256

    def training_of(self, kind: str) -> TrainingConfig:
        """The configuration of one of `KINDS`."""
        if kind == "plain":
            return self.training
        model = dataclasses.replace(
            self.training.model, widths=(*self.before, 2, *self.after)
        )
        return dataclasses.replace(self.training, model=model)


PRESETS = {
    "smoke": Config(
        training=TrainingConfig(
            model=ModelConfig(widths=(5, 4)),
            epochs=60,
            batch_size=100,
            snapshot_every=30,
        ),
        before=(5,),
        after=(4,),
        data=DataConfig(size=64, num_train=200, num_val=50),
        seeds=(0, 1),
        side=32,
    ),
    "paper": Config(),
}


class Plane(NamedTuple):
    """The plane of the bottleneck's two units, of one network.

    Attributes:
        polygons: Corners of the regions into which the later layers cut it.
        places: Where the pixels go, a sample of them.
        dark: Which of those pixels are of the ring.
        output: Output of the later layers on a grid over the plane's box, rows upward.
        box: Lower and upper corner.
    """

    polygons: list[Float64[np.ndarray, "_ 2"]]
    places: Float64[np.ndarray, "pixels 2"]
    dark: Bool[np.ndarray, " pixels"]
    output: Float64[np.ndarray, "rows columns"]
    box: Float64[np.ndarray, "2 2"]


class Result(NamedTuple):
    """What the figure needs of a finished run.

    Attributes:
        config: As in `config.json`.
        summary: As in `summary.json`.
        losses: Training losses `(epochs, seeds)` of each kind.
        counts: Epochs of the snapshots, and exact counts `(seeds, snapshots)` of each.
        output: Output of the network whose plane is shown, at the pixels of the unit
            square.
        plane: Its bottleneck.
    """

    config: Config
    summary: Summary
    losses: dict[str, np.ndarray]
    counts: dict[str, np.ndarray]
    output: np.ndarray
    plane: Plane


def conduct(
    config: Config, folder: pathlib.Path, progress: Progress, clock: Clock
) -> Summary:
    """Train both kinds, measure, look into one bottleneck; write it all to `folder`."""
    _, data = sample_image(config.data)
    tables = {}
    for kind in KINDS:
        training = config.training_of(kind)
        fitted = fit_ensemble(training, data, config.seeds, folder / kind, progress)
        clock.lap("training")
        measure = functools.partial(
            _measure, config, kind, folder, fitted.losses[:, :, 0]
        )
        tables[kind] = stored(folder / f"{kind}.npz", measure)
        progress(1, 1, f"measuring {kind}")
        clock.lap("measures")
    chosen = int(np.argsort(tables["bottleneck"]["mse"])[(len(config.seeds) - 1) // 2])
    _write_plane(config, folder, chosen)
    clock.lap("the bottleneck's plane")
    tests = {
        name: rank_test(*(tables[kind][name] for kind in KINDS)) for name in METRICS
    }
    p_values = adjusted({name: test.p for name, test in tests.items()})
    return {
        "headline": _headline(tables, p_values),
        "shown_seed": config.seeds[chosen],
        "adjusted_p": p_values,
        "tables": {kind: _rows(config, tables[kind]) for kind in KINDS},
        "claims": _claims(tables, p_values),
    }


def summary_rows(summary: Summary) -> list[tuple[str, str]]:
    """What a reader of the summary looks for, for Rich."""
    dead = [
        f"{kind} {row['seed']}"
        for kind in KINDS
        for row in summary["tables"][kind]
        if row["state"] != "learned"
    ]
    tests = ", ".join(f"{name} {p:.2g}" for name, p in summary["adjusted_p"].items())
    return [
        ("result", summary["headline"]),
        ("constant outputs", ", ".join(dead) or "none"),
        ("adjusted p-values", tests),
    ]


def read(config: Config, folder: pathlib.Path, summary: Summary) -> Result:
    """A finished run, from the files in its folder."""
    tables = {kind: read_arrays(folder / f"{kind}.npz") for kind in KINDS}
    plane = read_arrays(folder / "plane.npz")
    return Result(
        config,
        summary,
        {kind: tables[kind]["losses"] for kind in KINDS},
        {
            "epochs": tables["plain"]["epochs"],
            **{kind: tables[kind]["counts"] for kind in KINDS},
        },
        plane["square"],
        Plane(
            read_polygons(folder / "plane_polygons.npz"),
            plane["places"],
            plane["dark"],
            plane["output"],
            plane["box"],
        ),
    )


def head_network(network: regions.ReluNetwork, layer: int) -> regions.ReluNetwork:
    """The layers after hidden layer `layer` (counted from 0), as a network of it."""
    layers = network.layers[layer + 1 :]
    return regions.ReluNetwork.from_arrays(
        [part.weight for part in layers],
        [part.bias for part in layers],
        [part.slopes for part in layers[:-1]],
    )


def activations(
    network: regions.ReluNetwork, layer: int, points: Float64[np.ndarray, "points 2"]
) -> Float64[np.ndarray, "points units"]:
    """Activations of hidden layer `layer` at points."""
    return network.hidden[layer].activate(network.pre_activations(points)[layer])


def _measure(
    config: Config, kind: str, folder: pathlib.Path, losses: np.ndarray
) -> dict[str, Any]:
    """All numbers of one kind, one entry a seed."""
    training = config.training_of(kind)
    image, _ = sample_image(config.data)
    epochs, snapshots = snapshot_networks(training, config.seeds, folder / kind)
    target = every_nth_pixel(image, config.side)
    half = 0.5 * float((image / 255.0).var())
    found: dict[str, list[Any]] = {
        name: [] for name in (*METRICS, "state", "counts", "iou")
    }
    for i, networks in enumerate(snapshots):
        output = predict_image(networks[-1], target.shape)
        fit = image_fit(output, target)
        sets = [enumerate_square(network) for network in networks]
        counts = [len(one) for one in sets]
        below = np.flatnonzero(losses[:, i] <= half)
        found["half_epoch"].append(below[0] + 1 if len(below) else np.inf)
        found["mse"].append(fit.mse)
        found["iou"].append(fit.iou)
        found["state"].append(output_state(output))
        found["counts"].append(counts)
        found["regions"].append(counts[-1])
        found["growth"].append(counts[-1] / counts[0])
        found["near_edges"].append(
            share_in_ring(sets[-1].polygons(), (0.5, 0.5), NEAR_EDGES)
        )
        long_enough = len(losses) > WINDOW
        found["spike_rate"].append(spike_rate(losses[:, i]) if long_enough else 0.0)
    return {**found, "epochs": epochs, "losses": losses}


def _write_plane(config: Config, folder: pathlib.Path, chosen: int) -> None:
    """The bottleneck of one network, if it was not written before."""
    if (folder / "plane.npz").is_file():
        return
    training, layer = config.training_of("bottleneck"), len(config.before)
    _, snapshots = snapshot_networks(training, config.seeds, folder / "bottleneck")
    network = snapshots[chosen][-1]
    image, _ = sample_image(config.data)
    target = every_nth_pixel(image, config.side)
    indices = np.arange(target.size)
    points = pixel_points(indices, *target.shape).astype(np.float64)
    places = activations(network, layer, points)
    lower, upper = places.min(axis=0), places.max(axis=0)
    room = 0.05 * np.maximum(upper - lower, 1e-6)
    box = regions.Box(lower - room, upper + room)
    head = head_network(network, layer)
    write_polygons(folder / "plane_polygons.npz", enumerate_all(head, box).polygons())
    middles = (np.arange(config.side) + 0.5) / config.side
    unit = np.stack(np.meshgrid(middles, middles), axis=-1).reshape(-1, 2)
    inside = box.lower + unit * (box.upper - box.lower)
    stored(
        folder / "plane.npz",
        lambda: {
            "places": places,
            "dark": target.ravel() < 128,
            "output": head(inside)[:, 0].reshape(config.side, config.side),
            "square": network(points)[:, 0].reshape(target.shape),
            "box": np.stack([box.lower, box.upper]),
        },
    )


def _rows(config: Config, table: dict[str, np.ndarray]) -> list[dict[str, Any]]:
    """One row a seed; what never happened is None."""
    rows = []
    for i, seed in enumerate(config.seeds):
        values = {name: float(table[name][i]) for name in (*METRICS, "iou")}
        finite = {n: v if np.isfinite(v) else None for n, v in values.items()}
        rows.append({"seed": seed, "state": str(table["state"][i]), **finite})
    return rows


def _claims(
    tables: dict[str, dict[str, np.ndarray]], p_values: dict[str, float]
) -> list[Claim]:
    """Claims in the order of the page."""
    wanted = {
        "half_epoch": "It learns more slowly.",
        "mse": "It fits the image worse.",
        "regions": "It has more regions in the end.",
        "growth": "Its number of regions grows by a larger factor.",
        "spike_rate": "It has more spikes.",
    }
    pilot = "another implementation, two seeds"
    words = {METRICS[name]: p for name, p in p_values.items()}
    return [
        claim_different(
            "The dynamics of training are noticeably different.",
            SOURCE,
            words,
            len(tables["plain"]["mse"]),
        )
    ] + [
        claim_greater(
            text,
            pilot,
            f"pairs in which the bottleneck has more {METRICS[name]}",
            *(tables[kind][name] for kind in KINDS),
        )
        for name, text in wanted.items()
    ]


def _headline(
    tables: dict[str, dict[str, np.ndarray]], p_values: dict[str, float]
) -> str:
    """One line for the pages."""
    medians = {
        name: [float(np.median(tables[kind][name])) for kind in KINDS]
        for name in METRICS
    }
    differ = sum(p < RATE for p in p_values.values())
    return (
        f"{differ} of {len(p_values)} measures differ; medians, bottleneck against "
        f"14x6: error {medians['mse'][0]:.4f} and {medians['mse'][1]:.4f}, exact "
        f"regions {medians['regions'][0]:,.0f} and {medians['regions'][1]:,.0f}, half "
        f"of the variance after {medians['half_epoch'][0]:,.0f} and "
        f"{medians['half_epoch'][1]:,.0f} epochs"
    )
