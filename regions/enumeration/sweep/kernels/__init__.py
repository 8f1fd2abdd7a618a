"""Compiled forms of the sweep's inner loops; `regions.compiled` says when they run."""

from regions.compiled.switch import Kernels

KERNELS = Kernels(__name__, "regions.enumeration.sweep.exercise:exercise")
load = KERNELS.load
plain_work = KERNELS.plain_work
switched_off = KERNELS.switched_off
