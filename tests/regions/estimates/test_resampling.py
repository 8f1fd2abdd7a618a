import numpy as np
from hypothesis import given, strategies as st

from regions.estimates.resampling import inclusion_chances, kept_systematically

SIZES = st.lists(st.floats(1e-6, 1e6), min_size=3, max_size=30)


@given(SIZES, st.integers(1, 29))
def test_chances_are_proportional_and_sum_to_what_is_kept(sizes, most):
    sizes = np.array(sizes)
    most = min(most, len(sizes) - 1)
    chances = inclusion_chances(sizes, most)
    assert (chances > 0.0).all()
    assert (chances <= 1.0).all()
    assert abs(chances.sum() - most) < 1e-6 * most
    ratios = chances[chances < 1.0] / sizes[chances < 1.0]
    assert np.allclose(ratios, ratios.mean() if len(ratios) else 0.0)


def test_every_cell_is_kept_as_often_as_its_chance():
    chances = np.array([0.5, 1.0, 0.1, 0.4, 0.7, 0.3])
    rng = np.random.default_rng(0)
    counts = np.zeros(6)
    for _ in range(4_000):
        kept = kept_systematically(chances, rng)
        assert len(kept) == 3
        counts[kept] += 1
    assert np.allclose(counts / 4_000, chances, atol=0.04)
