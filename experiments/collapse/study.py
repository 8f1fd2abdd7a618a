"""What the study runs, measures and keeps."""

import dataclasses
import functools
import pathlib
import time
from typing import Any, NamedTuple

import numpy as np

import regions
from experiments.collapse.claims import collapse_claims, collapse_headline
from experiments.collapse.crossings import crossing_share
from experiments.collapse.timeline import Timeline, levels, timeline
from experiments.measures.partition_history import NEAR_EDGES, bit_distances
from experiments.measures.spikes import WINDOW, spike_rate
from experiments.measures.unit_square import count_square, predict_image
from experiments.running.about import About
from experiments.running.common import Clock
from experiments.running.stages import stored
from experiments.running.studies import Summary
from regions.files.writing import read_arrays
from regions.patterns.kernel import patterns_at, unpack_bits
from training.config import DataConfig, ModelConfig, OptimizerConfig, TrainingConfig
from training.datasets import load_image, pixel_points, sample_points
from training.models import params_to_relu_network
from training.progress import Progress
from training.watching import unflatten, watch_training

ABOUT = About(
    title="The collapse of a deep network",
    page="claims",
    source="T. Dullien, origami post, 2025-04-05 (20 units x 40 layers)",
    setup=(
        "Leaky-ReLU networks of 40 layers of 20 units learn the ring from 5000 pixels "
        "as in the post: batches of 1024, Adam 1e-3, 6000 epochs, each seed with its "
        "own pixels. The loss of every update is kept, the gradient's norm and the "
        "step of every layer, and a snapshot every 50 epochs. A network is said to "
        "collapse where the median loss of 100 epochs is twice the lowest one before: "
        "a low bar, far below a return to the error of a constant. Of each network the "
        "largest such rise is followed, though most have several. Exact "
        "regions in the last snapshot before the collapse, in the second after its "
        "start, and at the end; there too the share of boundaries near the ring, from "
        "24 random lines; which units change sign on the validation points in "
        "all snapshots."
    ),
    differs=(
        "Ten seeds, six of them looked at closely, not one movie; three remedies on "
        "those six. Seeds 0 to 6, which an earlier run had, all rose to twice their "
        "lowest level at least, and suggested that regions vanish and that a layer "
        "dies: these are ten others, on which both are tested. Two of the six looked "
        "at do not double: four are left for what is said of collapses, too few to "
        "settle a share. A rise in the last epochs may come too late to recover: it "
        "counts as not recovered. A snapshot is up to 50 epochs before what it stands "
        "for. The losses of an epoch's five batches count alike, though the last one "
        "is smaller."
    ),
    expected=(
        "The ring by epoch 1000, consolidated by 2000, a loss that skyrockets between "
        "3000 and 4000, and another partition after that, says the post."
    ),
)
REMEDIES = {
    "AMSGrad": OptimizerConfig(name="amsgrad"),
    "A gradient clipped to norm 1": OptimizerConfig(clip_norm=1.0),
    "A learning rate of 3e-4": OptimizerConfig(learning_rate=3e-4),
}
PLAIN = "plain"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """What identifies a run.

    Attributes:
        width: Units per layer.
        depth: Hidden layers.
        data: Image and numbers of points; each seed samples its own.
        epochs: Of every run.
        batch: Points per update.
        snapshot_every: Epochs between two snapshots.
        seeds: Networks trained with plain Adam.
        looked_at: Those whose partition is looked at, the first so many.
        remedies: Names of other optimizers, of `REMEDIES`.
        remedy_seeds: Those of `seeds` that they are tried on, the first so many.
        points: Validation points on which units and patterns are followed.
        lines: Random lines on which boundaries are met.
        steps: Steps along each of them.
        side: Pixels along a side of the pictures.
    """

    width: int = 20
    depth: int = 40
    data: DataConfig = dataclasses.field(default_factory=DataConfig)
    epochs: int = 6000
    batch: int = 1024
    snapshot_every: int = 50
    seeds: tuple[int, ...] = tuple(range(7, 17))
    looked_at: int = 6
    remedies: tuple[str, ...] = tuple(REMEDIES)
    remedy_seeds: int = 6
    points: int = 500
    lines: int = 24
    steps: int = 2048
    side: int = 512

    def __post_init__(self):
        if self.epochs <= WINDOW:
            raise ValueError(
                f"`epochs` is {self.epochs}: more than {WINDOW} are required to speak "
                "of spikes."
            )

    def training(self, optimizer: str, seed: int) -> TrainingConfig:
        """One run."""
        return TrainingConfig(
            model=ModelConfig(widths=(self.width,) * self.depth),
            optimizer=REMEDIES.get(optimizer, OptimizerConfig()),
            epochs=self.epochs,
            batch_size=self.batch,
            snapshot_every=self.snapshot_every,
            seed=seed,
        )


