"""The networks whose regions are counted: piecewise-affine, float64, immutable.

Conventions, fixed here for the whole project. Hidden layer l computes
`pre_l = W_l h_{l-1} + b_l` with `W_l` of shape `(fan_out, fan_in)`, plus one term
`S h_k` per skip block, where `h_0` is the input and `h_k` the activation of hidden
layer k. The activation is `h_l = max(pre_l, 0) + slope_l * min(pre_l, 0)`. The last
layer is affine. A unit is *on* where `pre > 0`; a tie is off. A unit of slope exactly 1
makes no kink and takes no bit.
"""

import dataclasses
import itertools
import reprlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing
from jaxtyping import Bool, Float64, Int

from regions.errors.arguments import kinds_checked

# Sequences and numbers are named for the run-time checks, which do not take an int
# for a complex, as NumPy's own alias would have them do.
ArrayLike = numpy.typing.ArrayLike | Sequence[Any] | float
"""Whatever `np.asarray` reads: arrays of any library, nested lists, numbers."""


def as_array(value: ArrayLike) -> np.ndarray:
    """Numbers of any library as an array; those of PyTorch may have gradients.

    Example:
        >>> as_array([1, 2])
        array([1, 2])
    """
    detach = getattr(value, "detach", None)
    return np.asarray(value if detach is None else detach().cpu())


def as_numbers(value: ArrayLike, name: str) -> np.ndarray:
    """A float64 copy of what was given.

    Raises:
        ValueError: If it is none of numbers; the message says `name`.

    Example:
        >>> as_numbers([1, 2], "x")
        array([1., 2.])
    """
    try:
        array = as_array(value)
        if array.dtype.kind == "c":
            raise TypeError("complex numbers are not real")
        return np.array(array, np.float64)
    except OverflowError as error:
        raise ValueError(
            f"`{name}` is {reprlib.repr(value)}: at most 1.8e308 is required, the "
            "largest number of float64."
        ) from error
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"`{name}` is {reprlib.repr(value)}: real numbers are required, as many in "
            "each row."
        ) from error


def equal_arrays(a: Any, b: Any) -> bool:
    """Whether values made of tuples and arrays hold the same numbers.

    Example:
        >>> equal_arrays((np.ones(2), 1), (np.ones(2), 1)), equal_arrays(np.ones(2), 1)
        (True, False)
    """
    if isinstance(a, tuple):
        return (
            isinstance(b, tuple) and len(a) == len(b) and all(map(equal_arrays, a, b))
        )
    return np.shape(a) == np.shape(b) and bool(np.array_equal(a, b))


def _finite_array(value: ArrayLike, name: str, ndim: int) -> np.ndarray:
    """A read-only float64 copy of `value`, which must be finite with `ndim` axes."""
    raw = as_array(value)
    if raw.dtype.kind not in "fiub" and raw.dtype.name != "bfloat16":
        raise ValueError(
            f"`{name}` has dtype {raw.dtype}; real numbers are required: convert it "
            "to float32 or float64."
        )
    if raw.ndim != ndim:
        raise ValueError(
            f"`{name}` has shape {raw.shape}; an array with {ndim} "
            f"{'axis' if ndim == 1 else 'axes'} is required."
        )
    array = np.array(raw, dtype=np.float64)
    if raw.dtype.kind in "iu" and not fits_float64(raw):
        raise ValueError(
            f"`{name}` holds integers beyond 2^53, which float64 cannot represent: "
            "scale them down."
        )
    bad = array.size - int(np.isfinite(array).sum())
    if bad:
        where = tuple(int(i) for i in np.argwhere(~np.isfinite(array))[0])
        raise ValueError(
            f"`{name}` holds {bad} value{'s' * (bad > 1)} that "
            f"{'are' if bad > 1 else 'is'} NaN or infinite, the first at {where}: "
            "every weight must be finite."
        )
    array.setflags(write=False)
    return array


