"""How many regions a network can have: formulas of the literature, one function each.

Exact counts hold for parameters in general position, upper bounds for all, lower bounds
for the best choice of parameters (some network of that shape has as many). All are
about ReLU networks on the whole of R^d, and count activation regions; an upper bound
holds on any convex domain too. Nothing here looks at a network.
"""

import functools
import math
from collections.abc import Callable, Sequence
from fractions import Fraction


def zaslavsky_count(n: int, d: int) -> int:
    """Regions of `n` hyperplanes in general position in R^d: `sum_{k<=d} C(n, k)`.

    That is the count of one hidden layer with generic weights and biases. For normals
    that span only m < d dimensions, give m as `d` (a layer of rank m).

    Example:
        >>> zaslavsky_count(16, 2)
        137

    References:
        T. Zaslavsky, Facing up to arrangements, Memoirs of the AMS 154, 1975. The
        formula is older: R. C. Buck, Partition of space, 1943.
    """
    _check_counts(n=n, d=d)
    return sum(math.comb(n, k) for k in range(d + 1))


def bounded_count(n: int, d: int) -> int:
    """Bounded regions of `n >= 1` hyperplanes in general position: `C(n - 1, d)`.

    Example:
        >>> bounded_count(4, 2)
        3

    References:
        T. Zaslavsky, Facing up to arrangements, Memoirs of the AMS 154, 1975.
    """
    _check_counts(n=n, d=d)
    _check_positive(n=n)
    return math.comb(n - 1, d)


def central_count(n: int, d: int) -> int:
    """Regions of `n >= 1` hyperplanes through the origin: `2 sum_{k<d} C(n - 1, k)`.

    The normals must be in general position (any d of them independent). That is the
    count of one hidden layer without biases.

    Example:
        >>> central_count(10, 3)
        92

    References:
        L. Schlaefli, Theorie der vielfachen Kontinuitaet, 1901; T. M. Cover, IEEE
        Transactions on Electronic Computers EC-14, 1965.
    """
    _check_counts(n=n, d=d)
    _check_positive(n=n, d=d)
    return 2 * sum(math.comb(n - 1, k) for k in range(d))


def mean_facets(n: int, d: int) -> Fraction:
    """Mean facets of a region of `n >= 1` hyperplanes in general position in R^d.

    Each hyperplane is cut by the others into `zaslavsky_count(n - 1, d - 1)` facets,
    and each facet belongs to two regions.

    Example:
        >>> round(float(mean_facets(8, 3)), 4)
        4.9892
    """
    _check_counts(n=n, d=d)
    _check_positive(n=n, d=d)
    facets = n * zaslavsky_count(n - 1, d - 1)
    return Fraction(2 * facets, zaslavsky_count(n, d))


def hanin_rolnick_2019_count(n: int, d: int) -> Fraction:
    """`n^d / d!`: about what networks of `n` units in all have, at initialization.

    Not a bound: it is the reading of an upper bound on the expectation whose constant
    is open, and differs from `zaslavsky_count` by lower powers of n.

    Example:
        >>> int(hanin_rolnick_2019_count(96, 2))
        4608

    References:
        B. Hanin, D. Rolnick, Deep ReLU networks have surprisingly few activation
        patterns, NeurIPS 2019, arXiv 1906.00904, theorem 5.
    """
    _check_counts(n=n, d=d)
    return Fraction(n**d, math.factorial(d))


def montufar_2014_upper_bound(d: int, widths: Sequence[int]) -> int:
    """`prod_l sum_{j<=d} C(n_l, j)`: every region of a layer is cut as all of R^d.

    Example:
        >>> montufar_2014_upper_bound(2, [8, 8])
        1369

    References:
        G. Montufar, R. Pascanu, K. Cho, Y. Bengio, On the number of linear regions of
        deep neural networks, NeurIPS 2014, arXiv 1402.1869.
    """
    _check_shape(d, widths)
    return math.prod(zaslavsky_count(n, d) for n in widths)


