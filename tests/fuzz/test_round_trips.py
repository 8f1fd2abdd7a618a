"""Networks of random shape agree with the framework that they come from.

Here one of each importer that compiles nothing; `make fuzz` tries 50 of all.
"""

import pytest

from tests.fuzz.round_trips import ALLOWED, largest_error

QUICK = ("npz", "pt", "pth", "safetensors", "from_torch", "onnx", "from_sklearn")
QUICK += ("nnet", "mat")


@pytest.mark.parametrize("name", QUICK)
def test_networks_that_come_back_are_what_went_out(name):
    assert largest_error(name, 1) <= ALLOWED
