"""The data block, and the built page around it."""

import base64
import hashlib
import importlib.util
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


@pytest.fixture
def check():
    """The check of the built page that `.ci/run` makes."""
    spec = importlib.util.spec_from_file_location("page_check", ROOT / ".ci/page.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_built_page_is_that_of_the_sources(check):
    stale = "the page is stale: run make atlas"
    assert check.recorded(asset()) == check.fingerprint(), stale


def test_policy_names_the_script_and_the_style_of_the_page():
    page = asset()
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page)
    assert policy is not None
    parts = re.findall(
        r"<style>(.*?)</style>|<script type=.module.>(.*?)</script>", page, re.S
    )
    assert len(parts) == 2
    for part in map("".join, parts):
        digest = base64.b64encode(hashlib.sha256(part.encode()).digest()).decode()
        assert f"'sha256-{digest}'" in policy[1]


@pytest.mark.parametrize("node", [True, False])
def test_stale_page_is_built_anew_where_node_is(check, monkeypatch, tmp_path, node):
    page = tmp_path / "page.html"
    meta = '<meta name="atlas-sources" content="{}">'
    page.write_text(meta.format("00"))
    calls = []

    def run(command, **_):
        calls.append(command[-1])
        page.write_text(meta.format(check.fingerprint()))

    monkeypatch.setattr(check, "ROOT", tmp_path)
    monkeypatch.setattr(check, "PAGE", page)
    monkeypatch.setattr(check, "fingerprint", lambda: "ab")
    monkeypatch.setattr(check.subprocess, "run", run)
    monkeypatch.setattr(check.shutil, "which", lambda _: node or None)
    line = check.main()
    assert "\n" not in line
    assert calls == (["atlas"] if node else [])
    assert ("commit it" if node else "is stale") in line
    assert (check.main() is None) == node


def test_page_refers_to_nothing_outside():
    page = asset()
    assert "default-src 'none'" in page
    assert re.findall(r'<(?:script|img|iframe|link)[^>]*\bsrc="', page) == []
    assert re.findall(r'<link[^>]*href="(?!data:)', page) == []
    assert "@import" not in page


def test_lock_file_names_no_address():
    lock = json.loads((ROOT / "atlas" / "package-lock.json").read_text())
    assert lock["packages"]["node_modules/pixi.js"]["integrity"]
    assert "resolved" not in lock["packages"]["node_modules/pixi.js"]
    assert "://" not in json.dumps(lock)


def test_header_is_json_with_arrays_as_leaves():
    data = header(single(partition()))
    names = {"title", "domain", "series", "points", "losses", "threshold", "surface"}
    assert names < set(data)
