"""Writes the page: the built asset with a data block in it."""

import importlib.resources
import pathlib
import re

from experiments.atlas.block import Block, pack
from experiments.atlas.contents import Atlas, header
from regions.files.writing import write_text

SLOT = re.compile(r'<script id="atlas-block"[^>]*>[^<]*</script>')
"""Where the block goes in the asset, and where it lies in a page."""


def asset() -> str:
    """The page without data, as `make atlas` built it from the sources in `atlas/`."""
    file = importlib.resources.files("experiments.atlas") / "page.html"
    return file.read_text(encoding="utf-8")


def render(atlas: Atlas) -> str:
    """The whole page, which needs no other file and no network."""
    block = pack(header(atlas))
    # Base64 and numbers only: nothing of the block can end the element.
    element = (
        '<script id="atlas-block" type="application/octet-stream" '
        f'data-schema="{block.schema}" data-size="{block.size}" '
        f'data-crc32="{block.crc32}">{block.text}</script>'
    )
    page, found = SLOT.subn(lambda _: element, asset())
    if found != 1:
        raise ValueError(
            f"the asset has {found} slots for data: exactly one is required; build it "
            "again with `make atlas`."
        )
    return page


def read_block(page: str) -> Block:
    """The data block of a page.

    Raises:
        ValueError: If the page has none.
    """
    found = SLOT.search(page)
    fields = dict(re.findall(r'data-(\w+)="(\w*)"', found[0])) if found else {}
    if found is None or set(fields) != {"schema", "size", "crc32"}:
        raise ValueError(
            "the page holds no data block: write it with relu-regions atlas."
        )
    text = found[0].partition(">")[2].removesuffix("</script>")
    return Block(int(fields["schema"]), int(fields["size"]), fields["crc32"], text)


def write_page(path: str | pathlib.Path, atlas: Atlas) -> None:
    """Write the page, whole or not at all."""
    write_text(pathlib.Path(path), render(atlas))
