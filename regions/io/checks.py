"""The round-trip check: our forward pass against the one of the source framework."""

from collections.abc import Callable

import numpy as np

from regions.errors import FileFormatError
from regions.network import ReluNetwork

_POINTS = 8

_FINAL = {
    None: lambda y: y,
    "tanh": np.tanh,
    "sigmoid": lambda y: np.exp(-np.logaddexp(0.0, -y)),
    "softmax": lambda y: np.exp(y - _log_sum_exp(y)),
    "log_softmax": lambda y: y - _log_sum_exp(y),
}


def _log_sum_exp(y: np.ndarray) -> np.ndarray:
    """Logarithm of the sum of exponentials over the last axis, which is kept."""
    top = y.max(axis=-1, keepdims=True)
    return top + np.log(np.exp(y - top).sum(axis=-1, keepdims=True))


def check_forward(
    name: str,
    network: ReluNetwork,
    reference: Callable[[np.ndarray], np.ndarray],
    *,
    final: str | None = None,
    framework: str,
    unit_roundoff: float = 2.0**-24,
) -> None:
    """Compare both forward passes at random points.

    A check against misreading, not a bound: the framework usually computes in float32,
    so the two may differ by rounding, which is measured against the largest
    pre-activation of the network.

    Args:
        name: The model, for the message.
        network: What was read.
        reference: The framework's forward pass: `(points, dim)` to `(points, ...)`.
        final: The activation after the output that `network` leaves out.
        framework: Its name, for the message.
        unit_roundoff: Unit roundoff of the framework's numbers.

    Raises:
        FileFormatError: If they disagree.
    """
    rng = np.random.default_rng(0)
    points = rng.normal(size=(_POINTS, network.input_dim))
    points = points.astype(np.float32).astype(np.float64)
    pres = network.pre_activations(points)
    ours = _FINAL[final](pres[-1])
    theirs = np.asarray(reference(points), np.float64).reshape(_POINTS, -1)
    scale = max(1.0, *(float(np.abs(p).max()) for p in pres))
    allowed = 2.0**10 * unit_roundoff * scale
    if ours.shape != theirs.shape or not np.all(np.abs(ours - theirs) <= allowed):
        found = (
            f"shapes {ours.shape} and {theirs.shape}"
            if ours.shape != theirs.shape
            else f"a difference of {np.abs(ours - theirs).max():.3e}"
        )
        raise FileFormatError(
            f"{name}: our forward pass and that of {framework} disagree at random "
            f"points ({found}, {allowed:.3e} allowed): the model was misread; please "
            "report it, or pass check=False."
        )
