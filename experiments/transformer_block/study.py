"""What the study runs, measures and keeps."""

import dataclasses
import pathlib
from typing import NamedTuple

import jax
import numpy as np
from jaxtyping import Bool, Float64, Int

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
    countings,
    feed_forward_network,
    init_transformers,
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
        "One pre-norm block (16 dimensions, 1, 2 or 4 heads, 32 ReLU units) learns how "
        "many of eight earlier tokens, of eight kinds, are the last one again: from "
        "4,000 random sequences, 1,000 updates of AdamW on 128 of them, 24 seeds; "
        "2,000 other sequences are held out. Before and after, over the last tokens of "
        "all: distinct activation patterns of the feed-forward layer; how many of the "
        "held-out tokens meet a pattern that a learned one has met, and for how many "
        "of these the commonest answer of the learned ones there is right; intrinsic "
        "dimension of the attention's output, from two neighbors and from principal "
        "axes; exact regions of the layer on the plane through its inputs at three "
        "sequences."
    ),
    differs=(
        "The sources speak of language models; this block has under 3,000 parameters, "
        "but it generalizes. (A block that learned sums modulo 11 from 97 of 121 "
        "pairs, as in a first version, memorized: it spread them over 1.15 times the "
        "patterns.) Normalized inputs lie on an ellipsoid, which the plane meets in a "
        "curve through its three tokens: the regions beside it are of the layer, not "
        "of what the block can reach."
    ),
    expected=(
        "More heads, higher dimension, more regions (claimed for language models); few "
        "patterns, shared by learned and held-out tokens, if the layer is a hash "
        "(our guess); the exact count on the plane equals Euler's formula for 32 lines "
        "(derived)."
    ),
)

TIMES = ("before", "after")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """What identifies a run.

    Attributes:
        vocabulary: Kinds of tokens.
        length: Tokens of a sequence, the last one included.
        learned: Sequences that are learned.
        held_out: Others.
        heads: Numbers of heads of the attention, one setting each.
        dim: Dimension of the stream.
        hidden: Units of the feed-forward layer.
        steps: Updates.
        batch: Sequences of each.
        margin: Margin of the plane's rectangle around its three tokens, in their
            largest distance.
        seeds: One model for each and each number of heads.
    """

    vocabulary: int = 8
    length: int = 9
    learned: int = 4000
    held_out: int = 2000
    heads: tuple[int, ...] = (1, 2, 4)
    dim: int = 16
    hidden: int = 32
    steps: int = 1000
    batch: int = 128
    margin: float = 0.5
    seeds: tuple[int, ...] = tuple(range(24))

    def model(self, heads: int) -> TransformerConfig:
        """The block with so many heads."""
        return TransformerConfig(
            vocabulary=self.vocabulary,
            length=self.length,
            classes=self.length,
            dim=self.dim,
            heads=heads,
            hidden=self.hidden,
        )


PRESETS = {
    "smoke": Config(
        vocabulary=3,
        length=5,
        learned=40,
        held_out=20,
        heads=(2,),
        dim=8,
        hidden=10,
        steps=40,
        batch=20,
        seeds=(0, 1),
    ),
    "paper": Config(),
}
MEASURES: tuple[str, ...] = (
    "learned",
    "held_out",
    "patterns",
    "met",
    "told",
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
    sequences = config.learned + config.held_out
    claims = transformer_block_claims(named, config.heads, sequences)
    return {
        "headline": transformer_block_headline(named, config.heads, sequences),
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


def all_sequences(config: Config) -> tuple[np.ndarray, np.ndarray]:
    """Sequences and counts, the learned ones first; the same for all models."""
    number = config.learned + config.held_out
    return countings(config.vocabulary, config.length, number, seed=0)


def looked_up(
    patterns: Bool[np.ndarray, "sequences units"],
    counts: Int[np.ndarray, " sequences"],
    learned: int,
) -> tuple[float, float]:
    """What patterns alone tell of held-out sequences.

    Args:
        patterns: Of all sequences, the learned ones first.
        counts: The answers.
        learned: How many are learned.

    Returns:
        Share of the held-out ones with a pattern that a learned one has, and share of
        these for which the commonest answer of the learned ones with it is right.
    """
    _, numbers = np.unique(patterns, axis=0, return_inverse=True)
    table = np.zeros((numbers.max() + 1, counts.max() + 1), int)
    np.add.at(table, (numbers[:learned], counts[:learned]), 1)
    rows = table[numbers[learned:]]
    met = rows.any(axis=1)
    right = rows.argmax(axis=1) == counts[learned:]
    return float(met.mean()), float(right[met].mean()) if met.any() else 0.0


def _measure_heads(
    config: Config, heads: int, folder: pathlib.Path
) -> dict[str, np.ndarray]:
    """Measures of all seeds before and after training: `(measures, times, seeds)`."""
    model = config.model(heads)
    sequences, counts = all_sequences(config)
    learned = config.learned
    start = init_transformers(model, config.seeds)
    end = train_transformers(
        model,
        sequences[:learned],
        counts[:learned],
        config.seeds,
        steps=config.steps,
        batch=config.batch,
    )
    numbers = np.zeros((len(MEASURES), len(TIMES), len(config.seeds)))
    tokens = np.zeros((len(TIMES), 3, 2))
    for t, params in enumerate((start, end)):
        for s in range(len(config.seeds)):
            one = jax.tree.map(lambda leaf, s=s: np.asarray(leaf[s]), params)
            activity = run_transformer(model, one, sequences)
            right = np.asarray(activity.logits).argmax(axis=1) == counts
            network = feed_forward_network(one)
            entering = np.asarray(activity.entering, np.float64)[:, -1]
            attended = np.asarray(activity.attended, np.float64)[:, -1]
            patterns = network.patterns(entering)
            met, told = looked_up(patterns, counts, learned)
            plane = plane_through(_spread(entering), config.margin)
            found = enumerate_all(network, plane.domain)
            numbers[:, t, s] = [
                right[:learned].mean(),
                right[learned:].mean(),
                len(np.unique(patterns, axis=0)),
                met,
                told,
                two_neighbor_dimension(attended),
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
