"""Random directions against brute force and sampled probabilities."""

import numpy as np
import pytest

from experiments.measures import random_directions as measured


def test_extremes_are_those_of_the_whole_gram_matrix():
    rng = np.random.default_rng(0)
    # More vectors than a block holds.
    vectors = measured.unit_vectors(measured.BLOCK + 300, 6, rng)
    cosines = np.abs(vectors @ vectors.T)[np.tril_indices(len(vectors), -1)]
    largest, rms = measured.cosine_extremes(vectors)
    assert largest == pytest.approx(cosines.max(), abs=1e-6)
    assert rms == pytest.approx(np.sqrt((cosines.astype(float) ** 2).mean()), rel=1e-5)


def test_orthogonal_vectors_have_no_cosine():
    assert measured.cosine_extremes(np.eye(5)) == (0.0, 0.0)


def test_count_within_is_where_the_first_pair_is_too_close():
    for seed in range(6):
        found = measured.count_within(0.3, 60, np.random.default_rng(seed))
        # The same vectors, drawn in one piece: blocks continue the stream.
        rng = np.random.default_rng(seed)
        vectors = rng.standard_normal((found + 600, 60), np.float32)
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        cosines = np.tril(np.abs(vectors @ vectors.T), -1)
        assert cosines[:found, :found].max() <= 0.3
        assert cosines[found].max() > 0.3


def test_count_within_says_when_it_gives_up():
    with pytest.raises(RuntimeError, match="64 random vectors in 2000 dimensions"):
        measured.count_within(0.5, 2000, np.random.default_rng(0), most=64)


def test_exceedance_is_the_share_of_random_pairs():
    rng = np.random.default_rng(1)
    first, second = (measured.unit_vectors(40_000, 9, rng) for _ in range(2))
    share = (np.abs((first * second).sum(axis=1)) > 0.4).mean()
    assert measured.exceedance(0.4, 9) == pytest.approx(share, rel=0.05)
    # On the circle the angle is uniform: |cos| > 1/2 on two thirds of it.
    assert measured.exceedance(0.5, 2) == pytest.approx(2.0 / 3.0)


def test_median_count_halves_the_searches():
    rng = np.random.default_rng(2)
    counts = [measured.count_within(0.35, 60, rng) for _ in range(300)]
    assert np.mean(np.array(counts) < measured.median_count(0.35, 60)) == (
        pytest.approx(0.5, abs=0.1)
    )


def test_median_largest_cosine_halves_the_samples():
    rng = np.random.default_rng(3)
    found = [
        measured.cosine_extremes(measured.unit_vectors(60, 20, rng))[0]
        for _ in range(400)
    ]
    law = measured.median_largest_cosine(60, 20)
    assert np.mean(np.array(found) < law) == pytest.approx(0.5, abs=0.08)
    # It is the bound that the law of the count gives back.
    assert measured.median_count(law, 20) == pytest.approx(60, abs=1.0)


def test_welch_bound_is_reached_by_a_simplex_and_by_orthogonal_vectors():
    # The dim + 1 vertices of a regular simplex have cosine -1 / dim.
    assert measured.welch_bound(5, 4) == pytest.approx(1.0 / 4.0)
    assert measured.welch_bound(4, 4) == 0.0


def test_leading_order_of_the_largest_cosine():
    assert measured.largest_cosine_law(256, 256) == pytest.approx(0.294, abs=1e-3)
    assert measured.largest_cosine_law(4096, 1024) == pytest.approx(0.180, abs=1e-3)
