"""The block against its own formulas in numpy, and the task."""

import jax
import numpy as np
import pytest

from training.transformer import (
    TransformerConfig,
    countings,
    feed_forward_network,
    init_transformers,
    run_transformer,
)

CONFIG = TransformerConfig(vocabulary=5, length=3, classes=4, dim=6, heads=2, hidden=7)


def _normalized(x, layer):
    centered = x - x.mean(axis=-1, keepdims=True)
    spread = np.sqrt((centered**2).mean(axis=-1, keepdims=True) + 1e-6)
    return centered / spread * layer["scale"] + layer["bias"]


def _attention(x, layer):
    query, key, value = (
        np.einsum("nld,dhk->nlhk", x, layer[name]["kernel"]) + layer[name]["bias"]
        for name in ("query", "key", "value")
    )
    scores = np.einsum("nlhk,nmhk->nhlm", query, key) / np.sqrt(query.shape[-1])
    weights = np.exp(scores - scores.max(axis=-1, keepdims=True))
    weights /= weights.sum(axis=-1, keepdims=True)
    mixed = np.einsum("nhlm,nmhk->nlhk", weights, value)
    return (
        np.einsum("nlhk,hkd->nld", mixed, layer["out"]["kernel"])
        + (layer["out"]["bias"])
    )


def test_block_is_pre_norm_attention_and_feed_forward():
    params = jax.tree.map(
        lambda leaf: np.asarray(leaf[1], np.float64), init_transformers(CONFIG, (0, 1))
    )
    sequences = np.array([[0, 1, 2], [3, 3, 4]])
    stream = params["tokens"]["embedding"][sequences] + params["positions"]["embedding"]
    attended = _attention(
        _normalized(stream, params["before_attention"]), params["attention"]
    )
    entering = _normalized(stream + attended, params["before_feed_forward"])
    network = feed_forward_network(params)
    fed = network(entering.reshape(-1, 6)).reshape(entering.shape)
    last = _normalized((stream + attended + fed)[:, -1], params["last"])
    logits = last @ params["head"]["kernel"] + params["head"]["bias"]
    single = jax.tree.map(lambda leaf: leaf.astype(np.float32), params)
    found = run_transformer(CONFIG, single, sequences)
    for name, expected in (
        ("attended", attended),
        ("entering", entering),
        ("fed_forward", fed),
        ("logits", logits),
    ):
        assert np.asarray(getattr(found, name)) == pytest.approx(expected, abs=1e-4)


def test_countings_are_counts_and_no_sequence_comes_twice():
    sequences, counts = countings(5, 6, 3000, 1)
    assert sequences.shape == (3000, 6)
    assert len({tuple(row) for row in sequences}) == 3000
    wanted = [list(row[:-1]).count(row[-1]) for row in sequences.tolist()]
    assert counts.tolist() == wanted
    assert np.bincount(sequences[:, -1]).min() > 500
    with pytest.raises(ValueError, match="`number` is 50: only"):
        countings(2, 3, 50, 0)


def test_heads_must_divide_the_dimension():
    with pytest.raises(ValueError, match="`heads` is 4: a divisor of `dim`, 6"):
        TransformerConfig(vocabulary=5, length=3, classes=4, dim=6, heads=4)