def fits_float64(raw: np.ndarray) -> bool:
    """Whether float64 holds all these integers: odd parts of at most 53 bits."""
    if raw.size == 0 or max(int(raw.max()), -int(raw.min())) <= 2**53:
        return True
    wide = raw.astype(np.uint64)
    size = np.where(raw < 0, -wide, wide)  # -2^63 has this size, too
    size = size[size > 2**53]
    lowest = size & -size  # the lowest bit that is set
    return bool(np.all(size // lowest <= 2**53))


@dataclasses.dataclass(frozen=True, slots=True, eq=False, repr=False)
class Layer:
    """One affine layer with its activation.

    Attributes:
        weight: Matrix `(fan_out, fan_in)` that reads the previous layer.
        bias: Vector `(fan_out,)`.
        slopes: Slope of each unit below zero, `(fan_out,)`; all ones for the output.
        skips: Pairs `(source, matrix)` for skip blocks: source 0 is the network's
            input, source k the activation of hidden layer k, before the previous one.

    Example:
        >>> layer = Layer(np.eye(2), np.zeros(2), np.array([0.0, 1.0]))
        >>> layer.activate(np.array([-3.0, -3.0])), layer.kinks
        (array([-0., -3.]), array([ True, False]))
    """

    weight: Float64[np.ndarray, "fan_out fan_in"]
    bias: Float64[np.ndarray, " fan_out"]
    slopes: Float64[np.ndarray, " fan_out"]
    skips: tuple[tuple[int, np.ndarray], ...] = ()

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Layer):
            return NotImplemented
        return self is other or equal_arrays(
            (self.weight, self.bias, self.slopes, self.skips),
            (other.weight, other.bias, other.slopes, other.skips),
        )

    def __hash__(self) -> int:
        return hash((self.weight.shape, len(self.skips)))

    def __repr__(self) -> str:
        fan_out, fan_in = self.weight.shape
        skips = f", skips from {[s for s, _ in self.skips]}" if self.skips else ""
        return f"Layer({fan_in} -> {fan_out}{skips})"

    @property
    def width(self) -> int:
        """Number of units."""
        return len(self.bias)

    @property
    def kinks(self) -> Bool[np.ndarray, " fan_out"]:
        """Which units have a kink, that is a slope other than 1."""
        return self.slopes != 1.0

    def blocks(self, index: int) -> list[tuple[int, np.ndarray]]:
        """Pairs `(source, matrix)` of all that this layer reads, as layer `index`."""
        return [(index, self.weight), *self.skips]

    def activate(self, pre: np.ndarray) -> np.ndarray:
        """`max(pre, 0) + slopes * min(pre, 0)`, units along the last axis."""
        return np.where(pre > 0.0, pre, self.slopes * pre)


@dataclasses.dataclass(frozen=True, slots=True, eq=False, repr=False)
class ReluNetwork:
    """A piecewise-affine network: hidden layers with kinks, then an affine layer.

    Build one with `from_arrays`, which checks everything, or with
    `regions.load_network`.

    Attributes:
        hidden: The hidden layers, first to last; may be empty.
        output: The affine last layer.

    Example:
        >>> net = ReluNetwork.from_arrays([np.eye(2), [[1.0, 1.0]]], None)
        >>> net.widths, net.num_bits, net.units
        ((2,), 2, [(0, 0), (0, 1)])
        >>> net.patterns(np.array([[0.5, -1.0], [0.0, 3.0]]))  # a tie is off
        array([[ True, False],
               [False,  True]])
    """

    hidden: tuple[Layer, ...]
    output: Layer

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, ReluNetwork):
            return NotImplemented
        return self is other or self.layers == other.layers

    def __hash__(self) -> int:
        return hash(self.layers)

    def __repr__(self) -> str:
        sizes = "-".join(map(str, (self.input_dim, *self.widths, self.output_dim)))
        skips = ", with skips" if self.has_skips else ""
        return f"ReluNetwork({sizes}, {self.num_bits} bits{skips})"

    @classmethod
    @kinds_checked
    def from_arrays(
        cls,
        weights: Sequence[ArrayLike],
        biases: Sequence[ArrayLike | None] | None = None,
        slopes: float | Sequence[ArrayLike] = 0.0,
        *,
        skips: Mapping[int, Mapping[int, ArrayLike]] | None = None,
    ) -> "ReluNetwork":
        """A network from one weight matrix and one bias vector per layer.

        float32 and integer entries are taken over exactly.

        Args:
            weights: Matrices `(fan_out, fan_in)`, the affine last layer included.
            biases: Vectors `(fan_out,)`; `None`, whole or per layer, means no bias.
            slopes: Slope below zero of the hidden units: one number for all, or one
                number or vector per hidden layer (leaky ReLU, PReLU). 0 is ReLU.
            skips: Skip blocks, `skips[layer][source] = matrix`: layer counts from 0
                as `weights` does, source 0 is the input and source k the activation
                of hidden layer k (counted from 1).

        Raises:
            ValueError: If shapes do not fit, a layer is empty, or a number is not
                finite. The message names the argument.

        Example:
            >>> net = ReluNetwork.from_arrays([[[1.0, 0.0]], [[2.0]]], [[-0.5], [0.0]])
            >>> net(np.array([[1.0, 0.0]]))
            array([[1.]])
        """
        if len(weights) == 0:
            raise ValueError("`weights` is empty: at least the last layer is required.")
        if biases is None:
            biases = [None] * len(weights)
        if len(biases) != len(weights):
            raise ValueError(
                f"`biases` has {len(biases)} entries and `weights` has {len(weights)}: "
                "one per layer is required (None for a layer without bias)."
            )
        matrices = [_finite_array(w, f"weights[{i}]", 2) for i, w in enumerate(weights)]
        _refuse_transposed(matrices, biases)
        slope_list = _slope_vectors(slopes, [m.shape[0] for m in matrices[:-1]])
        slope_list.append(np.ones(matrices[-1].shape[0]))
        layers = []
        for i, matrix in enumerate(matrices):
            _check_matrix(matrix, i, matrices)
            given = biases[i]
            bias = _finite_array(
                np.zeros(matrix.shape[0]) if given is None else given, f"biases[{i}]", 1
            )
            if len(bias) != matrix.shape[0]:
                raise ValueError(
                    f"`biases[{i}]` has {len(bias)} entries and `weights[{i}]` has "
                    f"{matrix.shape[0]} rows: they must be equal."
                )
            blocks = _skip_blocks((skips or {}).get(i, {}), i, matrices)
            layers.append(Layer(matrix, bias, slope_list[i], blocks))
        unknown = sorted(set(skips or {}) - set(range(len(matrices))))
        if unknown:
            raise ValueError(
                f"`skips` names layer {unknown[0]}: layers run from 0 to "
                f"{len(matrices) - 1}."
            )
        return cls(tuple(layers[:-1]), layers[-1])

    @property
    def layers(self) -> tuple[Layer, ...]:
        """Hidden layers and output layer."""
        return (*self.hidden, self.output)

    @property
    def input_dim(self) -> int:
        """Dimension of the input."""
        return self.layers[0].weight.shape[1]

    @property
    def output_dim(self) -> int:
        """Number of outputs."""
        return self.output.width

    @property
    def widths(self) -> tuple[int, ...]:
        """Units per hidden layer."""
        return tuple(layer.width for layer in self.hidden)

    @property
    def unit_starts(self) -> Int[np.ndarray, " layers_plus_1"]:
        """Index of the first unit of each hidden layer, and the number of units.

        Hidden units are counted layer by layer, those without a kink included.
        """
        return np.cumsum([0, *self.widths])

    @property
    def kinks(self) -> Bool[np.ndarray, " units"]:
        """Which of all hidden units have a kink, and so a bit in a pattern."""
        kinks = [layer.kinks for layer in self.hidden]
        return np.concatenate([np.zeros(0, bool), *kinks])

    @property
    def num_bits(self) -> int:
        """Length of an activation pattern: the hidden units that make a kink."""
        return int(self.kinks.sum())

    def unit_patterns(
        self, bits: Bool[np.ndarray, "patterns bits"]
    ) -> Bool[np.ndarray, "patterns units"]:
        """Patterns over all hidden units; those without a kink, and so a bit, off."""
        wide = np.zeros((len(bits), self.unit_starts[-1]), bool)
        wide[:, self.kinks] = bits
        return wide

    @property
    def units(self) -> list[tuple[int, int]]:
        """`(layer, unit)` of each bit of a pattern, both counted from 0."""
        return [
            (index, int(unit))
            for index, layer in enumerate(self.hidden)
            for unit in np.flatnonzero(layer.kinks)
        ]

    @property
    def has_skips(self) -> bool:
        """Whether any layer reads more than the previous one."""
        return any(layer.skips for layer in self.layers)

    def pre_activations(
        self, points: Float64[np.ndarray, "*points dim"]
    ) -> list[np.ndarray]:
        """`pre` of every layer at `points`, the output layer last.

        Each entry has shape `(points, width)`, in float64, or `(width,)` for one point.

        Raises:
            ValueError: If `points` is no such array.
        """
        activations, result = [self._points(points)], []
        for index, layer in enumerate(self.layers):
            pre = sum(activations[s] @ m.T for s, m in layer.blocks(index)) + layer.bias
            result.append(pre)
            activations.append(layer.activate(pre))
        return result

    def _points(self, points: Any) -> np.ndarray:
        """One point or several, one a row, as they are."""
        array = points if hasattr(points, "dtype") else np.asarray(points)
        wanted = array.shape[-1:] == (self.input_dim,)
        if not wanted or getattr(array.dtype, "kind", "f") in "USV":
            raise ValueError(
                f"`points` is of shape {tuple(array.shape)} and type {array.dtype}: "
                f"numbers of shape (points, {self.input_dim}) are required, or "
                f"({self.input_dim},) for one point."
            )
        return array

    def patterns(
        self, points: Float64[np.ndarray, "*points dim"]
    ) -> Bool[np.ndarray, "*points bits"]:
        """Activation patterns at `points` in float64, one bool per bit.

        Raises:
            ValueError: If `points` has another shape.
        """
        pres = self.pre_activations(points)
        bits = [
            pre[..., layer.kinks] > 0.0
            for pre, layer in zip(pres[:-1], self.hidden, strict=True)
        ]
        none = np.zeros((*pres[-1].shape[:-1], 0), bool)
        return np.concatenate([none, *bits], axis=-1)

    def __call__(
        self, points: Float64[np.ndarray, "*points dim"]
    ) -> Float64[np.ndarray, "*points outputs"]:
        """Outputs at `points`."""
        return self.pre_activations(points)[-1]

    def restrict(
        self,
        origin: Float64[np.ndarray, " dim"],
        directions: Float64[np.ndarray, "slice_dim dim"],
    ) -> "ReluNetwork":
        """The network on the slice `x = origin + t @ directions`, as a network of t.

        The new first layer is rounded to float64, to infinity where it overflows; exact
        code composes the slice and the network in rational arithmetic instead
        (`regions.signs.exact`).
        """
        layers = []
        for index, layer in enumerate(self.layers):
            bias, blocks = layer.bias, []
            for source, matrix in layer.blocks(index):
                if source == 0:
                    with np.errstate(over="ignore", invalid="ignore"):
                        bias = bias + matrix @ origin
                        blocks.append((0, matrix @ directions.T))
                else:
                    blocks.append((source, matrix))
            (_, weight), *skips = blocks
            layers.append(Layer(weight, bias, layer.slopes, tuple(skips)))
        return ReluNetwork(tuple(layers[:-1]), layers[-1])


