"""Claims on what tuning does to partitions, settled by the numbers of `lora`."""

import math
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Bool, Float

from experiments.lora.low_rank_layers import RankCount
from experiments.running.claims import Claim, claim_exact, claim_median
from experiments.running.sources import HASHING
from training.adapters import Tuning

PLATE = "Cosentino 2026 (2602.03846)"
NEAR, FAR = 0, 1
"""The two tasks whose partitions are compared."""


class Tunings(NamedTuple):
    """Numbers of tuned networks.

    Attributes:
        methods: Names, in order.
        moves: All tasks, `(degrees, shift)`, in order of their distance.
        marks: What compared networks have in common, `loss` first.
        numbers: By name, `(methods, tasks, marks, seeds)`, of the near and the far
            task: those of `experiments.measures.adaptation`, and `reached` (1 where the
            mark was reached) and `loss`.
        final: Loss at the end of the tuning, `(methods, moves, seeds)`.
    """

    methods: tuple[str, ...]
    moves: tuple[tuple[float, float], ...]
    marks: tuple[str, ...]
    numbers: dict[str, np.ndarray]
    final: Float[np.ndarray, "methods moves seeds"]

    def of(
        self, name: str, method: str, task: int, mark: str
    ) -> Float[np.ndarray, " seeds"]:
        """One number of one method, task and mark, all seeds."""
        place = (self.methods.index(method), task, self.marks.index(mark))
        return np.asarray(self.numbers[name][place], np.float64)

    def reached(self, method: str, task: int, mark: str) -> Bool[np.ndarray, " seeds"]:
        """Which seeds reached a mark."""
        return self.of("reached", method, task, mark) > 0.0

    def losses(self, method: str) -> Float[np.ndarray, "moves seeds"]:
        """Losses at the end of the tuning."""
        return self.final[self.methods.index(method)]

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

    def shares_reached(self) -> dict[str, list[float]]:
        """Share of seeds that reached the marks: near loss and distance, far ones."""
        return {
            method: self.numbers["reached"][i].mean(axis=-1).ravel().tolist()
            for i, method in enumerate(self.methods)
        }

    def final_losses(self) -> dict[str, list[float]]:
        """Median loss at the end by method, one entry a task."""
        return {
            method: np.median(self.losses(method), axis=1).tolist()
            for method in self.methods
        }

    def ranks(self) -> list[str]:
        """The methods that are LoRA, in order."""
        return [m for m in self.methods if Tuning.parse(m).method == "lora"]


def lora_headline(tunings: Tunings) -> str:
    """One line for the pages."""
    low = tunings.ranks()[0]

    def median(name: str, task: int) -> float:
        return float(np.median(tunings.of(name, low, task, "distance")))

    ratios = [
        float(np.median(_growth(tunings, low, task, "distance")))
        for task in (NEAR, FAR)
    ]
    return (
        f"{low} at the distance of full tuning, near and far task: regions times "
        f"{ratios[0]:.2f} and {ratios[1]:.2f}; patterns kept (exact Jaccard index) "
        f"{median('jaccard', NEAR):.2f} and {median('jaccard', FAR):.2f}; accuracy on "
        f"the old task {median('old_before', NEAR):.2f} to "
        f"{median('old_after', NEAR):.2f} and {median('old_after', FAR):.2f}"
    )


def lora_claims(tunings: Tunings, ranks: list[RankCount]) -> list[Claim]:
    """Claims in the order of the page; none of marks that no network reached.

    Args:
        tunings: Numbers of the tuned networks.
        ranks: Counts of layers of low rank.
    """
    low, high = tunings.ranks()[0], tunings.ranks()[-1]
    claims = [
        _direction_claim(tunings),
        *_closeness_claims(tunings, low),
        *_count_claims(tunings, (low, high) if low != high else (low,)),
        *_pattern_claims(tunings, low),
        *_forgetting_claims(tunings, low),
        *_part_claims(tunings),
        *_rank_claims(ranks),
    ]
    return [claim for claim in claims if claim is not None]


def _growth(
    tunings: Tunings, method: str, task: int, mark: str
) -> Float[np.ndarray, " seeds"]:
    """Regions after over regions before."""
    before = tunings.of("regions_before", method, task, mark)
    return tunings.of("regions_after", method, task, mark) / before


