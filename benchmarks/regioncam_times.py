"""Processor seconds of regioncam, for an interpreter that has it and NumPy alone.

Run by side_by_side: PYTHON regioncam_times.py NETWORKS.npz REPEATS

It takes networks of the plane, in float32, on the square [-1, 1]^2. Prints a list of
[faces, least seconds] as JSON.
"""

import json
import sys
import time

import numpy as np
import regioncam  # pyright: ignore[reportMissingImports]


def main(path: str, repeats: int) -> None:
    """Time each network of a file, whose arrays are named `K-Wi` and `K-bi`."""
    with np.load(path) as arrays:
        held = dict(arrays)
    answers = []
    for k in range(len({name.partition("-")[0] for name in held})):
        layers, i = [], 0
        while f"{k}-W{i}" in held:
            weight = np.ascontiguousarray(held[f"{k}-W{i}"].T, np.float32)
            bias = held[f"{k}-b{i}"].astype(np.float32)
            layers += [regioncam.Linear(weight, bias), regioncam.ReLU()]
            i += 1
        answers.append(_least(layers, repeats))
    print(json.dumps(answers))


def _least(layers: list, repeats: int) -> tuple[int, float]:
    """Faces of a network, and the least seconds that they took."""
    least, faces = float("inf"), 0
    for _ in range(repeats):
        begin = time.process_time()
        partition = regioncam.Regioncam(size=1.0)
        for layer in layers:
            partition.add(layer)
        least = min(least, time.process_time() - begin)
        faces = int(partition.num_faces)
    return faces, least


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
