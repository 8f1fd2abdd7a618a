"""Configurations refuse what cannot be trained."""

import pytest

from training.config import DataConfig, ModelConfig, OptimizerConfig, TrainingConfig


@pytest.mark.parametrize(
    ("config", "arguments", "message"),
    [
        (ModelConfig, {"widths": (14, 0)}, r"`widths\[1\]` is 0"),
        (ModelConfig, {"input_dim": 0}, "`input_dim` is 0"),
        (ModelConfig, {"activation": "gelu"}, "`activation` is 'gelu'"),
        (ModelConfig, {"initializer": "ones"}, "`initializer` is 'ones'"),
        (ModelConfig, {"slope": 1.0}, "`slope` is 1.0"),
        (ModelConfig, {"slope": float("nan")}, "`slope` is nan"),
        (DataConfig, {"image": ""}, "`image` is empty"),
        (DataConfig, {"num_train": 0}, "`num_train` is 0"),
        (DataConfig, {"seed": -1}, "`seed` is -1"),
        (OptimizerConfig, {"name": "lion"}, "`name` is 'lion'"),
        (OptimizerConfig, {"learning_rate": 0.0}, "`learning_rate` is 0.0"),
        (OptimizerConfig, {"learning_rate": float("inf")}, "`learning_rate` is inf"),
        (OptimizerConfig, {"weight_decay": -1.0}, "`weight_decay` is -1.0"),
        (OptimizerConfig, {"momentum": 1.0}, "`momentum` is 1.0"),
        (OptimizerConfig, {"trained": "first"}, "`trained` is 'first'"),
        (TrainingConfig, {"epochs": -1}, "`epochs` is -1"),
        (TrainingConfig, {"batch_size": 0}, "`batch_size` is 0"),
        (TrainingConfig, {"snapshot_every": 0}, "`snapshot_every` is 0"),
    ],
)
def test_bad_value_is_refused_by_name(config, arguments, message):
    with pytest.raises(ValueError, match=message):
        config(**arguments)


def test_missing_biases_cannot_be_what_moves():
    with pytest.raises(ValueError, match="no biases"):
        TrainingConfig(
            model=ModelConfig(use_bias=False),
            optimizer=OptimizerConfig(trained="first_biases"),
        )
