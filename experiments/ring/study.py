"""What the study runs, measures and keeps."""

import dataclasses
import pathlib
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet
from jaxtyping import Float64, UInt8

import regions
from experiments.measures.image_fit import image_fit
from experiments.measures.unit_square import UNIT_SQUARE, predict_image, sample_image
from experiments.running.about import About
from experiments.running.common import Clock
from experiments.running.polygons import read_polygons, write_polygons
from experiments.running.studies import Summary
from regions.files.writing import open_atomically
from regions.polytopes.list_geometry import list_balls
from training.config import DataConfig, TrainingConfig
from training.datasets import Dataset
from training.fit import fit
from training.models import params_to_relu_network
from training.progress import Progress
from training.snapshots import Losses

ABOUT = About(
    title="The black ring",
    page="gallery",
    source="T. Dullien, origami posts, 2024-07-04 and 2025-04-05",
    setup=(
        "A 14x6 leaky-ReLU network learns the 1024 x 1024 ring from 5000 of its pixels "
        "(Adam, 6000 epochs of five updates); every activation region of the unit "
        "square is found, measured and verified in rational arithmetic."
    ),
    expected="Full-image error near 0.007 (measured with another implementation).",
)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """What identifies a run.

    Attributes:
        training: Network, optimizer and length.
        data: Image and sampled points.
        grid: Side of the hash grid.
    """

    training: TrainingConfig = dataclasses.field(default_factory=TrainingConfig)
    data: DataConfig = dataclasses.field(default_factory=DataConfig)
    grid: int = 1024


PRESETS = {
    "smoke": Config(training=TrainingConfig(epochs=300, snapshot_every=100), grid=256),
    "paper": Config(),
}


class Result(NamedTuple):
    """What the figure needs of a finished run.

    Attributes:
        config: As in `config.json`.
        summary: As in `summary.json`.
        image: The image that was learned.
        output: The network at each pixel.
        polygons: Corners of each region, in order.
        data: The sampled points.
    """

    config: Config
    summary: Summary
    image: UInt8[np.ndarray, "height width"]
    output: Float64[np.ndarray, "height width"]
    polygons: list[Float64[np.ndarray, "_ 2"]]
    data: Dataset


def conduct(
    config: Config, folder: pathlib.Path, progress: Progress, clock: Clock
) -> Summary:
    """Train, find all regions, measure and verify; write it all to `folder`."""
    image, data = sample_image(config.data)
    fitted = fit(config.training, data, folder, progress)
    network = params_to_relu_network(fitted.params, config.training.model)
    regions.save_network(folder / "network.npz", network)
    clock.lap("training")
    output = predict_image(network, image.shape, progress)
    clock.lap("full image")
    grid = regions.hash_grid(
        network,
        UNIT_SQUARE,
        config.grid,
        offset=0.0,
        labels=False,
        progress=lambda done, total: progress(done, total, "hashing the grid"),
    )
    clock.lap("grid")
    found = _enumerate(network, progress)
    found.save(folder / "regions.parquet")
    write_polygons(folder / "polygons.npz", found.polygons())
    clock.lap("enumeration")
    radii = _write_geometry(folder / "geometry.parquet", found, progress)
    clock.lap("Chebyshev balls and bounds")
    progress(0, 1, "verifying")
    report = regions.verify(found, exact=True)
    progress(1, 1, "verifying")
    clock.lap("verification")
    quality = _fit_quality(output, image)
    numbers = _region_numbers(grid, found, radii)
    return {
        "headline": _headline(quality, numbers),
        **_last_losses(fitted.losses),
        **quality,
        **numbers,
        "verified": bool(report.ok),
        "verification": {c.name: f"{c.verdict}: {c.detail}" for c in report.checks},
    }


def _headline(quality: dict[str, float], numbers: dict[str, Any]) -> str:
    """One line for the pages."""
    kind = "proved complete" if numbers["complete"] else "NOT all that there are"
    return (
        f"{numbers['exact_regions']:,} regions, {kind}; the grid sees "
        f"{numbers['grid_regions']:,}; image MSE {quality['image_mse']:.4f}, pixel "
        f"accuracy {quality['pixel_accuracy']:.2%}"
    )


def _enumerate(network: regions.ReluNetwork, progress: Progress) -> regions.RegionSet:
    """All regions in the unit square."""
    return regions.enumerate_regions(
        network,
        UNIT_SQUARE,
        progress=lambda done, total: progress(done, total, "enumerating the regions"),
    )


