"""A point where the Jacobian is large, among many: for constants that are not found."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from regions.domains.shapes import Domain, WholeSpace, embed_exactly
from regions.network import ReluNetwork
from regions.questions.answer import Point, Value
from regions.questions.first_points import (
    gradients,
    point_without_gradients,
    slopes_at,
)
from regions.questions.norms import float_norms, operator_norm
from regions.questions.problem import Problem
from regions.signs.exact import Columns, ExactNetwork


class SteepPoint(NamedTuple):
    """A point inside a region.

    Attributes:
        value: The norm of the Jacobian there.
        point: The point, in the chart.
    """

    value: Value
    point: Point


def steep_point(
    network: ReluNetwork,
    domain: Domain,
    norm: float | int,
    axes: Sequence[int],
    stop: Callable[[], bool],
) -> SteepPoint | None:
    """The best of some points; None if the domain has no end, or it is on a border.

    Args:
        network: The network.
        domain: The domain.
        norm: 1, 2 or infinity.
        axes: The inputs that count.
        stop: As for `first_points.first_point`.
    """
    if isinstance(domain, WholeSpace) or not domain.is_bounded:
        return None
    problem = Problem(network, domain, [])
    each = np.eye(network.output_dim)

    def norms(points: np.ndarray) -> np.ndarray:
        gates = slopes_at(network, problem.chart.pre_activations(points)[:-1])
        rows = np.broadcast_to(each, (len(points), *each.shape))
        J = gradients(network, gates, rows)[:, :, axes]
        sound = np.isfinite(J).all((1, 2))
        J = np.where(np.asarray(sound)[:, None, None], J, 0.0)
        if norm != 2:
            return float_norms(J, norm)
        # Eigenvalues of small matrices take less time; squares may overflow.
        products = np.nan_to_num(J @ J.transpose(0, 2, 1))
        return np.linalg.eigvalsh(products)[:, -1]

    point = point_without_gradients(problem, norms, stop)
    exact = ExactNetwork(network, WholeSpace(network.input_dim))
    layers, _ = exact.forward(Columns.of_points([embed_exactly(domain, point)]))
    signs = np.array([np.sign(row[0]) for layer in layers[:-1] for row in layer], int)
    if not signs[network.kinks].all():
        return None
    rows = exact.affine_map(signs > 0)
    jacobian = [[row[axis] for axis in axes] for row in rows]
    return SteepPoint(operator_norm(jacobian, norm), point)
