"""Damaged and hostile files for every reader, drawn at random but repeatably.

`make fuzz` tries thousands for each format: none may end in anything but a value or a
`FileFormatError` of one line, take more than five seconds, or more than three times
the memory that `max_bytes` allows. The test suite draws a few of the same.
"""

import argparse
import io
import json
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import time
import warnings
import zipfile
import zlib
from collections.abc import Callable, Iterator
from typing import Any

import flax.serialization
import h5py
import numpy as np
import onnx
import PIL.Image
import pyarrow.parquet as pq
import safetensors.torch
import scipy.io
import torch
from onnx import TensorProto, helper, numpy_helper

import regions
from experiments.running.arguments import read_slice
from experiments.running.common import RunFolderError, read_json
from regions.errors import FileFormatError, ImportNotice
from regions.files.data_files import load_points
from regions.results.lazy_regions import RegionFile
from regions.results.region_files import read_stored
from regions.results.region_table import RegionTable
from training.datasets import read_image

MAX_BYTES = 16 * 2**20
SECONDS = 5
_NOISE = 8 * 2**20
"""Memory that comes and goes without anything being read."""


def arrays() -> dict[str, np.ndarray]:
    """The weights of a small network, by their names in a state dict."""
    rng = np.random.default_rng(0)
    shapes = {"0.weight": (3, 2), "0.bias": (3,), "2.weight": (2, 3), "2.bias": (2,)}
    return {n: rng.normal(size=s).astype(np.float32) for n, s in shapes.items()}


def _write_npz(path: pathlib.Path) -> None:
    names = zip(("W0", "b0", "W1", "b1"), arrays().values(), strict=True)
    np.savez(path, **dict(names))  # pyright: ignore[reportArgumentType]


def _write_torch(path: pathlib.Path) -> None:
    torch.save({n: torch.tensor(a) for n, a in arrays().items()}, path)


def _write_legacy(path: pathlib.Path) -> None:
    state = {n: torch.tensor(a) for n, a in arrays().items()}
    torch.save(state, path, _use_new_zipfile_serialization=False)


def _write_safetensors(path: pathlib.Path) -> None:
    tensors = {n: torch.tensor(a) for n, a in arrays().items()}
    safetensors.torch.save_file(tensors, path)


def _write_onnx(path: pathlib.Path) -> None:
    nodes = [
        helper.make_node("Gemm", ["x", "0.weight", "0.bias"], ["h"], transB=1),
        helper.make_node("Clip", ["h", "low"], ["c"]),
        helper.make_node("Gemm", ["c", "2.weight", "2.bias"], ["y"], transB=1),
    ]
    stored = arrays() | {"low": np.float32(-0.5)}
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 2])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", 2])],
        [numpy_helper.from_array(np.asarray(a), n) for n, a in stored.items()],
    )
    opset = helper.make_opsetid("", 18)
    onnx.save(helper.make_model(graph, opset_imports=[opset], ir_version=8), path)


_KERAS = """{"class_name": "Sequential", "config": {"name": "s", "layers": [
  {"module": "keras.layers", "class_name": "InputLayer",
   "config": {"batch_shape": [null, 2], "name": "in"}},
  {"module": "keras.layers", "class_name": "Dense",
   "config": {"name": "d0", "units": 3, "activation": "relu", "use_bias": true}},
  {"module": "keras.layers", "class_name": "Dense",
   "config": {"name": "d1", "units": 2, "activation": "linear"}}]}}"""


def _write_keras(path: pathlib.Path) -> None:
    weights = io.BytesIO()
    with h5py.File(weights, "w") as file:
        for index, layer in enumerate(("0", "2")):
            group = file.create_group(f"layers/dense_{index}/vars")
            group.attrs["name"] = f"d{index}"
            group["0"] = arrays()[f"{layer}.weight"].T
            group["1"] = arrays()[f"{layer}.bias"]
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("config.json", _KERAS)
        archive.writestr("model.weights.h5", weights.getvalue())


def _write_h5(path: pathlib.Path) -> None:
    with h5py.File(path, "w") as file:
        file.attrs["model_config"] = _KERAS
        for index, layer in enumerate(("0", "2")):
            group = file.create_group(f"model_weights/d{index}")
            group.attrs["weight_names"] = [b"kernel:0", b"bias:0"]
            group["kernel:0"] = arrays()[f"{layer}.weight"].T
            group["bias:0"] = arrays()[f"{layer}.bias"]


