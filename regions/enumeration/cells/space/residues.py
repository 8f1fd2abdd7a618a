"""Residues of a network modulo primes, for the proofs of `zeros`."""

import functools

import numpy as np

from regions.enumeration.cells.space.state import Net, State

COUNT = 24
LARGEST = 2**30


def with_residues(net: Net) -> Net:
    """The network with its residues; without, where floats do not hold it exactly."""
    exact = not net.row_doubt.any() and not net.bias_doubt.any()
    if not exact or np.isinf(net.grid).any() or np.isinf(net.facet_grid).any():
        return net
    primes = _primes(COUNT)
    return net._replace(
        primes=primes,
        rest=_rests(net.turned, primes),
        bias_rest=_rests(net.bias, primes),
        slope_rest=_rests(net.slope, primes),
        facet_rest=_rests(net.facets, primes),
    )


def with_room(st: State, net: Net) -> State:
    """A state with room for the residues of forms."""
    primes, layers = len(net.primes), len(st.stamp)
    columns, units = st.form.shape
    return st._replace(
        rest=np.zeros((primes, columns, units), np.int64),
        rest_stamp=np.full((primes, layers), -1, np.int64),
    )


@functools.cache
def _primes(count: int) -> np.ndarray:
    """The largest primes below 2^30."""
    found: list[int] = []
    sieve = np.ones(1 << 15, bool)
    sieve[:2] = False
    for n in range(2, 182):
        if sieve[n]:
            sieve[n * n :: n] = False
    small = np.flatnonzero(sieve)
    number = LARGEST - 1
    while len(found) < count:
        if (number % small).all():
            found.append(number)
        number -= 2
    return np.array(found, np.int64)


def _rests(values: np.ndarray, primes: np.ndarray) -> np.ndarray:
    """Residues of floats, which are integers times powers of two."""
    fraction, exponent = np.frexp(values)
    whole = np.ldexp(fraction, 53).astype(np.int64)
    lowest = int(exponent.min(initial=0))
    span = int(exponent.max(initial=0)) - lowest + 1
    result = np.empty((len(primes), *values.shape), np.int64)
    for k, prime in enumerate(primes.tolist()):
        powers = [pow(2, lowest - 53, prime)]
        for _ in range(span - 1):
            powers.append(2 * powers[-1] % prime)
        result[k] = whole % prime * np.array(powers)[exponent - lowest] % prime
    return result
