"""One module per figure or claim, and the list of those that run by name."""

from types import ModuleType

NAMES = ("data_slices", "ring")
"""What `load_experiment` takes."""


def load_experiment(name: str) -> tuple[ModuleType, ModuleType]:
    """An experiment and its figure.

    Args:
        name: One of `NAMES`.

    Returns:
        A module with `NAME`, `PRESETS`, `run` and `load`, and one with `figure`.

    Raises:
        ValueError: If there is no such experiment.
    """
    # Imported here, so that a list of names costs no training library.
    if name == "data_slices":
        from experiments import data_slices
        from experiments.plotting import data_slices as data_slices_figure

        return data_slices, data_slices_figure
    if name == "ring":
        from experiments import ring
        from experiments.plotting import ring as ring_figure

        return ring, ring_figure
    raise ValueError(f"`name` is {name!r}: one of {', '.join(NAMES)} is required.")
