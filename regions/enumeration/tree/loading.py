"""Which form of the tree's programs and proofs runs: compiled, or plain."""

from regions.compiled.switch import Kernels

LONG = 1e6
"""Seconds of plain work ahead: nobody knows how long a tree takes."""
KERNELS = Kernels(
    "regions.enumeration.tree.kernels",
    "regions.enumeration.tree.exercise:exercise",
    speedup=4.0,
)
