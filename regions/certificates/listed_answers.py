"""Answers that follow from a partition of the domain, recomputed leaf by leaf."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from flint import fmpq, fmpq_mat

from regions.certificates.answer_bounds import ExactLayers
from regions.certificates.checks import Check, Wrong, tried
from regions.certificates.clipping import exact_sum
from regions.certificates.differences import difference_rows
from regions.certificates.distances import check_distance
from regions.certificates.everywhere import (
    is_everywhere,
    place_in_cube,
)
from regions.certificates.jacobians import check_constant
from regions.certificates.meanings import (
    check_label,
    check_moments,
    direction_of,
    forbidden,
    output_ends,
    power_ends,
    require_radius,
    require_verdict,
)
from regions.certificates.partitions import Partition, simplex_mean
from regions.certificates.rationals import dot, ends, exact, number, numbers, short
from regions.certificates.region_answers import check_patterns, check_rows
from regions.domains.shapes import BoundedDomain
from regions.network import ReluNetwork

SUMS = ("integral", "moments")
"""What some of the pieces prove, with bounds of the output elsewhere."""


def check_partition(
    body: dict[str, Any],
    layers: ExactLayers,
    network: ReluNetwork,
    domain: BoundedDomain,
) -> list[Check]:
    """Whether the leaves fill the domain, and give the answer."""
    held: list[_Answer] = []

    def leaves() -> str:
        whole = is_whole(body)
        partition = Partition(body["partition"], layers, domain, whole)
        held.append(_Answer(body, partition, layers, network, domain))
        fill = "fill the domain, exactly" if whole else "are parts of the domain"
        return f"{len(partition.leaves)} leaves {fill}"

    check = tried("partition", leaves)
    if not check.passed:
        return [check, Check("answer", None, "the partition failed")]
    return [check, tried("answer", held[0].check)]


def is_whole(body: dict[str, Any]) -> bool:
    """Whether leaves must fill their domain.

    Of sums claims may tell the rest; of classes it needs nothing, as any may be there.

    Raises:
        Wrong: If something else was asked.
    """
    if "claims" in body:
        if body["question"] not in SUMS:
            raise Wrong("such an answer follows from claims, or from a partition")
        return False
    if body["partition"].get("whole", True) is True:
        return True
    if body["question"] != "mean_by_class":
        raise Wrong("such an answer does not follow from some of the pieces")
    return False


class _Answer:
    """One answer."""

    def __init__(
        self,
        body: dict[str, Any],
        partition: Partition,
        layers: ExactLayers,
        network: ReluNetwork,
        domain: BoundedDomain,
    ):
        self._body, self._about, self._value = body, body["about"], body["value"]
        self._partition, self._layers = partition, layers
        self._network, self._domain = network, domain

    def check(self) -> str:
        """Whether the leaves say what the answer says.

        Raises:
            Wrong: If not.
        """
        checks = {
            "are_equal": self._equal,
            "holds": self._holds,
            "integral": self._integral,
            "largest_difference": self._difference,
            "lipschitz": self._lipschitz,
            "mean_by_class": self._classes,
            "moments": self._moments,
            "output_range": self._range,
            "preimage": self._preimage,
            "robust_radius": self._radius,
        }
        checks[self._body["question"]]()
        return "what the leaves say"

    def _is(self, what: str, found: fmpq, value: Any) -> None:
        """Raise unless a number is that of the file, or between its ends."""
        low, high = ends(value)
        if not low <= found <= high:
            raise Wrong(f"{what} is {short(found)}, not what the answer says")

    def _directed(self) -> list[fmpq]:
        """A combination of the outputs at all corners."""
        weights = direction_of(self._body, self._layers)
        return [dot(weights, outputs) for outputs in self._partition.outputs]

    def _used(self) -> Iterator[int]:
        """Corners of leaves; others may stand in the file, and mean nothing."""
        leaves = self._partition.leaves
        yield from {k for leaf in leaves for k in leaf.corners}

    def _range(self) -> None:
        values = self._directed()
        used = [values[k] for k in self._used()]
        least, most = self._value
        self._is("the smallest value", min(used), least)
        self._is("the largest value", max(used), most)

    def _preimage(self) -> None:
        """Leaves at whose corners all rows on the outputs hold, by pattern and volume.

        The rows are the units of the last hidden layer, so that no leaf has one of them
        with both signs; this is checked, since that layer may read something else.
        """
        A, b = check_rows(self._about, self._network)
        patterns, volumes = set(), []
        for leaf in self._partition.leaves:
            slacks = [self._slacks(A, b, k) for k in leaf.corners]
            lows, highs = zip(*((min(s), max(s)) for s in zip(*slacks)))  # noqa: B905
            if any(low < 0 < high for low, high in zip(lows, highs, strict=True)):
                raise Wrong(f"leaf {leaf.number} has a row with both signs")
            if min(lows) < 0:
                continue
            kinks = (layer.slopes != 1.0 for layer in self._network.hidden[:-1])
            pairs = zip(leaf.on[:-1], kinks, strict=True)
            own = [on for signs, kink in pairs for on in np.array(signs)[kink].tolist()]
            patterns.add(tuple(own))
            simplices = self._partition.simplices(leaf)
            volumes += [simplex.volume for simplex in simplices]
        if self._value.get("complete", True) is not True:
            raise Wrong("a whole list says that some is missing")
        check_patterns(patterns, self._value)
        self._is("the volume", exact_sum(volumes), self._value["volume"])

    def _slacks(
        self, A: Sequence[Sequence[float]], b: Sequence[float], corner: int
    ) -> list[fmpq]:
        """By how much the outputs at a corner satisfy each row."""
        outputs = self._partition.outputs[corner]
        return [
            exact(right) - dot([exact(v) for v in row], outputs)
            for row, right in zip(A, b, strict=True)
        ]

    def _gaps(self) -> list[fmpq]:
        """The largest difference of the outputs of two networks at each corner."""
        rows = difference_rows(self._body, self._layers.outputs)
        outputs = self._partition.outputs
        return [max(abs(dot(row, outputs[k])) for row in rows) for k in self._used()]

    def _difference(self) -> None:
        self._is("the largest difference", max(self._gaps()), self._value)

    def _equal(self) -> None:
        if self._value is not (not any(self._gaps())):
            raise Wrong("the leaves say otherwise")

    def _holds(self) -> None:
        goals = forbidden(self._body, self._layers, self._domain)
        if "box" in self._about["property"]:
            raise Wrong("the list is of the domain, not of the property's box")
        if any(len(goal) > 1 or goal[0][1] for goal in goals):
            raise Wrong("a list settles single rows on outputs, and nothing else")
        used = [self._partition.outputs[k] for k in self._used()]
        margin = max(dot(f[0], y) + f[2] for (f,) in goals for y in used)
        require_verdict(self._body, margin, margin)

    def _radius(self) -> None:
        """The domain is the ball; no other class is larger at any corner."""
        center, label = numbers(self._about["center"]), self._about["label"]
        everywhere = is_everywhere(self._body)
        place = place_in_cube(center) if everywhere else center
        check_label(label, self._layers.values(place))
        if "size" in self._about:
            check_distance(self._body, self._partition, self._layers, self._domain)
            return
        for k in self._used():
            if max(self._partition.outputs[k]) > self._partition.outputs[k][label]:
                raise Wrong(f"another class is larger at corner {k}")
        if everywhere:
            return
        radius = number(self._about["radius"])
        points = [self._partition.points[k] for k in self._used()]
        for axis, middle in zip(zip(*points, strict=True), center, strict=True):
            if min(axis) > middle - radius or max(axis) < middle + radius:
                raise Wrong("the partition does not reach as far as the radius")
        require_radius(self._body, self._layers, self._domain)

    def _integral_of(self, values: Sequence[fmpq], degree: int) -> fmpq:
        """The integral of a power in the chart, from values at all corners."""
        return exact_sum(
            simplex.volume * simplex_mean([values[k] for k in simplex.corners], degree)
            for leaf in self._partition.leaves
            for simplex in self._partition.simplices(leaf)
        )

    def _integral(self) -> None:
        found = self._integral_of(self._directed(), 1)
        least = most = fmpq(0)
        if not is_whole(self._body):
            rest = exact(self._domain.rational_volume()) - self._partition.volume()
            bounds = output_ends(self._body, self._layers, self._domain)
            least, most = (bound * rest for bound in bounds)
        for more in (least, most):
            whole = (found + more) * _scale(self._domain)
            self._is("the integral", whole, self._value)

    def _moments(self) -> None:
        check_moments(self._value)
        values, volume = self._directed(), exact(self._domain.rational_volume())
        rest, bounds = fmpq(0), (fmpq(0), fmpq(0))
        if not is_whole(self._body):
            rest = volume - self._partition.volume()
            bounds = output_ends(self._body, self._layers, self._domain)
        for k, value in enumerate(self._value, start=1):
            met = self._integral_of(values, k)
            for bound in power_ends(bounds, k):
                self._is(f"moment {k}", (met + bound * rest) / volume, value)

    def _classes(self) -> None:
        if not self._partition.by_class:
            raise Wrong("the leaves are not cut by classes")
        volume, points = exact(self._domain.rational_volume()), self._partition.points
        if len(self._value) != self._layers.outputs:
            raise Wrong(f"{len(self._value)} classes are listed")
        rest, corners = fmpq(0), []
        if not is_whole(self._body):
            rest = volume - self._partition.volume()
            places = self._domain.cell().points()
            corners = [[exact(v) for v in place] for place in places]
        for label, (named, share, mean) in enumerate(self._value):
            own = [leaf for leaf in self._partition.leaves if leaf.label == label]
            parts = [s for leaf in own for s in self._partition.simplices(leaf)]
            size = exact_sum(s.volume for s in parts)
            # Any class may have what the leaves leave.
            for end in (size, size + rest):
                self._is(f"the share of class {label}", end / volume, share)
            if named != label or (mean is None) != (size + rest == 0):
                raise Wrong(
                    f"class {label} is named {named}, or has a mean without part"
                )
            if mean is None:
                continue
            firsts = [
                exact_sum(
                    s.volume * simplex_mean([points[k][axis] for k in s.corners], 1)
                    for s in parts
                )
                for axis in range(self._layers.dim)
            ]
            if len(mean) != self._domain.ambient_dim:
                raise Wrong(f"the mean of class {label} has {len(mean)} coordinates")
            middles = [[v / size for v in firsts]] if size else []
            # All the rest at one corner: no mean is farther that way.
            middles += [
                [(v + rest * c) / (size + rest) for v, c in pairs]
                for pairs in (zip(firsts, place, strict=True) for place in corners)
            ]
            for middle in middles:
                for axis, value in enumerate(_embedded(self._domain, middle)):
                    what = f"the mean of class {label}, axis {axis},"
                    self._is(what, value, mean[axis])

    def _lipschitz(self) -> None:
        gates = (leaf.on for leaf in self._partition.leaves)
        norm = self._about["norm"]
        check_constant(self._network, self._domain, norm, self._value, gates)


def _scale(domain: BoundedDomain) -> fmpq:
    """Volume in the space of a unit of volume of the chart; 1 in fewer dimensions."""
    _, directions = domain.rational_chart()
    if domain.dim != domain.ambient_dim:
        return fmpq(1)
    return abs(fmpq_mat([[exact(v) for v in row] for row in directions]).det())


def _embedded(domain: BoundedDomain, point: Sequence[fmpq]) -> list[fmpq]:
    """A point of the chart in the input space."""
    origin, directions = domain.rational_chart()
    return [
        exact(start) + dot([exact(row[axis]) for row in directions], point)
        for axis, start in enumerate(origin)
    ]
