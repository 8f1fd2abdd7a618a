"""Parameters against the models themselves, and the closest width by search."""

import jax
import pytest

from experiments.wide_or_deep.equal_parameters import count_parameters, width_for
from training.config import ModelConfig
from training.models import init_model, to_params


@pytest.mark.parametrize("widths", [(7,), (5, 4, 3)])
def test_parameters_are_those_of_the_model(widths):
    model = ModelConfig(widths=widths, input_dim=3)
    shapes = jax.eval_shape(lambda: to_params(init_model(model, 0)))
    size = sum(leaf.size for leaf in jax.tree.leaves(shapes))
    assert count_parameters(widths, 3) == size


@pytest.mark.parametrize(("depth", "dim"), [(1, 2), (3, 2), (8, 2), (2, 5)])
def test_no_width_is_closer(depth, dim):
    for budget in (60, 697, 1000):
        width = width_for(budget, depth, dim)
        gaps = [abs(count_parameters([n] * depth, dim) - budget) for n in range(1, 300)]
        assert gaps[width - 1] == min(gaps)


def test_too_small_a_budget_is_refused():
    with pytest.raises(ValueError, match="at least 19 is required"):
        width_for(18, 8, 2)
