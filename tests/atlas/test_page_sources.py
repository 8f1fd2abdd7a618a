"""The page's TypeScript: its imports go one way."""

import pathlib
import re

import networkx

SOURCES = pathlib.Path(__file__).resolve().parents[2] / "atlas" / "src"


def test_no_circle_among_the_modules_of_the_page():
    imports = networkx.DiGraph(
        (file.stem, name)
        for file in SOURCES.glob("*.ts")
        for name in re.findall(r'from "\./(\w+)"', file.read_text(encoding="utf-8"))
    )
    assert len(imports) > 20
    assert list(networkx.simple_cycles(imports)) == []
