"""What the study runs, measures and keeps."""

import dataclasses
import itertools
import math
import pathlib
from typing import NamedTuple

import numpy as np
from jaxtyping import Float64, Int64

from experiments.loss_sublevels.cells import Model, components, parameter_cells
from experiments.running.about import About
from experiments.running.claims import Claim, claim_exact
from experiments.running.common import Clock
from experiments.running.stages import stored
from experiments.running.studies import Summary
from training.progress import Progress

SOURCE = "Brandenburg, Loho & Montufar, TMLR 2024 (2403.11871)"
ABOUT = About(
    title="Components of sublevel sets of the 0/1 loss",
    page="papers",
    source=(
        f"{SOURCE}: sublevel sets of the 0/1 loss are made of the cones of a fan in "
        "the space of parameters, and level sets need not be connected"
    ),
    setup=(
        "Classifiers are signs of one affine function, of the largest of two, or of a "
        "difference of two such; five normal points on the line or in the plane. All "
        "cones of parameters on which the same functions win and the same points are "
        "positive, exactly; for every labeling and every number of errors, components "
        "of the cones with no more errors, joined where they share a facet."
    ),
    differs=(
        "The abstract and a summary were read. The summary says that linear "
        "classifiers have connected sublevel sets; of which labels, and by what cones "
        "count as joined, was not read: here by facets, as all meet in the origin. An "
        "affine function added to both sides changes nothing and is left out."
    ),
    expected=(
        "Level sets that are not connected, for some data: from the abstract, without "
        "numbers."
    ),
)
MODELS = {"linear": Model(1, 1), "largest": Model(2, 1), "difference": Model(2, 2)}
WORDS = {
    "linear": "one affine function",
    "largest": "largest of two",
    "difference": "difference of two such",
}


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """What identifies a run.

    Attributes:
        cases: Model and dimension of the points.
        points: Number of points.
        seeds: Draws of the points.
    """

    cases: tuple[tuple[str, int], ...] = (
        ("linear", 1),
        ("linear", 2),
        ("largest", 1),
        ("largest", 2),
        ("difference", 1),
    )
    points: int = 5
    seeds: int = 10


PRESETS = {
    "smoke": Config(cases=(("linear", 1), ("largest", 1)), points=4, seeds=2),
    "paper": Config(),
}


class Result(NamedTuple):
    """What the figure needs of a finished run.

    Attributes:
        config: As in `config.json`.
        summary: As in `summary.json`.
        components: By model and dimension, in words: components of each draw, labeling
            and number of errors; 0 where no cone has so few.
    """

    config: Config
    summary: Summary
    components: dict[str, Int64[np.ndarray, "seeds labelings levels"]]


def conduct(
    config: Config, folder: pathlib.Path, progress: Progress, clock: Clock
) -> Summary:
    """Find all cones and their components; write them to `folder`."""
    found = {}
    for done, case in enumerate(config.cases):
        progress(done, len(config.cases), _name(case))
        found[case] = _stored(folder, config, case)
    clock.lap("cones")
    most = max(config.cases, key=lambda case: found[case]["components"].max())
    return {
        "headline": (
            f"up to {found[most]['components'].max()} components of a sublevel set: "
            f"{_name(most)}, {config.points} points"
        ),
        "cones": {_name(case): found[case]["cones"].tolist() for case in found},
        "share_in_parts": {
            _name(case): (some["components"] > 1).mean((0, 1)).tolist()
            for case, some in found.items()
        },
        "most_components": {
            _name(case): some["components"].max((0, 1)).tolist()
            for case, some in found.items()
        },
        "claims": _claims(config, found),
    }


def read(config: Config, folder: pathlib.Path, summary: Summary) -> Result:
    """A finished run, from the files in its folder."""
    found = {
        _name(case): _stored(folder, config, case)["components"]
        for case in config.cases
    }
    return Result(config, summary, found)


def draw_points(dim: int, count: int, seed: int) -> Float64[np.ndarray, "points dim"]:
    """Normal points in float32."""
    rng = np.random.default_rng([seed, dim, count])
    return rng.standard_normal((count, dim)).astype(np.float32).astype(np.float64)


def labelings(count: int) -> list[np.ndarray]:
    """All labelings of some points."""
    return [np.array(v, bool) for v in itertools.product([0, 1], repeat=count)]


def _name(case: tuple[str, int]) -> str:
    """Model and dimension in words."""
    return f"{WORDS[case[0]]}, {'line' if case[1] == 1 else 'plane'}"


def _stored(
    folder: pathlib.Path, config: Config, case: tuple[str, int]
) -> dict[str, np.ndarray]:
    """Cones and components of all draws of one case, kept in the folder."""
    model, dim = case

    def make() -> dict[str, list]:
        cones, table = [], []
        for seed in range(config.seeds):
            points = draw_points(dim, config.points, seed)
            cells = parameter_cells(MODELS[model], points)
            cones.append(len(cells.positive))
            table.append([components(cells, v) for v in labelings(config.points)])
        return {"cones": cones, "components": table}

    return stored(folder / f"{model}-{dim}.npz", make)


def _claims(
    config: Config, found: dict[tuple[str, int], dict[str, np.ndarray]]
) -> list[Claim]:
    """Cover's numbers, and which sublevel sets are connected."""
    linear = [case for case in config.cases if case[0] == "linear"]
    wrong = sum(
        int((found[case]["cones"] != cover(config.points, case[1] + 1)).sum())
        for case in linear
    )
    separable = [table[table[..., 0] > 0] for table in _tables(found, linear)]
    others = [table[table[..., 0] == 0] for table in _tables(found, linear)]
    apart = sum(int((table > 1).sum()) for table in separable)
    claims = [
        claim_exact(
            "Linear classifiers have as many cones as Cover counts",
            "Cover 1965: function counting theorem",
            "draws with another number",
            wrong,
            holds=wrong == 0,
        ),
        claim_exact(
            "Linear classifiers of data that they can separate have connected sublevel "
            "sets",
            f"{SOURCE}, from a summary; and as the way to one without errors is short",
            "sublevel sets in parts",
            apart,
            holds=apart == 0,
        ),
        _in_parts(
            "Those of other data have some in parts",
            "asked here",
            max(int(table.max(initial=0)) for table in others),
        ),
    ]
    for case in config.cases:
        if case[0] != "linear":
            table = found[case]["components"]
            claims.append(
                _in_parts(
                    f"Some classifiers without errors are in parts: {_name(case)}",
                    f"{SOURCE}, abstract",
                    int(table[..., 0].max()),
                )
            )
    return claims


def _tables(
    found: dict[tuple[str, int], dict[str, np.ndarray]], cases: list[tuple[str, int]]
) -> list[Int64[np.ndarray, "seeds labelings levels"]]:
    """Components of some cases."""
    return [found[case]["components"] for case in cases]


def _in_parts(claim: str, source: str, most: int) -> Claim:
    """The claim that some sublevel set has two components."""
    return claim_exact(claim, source, "most components found", most, holds=most > 1)


def cover(points: int, dim: int) -> int:
    """Cones that hyperplanes in general position through the origin make."""
    return 2 * sum(math.comb(points - 1, k) for k in range(dim))
