"""One layer of a Keras model: its configuration, its variables, what it reads."""

import dataclasses
from typing import Any

import numpy as np

from regions.io.graph import Expression, GraphBuilder


@dataclasses.dataclass(frozen=True, slots=True)
class KerasLayer:
    """One layer with its inputs.

    Attributes:
        name: Its name in the model.
        where: File, position, name and class, for messages.
        kind: Its class.
        config: Its configuration.
        inputs: What it reads.
        weights: Its variables, in Keras's order.
        builder: Where hidden layers go.
        version: Version of Keras that wrote the model, such as 3; None if not known.
    """

    name: str
    where: str
    kind: str
    config: dict[str, Any]
    inputs: list[Expression]
    weights: list[np.ndarray]
    builder: GraphBuilder
    version: int | None = None

    def variables(self, count: int) -> list[np.ndarray]:
        """The layer's variables, which must be that many."""
        if len(self.weights) != count:
            raise ValueError(f"{len(self.weights)} weights found, {count} required")
        return self.weights

    def number(self, key: str, *, old: str = "") -> float:
        """A number of the configuration in the precision that the layer runs in.

        Args:
            key: Its name.
            old: Its name in older versions.
        """
        value = self.config[old if key not in self.config and old else key]
        if isinstance(value, dict):  # an array of NumPy
            value = np.asarray(value["config"]["value"]).reshape(())
        policy = self.config.get("dtype")
        name = policy["config"]["name"] if isinstance(policy, dict) else policy
        return float(value) if name == "float64" else float(np.float32(value))

    def activation_name(self) -> str:
        """The activation applied after the layer's own work."""
        if self.kind == "Softmax":
            return "softmax"
        name = self.config.get("activation") or "linear"
        if isinstance(name, dict):
            kind = name.get("class_name")
            name = name.get("config") if kind == "function" else kind
        return str(name)
