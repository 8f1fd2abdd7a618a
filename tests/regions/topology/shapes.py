"""Shapes of known topology as networks: maxima and minima of affine functions."""

import dataclasses

import numpy as np

from regions.network import ReluNetwork


@dataclasses.dataclass(frozen=True, eq=False)
class Form:
    """A piecewise-affine function: inputs, ReLU units of others, and an offset."""

    inputs: tuple[float, ...]
    offset: float = 0.0
    units: tuple[tuple["Unit", float], ...] = ()

    def __add__(self, other: "Form | float") -> "Form":
        if not isinstance(other, Form):
            return dataclasses.replace(self, offset=self.offset + other)
        inputs = tuple(a + b for a, b in zip(self.inputs, other.inputs, strict=True))
        units = (*self.units, *other.units)
        return Form(inputs, self.offset + other.offset, units)

    def __mul__(self, factor: float) -> "Form":
        units = tuple((unit, factor * weight) for unit, weight in self.units)
        inputs = tuple(factor * v for v in self.inputs)
        return Form(inputs, factor * self.offset, units)

    def __sub__(self, other: "Form | float") -> "Form":
        return self + other * -1.0

    def __neg__(self) -> "Form":
        return self * -1.0


@dataclasses.dataclass(frozen=True, eq=False)
class Unit:
    """A ReLU of a form."""

    pre: Form


def axes(dim: int) -> list[Form]:
    """The coordinates."""
    return [Form(tuple(float(i == k) for i in range(dim))) for k in range(dim)]


def relu(form: Form) -> Form:
    """max(form, 0)."""
    return Form(tuple(0.0 for _ in form.inputs), 0.0, ((Unit(form), 1.0),))


def largest(*forms: Form) -> Form:
    """The maximum of some forms."""
    result, *rest = forms
    for form in rest:
        result = result + relu(form - result)
    return result


def smallest(*forms: Form) -> Form:
    """The minimum of some forms."""
    return -largest(*(-form for form in forms))


def size(form: Form) -> Form:
    """The absolute value."""
    return relu(form) + relu(-form)


def cube(*at: Form) -> Form:
    """The largest absolute value: the norm whose balls are cubes."""
    return largest(*map(size, at))


def network(form: Form) -> ReluNetwork:
    """The network that computes a form: each unit reads all that it needs."""
    depth: dict[Unit, int] = {}

    def visit(some: Form) -> int:
        level = 0
        for unit, _ in some.units:
            if unit not in depth:
                depth[unit] = visit(unit.pre)
            level = max(level, depth[unit] + 1)
        return level

    layers: list[list[Unit]] = [[] for _ in range(visit(form))]
    for unit, level in depth.items():
        layers[level].append(unit)
    dim = len(form.inputs)
    place = {unit: k for layer in layers for k, unit in enumerate(layer)}

    def rows(forms: list[Form]) -> tuple[list[np.ndarray], np.ndarray]:
        blocks = [np.zeros((len(forms), n)) for n in (dim, *map(len, layers))]
        for row, some in enumerate(forms):
            blocks[0][row] = some.inputs
            for unit, weight in some.units:
                blocks[depth[unit] + 1][row, place[unit]] += weight
        return blocks, np.array([some.offset for some in forms])

    weights, biases, skips = [], [], {}
    groups = [*([unit.pre for unit in layer] for layer in layers), [form]]
    for index, group in enumerate(groups):
        blocks, bias = rows(group)
        weights.append(blocks[index])
        biases.append(bias)
        skips[index] = {k: blocks[k] for k in range(index) if blocks[k].any()}
    return ReluNetwork.from_arrays(weights, biases, skips=skips)
