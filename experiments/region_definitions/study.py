"""What the study runs, measures and keeps."""

import dataclasses
import itertools
import pathlib
from typing import Any, NamedTuple

import numpy as np

from experiments.running.about import About
from experiments.running.claims import Claim, claim_exact
from experiments.running.common import Clock, read_record, write_json
from experiments.running.settings import shape_name
from experiments.running.studies import Summary
from regions.domains.shapes import WholeSpace
from regions.network import ReluNetwork
from regions.topology.definitions import PAIRS, Counts, count_by_definition
from training.progress import Progress

SOURCE = "Stargalla, Hertrich & Reichman, NeurIPS 2025 (2505.16716)"
ABOUT = About(
    title="Definitions of a linear region, counted side by side",
    page="papers",
    source=f"{SOURCE}: six definitions that are in use and are not equivalent",
    setup=(
        "Random ReLU networks on two inputs with small integer weights, and normal "
        "ones, counted in the whole plane by activation regions (all patterns, or "
        "those with an interior), open and closed connected regions and affine "
        "regions; for every two definitions the smallest network found that tells them "
        "apart."
    ),
    differs=(
        "Five of the six, as in a note on the paper, whose text was not at hand. The "
        "third is not counted: convex regions are the fewest polyhedra of a complex on "
        "each of which the function is affine. They are at least the open regions and "
        "at most the proper ones, known where these are equal; a least complex may cut "
        "where no unit does, and none of the engines looks for it."
    ),
    expected=(
        "Counts that do not increase from definition to definition in this order, and "
        "for every two of them networks on which they differ: stated in the abstract "
        "without numbers."
    ),
)
Shape = tuple[int, ...]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """What identifies a run.

    Attributes:
        shapes: Hidden widths, the smallest first.
        networks: Integer networks of each shape.
        normal: Networks with normal weights of each shape.
    """

    shapes: tuple[Shape, ...] = ((2,), (3,), (2, 2), (4,), (3, 2), (3, 3), (4, 4))
    networks: int = 150
    normal: int = 20


PRESETS = {
    "smoke": Config(shapes=((2,), (3, 2)), networks=12, normal=2),
    "paper": Config(),
}


class Result(NamedTuple):
    """What the figure needs of a finished run.

    Attributes:
        config: As in `config.json`.
        summary: As in `summary.json`.
        differ: Share of the integer networks on which two definitions differ, by shape
            and pair.
    """

    config: Config
    summary: Summary
    differ: dict[Shape, dict[str, float]]


def conduct(
    config: Config, folder: pathlib.Path, progress: Progress, clock: Clock
) -> Summary:
    """Count; write it all to `folder`."""
    found: dict[str, dict[str, list[list[int]]]] = {}
    smallest: dict[str, dict[str, Any]] = {}
    increases = 0
    for done, widths in enumerate(config.shapes):
        progress(done, len(config.shapes), f"{shape_name(widths)} networks")
        kinds = {"integer": config.networks, "normal": config.normal}
        found[shape_name(widths)] = tables = {kind: [] for kind in kinds}
        for kind, number in kinds.items():
            for seed in range(number):
                network = random_network(widths, seed, kind)
                counts = counted(network)
                if counts is None:
                    continue
                tables[kind].append(list(counts))
                increases += any(a < b for a, b in itertools.pairwise(counts))
                if kind == "integer":
                    _keep_smallest(smallest, network, counts)
    clock.lap("networks")
    write_json(folder / "counts.json", found)
    every = [
        Counts(*row) for kinds in found.values() for t in kinds.values() for row in t
    ]
    return {
        "headline": (
            f"{len(smallest)} of {len(PAIRS)} pairs of definitions told apart, by "
            f"networks of at most {max(s['units'] for s in smallest.values())} units"
            if smallest
            else "no pair of definitions told apart"
        ),
        "separating_networks": smallest,
        "claims": _claims(len(every), increases, smallest),
    }


def read(config: Config, folder: pathlib.Path, summary: Summary) -> Result:
    """A finished run, from the files in its folder."""
    found = read_record(folder / "counts.json")
    differ = {}
    for widths in config.shapes:
        rows = [Counts(*row) for row in found[shape_name(widths)]["integer"]]
        differ[widths] = {
            f"{a}, {b}": float(
                np.mean([getattr(c, a) != getattr(c, b) for c in rows]) if rows else 0.0
            )
            for a, b in PAIRS
        }
    return Result(config, summary, differ)


def random_network(widths: Shape, seed: int, kind: str) -> ReluNetwork:
    """A network on the plane with weights in -2..2, or normal ones in float32."""
    rng = np.random.default_rng([seed, len(kind), *widths])
    weights, biases = [], []
    for fan_in, fan_out in itertools.pairwise((2, *widths, 1)):
        if kind == "integer":
            weights.append(rng.integers(-2, 3, (fan_out, fan_in)))
            biases.append(rng.integers(-1, 2, fan_out))
        else:
            normal = rng.standard_normal((fan_out, fan_in))
            weights.append(normal.astype(np.float32))
            biases.append(rng.standard_normal(fan_out).astype(np.float32))
    return ReluNetwork.from_arrays(weights, biases)


def counted(network: ReluNetwork) -> Counts | None:
    """The counts; None for a network that is constant along some direction."""
    if np.linalg.matrix_rank(network.hidden[0].weight) < network.input_dim:
        return None
    return count_by_definition(network, WholeSpace(2))


def _keep_smallest(
    smallest: dict[str, dict[str, Any]], network: ReluNetwork, counts: Counts
) -> None:
    """Note a network for each pair of definitions that it is the first to separate."""
    for a, b in PAIRS:
        if f"{a}, {b}" not in smallest and getattr(counts, a) != getattr(counts, b):
            smallest[f"{a}, {b}"] = {
                "units": sum(network.widths),
                "counts": counts._asdict(),
                "weights": [layer.weight.tolist() for layer in network.layers],
                "biases": [layer.bias.tolist() for layer in network.layers],
            }


def _claims(
    total: int, increases: int, smallest: dict[str, dict[str, Any]]
) -> list[Claim]:
    """The order of the definitions, and that all are different."""
    claims = [
        claim_exact(
            "No definition counts more regions than the one before it",
            "follows from the definitions",
            f"of {total} networks, those on which one does",
            increases,
            holds=increases == 0,
        )
    ]
    for a, b in PAIRS:
        kept = smallest.get(f"{a}, {b}")
        claims.append(
            claim_exact(
                f"Some networks have more {a} than {b} regions",
                SOURCE,
                "units of the smallest network found (0: none)",
                kept["units"] if kept else 0,
                holds=kept is not None,
            )
        )
    return claims
