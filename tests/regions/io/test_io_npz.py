import io
import pickle  # noqa: TID251  (to build what must be refused)
import zipfile

import numpy as np
import pytest

import regions
from regions.errors import FileFormatError
from regions.network import ReluNetwork


def _two_layers() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    return {
        "W0": rng.normal(size=(4, 2)).astype(np.float32),
        "b0": rng.normal(size=4).astype(np.float32),
        "W1": rng.normal(size=(3, 4)),
        "b1": rng.normal(size=3),
    }


def _npy(array: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, array, allow_pickle=True)
    return buffer.getvalue()


def _write(path, **arrays):
    np.savez(path, **arrays)
    return path


def _same(a: ReluNetwork, b: ReluNetwork) -> bool:
    return len(a.layers) == len(b.layers) and all(
        np.array_equal(x.weight, y.weight)
        and np.array_equal(x.bias, y.bias)
        and np.array_equal(x.slopes, y.slopes)
        and [s for s, _ in x.skips] == [s for s, _ in y.skips]
        and all(
            np.array_equal(m, n)
            for (_, m), (_, n) in zip(x.skips, y.skips, strict=True)
        )
        for x, y in zip(a.layers, b.layers, strict=True)
    )


def test_load_npz_gives_the_arrays_exactly(tmp_path):
    arrays = _two_layers()
    net = regions.load_network(_write(tmp_path / "a.npz", **arrays))
    assert np.array_equal(net.hidden[0].weight, arrays["W0"].astype(np.float64))
    assert np.array_equal(net.output.bias, arrays["b1"])
    x = np.array([[0.3, -0.7]])
    hidden = np.maximum(x @ arrays["W0"].astype(np.float64).T + arrays["b0"], 0)
    assert np.allclose(net(x), hidden @ arrays["W1"].T + arrays["b1"], atol=1e-14)


def test_save_then_load_gives_slopes_and_skips_back(tmp_path):
    rng = np.random.default_rng(1)
    net = ReluNetwork.from_arrays(
        [rng.normal(size=s) for s in ((4, 2), (5, 4), (2, 5))],
        [rng.normal(size=n) for n in (4, 5, 2)],
        [0.25, rng.normal(size=5)],
        skips={1: {0: rng.normal(size=(5, 2))}, 2: {1: rng.normal(size=(2, 4))}},
    )
    regions.save_network(tmp_path / "net.npz", net)
    assert _same(regions.load_network(tmp_path / "net.npz"), net)
    assert [p.name for p in tmp_path.iterdir()] == ["net.npz"]


def test_load_run_folder_reads_its_network(tmp_path):
    net = ReluNetwork.from_arrays([np.eye(2)], None)
    regions.save_network(tmp_path / "network.npz", net)
    assert _same(regions.load_network(tmp_path), net)


def test_load_npz_takes_a_scalar_slope_and_fortran_order(tmp_path):
    arrays = _two_layers()
    arrays["W0"] = np.asfortranarray(arrays["W0"])
    path = _write(tmp_path / "a.npz", **arrays, slope0=np.float32(0.5))
    net = regions.load_network(path)
    assert np.array_equal(net.hidden[0].slopes, np.full(4, 0.5))
    assert np.array_equal(net.hidden[0].weight, arrays["W0"].astype(np.float64))


def test_save_network_under_another_suffix_raises(tmp_path):
    net = ReluNetwork.from_arrays([np.eye(2)], None)
    with pytest.raises(ValueError, match=r"saved as \.npz, \.onnx or \.pt"):
        regions.save_network(tmp_path / "net.npy", net)


