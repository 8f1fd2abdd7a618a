import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import regions
from training.recording import ParameterRecorder


def _network(params) -> regions.ReluNetwork:
    return regions.ReluNetwork.from_arrays(
        [params["first"].T, params["last"].T], [params["bias"], None]
    )


def test_a_compiled_step_keeps_the_parameters_that_are_counted():
    rng = np.random.default_rng(0)
    params = {
        "first": jnp.asarray(rng.standard_normal((2, 5)), jnp.float32),
        "bias": jnp.asarray(rng.standard_normal(5), jnp.float32),
        "last": jnp.ones((5, 1), jnp.float32),
    }
    box = regions.Box.cube(2)
    kept = ParameterRecorder(regions.RegionRecorder(box, every=2), _network)
    chain = optax.chain(optax.sgd(0.5), kept.transformation())
    inputs = jnp.asarray(rng.standard_normal((8, 2)), jnp.float32)

    def loss(params):
        hidden = jnp.maximum(inputs @ params["first"] + params["bias"], 0.0)
        return jnp.mean((hidden @ params["last"]) ** 2)

    @jax.jit
    def step(params, state):
        updates, state = chain.update(jax.grad(loss)(params), state, params)
        return optax.apply_updates(params, updates), state

    state, expected = chain.init(params), []
    for number in range(1, 5):
        params, state = step(params, state)
        if number % 2 == 0:
            expected.append(int(regions.count_regions(_network(params), box)))
    recorder = kept.count()
    assert recorder.steps == [2, 4]
    assert recorder.counts == expected
    assert not kept.kept


def test_an_update_without_parameters_is_refused():
    recorder = regions.RegionRecorder(regions.Box.cube(2))
    link = ParameterRecorder(recorder, _network).transformation()
    with pytest.raises(ValueError, match="`params` is missing"):
        link.update({}, link.init({}))
