"""One ONNX node with its inputs, in terms of a single sample.

Axes in ONNX count the batch axis, which expressions leave out; the helpers of
`Operation` translate. Constant operands are taken over exactly.
"""

import dataclasses
from typing import Any

import numpy as np

from regions.io.graph import Expression, GraphBuilder
from regions.io.spatial import Window

Value = Expression | np.ndarray | None

FINAL_OPS = {"Softmax": "softmax", "LogSoftmax": "log_softmax", "Sigmoid": "sigmoid"}
"""Operations that are dropped at the output and refused elsewhere."""


@dataclasses.dataclass(frozen=True, slots=True)
class Operation:
    """One node with its inputs.

    Attributes:
        node: The protobuf node.
        attributes: Its attributes by name.
        inputs: Values of its inputs; None where one is left out.
        builder: Where hidden layers go.
        batch: Declared size of the batch axis, 0 when free.
    """

    node: Any
    attributes: dict[str, Any]
    inputs: list[Value]
    builder: GraphBuilder
    batch: int

    def get(self, name: str, default: Any = None) -> Any:
        """An attribute."""
        return self.attributes.get(name, default)

    def tensor(self, index: int = 0) -> Expression:
        """An input that depends on the network's input."""
        value = self.inputs[index] if index < len(self.inputs) else None
        if not isinstance(value, Expression):
            raise ValueError(f"input {index} is a constant")
        return value

    def constant(self, index: int) -> np.ndarray | None:
        """A constant input as float64 (or integers), None when left out."""
        value = self.inputs[index] if index < len(self.inputs) else None
        if isinstance(value, Expression):
            raise ValueError(f"input {index} is not a constant")
        if value is None or value.dtype.kind in "iub":
            return value
        return value.astype(np.float64)

    def required(self, index: int) -> np.ndarray:
        """A constant input that must be there."""
        value = self.constant(index)
        if value is None:
            raise ValueError(f"input {index} is missing")
        return value

    def setting(self, name: str, index: int) -> np.ndarray | None:
        """What older versions call attribute `name` and newer ones input `index`."""
        if name in self.attributes:
            return np.asarray(self.attributes[name])
        return self.constant(index)

    def axis(self, axis: int) -> int:
        """An axis without the batch axis counted."""
        rank = len(self.tensor().shape) + 1
        axis = int(axis) + rank if axis < 0 else int(axis)
        if not 1 <= axis < rank:
            raise ValueError(f"axis {axis} is the batch axis or does not exist")
        return axis - 1

    def aligned(self, constant: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
        """A constant operand broadcast to the shape of one sample."""
        if constant.ndim > len(shape):
            if constant.shape[0] != 1:
                raise ValueError(f"a constant of shape {constant.shape} spans batches")
            constant = constant[0]
        return np.broadcast_to(constant, shape)

    def window(self, kernel: tuple[int, ...]) -> Window:
        """The sliding window of a convolution or pooling."""
        rank, spatial = len(kernel), self.tensor().shape[1:]
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
        ceil = bool(self.get("ceil_mode", 0))
        return Window(kernel, strides, before, after, dilations, ceil)

    def drop_final(self) -> str:
        """Name of the softmax or sigmoid that this is, over a vector of outputs."""
        if self.node.op_type != "Sigmoid":
            if len(self.tensor().shape) != 1:
                raise ValueError("it must act on a vector of outputs")
            self.axis(self.get("axis", -1))
        return FINAL_OPS[self.node.op_type]
