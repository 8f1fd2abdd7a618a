"""Data that ship with installed packages: tables, images, and text as counts of words.

None is fetched. Texts are docstrings of the installed versions of five packages, which
the record of a run names.
"""

import collections
import functools
import importlib
import inspect
import re
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import skimage.data
import sklearn.datasets
from jaxtyping import Float64

from training.labeled import load_digits

PACKAGES = {
    "numpy": ("numpy", "numpy.linalg", "numpy.fft", "numpy.random"),
    "scipy": ("scipy.stats", "scipy.signal", "scipy.optimize", "scipy.special"),
    "sklearn": ("sklearn.metrics", "sklearn.linear_model", "sklearn.preprocessing"),
    "skimage": ("skimage.filters", "skimage.measure", "skimage.morphology"),
    "matplotlib": ("matplotlib.pyplot", "matplotlib.axes", "matplotlib.patches"),
}
"""Where the docstrings of each class are."""

WORDS = 256
"""Words that are counted: the most frequent ones of all texts together."""

SHORTEST = 200
"""Characters of a docstring, at least."""

PIXEL_STEP = 4
"""Every so many rows and columns of the image are points to choose from."""


class Table(NamedTuple):
    """Points and what is to be learned of them.

    Attributes:
        inputs: One point a row.
        targets: Values, or one-hot classes.
        is_classification: Whether they are classes.
        is_scaled: Whether inputs are to be standardized; grays and counts are not.
    """

    inputs: Float64[np.ndarray, "points dim"]
    targets: Float64[np.ndarray, "points outputs"]
    is_classification: bool
    is_scaled: bool


@functools.cache
def load_table(name: str) -> Table:
    """A data set by its name in `TABLES`."""
    return TABLES[name]()


def _classes(inputs, labels, *, is_scaled: bool) -> Table:
    """A table of classes that count from 0."""
    one_hot = np.eye(int(labels.max()) + 1)[labels]
    return Table(np.asarray(inputs, np.float64), one_hot, True, is_scaled)


def _bundled(load: Callable) -> Table:
    """Classes of one of scikit-learn's tables."""
    return _classes(*load(return_X_y=True), is_scaled=True)


def _digits() -> Table:
    """1797 digits of 8 x 8 gray values from 0 to 1."""
    digits = load_digits()
    return _classes(digits.inputs, digits.labels, is_scaled=False)


def _diabetes() -> Table:
    """Progress of 442 patients, from ten numbers."""
    x, y = sklearn.datasets.load_diabetes(return_X_y=True)
    return Table(np.asarray(x), np.asarray(y)[:, None], False, True)


def _camera() -> Table:
    """Gray values of the cameraman by their place."""
    image = skimage.data.camera()[::PIXEL_STEP, ::PIXEL_STEP] / 255.0
    rows, columns = np.indices(image.shape)
    places = np.stack([columns.ravel(), rows.ravel()], axis=1) / len(image)
    return Table(places, image.reshape(-1, 1), False, True)


def _faces() -> Table:
    """100 faces and 100 pictures without one, 25 x 25 gray values from 0 to 1."""
    images = np.asarray(skimage.data.lfw_subset(), np.float64)
    labels = np.repeat([1, 0], len(images) // 2)
    return _classes(images.reshape(len(images), -1), labels, is_scaled=False)


def _docstrings() -> Table:
    """From which package a docstring is, by logarithms of 1 + counts of words.

    As many texts of each package as the one with the fewest has. Names of packages
    are no words.
    """
    texts = [_texts(modules) for modules in PACKAGES.values()]
    fewest = min(map(len, texts))
    counts = [
        collections.Counter(re.findall("[a-z]{3,}", text.lower()))
        for group in texts
        for text in group[:fewest]
    ]
    total = sum(counts, collections.Counter())
    words = [word for word, _ in total.most_common() if word not in PACKAGES][:WORDS]
    table = np.array([[count[word] for word in words] for count in counts], np.float64)
    labels = np.repeat(np.arange(len(texts)), fewest)
    return _classes(np.log1p(table), labels, is_scaled=False)


def _texts(modules: tuple[str, ...]) -> list[str]:
    """Different docstrings of the public names of modules, in alphabetical order."""
    found = set()
    for module in map(importlib.import_module, modules):
        names = [name for name in dir(module) if not name.startswith("_")]
        found |= {inspect.getdoc(getattr(module, name)) or "" for name in names}
    return sorted(text for text in found if len(text) >= SHORTEST)


TABLES: dict[str, Callable[[], Table]] = {
    "digits": _digits,
    "diabetes": _diabetes,
    "iris": functools.partial(_bundled, sklearn.datasets.load_iris),
    "wine": functools.partial(_bundled, sklearn.datasets.load_wine),
    "breast cancer": functools.partial(_bundled, sklearn.datasets.load_breast_cancer),
    "camera": _camera,
    "faces": _faces,
    "docstrings": _docstrings,
}
"""By the name of the problem."""