def _write_nnet(path: pathlib.Path) -> None:
    rows: list[list[Any]] = [[2, 2, 2, 3], [2, 3, 2], [0], [-1, -1], [1, 1]]
    rows += [[0.0] * 3, [1.0] * 3]
    for array in arrays().values():
        rows += array.reshape(len(array), -1).tolist()
    lines = [",".join(map(repr, row)) + "," for row in rows]
    path.write_text("\n".join(["// made to be damaged", *lines]) + "\n")


def _write_mat(path: pathlib.Path) -> None:
    cells = {"W": np.empty((1, 2), object), "b": np.empty((1, 2), object)}
    for index, layer in enumerate(("0", "2")):
        cells["W"][0, index] = arrays()[f"{layer}.weight"].astype(float)
        cells["b"][0, index] = arrays()[f"{layer}.bias"][:, None].astype(float)
    names = np.array(["relu  ", "linear"])
    scipy.io.savemat(path, cells | {"act_fcns": names}, do_compression=True)


def _write_msgpack(path: pathlib.Path) -> None:
    tree = {
        f"Dense_{index}": {
            "kernel": arrays()[f"{layer}.weight"].T.copy(),
            "bias": arrays()[f"{layer}.bias"],
        }
        for index, layer in enumerate(("0", "2"))
    }
    path.write_bytes(flax.serialization.msgpack_serialize({"params": tree}))


def _write_csv(path: pathlib.Path) -> None:
    path.write_text("width,height\n0.25,-3\n1e-3,4\n5,6.5\n")


def _write_npy(path: pathlib.Path) -> None:
    np.save(path, arrays()["0.weight"])


def _write_slice(path: pathlib.Path) -> None:
    parts = {"origin": np.zeros(3), "directions": np.eye(3)[:2]}
    np.savez_compressed(path, **parts, lower=-np.ones(2), upper=np.ones(2))


def _write_parquet(path: pathlib.Path) -> None:
    weights, biases = list(arrays().values())[::2], list(arrays().values())[1::2]
    net = regions.ReluNetwork.from_arrays(weights, biases)
    regions.enumerate_regions(net, regions.Box.cube(2)).save(path)


def _write_json(path: pathlib.Path) -> None:
    path.write_text(json.dumps({"experiment": "ring", "config": {"seeds": [0, 1.5]}}))


def _write_image(path: pathlib.Path) -> None:
    pixels = np.arange(192, dtype=np.uint8).reshape(8, 8, 3)
    PIL.Image.fromarray(pixels).save(path)


def _load(path: pathlib.Path, check: bool) -> object:
    return regions.load_network(path, check=check, max_bytes=MAX_BYTES)


def _load_points(path: pathlib.Path, check: bool) -> object:
    return load_points(path, max_bytes=MAX_BYTES)


def _load_regions(path: pathlib.Path, check: bool) -> object:
    if check:
        return RegionFile(path, kind=RegionTable, max_bytes=MAX_BYTES).changes()
    return read_stored(path, kind=RegionTable, max_bytes=MAX_BYTES)


Writer = Callable[[pathlib.Path], None]
Reader = Callable[[pathlib.Path, bool], object]

NETWORKS: dict[str, Writer] = {
    ".npz": _write_npz,
    ".pt": _write_torch,
    ".pth": _write_legacy,
    ".safetensors": _write_safetensors,
    ".onnx": _write_onnx,
    ".keras": _write_keras,
    ".h5": _write_h5,
    ".nnet": _write_nnet,
    ".mat": _write_mat,
    ".msgpack": _write_msgpack,
}

FORMATS: dict[str, tuple[str, Writer, Reader]] = {
    **{suffix.lstrip("."): (suffix, w, _load) for suffix, w in NETWORKS.items()},
    "points.csv": (".csv", _write_csv, _load_points),
    "points.npy": (".npy", _write_npy, _load_points),
    "slice": (".npz", _write_slice, lambda p, _: read_slice(p)),
    "regions": (".parquet", _write_parquet, _load_regions),
    "json": (".json", _write_json, lambda p, _: read_json(p)),
    "image": (".png", _write_image, lambda p, _: read_image(p, max_bytes=MAX_BYTES)),
}
"""For each kind of file its ending, how one is written, and how it is read."""

