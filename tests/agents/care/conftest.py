"""The town of these tests."""

import pytest

from scenarios.areas import build


@pytest.fixture(scope="module")
def area():
    return build("town", citizens=4000, seed=2)
