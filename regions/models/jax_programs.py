"""Networks from functions of JAX, read from the program that JAX makes of them.

A function is traced once on one sample, and its jaxpr followed equation by equation.
What does not depend on the input is computed as JAX does it.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from regions.errors import FileFormatError, ModelError, tell_final_left_out
from regions.files.reading import MAX_BYTES, one_line
from regions.io.checks import check_forward
from regions.io.graph import Expression, GraphBuilder
from regions.models.jax_operations import FINAL, OPERATIONS, Comparison, Step
from regions.network import ReluNetwork

_ADVICE = "replace it, or give the arrays to `ReluNetwork.from_arrays`"
_INNER = ("jaxpr", "call_jaxpr", "fun_jaxpr")
"""Parameters that hold the program of a call."""
_NN = "nn/functions.py"
"""File of JAX where activations stand."""
_CALLS = (
    "jit",
    "pjit",
    "closed_call",
    "core_call",
    "custom_jvp_call",
    "custom_vjp_call",
    "custom_vjp_call_jaxpr",
    "checkpoint",
    "remat",
    "remat2",
)


class _Final(NamedTuple):
    """What a final activation acts on, with its name."""

    expression: Expression
    name: str
    equation: Any


def from_jax(
    function: Callable[[Any], Any],
    input_shape: Sequence[int],
    *,
    name: str | None = None,
    check: bool = True,
    fold: bool = False,
    max_bytes: int = MAX_BYTES,
) -> ReluNetwork:
    """The network that a function of JAX computes.

    Args:
        function: Takes a batch `(points, *input_shape)`; its parameters are inside.
        input_shape: Shape of one sample, without the batch axis.
        name: What messages call it.
        check: Compare our forward pass with the function at random inputs.
        fold: Multiply affine layers out in float64 instead of keeping them exact.
        max_bytes: Limit of the memory of all matrices.

    Returns:
        The network; a final sigmoid or tanh is left out with an `ImportNotice`.

    Raises:
        ModelError: If an operation is not piecewise affine or not read here.

    Example:
        >>> import jax
        >>> W = np.ones((2, 3), np.float32)
        >>> from_jax(lambda x: jax.nn.relu(x @ W) @ W.T, (2,)).widths
        (3,)
    """
    name = name or str(getattr(function, "__name__", type(function).__name__))
    shape = tuple(int(n) for n in input_shape)
    program = _trace(function, name, shape)
    try:
        builder = GraphBuilder(shape, name=name, max_bytes=max_bytes, fold=fold)
        start = builder.input.reshape((1, *shape))
        (output,) = _Program(builder, name).run(program, [start])
        final = output.name if isinstance(output, _Final) else None
        output = output.expression if isinstance(output, _Final) else output
        if not isinstance(output, Expression):
            raise ModelError(f"{name}: the output is no number that the input changes.")
        network = builder.finish(output.reshape((output.size,)))
        if check:
            _check(function, name, network, shape, final)
    except FileFormatError as error:
        raise ModelError(str(error)) from error
    if final is not None:
        tell_final_left_out(name, final)
    return network


def find_length(
    function: Callable[[Any], Any], lengths: Sequence[int], *misfits: type[Exception]
) -> int | None:
    """The one length of a vector that a function can be traced on, if there is one.

    Args:
        function: Takes a batch of vectors.
        lengths: Those that are tried.
        *misfits: What else the function raises where a length does not fit.
    """
    import jax
    import jax.numpy as jnp

    fits = []
    for length in dict.fromkeys(lengths):
        sample = jax.ShapeDtypeStruct((1, length), jnp.float32)
        try:
            jax.eval_shape(function, sample)
        except jax.errors.ConcretizationTypeError:
            pass  # the length is not what is wrong
        except (TypeError, ValueError, IndexError, *misfits):
            continue
        fits.append(length)
    return fits[0] if len(fits) == 1 else None


def _trace(function: Callable[[Any], Any], name: str, shape: tuple[int, ...]) -> Any:
    """The program of a function on one sample."""
    import jax
    import jax.numpy as jnp

    dtype = jnp.result_type(float)
    try:
        closed = jax.make_jaxpr(function)(jax.ShapeDtypeStruct((1, *shape), dtype))
    except jax.errors.ConcretizationTypeError as error:
        raise ModelError(
            f"{name} decides by the numbers of its input in Python, and is no one "
            f"program: {_ADVICE}."
        ) from error
    except (TypeError, ValueError, IndexError) as error:
        raise ModelError(
            f"{name} does not run on a sample of shape {shape} "
            f"({one_line(error)[:200]}): give `input_shape`."
        ) from error
    if len(closed.jaxpr.outvars) != 1:
        count = len(closed.jaxpr.outvars)
        raise ModelError(f"{name} gives {count} arrays: one output is required.")
    return closed


class _Program:
    """A program that is run on expressions.

    Attributes:
        builder: Where layers go.
        name: What messages call it.
    """

    def __init__(self, builder: GraphBuilder, name: str):
        self.builder, self.name = builder, name
        self._multiples: dict[int, Any] = {}

    def run(self, closed: Any, values: Sequence[Any]) -> list[Any]:
        """What a program gives."""
        program = getattr(closed, "jaxpr", closed)
        known: dict[Any, Any] = {}
        known.update(zip(program.constvars, getattr(closed, "consts", ()), strict=True))
        known.update(zip(program.invars, values, strict=True))

        def read(variable: Any) -> Any:
            return variable.val if hasattr(variable, "val") else known[variable]

        for equation in program.eqns:
            inputs = [read(variable) for variable in equation.invars]
            outputs = self._step(equation, inputs)
            known.update(zip(equation.outvars, outputs, strict=True))
        return [read(variable) for variable in program.outvars]

    def _step(self, equation: Any, values: list[Any]) -> list[Any]:
        """What one equation gives."""
        primitive, settings = equation.primitive, equation.params
        if primitive.name in _CALLS:
            inner = next(settings[key] for key in _INNER if key in settings)
            return self.run(inner, values)
        if not any(map(_depends, values)):
            found = primitive.bind(*values, **settings)
            return list(found) if primitive.multiple_results else [found]
        final = next((v for v in values if isinstance(v, _Final)), None)
        if final is not None:
            raise self._refused(final.equation, f"and {primitive.name} follows")
        if primitive.name in FINAL:
            return [_Final(values[0], FINAL[primitive.name], equation)]
        if primitive.name not in OPERATIONS:
            raise self._refused(equation)
        values = [v if _depends(v) else np.asarray(v) for v in values]
        step = Step(
            self.builder,
            values,
            settings,
            lambda *arguments: primitive.bind(*arguments, **settings),
            self._multiples,
        )
        try:
            found = OPERATIONS[primitive.name](step)
        except (ValueError, LookupError, TypeError, ArithmeticError) as error:
            raise self._refused(equation, one_line(error)) from error
        if isinstance(found, Expression):
            self.builder.limit(found.size)
            shape = tuple(equation.outvars[0].aval.shape)
            if found.shape != shape:
                raise self._refused(equation, f"shape {found.shape} for {shape}")
        return [found]

    def _refused(self, equation: Any, why: str = "") -> ModelError:
        """The refusal of an equation, with the layer where it stands."""
        place = str(equation.source_info.name_stack)
        reason = f"{why}, " if why else ""
        where = f"{self.name}: layer {place!r}" if place else self.name
        return ModelError(
            f"{where} computes {_name_of(equation)} ({reason}which is not "
            f"piecewise affine or not read here): {_ADVICE}."
        )


def _name_of(equation: Any) -> str:
    """The function of `jax.nn` from which an equation comes, or its primitive."""
    primitive, traceback = equation.primitive.name, equation.source_info.traceback
    frames = [] if traceback is None else traceback.frames
    names = [f.function_name for f in frames if f.file_name.endswith(_NN)]
    return f"{names[-1]}, by {primitive}" if names else primitive


def _depends(value: Any) -> bool:
    """Whether a value depends on the input."""
    return isinstance(value, Expression | Comparison | _Final)


def _check(
    function: Callable[[Any], Any],
    name: str,
    network: ReluNetwork,
    shape: tuple[int, ...],
    final: str | None,
) -> None:
    """Compare with the function itself."""
    import jax
    import jax.numpy as jnp

    dtype = jnp.result_type(float)

    def reference(points: np.ndarray) -> np.ndarray:
        with jax.default_matmul_precision("highest"):
            batch = jnp.asarray(points.reshape(-1, *shape), dtype)
            return np.asarray(function(batch), np.float64)

    check_forward(name, network, reference, final=final, framework="JAX")
