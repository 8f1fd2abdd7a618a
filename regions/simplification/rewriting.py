"""A network being made smaller, one exact rewriting at a time.

Every rewriting keeps the function, in exact arithmetic and given what is known of the
unit. One that would need a weight that float64 does not have is refused, and nothing
has then changed.
"""

import copy
from collections.abc import Iterator
from fractions import Fraction

import numpy as np

from regions.network import ReluNetwork


class Draft:
    """Layers as blocks by source, with units marked for removal.

    Source 0 is the input and source k the activation of hidden layer k, as counted in
    the network that the draft began with.

    Attributes:
        blocks: For each layer, the matrix by source; rows and columns of removed units
            are zero.
        biases: For each layer, one per unit.
        slopes: For each hidden layer, one per unit.
        alive: For each hidden layer, which units are kept.
    """

    def __init__(self, network: ReluNetwork):
        self.input_dim = network.input_dim
        self.blocks = [
            {source: matrix.copy() for source, matrix in layer.blocks(index)}
            for index, layer in enumerate(network.layers)
        ]
        self.biases = [layer.bias.copy() for layer in network.layers]
        self.slopes = [layer.slopes.copy() for layer in network.hidden]
        self.alive = [np.ones(layer.width, bool) for layer in network.hidden]

    def copy(self) -> "Draft":
        """An independent draft in the same state."""
        return copy.deepcopy(self)

    def units(self, layer: int) -> list[int]:
        """Units of a hidden layer that are kept so far."""
        return np.flatnonzero(self.alive[layer]).tolist()

    def row(self, layer: int, unit: int) -> list[Fraction]:
        """All weights of a unit and its bias, in one order for all units of a layer."""
        weights = [
            float(v) for _, m in sorted(self.blocks[layer].items()) for v in m[unit]
        ]
        return [Fraction(v) for v in [*weights, float(self.biases[layer][unit])]]

    def is_read(self, layer: int, unit: int) -> bool:
        """Whether a later layer has a weight on the unit."""
        return any(blocks[:, unit].any() for _, blocks in self._readers(layer))

    def remove(self, layer: int, unit: int) -> None:
        """Take out a unit whose activation is zero, or that nothing reads."""
        for _, block in self._readers(layer):
            block[:, unit] = 0.0
        for matrix in self.blocks[layer].values():
            matrix[unit] = 0.0
        self.biases[layer][unit] = 0.0
        self.alive[layer][unit] = False

    def fold(self, layer: int, unit: int, factor: float) -> bool:
        """Take out a unit with activation `factor * pre`: its readers read its sources.

        Returns:
            Whether all new weights are float64 numbers; if not, nothing has changed.
        """
        changes: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []
        added: list[tuple[int, int, np.ndarray]] = []
        for reader, block in self._readers(layer):
            rows = np.flatnonzero(block[:, unit])
            scale = [Fraction(factor) * Fraction(float(v)) for v in block[rows, unit]]
            bias = self.biases[reader]
            shifted = _axpy(bias[rows, None], scale, self.biases[layer][unit, None])
            if shifted is None:
                return False
            changes.append((bias[:, None], rows, shifted))
            for source, weights in self.blocks[layer].items():
                columns = np.flatnonzero(weights[unit])
                if not len(rows) or not len(columns):
                    continue
                held = self.blocks[reader].get(source)
                if held is None:
                    held = np.zeros((len(bias), weights.shape[1]))
                    added.append((reader, source, held))
                new = _axpy(held[np.ix_(rows, columns)], scale, weights[unit, columns])
                if new is None:
                    return False
                full = held[rows]
                full[:, columns] = new
                changes.append((held, rows, full))
        for target, rows, values in changes:
            target[rows] = values
        for reader, source, held in added:
            self.blocks[reader][source] = held
        self.remove(layer, unit)
        return True

    def linearize(self, layer: int, unit: int, factor: float) -> bool:
        """Give slope 1 to a unit with activation `factor * pre`.

        Its own weights are scaled, or else those on it.

        Returns:
            Whether the scaled weights are float64 numbers; if not, nothing has changed.
        """
        row = [matrix[unit] for matrix in self.blocks[layer].values()]
        row.append(self.biases[layer][unit : unit + 1])
        column = [block[:, unit] for _, block in self._readers(layer)]
        for views in (row, column):
            scaled = [_scaled(view, factor) for view in views]
            if all(values is not None for values in scaled):
                for view, values in zip(views, scaled, strict=True):
                    view[:] = values
                self.slopes[layer][unit] = 1.0
                return True
        return False

    def merge(self, layer: int, unit: int, into: int, factor: Fraction) -> bool:
        """Take out a unit whose activation is `factor` times that of another.

        Returns:
            Whether the sums of weights are float64 numbers; if not, nothing changed.
        """
        sums = []
        for _, block in self._readers(layer):
            new = _axpy(block[:, [into]], [factor] * len(block), block[:, unit], True)
            if new is None:
                return False
            sums.append((block, new[:, 0]))
        for block, column in sums:
            block[:, into] = column
        self.remove(layer, unit)
        return True

    def num_parameters(self) -> int:
        """Weights and biases of the network that the draft makes."""
        return num_parameters(self.finish()[0])

    def finish(self) -> tuple[ReluNetwork, list[tuple[int, int]]]:
        """The network of the units kept, and where each hidden unit of it came from."""
        kept = [k for k, alive in enumerate(self.alive) if alive.any()]
        number = {0: 0, **{k + 1: new for new, k in enumerate(kept, 1)}}
        columns = {k + 1: self.alive[k] for k in kept}
        columns[0] = np.ones(self.input_dim, bool)
        weights, biases, skips = [], [], {}
        for new, layer in enumerate([*kept, len(self.alive)]):
            rows = self.alive[layer] if layer < len(self.alive) else slice(None)
            blocks = {
                number[source]: block[rows][:, columns[source]]
                for source, block in self.blocks[layer].items()
                if source in number and block[rows][:, columns[source]].any()
            }
            bias = self.biases[layer][rows]
            width = int(columns[kept[new - 1] + 1 if new else 0].sum())
            weights.append(blocks.pop(new, np.zeros((len(bias), width))))
            biases.append(bias)
            skips[new] = blocks
        slopes = [self.slopes[k][self.alive[k]] for k in kept]
        network = ReluNetwork.from_arrays(weights, biases, slopes, skips=skips)
        return network, [(k, unit) for k in kept for unit in self.units(k)]

    def _readers(self, layer: int) -> Iterator[tuple[int, np.ndarray]]:
        """Layers that read a hidden layer, and the matrices by which they do."""
        for reader in range(layer + 1, len(self.blocks)):
            block = self.blocks[reader].get(layer + 1)
            if block is not None:
                yield reader, block


