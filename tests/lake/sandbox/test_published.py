"""The sandbox over the public lake itself: newest and named versions, in a folder or fetched from S3."""

import os
import time
from collections.abc import Iterator

import pytest
from installations import on_servers
from sandbox_ground import rows_of

from engine.errors import Rejected
from engine.target import Target, Visibility
from lake.opening import Lake
from lake.public.publish import Terms, publish
from lake.public.versions import withdraw
from lake.sandbox.published import PublishedLake
from lake.sandbox.run import Sandbox
from lake.targets import create_target

NAMES = "SELECT name FROM targets ORDER BY name"


def publish_as(lake: Lake, name: str) -> None:
    publish(lake, Terms(), name=name, progress=lambda _words, _fraction: None)


@pytest.fixture(scope="module")
def shelf(lake: Lake) -> Iterator[PublishedLake]:
    """Return the public lake with two versions, the second of which has a target more."""
    for number, (name, visibility) in enumerate(
        (("First", Visibility.PUBLIC), ("Hidden", Visibility.PRIVATE), ("Second", Visibility.PUBLIC))
    ):
        create_target(
            lake.operations,
            Target(name=name, ra_deg=10.0 * number, dec_deg=0.0, visibility=visibility),
            by="me",
        )
        if name != "Hidden":
            publish_as(lake, f"v-{name}")
    yield PublishedLake(lake.settings)


def names_in(sandbox: Sandbox, shelf: PublishedLake, version: str) -> tuple[list[object], str]:
    with sandbox.select(shelf.publication(version), NAMES) as selection:
        return [row["name"] for row in rows_of(selection)], str(selection.snapshot)


def test_each_version_is_asked_by_its_name(sandbox: Sandbox, shelf: PublishedLake) -> None:
    first, told = names_in(sandbox, shelf, "v-First")
    assert first == ["First"]
    assert told.startswith("v-First (lake version ")
    assert names_in(sandbox, shelf, "v-Second")[0] == ["First", "Second"]
    assert names_in(sandbox, shelf, "latest")[1].startswith("v-Second ")


def test_every_table_of_the_manifest_is_there_also_without_rows(
    sandbox: Sandbox, shelf: PublishedLake
) -> None:
    told = shelf.manifest()
    for table in told.tables:
        with sandbox.select(shelf.publication(), f"SELECT * FROM {table.name}") as selection:
            assert len(rows_of(selection)) == table.rows
        assert {column.name for column in table.columns} <= set(selection.schema.names)


@pytest.mark.usefixtures("shelf")
def test_a_version_that_is_not_served_is_refused(lake: Lake) -> None:
    publish_as(lake, "mistake")
    withdraw(lake, "mistake", reason="it was one")
    for name, code in (("mistake", "withdrawn-version"), ("never", "unknown-version")):
        with pytest.raises(Rejected) as caught:
            PublishedLake(lake.settings).publication(name)  # on S3 the list of versions may be 2 s old
        assert caught.value.code == code


@pytest.mark.skipif(not on_servers(), reason="about files that are fetched: run with the public lake on S3")
def test_what_was_fetched_from_s3_is_fetched_once_and_forgotten_after_a_day(
    lake: Lake, shelf: PublishedLake
) -> None:
    files = [file for paths in shelf.publication("v-First").tables.values() for file in paths]
    made = {file: file.stat().st_ino for file in files}
    shelf.publication("v-First")
    assert {file: file.stat().st_ino for file in files} == made
    long_ago = time.time() - 2 * 86400
    for file in files:
        os.utime(file, (long_ago, long_ago))
    create_target(lake.operations, Target(name="Third", ra_deg=70.0, dec_deg=1.0), by="me")
    publish_as(lake, "v-Third")
    kept = {file for paths in shelf.publication("v-Third").tables.values() for file in paths}
    assert not [file for file in files if file.exists() and file not in kept]
