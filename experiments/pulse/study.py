"""What the study runs, measures and keeps."""

import dataclasses
import functools
import pathlib
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float64

from experiments.pulse.claims import BASE, pulse_claims
from experiments.pulse.oscillation import measure_leads, measure_oscillation
from experiments.running.about import About
from experiments.running.common import Clock
from experiments.running.settings import (
    dataset_of_each_seed,
    measure_settings,
    read_measures,
    setting_folder,
)
from experiments.running.stages import stored
from experiments.running.studies import Summary
from regions.files.writing import read_arrays
from training.config import DataConfig, ModelConfig, OptimizerConfig, TrainingConfig
from training.curvature import stability_threshold, trace_curvature
from training.datasets import Dataset
from training.ensemble import ensemble_state, fit_ensemble
from training.loop import to_device
from training.progress import Progress

ABOUT = About(
    title="The pulse of Adam",
    page="claims",
    source="T. Dullien, origami post, 2024-07-04: an open question",
    setup=(
        "One hidden layer of 500 leaky-ReLU units learns the disc by full-batch "
        "updates. The loss of each update in the second half of the run gives the "
        "period, the share of spectral power in its line, and the swing (standard "
        "deviation of the log loss around its trend); for one setting the top "
        "eigenvalue of Adam's preconditioned Hessian is followed in units of its "
        "stability threshold 2 (1 + beta1) / ((1 - beta1) lr)."
    ),
    differs=(
        "The post shows a movie and gives no sizes: 1000 points (so that one update "
        "is quick), 1500 updates and ten seeds are ours. SGD and momentum have rate "
        "0.01, too: at 0.1 the first diverges here."
    ),
    expected=(
        "Measured before with another implementation, one seed: period about 120 "
        "updates at lr 0.01 and beta2 0.999, 4.3 at beta2 0.9; none for SGD."
    ),
)


ADAM = OptimizerConfig(learning_rate=1e-2)
DISC = DataConfig(image="disc", num_train=1000, num_val=100)
PROMINENCE, REACH = 0.1, 40
"""Prominence of a peak of the log loss that counts as a pulse, and updates within which
peaks belong to one pulse, about half a period."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One optimizer.

    Attributes:
        name: Name of its folder, and its label in the figure.
        optimizer: The optimizer.
        batch_size: Points per update; None for all.
    """

    name: str
    optimizer: OptimizerConfig
    batch_size: int | None = None


def _adam(label: str, **changes: Any) -> Setting:
    """A change of the base setting."""
    return Setting(name=label, optimizer=dataclasses.replace(ADAM, **changes))


SETTINGS = (
    _adam(BASE),
    _adam("lr 0.003", learning_rate=3e-3),
    _adam("lr 0.001", learning_rate=1e-3),
    _adam("beta2 0.9", beta2=0.9),
    _adam("beta2 0.99", beta2=0.99),
    _adam("beta2 0.9999", beta2=0.9999),
    _adam("beta1 0", beta1=0.0),
    _adam("eps 1e-4", eps=1e-4),
    Setting(name="batch 250", optimizer=ADAM, batch_size=250),
    _adam("amsgrad", name="amsgrad"),
    _adam("adamw", name="adamw", weight_decay=1e-2),
    _adam("rmsprop", name="rmsprop"),
    _adam("sgd", name="sgd"),
    _adam("momentum", name="momentum"),
    _adam("muon", name="muon"),
)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """What identifies a run.

    Attributes:
        width: Units of the hidden layer.
        data: Image and number of points; each seed draws its own.
        settings: Optimizers; the first is the base, whose curvature is followed.
        updates: Updates of each run, a multiple of the updates in an epoch.
        window: Updates at the end whose losses are analyzed.
        traced: Updates after the end along which the curvature is followed.
        seeds: Seeds of points, initialization and shuffles.
    """

    width: int = 500
    data: DataConfig = DISC
    settings: tuple[Setting, ...] = SETTINGS
    updates: int = 1500
    window: int = 750
    traced: int = 400
    seeds: tuple[int, ...] = tuple(range(10))


