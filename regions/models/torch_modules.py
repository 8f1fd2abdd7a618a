"""Networks from PyTorch modules in memory, read by running their own `forward`.

The module runs once on a tensor that writes down what is done to it. So it is read as
it computes, whatever the order in which its layers are stored, and what is not
piecewise affine, or depends on the numbers in another way, is refused by name.
"""

import contextlib
import functools
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from regions.domains.domain_vectors import whole_number
from regions.errors import FileFormatError, ModelError, tell_final_left_out
from regions.errors.arguments import kinds_checked
from regions.files.reading import MAX_BYTES, one_line
from regions.io.checks import check_forward
from regions.io.graph import Expression, GraphBuilder
from regions.io.optional import require
from regions.models.tensors import constant, in_a_row
from regions.models.torch_functions import (
    COMPUTES,
    FACTS,
    FINAL,
    MOVES,
    SAME,
    Extreme,
)
from regions.network import ReluNetwork

_ADVICE = "replace it, or export the model to ONNX"


@kinds_checked
def from_torch(
    module: Any,
    *,
    input_shape: Sequence[int] | None = None,
    check: bool = True,
    fold: bool = False,
    max_bytes: int = MAX_BYTES,
) -> ReluNetwork:
    """The network that a PyTorch module computes in evaluation mode.

    Its `forward` is run on one sample and followed operation by operation: layers,
    functions, skip connections, reshapes. The module is left as it was.

    Args:
        module: A `torch.nn.Module` of one input and one output.
        input_shape: Shape of one sample, without the batch axis; found by itself where
            the module reads vectors.
        check: Compare our forward pass with the module's own at random inputs.
        fold: Multiply affine layers out in float64 instead of keeping them exact.
        max_bytes: Limit of the memory of all matrices.

    Returns:
        The network; a final softmax, sigmoid or tanh is left out with an
        `ImportNotice`. Weights are taken over exactly.

    Raises:
        ModelError: If an operation is not piecewise affine or not read here, named with
            its layer; or if both forward passes disagree.

    Example:
        >>> import torch
        >>> mlp = torch.nn.Sequential(
        ...     torch.nn.Linear(2, 8), torch.nn.ReLU(), torch.nn.Linear(8, 1)
        ... )
        >>> from_torch(mlp).widths
        (8,)
    """
    torch = require("torch", "torch", "PyTorch modules")
    name = type(module).__name__
    if not isinstance(module, torch.nn.Module):
        raise ModelError(f"{name} is no torch.nn.Module: give one.")
    with _evaluating(torch, module):
        shape = _input_shape(torch, module, input_shape)
        try:
            builder = GraphBuilder(shape, name=name, max_bytes=max_bytes, fold=fold)
            program = _Program(torch, module, builder)
            output, final = program.run(shape)
            network = builder.finish(output.reshape((output.size,)))
            if check:
                _check(torch, module, network, shape, final)
        except FileFormatError as error:
            raise ModelError(str(error)) from error
    if final is not None:
        tell_final_left_out(name, final)
    return network


@contextlib.contextmanager
def _evaluating(torch: Any, module: Any) -> Iterator[None]:
    """Evaluation mode without gradients; afterwards each part is as it was."""
    modes = [(part, part.training) for part in module.modules()]
    try:
        for part, _ in modes:
            part.training = False
        with torch.no_grad():
            yield
    finally:
        for part, training in modes:
            part.training = training


def _sample(torch: Any, module: Any, shape: Sequence[int], points: Any = None) -> Any:
    """A batch of one random point, or of those given, as the module wants it."""
    first = next((p for p in module.parameters() if p.is_floating_point()), None)
    if points is None:
        points = np.random.default_rng(0).normal(size=(1, *shape))
    tensor = torch.tensor(points.reshape(-1, *shape))
    if first is None:
        return tensor.to(torch.get_default_dtype())
    return tensor.to(dtype=first.dtype, device=first.device)


