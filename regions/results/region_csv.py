"""Region sets as CSV: one row a region, for spreadsheets and other programs."""

import csv
import io
import pathlib

from regions.files.writing import write_text
from regions.results.code_text import code_text
from regions.results.region_set import RegionSet

CHUNK = 65536
"""Regions unpacked at once."""


def write_regions_csv(path: str | pathlib.Path, regions: RegionSet) -> None:
    """Code by layer, then a witness in the network's input space.

    The floats read back bit for bit. Where no float64 point was proved to lie strictly
    inside, the last column holds rational chart coordinates that do. The file is whole
    or not written; unlike `RegionSet.save`, it holds neither network nor domain.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    axes = [f"x{axis + 1}" for axis in range(regions.network.input_dim)]
    writer.writerow(["code", *axes, "exact_witness"])
    for start in range(0, len(regions), CHUNK):
        part = slice(start, start + CHUNK)
        points = regions.domain.embed(regions.coordinates[part]).tolist()
        for k, bits in enumerate(regions.pattern_bits(part)):
            exact = regions.exact_witnesses.get(start + k, ())
            writer.writerow(
                [
                    code_text(regions.network, bits),
                    *map(repr, points[k]),
                    " ".join(map(str, exact)),
                ]
            )
    write_text(path, text.getvalue())
