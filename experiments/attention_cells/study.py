"""What the study runs, measures and keeps."""

import dataclasses
import itertools
import pathlib
from typing import NamedTuple

import numpy as np
from jaxtyping import Int64

from experiments.attention_cells.heads import LAWS, count_cells, most_cells
from experiments.running.about import About
from experiments.running.claims import Claim, claim_exact, claim_median
from experiments.running.common import Clock
from experiments.running.settings import shape_name
from experiments.running.stages import stored
from experiments.running.studies import Summary
from training.progress import Progress

SOURCE = "Su & Liu 2026 (2604.14727), abstract"
BOUND = "Montufar, Ren & Zhang (2104.08135)"
ABOUT = About(
    title="Cells of hard attention over a fixed context",
    page="papers",
    source=(
        "Su & Liu 2026 (2604.14727): a head of hard attention is a power diagram, and "
        "H heads over N tokens have O(N^H) cells where one has O(N)"
    ),
    setup=(
        "H heads score N fixed tokens by affine functions of a query in two and three "
        "dimensions, and each picks the best. Cells on which all winners are the same "
        "are counted exactly, as linear regions of a layer of maxout units, in a "
        "box of half-width 2^20. Keys: parallel ones that cut space into slabs, along "
        "the axes first (the worst case); normal ones of which the nearest wins "
        "(nearest); normal ones and their product with the query alone (plain)."
    ),
    differs=(
        "The abstract and the first lines of the introduction were read, not the "
        "experiments. A context that is fixed, and one layer: how the query's own "
        "token moves keys, and depth, are left out."
    ),
    expected=(
        "At most N^H cells, from the abstract. That N^H is reached only with no more "
        "heads than dimensions follows from the bound of a maxout layer."
    ),
)
Case = tuple[str, int, int, int]
"""Law of the keys, dimension, tokens and heads."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """What identifies a run.

    Attributes:
        laws: Laws of the keys.
        dims: Dimensions of the query.
        tokens: For each dimension, numbers of tokens.
        heads: Numbers of heads.
        seeds: Draws of each case.
    """

    laws: tuple[str, ...] = tuple(LAWS)
    dims: tuple[int, ...] = (2, 3)
    tokens: tuple[tuple[int, ...], ...] = ((4, 8, 16), (3, 4, 6))
    heads: tuple[int, ...] = (1, 2, 3, 4)
    seeds: int = 8

    def tokens_in(self, dim: int) -> tuple[int, ...]:
        """Numbers of tokens for one dimension."""
        return self.tokens[self.dims.index(dim)]


PRESETS = {
    "smoke": Config(
        laws=("parallel", "nearest"),
        dims=(2,),
        tokens=((2, 4),),
        heads=(1, 2),
        seeds=6,
    ),
    "paper": Config(),
}


class Result(NamedTuple):
    """What the figure needs of a finished run.

    Attributes:
        config: As in `config.json`.
        summary: As in `summary.json`.
        cells: Numbers of cells, one for each draw.
    """

    config: Config
    summary: Summary
    cells: dict[Case, Int64[np.ndarray, " seeds"]]


def conduct(
    config: Config, folder: pathlib.Path, progress: Progress, clock: Clock
) -> Summary:
    """Count all cells; write them to `folder`."""
    cases, cells = _cases(config), {}
    for done, case in enumerate(cases):
        law, *sizes = case
        progress(done, len(cases), f"{law} {shape_name(tuple(sizes))}")
        cells[case] = _stored(folder, config, case)
    clock.lap("cells")
    dim, heads = config.dims[0], config.heads[-1]
    tokens = config.tokens_in(dim)[-1]
    medians = {
        law: int(np.median(cells[law, dim, tokens, heads])) for law in config.laws
    }
    found = ", ".join(f"{median:,} with {law} keys" for law, median in medians.items())
    return {
        "headline": (
            f"{heads} heads, {tokens} tokens, {dim} dimensions: {found}; "
            f"N^H = {tokens**heads:,}"
        ),
        "median_cells": {
            f"{law} {shape_name(tuple(sizes))}": float(np.median(counts))
            for (law, *sizes), counts in cells.items()
        },
        "claims": _claims(config, cells),
    }


def read(config: Config, folder: pathlib.Path, summary: Summary) -> Result:
    """A finished run, from the files in its folder."""
    found = {case: _stored(folder, config, case) for case in _cases(config)}
    return Result(config, summary, found)


def _cases(config: Config) -> list[Case]:
    """All cases, by law, dimension, tokens and heads."""
    return [
        (law, dim, tokens, heads)
        for law, dim in itertools.product(config.laws, config.dims)
        for tokens, heads in itertools.product(config.tokens_in(dim), config.heads)
    ]


def _stored(
    folder: pathlib.Path, config: Config, case: Case
) -> Int64[np.ndarray, " seeds"]:
    """Cells of the draws of one case, kept in the folder."""
    law, dim, tokens, heads = case
    return stored(
        folder / f"{law}-{dim}-{tokens}-{heads}.npz",
        lambda: {
            "cells": [
                count_cells(LAWS[law](dim, tokens, heads, seed))
                for seed in range(config.seeds)
            ]
        },
    )["cells"]


def _claims(
    config: Config, cells: dict[Case, Int64[np.ndarray, " seeds"]]
) -> list[Claim]:
    """The bound, where it is reached, and growth for drawn keys."""
    most = {case: most_cells(case[1], case[2], case[3]) for case in cells}
    above = sum(int((found > most[case]).sum()) for case, found in cells.items())
    slabs = {case: found for case, found in cells.items() if case[0] == "parallel"}
    short = sum(int((found != most[case]).sum()) for case, found in slabs.items())
    beyond = [
        found.max() / case[2] ** case[3]
        for case, found in cells.items()
        if case[3] > case[1]
    ]
    claims = [
        claim_exact(
            "Heads have at most N^H cells, and no more than a layer of maxout units",
            f"{SOURCE}; {BOUND}",
            f"of {sum(map(len, cells.values()))} draws, those with more",
            above,
            holds=above == 0,
        ),
        claim_exact(
            "Parallel keys reach the bound: N^H while there are no more heads than "
            "dimensions",
            BOUND,
            f"of {sum(map(len, slabs.values()))} draws, those with another number",
            short,
            holds=short == 0,
        ),
    ]
    if beyond:
        claims.append(
            claim_exact(
                "With more heads than dimensions N^H is not reached",
                f"follows from {BOUND}",
                "largest share of N^H",
                float(max(beyond)),
                holds=max(beyond) < 1.0,
            )
        )
    if "nearest" in config.laws:
        claims += [_growth(config, cells, dim) for dim in config.dims]
    return claims


def _growth(
    config: Config, cells: dict[Case, Int64[np.ndarray, " seeds"]], dim: int
) -> Claim:
    """How fast cells of the most heads grow with the tokens for drawn keys."""
    tokens, heads = config.tokens_in(dim), config.heads[-1]
    table = np.stack([cells["nearest", dim, n, heads] for n in tokens])
    slopes = np.polyfit(np.log(tokens), np.log(table), 1)[0]
    return claim_median(
        f"For drawn keys {heads} heads in {dim} dimensions stay far below N^{heads}",
        "asked here",
        f"exponent of N, fitted to {tokens[0]} to {tokens[-1]} tokens",
        slopes,
        high=(1 + heads) / 2,
        reason="half way from one head's exponent, 1, to N^H's",
    )
