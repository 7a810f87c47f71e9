"""Where a test's installation lives: in a folder, or, in the second run of the gate, in PostgreSQL and S3."""

import atexit
import os
import shutil
import tempfile
import uuid
from functools import cache
from pathlib import Path

import fsspec
import pytest
from sqlalchemy import create_engine, text

from lake.opening import Lake, open_lake
from lake.operations import open_operations
from lake.settings import Settings, read_settings

POSTGRES, S3 = "TOMLAKE_TEST_POSTGRES", "TOMLAKE_TEST_S3"  # set by tests/on_servers.py
EMPTY = "template1"  # PostgreSQL's own
MIGRATED = "migrated"  # a database with every table of operations: making them takes a second each time
OPENED = "opened"  # one with an installation that was opened once and has nothing in it
BUCKET = "tests"
KEY_ID, SECRET = "tests", "tests-only"  # of S3


def settings_in(folder: Path, *, is_migrated: bool = True, **more: str) -> Settings:
    """Return the settings of an installation that does not exist yet, with these TOMLAKE_* variables.

    Parameters
    ----------
    is_migrated
        On servers its database has the tables of operations already; False for tests of how they come in.
    """
    places = {}
    if on_servers():
        places = servers_of(name := _new_name())
        make_database(os.environ[POSTGRES], name, template=MIGRATED if is_migrated else EMPTY)
    return read_settings({"TOMLAKE_DATA": str(folder), **places, **more})


def opened_in(folder: Path, **more: str) -> Lake:
    """Return an open installation that is new, for a third of the time that making it from nothing takes."""
    places = {}
    if on_servers():
        places = servers_of(name := _new_name())
        _copy_opened(name, places)
    else:
        assert not (folder / "operations.sqlite").exists(), "it is not new"
        shutil.copytree(_made_new(), folder, dirs_exist_ok=True)
    return open_lake(read_settings({"TOMLAKE_DATA": str(folder), **places, **more}))


@cache
def _made_new() -> Path:
    """Return a data folder as its first opening leaves it, made once for all tests of a process."""
    above = tempfile.TemporaryDirectory(prefix="tomlake-new-")
    atexit.register(above.cleanup)
    folder = Path(above.name) / "data"
    open_lake(read_settings({"TOMLAKE_DATA": str(folder)})).close()
    return folder


def on_servers() -> bool:
    """Return whether installations live in PostgreSQL and S3 in this run."""
    return POSTGRES in os.environ


needs_folder = pytest.mark.skipif(on_servers(), reason="about files: run with the lake in a folder")
same_anywhere = pytest.mark.skipif(
    on_servers(), reason="the same wherever the lake lives: run with it in a folder"
)


def servers_of(name: str) -> dict[str, str]:
    """Return the settings of an installation on servers: a database, and a folder of the bucket."""
    database = f"{os.environ[POSTGRES]}/{name}"
    return {
        "TOMLAKE_OPERATIONS_URL": database,
        "TOMLAKE_CATALOG_URL": database,
        "TOMLAKE_STORE_URL": f"s3://{BUCKET}/{name}/store",
        "TOMLAKE_RAW_URL": f"s3://{BUCKET}/{name}/raw",
        "TOMLAKE_PUBLISH_URL": f"s3://{BUCKET}/{name}/public",
        "TOMLAKE_S3_ENDPOINT": os.environ[S3],
        "TOMLAKE_S3_KEY_ID": KEY_ID,
        "TOMLAKE_S3_SECRET": SECRET,
    }


def make_database(server: str, name: str, *, template: str = EMPTY) -> None:
    """Make a database of a PostgreSQL server as a copy of another one."""
    engine = create_engine(f"{server}/postgres", isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name} TEMPLATE {template}"))
    engine.dispose()


def make_templates() -> None:
    """Make what every installation on servers begins as a copy of."""
    server = os.environ[POSTGRES]
    make_database(server, MIGRATED)
    open_operations(f"{server}/{MIGRATED}").dispose()
    make_database(server, OPENED, template=MIGRATED)
    with tempfile.TemporaryDirectory(prefix="tomlake-new-") as folder:
        open_lake(read_settings({"TOMLAKE_DATA": folder, **servers_of(OPENED)})).close()


def files_at(endpoint: str) -> fsspec.AbstractFileSystem:
    """Return the files of an S3 server of these tests."""
    return fsspec.filesystem("s3", key=KEY_ID, secret=SECRET, endpoint_url=endpoint)


def _copy_opened(name: str, places: dict[str, str]) -> None:
    make_database(os.environ[POSTGRES], name, template=OPENED)
    engine = create_engine(places["TOMLAKE_CATALOG_URL"])
    with engine.begin() as connection:
        moved = f"UPDATE ducklake_metadata SET value = replace(value, '/{OPENED}/', '/{name}/')"
        connection.execute(text(f"{moved} WHERE key = 'data_path'"))
    engine.dispose()
    files_at(os.environ[S3]).copy(f"{BUCKET}/{OPENED}/store", f"{BUCKET}/{name}/store", recursive=True)


def _new_name() -> str:
    return f"t{uuid.uuid4().hex}"
