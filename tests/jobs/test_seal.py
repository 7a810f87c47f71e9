"""Sealing is a job: of everything once a day, and of what is new soon after it was written."""

from collections.abc import Iterator
from dataclasses import replace

import polars as pl
import pytest
from installations import opened_in

from engine.errors import NotReady
from jobs.seal import enqueue_due_sealing, seal_lake
from jobs.tasks import TASKS
from lake.opening import Lake
from lake.operations import jobs, writing
from lake.provenance import new_batch
from lake.queue import Job, claim, finish
from lake.trace.seals import is_behind
from lake.trace.verify import Verdict, Verification


@pytest.fixture
def lake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lake]:
    opened = opened_in(tmp_path_factory.mktemp("seal") / "data")
    yield opened
    opened.close()


def quietly(step: str, fraction: float) -> None:
    assert step
    assert 0.0 <= fraction <= 1.0


def write(lake: Lake, target_id: int) -> None:
    points = pl.DataFrame({"source_ref": ["1"], "mjd": [60000.0], "mag": [17.0]}).with_columns(
        target_id=target_id, source=pl.lit("ztf"), band=pl.lit("ZTF(zg)")
    )
    raw_sha256 = lake.raw.put(f"answer {target_id}".encode())
    lake.store.append_points(points, batch=new_batch("harvest", "ztf", raw_sha256=raw_sha256))


def due(lake: Lake) -> Job | None:
    """Return the job that the clock asks for now, None where none is due."""
    if not enqueue_due_sealing(lake.settings, lake.operations):
        return None
    return claim(lake.operations, "w")


def do(lake: Lake, job: Job) -> str:
    said = TASKS["seal"](lake, job, quietly)
    finish(lake.operations, job, said)
    return said


def verdict(lake: Lake) -> Verdict:
    return Verification(
        backend=lake.store.backend, operations=lake.operations, raw=lake.raw, told=quietly
    ).run()


def test_everything_is_sealed_first_then_what_is_new_and_nothing_where_nothing_is(lake: Lake) -> None:
    write(lake, 1)
    lake.raw.put(b"an answer that no batch names")
    first = due(lake)
    assert first is not None
    assert first.args == {"scope": "all"}
    assert "new lines" in do(lake, first)
    assert not is_behind(lake.store.backend, lake.operations)
    assert due(lake) is None

    write(lake, 2)
    assert is_behind(lake.store.backend, lake.operations)
    second = due(lake)
    assert second is not None
    assert second.args == {"scope": "new"}
    do(lake, second)
    found = verdict(lake)
    assert (found.damages, found.lake_files.unsealed, found.unsealed_versions) == ((), 0, 0)
    assert (found.raw_files.files, found.raw_files.unsealed) == (3, 0)


def test_a_day_later_everything_is_looked_for_again(lake: Lake) -> None:
    job = due(lake)
    assert job is not None
    do(lake, job)
    with writing(lake.operations) as connection:
        connection.execute(jobs.update().values(created_mjd=jobs.c.created_mjd - 1.1))
    again = due(lake)
    assert again is not None
    assert again.args == {"scope": "all"}


def test_sealing_that_has_no_time_left_goes_on_later(lake: Lake) -> None:
    write(lake, 1)
    job = due(lake)
    assert job is not None
    hurried = replace(lake, settings=replace(lake.settings, job_wall_clock_s=0))
    with pytest.raises(NotReady) as wait:
        seal_lake(hurried, job, quietly)
    assert wait.value.code == "sealing-continues"
    assert "new lines" in seal_lake(lake, job, quietly)
    assert verdict(lake).lake_files.unsealed == 0
