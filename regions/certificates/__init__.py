"""An independent check that a region set is what it says.

Everything is derived anew from the network, the domain and the set, or from a saved
file alone. Nothing is shared with the engines that made it.
"""

import os
from collections.abc import Callable
from typing import Any

import numpy as np

from regions.certificates.checks import (
    Check as Check,
    Progress as Progress,
    VerificationReport as VerificationReport,
)
from regions.certificates.float_volumes import check_complete
from regions.certificates.floating import float_proofs
from regions.certificates.floats import (
    MetPatterns,
    check_distinct,
    check_finite,
    check_grid,
    check_inside,
    check_witnesses,
)
from regions.certificates.watch import StoppedError, Watch
from regions.errors.arguments import kinds_checked
from regions.models import NetworkLike, as_network
from regions.network import ReluNetwork
from regions.patterns.names import unit_name
from regions.results.region_files import network_digest, read_stored
from regions.results.region_table import RegionTable


@kinds_checked
def verify(
    regions: Any,
    *,
    exact: bool = False,
    network: NetworkLike | None = None,
    grid: MetPatterns | None = None,
    progress: Progress | None = None,
    max_seconds: float | None = None,
    stop: Callable[[], bool] | None = None,
) -> VerificationReport:
    """Check a region set, or a saved one, or an answer, without the code that made it.

    Args:
        regions: The `RegionSet`, or the file that holds it; or the `.json` file that
            `Answer.save` wrote, which is checked exactly, without limits or a grid.
        exact: Use exact arithmetic and prove every statement; float64 otherwise.
        network: If given, the set must belong to this network.
        grid: If given, as `regions.hash_grid` gives it, all patterns that it met
            strictly must be members.
        progress: Called with (done, in all, what is being checked).
        max_seconds: Stop after this time.
        stop: Called often: says whether to stop, as when a key was pressed.

    Returns:
        The checks made. `ok` says that none failed, `complete` that no region is
        missing, either because it was proved (exact) or as far as float64 shows. One
        that was stopped says what it did not check, is not `complete`, and has
        `stopped` set.

    Raises:
        FileNotFoundError: If there is no such file.
        FileFormatError: If the file cannot be read.

    Example:
        >>> import numpy as np
        >>> import regions
        >>> net = regions.ReluNetwork.from_arrays([np.eye(2), [[1, 1]]], None)
        >>> found = regions.enumerate_regions(net, regions.Box.cube(2))
        >>> verify(found, exact=True).ok
        True
    """
    watch = Watch(progress, max_seconds, stop)
    checks = []
    if not isinstance(regions, RegionTable | str | os.PathLike):
        raise TypeError(
            f"`regions` is a {type(regions).__name__}, which lists no regions: use "
            "enumerate_regions, or give the path of a file."
        )
    network = None if network is None else as_network(network)
    if not isinstance(regions, RegionTable) and str(regions).endswith(".json"):
        from regions.certificates.answers import verify_answer

        return verify_answer(regions, network=network)
    if not isinstance(regions, RegionTable):
        stored = read_stored(regions, kind=RegionTable)
        regions = stored.regions
        detail = "; ".join(stored.changes) or "every part has its digest"
        checks.append(Check("file", not stored.changes, detail))
    checks += _network_checks(regions, network)
    checks.append(check_distinct(regions))
    if checks[-1].passed:
        checks += _region_checks(regions, exact, watch)
        if grid is not None:
            checks.append(check_grid(regions, np.asarray(grid.patterns)[grid.strict]))
    return VerificationReport(
        tuple(checks), exact, regions.complete, watch.seconds, watch.why
    )


def _network_checks(regions: RegionTable, network: ReluNetwork | None) -> list[Check]:
    """Whether the set belongs to the network given."""
    if network is None:
        return []
    own, given = network_digest(regions.network), network_digest(network)
    if own == given:
        return [Check("network", True, f"digest {own[:12]}")]
    shapes = [_shape(n) for n in (regions.network, network)]
    detail = (
        f"the regions belong to a network {shapes[0]}, the one given is {shapes[1]}"
        if shapes[0] != shapes[1]
        else (
            f"the regions belong to the network with digest {own[:12]}, the one given "
            f"has {given[:12]}: {_difference(regions.network, network)}"
        )
    )
    return [Check("network", False, detail)]


def _difference(own: ReluNetwork, given: ReluNetwork) -> str:
    """The first number in which two networks of one shape differ."""
    for layer, (a, b) in enumerate(zip(own.layers, given.layers, strict=True)):
        for name in ("weight", "bias", "slopes"):
            x, y = getattr(a, name), getattr(b, name)
            for place in np.argwhere(x != y)[:1].tolist():
                kind = "slope" if name == "slopes" else name
                return (
                    f"a {kind} of {unit_name((layer, place[0]))} is "
                    f"{x[tuple(place)]}, and {y[tuple(place)]} in the one given"
                )
    return "a skip block or the sign of a zero differs"


def _shape(network: ReluNetwork) -> str:
    """Numbers of inputs, hidden units and outputs: `2-14-14-1`."""
    return "-".join(
        str(n) for n in (network.input_dim, *network.widths, network.output_dim)
    )


def _region_checks(regions: RegionTable, exact: bool, watch: Watch) -> list[Check]:
    """Witnesses, places and completeness."""
    finite = check_finite(regions)
    if not finite.passed:
        return [finite, Check("completeness", None, "the witnesses failed")]
    if exact:
        from regions.certificates.exact_checks import check_exactly

        return check_exactly(regions, watch)
    checks: list[Check] = []
    sound = np.zeros(len(regions), bool)
    try:
        # What overflows is settled exactly, or reported as not checked.
        with float_proofs():
            complete = check_complete(regions, sound, watch)
            checks.append(check_witnesses(regions, sound, watch))
            checks.append(check_inside(regions, sound, watch))
            if not all(check.passed for check in checks):
                complete = Check("completeness", None, "the witnesses failed")
            checks.append(complete)
    except StoppedError:
        names = ("witnesses", "inside the domain", "completeness")
        left = f"stopped before it was checked: {watch.why}"
        checks += [Check(name, None, left) for name in names[len(checks) :]]
    return checks
