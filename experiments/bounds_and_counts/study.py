"""What the study runs, measures and keeps."""

import dataclasses
import pathlib
from typing import NamedTuple

import numpy as np
from jaxtyping import Int64

from experiments.measures.hanin_rolnick_measures import count_everywhere
from experiments.running.about import About
from experiments.running.claims import Claim, claim_exact, claim_median
from experiments.running.common import Clock
from experiments.running.settings import shape_name
from experiments.running.stages import stored
from experiments.running.studies import Summary
from regions import bounds
from regions.files.writing import read_arrays, write_arrays
from training.config import ModelConfig, TrainingConfig
from training.ensemble import ensemble_networks, init_ensemble
from training.progress import Progress

ABOUT = About(
    title="Bounds of the literature against exact counts",
    page="papers",
    source=(
        "Zaslavsky 1975; Pascanu et al. 2013; Montufar et al. 2014; Montufar 2017; "
        "Raghu et al. 2017; Serra et al. 2018; Arora et al. 2018; Hinz & van de Geer "
        "2018: their formulas, all in regions/bounds.py"
    ),
    setup=(
        "ReLU networks of two inputs with He normal weights and biases of variance "
        "1e-6, ten a shape, all activation regions of the whole plane counted exactly, "
        "over widths of two hidden layers and over depths at one width; two narrow "
        "layers on four inputs; one hidden layer in 2, 3 and 4 dimensions, with and "
        "without biases."
    ),
    differs=(
        "Raghu's O(k^(mn)) is asymptotic and drawn without its constant. The sharper "
        "histograms of Hinz 2021 are not there; the framework with the standard ones "
        "gives the bound of Serra et al."
    ),
    expected=(
        "Counts of random networks near N^2 / 2 at every depth, far from the best "
        "constructions and the upper bounds, which grow exponentially with depth. "
        "Formulas and their values are known and computed; that a deep network may "
        "exceed the count of one layer with as many units was computed before (172 "
        "against 137 for two layers of 8)."
    ),
)
NARROW_DIM = 4
"""Inputs of the networks with narrow layers."""

Shape = tuple[int, ...]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """What identifies a run.

    Attributes:
        by_width: Hidden widths of networks of the plane, one panel.
        by_depth: Hidden widths of networks of the plane, another panel.
        narrow: Hidden widths of networks of four inputs: narrow layers tell the upper
            bounds apart, which are equal for wide ones.
        shallow: `(units, dimension)` of one hidden layer.
        seeds: Networks per shape.
    """

    by_width: tuple[Shape, ...] = tuple((n, n) for n in (4, 6, 8, 10, 12, 16, 20, 24))
    by_depth: tuple[Shape, ...] = tuple((12,) * depth for depth in range(1, 7))
    narrow: tuple[Shape, ...] = tuple((n, n) for n in range(2, 8))
    shallow: tuple[tuple[int, int], ...] = (
        (4, 2),
        (8, 2),
        (16, 2),
        (32, 2),
        (5, 3),
        (8, 3),
        (12, 3),
        (16, 3),
        (6, 4),
        (8, 4),
        (10, 4),
    )
    seeds: int = 10


PRESETS = {
    "smoke": Config(
        by_width=((4, 4), (6, 6)),
        by_depth=((4,), (4, 4, 4)),
        narrow=((2, 2), (3, 3)),
        shallow=((4, 2), (5, 3)),
        seeds=2,
    ),
    "paper": Config(),
}


class Result(NamedTuple):
    """What the figure needs of a finished run.

    Attributes:
        config: As in `config.json`.
        summary: As in `summary.json`.
        counts: Regions of the plane by hidden widths, one per seed.
        narrow: Regions of R^4 by hidden widths, one per seed.
        shallow: Regions by (units, dimension), one per seed.
        central: The same without biases.
    """

    config: Config
    summary: Summary
    counts: dict[Shape, Int64[np.ndarray, " seeds"]]
    narrow: dict[Shape, Int64[np.ndarray, " seeds"]]
    shallow: dict[tuple[int, int], Int64[np.ndarray, " seeds"]]
    central: dict[tuple[int, int], Int64[np.ndarray, " seeds"]]


def conduct(
    config: Config, folder: pathlib.Path, progress: Progress, clock: Clock
) -> Summary:
    """Count; write it all to `folder`."""
    shapes = dict.fromkeys([*config.by_width, *config.by_depth])
    counts, narrow, shallow, central = {}, {}, {}, {}
    for done, widths in enumerate(shapes):
        progress(done, len(shapes), "counting in the plane")
        counts[widths] = _stored(folder, config, widths, 2, use_bias=True)
    clock.lap("planes")
    for done, widths in enumerate(config.narrow):
        progress(done, len(config.narrow), "counting in four dimensions")
        narrow[widths] = _stored(folder, config, widths, NARROW_DIM, use_bias=True)
    clock.lap("four dimensions")
    for done, (units, dim) in enumerate(config.shallow):
        progress(done, len(config.shallow), "counting one hidden layer")
        at = (units, dim)
        shallow[at] = _stored(folder, config, (units,), dim, use_bias=True)
        central[at] = _stored(folder, config, (units,), dim, use_bias=False)
    clock.lap("one hidden layer")
    write_arrays(
        folder / "counts.npz",
        **{f"plane-{shape_name(w)}": found for w, found in counts.items()},
        **{f"narrow-{shape_name(w)}": found for w, found in narrow.items()},
        **{f"shallow-{shape_name(at)}": found for at, found in shallow.items()},
        **{f"central-{shape_name(at)}": found for at, found in central.items()},
    )
    claims = _claims(counts, narrow, shallow, central)
    deepest = config.by_depth[-1]
    return {
        "headline": (
            f"{shape_name(deepest)}: {np.median(counts[deepest]):,.0f} regions (median "
            f"of {config.seeds}), N^2/2 = {sum(deepest) ** 2 // 2:,}, bounds from "
            f"{bounds.montufar_2014_lower_bound(2, deepest):,} (for the best weights) "
            f"to {bounds.serra_2018_upper_bound(2, deepest):,}"
        ),
        "verified": all(c.verdict == "confirmed" for c in claims if not c.seeds),
        "median_regions": {
            shape_name(w): float(np.median(a)) for w, a in counts.items()
        },
        "claims": claims,
    }