PRESETS = {
    "smoke": Config(
        width=12,
        data=DataConfig(image="disc", size=64, num_train=60, num_val=4),
        settings=(SETTINGS[0], SETTINGS[3], SETTINGS[12]),
        updates=60,
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
        measures: By setting: `losses` of the window (steps, seeds) and one number a
            seed under the names of `Oscillation`.
        trace: `losses` and `predictor` (seeds, steps), the latter in units of the
            threshold.
    """

    config: Config
    summary: Summary
    measures: dict[str, dict[str, np.ndarray]]
    trace: dict[str, np.ndarray]


def conduct(
    config: Config, folder: pathlib.Path, progress: Progress, clock: Clock
) -> Summary:
    """Train every setting, measure its pulse; write it all to `folder`."""
    data = dataset_of_each_seed(config.data, config.seeds)
    how = {
        setting.name: functools.partial(_measure, config, setting, data, folder)
        for setting in config.settings
    }
    measures = measure_settings(folder, how, progress, "training with each optimizer")
    clock.lap("training and measuring")
    stored(folder / "trace.npz", functools.partial(_trace, config, data, folder))
    clock.lap("curvature")
    trace = read_arrays(folder / "trace.npz")
    claims = pulse_claims(measures, trace, period_slopes(config, measures))
    return {
        "headline": _headline(config, measures),
        "table": [
            {"setting": name, **{k: float(np.median(v[k])) for k in NUMBERS}}
            for name, v in measures.items()
        ],
        "leads": {k: trace[k].tolist() for k in ("peaks", "announced", "chance")},
        "claims": claims,
    }


NUMBERS = ("period", "share", "swing", "rising", "loss")
"""Numbers of each seed; `loss` is the last one."""


def summary_rows(summary: Summary) -> list[tuple[str, str]]:
    """What a reader of the summary looks for, for Rich."""
    rows = [("result", summary["headline"])]
    for row in summary["table"]:
        text = (
            f"period {row['period']:.3g} updates, {row['share']:.0%} of the power, "
            f"swing {row['swing']:.3g}, rising {row['rising']:.0%}, "
            f"loss {row['loss']:.4f}"
        )
        rows.append((row["setting"], text))
    return rows


def read(config: Config, folder: pathlib.Path, summary: Summary) -> Result:
    """A finished run, from the files in its folder."""
    return Result(
        config,
        summary,
        read_measures(folder, [s.name for s in config.settings]),
        read_arrays(folder / "trace.npz"),
    )


def _training(config: Config, setting: Setting) -> TrainingConfig:
    """What is trained: one block, as it takes seconds."""
    per_epoch = -(-config.data.num_train // (setting.batch_size or 1 << 30))
    epochs = config.updates // per_epoch
    return TrainingConfig(
        model=ModelConfig(widths=(config.width,)),
        optimizer=setting.optimizer,
        epochs=epochs,
        batch_size=setting.batch_size,
        snapshot_every=epochs,
    )


def _measure(
    config: Config, setting: Setting, data: list[Dataset], folder: pathlib.Path
) -> dict[str, np.ndarray]:
    """Losses of the window and pulse of each seed; periods in updates."""
    training = _training(config, setting)
    place = setting_folder(folder, setting.name)
    fitted = fit_ensemble(training, data, config.seeds, place)
    if not fitted.finite.all():
        lost = [
            s for s, good in zip(config.seeds, fitted.finite, strict=True) if not good
        ]
        raise FloatingPointError(
            f"Seeds {', '.join(map(str, lost))} diverged with {setting.name}: lower "
            "its learning rate."
        )
    per_epoch = config.updates // training.epochs
    losses = fitted.losses[-(config.window // per_epoch) :, :, 0]
    pulses = [measure_oscillation(column) for column in losses.T]
    numbers = {
        name: np.array([getattr(pulse, name) for pulse in pulses])
        for name in ("period", "share", "swing", "rising")
    }
    numbers["period"] *= per_epoch
    return {"losses": losses, "loss": losses[-1].astype(np.float64), **numbers}


def _trace(
    config: Config, data: list[Dataset], folder: pathlib.Path
) -> dict[str, np.ndarray]:
    """Loss and curvature of the base setting after its last update."""
    setting = config.settings[0]
    training = _training(config, setting)
    place = setting_folder(folder, setting.name)
    state = ensemble_state(training, config.seeds, place, training.epochs)
    points = jax.tree.map(lambda *arrays: jnp.stack(arrays), *map(to_device, data))
    keys = jax.random.split(jax.random.key(0), len(config.seeds))
    traced = trace_curvature(state, points, keys, training, config.traced)
    losses = np.asarray(traced.losses)
    predictor = np.asarray(traced.eigenvalues) / stability_threshold(setting.optimizer)
    leads = [
        measure_leads(
            loss, values, prominence=PROMINENCE, reach=min(REACH, config.traced // 4)
        )
        for loss, values in zip(losses, predictor, strict=True)
    ]
    return {
        "losses": losses,
        "predictor": predictor,
        **{
            name: np.array([getattr(x, name) for x in leads])
            for name in leads[0]._fields
        },
    }


def _headline(config: Config, measures: dict[str, dict[str, np.ndarray]]) -> str:
    """One line for the pages."""
    base = {k: float(np.median(measures[BASE][k])) for k in NUMBERS}
    text = (
        f"Adam at lr {config.settings[0].optimizer.learning_rate:g}: period "
        f"{base['period']:.0f} updates, the loss rises in {base['rising']:.0%} of them"
    )
    if "beta2 0.9" in measures:
        text += (
            f"; period {np.median(measures['beta2 0.9']['period']):.1f} at beta2 0.9"
        )
    if "sgd" in measures:
        text += f"; SGD rises in {np.median(measures['sgd']['rising']):.1%}"
    return text


def period_slopes(
    config: Config, measures: dict[str, dict[str, np.ndarray]]
) -> Float64[np.ndarray, " seeds"]:
    """Exponent k of period ~ (1 / (1 - beta2))^k of each seed.

    From the settings that are the base but for beta2, without those whose memory
    1 / (1 - beta2) is longer than the window.
    """
    base = config.settings[0].optimizer
    rows = [
        (1.0 / (1.0 - s.optimizer.beta2), measures[s.name]["period"])
        for s in config.settings
        if dataclasses.replace(s.optimizer, beta2=base.beta2) == base
        and s.batch_size is None
    ]
    if config.window >= 500:
        rows = [row for row in rows if row[0] <= 1.01 * 1000.0]
    memory, periods = zip(*rows, strict=True)
    fit = np.polynomial.polynomial.polyfit(np.log(memory), np.log(periods), 1)
    return fit[1]