def _without(key):
    return {k: v for k, v in _two_layers().items() if k != key}


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        (_without("W0"), "has W1 but no W0"),
        (_without("b1"), "2 weights W0, ... and 1 biases"),
        ({}, "has no W0"),
        (_two_layers() | {"W3": np.eye(3)}, "has W3 but no W2"),
        (_two_layers() | {"W1": np.ones((3, 5))}, "layer before it has 4 units"),
        (_two_layers() | {"b0": np.ones((4, 1))}, "b0 has shape"),
        (_two_layers() | {"W0": np.ones((0, 2))}, "none may be empty"),
        (_two_layers() | {"W0": np.ones((4, 2), complex)}, "dtype complex128"),
        (_two_layers() | {"b1": np.full(3, np.nan)}, "3 values that are NaN"),
        (_two_layers() | {"slope1": np.ones(3)}, "only 1 hidden layers"),
        (_two_layers() | {"slope0": np.ones(3)}, "3 entries for 4 units"),
        (_two_layers() | {"skip1_2": np.ones((3, 4))}, "reads source 2"),
        (_two_layers() | {"notes": np.ones(3)}, "'notes' cannot be read"),
        (_two_layers() | {"W00": np.ones(3)}, "'W00' cannot be read"),
    ],
)
def test_load_npz_of_wrong_content_says_what_is_wrong(tmp_path, arrays, message):
    path = _write(tmp_path / "bad.npz", **arrays)
    with pytest.raises(FileFormatError, match=message) as caught:
        regions.load_network(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_load_npz_never_unpickles(tmp_path):
    marker = tmp_path / "ran"

    class Bomb:
        def __reduce__(self):
            return (open, (str(marker), "w"))

    inside, bare = tmp_path / "inside.npz", tmp_path / "bare.npz"
    with zipfile.ZipFile(inside, "w") as archive:
        archive.writestr("W0.npy", _npy(np.array([Bomb()], dtype=object)))
    bare.write_bytes(pickle.dumps(Bomb()))
    with pytest.raises(FileFormatError, match="dtype object"):
        regions.load_network(inside)
    with pytest.raises(FileFormatError, match=r"not an \.npz file"):
        regions.load_network(bare)
    assert not marker.exists()


def test_load_npz_of_a_truncated_or_flipped_file_raises(tmp_path):
    whole = _write(tmp_path / "a.npz", **_two_layers()).read_bytes()
    for size in range(0, len(whole), 37):
        (tmp_path / "cut.npz").write_bytes(whole[:size])
        with pytest.raises(FileFormatError, match=r"truncated|damaged"):
            regions.load_network(tmp_path / "cut.npz")
    start = whole.index(b"NUMPY") + 150
    flipped = bytearray(whole)
    flipped[start] ^= 1
    (tmp_path / "flip.npz").write_bytes(bytes(flipped))
    with pytest.raises(FileFormatError, match="CRC"):
        regions.load_network(tmp_path / "flip.npz")


def test_load_npz_of_a_huge_declared_shape_allocates_nothing(tmp_path):
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        header, {"descr": "<f8", "fortran_order": False, "shape": (2**40, 2**20)}
    )
    path = tmp_path / "huge.npz"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("W0.npy", header.getvalue())
    with pytest.raises(FileFormatError, match="0 follow"):
        regions.load_network(path)


def test_load_npz_beyond_the_limit_is_refused_before_reading(tmp_path):
    path = tmp_path / "bomb.npz"
    np.savez_compressed(path, W0=np.zeros((1000, 1000)), b0=np.zeros(1000))
    assert path.stat().st_size < 20_000
    with pytest.raises(FileFormatError, match="raise `max_bytes`"):
        regions.load_network(path, max_bytes=1_000_000)
    assert regions.load_network(path, max_bytes=9_000_000).output_dim == 1000


def test_load_network_of_a_missing_file_or_folder_raises(tmp_path):
    with pytest.raises(FileNotFoundError, match="does not exist"):
        regions.load_network(tmp_path / "none.npz")
    with pytest.raises(FileNotFoundError, match=r"without network\.npz"):
        regions.load_network(tmp_path)


def test_load_network_of_an_unknown_suffix_names_it(tmp_path):
    path = tmp_path / "model.pkl"
    path.write_bytes(b"x")
    with pytest.raises(FileFormatError, match=r"ends in '\.pkl'"):
        regions.load_network(path)


def test_load_npz_of_small_integers_counts_what_they_become(tmp_path):
    path = tmp_path / "small.npz"
    np.savez_compressed(path, W0=np.ones((10, 1000), np.int8), b0=np.zeros(10))
    with pytest.raises(FileFormatError, match="declares 80080 bytes"):
        regions.load_network(path, max_bytes=80_079)
    assert regions.load_network(path, max_bytes=80_080).output_dim == 10


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_load_npz_of_a_compression_with_memory_of_its_own_is_refused(tmp_path, method):
    path = tmp_path / "a.npz"
    with zipfile.ZipFile(path, "w", method) as archive:
        archive.writestr("W0.npy", _npy(np.eye(2)))
    with pytest.raises(FileFormatError, match=f"by method {method} of zip"):
        regions.load_network(path)


@pytest.mark.parametrize("value", [2**53 + 1, -(2**53) - 1, 2**63 - 1])
def test_integers_that_float64_cannot_hold_are_refused(tmp_path, value):
    path = _write(tmp_path / "a.npz", W0=np.array([[value, 1]]), b0=np.zeros(1))
    with pytest.raises(FileFormatError, match=r"integers beyond 2\^53"):
        regions.load_network(path)
    for held in (2**53, -(2**63), 3 * 2**60):
        _write(path, W0=np.array([[held, 1]]), b0=np.zeros(1))
        assert regions.load_network(path).output.weight[0, 0] == held
