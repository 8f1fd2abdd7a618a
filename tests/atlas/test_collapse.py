"""The snapshots of the live page are those of the published study."""

import json

import numpy as np

from experiments.atlas import collapse
from experiments.measures.unit_square import count_square


def test_kept_networks_have_the_regions_of_the_published_run():
    record = json.loads(collapse.FILE.with_name("collapse.json").read_text("utf-8"))
    found = collapse.networks()
    assert tuple(found) == collapse.EPOCHS
    # The study looks at the last snapshot before epoch 2886, where its collapse starts.
    regions = f"{count_square(found[2850]):,}"
    assert f"exact regions: {regions} before" in record["headline"]
    assert f"{regions} at 2,850" in (collapse.FILE.parents[1] / "atlas.md").read_text()
    with np.load(collapse.FILE) as kept:
        epochs, training = kept["losses"][:, 0], kept["losses"][:, 1]
    # Twice the level before is what the study calls a collapse.
    high = training[(epochs >= 2886) & (epochs <= 2890)].max()
    assert high > 2.0 * np.median(training[(epochs > 2700) & (epochs <= 2800)])
    assert high > 2.0 * np.median(training[epochs >= 4000])
