"""What a network sees of a domain of many inputs: its image under one affine map.

Where nothing but the first layer reads the input, all later pre-activations are
functions of `z = W x + b`, and the cells of a box are cells of its image, a zonotope in
as many dimensions as the first layer has units. In the whole space every z is reached
if the rows of W are independent, so that R^width takes the place of the input space.
"""

import dataclasses
from collections.abc import Sequence

import numpy as np
from flint import fmpq, fmpq_mat, nmod_mat
from jaxtyping import Bool, Float64, Int

from regions.domains.shapes import Box, Domain, WholeSpace
from regions.enumeration.tree.homogeneous import homogenized
from regions.network import Layer, ReluNetwork
from regions.signs.exact import dyadic, to_fmpq
from regions.signs.rounding import SAFETY, SMALLEST, gamma

PRIME = 2**61 - 1
"""Rows that are independent modulo a prime are independent."""

MANY = 13
"""From so many dimensions on, programs in the rows are faster than in the inputs."""


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Image:
    """The points `z = M x + m` of the x in a box, and a network that reads z.

    Where `folded`, it reads z with the signs that its first units have, so that one box
    of positive z stands for every orthant.

    Attributes:
        M: The map.
        m: Its offset.
        box: The box.
        network: Its regions on the image, pulled back, are those that are asked for.
        gram: `M M^T`, to find lengths of gradients in x; a hint.
        size: Bound of the absolute value of each coordinate of z, and of the sum of
            absolute values from which it is computed.
        error: Bound of the error of `of`.
        folded: See above; the sum of those z that are read further is above 1/2 then.
    """

    M: Float64[np.ndarray, "width dim"]
    m: Float64[np.ndarray, " width"]
    box: Box
    network: ReluNetwork
    gram: Float64[np.ndarray, "width width"]
    size: Float64[np.ndarray, " width"]
    error: Float64[np.ndarray, " width"]
    folded: bool = False

    @property
    def reach(self) -> Float64[np.ndarray, " dim"]:
        """Largest absolute value of each input."""
        return np.maximum(np.abs(self.box.lower), np.abs(self.box.upper))

    def of(
        self, x: Float64[np.ndarray, "points dim"]
    ) -> Float64[np.ndarray, "points width"]:
        """Images of points, with the error `error`."""
        return x @ self.M.T + self.m

    def bounds(self) -> tuple[np.ndarray, np.ndarray]:
        """Lower and upper ends of each coordinate of z, rounded outward."""
        one, two = self.M * self.box.lower, self.M * self.box.upper
        low = np.minimum(one, two).sum(1) + self.m - 2.0 * self.error
        return low, np.maximum(one, two).sum(1) + self.m + 2.0 * self.error

    def exactly(self, x: list[fmpq]) -> list[fmpq]:
        """The image of a rational point."""
        width, dim = self.M.shape
        product = self.exact_matrix() * fmpq_mat(dim, 1, x)
        return [product[k, 0] + to_fmpq(float(self.m[k])) for k in range(width)]

    def exact_matrix(self) -> fmpq_mat:
        """M in rationals."""
        width, dim = self.M.shape
        return fmpq_mat(width, dim, [to_fmpq(v) for v in self.M.ravel().tolist()])


def image_of(network: ReluNetwork, domain: Domain) -> Image | None:
    """The image to work in; None where the tree in the inputs serves as well."""
    if not network.hidden:
        return None
    first, alone = network.hidden[0], reads_once(network.hidden)
    if isinstance(domain, WholeSpace):
        whole = alone and first.kinks.all() and has_independent_rows(first.weight)
        return _of_cone(network) if whole and first.width + 1 >= MANY else None
    if not isinstance(domain, Box) or domain.dim < MANY:
        return None
    if alone and first.width < domain.dim:
        return _image(first.weight, first.bias, domain, _after(network))
    eye = np.eye(domain.dim)
    return _image(eye, np.zeros(domain.dim), domain, network)


def reads_once(layers: Sequence[Layer]) -> bool:
    """Whether nothing but the first of these layers reads the input."""
    return not any(
        source == 0
        for index, layer in enumerate(layers)
        for source, _ in layer.blocks(index)[bool(index == 0) :]
    )


def _image(M: np.ndarray, m: np.ndarray, box: Box, network: ReluNetwork) -> Image:
    """An image, with bounds of its points and their errors."""
    reach = np.maximum(np.abs(box.lower), np.abs(box.upper))
    size = SAFETY * (np.abs(M) @ reach + np.abs(m))
    terms = M.shape[1] + 2
    error = SAFETY * gamma(terms) * size + 2 * terms * SMALLEST
    return Image(M, m, box, network, M @ M.T, size, error)


def _after(network: ReluNetwork) -> ReluNetwork:
    """The network as a function of the first layer's pre-activations."""
    first, *rest = network.hidden
    width = first.width
    start = Layer(np.eye(width), np.zeros(width), first.slopes)
    # What the outputs read makes no boundary, and may be more than is left here.
    last = rest[-1].width if rest else width
    output = Layer(np.zeros((1, last)), np.zeros(1), np.ones(1))
    return ReluNetwork((start, *rest), output)


def _of_cone(network: ReluNetwork) -> Image:
    """The whole space of first pre-activations z, as a cone (see `homogeneous`).

    Every orthant of z is met by 2^width cells of the first layer, one each. Its cones
    are those of positive |z| and s. Each has a point of the unit cube where the `alive`
    ones sum to more than 1/2, so that cells that are empty mostly are so by a margin.
    """
    cone = homogenized(_after(network))
    dim = cone.input_dim
    box = Box([0.0] * dim, [1.0] * dim)
    image = _image(np.eye(dim), np.zeros(dim), box, cone)
    return dataclasses.replace(image, folded=True)


def has_independent_rows(W: Float64[np.ndarray, "width dim"]) -> bool:
    """Whether rows are proved to be independent."""
    width, dim = W.shape
    if width > dim:
        return False
    entries, _ = dyadic(W.ravel())
    table = nmod_mat(width, dim, [v % PRIME for v in entries], PRIME)
    return bool(table.rank() == width)


def folding(
    bits: Bool[np.ndarray, "cells units"], width: int
) -> Int[np.ndarray, "cells width"]:
    """Signs of the coordinates of z in each cell of a folded image; s is positive."""
    signs = np.ones((len(bits), width), np.int64)
    signs[:, :-1] = np.where(bits[:, : width - 1], 1, -1)
    return signs


def alive(
    image: Image, signs: Bool[np.ndarray, "cells width"]
) -> Bool[np.ndarray, "cells dim"]:
    """Which coordinates of a folded image are read on: units that are on, and s."""
    on = signs | (image.network.hidden[0].slopes != 0.0)
    return np.concatenate([on, np.ones((len(signs), 1), bool)], axis=1)