PRESETS = {
    "smoke": Config(
        width=4,
        depth=3,
        data=DataConfig(size=32, num_train=60, num_val=20),
        epochs=60,
        batch=30,
        snapshot_every=20,
        seeds=(0, 1),
        looked_at=2,
        remedies=("AMSGrad",),
        remedy_seeds=1,
        points=20,
        lines=8,
        steps=64,
        side=16,
    ),
    "paper": Config(),
}


class Result(NamedTuple):
    """What the figure needs of a finished run.

    Attributes:
        config: As in `config.json`.
        summary: As in `summary.json`.
        losses: Loss of every update, by seed of plain Adam.
        shown: Measures of the seed that rises most; see `_measure`.
        pictures: Outputs and boundaries of that seed, one for each of its epochs.
    """

    config: Config
    summary: Summary
    losses: dict[int, np.ndarray]
    shown: dict[str, np.ndarray]
    pictures: dict[str, np.ndarray]


def conduct(
    config: Config, folder: pathlib.Path, progress: Progress, clock: Clock
) -> Summary:
    """Train and measure seed by seed; draw the seed that rises most."""
    rows = [_row(config, folder, PLAIN, seed, progress, clock) for seed in config.seeds]
    remedies = {
        name: [
            _row(config, folder, name, seed, progress, clock)
            for seed in config.seeds[: config.remedy_seeds]
        ]
        for name in config.remedies
    }
    looked_at = rows[: config.looked_at]
    shown = max(looked_at, key=lambda row: row["rise"] or 0.0)["seed"]
    stored(folder / "pictures.npz", functools.partial(_pictures, config, folder, shown))
    clock.lap("pictures")
    return {
        "headline": collapse_headline(rows),
        "shown": shown,
        "seeds": rows,
        "remedies": remedies,
        "claims": collapse_claims(rows, remedies),
    }


def read(config: Config, folder: pathlib.Path, summary: Summary) -> Result:
    """A finished run, from the files in its folder."""
    return Result(
        config,
        summary,
        {s: read_arrays(_file(folder, PLAIN, s))["losses"] for s in config.seeds},
        read_arrays(_file(folder, "measures", summary["shown"])),
        read_arrays(folder / "pictures.npz"),
    )


def _file(folder: pathlib.Path, kind: str, seed: int) -> pathlib.Path:
    """Where a run, or its measures, are kept."""
    return folder / f"{kind.replace(' ', '_')}-{seed}.npz"


