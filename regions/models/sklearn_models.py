"""Networks from scikit-learn: multilayer perceptrons, linear models, and pipelines."""

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.sparse as sp

from regions.errors import FileFormatError, ModelError, tell_final_left_out
from regions.errors.arguments import kinds_checked
from regions.files.reading import MAX_BYTES
from regions.io.checks import check_forward
from regions.io.graph import Expression, GraphBuilder
from regions.network import ReluNetwork

_ADVICE = "leave it out and transform the data and the domain instead"
_PERCEPTRONS = ("MLPClassifier", "MLPRegressor")
_LINEAR = (
    "ElasticNet",
    "ElasticNetCV",
    "Lasso",
    "LassoCV",
    "LinearRegression",
    "LinearSVC",
    "LinearSVR",
    "LogisticRegression",
    "LogisticRegressionCV",
    "Perceptron",
    "Ridge",
    "RidgeCV",
    "RidgeClassifier",
    "SGDClassifier",
    "SGDRegressor",
)
_OUTPUTS = {"logistic": "sigmoid", "softmax": "softmax"}


@kinds_checked
def from_sklearn(
    model: Any,
    *,
    check: bool = True,
    fold: bool = False,
    max_bytes: int = MAX_BYTES,
) -> ReluNetwork:
    """The network that a fitted model of scikit-learn computes.

    Args:
        model: An `MLPRegressor` or `MLPClassifier` with `relu` or `identity`, a linear
            model, or a `Pipeline` that ends in one, after scalers or a PCA.
        check: Compare our forward pass with the model's own at random inputs.
        fold: Multiply affine layers out in float64 instead of keeping them exact.
        max_bytes: Limit of the memory of all matrices.

    Returns:
        The network. Of a classifier the outputs are those before the final softmax or
        logistic function, which are left out with an `ImportNotice`. A scaler's
        `1 / scale` is rounded to float64; all else is taken over exactly.

    Raises:
        ModelError: If a step or an activation is not read here, by its name; if the
            model is not fitted; or if both forward passes disagree.

    Example:
        >>> from sklearn.neural_network import MLPRegressor
        >>> X, y = np.eye(2), np.arange(2.0)
        >>> mlp = MLPRegressor(hidden_layer_sizes=(8,), solver="lbfgs", max_iter=99)
        >>> from_sklearn(mlp.fit(X, y)).widths
        (8,)
    """
    name, steps = type(model).__name__, _steps(model)
    dim = getattr(model, "n_features_in_", None)
    if dim is None:
        raise ModelError(f"{name} is not fitted: call its fit first.")
    final = None
    try:
        builder = GraphBuilder((dim,), name=name, max_bytes=max_bytes, fold=fold)
        tensor = builder.input
        for place, step in steps:
            if final is not None:
                raise ModelError(f"{name}: {place} follows the model: {_ADVICE}.")
            tensor, final = _apply(builder, tensor, f"{name}: {place}", step)
        network = builder.finish(tensor)
        if check:
            _check(name, model, network, final)
    except FileFormatError as error:
        raise ModelError(str(error)) from error
    if final is not None and final in _OUTPUTS.values():
        tell_final_left_out(name, final)
    return network


def _steps(model: Any) -> list[tuple[str, Any]]:
    """The steps of a pipeline with their names, those of inner ones among them."""
    if not hasattr(model, "steps"):
        return [(type(model).__name__, model)]
    found = []
    for label, step in model.steps:
        if step is None or isinstance(step, str):
            continue  # "passthrough"
        found += [(f"step {label!r} ({part})", inner) for part, inner in _steps(step)]
    return found


