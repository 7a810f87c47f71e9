"""An installation in a temporary folder, served, with three people, two cameras and two targets."""

from collections.abc import Iterator

import httpx
import pytest
from api_server import Served
from served_installation import serving


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Serve an installation of its own to each file of tests."""
    with serving(tmp_path_factory.mktemp("api") / "data") as opened:
        yield opened


@pytest.fixture
def owner(served: Served) -> Iterator[httpx.Client]:
    """Return a client with the owner's token."""
    with served.client(served.owner_token) as client:
        yield client


@pytest.fixture
def other(served: Served) -> Iterator[httpx.Client]:
    """Return a client with the token of somebody else."""
    with served.client(served.other_token) as client:
        yield client


@pytest.fixture
def anybody(served: Served) -> Iterator[httpx.Client]:
    """Return a client without an account."""
    with served.client() as client:
        yield client
