"""What the study runs, measures and keeps."""

import dataclasses
import itertools
import pathlib
from typing import NamedTuple

import numpy as np
import scipy.stats
from jaxtyping import Float64

import regions
from experiments.measures.preconditioners import embeddings
from experiments.measures.target_curvature import one_thread
from experiments.running.about import About
from experiments.running.claims import Claim, claim_median
from experiments.running.common import Clock
from experiments.running.studies import Summary
from regions.files.writing import read_arrays, write_arrays
from training.progress import Progress

ABOUT = About(
    title="Spectra before training",
    page="claims",
    source="T. C. H. Lux, notes after \"MLP's are actually nonlinear -> linear "
    'preconditioners", 2021',
    setup=(
        "ReLU networks from 3 inputs through 10 layers of 40 units, before any "
        "training, at 1,000 uniform points of [-1, 1]^3: singular values of each "
        "layer's centered activations, for weights into a unit from a normal law of "
        "variance 2 / fan-in, uniform on the unit sphere, and orthogonal (of the first "
        "layer the columns, whose rows are then short beside biases), without "
        "biases and with biases uniform on [-1, 1]. The effective dimension is the "
        "squared sum of their squares over the sum of their fourth powers. 40 seeds."
    ),
    differs=(
        "The notes show pictures of layers 1, 6 and 10; orthogonal weights, the "
        "version without biases and the numbers are ours."
    ),
    expected="As remembered of the notes: singular values vanish with depth.",
)
SOURCE = "Lux, notes after the essay of 2021"
OURS = "this project, for those notes"

LAWS = ("normal", "sphere", "orthogonal")
BIASES = ("no biases", "biases")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """What identifies a run.

    Attributes:
        inputs: Dimension of the inputs.
        width: Units of a layer, more than the inputs.
        depth: Layers.
        points: Points of the cube.
        seeds: Networks of each kind.
    """

    inputs: int = 3
    width: int = 40
    depth: int = 10
    points: int = 1000
    seeds: int = 40


PRESETS = {
    "smoke": Config(width=8, depth=3, points=50, seeds=3),
    "paper": Config(),
}


class Result(NamedTuple):
    """What the figure needs of a finished run.

    Attributes:
        config: As in `config.json`.
        summary: As in `summary.json`.
        spectra: By law and biases: singular values over the largest, descending.
    """

    config: Config
    summary: Summary
    spectra: dict[tuple[str, str], Float64[np.ndarray, "seeds layers width"]]


def conduct(
    config: Config, folder: pathlib.Path, progress: Progress, clock: Clock
) -> Summary:
    """Draw networks and decompose their layers; write it all to `folder`."""
    kinds = [(law, biases) for law in LAWS for biases in BIASES]
    spectra = {}
    for i, (law, biases) in enumerate(kinds):
        progress(i, len(kinds), f"weights {law}, {biases}")
        rows = [
            layer_spectra(config, law, biases == BIASES[1], seed)
            for seed in range(config.seeds)
        ]
        spectra[law, biases] = np.array(rows)
    progress(len(kinds), len(kinds), "done")
    write_arrays(
        folder / "spectra.npz", **{_key(*kind): s for kind, s in spectra.items()}
    )
    clock.lap("spectra")
    parts = [
        f"{law} {np.median(effective_dimension(values)[:, -1]):.2f}"
        for (law, biases), values in spectra.items()
        if biases == BIASES[0]
    ]
    first = np.median(effective_dimension(spectra[LAWS[0], BIASES[0]])[:, 0])
    return {
        "headline": (
            f"effective dimension without biases, medians: {first:.2f} after the first "
            f"layer of normal weights; after the last {', '.join(parts)}"
        ),
        "claims": spectrum_claims(spectra),
    }


def read(config: Config, folder: pathlib.Path, summary: Summary) -> Result:
    """A finished run, from the files in its folder."""
    arrays = read_arrays(folder / "spectra.npz")
    spectra = {
        (law, biases): arrays[_key(law, biases)] for law in LAWS for biases in BIASES
    }
    return Result(config, summary, spectra)


def _key(law: str, biases: str) -> str:
    """Name of an array in the file."""
    return f"{law} {biases}".replace(" ", "_")


def random_network(
    config: Config, law: str, has_biases: bool, seed: int
) -> regions.ReluNetwork:
    """A network of random weights; its output is the mean of the last layer.

    Args:
        config: Its size.
        law: One of `LAWS`.
        has_biases: Whether units have biases, uniform on [-1, 1].
        seed: Seed of the weights.
    """
    rng = np.random.default_rng(seed)
    sizes = [config.inputs, *[config.width] * config.depth]
    weights, biases = [], []
    for fan_in, fan_out in itertools.pairwise(sizes):
        if law == "orthogonal":
            # Of a tall one the columns are orthonormal; lengths play no part.
            weight = scipy.stats.ortho_group.rvs(fan_out, random_state=rng)[:, :fan_in]
        else:
            weight = rng.normal(size=(fan_out, fan_in))
            if law == "sphere":
                weight /= np.linalg.norm(weight, axis=1, keepdims=True)
            else:
                weight *= np.sqrt(2.0 / fan_in)
        weights.append(weight)
        biases.append(rng.uniform(-1.0, 1.0, fan_out) * has_biases)
    mean = np.full((1, config.width), 1.0 / config.width)
    return regions.ReluNetwork.from_arrays([*weights, mean], [*biases, np.zeros(1)])


def layer_spectra(
    config: Config, law: str, has_biases: bool, seed: int
) -> Float64[np.ndarray, "layers width"]:
    """Singular values of each hidden layer's centered activations over the largest."""
    points = np.random.default_rng(seed).uniform(
        -1.0, 1.0, (config.points, config.inputs)
    )
    rows = []
    layers = embeddings(random_network(config, law, has_biases, seed), points)[1:]
    with one_thread():
        for layer in layers:
            values = np.linalg.svd(layer - layer.mean(axis=0), compute_uv=False)
            rows.append(values / values[0])
    return np.array(rows)


def effective_dimension(
    spectra: Float64[np.ndarray, "*places width"],
) -> Float64[np.ndarray, "*places"]:
    """Participation ratio of the variances: n for n equal ones and no others."""
    variances = spectra**2
    return variances.sum(axis=-1) ** 2 / (variances**2).sum(axis=-1)


def spectrum_claims(
    spectra: dict[tuple[str, str], Float64[np.ndarray, "seeds layers width"]],
) -> list[Claim]:
    """What the spectra say."""
    dimensions = {kind: effective_dimension(s) for kind, s in spectra.items()}
    claims = []
    for (law, biases), found in dimensions.items():
        source = SOURCE if law != "orthogonal" and biases == BIASES[1] else OURS
        claims.append(
            claim_median(
                f"{law.capitalize()} weights, {biases}: singular values vanish with "
                "depth.",
                source,
                "effective dimension of the last layer over that of the first, paired "
                "(at most 0.7)",
                found[:, -1] / found[:, 0],
                high=0.7,
                reason="three tenths less; the notes have no number",
            )
        )
    for biases in BIASES:
        claims.append(
            claim_median(
                f"The sphere and the normal law are about as good, {biases}.",
                OURS,
                "effective dimension of the last layer, sphere over normal (0.8 to "
                "1.25)",
                dimensions["sphere", biases][:, -1]
                / dimensions["normal", biases][:, -1],
                low=0.8,
                high=1.25,
                reason="a quarter either way; the notes have no number",
            )
        )
    return claims
