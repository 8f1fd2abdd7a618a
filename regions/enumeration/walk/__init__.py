"""From region to region through facets."""
