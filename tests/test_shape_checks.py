"""The checks of types and shapes that `conftest.py` turns on."""

import numpy as np
import pytest
from jaxtyping import TypeCheckError

from regions.patterns.packing import pack_bits
from regions.polytopes.facet_sharing import Side
from regions.questions.relaxation import as_float


def test_types_are_checked_where_there_are_no_shapes():
    with pytest.raises(TypeError, match="as_float"):
        as_float("one")  # pyright: ignore[reportArgumentType]


def test_shapes_are_checked_of_arguments_and_of_fields():
    with pytest.raises(TypeCheckError, match="pack_bits"):
        pack_bits(np.zeros((2, 3, 4), bool))
    with pytest.raises(TypeCheckError, match="Side"):
        Side(walls={}, domain=(), flat=np.zeros((1, 1), bool), inside=())
