"""Counts of regions while optax trains a network, also inside a compiled step."""

from collections.abc import Callable
from typing import Any, Protocol

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax.experimental import io_callback


class Recorder(Protocol):
    """What counts: a `regions.RegionRecorder`.

    Attributes:
        every: Count after each so many steps.
    """

    every: int

    def __call__(self, step: int, model: Any) -> None:
        """Count the regions of a model after a step."""
        ...


class ParameterRecorder:
    """Keeps the parameters of a compiled training at the steps that are asked for.

    A compiled program must not wait for what itself asks JAX to compute; so parameters
    are kept as arrays, and `count` counts when the program has ended.

    Args:
        recorder: What counts, and every how many steps.
        read: Makes the network of parameters, say
            `lambda params: regions.from_flax(model, params)`.

    Attributes:
        kept: Pairs of step and parameters that are not counted yet.
    """

    def __init__(self, recorder: Any, read: Callable[[Any], Any]):
        self.recorder: Recorder = recorder
        self.kept: list[tuple[int, Any]] = []
        self._read = read

    def transformation(self) -> optax.GradientTransformation:
        """The last link of a chain of optax; it changes no update.

        Example:
            >>> import regions
            >>> recorder = RegionRecorder(regions.Box([0], [1]), every=10)
            >>> kept = ParameterRecorder(recorder, lambda params: params)
            >>> chain = optax.chain(optax.sgd(0.1), kept.transformation())
            >>> len(chain)
            2
        """

        def init(params: Any) -> Any:
            del params
            return jnp.zeros((), jnp.int32)

        def update(updates: Any, state: Any, params: Any = None) -> tuple[Any, Any]:
            if params is None:
                raise ValueError(
                    "`params` is missing: call update(grads, state, params)."
                )
            step = state + 1
            after = optax.apply_updates(params, updates)
            jax.lax.cond(
                step % self.recorder.every == 0,
                lambda: io_callback(self._keep, None, step, after, ordered=True),
                lambda: None,
            )
            return updates, step

        return optax.GradientTransformation(init, update)

    def _keep(self, step: Any, params: Any) -> None:
        """Remember parameters after a step."""
        self.kept.append((int(step), jax.tree.map(np.array, params)))

    def count(self) -> Any:
        """Count at all steps that were kept, and give the recorder with its records."""
        jax.effects_barrier()
        for step, params in self.kept:
            self.recorder(step, self._read(params))
        self.kept.clear()
        return self.recorder
