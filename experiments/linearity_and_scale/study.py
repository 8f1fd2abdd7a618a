"""What the study runs, measures and keeps."""

import dataclasses
import pathlib
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float64

import regions
from experiments.linearity_and_scale.claims import scale_claims, scale_headline
from experiments.measures.preconditioners import embeddings
from experiments.measures.read_outs import linear
from experiments.measures.tables import split_task
from experiments.measures.target_curvature import PrincipalPlane, one_thread
from experiments.running.about import About
from experiments.running.common import Clock
from experiments.running.stages import stored
from experiments.running.studies import Summary
from regions.files.writing import read_arrays
from training.labeled import one_hot
from training.progress import Progress
from training.rms_networks import Layer, Points, plain_network, train_rms_networks

ABOUT = About(
    title="Linearity and scale",
    page="claims",
    source=(
        "beren, deep learning models might be secretly (almost) linear, 2023, and the "
        "comments on it"
    ),
    setup=(
        "ReLU networks of three hidden layers of 4, 16 or 64 units learn "
        "scikit-learn's digits (240 or 30 of them), breast cancer (160 or 20) and wine "
        "(80 or 10): 300 full-batch updates of Adam at rate 3e-3. Linearity of the "
        "network: share of the variance of its outputs, on points not trained on, that "
        "an affine function of the inputs has. Of the embedding: share of the variance "
        "of the classes, as vectors with a 1, that an affine function of the leading "
        "components of the last embedding has, one component less than classes."
    ),
    differs=(
        "The post is about language models and names no measure; these two, the tasks "
        "and the sizes are ours: parameters vary 37 to 85 times, those of language "
        "models by millions. On digits 4 units cannot hold nine directions: there the "
        "embedding's linearity has to grow with the width."
    ),
    expected="Both grow with width and points (the post's conjecture).",
)
MEASURES = ("network", "embedding")


class Task(NamedTuple):
    """One task.

    Attributes:
        name: As `experiments.measures.tables` has it.
        points: Training points, most and fewest; the first a multiple of the second.
    """

    name: str
    points: tuple[int, int]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """What identifies a run.

    Attributes:
        tasks: What is learned.
        widths: Units a layer, ascending.
        depth: Hidden layers.
        updates: Full-batch updates.
        rate: Learning rate of Adam.
        seeds: One split and one set of weights each.
    """

    tasks: tuple[Task, ...] = (
        Task("digits", (240, 30)),
        Task("breast cancer", (160, 20)),
        Task("wine", (80, 10)),
    )
    widths: tuple[int, ...] = (4, 16, 64)
    depth: int = 3
    updates: int = 300
    rate: float = 3e-3
    seeds: tuple[int, ...] = tuple(range(12))


PRESETS = {
    "smoke": Config(
        tasks=(Task("wine", (80, 10)),),
        widths=(2, 8),
        depth=1,
        updates=60,
        rate=2e-2,
        seeds=(0, 1),
    ),
    "paper": Config(),
}


class Result(NamedTuple):
    """What the figure needs of a finished run.

    Attributes:
        config: As in `config.json`.
        summary: As in `summary.json`.
        numbers: By task: `network`, `embedding` and `wrong`, the share of test points
            that is misclassified; `(points, widths, seeds)`, fewest points first.
    """

    config: Config
    summary: Summary
    numbers: dict[str, dict[str, Float64[np.ndarray, "points widths seeds"]]]


def conduct(
    config: Config, folder: pathlib.Path, progress: Progress, clock: Clock
) -> Summary:
    """Train, measure; write it all to `folder`."""
    for done, task in enumerate(config.tasks):
        progress(done, len(config.tasks), task.name)
        stored(_file(folder, task), lambda task=task: _measure(config, task))
        clock.lap(task.name)
    numbers = read(config, folder, {}).numbers
    return {
        "headline": scale_headline(numbers),
        "claims": scale_claims(numbers, config.widths),
    }


def read(config: Config, folder: pathlib.Path, summary: Summary) -> Result:
    """A finished run, from the files in its folder."""
    numbers = {task.name: read_arrays(_file(folder, task)) for task in config.tasks}
    return Result(config, summary, numbers)


def _file(folder: pathlib.Path, task: Task) -> pathlib.Path:
    """Where the numbers of a task lie."""
    return folder / f"{task.name.replace(' ', '-')}.npz"


def _measure(config: Config, task: Task) -> dict[str, np.ndarray]:
    """Train and measure all networks of a task."""
    most, fewest = task.points
    splits = [split_task(task.name, most, seed) for seed in config.seeds]
    data = [part for few in (True, False) for part in _shown(splits, few, fewest)]
    stacked = Points(*(jnp.asarray(np.stack(a)) for a in zip(*data, strict=True)))
    classes = int(max(part.labels.max() for part in splits)) + 1
    keys = jax.vmap(jax.random.key)(jnp.asarray([*config.seeds] * 2, jnp.uint32))
    shape = (2, len(config.widths), len(config.seeds))
    found = {name: np.zeros(shape) for name in (*MEASURES, "wrong")}
    ones = np.ones(len(data), np.float32)
    for w, width in enumerate(config.widths):
        sizes = (stacked.inputs.shape[-1], *[width] * config.depth, classes)
        with jax.default_matmul_precision("highest"):
            layers, *_ = train_rms_networks(
                keys,
                stacked,
                0.0 * ones,
                ones,
                np.float32(config.rate) * ones,
                sizes=sizes,
                updates=config.updates,
            )
        for k, part in enumerate(data):
            one = [Layer(*(np.asarray(leaf)[k] for leaf in layer)) for layer in layers]
            place = (k // len(splits), w, k % len(splits))
            with one_thread():
                numbers = linearity(plain_network(one), part, classes)
            for name, value in numbers.items():
                found[name][place] = value
    return found


def _shown(splits: list[Points], few: bool, fewest: int) -> list[Points]:
    """All training points, or the first ones over and over: a mean is one of these."""
    if not few:
        return splits
    rows = np.arange(len(splits[0].inputs)) % fewest
    return [
        part._replace(inputs=part.inputs[rows], labels=part.labels[rows])
        for part in splits
    ]


def linearity(
    network: regions.ReluNetwork, points: Points, classes: int
) -> dict[str, float]:
    """`network`, `embedding` and `wrong` of a `Result`, of one network.

    What is constant has no variance to share: it counts as 0.
    """
    inputs = np.asarray(points.test_inputs, np.float64)
    labels = np.asarray(points.test_labels)
    outputs, last = network(inputs), embeddings(network, inputs)[-1]
    dead = bool((last == last[0]).all())
    wanted = one_hot(labels, classes).astype(np.float64)
    leading = None if dead else PrincipalPlane(last, classes - 1)(last)
    return {
        "network": 0.0 if dead else shared_variance(inputs, outputs),
        "embedding": 0.0 if leading is None else shared_variance(leading, wanted),
        "wrong": float((outputs.argmax(axis=1) != labels).mean()),
    }


def shared_variance(
    points: Float64[np.ndarray, "points dim"],
    values: Float64[np.ndarray, "points outputs"],
) -> float:
    """Share of the variance of all values that an affine function of the points has."""
    left = values - linear(points, values, points)
    return 1.0 - float((left**2).sum() / ((values - values.mean(axis=0)) ** 2).sum())
