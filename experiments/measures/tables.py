"""Small classification tasks that come with scikit-learn, split for training."""

from collections.abc import Callable
from typing import Any

import numpy as np
import sklearn.datasets

from training.labeled import Labeled, load_digits
from training.rms_networks import Points

LOADERS: dict[str, Callable[..., Any]] = {
    "breast cancer": sklearn.datasets.load_breast_cancer,
    "wine": sklearn.datasets.load_wine,
}
"""Tables by the name of their task; `digits` is another."""


def load_task(name: str) -> Labeled:
    """Points of a task, as they come."""
    if name == "digits":
        return load_digits()
    inputs, labels = LOADERS[name](return_X_y=True)
    return Labeled(np.asarray(inputs, np.float64), np.asarray(labels, np.int64))


def split_task(name: str, points: int, seed: int) -> Points:
    """Points of one seed; those of tables are standardized by the training points."""
    data = load_task(name)
    order = np.random.default_rng(seed).permutation(len(data.inputs))
    train, test = order[:points], order[points:]
    inputs = data.inputs
    if name != "digits":
        mean, deviation = inputs[train].mean(axis=0), inputs[train].std(axis=0)
        inputs = (inputs - mean) / np.where(deviation > 0.0, deviation, 1.0)
    labels = data.labels.astype(np.int32)
    inputs = inputs.astype(np.float32)
    return Points(inputs[train], labels[train], inputs[test], labels[test])
