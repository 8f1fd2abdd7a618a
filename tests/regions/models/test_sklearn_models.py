import warnings

import numpy as np
import pytest
from sklearn.decomposition import PCA
from sklearn.ensemble import RandomForestRegressor
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression, PoissonRegressor, Ridge
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    MaxAbsScaler,
    MinMaxScaler,
    Normalizer,
    RobustScaler,
    StandardScaler,
)

from regions.errors import ImportNotice, ModelError
from regions.models.sklearn_models import from_sklearn

X = np.random.default_rng(0).normal(size=(40, 4))
Y = X[:, 0] * X[:, 1]


def _fit(model, targets):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return model.fit(X, targets)


def _regressor(**options):
    return MLPRegressor(hidden_layer_sizes=(5, 4), max_iter=3, **options)


@pytest.mark.parametrize(
    "model",
    [
        _regressor(),
        _regressor(activation="identity"),
        make_pipeline(StandardScaler(), PCA(3), _regressor()),
        make_pipeline(MinMaxScaler(clip=True), RobustScaler(), MaxAbsScaler(), Ridge()),
    ],
)
def test_a_regressor_equals_scikit_learn(model):
    net = from_sklearn(_fit(model, Y))
    points = 3.0 * np.random.default_rng(1).normal(size=(20, 4))
    assert np.allclose(net(points)[:, 0], model.predict(points), rtol=0, atol=1e-9)


@pytest.mark.parametrize("classes", [2, 3])
def test_a_classifier_gives_the_numbers_before_its_probabilities(classes):
    labels = np.arange(40) % classes
    model = _fit(MLPClassifier(hidden_layer_sizes=(5,), max_iter=3), labels)
    with pytest.warns(ImportNotice, match="is left out"):
        outputs = from_sklearn(model)(X)
    found = outputs.argmax(axis=1) if classes > 2 else outputs[:, 0] > 0.0
    assert np.array_equal(found, np.asarray(model.predict(X)))


def test_a_logistic_regression_is_affine():
    model = LogisticRegression().fit(X, np.arange(40) % 3)
    assert np.allclose(from_sklearn(model)(X), model.decision_function(X))


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (_regressor(activation="tanh"), "activation 'tanh' is not piecewise affine"),
        (make_pipeline(Normalizer(), Ridge()), r"step 'normalizer' \(Normalizer\)"),
        (RandomForestRegressor(2), "RandomForestRegressor is not piecewise affine"),
        (PoissonRegressor(), "PoissonRegressor is not piecewise affine"),
    ],
)
def test_what_is_not_read_is_refused_by_name(model, message):
    with pytest.raises(ModelError, match=message):
        from_sklearn(_fit(model, np.abs(Y)))


def test_what_is_not_fitted_is_refused():
    with pytest.raises(ModelError, match="is not fitted"):
        from_sklearn(_regressor())