def _input_shape(
    torch: Any, module: Any, given: Sequence[int] | None
) -> tuple[int, ...]:
    """Shape of a sample: as given, or the one length of a vector that runs."""
    if given is not None:
        return tuple(whole_number(n, "input_shape", 1) for n in given)
    lengths = {int(p.shape[1]): None for p in module.parameters() if p.ndim == 2}
    fits = []
    for length in lengths:
        with contextlib.suppress(RuntimeError, ValueError, IndexError, TypeError):
            module(_sample(torch, module, (length,)))
            fits.append(length)
    if len(fits) != 1:
        kind = type(module).__name__
        raise ModelError(
            f"{kind} runs on vectors of {fits or 'no'} entries, so the shape of its "
            f"input is open: write from_torch(model, input_shape=...), such as "
            "(1, 28, 28) without the batch axis."
        )
    return (fits[0],)


class Final(NamedTuple):
    """An activation, and the layer that computes it."""

    name: str
    place: str

    def refusal(self, why: str = "") -> ModelError:
        """What to say where it is not read."""
        reason = f"{why}, " if why else ""
        return ModelError(
            f"{self.place} computes {self.name} ({reason}which is not piecewise affine "
            f"or not read here): {_ADVICE}."
        )


class _Program:
    """One run of a module's forward pass on expressions.

    Attributes:
        builder: Where layers go.
    """

    def __init__(self, torch: Any, module: Any, builder: GraphBuilder):
        self.builder = builder
        self._torch, self._module = torch, module
        self._names = {id(part): name for name, part in module.named_modules()}
        self._stack: list[Any] = []

    def run(self, shape: Sequence[int]) -> tuple[Expression, str | None]:
        """The output as an expression, and the final activation left out."""
        source = self.builder.input
        sample = _traced_class(self._torch)(_sample(self._torch, self._module, shape))
        sample.program, sample.final = self, None
        sample.expression = source.reshape((1, *source.shape))
        hooks = self._torch.nn.modules.module
        enter = hooks.register_module_forward_pre_hook(self._enter)
        leave = hooks.register_module_forward_hook(self._leave)
        try:
            output = self._module(sample)
        except (RuntimeError, TypeError, ValueError, IndexError) as error:
            if isinstance(error, ModelError):
                raise
            kind = type(self._module).__name__
            raise ModelError(
                f"{kind} does not run on a sample of shape {tuple(shape)} "
                f"({one_line(error)[:200]}): give `input_shape`, or export it to ONNX."
            ) from error
        finally:
            enter.remove()
            leave.remove()
        if not isinstance(output, type(sample)):
            raise ModelError(
                f"{type(self._module).__name__} returns a {type(output).__name__}: one "
                "tensor that depends on the input is required; wrap the module in one "
                "that returns it."
            )
        return output.expression, output.final and output.final.name

    def _enter(self, part: Any, inputs: Any) -> None:
        """Remember the layer that begins."""
        del inputs
        self._stack.append(part)

    def _leave(self, part: Any, inputs: Any, output: Any) -> None:
        """Forget the layer that ends."""
        del part, inputs, output
        self._stack.pop()

    def call(self, function: Any, arguments: tuple, named: dict[str, Any]) -> Any:
        """What PyTorch calls in place of a function of a traced tensor."""
        torch, kind = self._torch, _traced_class(self._torch)
        name = _name_of(function)
        with torch._C.DisableTorchFunctionSubclass():
            real = function(*_plain(kind, arguments), **_plain(kind, named))
            if name in FACTS:
                return real
            try:
                found, final = self._result(name, function, arguments, named, real)
                self.builder.limit(sum(t.size for t in _expressions(found)))
            except (ValueError, LookupError, TypeError, ArithmeticError) as error:
                if isinstance(error, ModelError):
                    raise
                raise self._refused(name, one_line(error)) from error
            if _works_in_place(name) or named.get("inplace"):
                arguments[0].expression, arguments[0].final = found, final
                return arguments[0]
            return self._wrapped(found, real, final)

    def _result(
        self, name: str, function: Any, arguments: tuple, named: dict, real: Any
    ) -> "tuple[Any, Final | None]":
        """Expressions of what a function gives, and a final activation of it."""
        torch = self._torch
        finals = [t.final for t in _traced(torch, (arguments, named)) if t.final]
        if finals:
            raise finals[0].refusal(f"and {name} follows")
        plain = name if name.startswith("__") else name.removesuffix("_")
        if plain in MOVES:
            return self._move(function, arguments, named), None
        if plain in SAME:
            self._check_same(name, arguments[0], real)
            return arguments[0].expression, None
        if plain in FINAL:
            _check_final(plain, arguments[0], arguments[1:], named)
            return arguments[0].expression, Final(plain, self._place())
        if plain not in COMPUTES:
            raise self._refused(name)
        values, settings = _values(torch, arguments), _values(torch, named)
        if _is_single(torch, real):
            values, settings = _rounded(values), _rounded(settings)
        return COMPUTES[plain](self.builder, *values, **settings), None

    def _move(self, function: Any, arguments: tuple, named: dict[str, Any]) -> Any:
        """The entries that a function moves, found by moving their positions."""
        torch = self._torch
        tensors = _tensors(torch, (arguments, named))
        row, positions = in_a_row([self._expression(tensor) for tensor in tensors])
        table = {
            id(t): torch.as_tensor(p) for t, p in zip(tensors, positions, strict=True)
        }
        found = function(*_replace(arguments, table), **_replace(named, table))
        if isinstance(found, torch.Tensor):
            return row.select(found.numpy())
        return [row.select(part.numpy()) for part in found]

    def _expression(self, tensor: Any) -> Expression:
        """The entries of a traced tensor, or of one that depends on no input."""
        value = _values(self._torch, tensor)
        return value if isinstance(value, Expression) else constant(value)

    def _wrapped(self, found: Any, real: Any, final: "Final | None") -> Any:
        """Tensors that go on writing down what is done to them."""
        kind = _traced_class(self._torch)
        if isinstance(found, Extreme):
            return Extreme(self._wrapped(found.values, real[0], final))
        if isinstance(found, list):
            pairs = zip(found, real, strict=True)
            return type(real)(self._wrapped(f, r, final) for f, r in pairs)
        if found.shape != tuple(real.shape):
            raise ModelError(
                f"{self._place()} gives shape {tuple(real.shape)}, read as "
                f"{found.shape}: please report it."
            )
        tensor = real.as_subclass(kind)
        tensor.program, tensor.expression, tensor.final = self, found, final
        return tensor

    def _check_same(self, name: str, tensor: Any, real: Any) -> None:
        """Raise where a function rounds or drops numbers after all."""
        torch = self._torch
        if torch.promote_types(real.dtype, tensor.dtype) != real.dtype:
            raise self._refused(name, f"which rounds to {real.dtype}")
        if "dropout" in name and not torch.equal(real, _plain(type(tensor), tensor)):
            raise self._refused(name, "also in evaluation")

    def _refused(self, name: str, why: str = "") -> ModelError:
        """The refusal of a function."""
        return Final(name, self._place()).refusal(why)

    def _place(self) -> str:
        """The layer that runs now."""
        whole = type(self._module).__name__
        part = self._stack[-1] if self._stack else self._module
        name = self._names.get(id(part), "")
        return f"{whole}: layer {name!r} ({type(part).__name__})" if name else whole


