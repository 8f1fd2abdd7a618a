"""What counts of possible, existing and occupied codes say."""

import dataclasses
from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Int64

from experiments.measures.region_use import RegionUse
from experiments.running.claims import Claim, claim_exact, claim_median, claim_share
from experiments.running.sources import HASHING
from regions.bounds import central_count, hanin_rolnick_2019_count, zaslavsky_count

UNITS = 5
CODES = 2**UNITS
BELOW_ONE = float(np.nextafter(1.0, 0.0))
"""Upper end of what is below 1: as many codes as before are not fewer."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """Five units, and what they see.

    Attributes:
        dim: Inputs.
        data: `normal`, `clusters` or `moons`.
        use_bias: Whether there are biases.
        trained: Whether the network has learned two classes of the data.
    """

    dim: int
    data: str
    use_bias: bool
    trained: bool

    @property
    def name(self) -> str:
        """The name of its files and in the figure."""
        kind = "trained" if self.trained else "random"
        bias = "" if self.use_bias else ", no bias"
        return f"d={self.dim} {self.data} {kind}{bias}".replace("=", "")


def layers_text(depth: int) -> str:
    """A number of layers in words of the pages."""
    return f"{depth} layer{'s' * (depth > 1)}"


Larger = dict[tuple[int, int, int], dict[str, np.ndarray]]


def utilization_claims(
    settings: Sequence[Setting],
    five: dict[str, dict[str, np.ndarray]],
    larger: Larger,
    normal: Int64[np.ndarray, "dims 2 networks"],
    whole: Int64[np.ndarray, "inputs 2 seeds"],
    clustered: Mapping[int, Int64[np.ndarray, " networks"]],
) -> list[Claim]:
    """The verdicts.

    Args:
        settings: Those of five units.
        five: As `region_utilization.Result` has them, like the next three.
        larger: Wider and deeper networks.
        normal: Occupied codes of normal points.
        whole: Regions of the whole space.
        clustered: Occupied codes of many random networks with biases on seven
            clusters, by input dimension.
    """
    return [
        _ordered([*five.values(), *larger.values()]),
        *_maxima(whole),
        *_chance(normal),
        *_clustered(clustered),
        *_training(settings, five),
        *_laws(larger),
    ]


def _ordered(tables: Sequence[dict[str, np.ndarray]]) -> Claim:
    """Each number bounds the next."""
    rows = [
        RegionUse(*(table[name][k].item() for name in RegionUse._fields))
        for table in tables
        for k in range(len(table["exact"]))
    ]
    wrong = sum(not row.is_ordered() for row in rows)
    return claim_exact(
        "Data and grid meet at most the regions of the box, these are at most the "
        "geometry's maximum, and that is at most 2^n",
        "derived",
        f"of {len(rows)} networks, those that break an inequality (0)",
        wrong,
        holds=wrong == 0,
    )


def _maxima(whole: Int64[np.ndarray, "inputs 2 seeds"]) -> list[Claim]:
    """Counts of the whole space, and where 32 is reached."""
    other = sum(
        int((whole[dim - 1, column] != formula(UNITS, dim)).sum())
        for dim in range(1, UNITS + 1)
        for column, formula in enumerate((zaslavsky_count, central_count))
    )
    enough = [dim for dim in range(1, UNITS + 1) if int(whole[dim - 1].max()) == CODES]
    return [
        claim_exact(
            "Five units make 6, 16, 26, 31, 32 regions of 1 to 5 dimensions with "
            "biases, and 2, 10, 22, 30, 32 without",
            "Zaslavsky 1975; Cover 1965",
            f"of {whole.size} exact counts of the whole space, other ones (0)",
            other,
            holds=other == 0,
        ),
        claim_exact(
            "Of five units all 32 codes can occur from five inputs on only",
            "this project, on the 2^5 = 32 possible codes of Shekkizhar 2024",
            "smallest number of inputs, of 1 to 5, in which a network has all 32 (5)",
            min(enough, default=0),
            holds=enough == [UNITS],
        ),
    ]


def _chance(normal: Int64[np.ndarray, "dims 2 networks"]) -> list[Claim]:
    """Random networks of the plane on normal points."""
    return [
        claim_share(
            "Seven of 32 codes occupied is no accident of random weights: few random "
            "networks of the plane do so on normal points",
            "this project, after another implementation's 1 %",
            "share of random networks with exactly seven occupied (at most 0.05)",
            normal[0, 0] == 7,
            high=0.05,
            reason="one in twenty",
        ),
        claim_median(
            "Normal points meet nearly all of the 10 cones without biases",
            "another implementation: 9.9",
            "occupied codes (9.5 to 10)",
            normal[0, 1],
            low=9.5,
            high=10.0,
            reason="half a code: nearly all",
        ),
        claim_median(
            "With biases they meet about 13 of at most 16 regions",
            "another implementation: 12.8",
            "occupied codes (12 to 14)",
            normal[0, 0],
            low=12.0,
            high=14.0,
            reason="one code either way",
        ),
    ]


def _clustered(
    clustered: Mapping[int, Int64[np.ndarray, " networks"]],
) -> list[Claim]:
    """Many random networks on seven clusters."""
    return [
        claim_median(
            f"Seven clusters of data occupy about seven of 32 codes, d = {dim}",
            f"{HASHING}; the clusters are ours",
            "occupied codes of random networks with biases (6 to 8)",
            counts,
            low=6.0,
            high=8.0,
            reason="one code either way",
        )
        for dim, counts in clustered.items()
    ]


def _training(
    settings: Sequence[Setting], five: dict[str, dict[str, np.ndarray]]
) -> list[Claim]:
    """Trained networks: the post's number, and random ones on the same data."""
    trained = [setting for setting in settings if setting.trained]
    clusters = [setting for setting in trained if setting.data == "clusters"]
    random = [dataclasses.replace(setting, trained=False) for setting in trained]
    occupied, before, of_clusters = (
        np.array([five[setting.name]["occupied"] for setting in chosen])
        for chosen in (trained, random, clusters)
    )
    return [
        claim_median(
            "Networks trained on seven clusters occupy about seven of 32 codes",
            f"{HASHING}; the clusters are ours",
            f"occupied codes, mean over {_count(clusters)} (6 to 8)",
            of_clusters.mean(axis=0),
            low=6.0,
            high=8.0,
            reason="one code either way",
        ),
        claim_median(
            "Training gathers the data in fewer codes",
            "this project",
            "occupied codes over those of a random network on the same data, mean over "
            f"{_count(trained)} (below 1)",
            (occupied / before).mean(axis=0),
            high=BELOW_ONE,
            reason="1 is no change",
        ),
    ]