def _direction_claim(tunings: Tunings) -> Claim:
    """LoRA moves weights in few directions."""
    layers = sum(name.startswith("rank_") for name in tunings.numbers)
    above, exact, total = 0, 0, 0
    for method in tunings.ranks():
        r, i = Tuning.parse(method).rank, tunings.methods.index(method)
        found = np.stack([tunings.numbers[f"rank_{k}"][i] for k in range(layers)])
        above += int((found > r).sum())
        # The first layer has two inputs and the last two outputs.
        exact += int((found[1:-1] == r).sum())
        total += found[1:-1].size
    return claim_exact(
        "LoRA moves the weights of a layer, and so its creases, in as many directions "
        "as its rank",
        HASHING,
        "changes of a layer's weights with a rank above r (none allowed); the rank is "
        f"r in {exact} of {total} changes of layers between hidden ones",
        above,
        holds=above == 0,
    )


def _closeness_claims(tunings: Tunings, low: str) -> list[Claim | None]:
    """LoRA does when tasks are close."""
    near = [tuple(move) for move in tunings.moves].index((20.0, 0.3))
    gaps = tunings.losses(low) - tunings.losses("full")
    accuracy = [
        tunings.of("new_after", method, NEAR, "loss") for method in ("full", low)
    ]
    reached = tunings.reached(low, NEAR, "loss")
    return [
        claim_median(
            f"On the near task {low} does as well as tuning everything",
            HASHING,
            "loss at the end of the tuning minus that of full tuning, in nats (at "
            "most 0.05)",
            gaps[near],
            high=0.05,
            reason="the right class is then given 0.95 of the probability it has",
        ),
        claim_median(
            f"The farther the task, the more {low} falls behind",
            HASHING,
            "that gap on the far task minus that on the near one (above 0.05)",
            gaps[-1] - gaps[near],
            low=0.05,
            reason="the same 0.05",
        ),
        _median(
            f"At the same loss {low} is as accurate on the near task as full tuning",
            "follows if the loss says it all",
            "test accuracy below that of full tuning (-0.02 to 0.02)",
            (accuracy[0] - accuracy[1])[
                reached & tunings.reached("full", NEAR, "loss")
            ],
            low=-0.02,
            high=0.02,
            reason="ten of 500 test points either way",
        ),
    ]


def _count_claims(tunings: Tunings, methods: tuple[str, ...]) -> list[Claim | None]:
    """Tuning makes no new partition: by number."""
    return [
        _median(
            f"{method} keeps the number of regions, {name} task, at the same {mark}",
            f"{HASHING}: typically no new partitions",
            "exact regions after over before (0.9 to 1.1)",
            _growth(tunings, method, task, mark)[tunings.reached(method, task, mark)],
            low=0.9,
            high=1.1,
            reason="a tenth either way",
        )
        for method in methods
        for task, name in ((NEAR, "near"), (FAR, "far"))
        for mark in tunings.marks
    ]


def _pattern_claims(tunings: Tunings, low: str) -> list[Claim | None]:
    """Tuning makes no new partition: by identity."""
    claims: list[Claim | None] = []
    for mark in tunings.marks:
        reached = tunings.reached(low, NEAR, mark)
        claims += [
            _median(
                f"{low} keeps the regions themselves, near task, at the same {mark}",
                f"{HASHING}: typically no new partitions",
                "Jaccard index of the exact patterns (at least 0.9)",
                tunings.of("jaccard", low, NEAR, mark)[reached],
                low=0.9,
                reason="a tenth less",
            ),
            _median(
                f"{low} keeps more of them than full tuning, near task, at the same "
                f"{mark}",
                HASHING,
                "Jaccard index over that of full tuning (above 1)",
                (
                    tunings.of("jaccard", low, NEAR, mark)
                    / tunings.of("jaccard", "full", NEAR, mark)
                )[reached & tunings.reached("full", NEAR, mark)],
                low=1.0,
                reason="1 is no difference",
            ),
            _median(
                f"{low} leaves the old data in their regions, near task, at the same "
                f"{mark}",
                HASHING,
                "share of the old test points whose pattern differs (at most 0.1)",
                tunings.of("points_old", low, NEAR, mark)[reached],
                high=0.1,
                reason="one in ten",
            ),
            _median(
                f"{low} changes few bits, near task, at the same {mark}",
                "this project",
                "share of bits that differ on a grid (mean Hamming distance, at most "
                "0.1)",
                tunings.of("bits_grid", low, NEAR, mark)[reached],
                high=0.1,
                reason="one in ten",
            ),
        ]
    if "last_layer" in tunings.methods:
        row = tunings.methods.index("last_layer")
        kept = tunings.numbers["jaccard"][row]
        claims.append(
            claim_exact(
                "Tuning the last layer alone keeps every region",
                "follows from the definition",
                f"tuned networks of {kept.size} whose exact Jaccard index is not 1",
                int((kept != 1.0).sum()),
                holds=bool((kept == 1.0).all()),
            )
        )
    return claims


