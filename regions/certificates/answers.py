"""Check a saved answer: its proof, and that it says what the answer says.

Everything is recomputed from the file in rational arithmetic, or in float64 with bounds
of its errors (`box_bounds`); nothing of what made it takes part.
"""

import hashlib
import json
import os
import pathlib
import time
from typing import Any

from regions.certificates.answer_bounds import ExactLayers
from regions.certificates.checks import Check, VerificationReport, Wrong, tried
from regions.certificates.claims import check_claim
from regions.certificates.comparisons import check_comparison
from regions.certificates.differences import check_difference
from regions.certificates.disc_answers import QUESTIONS, check_disc
from regions.certificates.everywhere import (
    is_everywhere,
    network_on_cube,
    require_everywhere,
)
from regions.certificates.listed_answers import check_partition
from regions.certificates.meanings import meaning_of_claims
from regions.certificates.points import check_point
from regions.certificates.region_answers import check_regions
from regions.domains.shapes import (
    Ball,
    BoundedDomain,
    Domain,
    WholeSpace,
    check_not_round,
    domain_from_dict,
)
from regions.errors import EmptyPolyhedronError, FileFormatError
from regions.files.reading import check_file_size, reading
from regions.network import ReluNetwork

FORMAT, VERSION = "relu-regions answer", 2
MAX_BYTES = 1 << 30


def verify_answer(
    path: str | os.PathLike[str], *, network: ReluNetwork | None = None
) -> VerificationReport:
    """Check what `Answer.save` wrote.

    Args:
        path: The file.
        network: If given, the answer must be about this network.

    Raises:
        FileFormatError: If the file is no such file, or is damaged.
        FileNotFoundError: If there is no such file.
    """
    begin = time.perf_counter()
    path = pathlib.Path(path)
    advice = "write it again with Answer.save"
    with reading(path, "a saved answer", advice, EmptyPolyhedronError, Wrong):
        check_file_size(path, MAX_BYTES)
        body = json.loads(path.read_text("utf-8"), object_pairs_hook=_once)
        head = body if isinstance(body, dict) else {}
        if head.get("format") != FORMAT or head.get("version") != VERSION:
            raise FileFormatError(f"{path} is not a saved answer of version {VERSION}.")
        held = _network(body["network"])
        domain = domain_from_dict(body["domain"])
        if not domain.is_bounded and ("claims" in body or "partition" in body):
            raise FileFormatError(f"{path} has an unbounded domain.")
        domain.restrict(held)
        checks = [_digest(body)]
        if network is not None:
            checks.append(_same(held, network))
        checks += _proof(body, held, domain)
    seconds = time.perf_counter() - begin
    return VerificationReport(tuple(checks), True, False, seconds, subject="answer")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object of a file, in which no name stands twice."""
    held = dict(pairs)
    if len(held) < len(pairs):
        raise ValueError("a name stands twice in one object")
    return held


def _proof(body: dict[str, Any], network: ReluNetwork, domain: Domain) -> list[Check]:
    """The proof in a file, whatever its kind, and what follows from it."""
    is_pair = body["question"] in ("are_equal", "largest_difference")
    if is_pair and network.output_dim % 2:
        raise FileFormatError(
            "two networks side by side have an even number of outputs."
        )
    if is_pair and "difference" in body:
        both, network = network, _network(body["difference"])
        same = tried("difference", lambda: _check_summed(body, both, network))
        if not same.passed:
            return [same, Check("answer", None, "the difference failed")]
        return [same, *_proof_about(body, network, domain)]
    if is_everywhere(body):
        check = tried("all inputs", lambda: require_everywhere(body, domain))
        if not check.passed:
            return [check, Check("answer", None, "it is not about all inputs")]
        network = network_on_cube(network)
    return _proof_about(body, network, domain)


def _check_summed(body: dict[str, Any], both: ReluNetwork, network: ReluNetwork) -> str:
    """Whether a network computes differences, and the proof adds its outputs up.

    Raises:
        Wrong: If not: a comparison, or a point, tells half of the outputs from the
            other, which of a difference says nothing.
    """
    if "comparison" in body or not ("claims" in body or "partition" in body):
        raise Wrong("such a proof is about both networks, not about their difference")
    return check_difference(both, network)


def _proof_about(
    body: dict[str, Any], network: ReluNetwork, domain: Domain
) -> list[Check]:
    """The same of the network that is proved to be the one to look at."""
    layers = ExactLayers(network, domain)
    if "comparison" in body:
        return [tried("answer", lambda: check_comparison(body, network, domain))]
    if "regions" in body:
        return check_regions(body, network, domain)
    if isinstance(domain, WholeSpace) or not ("claims" in body or "partition" in body):
        return [tried("answer", lambda: check_point(body, layers, network, domain))]
    checks = [
        check
        for number, claim in enumerate(body.get("claims", ()))
        for check in check_claim(number, claim, layers, network, domain)
    ]
    return [*checks, *_meaning(body, layers, network, domain)]


def _meaning(
    body: dict[str, Any],
    layers: ExactLayers,
    network: ReluNetwork,
    domain: BoundedDomain,
) -> list[Check]:
    """Whether the answer follows from claims that were checked, or a partition."""
    if "partition" in body:
        is_disc = domain.dim == 2 and domain.squared_radius is not None
        if is_disc and isinstance(domain, Ball) and body["question"] in QUESTIONS:
            return check_disc(body, network, domain)
        # It looks at the rows of the domain, and a round ball has more than these.
        check_not_round(domain)
        return check_partition(body, layers, network, domain)
    return [tried("answer", lambda: meaning_of_claims(body, layers, domain))]


def _network(layers: list[dict[str, Any]]) -> ReluNetwork:
    """The network in a file."""
    skips = {
        index: dict(layer["skips"])
        for index, layer in enumerate(layers)
        if layer["skips"]
    }
    return ReluNetwork.from_arrays(
        [layer["weight"] for layer in layers],
        [layer["bias"] for layer in layers],
        [layer["slopes"] for layer in layers[:-1]],
        skips=skips,
    )


def _digest(body: dict[str, Any]) -> Check:
    """Whether the file is as it was written."""
    rest = {key: value for key, value in body.items() if key != "sha256"}
    text = json.dumps(rest, separators=(",", ":"), sort_keys=True)
    same = hashlib.sha256(text.encode()).hexdigest() == body.get("sha256")
    return Check("file", same, "as it was written" if same else "it was changed since")


def _same(held: ReluNetwork, given: ReluNetwork) -> Check:
    """Whether the answer is about a network, or about it and another."""
    pairs = zip(held.layers, given.layers, strict=False)
    same = len(held.layers) == len(given.layers) and all(
        a.weight.tolist() == b.weight.tolist()
        and a.bias.tolist() == b.bias.tolist()
        and a.slopes.tolist() == b.slopes.tolist()
        and [(s, m.tolist()) for s, m in a.skips]
        == [(s, m.tolist()) for s, m in b.skips]
        for a, b in pairs
    )
    return Check("network", same, "the one given" if same else "another one")
