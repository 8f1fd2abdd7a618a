"""Context dependence, errors, read-outs of states, curves under noise, linear maps."""

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, NullLocator

from experiments.feature_storage.claims import error_exponents
from experiments.feature_storage.linearity import MAPS
from experiments.feature_storage.state_readouts import READOUTS
from experiments.feature_storage.storage import STORAGES
from experiments.feature_storage.study import Result
from experiments.plotting.curves import SERIES, draw_bands, plain_legend
from experiments.plotting.style import FONT, INK, MUTED, axis_labels


def draw(result: Result) -> Figure:
    """Eight panels."""
    drawing = Figure(figsize=(12.5, 13.0), layout="constrained")
    panels = drawing.subplots(4, 2)
    contexts = result.arrays["contexts"]
    for axes, name, title, y in (
        (
            panels[0, 0],
            "dependence",
            "Does the effect of a feature depend on what else is on?",
            "spread over mean of the effect",
        ),
        (
            panels[0, 1],
            "binary",
            "Error of a feature that is 0 or 1",
            "root mean square error",
        ),
        (
            panels[1, 0],
            "graded",
            "Error of a feature between 0 and 1",
            "root mean square error",
        ),
    ):
        curves = dict(zip(STORAGES, contexts[name], strict=True))
        if name != "dependence":
            curves = _with_exponents(result.config.active, curves)
        _over_active(axes, result.config.active, curves)
        plain_legend(axes, "storage", "upper left")
        axis_labels(axes, title, "other features that are on, k", y)
    _states(panels[1, 1], result)
    _curves(panels[2, 0], result)
    _nonlinearity(panels[2, 1], result)
    _pairs(panels[3, 0], result)
    _maps(panels[3, 1], result)
    return drawing


def _with_exponents(
    active: tuple[int, ...], curves: Mapping[str, np.ndarray]
) -> dict[str, np.ndarray]:
    """The curves, their names with the power of k that fits the median best.

    Numbers of others at which the median error is 0 are left out of the fit.
    """
    named = {}
    for storage, values in curves.items():
        median = np.median(values, axis=1)
        seen = median > 0.0
        power = float("nan")
        if seen.sum() > 1:
            power = 0.5 * float(error_exponents(np.array(active)[seen], median[seen]))
        named[f"{storage}, ~ k^{power:.2f}"] = values
    return named


def _over_active(
    axes: Axes, active: tuple[int, ...], curves: Mapping[str, np.ndarray]
) -> None:
    """Bands over the number of active features, on a logarithmic axis."""
    draw_bands(axes, np.array(active), curves)
    _log_ticks(axes, active)


def _log_ticks(axes: Axes, places: tuple[int, ...] | tuple[float, ...]) -> None:
    """A logarithmic axis with a tick at each place."""
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(FixedLocator([float(p) for p in places]))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xticklabels([f"{p:g}" for p in places])


def _states(axes: Axes, result: Result) -> None:
    """Error of each read-out of whole states."""
    config = result.config
    curves = dict(zip(READOUTS, result.arrays["states"]["errors"], strict=True))
    _over_active(axes, config.state_active, curves)
    axes.axhline(1.0, color=MUTED, linewidth=0.6, linestyle=(0, (2, 2)))
    axes.set_yscale("log")
    axes.set_ylim(bottom=0.05)
    plain_legend(axes, "read-out", "lower right")
    axis_labels(
        axes,
        f"All of {config.state_features} features in {config.state_dim} dimensions",
        "features that are on, on average",
        "squared error over variance",
    )


def _labels(result: Result) -> list[str]:
    """Labels of the features under noise."""
    return ["Gaussian", *(f"0 or 1, p = {p:g}" for p in result.config.densities)]


