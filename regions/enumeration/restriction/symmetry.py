"""Betti numbers of arrangements with symmetries, from flats up to symmetry.

For a flat Z of a central arrangement let |Z| be the number of hyperplanes that hold it,
and mu(Z) its Moebius number; `b_k` is the sum of |mu| over the flats of rank k.
Weisner's theorem for one hyperplane of Z gives |mu(Z)| as the sum of |mu(Y)| over the
flats Y that Z covers and that hyperplane does not hold. The mean over all hyperplanes
of Z favors none of them:

    |mu(Z)| = sum over Y covered by Z of |mu(Y)| (|Z| - |Y|) / |Z|.

A symmetry of the arrangement keeps all of that, so flats are only told apart up to
symmetries, and each class has one number, the sum of |mu| over its flats. A key is the
flat itself, moved by some symmetry: equal keys are equivalent flats, always. Equivalent
flats with different keys are two classes; that costs time and nothing else.
"""

import math
from collections.abc import Callable, Sequence
from fractions import Fraction

import numpy as np

from regions.enumeration.restriction.fast import residues
from regions.enumeration.restriction.hyperplanes import Row, minor_bound, primitive
from regions.enumeration.restriction.kernels.field import PRIME
from regions.enumeration.restriction.kernels.flats import cover_flats

CHUNK_WORDS = 1 << 20
"""Words of keys to find between two questions whether to stop."""


class Symmetries:
    """Permutations and changes of sign of coordinates that keep an arrangement.

    Attributes:
        blocks: Number of the block of each column; any two columns of a block may be
            exchanged.
        flips: Which columns may change their sign.
        order: How many symmetries these generate.
    """

    def __init__(self, central: Sequence[Row]):
        self._rows = set(central)
        dim = len(central[0])
        first = list(range(dim))
        for j in range(dim):
            # Exchanges compose: a column that fits one of a block fits all.
            for i in range(j):
                if first[i] == i and self._keeps(central, i, j):
                    first[j] = i
                    break
        self.blocks = np.array(first, np.int64)
        self.flips = np.array([self._keeps(central, i, i) for i in range(dim)], bool)
        sizes = np.unique(self.blocks, return_counts=True)[1].tolist()
        self.order = math.prod(map(math.factorial, sizes)) << int(self.flips.sum())

    def _keeps(self, central: Sequence[Row], i: int, j: int) -> bool:
        """Whether all stay the same when columns change places (or one its sign)."""
        for row in central:
            image = list(row)
            image[i], image[j] = (-row[i], -row[i]) if i == j else (row[j], row[i])
            if primitive(image) not in self._rows:
                return False
        return True


class SymmetricFlats:
    """Counts by flats; what is counted so far is a lower bound.

    Attributes:
        betti: Betti numbers of the central arrangement, as far as they are counted.
        complete: Whether all are counted.
        done: Share of the ranks that are counted.
        classes: How many classes of flats were looked at.
    """

    def __init__(self, central: Sequence[Row], symmetries: Symmetries):
        self._central, self._symmetries = central, symmetries
        self._rank = len(central[0])
        self.betti = [1] + [0] * self._rank
        self.complete = False
        self.done = 0.0
        self.classes = 0

    def count(self, stop: Callable[[], bool], tell: Callable[[float], None]) -> None:
        """Count until all is counted or `stop` says so, which is asked often."""
        rows, dim = residues(self._central), self._rank
        small = np.array(self._central, np.int64)
        outer = np.ascontiguousarray(small[:, :, None] * small[:, None, :])
        bases, masses, common = np.zeros((1, 0, dim), np.uint64), [1], 1
        for rank in range(1, dim):
            # The last rank follows from the others, and the one before needs no keys.
            keys: dict[bytes, list[int]] = {}
            last = rank == dim - 1
            sums: dict[int, int] = {}
            self.classes += len(bases)
            fit = max(1, CHUNK_WORDS // (len(rows) * rank * dim))
            for start in range(0, len(bases), fit):
                if stop():
                    return
                self._cover(
                    rows, outer, bases, masses, start, fit, None if last else keys, sums
                )
                total = sum((Fraction(v, s) for s, v in sums.items()), Fraction(0))
                self.betti[rank] = math.floor(total / common)
                self.done = (rank - 1 + min(1.0, (start + fit) / len(bases))) / dim
                tell(self.done)
            scale = math.lcm(*sums)
            assert (
                sum(v * (scale // s) for s, v in sums.items()) % (scale * common) == 0
            )
            masses = [v * (scale // s) for s, v in keys.values()]
            shrink = math.gcd(scale * common, *masses)
            masses, common = [v // shrink for v in masses], scale * common // shrink
            bases = np.frombuffer(b"".join(keys), np.uint64).reshape(-1, rank, dim)
        # A central arrangement has the characteristic polynomial 0 at 1.
        signed = sum(
            b if (dim - 1 - k) % 2 == 0 else -b for k, b in enumerate(self.betti)
        )
        self.betti[dim] = signed
        self.done, self.complete = 1.0, True

    def _cover(
        self,
        rows: np.ndarray,
        outer: np.ndarray,
        bases: np.ndarray,
        masses: list[int],
        start: int,
        fit: int,
        keys: dict[bytes, list[int]] | None,
        sums: dict[int, int],
    ) -> None:
        """Add the covers of some classes: by key its size and mass, by size its mass.

        What is added is yet to be divided by the size.
        """
        part = np.ascontiguousarray(bases[start : start + fit])
        room = len(part) * len(rows)
        width = (part.shape[1] + 1) * part.shape[2]
        found = np.empty((0 if keys is None else room, width), np.uint64)
        origin, sizes = np.empty(room, np.int64), np.empty((room, 2), np.int64)
        count = cover_flats(
            rows,
            outer,
            part,
            self._symmetries.blocks,
            self._symmetries.flips,
            keys is not None,
            found,
            origin,
            sizes,
        )
        pairs = zip(origin[:count].tolist(), sizes[:count].tolist(), strict=True)
        for k, (flat, (below, size)) in enumerate(pairs):
            mass = masses[start + flat] * (size - below)
            sums[size] = sums.get(size, 0) + mass
            if keys is not None:
                entry = keys.setdefault(found[k].tobytes(), [size, 0])
                entry[1] += mass


def serves(central: Sequence[Row]) -> bool:
    """Whether flats can be told apart modulo the prime, and their hints fit a word."""
    largest = max((abs(v) for row in central for v in row), default=0)
    return minor_bound(central) < PRIME and largest < 1 << 20
