"""A hook of MkDocs: live atlas pages, found and written when the site is built."""

import pathlib
from collections.abc import Callable
from typing import Any

from mkdocs.structure.files import File  # pyright: ignore[reportMissingImports]

import regions
from experiments.atlas.collapse import collapse_atlas
from experiments.atlas.contents import Atlas
from experiments.atlas.page import render
from experiments.atlas.sources import network_atlas, solid_atlas

NETS = pathlib.Path(__file__).resolve().parents[1] / "tests" / "data" / "nets"


def _tell_nobody(done: int, total: int, message: str) -> None:
    """Of progress."""


def _known(name: str) -> Atlas:
    """The atlas of a network of known count on its cube."""
    files = [NETS / f"{name}.npz"]
    networks = [regions.load_network(file) for file in files]
    cube = regions.Box.cube(networks[0].input_dim)
    if cube.dim == 3:
        return solid_atlas(files, networks, cube, 0.0, _tell_nobody)
    return network_atlas(files, networks, cube, _tell_nobody)


PAGES: dict[str, Callable[[], Atlas]] = {
    "14x6": lambda: _known("d2_14x6"),
    "20x40": lambda: _known("d2_20x40"),
    "three-inputs": lambda: _known("d3_16x2"),
    "collapse": collapse_atlas,
}


def on_files(files: Any, *, config: Any) -> Any:
    """Add the pages to those of the site, so that links to them are checked."""
    for name, make in PAGES.items():
        path, content = f"live/{name}.html", render(make())
        files.append(File.generated(config, path, content=content))
    return files
