"""Linear programs per second: CVXPY one by one, CVXPY stacked, batched interior point.

Run:  python benchmarks/lps.py
Prints microseconds per Chebyshev ball of random polytopes, by dimension and batch.
"""

import time

import numpy as np

from regions.lp import solve
from regions.lp.batches import chebyshev_balls
from regions.patterns.halfspaces import Halfspaces

SHAPES = [(2, 40), (3, 40), (4, 64), (6, 64), (8, 64)]
BATCHES = [1, 16, 256, 4096]


def polytopes(count: int, dim: int, rows: int) -> tuple[np.ndarray, np.ndarray]:
    """Random polytopes in the cube, with the origin inside."""
    rng = np.random.default_rng(0)
    cube = np.concatenate([np.eye(dim), -np.eye(dim)])
    normals = rng.standard_normal((count, rows - 2 * dim, dim))
    A = np.concatenate([normals, np.broadcast_to(cube, (count, 2 * dim, dim))], axis=1)
    b = np.abs(rng.standard_normal((count, rows - 2 * dim))) + 0.3
    return A, np.concatenate([b, np.ones((count, 2 * dim))], axis=1)


def seconds(function, repeats: int = 3) -> float:
    """Best time of a call, after one call that compiles."""
    function()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        function()
        times.append(time.perf_counter() - start)
    return min(times)


def main() -> None:
    """Print one line per dimension."""
    print("microseconds per program")
    header = "".join(f"{f'batch {n}':>12}" for n in BATCHES)
    print(f"{'dim':>3} {'rows':>5} {'single':>9} {'stacked 256':>12}{header}")
    for dim, rows in SHAPES:
        A, b = polytopes(max(BATCHES), dim, rows)

        def single(A=A, b=b):
            for i in range(16):
                solve.chebyshev_ball(Halfspaces(A[i], b[i]), max_radius=10.0)

        def stacked(A=A, b=b):
            solve.chebyshev_balls_stacked(A[:256], b[:256], max_radius=10.0)

        cells = [seconds(single) / 16, seconds(stacked, 1) / 256]
        cells += [
            seconds(lambda n=n, A=A, b=b: chebyshev_balls(A[:n], b[:n], 10.0)) / n
            for n in BATCHES
        ]
        one, stack, *batched = (1e6 * c for c in cells)
        line = "".join(f"{c:12.1f}" for c in batched)
        print(f"{dim:3d} {rows:5d} {one:9.0f} {stack:12.0f}{line}")


if __name__ == "__main__":
    main()
