"""Signs of units at points, proved: float64 with bounds, sharper bounds, rationals."""
