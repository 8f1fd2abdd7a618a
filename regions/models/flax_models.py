"""Networks from Flax models in memory, NNX and Linen, read as the programs they are."""

import importlib
import warnings
from collections.abc import Callable, Sequence
from typing import Any

from regions.errors import ImportNotice, ModelError, tell
from regions.errors.arguments import kinds_checked
from regions.files.reading import MAX_BYTES
from regions.models.jax_programs import find_length, from_jax
from regions.network import ReluNetwork


@kinds_checked
def from_flax(
    model: Any,
    variables: Any = None,
    *,
    input_shape: Sequence[int] | None = None,
    check: bool = True,
    fold: bool = False,
    max_bytes: int = MAX_BYTES,
) -> ReluNetwork:
    """The network that a Flax model computes in evaluation mode.

    Its forward pass is traced by JAX and followed operation by operation; the model is
    left as it is.

    Args:
        model: An `nnx.Module`, or a `flax.linen.Module`.
        variables: Of Linen: what `model.init` or training gave, `{"params": ...}`; not
            needed for a bound module.
        input_shape: Shape of one sample, without the batch axis; found by itself where
            the model reads vectors.
        check: Compare our forward pass with the model's own at random inputs.
        fold: Multiply affine layers out in float64 instead of keeping them exact.
        max_bytes: Limit of the memory of all matrices.

    Returns:
        The network; a final sigmoid or tanh is left out with an `ImportNotice`. Weights
        are taken over exactly.

    Raises:
        ModelError: If an operation is not piecewise affine or not read here, named with
            its layer; if no model is given; or if both forward passes disagree.

    Example:
        >>> from flax import nnx
        >>> rngs = nnx.Rngs(0)
        >>> mlp = nnx.Sequential(
        ...     nnx.Linear(2, 8, rngs=rngs), nnx.relu, nnx.Linear(8, 1, rngs=rngs)
        ... )
        >>> from_flax(mlp).widths
        (8,)
    """
    name = type(model).__name__
    if _is_linen(model):
        function, arrays = _linen_function(model, variables)
    elif _is_nnx(model):
        if variables is not None:
            raise ModelError(
                f"{name} is of NNX and holds its variables: leave them out."
            )
        function, arrays = _nnx_function(model)
    else:
        raise ModelError(
            f"{name} is no Flax module: give an nnx.Module, or a linen.Module with its "
            "variables; parameters alone do not say what is done with them."
        )
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", ImportNotice)
        network = from_jax(
            function,
            input_shape or (_length(name, function, arrays),),
            name=name,
            check=check,
            fold=fold,
            max_bytes=max_bytes,
        )
    for notice in caught:
        tell(str(notice.message))
    return network


def _is_linen(model: Any) -> bool:
    """Whether a model is of Linen."""
    return _has_base(model, "flax.linen")


def _is_nnx(model: Any) -> bool:
    """Whether a model is of NNX."""
    return _has_base(model, "flax.nnx") and callable(model)


def _has_base(model: Any, package: str) -> bool:
    """Whether a class `Module` of a package is among the bases of a model."""
    return any(
        kind.__name__ == "Module" and kind.__module__.startswith(package)
        for kind in type(model).__mro__
    )


def _linen_function(
    model: Any, variables: Any
) -> tuple[Callable[[Any], Any], list[Any]]:
    """The forward pass of a Linen module, and its arrays."""
    import jax

    if variables is None:
        if model.scope is None:
            raise ModelError(
                f"{type(model).__name__} is a module of Linen without its variables: "
                "write from_flax(module, variables), or bind them."
            )
        model, variables = model.unbind()
    if "params" not in variables:
        variables = {"params": variables}
    return lambda x: model.apply(variables, x), jax.tree.leaves(variables)


def _nnx_function(model: Any) -> tuple[Callable[[Any], Any], list[Any]]:
    """The forward pass of an NNX module in evaluation, and its arrays."""
    import jax

    nnx = importlib.import_module("flax.nnx")
    graph, state = nnx.split(model)

    def function(x: Any) -> Any:
        copy = nnx.merge(graph, state)  # the model itself keeps its mode
        copy.eval()
        return copy(x)

    return function, jax.tree.leaves(state)


def _length(name: str, function: Callable[[Any], Any], arrays: list[Any]) -> int:
    """The length of the vectors that a model reads, by its kernels."""
    error = importlib.import_module("flax.errors").FlaxError
    lengths = [int(a.shape[0]) for a in arrays if getattr(a, "ndim", 0) == 2]
    length = find_length(function, lengths, error)
    if length is None:
        raise ModelError(
            f"{name}: the shape of its input is open: write "
            "from_flax(model, input_shape=...), such as (28, 28, 1) without the batch "
            "axis."
        )
    return length