@functools.cache
def _traced_class(torch: Any) -> Any:
    """The class of tensors that write down what is done to them."""

    class Traced(torch.Tensor):
        """A tensor with the expression of its entries.

        Attributes:
            program: Which run it belongs to.
            expression: Its entries.
            final: A final activation that `expression` leaves out, or None.
        """

        @classmethod
        def __torch_function__(
            cls, function: Any, types: Any, arguments: Any = (), named: Any = None
        ):
            """Run the function on expressions as well."""
            del types
            tensors = _traced(torch, (arguments, named or {}))
            if not hasattr(tensors[0], "program"):  # while it is made
                with torch._C.DisableTorchFunctionSubclass():
                    return function(*arguments, **(named or {}))
            return tensors[0].program.call(function, arguments, named or {})

    return Traced


def _name_of(function: Any) -> str:
    """Name of a function of PyTorch; that of the attribute for one that is read."""
    name = str(getattr(function, "__name__", function))
    if name == "__get__":
        return str(getattr(function.__self__, "__name__", name))
    return name


def _works_in_place(name: str) -> bool:
    """Whether a function changes its first argument: `relu_`, `__iadd__`."""
    if name.startswith("__"):
        return name in ("__iadd__", "__isub__", "__imul__", "__itruediv__")
    return name.endswith("_")