def summary_rows(summary: Summary) -> list[tuple[str, str, str]]:
    """Name, value and remark of what a reader of the summary looks for, for Rich."""
    size = " x ".join(map(str, summary["grid_resolution"]))
    kind = "complete" if summary["complete"] else "NOT complete"
    verdict = "passed" if summary["verified"] else "FAILED"
    mean = f"predicting the mean: {summary['mean_predictor_mse']:.5f}"
    lower_bound = f"{size}: a lower bound"
    square = f"unit square, {kind}, {summary['method']}"
    rows = [
        ("full-image MSE", f"{summary['image_mse']:.5f}", mean),
        ("pixel accuracy", f"{summary['pixel_accuracy']:.2%}", "threshold 0.5"),
        ("regions on the grid", f"{summary['grid_regions']:,}", lower_bound),
        ("exact regions", f"{summary['exact_regions']:,}", square),
        ("missed by the grid", f"{summary['grid_missed']:,}", ""),
        ("smallest inradius", f"{summary['smallest_inradius']:.3g}", ""),
        ("verification", verdict, ""),
    ]
    if summary["train_loss"] is not None:
        rows = [
            ("training loss", f"{summary['train_loss']:.5f}", ""),
            ("validation loss", f"{summary['val_loss']:.5f}", ""),
            *rows,
        ]
    styles = {
        "exact regions": "bold",
        "verification": "green" if summary["verified"] else "red",
    }
    width = max(len(value) for _, value, _ in rows)
    return [
        (name, f"[{styles.get(name, 'none')}]{value:>{width}}[/]", f"[dim]{note}[/]")
        for name, value, note in rows
    ]


def read(config: Config, folder: pathlib.Path, summary: Summary) -> Result:
    """A finished run, from the files in its folder."""
    image, data = sample_image(config.data)
    network = regions.load_network(folder / "network.npz")
    return Result(
        config,
        summary,
        image,
        predict_image(network, image.shape),
        read_polygons(folder / "polygons.npz"),
        data,
    )


def _last_losses(losses: Losses) -> dict[str, float | None]:
    """Losses of the last epoch; none of a run of no epochs."""
    train, val = map(float, losses[-1]) if len(losses) else (None, None)
    return {"train_loss": train, "val_loss": val}


def _fit_quality(output: np.ndarray, image: np.ndarray) -> dict[str, float]:
    """Errors on all pixels, the sampled ones included."""
    fit_numbers = image_fit(output, image)
    return {
        "image_mse": fit_numbers.mse,
        "mean_predictor_mse": float((image / 255.0).var()),
        "pixel_accuracy": fit_numbers.accuracy,
    }


def _region_numbers(
    grid: regions.GridCount, found: regions.RegionSet, radii: np.ndarray
) -> dict[str, Any]:
    """Counts of grid and enumeration, held against each other."""
    exact = {pattern.tobytes() for pattern in found.patterns}
    on_grid = {pattern.tobytes() for pattern in grid.patterns[grid.strict]}
    return {
        "grid_resolution": list(grid.resolution),
        "grid_regions": grid.count,
        "exact_regions": len(found),
        "complete": bool(found.complete),
        "method": found.method,
        "grid_missed": len(exact - on_grid),
        "grid_patterns_not_enumerated": len(on_grid - exact),
        "smallest_inradius": float(radii.min()),
        "median_inradius": float(np.median(radii)),
    }


def _write_geometry(
    path: pathlib.Path, found: regions.RegionSet, progress: Progress
) -> Float64[np.ndarray, " regions"]:
    """Write center, radius, bounds and area of each region; return the radii."""
    centers, radii = list_balls(
        found.network,
        UNIT_SQUARE,
        found.patterns,
        progress=lambda done, total: progress(done, total, "Chebyshev balls"),
    )
    lower, upper = found.bounds()
    columns = {"radius": radii, "area": found.volumes()}
    for axis, name in enumerate("xy"):
        columns[f"center_{name}"] = centers[:, axis]
        columns[f"lower_{name}"] = lower[:, axis]
        columns[f"upper_{name}"] = upper[:, axis]
    with open_atomically(path) as file:
        pyarrow.parquet.write_table(pa.table(columns), file)
    return radii
