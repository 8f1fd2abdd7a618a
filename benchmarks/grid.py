"""Grid points per second, against the network's matrix products alone.

Run: python benchmarks/grid.py [network.npz] --resolution 1024
"""

import argparse
import resource
import time
from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np

from regions.domains.shapes import Box
from regions.grid.hash_grid import hash_grid
from regions.network import ReluNetwork


def main() -> None:
    """Time a grid and print one line per number."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("network", nargs="?", help="npz with W0, b0, W1, b1, ...")
    parser.add_argument("--resolution", type=int, default=1024)
    parser.add_argument("--dtype", choices=["float32", "float64"], default="float64")
    parser.add_argument("--labels", action="store_true")
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    network = load(options.network)
    box = Box.cube(network.input_dim)
    hash_grid(network, box, 64, dtype=options.dtype)
    times, work, count = [], [], 0
    for _ in range(options.repeats):
        begin, busy = time.perf_counter(), time.process_time()
        grid = hash_grid(
            network,
            box,
            options.resolution,
            dtype=options.dtype,
            labels=options.labels,
        )
        times.append(time.perf_counter() - begin)
        work.append(time.process_time() - busy)
        count = grid.count
    points = options.resolution**network.input_dim
    per_point = min(times) / points
    floor = product_seconds(network, options.dtype)
    print(f"patterns            {count}")
    print(f"seconds, first      {times[0]:.3f} (with compilation)")
    print(f"seconds, best       {min(times):.3f}")
    print(f"points per second   {1 / per_point:.3g}")
    print(f"ns per point        {per_point * 1e9:.1f}")
    print(f"times the products  {min(work) / points / floor:.2f} (processor seconds)")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"peak memory, GiB    {peak:.2f}")


def load(path: str | None) -> ReluNetwork:
    """The network of a file, or a random leaky one with six layers of 14 units."""
    if path is not None:
        with np.load(path, allow_pickle=False) as file:
            layers = sum(key.startswith("W") for key in file)
            weights = [file[f"W{i}"] for i in range(layers)]
            return ReluNetwork.from_arrays(
                weights, [file[f"b{i}"] for i in range(layers)]
            )
    rng = np.random.default_rng(0)
    widths = [2, *[14] * 6, 1]
    weights = [
        rng.normal(size=(out, fan_in)) * np.sqrt(2 / fan_in)
        for fan_in, out in zip(widths[:-1], widths[1:], strict=True)  # noqa: RUF007
    ]
    return ReluNetwork.from_arrays(
        weights, [0.5 * rng.normal(size=w) for w in widths[1:]], 0.1
    )


def products(network: ReluNetwork, dtype: str, points: int) -> Callable[[], object]:
    """A call of the hidden layers' matrix products alone, compiled."""
    with jax.enable_x64(dtype == "float64"):
        weights = [jnp.asarray(h.weight, dtype) for h in network.hidden]
        start = jnp.ones((network.input_dim, points), dtype)

        @jax.jit
        def multiply(h: jax.Array) -> jax.Array:
            for weight in weights:
                h = weight @ h
            return h

        compiled = multiply.lower(start).compile()
    return lambda: compiled(start).block_until_ready()


def product_seconds(network: ReluNetwork, dtype: str, points: int = 16384) -> float:
    """Processor seconds per point of the hidden layers' matrix products alone."""
    call = products(network, dtype, points)
    call()
    begin = time.process_time()
    for _ in range(30):
        call()
    return (time.process_time() - begin) / (30 * points)


if __name__ == "__main__":
    main()