def _count(settings: Sequence[Setting]) -> str:
    """How many settings, in words."""
    kinds = {"clusters": "clusters", "moons": "moons", "normal": "normal points"}
    found = [kinds[data] for data in kinds if data in {s.data for s in settings}]
    return f"{len(settings)} settings of {' and '.join(found)}"


def _laws(larger: Larger) -> list[Claim]:
    """Counts of random networks against N^d / d!, and the share with data."""
    claims = []
    for dim in sorted({shape[0] for shape in larger}):
        most = max(units for d, units, _ in larger if d == dim)
        for d, units, depth in larger:
            if (d, units) == (dim, most):
                law = float(hanin_rolnick_2019_count(units, dim))
                claims.append(
                    claim_median(
                        f"About N^d / d! regions in the box at initialization: "
                        f"{units} units, {layers_text(depth)}, d = {dim}",
                        "Hanin & Rolnick 2019 (1906.00904)",
                        "regions over N^d / d! (0.5 to 1.5)",
                        larger[d, units, depth]["exact"] / law,
                        low=0.5,
                        high=1.5,
                        reason="a half either way: not all crossings lie in the box",
                    )
                )
    dim, units, depth = max(larger, key=lambda s: (-s[0], s[1], s[2]))
    least = min(u for d, u, _ in larger if d == dim)
    shares = [
        larger[dim, n, depth]["occupied"] / larger[dim, n, depth]["exact"]
        for n in (units, least)
    ]
    if units > least:
        claims.append(
            claim_median(
                "The more units, the smaller the share of regions that hold data",
                "this project",
                f"share at {units} units over that at {least}, {layers_text(depth)}, "
                "equally many points (below 1)",
                shares[0] / shares[1],
                high=BELOW_ONE,
                reason="1 is no change",
            )
        )
    return claims
