"""The polytope of a point: facets, neighbors, shape, and what it is written as."""
