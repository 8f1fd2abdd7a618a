"""A hook of MkDocs: live atlas pages, found and written when the site is built."""

import pathlib
from typing import Any

from mkdocs.structure.files import File  # pyright: ignore[reportMissingImports]

import regions
from experiments.atlas.page import render
from experiments.atlas.sources import network_atlas, solid_atlas

NETS = pathlib.Path(__file__).resolve().parents[1] / "tests" / "data" / "nets"
PAGES = {"14x6": ["d2_14x6"], "20x40": ["d2_20x40"], "three-inputs": ["d3_16x2"]}
"""Networks of each page, of known counts."""


def _tell_nobody(done: int, total: int, message: str) -> None:
    """Of progress."""


def _page(names: list[str]) -> str:
    """The atlas of these networks on their cube."""
    files = [NETS / f"{name}.npz" for name in names]
    networks = [regions.load_network(file) for file in files]
    cube = regions.Box.cube(networks[0].input_dim)
    if cube.dim == 3:
        return render(solid_atlas(files, networks, cube, 0.0, _tell_nobody))
    return render(network_atlas(files, networks, cube, _tell_nobody))


def on_files(files: Any, *, config: Any) -> Any:
    """Add the pages to those of the site, so that links to them are checked."""
    for name, networks in PAGES.items():
        path, content = f"live/{name}.html", _page(networks)
        files.append(File.generated(config, path, content=content))
    return files
