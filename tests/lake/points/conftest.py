"""A fast path into the lake that the tests of one module share."""

from collections.abc import Iterator

import pytest

from lake.opening import Lake
from lake.points.reader import PointReader


@pytest.fixture(scope="module")
def reader(lake: Lake) -> Iterator[PointReader]:
    """Return a fast path into the shared lake."""
    opened = PointReader(lake.store.backend)
    yield opened
    opened.close()