def num_parameters(network: ReluNetwork) -> int:
    """Entries of all weights, skip blocks and biases."""
    return sum(
        layer.width + sum(matrix.size for _, matrix in layer.blocks(index))
        for index, layer in enumerate(network.layers)
    )


def _axpy(
    held: np.ndarray, scale: list[Fraction], row: np.ndarray, by_row: bool = False
) -> np.ndarray | None:
    """`held[i, j] + scale[i] * row[j]`, exactly, or None if float64 lacks a number.

    With `by_row`, `held[i, j] + scale[i] * row[i]`.
    """
    result = np.empty_like(held)
    for i, factor in enumerate(scale):
        for j in range(held.shape[1]):
            term = factor * Fraction(float(row[i if by_row else j]))
            number = exact_float(Fraction(float(held[i, j])) + term)
            if number is None:
                return None
            result[i, j] = number
    return result


def _scaled(values: np.ndarray, factor: float) -> np.ndarray | None:
    """`factor * values`, exactly, or None if float64 lacks a number."""
    products = [exact_float(Fraction(factor) * Fraction(float(v))) for v in values]
    if any(product is None for product in products):
        return None
    return np.array(products, np.float64)


def exact_float(value: Fraction) -> float | None:
    """The float64 equal to `value`, or None if there is none.

    Example:
        >>> exact_float(Fraction(3, 4)), exact_float(Fraction(1, 3))
        (0.75, None)
    """
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if Fraction(number) == value else None
