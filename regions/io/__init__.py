"""Load networks that people already have, and save ours.

`load_network` chooses the reader by the file's suffix. No reader unpickles or runs
code from a file, and none allocates more than `max_bytes`.
"""

import pathlib

from regions.errors import FileFormatError
from regions.io.npz import load_npz, save_npz
from regions.network import ReluNetwork

MAX_BYTES = 4 * 2**30


def load_network(
    path: str | pathlib.Path, *, max_bytes: int = MAX_BYTES
) -> ReluNetwork:
    """The network in a file or a run folder.

    Args:
        path: An `.npz` file with keys `W0, b0, W1, b1, ...` (`W` of shape
            `(fan_out, fan_in)`), optional `slope0, ...` and `skip{layer}_{source}`;
            or a run folder that holds `network.npz`.
        max_bytes: Refuse files whose arrays would take more memory than this.

    Returns:
        The network, its weights taken over exactly.

    Raises:
        FileNotFoundError: If there is no such file.
        FileFormatError: If the file is truncated, unsafe or of another format.
    """
    path = pathlib.Path(path)
    if path.is_dir():
        path = path / "network.npz"
        if not path.is_file():
            raise FileNotFoundError(
                f"{path.parent} is a folder without network.npz: give a run folder or "
                "a model file."
            )
    if not path.is_file():
        raise FileNotFoundError(f"{path} does not exist: give a model file.")
    if path.suffix == ".npz":
        return load_npz(path, max_bytes=max_bytes)
    raise FileFormatError(
        f"{path} ends in {path.suffix!r}; .npz is required: convert it."
    )


def save_network(path: str | pathlib.Path, network: ReluNetwork) -> None:
    """Write a network as `.npz`, whole or not at all; see `load_network` for the keys.

    Raises:
        ValueError: If `path` does not end in `.npz`.
    """
    save_npz(pathlib.Path(path), network)