_WORD = re.compile(rb"-?\d+(?:\.\d+)?|\"[^\"\n]{0,40}\"|'[^'\n]{0,40}'|true|null|False")
_WORDS = [b"-1", b"0", b"9" * 26, b"1e999", b"null", b"[]", b"{}", b'"x"', b"true"]
_WORDS += [
    b"NaN",
    b"'|O'",
    b"'<c16'",
    b"'<i8'",
    b"[[[",
    b'"../../secret"',
    b"1073741824",
]
_NUMBERS = [0, -1, 1, 2**31 - 1, 2**31, 2**40, 2**62]


def _flip(data: bytes, rng: np.random.Generator) -> bytes:
    """A few bytes replaced at random."""
    array = np.frombuffer(data, np.uint8).copy()
    where = rng.integers(0, len(array), rng.choice([1, 2, 5]))
    array[where] = rng.integers(0, 256, len(where))
    return array.tobytes()


def _flip_bit(data: bytes, rng: np.random.Generator) -> bytes:
    """One bit turned over."""
    array = bytearray(data)
    array[rng.integers(len(array))] ^= 1 << int(rng.integers(8))
    return bytes(array)


def _truncate(data: bytes, rng: np.random.Generator) -> bytes:
    """The start of a file."""
    return data[: rng.integers(len(data))]


def _repeat(data: bytes, rng: np.random.Generator) -> bytes:
    """A part of a file twice."""
    start, stop = sorted(rng.integers(0, len(data), 2))
    return data[:stop] + data[start:]


def _swap_word(data: bytes, rng: np.random.Generator) -> bytes:
    """A number or name in a text replaced by one of another type or size."""
    found = list(_WORD.finditer(data))
    if not found:
        return _flip(data, rng)
    match = found[rng.integers(len(found))]
    word = _WORDS[rng.integers(len(_WORDS))]
    return data[: match.start()] + word + data[match.end() :]


def _swap_number(data: bytes, rng: np.random.Generator) -> bytes:
    """Four or eight bytes replaced by an extreme number."""
    width = int(rng.choice([4, 8]))
    if len(data) <= width:
        return _flip(data, rng)
    number = _NUMBERS[rng.integers(len(_NUMBERS))] % 2 ** (8 * width)
    place = int(rng.integers(len(data) - width))
    return data[:place] + number.to_bytes(width, "little") + data[place + width :]


_MUTATIONS = (_flip, _flip_bit, _truncate, _repeat, _swap_word, _swap_number)


def _mutate(data: bytes, rng: np.random.Generator) -> bytes:
    """One kind of damage, or two."""
    for _ in range(rng.integers(1, 3)):
        if data:
            data = _MUTATIONS[rng.integers(len(_MUTATIONS))](data, rng)
    return data


def _inside_zip(data: bytes, rng: np.random.Generator) -> bytes:
    """One member damaged, and its checksum made to fit."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    name = rng.choice([n for n, content in members.items() if content])
    members[name] = _mutate(members[name], rng)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", rng.choice([0, 8])) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def _inside_parquet(data: bytes, rng: np.random.Generator) -> bytes:
    """The header damaged, and the file written around it."""
    source = pq.ParquetFile(io.BytesIO(data))
    entries = dict(source.metadata.metadata)
    key = rng.choice([b"relu_regions", b"relu_regions.network"])
    entries[key] = _mutate(entries[key], rng)
    buffer = io.BytesIO()
    table = source.read()
    with pq.ParquetWriter(buffer, table.schema) as writer:
        writer.write_table(table)
        plain = {k: v for k, v in entries.items() if k.startswith(b"relu")}
        writer.add_key_value_metadata(plain)
    return buffer.getvalue()


def _inside_mat(data: bytes, rng: np.random.Generator) -> bytes:
    """One compressed variable damaged, and compressed again."""
    places, place = [], 128
    while place < len(data):
        places.append(place)
        place += 8 + int.from_bytes(data[place + 4 : place + 8], "little")
    start = places[rng.integers(len(places))]
    size = int.from_bytes(data[start + 4 : start + 8], "little")
    body = zlib.compress(
        _mutate(zlib.decompress(data[start + 8 : start + 8 + size]), rng)
    )
    head = data[start : start + 4] + len(body).to_bytes(4, "little")
    return data[:start] + head + body + data[start + 8 + size :]


def damaged(data: bytes, seed: int, suffix: str, count: int) -> Iterator[bytes]:
    """Damaged versions of a file, the same for the same seed."""
    rng = np.random.default_rng([seed, *suffix.encode()])
    inside = {".parquet": _inside_parquet, ".mat": _inside_mat}.get(suffix)
    if zipfile.is_zipfile(io.BytesIO(data)):
        inside = _inside_zip
    for turn in range(count):
        yield (inside if inside and turn % 2 else _mutate)(data, rng)


def outcome(read: Reader, path: pathlib.Path, check: bool) -> str:
    """`ok`, `refused`, or what is wrong with how a file was refused."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ImportNotice)
            read(path, check)
    except (FileFormatError, RunFolderError) as error:
        if "\n" in str(error) or len(str(error)) > 2000:
            return f"a message of {len(str(error))} characters or of several lines"
        return "refused"
    except ValueError as error:
        # Numbers that make no slice are no damage; the message names what is wrong.
        return "refused" if str(error).startswith("`") else f"ValueError {error}"
    except (Exception, _Hang) as error:  # noqa: BLE001  (to be reported)
        return f"{type(error).__name__} {error}"
    return "ok"


