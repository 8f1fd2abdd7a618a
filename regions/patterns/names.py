"""What texts call units and facets: counted from 1, where arrays count from 0."""

from collections.abc import Sequence


def unit_name(unit: tuple[int, int]) -> str:
    """The name of a unit of `ReluNetwork.units`.

    Example:
        >>> unit_name((1, 4))
        'layer 2 unit 5'
    """
    layer, place = unit
    return f"layer {layer + 1} unit {place + 1}"


def facet_name(unit: tuple[int, int] | None, domain_facet: int | None) -> str:
    """The name of a facet: that of its unit, or `domain facet 3`."""
    if unit is not None:
        return unit_name(unit)
    assert domain_facet is not None
    return f"domain facet {domain_facet + 1}"


def place_of(widths: Sequence[int], number: int) -> tuple[int, int]:
    """`(layer, unit)` of a hidden unit by its number among all, all from 0."""
    for layer, width in enumerate(widths):
        if number < width:
            return layer, number
        number -= width
    raise IndexError(number)
