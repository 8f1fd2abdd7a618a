"""Which form of the sweep's inner loops runs: compiled, or plain for little work."""

from regions.compiled.switch import Kernels

KERNELS = Kernels(
    "regions.enumeration.sweep.kernels",
    "regions.enumeration.sweep.exercise:exercise",
)
load = KERNELS.load
load_all = KERNELS.load_all
plain_work = KERNELS.plain_work
switched_off = KERNELS.switched_off
