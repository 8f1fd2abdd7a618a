"""What the study runs, measures and keeps."""

import dataclasses
import pathlib
from typing import NamedTuple

import jax
import numpy as np
from jaxtyping import Float64

import regions
from experiments.measures.unit_square import enumerate_all
from experiments.running.about import About
from experiments.running.common import Clock
from experiments.running.polygons import read_polygons, write_polygons
from experiments.running.stages import stored
from experiments.running.studies import Summary
from experiments.transformer_block.claims import (
    transformer_block_claims,
    transformer_block_headline,
)
from experiments.transformer_block.intrinsic_dimension import (
    participation_dimension,
    two_neighbor_dimension,
)
from experiments.transformer_block.line_arrangements import regions_of_lines
from regions.files.writing import read_arrays, write_arrays
from training.progress import Progress
from training.transformer import (
    TransformerConfig,
    feed_forward_network,
    init_transformers,
    modular_sums,
    run_transformer,
    train_transformers,
)

ABOUT = About(
    title="Regions of a transformer's feed-forward layer",
    page="claims",
    source=(
        "S. Shekkizhar, MLPs as hashing functions, 2024 (outlook); Cosentino & "
        "Shekkizhar 2024 (geometry of reasoning in language models)"
    ),
    setup=(
        "One pre-norm block (16 dimensions, 1, 2 or 4 heads, 32 ReLU units) learns "
        "(a + b) mod 11 at the equals sign of a, b, = from 80 % of the 121 pairs, 800 "
        "full-batch updates of AdamW, ten seeds. Before and after: distinct activation "
        "patterns of the feed-forward layer over the equals signs of all pairs; "
        "intrinsic dimension of the attention's output there, from two neighbors "
        "(pairs with a <= b: the block learns that sums commute, so that a, b and b, a "
        "nearly coincide) and from principal axes; exact regions of the layer on the "
        "plane through its inputs at three equals signs."
    ),
    differs=(
        "The sources speak of language models; this block has under 3,000 parameters. "
        "Normalized inputs lie on an ellipsoid, which the plane meets in a curve "
        "through its three tokens: the regions beside it are of the layer, not of what "
        "the block can reach. Pairs of tokens (a, b) and (b, a) nearly coincide, so "
        "one of them is left out of the dimension; with both, as in a first run, the "
        "dimension falls by 1.0 with more heads."
    ),
    expected=(
        "More heads, higher dimension, more regions (claimed for language models); the "
        "exact count on the plane equals Euler's formula for 32 lines (derived)."
    ),
)

TIMES = ("before", "after")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """What identifies a run.

    Attributes:
        modulus: Modulus of the sums.
        heads: Numbers of heads of the attention, one setting each.
        dim: Dimension of the stream.
        hidden: Units of the feed-forward layer.
        share: Share of the pairs that are learned.
        steps: Updates.
        margin: Margin of the plane's rectangle around its three tokens, in their
            largest distance.
        seeds: One model for each and each number of heads.
    """

    modulus: int = 11
    heads: tuple[int, ...] = (1, 2, 4)
    dim: int = 16
    hidden: int = 32
    share: float = 0.8
    steps: int = 800
    margin: float = 0.5
    seeds: tuple[int, ...] = tuple(range(10))

    def model(self, heads: int) -> TransformerConfig:
        """The block with so many heads."""
        return TransformerConfig(
            vocabulary=self.modulus + 1,
            length=3,
            classes=self.modulus,
            dim=self.dim,
            heads=heads,
            hidden=self.hidden,
        )


PRESETS = {
    "smoke": Config(modulus=5, heads=(2,), dim=8, hidden=10, steps=40, seeds=(0, 1)),
    "paper": Config(),
}
MEASURES: tuple[str, ...] = (
    "learned",
    "held_out",
    "patterns",
    "neighbor_dimension",
    "axis_dimension",
    "plane_regions",
    "plane_formula",
)


class Result(NamedTuple):
    """What the figure needs of a finished run.

    Attributes:
        config: As in `config.json`.
        summary: As in `summary.json`.
        numbers: `MEASURES` by number of heads, time and seed.
        cells: Regions on the plane of the first model, before and after.
        tokens: Plane coordinates of its three tokens, before and after.
    """

    config: Config
    summary: Summary
    numbers: Float64[np.ndarray, "measures heads times seeds"]
    cells: list[list[Float64[np.ndarray, "_ 2"]]]
    tokens: Float64[np.ndarray, "times 3 2"]


class Plane(NamedTuple):
    """A plane through three points, with a rectangle on it.

    Attributes:
        domain: The slice.
        places: Places of the three points, in its coordinates.
    """

    domain: regions.Slice
    places: Float64[np.ndarray, "3 2"]


