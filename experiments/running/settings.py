"""What experiments that train an ensemble for each of several settings share."""

import pathlib
from collections.abc import Iterable, Sequence

import numpy as np

from regions.files import read_arrays
from training.config import DataConfig
from training.datasets import Dataset, load_image, sample_points


def setting_file(folder: pathlib.Path, name: str) -> pathlib.Path:
    """Where the measures of a setting are; without its suffix, the folder of its run.

    Args:
        folder: Of the run.
        name: Of the setting, letters, digits, points, commas, hyphens and spaces.
    """
    return folder / f"{name.replace(',', '').replace(' ', '_')}.npz"


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
