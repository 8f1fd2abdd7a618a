"""What the study runs, measures and keeps."""

import dataclasses
import functools
import pathlib
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float32, Float64, Shaped

from experiments.pulse.claims import BASE, SHORT, pulse_claims
from experiments.pulse.oscillation import (
    MIN_RISE,
    foretelling,
    measure_oscillation,
)
from experiments.running.about import About
from experiments.running.common import Clock
from experiments.running.settings import (
    dataset_of_each_seed,
    measure_settings,
    read_measures,
)
from experiments.running.studies import Summary
from training.config import DataConfig, ModelConfig, OptimizerConfig, TrainingConfig
from training.curvature import CurvatureTrace, stability_threshold, trace_curvature
from training.datasets import Dataset
from training.ensemble import init_ensemble, train_ensemble_block
from training.loop import TrainState, shuffle_key, to_device
from training.progress import Progress

ABOUT = About(
    title="The pulse of Adam",
    page="claims",
    source="T. Dullien, origami post, 2024-07-04: an open question",
    setup=(
        "One hidden layer of 500 leaky-ReLU units learns the disc by 30,000 full-batch "
        "updates of Adam at 0.001, the rate and the number of updates of the author's "
        "later program. The loss of each update is kept. After every 500 updates the "
        "top eigenvalue of the Hessian, preconditioned by Adam, is found by power "
        "iteration in units of its stability threshold 2 (1 + beta1) / ((1 - beta1) "
        "lr), which is 38 / lr at beta1 0.9. The last 1500 losses give the swing "
        "(standard deviation of the log loss around its trend) and the period, on "
        "either side of which lies half of the spectral power, for five values of "
        "beta2."
    ),
    differs=(
        "The post shows a movie and gives no sizes; its author trains in batches of "
        "1024, whose noise hides what is looked for: ours are full, of 400 points, so "
        "that one update is quick. Eight seeds. At a ten times larger rate one setting "
        "shows the pulse ten times as strong."
    ),
    expected=(
        "The eigenvalue rises (progressive sharpening) and stays at its threshold "
        "(Cohen et al., arXiv 2207.14484: 38 / lr for Adam). Seen on two other seeds: "
        "at the threshold from update 9,000 on, losses that rise in half of the "
        "updates, period 4.3 at beta2 0.9, about 40 from 0.999 on."
    ),
)


ADAM = OptimizerConfig(learning_rate=1e-3)
DISC = DataConfig(image="disc", num_train=400, num_val=4)
AHEAD = 5
"""Updates over which the curvature is to foretell the loss: a sixth of a period."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One optimizer.

    Attributes:
        name: Name of its file, and its label in the figure.
        optimizer: The optimizer.
    """

    name: str
    optimizer: OptimizerConfig


def _adam(label: str, **changes: Any) -> Setting:
    """A change of the base setting."""
    return Setting(name=label, optimizer=dataclasses.replace(ADAM, **changes))


SETTINGS = (
    _adam(BASE),
    _adam("beta2 0.9", beta2=0.9),
    _adam("beta2 0.99", beta2=0.99),
    _adam("beta2 0.997", beta2=0.997),
    _adam("beta2 0.9997", beta2=0.9997),
    _adam("lr 0.01", learning_rate=1e-2),
    _adam("amsgrad", name="amsgrad"),
    _adam("sgd", name="sgd", learning_rate=1e-2),
)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """What identifies a run.

    Attributes:
        width: Units of the hidden layer.
        data: Image and number of points; each seed draws its own.
        settings: Optimizers; the first is the base.
        updates: Updates of each run, a multiple of `block`.
        block: Updates between two looks at the curvature.
        window: Updates at the end whose losses are analyzed.
        traced: Updates after the end along which the base's curvature is followed one
            by one.
        seeds: Seeds of points and initialization.
    """

    width: int = 500
    data: DataConfig = DISC
    settings: tuple[Setting, ...] = SETTINGS
    updates: int = 30_000
    block: int = 500
    window: int = 1500
    traced: int = 600
    seeds: tuple[int, ...] = tuple(range(8))

    def __post_init__(self):
        if self.updates % self.block:
            raise ValueError(
                f"`updates` is {self.updates}: a multiple of {self.block} is required."
            )


