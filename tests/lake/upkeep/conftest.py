"""An installation for every test: upkeep changes the whole lake."""

from collections.abc import Iterator

import pytest

from lake.opening import Lake, open_lake
from lake.settings import Settings


@pytest.fixture
def lake(settings: Settings) -> Iterator[Lake]:
    """Return an open installation of its own."""
    opened = open_lake(settings)
    yield opened
    opened.close()
