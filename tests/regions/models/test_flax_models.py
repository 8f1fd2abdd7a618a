from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import linen, nnx

import regions
from regions.errors import ImportNotice, ModelError
from regions.io import network_from_pytree
from regions.models import as_network
from regions.models.flax_models import from_flax
from regions.models.jax_programs import from_jax


def _linear(fan_in: int, fan_out: int, seed: int = 0) -> nnx.Linear:
    normal = nnx.initializers.normal(1.0)
    return nnx.Linear(fan_in, fan_out, bias_init=normal, rngs=nnx.Rngs(seed))


def _agrees(net: regions.ReluNetwork, model, shape: tuple[int, ...]) -> None:
    points = np.random.default_rng(1).normal(size=(9, *shape)).astype(np.float32)
    expected = np.asarray(model(points)).reshape(9, -1)
    found = net(points.reshape(9, -1).astype(np.float64))
    assert np.allclose(found, expected, rtol=0, atol=1e-5)


def test_a_sequential_is_read_exactly():
    model = nnx.Sequential(_linear(3, 4), nnx.relu, _linear(4, 2))
    net = from_flax(model)
    _agrees(net, model, (3,))
    first: Any = model.layers[0]
    kernel = np.asarray(first.kernel[...], np.float64)
    assert np.array_equal(net.hidden[0].weight, kernel.T)


def test_two_layers_without_an_activation_make_no_kink():
    model = nnx.Sequential(_linear(3, 4), _linear(4, 2))
    net = from_flax(model)
    _agrees(net, model, (3,))
    assert net.num_bits == 0


class Mixed(nnx.Module):
    """Layers in another order than the call, a skip, and what flax.nnx has."""

    def __init__(self):
        rngs = nnx.Rngs(0)
        self.last = _linear(6, 2)
        self.first = _linear(3, 6)
        self.norm = nnx.BatchNorm(6, rngs=rngs)
        self.drop = nnx.Dropout(0.5, rngs=rngs)
        self.slope = nnx.PReLU()
        self.matrix = nnx.Param(jnp.arange(36.0).reshape(6, 6) / 20.0 - 1.0)

    def __call__(self, x):
        h = self.slope(self.norm(self.first(x)))
        h = h + jax.nn.relu6(self.drop(h))
        h = jnp.concatenate([h[:, :3], jnp.abs(x)], axis=1)
        h = jnp.maximum(h @ self.matrix[...], -h).clip(-1.0, 2.0)
        h = jax.nn.leaky_relu(h - 0.25)
        return self.last(2.0 * h.reshape(h.shape[0], -1) - 1.0) / 3.0


def test_a_call_of_its_own_is_followed_in_evaluation():
    model = Mixed()
    net = from_flax(model)
    assert not model.drop.deterministic  # the model keeps its mode
    model.eval()
    _agrees(net, model, (3,))


class Cnn(nnx.Module):
    def __init__(self):
        rngs = nnx.Rngs(0)
        self.conv = nnx.Conv(1, 2, (3, 3), rngs=rngs)
        self.down = nnx.Conv(2, 3, (2, 3), strides=2, padding="VALID", rngs=rngs)
        self.out = _linear(3, 2)

    def __call__(self, x):
        x = nnx.max_pool(nnx.relu(self.conv(x)), (2, 2), (2, 2))
        x = nnx.avg_pool(nnx.relu(self.down(x)), (1, 1))
        return self.out(x.reshape(x.shape[0], -1))


def test_a_small_cnn_equals_flax():
    model = Cnn()
    _agrees(from_flax(model, input_shape=(6, 6, 1)), model, (6, 6, 1))


class Mlp(linen.Module):
    """Linen, with a kernel that names no order."""

    activation: Callable[[Any], Any] = linen.relu

    @linen.compact
    def __call__(self, x):
        x = self.activation(linen.Dense(4)(x))
        return linen.Dense(1)(self.activation(linen.Dense(5)(x)))


def test_linen_is_read_with_its_variables_and_bound():
    module = Mlp()
    variables = module.init(jax.random.key(0), jnp.ones((1, 3)))
    for net in (
        from_flax(module, variables),
        from_flax(module, variables["params"]),
        as_network(module.bind(variables)),
    ):
        assert net.widths == (4, 5)
        _agrees(net, lambda x: module.apply(variables, x), (3,))


def test_a_function_of_jax_is_read():
    matrix = np.arange(6.0).reshape(2, 3) - 2.0

    def function(x):
        return jnp.where(x @ matrix > 0, x @ matrix, 0.0).sum(axis=1, keepdims=True)

    with pytest.raises(ModelError, match="select_n"):
        from_jax(function, (2,))  # two products, of which JAX does not know the one

    def plain(x):
        h = x @ matrix
        return jnp.where(h > 0, h, 0.0).sum(axis=1, keepdims=True)

    _agrees(from_jax(plain, (2,)), plain, (2,))


class _Function(nnx.Module):
    def __init__(self, function):
        self.layer, self.function = _linear(3, 4), function

    def __call__(self, x):
        return self.function(self.layer(x))


REFUSED = {
    "tanh": (lambda x: jnp.tanh(x) * 2.0, "computes tanh .and mul follows"),
    "gelu": (jax.nn.gelu, "computes gelu"),
    "square": (lambda x: x * x, "of two tensors that depend on the input"),
    "branch": (lambda x: x if x.sum() > 0 else -x, "decides by the numbers"),
    "jump": (lambda x: jnp.where(x > 0, 1.0, x), "no multiples of what is compared"),
    "loop": (
        lambda x: jax.lax.scan(lambda c, _: (c + 1, None), x, None, length=2)[0],
        "computes scan",
    ),
    "rounded": (lambda x: x.astype(jnp.bfloat16), "rounds to bfloat16"),
    "batch": (lambda x: x - x.mean(0), "forward pass .* disagree"),
    "two outputs": (lambda x: (x, x), "2 arrays"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_not_read_is_refused_by_name(name):
    function, message = REFUSED[name]
    with pytest.raises(ModelError, match=message) as caught:
        from_flax(_Function(function))
    assert "\n" not in str(caught.value)


def test_a_final_sigmoid_is_left_out_with_a_notice():
    model = nnx.Sequential(_linear(2, 3), nnx.relu, _linear(3, 1), nnx.sigmoid)
    with pytest.warns(ImportNotice, match="final sigmoid is left out"):
        net = from_flax(model)
    _agrees(net, nnx.Sequential(*model.layers[:3]), (2,))


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (Mlp(), "without its variables"),
        ({"params": {}}, "parameters alone do not say"),
    ],
)
def test_what_is_no_model_is_refused(model, message):
    with pytest.raises(ModelError, match=message):
        from_flax(model)


def test_a_model_is_no_tree_of_parameters():
    model = nnx.Sequential(_linear(3, 4), nnx.tanh, _linear(4, 1))
    with pytest.raises(ValueError, match=r"use regions\.from_flax"):
        network_from_pytree(model)
