"""The lake of the permission matrix, built once, and the same published."""

from collections.abc import Iterator

import pytest
from public_lakes import published as publish
from quick_passwords import quick_passwords
from shared_lake import Shared, build_shared

from portal import opened
from portal.public_lake.desk import desk_of


@pytest.fixture(scope="session")
def built_shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shared]:
    with quick_passwords():
        shared = build_shared(tmp_path_factory.mktemp("shared"))
    publish(shared.lake)
    yield shared
    desk_of(shared.lake.settings).sandbox.close()
    shared.lake.close()


@pytest.fixture
def shared(built_shared: Shared) -> Shared:
    opened.use_lake(built_shared.lake)
    return built_shared
