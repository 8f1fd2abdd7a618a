"""Topology: Betti numbers, components and holes of sets that a network defines.

The sets are unions of faces of the complex of activation regions, cut along the
decision boundary. `corners` tells their corners apart exactly, `faces` builds the
complex, `vertex_signs` proves the sign of the decision functions at every vertex,
`sets` says which faces belong to a set, `homology` counts, and `topology` puts it
together.
`persistence` does so for all thresholds at once.
"""
