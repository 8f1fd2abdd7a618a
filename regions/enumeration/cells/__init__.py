"""Cells: regions by splitting convex cells, depth first, every sign proved.

A cell is a full-dimensional polytope on which all units seen so far keep their sign,
with its corners. Units with one sign at all corners leave the list of those that may
still cross it; one that crosses splits it in two. A corner on a unit's line belongs to
both parts, so no general position is needed. Where the sign of every tested unit at
every corner is right, the split is right, and so is the count.
"""
