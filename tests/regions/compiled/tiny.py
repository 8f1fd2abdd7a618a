"""A package with one compiled function stands for the kernels of an engine."""

from regions.compiled.jit import compiled


def double(x):
    return 2.0 * x


def exercise():
    compiled(double)(1.0)