def read(config: Config, folder: pathlib.Path, summary: Summary) -> Result:
    """A finished run, from the files in its folder."""
    arrays = read_arrays(folder / "counts.npz")
    return Result(
        config,
        summary,
        {
            w: arrays[f"plane-{shape_name(w)}"]
            for w in dict.fromkeys([*config.by_width, *config.by_depth])
        },
        {w: arrays[f"narrow-{shape_name(w)}"] for w in config.narrow},
        {at: arrays[f"shallow-{shape_name(at)}"] for at in config.shallow},
        {at: arrays[f"central-{shape_name(at)}"] for at in config.shallow},
    )


def random_counts(
    widths: Shape, dim: int, seeds: int, *, use_bias: bool
) -> Int64[np.ndarray, " seeds"]:
    """Regions of the whole input space of networks at initialization."""
    model = ModelConfig(
        widths=widths,
        input_dim=dim,
        activation="relu",
        initializer="he_normal_small_bias",
        use_bias=use_bias,
    )
    training = TrainingConfig(model=model, epochs=0)
    networks = ensemble_networks(init_ensemble(training, range(seeds)).params, training)
    return np.array([count_everywhere(network) for network in networks])


def _stored(
    folder: pathlib.Path, config: Config, widths: Shape, dim: int, *, use_bias: bool
) -> Int64[np.ndarray, " seeds"]:
    """Counts of one shape, kept in the folder."""
    kind = "biased" if use_bias else "central"
    return stored(
        folder / f"{kind}-{shape_name(widths)}-in-{dim}.npz",
        lambda: {"counts": random_counts(widths, dim, config.seeds, use_bias=use_bias)},
    )["counts"]


def _claims(
    counts: dict[Shape, np.ndarray],
    narrow: dict[Shape, np.ndarray],
    shallow: dict[tuple[int, int], np.ndarray],
    central: dict[tuple[int, int], np.ndarray],
) -> list[Claim]:
    """What the numbers say."""
    found = [(2, w, a) for w, a in counts.items()]
    found += [(NARROW_DIM, w, a) for w, a in narrow.items()]
    total = sum(a.size for _, _, a in found)
    uppers = (
        ("Serra et al. 2018", bounds.serra_2018_upper_bound),
        ("Montufar 2017", bounds.montufar_2017_upper_bound),
        ("Montufar et al. 2014", bounds.montufar_2014_upper_bound),
    )
    claims = [
        _no_exception(
            f"No network has more regions than the bound of {source}",
            source,
            f"of {total} exact counts, those beyond it",
            sum(int((a > upper(dim, w)).sum()) for dim, w, a in found),
        )
        for source, upper in uppers
    ]
    claims += [
        _no_exception(
            f"One hidden layer {kind} has as many regions as hyperplanes in general "
            "position",
            "Zaslavsky 1975",
            f"of {sum(a.size for a in table.values())} exact counts, other ones",
            sum(int((a != formula(*at)).sum()) for at, a in table.items()),
        )
        for kind, table, formula in (
            ("with biases", shallow, bounds.zaslavsky_count),
            ("without biases", central, bounds.central_count),
        )
    ]
    deep = {w: a for w, a in counts.items() if len(w) > 1}
    more = sum(
        int((a > bounds.zaslavsky_count(sum(w), 2)).sum()) for w, a in deep.items()
    )
    claims.append(
        claim_exact(
            "Some deep networks have more regions than one layer with as many units "
            "can have",
            "computed before: 172 against 137",
            f"of {sum(a.size for a in deep.values())} deep networks, those that do",
            more,
            holds=more > 0,
        )
    )
    claims += [
        claim_median(
            "Random deep networks have about N^2/2 regions of the plane, "
            f"{shape_name(w)}",
            "Hanin & Rolnick, NeurIPS 2019 (1906.00904)",
            "regions over N^2/2 (0.8 to 1.2)",
            a / float(bounds.hanin_rolnick_2019_count(sum(w), 2)),
            low=0.8,
            high=1.2,
        )
        for w, a in deep.items()
        if sum(w) >= 24
    ]
    return claims


def _no_exception(claim: str, source: str, statistic: str, exceptions: int) -> Claim:
    """A claim on every single network."""
    return claim_exact(claim, source, statistic, exceptions, holds=exceptions == 0)
