"""Networks of random shape agree with the framework that they come from."""

import pytest

from tests.fuzz.round_trips import ALLOWED, IMPORTERS, largest_error

# Keras reads its own variables in a way that NumPy 2 warns about.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ impl:DeprecationWarning")


@pytest.mark.parametrize("name", IMPORTERS)
def test_networks_that_come_back_are_what_went_out(name):
    assert largest_error(name, 1) <= ALLOWED
