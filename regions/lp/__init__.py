"""Linear programs: in float64 one by one and in batches, and over the rationals."""
