"""Storages against explicit states and closed forms."""

import numpy as np
import pytest
import scipy.stats

from experiments.feature_storage import storage as measured


def _explicit(first, second, target, others, stored, level):
    """The reads of one context, from the state vectors themselves."""
    n = first.shape[1]
    linear, roots, curved = np.zeros(n), np.zeros(n), np.zeros(n)
    for i, value in [(target, level), *zip(others, stored, strict=True)]:
        linear += value * first[i]
        roots += np.sqrt(value) * first[i]
        angle = np.pi * value
        # From the origin around the middle of the diameter, half of it away.
        curved += 0.5 * second[i] + 0.5 * (
            np.sin(angle) * first[i] - np.cos(angle) * second[i]
        )
    u, w = curved @ first[target], curved @ second[target]
    grid = np.linspace(0.0, 1.0, 20001)
    away = np.hypot(
        u - 0.5 * np.sin(np.pi * grid), w - 0.5 * (1.0 - np.cos(np.pi * grid))
    )
    return {
        "linear": linear @ first[target],
        "quadratic": (roots @ first[target]) ** 2,
        "threshold": float(linear @ first[target] > 0.5),
        "curved": grid[away.argmin()],
    }


@pytest.mark.parametrize("graded", [True, False])
def test_reads_are_those_of_the_state_vectors(graded, monkeypatch):
    features, dim, active = 12, 5, 3
    rng = np.random.default_rng(0)
    vectors = [rng.standard_normal((features, dim)) for _ in range(2)]
    first = vectors[0] / np.linalg.norm(vectors[0], axis=1, keepdims=True)
    second = vectors[1] - (first * vectors[1]).sum(1, keepdims=True) * first
    second /= np.linalg.norm(second, axis=1, keepdims=True)
    gram = measured.Gram(
        *(
            (a @ b.T).astype(np.float32)
            for a, b in ((first, first), (first, second), (second, second))
        )
    )
    seen = {}
    inner = measured._fields

    def spy(gram, target, others, stored):
        seen.update(target=target, others=others, stored=stored)
        return inner(gram, target, others, stored)

    monkeypatch.setattr(measured, "_fields", spy)
    found = measured.read_in_contexts(gram, active, 20, rng, graded=graded)
    for c in range(20):
        others = seen["others"][c]
        assert len(set(others)) == active
        assert seen["target"][c] not in others
        for level, reads in (
            (found.values[c], found.on),
            (1.0, found.unit),
            (0.0, found.off),
        ):
            expected = _explicit(
                first, second, seen["target"][c], others, seen["stored"][c], level
            )
            for name, value in expected.items():
                assert reads[name][c] == pytest.approx(value, abs=1e-4)


def test_context_dependence_follows_the_closed_forms():
    rng = np.random.default_rng(1)
    features, dim, active = 1024, 256, 16
    gram = measured.random_planes(features, dim, rng)
    found = measured.read_in_contexts(gram, active, 4000, rng, graded=False)
    spread = np.sqrt(active / dim)
    assert measured.context_dependence(found, "linear") < 1e-12
    assert measured.context_dependence(found, "quadratic") == (
        pytest.approx(2.0 * spread, rel=0.05)
    )
    # The effect is 1 while the others' sum is within one half, else 0.
    kept = 1.0 - 2.0 * scipy.stats.norm.sf(0.5 / spread)
    assert measured.context_dependence(found, "threshold") == (
        pytest.approx(np.sqrt((1.0 - kept) / kept), rel=0.1)
    )
    assert measured.read_error(found, "linear") == pytest.approx(spread, rel=0.05)
    assert measured.read_error(found, "threshold") == (
        pytest.approx(np.sqrt((1.0 - kept) / 2.0), rel=0.1)
    )


def test_planes_are_orthonormal_pairs():
    gram = measured.random_planes(40, 10, np.random.default_rng(2))
    assert np.diag(gram.along) == pytest.approx(1.0, abs=1e-5)
    assert np.diag(gram.second) == pytest.approx(1.0, abs=1e-5)
    assert np.diag(gram.across) == pytest.approx(0.0, abs=1e-5)