def plane_through(points: Float64[np.ndarray, "3 dim"], margin: float) -> Plane:
    """The plane through three points that are not on one line.

    Args:
        points: The points.
        margin: Margin of the rectangle beyond them, in their largest distance.
    """
    edges = points[1:] - points[0]
    # Rows of Q are orthonormal: distances on the plane are those of the space.
    Q = np.linalg.qr(edges.T)[0].T
    places = (points - points[0]) @ Q.T
    reach = margin * max(
        np.linalg.norm(places[i] - places[j]) for i in range(3) for j in range(i)
    )
    box = regions.Box(places.min(axis=0) - reach, places.max(axis=0) + reach)
    return Plane(regions.Slice(points[0], Q, box), places)


def conduct(
    config: Config, folder: pathlib.Path, progress: Progress, clock: Clock
) -> Summary:
    """Train, hash the tokens, enumerate the plane; write it all to `folder`."""
    numbers = []
    for done, heads in enumerate(config.heads):
        progress(done, len(config.heads), f"blocks of {heads} heads")
        found = stored(
            folder / f"heads-{heads}.npz",
            lambda heads=heads: _measure_heads(config, heads, folder),
        )
        numbers.append(found["numbers"])
        clock.lap(f"{heads} heads")
    named = _named(np.stack(numbers, axis=1))
    claims = transformer_block_claims(named, config.heads, config.modulus**2)
    return {
        "headline": transformer_block_headline(named, config.heads, config.modulus**2),
        "claims": claims,
    }


def read(config: Config, folder: pathlib.Path, summary: Summary) -> Result:
    """A finished run, from the files in its folder."""
    numbers = [read_arrays(folder / f"heads-{n}.npz")["numbers"] for n in config.heads]
    shown = read_arrays(folder / "shown.npz")
    return Result(
        config,
        summary,
        np.stack(numbers, axis=1),
        [read_polygons(folder / f"cells-{time}.npz") for time in TIMES],
        shown["tokens"],
    )


def _named(numbers: np.ndarray) -> dict[str, np.ndarray]:
    """Measures by name, each (heads, times, seeds)."""
    return dict(zip(MEASURES, numbers, strict=True))


def learned_pairs(config: Config) -> np.ndarray:
    """Which pairs are learned, the same for all models."""
    count = config.modulus**2
    chosen = np.random.default_rng(0).permutation(count)[: round(config.share * count)]
    return np.isin(np.arange(count), chosen)


def _measure_heads(
    config: Config, heads: int, folder: pathlib.Path
) -> dict[str, np.ndarray]:
    """Measures of all seeds before and after training: `(measures, times, seeds)`."""
    model = config.model(heads)
    sequences, sums = modular_sums(config.modulus)
    learned = learned_pairs(config)
    start = init_transformers(model, config.seeds)
    end = train_transformers(
        model, sequences[learned], sums[learned], config.seeds, steps=config.steps
    )
    numbers = np.zeros((len(MEASURES), len(TIMES), len(config.seeds)))
    ordered = sequences[:, 0] <= sequences[:, 1]
    tokens = np.zeros((len(TIMES), 3, 2))
    for t, params in enumerate((start, end)):
        for s in range(len(config.seeds)):
            one = jax.tree.map(lambda leaf, s=s: np.asarray(leaf[s]), params)
            activity = run_transformer(model, one, sequences)
            right = np.asarray(activity.logits).argmax(axis=1) == sums
            network = feed_forward_network(one)
            entering = np.asarray(activity.entering, np.float64)[:, -1]
            attended = np.asarray(activity.attended, np.float64)[:, -1]
            plane = plane_through(_spread(entering), config.margin)
            found = enumerate_all(network, plane.domain)
            numbers[:, t, s] = [
                right[learned].mean(),
                right[~learned].mean(),
                len(np.unique(network.patterns(entering), axis=0)),
                two_neighbor_dimension(attended[ordered]),
                participation_dimension(attended),
                len(found),
                _formula(network, plane.domain),
            ]
            if heads == config.heads[0] and s == 0:
                write_polygons(folder / f"cells-{TIMES[t]}.npz", found.polygons())
                tokens[t] = plane.places
    if heads == config.heads[0]:
        write_arrays(folder / "shown.npz", tokens=tokens)
    return {"numbers": numbers}


def _spread(points: Float64[np.ndarray, "points dim"]) -> np.ndarray:
    """The first point, the farthest from it, and the farthest from their line."""
    first = points[0]
    second = points[np.linalg.norm(points - first, axis=1).argmax()]
    along = (second - first) / np.linalg.norm(second - first)
    away = points - first
    away = away - np.outer(away @ along, along)
    return np.stack([first, second, points[np.linalg.norm(away, axis=1).argmax()]])


def _formula(network: regions.ReluNetwork, domain: regions.Slice) -> int:
    """Regions on the plane by Euler's formula for the units' lines."""
    on_plane = domain.restrict(network).hidden[0]
    return regions_of_lines(
        on_plane.weight, on_plane.bias, domain.box.lower, domain.box.upper
    )