def _refuse_transposed(
    matrices: list[np.ndarray], biases: Sequence[ArrayLike | None]
) -> None:
    """Raise where matrices form a chain only if they are turned around."""
    shapes = [matrix.shape for matrix in matrices]
    sizes = [None if b is None else np.size(as_array(b)) for b in biases]

    def fits(shapes: list[tuple[int, ...]]) -> bool:
        pairs = itertools.pairwise(shapes)
        return all(a[0] == b[1] for a, b in pairs) and all(
            size in (None, shape[0]) for size, shape in zip(sizes, shapes, strict=True)
        )

    if not fits(shapes) and fits([shape[::-1] for shape in shapes]):
        raise ValueError(
            f"`weights` of shapes {shapes} are transposed: write W.T for each, since "
            "weights are (fan_out, fan_in), and those of Flax and Keras are not."
        )


def _check_matrix(matrix: np.ndarray, index: int, matrices: list[np.ndarray]) -> None:
    """Raise unless layer `index` is not empty and fits the one before it."""
    if 0 in matrix.shape:
        raise ValueError(
            f"`weights[{index}]` has shape {matrix.shape}: a layer needs at least one "
            "unit and one input."
        )
    if index and matrix.shape[1] != matrices[index - 1].shape[0]:
        raise ValueError(
            f"`weights[{index}]` has shape {matrix.shape} but the layer before it has "
            f"{matrices[index - 1].shape[0]} units: weights are (fan_out, fan_in); "
            "transpose them if they come from Flax or Keras."
        )


