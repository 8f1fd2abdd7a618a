"""Standardized tasks and the embeddings of a network."""

import numpy as np
import pytest

from experiments.measures.preconditioners import (
    embeddings,
    preconditioner_training,
    scaling_of,
    standardized_task,
)
from training.models import init_model, to_relu_network


def test_task_is_standardized_by_its_training_points():
    rng = np.random.default_rng(0)
    x, y = rng.normal(3.0, 2.0, (50, 2)), rng.normal(-1.0, 5.0, (50, 1))
    task = standardized_task(x[:40], y[:40], x[40:], y[40:])
    assert task.data.train_inputs.dtype == np.float32
    np.testing.assert_allclose(task.data.train_inputs.mean(axis=0), 0.0, atol=1e-6)
    np.testing.assert_allclose(task.data.train_targets.std(axis=0), 1.0, rtol=1e-6)
    back = task.inputs.back(np.asarray(task.data.val_inputs, np.float64))
    np.testing.assert_allclose(back, x[40:], rtol=1e-5)


def test_constant_column_keeps_its_scale():
    scaling = scaling_of(np.array([[7.0, 0.0], [7.0, 2.0]]))
    assert scaling.scale.tolist() == [1.0, 1.0]
    assert scaling.forward(np.array([[7.0, 2.0]])).tolist() == [[0.0, 1.0]]


def test_last_embedding_is_what_the_output_reads():
    config = preconditioner_training(5, 3, 10)
    assert config.model.widths == (5, 5, 5)
    assert config.snapshot_every == 10
    network = to_relu_network(init_model(config.model, 0))
    points = np.random.default_rng(0).normal(size=(20, 2))
    found = embeddings(network, points)
    assert [z.shape[1] for z in found] == [2, 5, 5, 5]
    assert found[0] is points
    read = found[-1] @ network.output.weight.T + network.output.bias
    np.testing.assert_allclose(read, network(points), atol=1e-12)
    first = points @ network.hidden[0].weight.T + network.hidden[0].bias
    slope = float(np.float32(0.001))
    expected = np.where(first > 0.0, first, slope * first)
    assert found[1] == pytest.approx(expected)
