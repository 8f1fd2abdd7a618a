"""Claims on what tuning does to a partition of 64 dimensions."""

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float

from experiments.measures.rank_correlation import rank_correlation
from experiments.running.claims import Claim, claim_exact, claim_median
from experiments.running.sources import HASHING
from training.adapters import Tuning

NEAR, FAR = 0, 1
"""Digits one pixel lower, and digits whose pixels changed places."""

GUESS = "follows from the post, if fewer directions are less change"
TENTH = "a tenth is what the post's word, typically, leaves open"


class Tunings(NamedTuple):
    """Numbers of tuned networks.

    Attributes:
        methods: Names, in order.
        marks: What compared networks have in common, `loss` first.
        numbers: By name, `(methods, tasks, marks, seeds)`: those of
            `compared.compare_networks`, and `reached`, 1 where the mark was reached.
        final: Loss at the end of the tuning, `(methods, tasks, seeds)`.
    """

    methods: tuple[str, ...]
    marks: tuple[str, ...]
    numbers: dict[str, np.ndarray]
    final: Float[np.ndarray, "methods tasks seeds"]

    @classmethod
    def from_arrays(
        cls,
        methods: tuple[str, ...],
        marks: tuple[str, ...],
        arrays: Mapping[str, np.ndarray],
    ) -> "Tunings":
        """From the file of a run."""
        numbers = dict(arrays)
        final = numbers.pop("final")
        return cls(methods, marks, numbers, final)

    def of(
        self, name: str, method: str, task: int, mark: str
    ) -> Float[np.ndarray, " seeds"]:
        """One number of one method, task and mark, all seeds."""
        place = (self.methods.index(method), task, self.marks.index(mark))
        return np.asarray(self.numbers[name][place], np.float64)

    def ranks(self) -> list[str]:
        """The methods that are LoRA, in order."""
        return [m for m in self.methods if Tuning.parse(m).method == "lora"]

    def growth(self, method: str, task: int, mark: str) -> Float[np.ndarray, " seeds"]:
        """Regions on the lines after over before."""
        before = self.of("regions_before", method, task, mark)
        return self.of("regions_after", method, task, mark) / before

    def medians(self) -> dict[str, Any]:
        """Medians over the seeds of every number, by method, task and mark."""
        return {
            f"{method}, {('near', 'far')[task]}, same {mark}": {
                name: round(float(np.median(values[i, task, j])), 5)
                for name, values in self.numbers.items()
            }
            for i, method in enumerate(self.methods)
            for task in (NEAR, FAR)
            for j, mark in enumerate(self.marks)
        }


def tuning_headline(tunings: Tunings) -> str:
    """One line for the pages."""

    def median(name: str, method: str, task: int) -> float:
        return float(np.median(tunings.of(name, method, task, "loss")))

    parts = [
        f"{method} {median('bits', method, NEAR):.3f} and "
        f"{median('bits', method, FAR):.3f}, old accuracy "
        f"{median('old_after', method, NEAR):.2f}"
        for method in ("full", *tunings.ranks())
    ]
    low = tunings.ranks()[0]
    return (
        f"{low}, near task: regions on lines between digits times "
        f"{np.median(tunings.growth(low, NEAR, 'loss')):.2f}, shared with before "
        f"{median('jaccard', low, NEAR):.3f} (exact Jaccard index); bits that differ "
        f"at old digits, near and far task: {'; '.join(parts)} (two digits differ in "
        f"{median('between', low, NEAR):.3f})"
    )


def tuning_claims(tunings: Tunings) -> list[Claim]:
    """Claims in the order of the page; none of marks that no network reached."""
    low = tunings.ranks()[0]
    claims = [
        _direction_claim(tunings),
        *_closeness_claims(tunings),
        *_partition_claims(tunings, low),
        *_rank_claims(tunings, low),
        *_forgetting_claims(tunings, low),
        _last_layer_claim(tunings),
    ]
    return [claim for claim in claims if claim is not None]


def _direction_claim(tunings: Tunings) -> Claim:
    """Weights move in as many directions as the rank has."""
    layers = sum(name.startswith("rank_") for name in tunings.numbers)
    above, total = 0, 0
    for method in tunings.ranks():
        row = tunings.methods.index(method)
        found = np.stack([tunings.numbers[f"rank_{k}"][row] for k in range(layers)])
        above += int((found > Tuning.parse(method).rank).sum())
        total += found.size
    return claim_exact(
        "LoRA moves the weights of a layer, and so its creases, in at most as many "
        "directions as its rank",
        HASHING,
        f"of {total} changes of a layer's weights, those of a higher rank (0)",
        above,
        holds=above == 0,
    )


def _closeness_claims(tunings: Tunings) -> list[Claim | None]:
    """Adapters do when tasks are close."""
    full = tunings.final[tunings.methods.index("full")]
    gaps = {m: tunings.final[tunings.methods.index(m)] - full for m in tunings.ranks()}
    low = tunings.ranks()[0]
    claims: list[Claim | None] = [
        claim_median(
            f"On the near task {method} does as well as tuning everything",
            HASHING,
            "loss at the end of the tuning minus that of full tuning, in nats (at "
            "most 0.1)",
            gap[NEAR],
            high=0.1,
            reason="the right class is then given 0.9 of the probability it has",
        )
        for method, gap in gaps.items()
    ]
    claims.append(
        claim_median(
            f"The farther the task, the more {low} falls behind",
            HASHING,
            "that gap on the far task minus that on the near one (above 0.1)",
            gaps[low][FAR] - gaps[low][NEAR],
            low=0.1,
            reason="as above",
        )
    )
    return claims