def _traced(torch: Any, node: Any) -> list[Any]:
    """All traced tensors among arguments, each once."""
    kind = _traced_class(torch)
    if isinstance(node, kind):
        return [node]
    if isinstance(node, dict):
        node = list(node.values())
    if isinstance(node, list | tuple):
        found = {id(t): t for part in node for t in _traced(torch, part)}
        return list(found.values())
    return []


def _tensors(torch: Any, node: Any) -> list[Any]:
    """All tensors of floats among arguments, each once."""
    if isinstance(node, torch.Tensor):
        return [node] if node.is_floating_point() else []
    if isinstance(node, dict):
        node = list(node.values())
    if isinstance(node, list | tuple):
        found = {id(t): t for part in node for t in _tensors(torch, part)}
        return list(found.values())
    return []


def _replace(node: Any, table: dict[int, Any]) -> Any:
    """Arguments with tensors exchanged."""
    if id(node) in table:
        return table[id(node)]
    if isinstance(node, dict):
        return {key: _replace(value, table) for key, value in node.items()}
    if isinstance(node, list | tuple):
        return type(node)(_replace(value, table) for value in node)
    return node


def _plain(kind: Any, node: Any) -> Any:
    """Arguments with traced tensors as plain ones."""
    if isinstance(node, kind):
        return node.as_subclass(kind.__base__)
    if isinstance(node, dict):
        return {key: _plain(kind, value) for key, value in node.items()}
    if isinstance(node, list | tuple) and not hasattr(node, "_fields"):
        return type(node)(_plain(kind, value) for value in node)
    return node


def _values(torch: Any, node: Any) -> Any:
    """Arguments as handlers take them: expressions, arrays, numbers."""
    if isinstance(node, _traced_class(torch)):
        return node.expression
    if isinstance(node, torch.Tensor):
        tensor = node.detach().cpu()
        floats = tensor.is_floating_point()
        return (tensor.to(torch.float64) if floats else tensor).numpy()
    if isinstance(node, dict):
        return {key: _values(torch, value) for key, value in node.items()}
    if isinstance(node, tuple) and not isinstance(node, torch.Size):
        return tuple(_values(torch, value) for value in node)
    return node


def _rounded(node: Any) -> Any:
    """Python's numbers as float32, in which PyTorch takes them."""
    if isinstance(node, float):
        return float(np.float32(node))
    if isinstance(node, dict):
        return {key: _rounded(value) for key, value in node.items()}
    if isinstance(node, tuple):
        return tuple(_rounded(value) for value in node)
    return node


def _is_single(torch: Any, real: Any) -> bool:
    """Whether a result is computed in float32."""
    tensor = real if isinstance(real, torch.Tensor) else real[0]
    return tensor.dtype != torch.float64


def _expressions(found: Any) -> list[Expression]:
    """All expressions of a result."""
    if isinstance(found, Expression):
        return [found]
    parts = found[:1] if isinstance(found, Extreme) else found
    return [part for part in parts if isinstance(part, Expression)]


def _check_final(
    name: str, tensor: Any, more: Sequence[Any], named: dict[str, Any]
) -> None:
    """Raise where a softmax does not act on one vector."""
    if "softmax" not in name:
        return
    dim = more[0] if more else named.get("dim")
    shape = tensor.expression.shape
    if len(shape) > 2 or dim not in (-1, len(shape) - 1):
        raise ValueError("which acts on no vector of outputs")


def _check(
    torch: Any,
    module: Any,
    network: ReluNetwork,
    shape: tuple[int, ...],
    final: str | None,
) -> None:
    """Compare with the module's own forward pass."""
    sample = _sample(torch, module, shape)

    def reference(points: np.ndarray) -> np.ndarray:
        batch = _sample(torch, module, shape, points)
        return module(batch).detach().cpu().to(torch.float64).numpy()

    check_forward(
        type(module).__name__,
        network,
        reference,
        final=final,
        framework="PyTorch",
        unit_roundoff=max(torch.finfo(sample.dtype).eps / 2, 2.0**-53),
    )
