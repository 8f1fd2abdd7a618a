"""What the study runs, measures and keeps."""

import dataclasses
import pathlib
from typing import Any, NamedTuple

import jax
import numpy as np
from jaxtyping import Float64, Int64

from experiments.measures.random_directions import (
    cosine_extremes,
    count_within,
    largest_cosine_law,
    median_count,
    median_largest_cosine,
    unit_vectors,
    welch_bound,
)
from experiments.running.about import About
from experiments.running.claims import Claim, claim_exact, claim_median, claim_share
from experiments.running.common import Clock
from experiments.running.stages import stored
from experiments.running.studies import Summary
from regions.files.writing import read_arrays
from training.packings import pack_vectors
from training.progress import Progress

SOURCE = "Hoagy 2023 (comment on almost linear models)"
LAW = "derived: tails of the cosine of two random directions"
ABOUT = About(
    title="Almost orthogonal directions",
    page="claims",
    source=f"{SOURCE}; laws of Johnson and Lindenstrauss's lemma",
    setup=(
        "m random unit vectors in n dimensions: largest and root mean square cosine "
        "against sqrt(4 ln m / n) and n^-1/2. Vectors are drawn one by one until two "
        "have a cosine over eps = 0.1, 0.2, 0.3: the number before, over dimensions "
        "with n eps^2 = 12 to 28, against exp(eps^2 n / 4) and against the exact "
        "distribution of the cosine. Packings of m vectors whose largest cosine Adam "
        "lowers, beside random ones and Welch's bound."
    ),
    differs=(
        "The comment states the law and no numbers. Its exponential count is of random "
        "constructions: it bounds what can be packed from below."
    ),
    expected=(
        "Largest cosine 0.267, 0.319, 0.353 for 256, 1024, 4096 vectors in 256 "
        "dimensions and 0.173 for 4096 in 1024 (computed before, one draw each): under "
        "the leading order by up to a tenth, for it leaves out a logarithm."
    ),
)
BEFORE = {
    (256, 256): 0.267,
    (256, 1024): 0.319,
    (256, 4096): 0.353,
    (1024, 4096): 0.173,
}
"""Largest cosines by dimension and number, computed before with another program."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """What identifies a run.

    Attributes:
        dims: Dimensions of the random vectors.
        counts: How many there are.
        bounds: Largest cosines allowed in the search for the number of vectors.
        levels: Values of n eps^2 of that search; n follows.
        draws: Searches averaged (as logarithms) for each seed.
        packings: Dimension and number of vectors of each optimized packing.
        steps: Updates of a packing.
        seeds: Independent repetitions of everything.
    """

    dims: tuple[int, ...] = (64, 256, 1024)
    counts: tuple[int, ...] = (256, 1024, 4096)
    bounds: tuple[float, ...] = (0.1, 0.2, 0.3)
    levels: tuple[float, ...] = (12.0, 16.0, 20.0, 24.0, 28.0)
    draws: int = 4
    packings: tuple[tuple[int, int], ...] = ((8, 64), (16, 64), (32, 128), (64, 256))
    steps: int = 1500
    seeds: tuple[int, ...] = tuple(range(10))


PRESETS = {
    "smoke": Config(
        dims=(32, 128),
        counts=(64, 256),
        bounds=(0.2, 0.3),
        levels=(8.0, 16.0),
        draws=2,
        packings=((4, 8),),
        steps=200,
        seeds=(0, 1),
    ),
    "paper": Config(),
}


class Result(NamedTuple):
    """What the figure needs of a finished run.

    Attributes:
        config: As in `config.json`.
        summary: As in `summary.json`.
        largest: Largest cosine.
        rms: Root mean square cosine.
        log_counts: Mean logarithm of the number of vectors within each bound.
        packed: Largest cosine of packings, before and after optimization.
    """

    config: Config
    summary: Summary
    largest: Float64[np.ndarray, "dims counts seeds"]
    rms: Float64[np.ndarray, "dims counts seeds"]
    log_counts: Float64[np.ndarray, "bounds levels seeds"]
    packed: Float64[np.ndarray, "packings 2 seeds"]


def search_dims(config: Config) -> Int64[np.ndarray, "bounds levels"]:
    """Dimensions of the search: n = level / eps^2, rounded."""
    levels, bounds = np.array(config.levels), np.array(config.bounds)
    return np.round(levels / bounds[:, None] ** 2).astype(np.int64)


def conduct(
    config: Config, folder: pathlib.Path, progress: Progress, clock: Clock
) -> Summary:
    """Draw, search and pack; write it all to `folder`."""
    stored(folder / "cosines.npz", lambda: _cosines(config, progress))
    clock.lap("cosines")
    stored(folder / "counts.npz", lambda: _counts(config, progress))
    clock.lap("counts")
    stored(folder / "packings.npz", lambda: _packings(config, progress))
    clock.lap("packings")
    result = read(config, folder, {})
    ratio = np.median(result.largest / _law(config)[:, :, None], axis=2)
    slopes = count_slopes(config, result.log_counts)
    return {
        "headline": (
            f"largest cosine over sqrt(4 ln m / n): {ratio.min():.3f} to "
            f"{ratio.max():.3f}; growth of ln m with n over eps^2 / 4: "
            + ", ".join(
                f"{np.median(row):.2f} at {bound:g}"
                for bound, row in zip(config.bounds, slopes, strict=True)
            )
        ),
        "table": _table(config, result),
        "claims": _claims(config, result),
    }


def count_slopes(
    config: Config, log_counts: Float64[np.ndarray, "bounds levels seeds"]
) -> Float64[np.ndarray, "bounds seeds"]:
    """Least-squares slope of ln m against n, over eps^2 / 4, for each seed."""
    fits = [
        np.polynomial.polynomial.polyfit(n, values, 1)[1] / (bound**2 / 4.0)
        for bound, n, values in zip(
            config.bounds, search_dims(config), log_counts, strict=True
        )
    ]
    return np.array(fits)


def read(config: Config, folder: pathlib.Path, summary: Summary) -> Result:
    """The arrays of a run."""
    cosines = read_arrays(folder / "cosines.npz")
    return Result(
        config,
        summary,
        cosines["largest"],
        cosines["rms"],
        read_arrays(folder / "counts.npz")["log_counts"],
        read_arrays(folder / "packings.npz")["packed"],
    )


def _law(config: Config) -> Float64[np.ndarray, "dims counts"]:
    """Leading order of the largest cosine at each dimension and number."""
    return np.array(
        [[largest_cosine_law(m, n) for m in config.counts] for n in config.dims]
    )


def _medians(config: Config) -> Float64[np.ndarray, "dims counts"]:
    """Median of the largest cosine by the exact distribution of a pair."""
    return np.array(
        [[median_largest_cosine(m, n) for m in config.counts] for n in config.dims]
    )


def _cosines(config: Config, progress: Progress) -> dict[str, np.ndarray]:
    """Largest and root mean square cosines of random vectors."""
    shape = (len(config.dims), len(config.counts), len(config.seeds))
    largest, rms = np.zeros(shape), np.zeros(shape)
    for done, place in enumerate(np.ndindex(*shape)):
        n, m = config.dims[place[0]], config.counts[place[1]]
        rng = np.random.default_rng([n, m, config.seeds[place[2]]])
        largest[place], rms[place] = cosine_extremes(unit_vectors(m, n, rng))
        progress(done + 1, largest.size, "comparing random vectors")
    return {"largest": largest, "rms": rms}


def _counts(config: Config, progress: Progress) -> dict[str, np.ndarray]:
    """Mean logarithm of the number of vectors within each bound."""
    dims = search_dims(config)
    logs = np.zeros((*dims.shape, len(config.seeds)))
    for done, place in enumerate(np.ndindex(*logs.shape)):
        bound, n = config.bounds[place[0]], int(dims[place[:2]])
        rng = np.random.default_rng([n, config.seeds[place[2]]])
        counts = [count_within(bound, n, rng) for _ in range(config.draws)]
        logs[place] = np.log(counts).mean()
        progress(done + 1, logs.size, "drawing vectors until two are close")
    return {"log_counts": logs}


def _packings(config: Config, progress: Progress) -> dict[str, np.ndarray]:
    """Largest cosines before and after optimization."""
    packed = np.zeros((len(config.packings), 2, len(config.seeds)))
    for i, (n, m) in enumerate(config.packings):
        keys = jax.vmap(jax.random.key)(np.array(config.seeds, np.uint32))
        found = pack_vectors(keys, count=m, dim=n, steps=config.steps)
        for j, vectors in enumerate(found):
            packed[i, j] = [cosine_extremes(np.asarray(one))[0] for one in vectors]
        progress(i + 1, len(config.packings), "packing vectors")
    return {"packed": packed}


def _table(config: Config, result: Result) -> list[dict[str, Any]]:
    """Medians of the largest cosine beside its law and the number computed before."""
    return [
        {
            "dimension": n,
            "vectors": m,
            "largest": float(np.median(result.largest[i, j])),
            "law": largest_cosine_law(m, n),
            "rms_times_sqrt_n": float(np.median(result.rms[i, j]) * n**0.5),
            "before": BEFORE.get((n, m)),
        }
        for i, n in enumerate(config.dims)
        for j, m in enumerate(config.counts)
    ]


def _claims(config: Config, result: Result) -> list[Claim]:
    """What the numbers say."""
    n, m = config.dims[-1], config.counts[-1]
    claims = [
        claim_median(
            f"The largest cosine of {m} random directions in {n} dimensions is "
            "sqrt(4 ln m / n)",
            LAW,
            "largest cosine over the law (0.9 to 1.1)",
            result.largest[-1, -1] / largest_cosine_law(m, n),
            low=0.9,
            high=1.1,
            reason="a tenth: the law leaves out a logarithm",
        ),
        claim_median(
            "... over all dimensions and numbers, the worst of them",
            LAW,
            "ratio farthest from 1, of one seed (0.9 to 1.1)",
            _worst(result.largest / _law(config)[:, :, None]),
            low=0.9,
            high=1.1,
            reason="the same tenth",
        ),
        claim_median(
            "... and the exact distribution of a cosine leaves next to nothing open",
            LAW,
            "mean over sizes of the largest cosine over its median by the "
            "distribution (0.98 to 1.02)",
            (result.largest / _medians(config)[:, :, None]).mean(axis=(0, 1)),
            low=0.98,
            high=1.02,
            reason="a fiftieth for ten draws of a largest one",
        ),
        claim_median(
            "The root mean square cosine is n^-1/2",
            LAW,
            "root mean square times sqrt(n), farthest from 1 of one seed "
            "(0.99 to 1.01)",
            _worst(result.rms * np.sqrt(config.dims)[:, None, None]),
            low=0.99,
            high=1.01,
            reason="a hundredth for so few directions",
        ),
    ]
    slopes = count_slopes(config, result.log_counts)
    exact = np.log(
        [
            [median_count(bound, int(n)) for n in row]
            for bound, row in zip(config.bounds, search_dims(config), strict=True)
        ]
    )
    for i, bound in enumerate(config.bounds):
        claims += [
            claim_median(
                f"Exponentially many directions keep cosines within {bound:g}: ln m "
                "grows as n eps^2 / 4",
                SOURCE,
                "slope of ln m against n over eps^2 / 4 (0.9 to 1.1)",
                slopes[i],
                low=0.9,
                high=1.1,
                reason="a tenth: the law leaves out a logarithm",
            ),
            claim_median(
                f"Within {bound:g} the number is that of the exact distribution",
                LAW,
                "mean over dimensions of ln m less the logarithm of the median of "
                "the law (-0.3 to 0.1: a mean logarithm is under it by 0.1)",
                (result.log_counts[i] - exact[i][:, None]).mean(axis=0),
                low=-0.3,
                high=0.1,
                reason="a fifth about the bias of -0.1: four draws a size",
            ),
        ]
    before, after = result.packed[:, 0], result.packed[:, 1]
    floors = np.array([welch_bound(m, n) for n, m in config.packings])
    claims += [
        claim_share(
            "Packings optimized by gradient descent beat random ones, at every size",
            "this project",
            "share of seeds with a smaller largest cosine at each of "
            f"{len(config.packings)} sizes (above 0.5)",
            np.logical_and.reduce(after < before),
            low=0.5,
            reason="most seeds",
        ),
        claim_exact(
            "No packing is below Welch's bound",
            "Welch 1974",
            "smallest largest cosine over the bound (at least 1)",
            float((after / floors[:, None]).min()),
            # In float32, whose rounding is 1e-7 a cosine.
            holds=bool((after >= floors[:, None] * (1.0 - 1e-5)).all()),
        ),
    ]
    return claims


def _worst(
    ratios: Float64[np.ndarray, "dims counts seeds"],
) -> Float64[np.ndarray, " seeds"]:
    """The ratio farthest from 1, for each seed."""
    flat = ratios.reshape(-1, ratios.shape[-1])
    return flat[np.abs(flat - 1.0).argmax(axis=0), np.arange(flat.shape[1])]
