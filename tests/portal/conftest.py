"""Two lakes for the pages: an empty one, and one with targets, points, frames, uploads and jobs."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import streamlit as st
from page_lakes import PASSWORD, fill
from page_runs import run_pages_as_served
from quick_passwords import quick_passwords

from lake.opening import Lake, open_lake
from lake.people.accounts import create_user, open_session
from lake.settings import read_settings
from portal import opened
from portal.security.cookie import SESSION_COOKIE


@pytest.fixture(scope="session", autouse=True)
def pages_run_as_served() -> Iterator[None]:
    """Run pages with the options of the product; each is compiled once."""
    with pytest.MonkeyPatch.context() as patches:
        run_pages_as_served(patches)
        yield


@pytest.fixture(scope="module", autouse=True)
def passwords_are_quick() -> Iterator[None]:
    """Keep passwords at no cost, but only here: other folders test what keeping one costs."""
    with quick_passwords():
        yield


@pytest.fixture(scope="session")
def built_empty_lake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lake]:
    lake = open_lake(read_settings({"TOMLAKE_DATA": str(tmp_path_factory.mktemp("empty"))}))
    yield lake
    lake.close()


@pytest.fixture(scope="session")
def filled_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("filled")
    lake = open_lake(read_settings({"TOMLAKE_DATA": str(folder)}))
    with quick_passwords():
        fill(lake)
    lake.close()
    return folder


@pytest.fixture(scope="module")
def built_full_lake(filled_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lake]:
    """Give the tests of a file a lake of their own: what they write, others would count."""
    folder = tmp_path_factory.mktemp("full") / "data"
    shutil.copytree(filled_folder, folder)
    lake = open_lake(read_settings({"TOMLAKE_DATA": str(folder)}))
    yield lake
    lake.close()


@pytest.fixture
def empty_lake(built_empty_lake: Lake) -> Lake:
    opened.use_lake(built_empty_lake)
    return built_empty_lake


@pytest.fixture
def full_lake(built_full_lake: Lake) -> Lake:
    opened.use_lake(built_full_lake)
    return built_full_lake


@pytest.fixture(scope="module")
def staff_session(built_full_lake: Lake) -> str:
    """Return the session of a member of staff."""
    user = create_user(built_full_lake.operations, "ana", PASSWORD, full_name="Ana *Kowalska*", is_staff=True)
    return open_session(built_full_lake.operations, user)


@pytest.fixture(scope="module")
def observer_session(built_full_lake: Lake) -> str:
    """Return the session of an observer who has sent nothing yet."""
    user = create_user(built_full_lake.operations, "ben", PASSWORD, full_name="Ben")
    return open_session(built_full_lake.operations, user)


@pytest.fixture
def signed_in(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Let the browser send a session cookie."""

    def send(session_id: str) -> None:
        cookies = property(lambda _: {SESSION_COOKIE: session_id})
        monkeypatch.setattr(type(st.context), "cookies", cookies)

    return send
