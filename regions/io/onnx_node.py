"""One ONNX node with its inputs, in terms of a single sample.

A model with a batch axis is read for one sample: expressions leave that axis out, and
the helpers of `Operation` translate the axes of ONNX, which count it. A model whose
first axis is 1, or that has no batch axis, is read as it stands. Constant operands are
taken over exactly.
"""

import dataclasses
import math
from typing import Any

import numpy as np

from regions.io.graph import Expression, GraphBuilder, broadcast
from regions.io.spatial import Window
from regions.network import fits_float64

LEGACY = 7
"""From this opset on, operands are broadcast as NumPy does."""


@dataclasses.dataclass(frozen=True, slots=True)
class Condition:
    """Where a tensor is positive (or, negated, where it is not).

    What happens at 0 is left open: `Where` takes a condition only if both sides
    agree there.

    Attributes:
        tensor: What is compared with 0.
        negated: Whether the condition is that it is below 0.
    """

    tensor: Expression
    negated: bool


Value = Expression | Condition | np.ndarray | None

FINAL_OPS = {
    "Softmax": "softmax",
    "LogSoftmax": "log_softmax",
    "Sigmoid": "sigmoid",
    "Tanh": "tanh",
}
"""Operations that are dropped at the output and refused elsewhere."""


@dataclasses.dataclass(frozen=True, slots=True)
class Operation:
    """One node with its inputs.

    Attributes:
        node: The protobuf node.
        attributes: Its attributes by name.
        inputs: Values of its inputs; None where one is left out.
        builder: Where hidden layers go.
        opset: Version of the operations.
        lead: Number of axes that expressions leave out: 1 with a batch axis.
        batch: Declared size of the batch axis, 0 when free.
        multiples: Tensors that are a constant times another, by the identity of their
            expression: itself, the other one, and the factors.
    """

    node: Any
    attributes: dict[str, Any]
    inputs: list[Value]
    builder: GraphBuilder
    opset: int = LEGACY
    lead: int = 1
    batch: int = 0
    multiples: dict[int, tuple[Expression, Expression, np.ndarray]] = dataclasses.field(
        default_factory=dict
    )

    def get(self, name: str, default: Any = None) -> Any:
        """An attribute."""
        return self.attributes.get(name, default)

    def tensor(self, index: int = 0) -> Expression:
        """An input that depends on the network's input."""
        value = self.inputs[index] if index < len(self.inputs) else None
        if not isinstance(value, Expression):
            raise ValueError(f"input {index} is a constant or a condition")
        return value

    def constant(self, index: int) -> np.ndarray | None:
        """A constant input as it is stored, None when left out."""
        value = self.inputs[index] if index < len(self.inputs) else None
        if value is not None and not isinstance(value, np.ndarray):
            raise ValueError(f"input {index} is not a constant")
        return value

    def weight(self, index: int) -> np.ndarray | None:
        """A constant input as float64, None when left out."""
        value = self.constant(index)
        if value is None:
            return None
        if value.dtype.kind in "iu" and not fits_float64(value):
            raise ValueError(f"input {index} holds integers beyond 2^53: scale it down")
        return value.astype(np.float64)

    def required(self, index: int) -> np.ndarray:
        """A constant input that must be there, as float64."""
        value = self.weight(index)
        if value is None:
            raise ValueError(f"input {index} is missing")
        return value

    def setting(self, name: str, index: int) -> np.ndarray | None:
        """What older versions call attribute `name` and newer ones input `index`."""
        if name in self.attributes:
            return np.asarray(self.attributes[name])
        return self.constant(index)

    def integers(self, name: str, index: int) -> list[int]:
        """A setting of integers that must be there."""
        value = self.setting(name, index)
        if value is None:
            raise ValueError(f"its {name} must be named")
        return [int(entry) for entry in value.reshape(-1).tolist()]

    def axis(self, axis: int, rank: int | None = None) -> int:
        """An axis without the batch axis counted."""
        rank = len(self.tensor().shape) + self.lead if rank is None else rank
        axis = int(axis) + rank if axis < 0 else int(axis)
        if not self.lead <= axis < rank:
            raise ValueError(f"axis {axis} is the batch axis or does not exist")
        return axis - self.lead

    def axes(self) -> list[int]:
        """The axes that are reduced; all of them when none is named."""
        given = self.setting("axes", 1)
        if given is not None and given.size:
            return [self.axis(a) for a in given.reshape(-1).tolist()]
        if self.lead or self.get("noop_with_empty_axes", 0):
            raise ValueError("its axes must be named")
        return list(range(len(self.tensor().shape)))

    def aligned(self, constant: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
        """A constant operand broadcast to the shape of one sample."""
        return np.broadcast_to(self._without_batch(constant, shape), shape)

    def meet(
        self, tensor: Expression, constant: np.ndarray
    ) -> tuple[Expression, np.ndarray]:
        """A tensor and a constant, both broadcast to the shape of their result."""
        if self.opset < LEGACY:
            constant = self._by_axis(tensor, constant)
        constant = self._without_batch(constant, tensor.shape)
        shape = np.broadcast_shapes(tensor.shape, constant.shape)
        self.builder.limit(math.prod(shape))
        return broadcast(tensor, shape), np.broadcast_to(constant, shape)

    def _without_batch(
        self, constant: np.ndarray, shape: tuple[int, ...]
    ) -> np.ndarray:
        """A constant without the axis that meets the batch axis."""
        if self.lead and constant.ndim > len(shape):
            if constant.shape[0] != 1 or constant.ndim > len(shape) + 1:
                raise ValueError(f"a constant of shape {constant.shape} spans batches")
            return constant[0]
        return constant

    def _by_axis(self, tensor: Expression, constant: np.ndarray) -> np.ndarray:
        """A second operand as opsets before 7 align it: from an axis that is named."""
        rank = len(tensor.shape) + self.lead
        if not self.get("broadcast", 0):
            if constant.ndim != rank:
                raise ValueError("its operands have two shapes and no broadcast")
            return constant
        axis = self.get("axis", rank - constant.ndim)
        after = rank - int(axis) - constant.ndim
        if not 0 <= axis <= rank or after < 0:
            raise ValueError(f"axis {axis} does not exist")
        return constant.reshape(constant.shape + (1,) * after)

    def window(self, kernel: tuple[int, ...], spatial: tuple[int, ...]) -> Window:
        """The sliding window of a convolution or pooling."""
        rank = len(kernel)
        strides = tuple(self.get("strides", [1] * rank))
        dilations = tuple(self.get("dilations", [1] * rank))
        mode = self.get("auto_pad", b"NOTSET").decode()
        if min(*kernel, *strides, *dilations) < 1 or len(spatial) != rank:
            raise ValueError(f"kernel {kernel} does not fit shape {spatial}")
        if mode.startswith("SAME"):
            lower = mode == "SAME_LOWER"
            return Window.same(spatial, kernel, strides, dilations, lower=lower)
        pads = self.get("pads", [0] * 2 * rank) if mode == "NOTSET" else [0] * 2 * rank
        before, after = tuple(pads[:rank]), tuple(pads[rank:])
        if len(before) != rank or len(after) != rank or min(pads, default=0) < 0:
            raise ValueError(f"pads {list(pads)} do not fit a kernel {kernel}")
        ceil = bool(self.get("ceil_mode", 0))
        return Window(kernel, strides, before, after, dilations, ceil)

    def sample(self, index: int = 0) -> Expression:
        """A tensor `(channels, *positions)` without its batch axis."""
        x = self.tensor(index)
        if self.lead:
            return x
        if len(x.shape) < 2 or x.shape[0] != 1:
            raise ValueError(f"shape {x.shape} has no batch axis of size 1")
        return x.reshape(x.shape[1:])

    def batched(self, result: Expression) -> Expression:
        """What `sample` gave, with its batch axis back."""
        return result if self.lead else result.reshape((1, *result.shape))

    def drop_final(self) -> str:
        """Name of the softmax, sigmoid or tanh that this is, over all outputs."""
        name, shape = FINAL_OPS[self.node.op_type], self.tensor().shape
        if name in ("softmax", "log_softmax"):
            old = self.opset < 13  # which flattens all axes from `axis` on
            axis = self.axis(self.get("axis", 1 if old else -1))
            reach = shape[axis:] if old else shape[axis : axis + 1]
            if math.prod(reach) != math.prod(shape):
                raise ValueError("it must act on one vector of all outputs")
        return name