PRESETS = {
    "smoke": Config(
        width=12,
        data=DataConfig(image="disc", size=64, num_train=60, num_val=4),
        settings=(SETTINGS[0], SETTINGS[1], SETTINGS[7]),
        updates=60,
        block=20,
        window=40,
        traced=30,
        seeds=(0, 1),
    ),
    "paper": Config(),
}


class Result(NamedTuple):
    """What the figure needs of a finished run.

    Attributes:
        config: As in `config.json`.
        summary: As in `summary.json`.
        measures: By setting; see `_measure`.
    """

    config: Config
    summary: Summary
    measures: dict[str, dict[str, np.ndarray]]


def conduct(
    config: Config, folder: pathlib.Path, progress: Progress, clock: Clock
) -> Summary:
    """Train every setting, measure its pulse; write it all to `folder`."""
    data = dataset_of_each_seed(config.data, config.seeds)
    how = {
        setting.name: functools.partial(_measure, config, setting, data)
        for setting in config.settings
    }
    measures = measure_settings(folder, how, progress, "training with each optimizer")
    clock.lap("training and measuring")
    claims = pulse_claims(measures, period_slopes(config, measures))
    return {
        "headline": _headline(measures),
        "table": [
            {"setting": name} | {k: _median(values[k]) for k in NUMBERS}
            for name, values in measures.items()
        ],
        "claims": claims,
    }


NUMBERS = ("period", "share", "swing", "rising", "loss", "edge")
"""Numbers of each seed; `loss` is the last one, `edge` the median curvature of the last
third in units of the threshold, for Adam alone."""


def _median(values: Float64[np.ndarray, " seeds"]) -> float | None:
    """Median over the seeds; None for what has no numbers."""
    return None if np.isnan(values).any() else float(np.median(values))


def summary_rows(summary: Summary) -> list[tuple[str, str]]:
    """What a reader of the summary looks for, for Rich."""
    rows = [("result", summary["headline"])]
    for row in summary["table"]:
        text = (
            f"period {row['period']:.3g} updates, swing {row['swing']:.3g}, rising "
            f"{row['rising']:.0%}, loss {row['loss']:.4f}"
        )
        if row["edge"] is not None:
            text += f", curvature over threshold {row['edge']:.3f}"
        rows.append((row["setting"], text))
    return rows


def read(config: Config, folder: pathlib.Path, summary: Summary) -> Result:
    """A finished run, from the files in its folder."""
    names = [setting.name for setting in config.settings]
    return Result(config, summary, read_measures(folder, names))