def _slope_vectors(
    slopes: float | Sequence[ArrayLike], widths: list[int]
) -> list[np.ndarray]:
    """One vector of slopes per hidden layer."""
    if np.isscalar(slopes) or (isinstance(slopes, np.ndarray) and not slopes.ndim):
        slopes = [np.asarray(slopes)] * len(widths)
    assert isinstance(slopes, (Sequence, np.ndarray))
    if len(slopes) != len(widths):
        raise ValueError(
            f"`slopes` has {len(slopes)} entries for {len(widths)} hidden layers: give "
            "one number for all, or one entry per hidden layer."
        )
    vectors = []
    for i, (entry, width) in enumerate(zip(slopes, widths, strict=True)):
        ndim = np.ndim(np.asarray(entry))
        vector = _finite_array(entry, f"slopes[{i}]", min(ndim, 1))
        if ndim and len(vector) not in (1, width):
            raise ValueError(
                f"`slopes[{i}]` has {len(vector)} entries for {width} units: give one "
                "number, or one per unit."
            )
        full = np.broadcast_to(vector, (width,)).copy()
        full.setflags(write=False)
        vectors.append(full)
    return vectors


def _skip_blocks(
    blocks: Mapping[int, ArrayLike], index: int, matrices: list[np.ndarray]
) -> tuple[tuple[int, np.ndarray], ...]:
    """Checked skip blocks of layer `index`, sorted by source."""
    sizes = [matrices[0].shape[1], *(m.shape[0] for m in matrices[:-1])]
    checked = []
    for source in sorted(blocks):
        if not 0 <= source < index:
            raise ValueError(
                f"`skips[{index}]` reads source {source}: layer {index} may read "
                f"sources 0 (the input) to {index - 1}; the activation before it is "
                "read by its weight."
            )
        name = f"skips[{index}][{source}]"
        matrix = _finite_array(blocks[source], name, 2)
        required = (matrices[index].shape[0], sizes[source])
        if matrix.shape != required:
            raise ValueError(f"`{name}` has shape {matrix.shape}; {required} required.")
        checked.append((int(source), matrix))
    return tuple(checked)


def check_network(network: Any, name: str = "network") -> None:
    """Raise unless a value is a `ReluNetwork`; where models are not read.

    Raises:
        TypeError: If it is none, with what to write instead.
    """
    if not isinstance(network, ReluNetwork):
        raise TypeError(
            f"`{name}` is a {type(network).__name__}: a ReluNetwork is required, such "
            "as regions.as_network makes of a model."
        )
