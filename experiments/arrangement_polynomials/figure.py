"""Betti numbers of the families, over their place in the polynomial."""

from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from experiments.arrangement_polynomials.study import Result
from experiments.plotting.curves import SERIES, plain_legend
from experiments.plotting.style import axis_labels


def draw(result: Result) -> Figure:
    """One panel a family: a curve for each size."""
    families = list(dict.fromkeys(family for family, _ in result.betti))
    across = min(3, len(families))
    down = -(-len(families) // across)
    drawing = Figure(figsize=(4.2 * across, 4.2 * down), layout="constrained")
    panels = drawing.subplots(down, across, squeeze=False).ravel()
    for axes in panels[len(families) :]:
        axes.set_axis_off()
    for axes, family in zip(panels, families, strict=False):
        sizes = [n for name, n in result.betti if name == family]
        for number, n in enumerate(sizes):
            style = SERIES[number % len(SERIES)]
            betti = result.betti[family, n]
            axes.plot(
                range(len(betti)),
                [float(b) for b in betti],
                color=style.color,
                marker=style.marker,
                markersize=5,
                label=f"n = {n}: {sum(betti):,} regions",
            )
        axes.set_yscale("log")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        first = list(panels).index(axes) % across == 0
        axis_labels(axes, family, "k", "Betti number $b_k$" if first else "")
        # Curves rise from the lower left; room above them holds the legend.
        low, high = axes.get_ylim()
        axes.set_ylim(low, high * (high / low) ** (0.075 * len(sizes)))
        plain_legend(axes, title="", loc="upper left")
    return drawing
