"""Betti numbers of the families, over their place in the polynomial."""

from matplotlib.figure import Figure

from experiments.arrangement_polynomials.study import Result
from experiments.plotting.curves import SERIES, plain_legend
from experiments.plotting.style import axis_labels


def draw(result: Result) -> Figure:
    """One panel a family: a curve for each size."""
    families = list(dict.fromkeys(family for family, _ in result.betti))
    drawing = Figure(figsize=(4.2 * len(families), 3.9), layout="constrained")
    panels = drawing.subplots(1, len(families), squeeze=False)[0]
    for axes, family in zip(panels, families, strict=True):
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
        axis_labels(
            axes, family, "k", "Betti number $b_k$" if axes is panels[0] else ""
        )
        plain_legend(axes, title="", loc="lower right")
    return drawing
