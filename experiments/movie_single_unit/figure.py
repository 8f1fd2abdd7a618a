"""Moments of the four movies, side by side."""

from matplotlib.figure import Figure

from experiments.movie_single_unit.sheets import draw_sheet
from experiments.movie_single_unit.study import Result
from experiments.movie_single_unit.unit import ACTS

SHOWN = (0.0, 0.15, 0.35, 0.5)
"""Shares of the movie that the figure shows."""


def draw(result: Result) -> Figure:
    """Rows: the four movies; columns: moments of them."""
    del result  # Every run shows the same units.
    drawing = Figure(figsize=(3.0 * len(SHOWN), 3.0 * len(ACTS)))
    for row, act in enumerate(ACTS):
        for column, share in enumerate(SHOWN):
            box = (
                column / len(SHOWN),
                1.0 - (row + 1) / len(ACTS),
                1.0 / len(SHOWN),
                1.0 / len(ACTS),
            )
            draw_sheet(drawing, box, act, share, 8.5)
    return drawing
