"""Estimates of one network beside its count."""

import time
from typing import NamedTuple

import numpy as np
from jaxtyping import Float64

import regions
from experiments.estimate_coverage.families import Family
from experiments.measures.parity_bound import (
    parity_bound,
    pattern_codes,
    rounds_survived,
)
from regions.estimates.result import RegionEstimate

LEVELS = (0.5, 0.9, 0.95)
SIZES = (2, 5)
"""Units of the parity constraints, as in the paper."""
MOST_LISTED = 5000
"""Regions of which a list is made, for the parity constraints."""
SLACK = 1e-6
"""Far below one region: what the logarithms of runs may round."""


class Trial(NamedTuple):
    """What one network gives.

    Attributes:
        regions: Its regions, counted.
        mean: The estimate.
        z: Error of the estimate over the standard error; that of other runs, so that
            z is 0 on average if the estimate is not biased.
        covered: Whether the intervals hold the count, by level.
        bound: The lower bound that holds 95 % of the time, over the count.
        exact: Whether the estimate said that it is the count.
        relative_sd: Standard deviation of a run over the count.
        knuth_sd: The same with one cell kept (Knuth 1975).
        points: Share of the regions that points met, drawn evenly from the box.
        parity: The lower bounds by parity constraints over the count, by their sizes;
            NaN if there are too many regions for a list.
        values: Each run over the count, those of the standard error of z too.
    """

    regions: int
    mean: float
    z: float
    covered: tuple[bool, ...]
    bound: float
    exact: bool
    relative_sd: float
    knuth_sd: float
    points: float
    parity: tuple[float, ...]
    values: tuple[float, ...]


def try_out(
    network: regions.ReluNetwork,
    family: Family,
    seed: int,
    *,
    cells: int,
    runs: int,
    points: int,
) -> Trial:
    """Count a network, and estimate."""
    domain = family.domain
    count = regions.count_regions(network, domain).count
    both = regions.estimate_regions(
        network, domain, cells=cells, runs=2 * runs, seed=seed
    )
    exact = both.exact is not None
    logs = both.log_runs if exact else both.log_runs[:runs]
    first = RegionEstimate(logs, both.exact, 0.0, {}, min(both.proved, count))
    others = np.exp(both.log_runs[runs:])
    error = np.inf if exact else float(others.std(ddof=1)) / np.sqrt(runs)
    ends = [first.interval(level) for level in LEVELS]
    knuth = regions.estimate_regions(network, domain, cells=1, runs=runs, seed=seed)
    box = regions.Box.cube(family.dim)
    drawn = np.random.default_rng(seed).uniform(box.lower, box.upper, (points, box.dim))
    met = len(np.unique(np.packbits(network.patterns(drawn), axis=1), axis=0))
    return Trial(
        count,
        first.mean,
        0.0 if exact else (first.mean - count) / error,
        tuple(
            low <= count * (1 + 1e-9) and count <= high * (1 + 1e-9)
            for low, high in ends
        ),
        first.at_least() / count,
        exact,
        0.0 if exact else float(np.exp(both.log_runs).std(ddof=1)) / count,
        0.0 if knuth.exact else float(knuth.runs.std(ddof=1)) / count,
        met / count,
        _parity_bounds(network, family, count, seed, 2 * runs),
        (1.0,) * (2 * runs) if exact else tuple((both.runs / count).tolist()),
    )


def _parity_bounds(
    network: regions.ReluNetwork, family: Family, count: int, seed: int, rounds: int
) -> tuple[float, ...]:
    """The bounds of the 2020 paper over the count, as often drawn as runs are done."""
    if count > MOST_LISTED:
        return (np.nan,) * len(SIZES)
    listed = regions.enumerate_regions(network, family.domain)
    bits = listed.pattern_bits(np.arange(len(listed)))
    codes = pattern_codes(bits)
    bounds = []
    for size in SIZES:
        rng = np.random.default_rng([seed, size])
        survived = rounds_survived(codes, bits.shape[1], size, rounds, rng)
        bounds.append(parity_bound(survived, rounds, 0.95) / count)
    return tuple(bounds)


def columns(trials: list[Trial]) -> dict[str, np.ndarray]:
    """An array of networks for each field."""
    return {
        name: np.array([getattr(t, name) for t in trials]) for name in Trial._fields
    }


def spread_of_cells(
    network: regions.ReluNetwork, family: Family, cells: tuple[int, ...], runs: int
) -> Float64[np.ndarray, "cells 2"]:
    """Standard deviation of a run over the mean, and its CPU seconds, by cells kept."""
    rows = []
    for kept in cells:
        start = time.process_time()
        found = regions.estimate_regions(network, family.domain, cells=kept, runs=runs)
        seconds = (time.process_time() - start) / len(found.log_runs)
        values = found.runs / found.mean
        rows.append((float(values.std(ddof=1)) if len(values) > 1 else 0.0, seconds))
    return np.array(rows)
