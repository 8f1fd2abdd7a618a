"""Share of networks with full functional dimension, over the depth, by width."""

from matplotlib.figure import Figure

from experiments.functional_dimension.study import Result
from experiments.plotting.curves import SERIES, plain_legend
from experiments.plotting.style import axis_labels


def draw(result: Result) -> Figure:
    """One panel for each number of inputs."""
    config = result.config
    drawing = Figure(figsize=(4.6 * len(config.dims), 3.9), layout="constrained")
    panels = drawing.subplots(1, len(config.dims), squeeze=False)[0]
    for axes, dim in zip(panels, config.dims, strict=True):
        for style, width in zip(SERIES, config.widths, strict=False):
            shares = [
                (result.missing[dim, width, depth] == 0).mean()
                for depth in config.depths
            ]
            axes.plot(
                config.depths,
                shares,
                color=style.color,
                marker=style.marker,
                markersize=5,
                label=f"width {width}",
            )
        axes.set_xticks(config.depths)
        axes.set_ylim(-0.03, 1.03)
        axis_labels(
            axes,
            f"{dim} inputs, {config.seeds} networks each",
            "hidden layers",
            "share with full functional dimension",
        )
        plain_legend(axes, title="", loc="upper right")
    return drawing