def montufar_2014_lower_bound(d: int, widths: Sequence[int]) -> int:
    """Regions that some ReLU network of this shape reaches at least.

    `prod_{l<L} floor(n_l / d)^d * sum_{j<=d} C(n_L, j)`, for widths of at least `d`.

    Example:
        >>> montufar_2014_lower_bound(2, [20, 20, 20])
        2110000

    References:
        G. Montufar, R. Pascanu, K. Cho, Y. Bengio, On the number of linear regions of
        deep neural networks, NeurIPS 2014, arXiv 1402.1869, theorem 4.
    """
    _check_shape(d, widths, least=d)
    folds = math.prod((n // d) ** d for n in widths[:-1])
    return folds * zaslavsky_count(widths[-1], d)


def montufar_2017_upper_bound(d: int, widths: Sequence[int]) -> int:
    """`prod_l sum_{j<=d_l} C(n_l, j)` with `d_l = min(d, n_1, ..., n_l)`.

    Example:
        >>> montufar_2017_upper_bound(3, [4, 4])
        225

    References:
        G. Montufar, Notes on the number of linear regions of deep neural networks,
        SampTA 2017.
    """
    _check_shape(d, widths)
    total = 1
    for n in widths:
        d = min(d, n)
        total *= zaslavsky_count(n, d)
    return total


def serra_2018_upper_bound(d: int, widths: Sequence[int]) -> int:
    """The sum over `J` of `prod_l C(n_l, j_l)`; holds for every ReLU network.

    `J` holds the `(j_1, ..., j_L)` with
    `0 <= j_l <= min(d, n_1 - j_1, ..., n_{l-1} - j_{l-1}, n_l)`: the units of a layer
    that are on bound the dimension that it hands on. For leaky slopes that bound does
    not hold; use `montufar_2017_upper_bound`.

    Example:
        >>> serra_2018_upper_bound(2, [8, 8])
        1369

    References:
        T. Serra, C. Tjandraatmadja, S. Ramalingam, Bounding and counting linear regions
        of deep neural networks, ICML 2018, arXiv 1711.02114, theorem 1.
    """
    _check_shape(d, widths)

    @functools.cache
    def count(layer: int, dim: int) -> int:
        if layer == len(widths):
            return 1
        n = widths[layer]
        return sum(
            math.comb(n, j) * count(layer + 1, min(dim, n - j))
            for j in range(min(dim, n) + 1)
        )

    return count(0, d)


def hinz_2018_upper_bound(
    d: int,
    widths: Sequence[int],
    histogram: Callable[[int, int], Sequence[int]] | None = None,
) -> int:
    """The bound of the histogram framework, for every ReLU network.

    A layer of n units on a space of dimension k makes regions with different numbers of
    active units, of which m hand on a space of dimension at most `min(k, m)`. Layer by
    layer, that turns numbers of spaces by their dimension into such numbers.

    Args:
        d: Inputs.
        widths: Units of the hidden layers.
        histogram: For n units in dimension k, at least as many regions with i or more
            active units as any such layer has, as entries 0 to n; for every i. By
            default `C(n, j)` regions with n - j active units for j <= k, which gives
            the bound of Serra et al.; `[0] * n + [zaslavsky_count(n, k)]` gives
            `montufar_2014_upper_bound` where no layer is narrower than d.

    Example:
        >>> hinz_2018_upper_bound(3, [4, 4])
        161

    References:
        P. Hinz, S. van de Geer, A framework for the construction of upper bounds on the
        number of affine linear regions of ReLU feed-forward neural networks, arXiv
        1806.01918. The sharper histograms of P. Hinz, arXiv 2103.17174, are not here.
    """
    _check_shape(d, widths)
    table = _binomial_histogram if histogram is None else histogram
    spaces = [0] * d + [1]
    for n in widths:
        cut = [0] * (d + 1)
        for dim, number in enumerate(spaces):
            for active, regions in enumerate(table(n, dim) if number else ()):
                cut[min(dim, active)] += number * regions
        spaces = cut
    return sum(spaces)


def _binomial_histogram(n: int, dim: int) -> list[int]:
    """The most regions with few inactive units: `C(n, j)` with j of them."""
    return [math.comb(n, n - active) * (n - active <= dim) for active in range(n + 1)]


def serra_2018_lower_bound(d: int, widths: Sequence[int]) -> int:
    """`prod_{l<L} (floor(n_l / d) + 1)^d * sum_{j<=d} C(n_L, j)`.

    For widths of at least `3 d`.

    Example:
        >>> serra_2018_lower_bound(2, [8, 8])
        925

    References:
        T. Serra, C. Tjandraatmadja, S. Ramalingam, Bounding and counting linear regions
        of deep neural networks, ICML 2018, arXiv 1711.02114, theorem 9.
    """
    _check_shape(d, widths, least=3 * d)
    folds = math.prod((n // d + 1) ** d for n in widths[:-1])
    return folds * zaslavsky_count(widths[-1], d)


def pascanu_2013_lower_bound(d: int, widths: Sequence[int]) -> int:
    """`prod_{l<L} floor(n_l / d) * sum_{j<=d} C(n_L, j)`, for widths of at least `d`.

    Example:
        >>> pascanu_2013_lower_bound(2, [8, 8])
        148

    References:
        R. Pascanu, G. Montufar, Y. Bengio, On the number of response regions of deep
        feed forward networks with piece-wise linear activations, arXiv 1312.6098.
    """
    _check_shape(d, widths, least=d)
    return math.prod(n // d for n in widths[:-1]) * zaslavsky_count(widths[-1], d)


def raghu_2017_growth(d: int, width: int, depth: int) -> int:
    """`width^(d depth)`: the order of growth of the number of patterns.

    Not a bound: the theorem is asymptotic, `O(width^(d depth))`, and leaves a constant
    open. Use it for trends; `serra_2018_upper_bound` is a number that holds.

    Example:
        >>> raghu_2017_growth(2, 10, 3)
        1000000

    References:
        M. Raghu, B. Poole, J. Kleinberg, S. Ganguli, J. Sohl-Dickstein, On the
        expressive power of deep neural networks, ICML 2017, arXiv 1606.05336,
        theorem 1.
    """
    _check_shape(d, [width] * depth)
    return width ** (d * depth)


def arora_2018_pieces(d: int, m: int, width: int, layers: int) -> int:
    """Pieces of the zonotope construction: `sum_{i<d} C(m - 1, i) * width^layers`.

    Some network with `2 m` units in its first layer and then `layers` layers of
    `width` units has so many linear pieces; in one dimension (`d = 1`) that is the saw
    tooth with `width^layers` pieces.

    Example:
        >>> arora_2018_pieces(2, 3, 2, 2)
        12

    References:
        R. Arora, A. Basu, P. Mianjy, A. Mukherjee, Understanding deep neural networks
        with rectified linear units, ICLR 2018, arXiv 1611.01491, theorem 3.9.
    """
    _check_shape(d, [width] * layers)
    _check_positive(m=m)
    return sum(math.comb(m - 1, i) for i in range(d)) * width**layers


def arora_2018_depth(d: int) -> int:
    """Hidden layers that suffice for every piecewise-linear function of `d` inputs.

    `ceil(log2(d + 1))`.

    Example:
        >>> [arora_2018_depth(d) for d in (1, 3, 4, 784)]
        [1, 2, 3, 10]

    References:
        R. Arora, A. Basu, P. Mianjy, A. Mukherjee, Understanding deep neural networks
        with rectified linear units, ICLR 2018, arXiv 1611.01491, theorem 2.1.
    """
    _check_positive(d=d)
    # The number of binary digits of d.
    return d.bit_length()


def arora_2018_shallow_size(width: int, layers: int, fewer: int) -> float:
    """Units that a network of `fewer` hidden layers needs for a saw tooth.

    `fewer * width^(layers / fewer) / 2 - 1`, for the function on the line with
    `width^layers` pieces that `layers` layers of `width` units compute.

    Example:
        >>> arora_2018_shallow_size(4, 6, 2)
        63.0

    References:
        R. Arora, A. Basu, P. Mianjy, A. Mukherjee, Understanding deep neural networks
        with rectified linear units, ICLR 2018, arXiv 1611.01491, theorem 3.1.
    """
    _check_positive(width=width, layers=layers, fewer=fewer)
    return 0.5 * fewer * width ** (layers / fewer) - 1.0


def zig_zag_pieces(units: int, depth: int) -> int:
    """Linear pieces on [0, 1] of the zig-zag of `units` teeth, composed `depth` times.

    With two units it is the tent of Telgarsky: `2^depth`.

    Example:
        >>> zig_zag_pieces(2, 10)
        1024

    References:
        M. Telgarsky, Representation benefits of deep feedforward networks, arXiv
        1509.08101, 2015.
    """
    _check_shape(1, [units] * depth)
    return units**depth


def zig_zag_activation_regions(units: int, depth: int) -> int:
    """Activation regions on the whole line of the zig-zag with `units` units a layer.

    The layer is `x -> relu(n x) - 2 relu(n x - 1) + 2 relu(n x - 2) - ...`. One layer
    has `units + 1`. Deeper networks have the pieces on [0, 1] and one interval left of
    0; right of 1 the last tooth of an odd number of units rises without a new kink, and
    that of an even number falls below 0 and turns the next layer off: one more.

    Example:
        >>> zig_zag_activation_regions(4, 3)
        66
    """
    pieces = zig_zag_pieces(units, depth)
    return pieces + (1 if depth == 1 or units % 2 else 2)


def _check_counts(**numbers: int) -> None:
    """Raise if a number is negative."""
    for name, value in numbers.items():
        if value < 0:
            raise ValueError(f"`{name}` is {value}: 0 or more is required.")


def _check_positive(**numbers: int) -> None:
    """Raise if a number is not positive."""
    for name, value in numbers.items():
        if value < 1:
            raise ValueError(f"`{name}` is {value}: at least 1 is required.")


def _check_shape(d: int, widths: Sequence[int], least: int = 1) -> None:
    """Raise unless `d` is positive and there are widths of at least `least`."""
    _check_positive(d=d)
    if not widths:
        raise ValueError("`widths` is empty: at least one hidden layer is required.")
    if min(widths) < least:
        raise ValueError(
            f"`widths` has a layer of {min(widths)} units: the formula holds from "
            f"{least} units a layer for {d} inputs."
        )
