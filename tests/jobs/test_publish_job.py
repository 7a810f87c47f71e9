"""The task `publish`: once a day, only where something changed, on the terms of the version before."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from installations import opened_in
from public_lakes import add_points, add_target, published, quiet
from sqlalchemy import update

from engine.errors import NotReady
from engine.times import mjd_now
from jobs.publish import EVERY_D, KIND, enqueue_due_publication, publish_lake
from jobs.tasks import TASKS
from lake.opening import Lake
from lake.operations import jobs, writing
from lake.public.origin import Origin, origin_of, write_origin
from lake.public.place import Place
from lake.public.versions import newest, versions
from lake.queue import Job, Kinds, claim, list_jobs


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lake]:
    opened = opened_in(tmp_path_factory.mktemp("job") / "data")
    yield opened
    opened.close()


def job(lake: Lake) -> Job:
    """Return the job that the clock puts into the queue."""
    assert enqueue_due_publication(lake.settings, lake.operations)
    found = claim(lake.operations, "test", kinds=Kinds(only=[KIND]))
    assert found is not None
    with writing(lake.operations) as connection:  # the next test's day
        connection.execute(update(jobs).values(created_mjd=mjd_now() - EVERY_D, state="done"))
    return found


def test_the_kind_is_known_to_the_workers() -> None:
    assert TASKS[KIND] is publish_lake


def test_an_empty_lake_gets_no_version(lake: Lake) -> None:
    assert "Nothing" in publish_lake(lake, job(lake), quiet)
    assert newest(Place(lake.settings)) is None


def test_what_changed_is_published_once(lake: Lake) -> None:
    add_points(lake, add_target(lake, "Star"), 10)
    this = job(lake)
    assert "10 points of 1 targets" in publish_lake(lake, this, quiet)
    assert "Nothing" in publish_lake(lake, this, quiet)
    assert len(versions(Place(lake.settings))) == 1


def test_the_night_keeps_the_terms_of_the_last_version(lake: Lake) -> None:
    add_points(lake, add_target(lake, "Made up", simulated=True), 10)
    published(lake, with_simulated=True)
    add_points(lake, add_target(lake, "Another"), 10)
    publish_lake(lake, job(lake), quiet)
    last = newest(Place(lake.settings))
    assert last is not None
    assert (last.simulated, last.targets) == (True, 3)


def test_it_is_asked_for_once_a_day(lake: Lake) -> None:
    assert enqueue_due_publication(lake.settings, lake.operations)
    assert not enqueue_due_publication(lake.settings, lake.operations)
    assert len(list_jobs(lake.operations, kind=KIND, limit=10)) >= 1


def test_work_that_takes_longer_than_a_job_may_goes_on_in_the_next(lake: Lake) -> None:
    add_points(lake, add_target(lake, "Late"), 10)
    hurried = replace(lake, settings=replace(lake.settings, job_wall_clock_s=0))
    this = list_jobs(lake.operations, kind=KIND, limit=1)[0]
    with pytest.raises(NotReady):
        publish_lake(hurried, this, quiet)
    assert "Late" not in str(versions(Place(lake.settings)))
    assert "Published" in publish_lake(lake, this, quiet)


def test_a_copy_of_a_public_lake_does_not_publish_by_itself(lake: Lake) -> None:
    add_points(lake, add_target(lake, "Copied"), 10)
    note = Origin(
        url="https://example.org/lake",
        version="2026-01-01",
        made_utc="2026-01-01T00:00:00Z",
        lake_version=1,
        licence="CC-BY-4.0",
        citation="",
    )
    write_origin(lake.settings, note)
    assert origin_of(lake.settings) == note
    assert not enqueue_due_publication(lake.settings, lake.operations)
    this = list_jobs(lake.operations, kind=KIND, limit=1)[0]
    assert "Nothing" in publish_lake(lake, this, quiet)