def _row(
    config: Config,
    folder: pathlib.Path,
    optimizer: str,
    seed: int,
    progress: Progress,
    clock: Clock,
) -> dict[str, Any]:
    """Train one network and say what came of it."""
    image = load_image(config.data)
    data = sample_points(image, config.data.num_train, config.data.num_val, seed)

    def train() -> dict[str, Any]:
        start = time.process_time()
        run = watch_training(config.training(optimizer, seed), data, progress)
        return {**run._asdict(), "cpu_seconds": time.process_time() - start}

    run = stored(_file(folder, optimizer, seed), train)
    clock.lap("training")
    losses = run["losses"].reshape(config.epochs, -1).mean(axis=1)
    constant = float(np.var(image / 255.0))
    story = timeline(losses, constant)
    late = slice(-max(config.epochs // 12, 1), None)
    gap = float(np.median(run["val"][late]) - np.median(losses[late])) / constant
    height = None if story.peak is None else levels(losses)[story.peak - 1] / constant
    row: dict[str, Any] = {
        "seed": seed,
        "epochs": config.epochs,
        "layers": config.depth + 1,
        **story._asdict(),
        "height": height,
        "spike_rate": spike_rate(losses),
        "gap": gap,
        "deepest_step": _largest_step(run["steps"], story),
    }
    if optimizer != PLAIN or seed not in config.seeds[: config.looked_at]:
        return row
    val = np.asarray(data.val_inputs)
    measure = functools.partial(_measure, config, run, seed, story, val)
    found = stored(_file(folder, "measures", seed), measure)
    clock.lap("measures")
    contrast = float(found["contrast"])
    return row | {
        "regions": found["regions"].tolist(),
        "near_edges": found["near_edges"].tolist(),
        "varying": found["fewest"].tolist(),
        "contrast": contrast if np.isfinite(contrast) else None,
    }


def _largest_step(steps: np.ndarray, story: Timeline) -> int:
    """The layer, from 1, of the largest step when a collapse starts.

    In the epoch of the start and the one before: a step comes before its loss.
    """
    start = story.start or 1
    return int(steps[max(start - 2, 0) : start].max(axis=0).argmax()) + 1


def _chosen(epochs: np.ndarray, story: Timeline) -> list[int]:
    """Snapshots before the collapse, after its start, and at the end.

    Without a collapse those at the epochs nearest to where the post has it.
    """
    last = len(epochs) - 1
    start = story.start or int(epochs[-1]) // 2
    before = max(int(np.searchsorted(epochs, start)) - 1, 0)
    return [before, min(before + 2, last), last]


def _network(config: Config, run: dict[str, np.ndarray], seed: int, index: int):
    """The network of a snapshot."""
    training = config.training(PLAIN, seed)
    return params_to_relu_network(
        unflatten(training, run["params"][index]), training.model
    )


def _measure(
    config: Config,
    run: dict[str, np.ndarray],
    seed: int,
    story: Timeline,
    val: np.ndarray,
) -> dict[str, Any]:
    """Numbers of the snapshots of one run.

    Returns:
        `varying`, the units of each layer with both signs on the points, for every
        snapshot; `at`, the epochs looked at closely, with their exact `regions` and
        estimated `near_edges`; `fewest`, the smallest of `varying` before the collapse
        and in the two snapshots after its start; `contrast`, NaN without a recovery.
    """
    points = np.asarray(val[: config.points], np.float64)
    packed = [
        patterns_at(_network(config, run, seed, i), points)
        for i in range(len(run["epochs"]))
    ]
    bits = np.stack([unpack_bits(p, config.width * config.depth) for p in packed])
    both = bits.any(axis=1) & ~bits.all(axis=1)
    varying = both.reshape(len(packed), config.depth, config.width).sum(axis=2)
    chosen = _chosen(run["epochs"], story)
    before, after = chosen[:2]
    closely = [_network(config, run, seed, index) for index in chosen]
    shares = [
        crossing_share(network, NEAR_EDGES, lines=config.lines, steps=config.steps)
        for network in closely
    ]
    distances = bit_distances(packed, config.width * config.depth)
    return {
        "varying": varying,
        "at": run["epochs"][chosen],
        "regions": [count_square(network) for network in closely],
        "near_edges": shares,
        "fewest": [varying[before].min(), varying[before + 1 : after + 1].min()],
        "contrast": _contrast(run["epochs"], story, distances),
        "distances": distances,
    }


def _contrast(epochs: np.ndarray, story: Timeline, distances: np.ndarray) -> float:
    """Distance from before the collapse to its recovery over that of quiet windows.

    These are as long, in the same run, and begin after the ring is found.
    """
    if story.recovered is None or story.start is None or story.found is None:
        return np.nan
    before = max(int(np.searchsorted(epochs, story.start)) - 1, 0)
    after = min(int(np.searchsorted(epochs, story.recovered)), len(epochs) - 1)
    quiet = [
        distances[a, a + after - before]
        for a in range(len(epochs) - after + before)
        if epochs[a] >= story.found and (a + after - before <= before or a >= after)
    ]
    return float(distances[before, after] / np.median(quiet)) if quiet else np.nan


def _pictures(config: Config, folder: pathlib.Path, seed: int) -> dict[str, Any]:
    """Outputs as gray levels, and where neighboring pixels differ in their pattern."""
    run = read_arrays(_file(folder, PLAIN, seed))
    at = read_arrays(_file(folder, "measures", seed))["at"]
    pixels = pixel_points(np.arange(config.side**2), config.side, config.side)
    outputs, edges = [], []
    for index in np.searchsorted(run["epochs"], at):
        network = _network(config, run, seed, int(index))
        gray = np.clip(predict_image(network, (config.side, config.side)), 0.0, 1.0)
        outputs.append(np.rint(255.0 * gray).astype(np.uint8))
        edges.append(_boundaries(network, pixels.astype(np.float64), config.side))
    return {"outputs": np.stack(outputs), "edges": np.stack(edges)}


def _boundaries(
    network: regions.ReluNetwork, points: np.ndarray, side: int
) -> np.ndarray:
    """Pixels whose right or lower neighbor has another pattern."""
    rows = np.array_split(points, max(len(points) // 32768, 1))
    packed = np.concatenate([patterns_at(network, part) for part in rows])
    table = packed.reshape(side, side, -1)
    edges = np.zeros((side, side), bool)
    edges[:, :-1] |= (table[:, 1:] != table[:, :-1]).any(axis=2)
    edges[:-1] |= (table[1:] != table[:-1]).any(axis=2)
    return edges