def _measure(
    config: Config, setting: Setting, data: list[Dataset]
) -> dict[str, np.ndarray]:
    """Losses, curvature and pulse of each seed.

    Returns:
        `losses` (updates, seeds) of the window; `block_losses` (blocks, seeds), the
        last of each block, and `block_rising`, the share of its updates in which the
        loss rises; `curvature` (blocks, seeds) after each block, in units of the
        threshold, for Adam; `early`, that after one update in twenty; one number a
        seed under the names of `NUMBERS`. Of the base also `trace_losses` and
        `trace_curvature` (seeds, updates) after the end, and `foretelling`.

    Raises:
        FloatingPointError: If a seed diverges.
    """
    training = TrainingConfig(
        model=ModelConfig(widths=(config.width,)),
        optimizer=setting.optimizer,
        epochs=0,
        batch_size=None,
    )
    points = jax.tree.map(lambda *arrays: jnp.stack(arrays), *map(to_device, data))
    keys = jnp.stack([shuffle_key(seed) for seed in config.seeds])
    state = init_ensemble(training, config.seeds)
    losses, curvature = [], []
    for _ in range(config.updates // config.block):
        state, block = train_ensemble_block(state, points, keys, training, config.block)
        losses.append(np.asarray(block.train).T)
        curvature.append(_curvature(setting, state, points, keys, training))
    table = np.concatenate(losses)
    if not np.isfinite(table).all():
        lost = [s for s, c in zip(config.seeds, table.T, strict=True) if _lost(c)]
        raise FloatingPointError(
            f"Seeds {', '.join(map(str, lost))} diverged with {setting.name}: lower "
            "its learning rate."
        )
    rises = np.diff(np.log(table.astype(np.float64)), axis=0) > MIN_RISE
    rises = np.concatenate([np.zeros((1, len(config.seeds)), bool), rises])
    pulses = [measure_oscillation(c) for c in table[-config.window :].T]
    curves = np.stack(curvature)
    found = {
        "losses": table[-config.window :],
        "block_losses": table[config.block - 1 :: config.block],
        "block_rising": rises.reshape(-1, config.block, len(config.seeds)).mean(axis=1),
        "curvature": curves,
        "edge": np.median(curves[-max(len(curves) // 3, 1) :], axis=0),
        "loss": table[-1].astype(np.float64),
        **{
            name: np.array([getattr(pulse, name) for pulse in pulses])
            for name in pulses[0]._fields
        },
    }
    if setting == config.settings[0]:
        traced = trace_curvature(state, points, keys, training, config.traced)
        found |= _foretold(setting, traced)
    return found


def _lost(losses: Float32[np.ndarray, " updates"]) -> bool:
    """Whether a run has diverged."""
    return not bool(np.isfinite(losses).all())


def _curvature(
    setting: Setting,
    state: TrainState,
    points: Dataset,
    keys: Shaped[Array, " seeds"],
    training: TrainingConfig,
) -> Float64[np.ndarray, " seeds"]:
    """Top eigenvalue in units of the threshold; NaN for what is not Adam.

    The median of the last four of six updates on from here, with eight products each:
    a power iteration from a random vector gives too little at first.
    """
    if setting.optimizer.name != "adam":
        return np.full(len(keys), np.nan)
    traced = trace_curvature(state, points, keys, training, 6, iterations=8)
    values = np.median(np.asarray(traced.eigenvalues, np.float64)[:, -4:], axis=1)
    return values / stability_threshold(setting.optimizer)


def _foretold(setting: Setting, traced: CurvatureTrace) -> dict[str, np.ndarray]:
    """What was followed update by update, and what the curvature says of the loss."""
    losses = np.asarray(traced.losses)
    curvature = np.asarray(traced.eigenvalues) / stability_threshold(setting.optimizer)
    pairs = zip(losses, curvature, strict=True)
    found = np.array([foretelling(*pair, AHEAD) for pair in pairs])
    return {
        "trace_losses": losses,
        "trace_curvature": curvature,
        "foretelling": found,
    }


def _headline(measures: dict[str, dict[str, np.ndarray]]) -> str:
    """One line for the pages."""
    base = {k: float(np.median(measures[BASE][k])) for k in NUMBERS}
    text = (
        f"Adam at lr 0.001: the preconditioned curvature ends at {base['edge']:.2f} of "
        f"its threshold, the loss rises in {base['rising']:.0%} of the last updates "
        f"and swings by {base['swing']:.1%} with a period of {base['period']:.0f}"
    )
    if "beta2 0.9" in measures:
        text += f"; period {np.median(measures['beta2 0.9']['period']):.1f} at beta2 .9"
    if "sgd" in measures:
        text += f"; SGD rises in {np.median(measures['sgd']['rising']):.1%}"
    return text


def period_slopes(
    config: Config, measures: dict[str, dict[str, np.ndarray]]
) -> dict[str, Float64[np.ndarray, " seeds"]]:
    """Exponents k of period ~ (1 / (1 - beta2))^k of each seed, by regime.

    From the settings that are the base but for beta2: `short` memories 1 / (1 - beta2)
    of at most `SHORT` updates, and `long` ones of more; none where there are not two.
    """
    base = config.settings[0].optimizer
    rows = [
        (1.0 / (1.0 - s.optimizer.beta2), measures[s.name]["period"])
        for s in config.settings
        if dataclasses.replace(s.optimizer, beta2=base.beta2) == base
    ]
    slopes = {}
    for regime, kept in (
        ("short", [row for row in rows if row[0] <= SHORT]),
        ("long", [row for row in rows if row[0] > SHORT]),
    ):
        if len(kept) > 1:
            memory, periods = zip(*kept, strict=True)
            fit = np.polynomial.polynomial.polyfit(np.log(memory), np.log(periods), 1)
            slopes[regime] = fit[1]
    return slopes
