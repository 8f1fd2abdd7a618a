"""Damage to files, drawn at random but repeatably: flips, cuts, other types and sizes.

Where a format keeps its content behind checksums or compression, every second file is
damaged inside, and the checksums are made to fit.
"""

import io
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator

import numpy as np
import pyarrow.parquet as pq

_WORD = re.compile(rb"-?\d+(?:\.\d+)?|\"[^\"\n]{0,40}\"|'[^'\n]{0,40}'|true|null|False")
_WORDS = [b"-1", b"0", b"9" * 26, b"1e999", b"null", b"[]", b"{}", b'"x"', b"true"]
_WORDS += [b"NaN", b"'|O'", b"'<c16'", b"'<i8'", b"[[[", b'"../../secret"']
_WORDS += [b"1073741824", b'{"a": 1}', b"[1, 2]", b'"nan"']
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


_INSIDE: dict[str, Callable[[bytes, np.random.Generator], bytes]] = {
    ".mat": _inside_mat,
    ".parquet": _inside_parquet,
}


def damaged(
    files: dict[str, bytes], seed: int, kind: str, count: int
) -> Iterator[tuple[str, bytes]]:
    """Names of files and what they hold after damage, the same for the same seed.

    Args:
        files: What whole files hold, by name; one is damaged at a time.
        seed: Of the draws.
        kind: What is damaged; two kinds have draws of their own.
        count: How many are wanted.
    """
    rng = np.random.default_rng([seed, *kind.encode()])
    names = sorted(name for name, content in files.items() if content)
    for turn in range(count):
        name = names[rng.integers(len(names))]
        data = files[name]
        inside = _INSIDE.get(name[name.rfind(".") :] if "." in name else "")
        if zipfile.is_zipfile(io.BytesIO(data)):
            inside = _inside_zip
        yield name, (inside if inside and turn % 2 else _mutate)(data, rng)