def _curves(axes: Axes, result: Result) -> None:
    """Learned and best read-outs at one noise."""
    arrays = result.arrays["readouts"]
    at = min(1, len(result.config.noises) - 1)
    for style, label, learned, best in zip(
        SERIES,
        _labels(result),
        arrays["curves"][:, at],
        arrays["best_curves"][:, at],
        strict=False,
    ):
        axes.plot(arrays["y"], best, color=style.color, linewidth=3.0, alpha=0.3)
        axes.plot(
            arrays["y"],
            learned,
            color=style.color,
            linestyle=style.line,
            linewidth=1.2,
            label=label,
        )
    axes.set_ylim(-1.6, 2.6)
    plain_legend(axes, "feature", "upper left")
    axis_labels(
        axes,
        f"Read-outs at noise {result.config.noises[at]:g}; broad: best possible",
        "feature plus noise",
        "value read",
    )


def _nonlinearity(axes: Axes, result: Result) -> None:
    """Share of the read-out that is not linear, learned and best."""
    arrays = result.arrays["readouts"]
    noises = np.array(result.config.noises)
    for style, label, learned, best in zip(
        SERIES,
        _labels(result),
        arrays["nonlinearity"],
        arrays["best_nonlinearity"],
        strict=False,
    ):
        axes.plot(noises, best, color=style.color, linewidth=3.0, alpha=0.3)
        axes.plot(
            noises,
            np.median(learned, axis=1),
            color=style.color,
            marker=style.marker,
            linestyle=style.line,
            linewidth=1.2,
            markersize=4.5,
            label=label,
        )
    _log_ticks(axes, result.config.noises)
    axes.set_ylim(-0.03, 1.32)
    plain_legend(axes, "feature", "upper right")
    axis_labels(
        axes,
        "How curved the read-out is; broad: best possible",
        "standard deviation of the noise",
        "share of variance not linear",
    )


def _pairs(axes: Axes, result: Result) -> None:
    """Error of learned pairs over that of linear ones, and their nonlinearity."""
    arrays = result.arrays["pairs"]
    noises = np.array(result.config.noises)
    curves = {
        f"{kind}: {words}": arrays[name][i]
        for name, words in (
            ("error", "error over linear pair"),
            ("decoder", "read-out, share not linear"),
        )
        for i, kind in enumerate(("Gaussian", "sparse Gaussian"))
    }
    draw_bands(axes, noises, curves)
    axes.axhline(1.0, color=MUTED, linewidth=0.6, linestyle=(0, (2, 2)))
    _log_ticks(axes, result.config.noises)
    axes.set_ylim(-0.03, 1.5)
    plain_legend(axes, "", "upper left", ncols=2)
    axis_labels(
        axes,
        "Encoder and read-out learned together; bands: range of seeds",
        "standard deviation of the noise on the code",
        "ratio, or share",
    )


def _maps(axes: Axes, result: Result) -> None:
    """Defects of linearity of the classifiers of digits."""
    arrays = result.arrays["linearity"]
    places = np.arange(len(MAPS))
    kinds = [
        ("adding, before training", "adding", 0, SERIES[0], "none"),
        ("adding, after", "adding", 1, SERIES[0], "full"),
        ("scaling, before training", "scaling", 0, SERIES[1], "none"),
        ("scaling, after", "scaling", 1, SERIES[1], "full"),
    ]
    for i, (label, name, time, style, fill) in enumerate(kinds):
        values = arrays[name][time]
        axes.plot(
            places + 0.16 * (i - 1.5),
            np.median(values, axis=1),
            style.marker,
            color=style.color,
            fillstyle=fill,  # pyright: ignore[reportArgumentType]
            markersize=6,
            label=label,
        )
    axes.set_xticks(places, [name.replace(", ", ",\n") for name in MAPS])
    for label in axes.get_xticklabels():
        label.set_fontfamily(FONT)
    axes.set_xlim(-0.6, len(MAPS) - 0.4)
    axes.set_ylim(bottom=-0.02)
    axes.axhline(0.0, color=INK, linewidth=0.6)
    plain_legend(axes, "", "upper right")
    axis_labels(
        axes,
        "Digits: |f(x+y) - f(x) - f(y)| and |f(2x) - 2 f(x)|, medians",
        "map",
        "over the spread of what is compared",
    )
