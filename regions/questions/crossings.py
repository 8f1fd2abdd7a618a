"""Where the class may change near an input, in floating point: hints.

Nothing that comes from here is trusted.
"""

from fractions import Fraction

import numpy as np

from regions.network import ReluNetwork
from regions.patterns.halfspaces import affine_pre_activations
from regions.questions.conic import nearest_to_origin
from regions.questions.relaxation import solve_rows

PARTS, NARROWINGS = 64, 3
"""Into how many parts the way to a point is cut, and the first part that serves."""


@np.errstate(all="ignore")
def first_radius(
    network: ReluNetwork, x: np.ndarray, label: int, dual: float | int
) -> Fraction:
    """The radius at which the class would change if the network were affine."""
    J, _ = _region_map(network, x)[0][-1]
    outputs = network(x[None])[0]
    best = 1.0
    found = []
    for other in range(network.output_dim):
        steep = np.linalg.norm(J[other] - J[label], dual)
        if other != label and steep > 0.0:
            found.append((outputs[label] - outputs[other]) / steep)
    best = min(found, default=1.0)
    return Fraction(float(best)) if 1e-12 < best < 1e12 else Fraction(1)


@np.errstate(all="ignore")
def nearest_in_region(
    network: ReluNetwork,
    x: np.ndarray,
    start: np.ndarray,
    label: int,
    norm: float | int,
) -> np.ndarray | None:
    """The point of another class nearest to x in the region of a point: a hint."""
    forms, bits = _region_map(network, start)
    J, c = forms[-1]
    outputs = network(start[None])[0].copy()
    outputs[label] = -np.inf
    other = int(outputs.argmax())
    rows, right, first = [], [], 0
    for layer, (jacobian, offset) in zip(network.hidden, forms[:-1], strict=True):
        for unit in np.flatnonzero(layer.kinks):
            sign = -1.0 if bits[first] else 1.0
            first += 1
            rows.append(sign * jacobian[unit])
            right.append(-sign * offset[unit])
    rows.append(J[label] - J[other])
    right.append(c[other] - c[label])
    dim = len(x)
    if norm == 2:
        table = np.array(rows)
        moved = nearest_to_origin(table, np.array(right) - table @ x)
        return None if moved is None else x + moved
    A = np.hstack([np.array(rows), np.zeros((len(rows), 1))])
    eye, ones = np.eye(dim), np.ones((dim, 1))
    A = np.vstack([A, np.hstack([eye, -ones]), np.hstack([-eye, -ones])])
    b = np.concatenate([right, x, -x])
    cost = np.append(np.zeros(dim), -1.0)
    free = np.full(dim + 1, np.inf)
    solved = solve_rows(A, b, cost, -free, free)
    return None if solved is None else solved[0][:dim]


@np.errstate(all="ignore")
def nearest_on_the_way(
    network: ReluNetwork, x: np.ndarray, end: np.ndarray, label: int
) -> np.ndarray:
    """The first point of another class on the straight way to one of another class."""
    near, far = 0.0, 1.0
    for _ in range(NARROWINGS):
        shares = np.linspace(near, far, PARTS + 1)[1:]
        outputs = network(x + shares[:, None] * (end - x))
        own = outputs[:, label].copy()
        outputs[:, label] = -np.inf
        others = np.flatnonzero(outputs.max(1) > own)
        if not len(others):
            break
        near, far = shares[others[0]] - (far - near) / PARTS, shares[others[0]]
    return x + far * (end - x)


def _region_map(
    network: ReluNetwork, point: np.ndarray
) -> tuple[list[tuple[np.ndarray, np.ndarray]], np.ndarray]:
    """Forms of all layers in the region of a point, and its pattern."""
    bits = network.patterns(point[None])
    dim = network.input_dim
    forms = []
    for J, c in affine_pre_activations(network, bits):
        width = c.shape[-1]
        forms.append(
            (np.broadcast_to(J, (1, width, dim))[0], np.broadcast_to(c, (1, width))[0])
        )
    return forms, bits[0]