def _apply(
    builder: GraphBuilder, tensor: Expression, place: str, step: Any
) -> tuple[Expression, str | None]:
    """One step, and the name of what comes out if it is a model; "identity" is none."""
    read = _STEPS.get(type(step).__name__)
    try:
        if read is not None:
            return read(builder, tensor, step), None
        if type(step).__name__ in _PERCEPTRONS:
            return _perceptron(builder, tensor, step), _output(step)
        if type(step).__name__ in _LINEAR:
            return _linear(builder, tensor, step), "identity"
    except (ValueError, AttributeError, TypeError) as error:
        raise ModelError(f"{place} is not read ({error}): {_ADVICE}.") from error
    raise ModelError(f"{place} is not piecewise affine, or not read here: {_ADVICE}.")


def _output(model: Any) -> str:
    """The activation after the last layer."""
    name = model.out_activation_
    if name != "identity" and name not in _OUTPUTS:
        raise ValueError(f"its output {name!r} is not piecewise affine")
    return _OUTPUTS.get(name, name)


def _perceptron(builder: GraphBuilder, tensor: Expression, model: Any) -> Expression:
    slope = {"relu": 0.0, "identity": 1.0}.get(model.activation)
    if slope is None:
        raise ValueError(f"its activation {model.activation!r} is not piecewise affine")
    layers = list(zip(model.coefs_, model.intercepts_, strict=True))
    for k, (weights, bias) in enumerate(layers):
        tensor = builder.affine(tensor, sp.csr_array(weights.T), bias)
        if k + 1 < len(layers) and slope != 1.0:
            tensor = builder.kink(tensor, slope)
    return tensor


def _linear(builder: GraphBuilder, tensor: Expression, model: Any) -> Expression:
    weights = np.atleast_2d(np.asarray(model.coef_, np.float64))
    return builder.affine(tensor, sp.csr_array(weights), model.intercept_)


def _standard(builder: GraphBuilder, tensor: Expression, step: Any) -> Expression:
    if step.with_mean:
        tensor = builder.shift(tensor, -step.mean_)
    return builder.scale(tensor, 1.0 / step.scale_) if step.with_std else tensor


def _robust(builder: GraphBuilder, tensor: Expression, step: Any) -> Expression:
    if step.with_centering:
        tensor = builder.shift(tensor, -step.center_)
    return builder.scale(tensor, 1.0 / step.scale_) if step.with_scaling else tensor


def _min_max(builder: GraphBuilder, tensor: Expression, step: Any) -> Expression:
    tensor = builder.scale(tensor, step.scale_, step.min_)
    low, high = map(float, step.feature_range)
    return builder.clip(tensor, low, high) if step.clip else tensor


def _max_abs(builder: GraphBuilder, tensor: Expression, step: Any) -> Expression:
    return builder.scale(tensor, 1.0 / step.scale_)


def _pca(builder: GraphBuilder, tensor: Expression, step: Any) -> Expression:
    if step.whiten:
        raise ValueError("whitening")
    tensor = builder.shift(tensor, -step.mean_)
    return builder.affine(tensor, sp.csr_array(step.components_))


_STEPS: dict[str, Callable[[GraphBuilder, Expression, Any], Expression]] = {
    "MaxAbsScaler": _max_abs,
    "MinMaxScaler": _min_max,
    "PCA": _pca,
    "RobustScaler": _robust,
    "StandardScaler": _standard,
}
"""The transformations that are read."""


def _check(name: str, model: Any, network: ReluNetwork, final: str | None) -> None:
    """Compare with the model's own outputs."""

    def reference(points: np.ndarray) -> np.ndarray:
        if final == "sigmoid" and network.output_dim == 1:
            return model.predict_proba(points)[:, 1]
        if final is not None and final in _OUTPUTS.values():
            return np.asarray(model.predict_proba(points))
        if hasattr(model, "decision_function"):
            return model.decision_function(points)
        return model.predict(points) if final else model.transform(points)

    shown = None if final == "identity" else final
    check_forward(
        name,
        network,
        reference,
        final=shown,
        framework="scikit-learn",
        unit_roundoff=2.0**-40,
    )
