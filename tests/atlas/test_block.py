"""The data block, and the built page around it."""

import hashlib
import json
import pathlib
import re

import hypothesis.extra.numpy as hnp
import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from experiments.atlas.block import DTYPES, BlockError, pack, schema_version, unpack
from experiments.atlas.contents import header
from experiments.atlas.page import asset, read_block, render
from tests.atlas.helpers import partition, single

ROOT = pathlib.Path(__file__).resolve().parents[2]


@settings(derandomize=True, deadline=None, max_examples=40)
@given(st.data())
def test_block_round_trip_is_exact(data):
    dtype = data.draw(st.sampled_from(DTYPES))
    shape = hnp.array_shapes(min_dims=1, max_dims=2, min_side=0)
    array = data.draw(hnp.arrays(dtype, shape))
    text = data.draw(st.text())
    found = unpack(pack({"a": [array, {"name": text}], "none": None}))
    assert found["a"][0].tobytes() == array.tobytes()
    assert found["a"][0].shape == array.shape
    assert found["a"][1]["name"] == text
    assert found["none"] is None


def test_unknown_dtype_is_refused():
    with pytest.raises(ValueError, match="dtype int64"):
        pack({"a": np.arange(3)})


def damaged():
    block = pack({"a": np.arange(100, dtype=np.float64)})
    middle = len(block.text) // 2
    other = "A" if block.text[middle] != "A" else "B"
    flipped = block.text[:middle] + other + block.text[middle + 1 :]
    return {
        "flipped": block._replace(text=flipped),
        "cut": block._replace(text=block.text[:middle]),
        "not base64": block._replace(text="!" + block.text),
        "longer": block._replace(size=block.size + 1),
        "checksum": block._replace(crc32="00000000"),
        "schema": block._replace(schema=schema_version() + 1),
    }


@pytest.mark.parametrize("kind", sorted(damaged()))
def test_damaged_block_is_refused(kind):
    with pytest.raises(BlockError, match=r"damaged|schema"):
        unpack(damaged()[kind])


def test_page_holds_the_partition_bit_for_bit():
    found = partition()
    data = unpack(read_block(render(single(found))))
    frame = data["series"][0]["frames"][0]
    assert (frame["vertices"] == found.vertices).all()
    assert (frame["members"] == found.members).all()
    assert (frame["patterns"] == found.patterns).all()
    weight = frame["network"][0]["weight"]
    assert (weight == found.network.layers[0].weight).all()
    assert data["schema"] == schema_version()


def test_page_without_data_is_refused():
    with pytest.raises(ValueError, match="no data block"):
        read_block(asset())


def test_names_never_become_markup():
    name = "</script><img src=x onerror=alert(1)>"
    page = render(single(partition(name=name), title=name))
    assert name not in page
    assert unpack(read_block(page))["title"] == name


def sources():
    """Files from which `make atlas` builds the page, as `vite.config.js` lists them."""
    folder = ROOT / "atlas"
    names = ["index.html", "package.json", "package-lock.json", "tsconfig.json"]
    names += ["vite.config.js", *(f"src/{f.name}" for f in (folder / "src").iterdir())]
    names.append("../experiments/atlas/schema.json")
    return {name: (folder / name).read_bytes() for name in names}


def test_built_page_is_that_of_the_sources():
    digest = hashlib.sha256()
    for name, content in sorted(sources().items()):
        digest.update(name.encode() + b"\0" + content + b"\0")
    built = re.search(r'<meta name="atlas-sources" content="(\w+)">', asset())
    assert built is not None
    assert built[1] == digest.hexdigest(), "the page is stale: run make atlas"


def test_page_refers_to_nothing_outside():
    page = asset()
    assert "default-src 'none'" in page
    assert re.findall(r'<(?:script|img|iframe|link)[^>]*\bsrc="', page) == []
    assert re.findall(r'<link[^>]*href="(?!data:)', page) == []
    assert "@import" not in page


def test_lock_file_names_no_address():
    lock = json.loads((ROOT / "atlas" / "package-lock.json").read_text())
    assert lock["packages"]["node_modules/regl"]["integrity"]
    assert "resolved" not in lock["packages"]["node_modules/regl"]
    assert "://" not in json.dumps(lock)


def test_header_is_json_with_arrays_as_leaves():
    data = header(single(partition()))
    names = {"title", "domain", "series", "points", "losses", "threshold", "surface"}
    assert names < set(data)
