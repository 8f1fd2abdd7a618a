"""Region sets as tables of Arrow, and through it of pandas and others."""

from typing import Any

import pyarrow as pa

from regions.results.code_text import code_text
from regions.results.region_table import RegionTable


def to_arrow(regions: RegionTable) -> pa.Table:
    """One row a region: `code`, coordinates of the witness, `volume` where known."""
    columns: dict[str, Any] = {
        "code": [code_text(regions.network, bits) for bits in regions.pattern_bits()]
    }
    for axis, column in enumerate(regions.witnesses.T, start=1):
        columns[f"x{axis}"] = column
    if regions.has_cells:
        columns["volume"] = regions.volumes()
    about = {
        "complete": str(regions.complete).lower(),
        "method": regions.method,
        "network": repr(regions.network),
        "domain": repr(regions.domain),
    }
    return pa.table(columns).replace_schema_metadata(about)