def _partition_claims(tunings: Tunings, low: str) -> list[Claim | None]:
    """No new partition: by number, by identity, at the old data."""
    claims: list[Claim | None] = []
    for task, name in ((NEAR, "near"), (FAR, "far")):
        claims += [
            _claim(
                tunings,
                (low,),
                task,
                "loss",
                f"{low} keeps the number of regions, {name} task",
                f"{HASHING}: typically no new partitions",
                "regions on lines between old digits, exact, after over before (0.9 to "
                "1.1)",
                tunings.growth(low, task, "loss"),
                low=0.9,
                high=1.1,
                reason=TENTH,
            ),
            _claim(
                tunings,
                (low,),
                task,
                "loss",
                f"{low} keeps the regions themselves, {name} task",
                f"{HASHING}: typically no new partitions",
                "Jaccard index of the exact patterns on those lines (at least 0.9)",
                tunings.of("jaccard", low, task, "loss"),
                low=0.9,
                reason=TENTH,
            ),
        ]
    claims.append(
        _claim(
            tunings,
            (low,),
            NEAR,
            "loss",
            f"{low} leaves old digits in their regions, near task",
            f"{HASHING}: typically no new partitions",
            "share of the old images held out whose pattern differs (at most 0.1)",
            tunings.of("points", low, NEAR, "loss"),
            high=0.1,
            reason=TENTH,
        )
    )
    return claims


def _rank_claims(tunings: Tunings, low: str) -> list[Claim | None]:
    """Against full tuning, and over the rank: how many bits differ."""
    claims: list[Claim | None] = []
    for task, name in ((NEAR, "near"), (FAR, "far")):
        for mark in tunings.marks:
            bits = [tunings.of("bits", m, task, mark) for m in (low, "full")]
            claims.append(
                _claim(
                    tunings,
                    (low, "full"),
                    task,
                    mark,
                    f"{low} changes the partition less than full tuning, {name} task, "
                    f"at the same {mark}",
                    GUESS,
                    "share of bits that differ at old images held out, over that of "
                    "full tuning, paired (below 1)",
                    bits[0] / bits[1],
                    high=1.0,
                    reason="1 is no difference",
                )
            )
    order = (*tunings.ranks(), "full")
    if len(order) > 2:
        bits = np.stack([tunings.of("bits", m, NEAR, "loss") for m in order])
        levels = np.arange(len(order), dtype=np.float64)
        claims.append(
            claim_median(
                "The lower the rank, the less the partition changes, near task, at the "
                "same loss",
                GUESS,
                "rank correlation of the share of bits that differ with the rank, full "
                "tuning as the highest, seed by seed (at least 0.5)",
                rank_correlation(bits, np.tile(levels[:, None], bits.shape[1])),
                low=0.5,
                reason="beyond it is what at most one exchange of neighbors leaves",
            )
        )
    return claims


def _forgetting_claims(tunings: Tunings, low: str) -> list[Claim | None]:
    """Forgetting, and less of it than by full tuning?"""
    claims: list[Claim | None] = []
    for task, name in ((NEAR, "near"), (FAR, "far")):
        lost = {
            method: tunings.of("old_before", method, task, "loss")
            - tunings.of("old_after", method, task, "loss")
            for method in (low, "full")
        }
        claims += [
            _claim(
                tunings,
                (low,),
                task,
                "loss",
                f"{low} forgets: {name} task",
                HASHING,
                "accuracy lost on old images held out (at least 0.02)",
                lost[low],
                low=0.02,
                reason="three times the standard error of an accuracy here",
            ),
            _claim(
                tunings,
                (low, "full"),
                task,
                "loss",
                f"{low} forgets no less than full tuning: {name} task",
                HASHING,
                "accuracy lost, minus that of full tuning, paired (at least 0)",
                lost[low] - lost["full"],
                low=0.0,
                reason="0 is no difference",
            ),
        ]
    return claims


def _last_layer_claim(tunings: Tunings) -> Claim | None:
    """Control: what moves no crease keeps everything."""
    if "last_layer" not in tunings.methods:
        return None
    kept = tunings.numbers["jaccard"][tunings.methods.index("last_layer")]
    return claim_exact(
        "Tuning the last layer alone keeps every region",
        "follows from the definition",
        f"tuned networks of {kept.size} whose exact Jaccard index is not 1",
        int((kept != 1.0).sum()),
        holds=bool((kept == 1.0).all()),
    )


def _claim(
    tunings: Tunings,
    methods: tuple[str, ...],
    task: int,
    mark: str,
    claim: str,
    source: str,
    statistic: str,
    values: np.ndarray,
    *,
    low: float = -math.inf,
    high: float = math.inf,
    reason: str,
) -> Claim | None:
    """A claim on the seeds where all methods reached the mark; None if in none."""
    reached = np.logical_and.reduce(
        [tunings.of("reached", method, task, mark) > 0.0 for method in methods]
    )
    if not reached.any():
        return None
    return claim_median(
        claim, source, statistic, values[reached], low=low, high=high, reason=reason
    )
