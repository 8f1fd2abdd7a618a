"""Compiled loops of restriction; `regions.compiled` says when they run."""

from regions.compiled.switch import Kernels

KERNELS = Kernels(__name__, "regions.enumeration.restriction.exercise:exercise")
