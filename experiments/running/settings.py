"""What experiments that train an ensemble for each of several settings share."""

import pathlib
from collections.abc import Callable, Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike

from experiments.running.stages import stored
from regions.files.writing import read_arrays
from training.config import DataConfig
from training.datasets import Dataset, load_image, sample_points
from training.progress import Progress


def setting_file(folder: pathlib.Path, name: str) -> pathlib.Path:
    """Where the measures of a setting are.

    Args:
        folder: Folder of the run.
        name: Name of the setting: letters, digits, points, commas, hyphens and spaces.
    """
    return folder / f"{name.replace(',', '').replace(' ', '_')}.npz"


def setting_folder(folder: pathlib.Path, name: str) -> pathlib.Path:
    """Where a setting is trained, beside its measures."""
    return setting_file(folder, name).with_suffix("")


def measure_settings(
    folder: pathlib.Path,
    measures: Mapping[str, Callable[[], Mapping[str, ArrayLike]]],
    progress: Progress,
    message: str,
) -> dict[str, dict[str, np.ndarray]]:
    """Measures of all settings, by name; those that a run has stored are not repeated.

    Args:
        folder: Folder of the run.
        measures: How to measure each setting.
        progress: Called with (done, total, message).
        message: What is being done.
    """
    for done, (name, measure) in enumerate(measures.items()):
        progress(done, len(measures), message)
        stored(setting_file(folder, name), measure)
    progress(len(measures), len(measures), message)
    return read_measures(folder, measures)


def read_measures(
    folder: pathlib.Path, names: Iterable[str]
) -> dict[str, dict[str, np.ndarray]]:
    """Measures of all settings, by name.

    Raises:
        FileNotFoundError: If the run is unfinished.
    """
    return {name: read_arrays(setting_file(folder, name)) for name in names}


def dataset_of_each_seed(config: DataConfig, seeds: Sequence[int]) -> list[Dataset]:
    """One sample of pixels for each seed, in place of the configuration's own."""
    image = load_image(config)
    return [
        sample_points(image, config.num_train, config.num_val, seed) for seed in seeds
    ]


def shape_name(widths: Sequence[int]) -> str:
    """Hidden widths as a name of a file and of a curve."""
    return "-".join(map(str, widths))
