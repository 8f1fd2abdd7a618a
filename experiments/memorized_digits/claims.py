"""What the tables of true and of random labels say."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from experiments.running.claims import Claim, claim_median
from experiments.running.sources import HASHING

TRUE, RANDOM = 0, 1
START, END = 0, 1

Numbers = dict[str, np.ndarray]

SOURCE = f"{HASHING}: the partition shows memorization"
IMAGES = (
    "a twentieth of 500 images is 25, over twice the deviation of a count by chance"
)
TENTH = "a tenth: less would be no explanation"


class Looked:
    """Numbers by width and labels, at the end if nothing else is said.

    Args:
        widths: Of two hidden layers, as the first shapes of `numbers`.
        numbers: By name, `(shapes, labels, start and end, seeds)`.
    """

    def __init__(self, widths: Sequence[int], numbers: Numbers):
        self._places = {width: k for k, width in enumerate(widths)}
        self._numbers = numbers

    def of(
        self, name: str, width: int, labels: int, when: int = END
    ) -> Float[np.ndarray, " seeds"]:
        """One number of all seeds."""
        return self._numbers[name][self._places[width], labels, when]

    def gap(self, name: str, width: int) -> Float[np.ndarray, " seeds"]:
        """That with random labels minus that with true ones, seed by seed."""
        return self.of(name, width, RANDOM) - self.of(name, width, TRUE)


def ratio(
    over: Float[np.ndarray, "*shape"], under: Float[np.ndarray, "*shape"]
) -> Float[np.ndarray, "*shape"]:
    """One over the other; NaN where there is nothing under the line."""
    return np.divide(over, under, out=np.full(over.shape, np.nan), where=under > 0.0)


def memory_headline(widths: Sequence[int], shown: int, numbers: Numbers) -> str:
    """One line for the pages."""
    looked = Looked(widths, numbers)

    def median(name: str, width: int, labels: int, when: int = END) -> float:
        return float(np.median(looked.of(name, width, labels, when)))

    alone = [
        median("region_alone", shown, *place)
        for place in ((TRUE, START), (TRUE, END), (RANDOM, END))
    ]
    last = widths[-1]
    within = [
        median("within", last, *place)
        for place in ((TRUE, START), (TRUE, END), (RANDOM, END))
    ]
    return (
        f"two layers of {shown}: {alone[0]:.0%} of the training digits are alone in "
        f"their region before training, {alone[1]:.0%} after true labels and "
        f"{alone[2]:.0%} after random ones (learned to "
        f"{median('learned', shown, RANDOM):.0%}); {last} units: {within[0]:.1f}, "
        f"{within[1]:.1f} and {within[2]:.1f} boundaries per unit of length between "
        "digits of one class"
    )


def memory_claims(
    widths: Sequence[int], shallow: int, shown: int, numbers: Numbers
) -> list[Claim]:
    """Claims in the order of the page."""
    looked = Looked(widths, numbers)
    found = [*_alone_claims(looked, shown)]
    for width in dict.fromkeys((shown, widths[-1])):
        found += _line_claims(looked, width)
    found += _table_claims(looked, shown)
    return [*found, _capacity_claim(widths[0], shallow, numbers)]


def _alone_claims(looked: Looked, shown: int) -> list[Claim]:
    """Who has a region of their own, and who meets a known one."""
    before = looked.of("region_alone", shown, TRUE, START)
    true, random = (looked.of("region_alone", shown, k) for k in (TRUE, RANDOM))
    return [
        claim_median(
            "Labels learned by heart leave more digits alone in their region than true "
            "ones",
            SOURCE,
            f"share of the training images that are, two layers of {shown}, random "
            "labels minus true ones (above 0.05)",
            random - true,
            low=0.05,
            reason=IMAGES,
        ),
        claim_median(
            "Learning true labels brings digits together that were apart",
            "this project",
            f"that share before training minus after, two layers of {shown} (above "
            "0.05)",
            before - true,
            low=0.05,
            reason=IMAGES,
        ),
        claim_median(
            "Learning by heart drives them apart",
            "this project",
            f"that share after random labels minus before, two layers of {shown} "
            "(above 0.05)",
            random - before,
            low=0.05,
            reason=IMAGES,
        ),
        claim_median(
            "After true labels more digits held out fall into a known region",
            "this project",
            f"share that does, two layers of {shown}, true labels minus random ones "
            "(above 0.05)",
            -looked.gap("region_met", shown),
            low=0.05,
            reason="three times the deviation of such a share of 1,297 images",
        ),
    ]


def _line_claims(looked: Looked, width: int) -> list[Claim]:
    """Regions on lines between images."""
    within, between = (
        {
            k: looked.of(name, width, *k)
            for k in ((TRUE, START), (TRUE, END), (RANDOM, END))
        }
        for name in ("within", "between")
    )
    gathered = [ratio(between[k], within[k]) for k in ((TRUE, END), (TRUE, START))]
    words = [
        (
            f"Labels learned by heart make more regions between digits of one class: "
            f"{width} units",
            SOURCE,
            f"boundaries on lines between them, exact, two layers of {width}, random "
            "labels over true ones (above 1.1)",
            ratio(within[RANDOM, END], within[TRUE, END]),
        ),
        (
            f"Learning true labels moves boundaries to where classes differ: {width} "
            "units",
            "Black, Sharkey et al. 2022 (2211.12312), prediction 2",
            "boundaries per length on lines between two classes over those within "
            f"one, two layers of {width}, after training over before (above 1.1)",
            ratio(gathered[0], gathered[1]),
        ),
    ]
    return [
        claim_median(
            claim, source, statistic, values[np.isfinite(values)], low=1.1, reason=TENTH
        )
        for claim, source, statistic, values in words
        if np.isfinite(values).any()
    ]


def _table_claims(looked: Looked, shown: int) -> list[Claim]:
    """The keys of the last layer, as a table."""
    claims = [
        claim_median(
            "True labels need shorter keys in the last layer",
            "this project, on compression",
            f"entropy of the training images' keys in bits, two layers of {shown}, "
            "random labels minus true ones (at least 1)",
            looked.gap("last_bits", shown),
            low=1.0,
            reason="a bit is a unit's",
        )
    ]
    told = looked.of("last_told", shown, TRUE)
    told = told[np.isfinite(told)]
    if len(told):
        claims.append(
            claim_median(
                "The key alone tells the class of a digit held out",
                f"{HASHING}: a code is looked up like a key",
                "share of the images held out with a known key in the last layer, two "
                f"layers of {shown}, whose class is the most frequent of the training "
                "images with that key (at least 0.9)",
                told,
                low=0.9,
                reason="the networks are right about 0.95 of them",
            )
        )
    return claims


def _capacity_claim(width: int, shallow: int, numbers: Numbers) -> Claim:
    """Whether more regions memorize more; deep networks are first, flat ones last."""
    alone, learned = (
        numbers[name][[0, -1], RANDOM, END] for name in ("region_alone", "learned")
    )
    more = float(np.median(alone[0] - alone[1]))
    return claim_median(
        "More regions memorize more, at as many parameters",
        f"{HASHING}: the partition limits capacity",
        f"share of random labels learned by two layers of {width}, which leave "
        f"{more:+.2f} more of the images alone, minus that by one layer of {shallow} "
        "(above 0.02)",
        learned[0] - learned[1],
        low=0.02,
        reason="ten of 500 images, the deviation of such a share by chance",
    )