def _forgetting_claims(tunings: Tunings, low: str) -> list[Claim | None]:
    """LoRA does not keep a network from forgetting."""
    claims: list[Claim | None] = []
    for task, name in ((NEAR, "near"), (FAR, "far")):
        lost = {
            method: tunings.of("old_before", method, task, "loss")
            - tunings.of("old_after", method, task, "loss")
            for method in (low, "full")
        }
        reached = tunings.reached(low, task, "loss")
        claims += [
            _median(
                f"{low} forgets: {name} task, at the same loss",
                HASHING,
                "accuracy lost on the old task (at least 0.02)",
                lost[low][reached],
                low=0.02,
                reason="ten of 500 test points",
            ),
            _median(
                f"{low} forgets no less than full tuning: {name} task, same loss",
                HASHING,
                "accuracy lost on the old task minus that of full tuning (at least 0)",
                (lost[low] - lost["full"])[
                    reached & tunings.reached("full", task, "loss")
                ],
                low=0.0,
                reason="0 is no difference",
            ),
        ]
    return claims


def _part_claims(tunings: Tunings) -> list[Claim | None]:
    """Frozen frames spare the old task."""
    found = [m for m in tunings.methods if Tuning.parse(m).method == "plate"]
    claims: list[Claim | None] = []
    for method in found:
        for mark in tunings.marks:
            reached = tunings.reached(method, NEAR, mark)
            both = reached & tunings.reached("full", NEAR, mark)
            ratio = tunings.of("drift_old", method, NEAR, mark) / tunings.of(
                "drift_old", "full", NEAR, mark
            )
            claims.append(
                _median(
                    f"{method} changes the maps on the old data less than full "
                    f"tuning, near task, at the same {mark}",
                    PLATE,
                    "mean change of the Jacobian there, over that of full tuning "
                    "(below 1)",
                    ratio[both],
                    high=1.0,
                    reason="1 is no difference",
                )
            )
    return claims


def _rank_claims(ranks: list[RankCount]) -> list[Claim]:
    """Layers of low rank."""
    alone = [row for row in ranks if not row.base]
    based = [row for row in ranks if row.base]
    return [
        claim_exact(
            "A first layer that is an adapter of rank r alone, with any biases, has "
            "sum_{k<=r} C(n, k) regions on the whole space in general position, and "
            "never more",
            "derived: its hyperplanes are those of R^r",
            f"layers of {len(alone)} with another exact count",
            sum(row.regions != row.bound for row in alone),
            holds=all(row.regions == row.bound for row in alone),
        ),
        claim_exact(
            "On a weight of full rank the same adapters change no count: it stays "
            "sum_{k<=d} C(n, k)",
            "derived: general position is lost by chance only",
            f"layers of {len(based)} with another exact count",
            sum(row.regions != row.bound for row in based),
            holds=all(row.regions == row.bound for row in based),
        ),
    ]


def _median(
    claim: str,
    source: str,
    statistic: str,
    values: np.ndarray,
    low: float = -math.inf,
    high: float = math.inf,
    *,
    reason: str,
) -> Claim | None:
    """A claim on a median; None if no network reached the mark."""
    if not len(values):
        return None
    return claim_median(
        claim, source, statistic, values, low=low, high=high, reason=reason
    )
