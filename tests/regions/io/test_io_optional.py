import sys

import numpy as np
import pytest

import regions
from regions.network import ReluNetwork


@pytest.mark.parametrize(
    ("suffix", "module", "extra"),
    [
        (".onnx", "onnx", "onnx"),
        (".pt", "torch", "torch"),
        (".safetensors", "safetensors", "safetensors"),
        (".keras", "h5py", "keras"),
    ],
)
def test_reader_without_its_package_gives_the_install_command(
    tmp_path, monkeypatch, suffix, module, extra
):
    path = tmp_path / f"m{suffix}"
    path.write_bytes(b"")
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ImportError) as caught:
        regions.load_network(path)
    message = str(caught.value)
    assert message.endswith(f"run pip install 'relu-regions[{extra}]'")
    assert f"needs the package {module!r}" in message
    assert "\n" not in message


def test_npz_needs_no_optional_package(tmp_path, monkeypatch):
    for module in ("onnx", "torch", "safetensors", "h5py", "keras", "flax"):
        monkeypatch.setitem(sys.modules, module, None)
    net = ReluNetwork.from_arrays([np.eye(2)], None)
    regions.save_network(tmp_path / "net.npz", net)
    loaded = regions.load_network(tmp_path / "net.npz")
    assert np.array_equal(loaded.output.weight, np.eye(2))
