"""Betti numbers of random networks, and beside those of relucent where it is installed.

Run: python benchmarks/topology.py 2-1650 2-250-200
     python benchmarks/topology.py 2-8-8 3-8 --relucent

Shapes are inputs and hidden widths. Weights are He normal and biases of deviation 0.3;
with `--integers` both are small: in no general position. Alone, the set is
where the output is positive in [-1, 1]^d; beside relucent, the decision boundary in the
whole space. Times are processor seconds of one call, with compiled code loaded before.
"""

import argparse
import itertools
import os
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from regions.compiled import SWITCH as COMPILED
from regions.domains.shapes import Box, WholeSpace
from regions.network import ReluNetwork
from regions.topology.topology import topology_of


def random_network(
    shape: list[int], seed: int, *, integers: bool = False
) -> ReluNetwork:
    """A network of these widths with one output, in float32."""
    rng = np.random.default_rng(seed)
    weights, biases = [], []
    for fan_in, fan_out in itertools.pairwise([*shape, 1]):
        if integers:
            weights.append(rng.integers(-2, 3, (fan_out, fan_in)))
            biases.append(rng.integers(-1, 2, fan_out))
            continue
        normal = rng.standard_normal((fan_out, fan_in)) * np.sqrt(2.0 / fan_in)
        weights.append(normal.astype(np.float32))
        biases.append((0.3 * rng.standard_normal(fan_out)).astype(np.float32))
    return ReluNetwork.from_arrays(weights, biases)


def timed(call: Callable[[], Any]) -> tuple[Any, float]:
    """An answer, and the processor seconds that it took."""
    begin = time.process_time()
    answer = call()
    return answer, time.process_time() - begin


def boundary_of_relucent(network: ReluNetwork) -> tuple[int, ...]:
    """Betti numbers of the decision boundary by relucent, in float64."""
    import relucent  # pyright: ignore[reportMissingImports]
    import torch

    layers: list[torch.nn.Module] = []
    for layer in network.layers:
        linear = torch.nn.Linear(layer.weight.shape[1], layer.width).double()
        with torch.no_grad():
            linear.weight.copy_(torch.from_numpy(layer.weight.copy()))
            linear.bias.copy_(torch.from_numpy(layer.bias.copy()))
        layers += [linear, torch.nn.ReLU()]
    complex_ = relucent.Complex(torch.nn.Sequential(*layers))
    # The origin, its own choice, lies on boundaries where biases are zero.
    start = np.random.default_rng(0).standard_normal((1, network.input_dim))
    complex_.bfs(start, verbose=0, nworkers=1)
    found = complex_.boundary_complex(complex_.n - 1, verbose=0).betti_numbers()
    return tuple(found.get(k, 0) for k in range(network.input_dim))


def main() -> None:
    """Print a line for each network."""
    parser = argparse.ArgumentParser(description="Time Betti numbers.")
    parser.add_argument("shapes", nargs="+", help="inputs and hidden widths: 2-8-8")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--relucent", action="store_true")
    parser.add_argument(
        "--integers", action="store_true", help="weights -2..2, biases -1..1"
    )
    options = parser.parse_args()
    os.environ[COMPILED] = "on"
    show = beside_relucent if options.relucent else alone
    for shape in options.shapes:
        sizes = [int(v) for v in shape.split("-")]
        topology_of(random_network([sizes[0], 8, 8], 1), Box.cube(sizes[0]))
        network = random_network(sizes, options.seed, integers=options.integers)
        print(f"{shape}: {show(network)}", flush=True)


def alone(network: ReluNetwork) -> str:
    """Regions, Betti numbers and time."""
    box = Box.cube(network.input_dim)
    found, seconds = timed(lambda: topology_of(network, box))
    return f"{found.num_regions:,} regions, {found.betti}, {seconds:.2f} s"


def beside_relucent(network: ReluNetwork) -> str:
    """Betti numbers and time of both."""
    space = WholeSpace(network.input_dim)
    topology_of(network, space, "boundary")
    found, mine = timed(lambda: topology_of(network, space, "boundary").betti)
    try:
        other, theirs = timed(lambda: boundary_of_relucent(network))
    except (RuntimeError, ValueError) as error:
        return f"{found} in {mine:.3f} s; relucent {type(error).__name__}: {error}"
    ratio = f"{theirs / mine:.0f} times"
    return f"{found} in {mine:.3f} s; relucent {other} in {theirs:.2f} s, {ratio}"


if __name__ == "__main__":
    main()