class _Hang(BaseException):
    """Raised after too many seconds."""


def _stop(signum: int, frame: object) -> None:
    raise _Hang(f"after {SECONDS} s")


def _peak() -> int:
    """Most memory since `_forget_peak`, in bytes (Linux)."""
    text = pathlib.Path("/proc/self/status").read_text()
    match = re.search(r"VmHWM:\s+(\d+) kB", text)
    return 1024 * int(match[1]) if match else 0


def _forget_peak() -> int:
    """Begin to measure anew; the memory now."""
    pathlib.Path("/proc/self/clear_refs").write_text("5")
    return _peak()


def fuzz(name: str, count: int, seed: int, folder: pathlib.Path) -> dict[str, int]:
    """Try damaged files of one format; what fails is reported and kept in `folder`."""
    suffix, write, read = FORMATS[name]
    path = folder / f"input{suffix}"
    write(path)
    whole = path.read_bytes()
    found: dict[str, int] = {}
    signal.signal(signal.SIGALRM, _stop)
    for check in (True, False):  # loads what is loaded once
        assert outcome(read, path, check) == "ok", outcome(read, path, check)
    slowest, largest = 0.0, 0
    for turn, content in enumerate(damaged(whole, seed, suffix, count)):
        path.write_bytes(content)
        before, start = _forget_peak(), time.perf_counter()
        signal.setitimer(signal.ITIMER_REAL, SECONDS)
        result = outcome(read, path, turn % 4 == 0)
        signal.setitimer(signal.ITIMER_REAL, 0)
        slowest = max(slowest, time.perf_counter() - start)
        used = _peak() - before
        largest = max(largest, used)
        if used > 3 * MAX_BYTES + _NOISE:
            result = f"took {used >> 20} MiB"
        if result not in ("ok", "refused"):
            (folder / f"{name}-{turn}{suffix}").write_bytes(content)
            sys.stdout.write(f"{name} {turn}: {result[:300]}\n")
            result = "FAILED"
        found[result] = found.get(result, 0) + 1
    sys.stdout.write(
        f"{name}: {found}, slowest {slowest:.2f} s, largest {largest >> 20} MiB\n"
    )
    return found


def main() -> int:
    """Each format in a process of its own, so that a crash is one more finding."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("formats", nargs="*", help=f"of {', '.join(FORMATS)}")
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--here", type=pathlib.Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.here is not None:
        (name,) = options.formats
        found = fuzz(name, options.count, options.seed, options.here)
        return int("FAILED" in found)
    failed = 0
    folder = pathlib.Path(tempfile.mkdtemp(prefix="fuzz-"))
    for name in options.formats or FORMATS:
        command = [sys.executable, "-m", "tests.regions.io.fuzzing", name]
        command += ["--count", str(options.count), "--seed", str(options.seed)]
        code = subprocess.run([*command, "--here", str(folder)], check=False).returncode
        if code not in (0, 1):
            sys.stdout.write(f"{name}: ended with {code}; see {folder}\n")
        failed += bool(code)
    sys.stdout.write(f"{failed} formats failed; what failed lies in {folder}\n")
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
