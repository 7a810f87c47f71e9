"""Every archive of the registry, played by a local server: it answers as it should, or fails in every way."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
from installations import needs_folder, opened_in
from sqlalchemy import update

from benchmarks.archive_server import Fault, Play, archives, routes_of
from benchmarks.archive_targets import add_target_for
from engine.brokers.asking.accounts import ACCOUNTS
from engine.brokers.asking.client import HttpClient, Limits
from engine.brokers.protocol import Asks
from engine.brokers.registry import BROKERS, broker
from jobs.harvester import Harvester
from jobs.reparse import reparse_all
from lake.archives import harvests_of_target, request_all
from lake.opening import Lake
from lake.operations import jobs, writing
from lake.queue import Job, JobState, list_jobs
from lake.rights import SYSTEM
from lake.targets import get_target

pytestmark = needs_folder  # where the lake lies changes nothing here, and servers double the time
TICKETS = 3  # how often a job may come back for what an archive was asked to make
SECRETS = dict.fromkeys(ACCOUNTS, "7")
PATIENT_S = 120.0  # nobody keeps silent: on a busy machine an answer may take long
LIMITS = Limits(
    connect_s=PATIENT_S,
    attempts=2,
    backoff_s=0.0,
    host_interval_s=0.0,
    host_at_once=64,
    timeout_max_s=PATIENT_S,
    size_max_bytes=4_000_000,
)
UNENDING = {Fault.SILENT, Fault.SLOW}  # only the client's patience ends them
ASKED = [archive for archive in BROKERS if archive.info.asks != Asks.FILE]
# in words why not: what a person may read instead of an outage
CODES = {
    "answer-is-a-page", "archive-down", "cut-off", "moved", "rate-limited", "schema-drift", "timed-out",
    "too-large", "unreachable", "refused", "wrong-object", "not-ready",
    "not-accepted",  # a queue whose answer to a question is a page itself; the job is sent again
}  # fmt: skip
# these may say nothing where they have nothing: an archive that is ill in just this way cannot be told
SILENT = {
    "aavso": "vsx.aavso.org/index.php view=api.delim",
    "ogle_ocvs": "~ogle/OCVS/nearby.php",
}


@pytest.fixture
def lake(tmp_path: Path) -> Iterator[Lake]:
    opened = opened_in(tmp_path / "data")
    yield opened
    opened.close()


def harvest_all(lake: Lake, plays: list[Play], *, patience_s: float = PATIENT_S) -> dict[str, Job]:
    """Return how the job of each archive ended, once those that needed a ticket had come back with it."""
    for play in plays:
        with writing(lake.operations) as connection:
            target = add_target_for(connection, play.key, name=f"The one for {play.key}")
        request_all(lake.operations, [broker(play.key).info], target)
    limits = replace(LIMITS, timeout_max_s=patience_s)
    with archives(plays) as (adapter, served), HttpClient(limits, secrets=SECRETS, adapter=adapter) as http:
        for _ in range(TICKETS):
            Harvester(lake, http, name="harvester-of-a-test").run(once=True)
            with writing(lake.operations) as connection:
                connection.execute(
                    update(jobs)
                    .where(jobs.c.ticket != "", jobs.c.state == "waiting")
                    .values(not_before_mjd=0.0)
                )
    assert not served.unknown, f"no archive knows the question {served.unknown[0]}"
    return {job.args["source"]: job for job in list_jobs(lake.operations, limit=1000)}


def may_say_nothing(play: Play, words: str) -> bool:
    return play.fault == Fault.NOTHING and SILENT.get(play.key) == words


def points_of(lake: Lake, key: str) -> pl.DataFrame:
    (target,) = (get_target(lake.operations, name, SYSTEM) for name in (f"The one for {key}",))
    return lake.store.light_curve(target.target_id or 0).drop("batch_id")


def test_every_archive_answers_once_twice_and_from_its_kept_answer_the_same(lake: Lake) -> None:
    plays = [Play(key=archive.info.key, routes=routes_of(archive.info.key)) for archive in ASKED]
    ended = harvest_all(lake, plays)
    assert {key: (job.state, job.reason) for key, job in ended.items() if job.state != JobState.DONE} == {}
    first = {play.key: points_of(lake, play.key) for play in plays}
    assert [key for key, points in first.items() if points.is_empty()] == []
    for play in plays:
        (kept,) = {each.rows for each in harvests_of_target(lake.operations, first[play.key]["target_id"][0])}
        assert kept == len(first[play.key])
    read_again = reparse_all(lake, dry_run=True, told=lambda _step, _part: None)
    assert [each for each in read_again if each.changed or each.added or each.removed or each.reason] == []
    assert sum(each.unchanged for each in read_again) == sum(map(len, first.values()))


@pytest.mark.parametrize("fault", list(Fault), ids=lambda fault: fault.name.lower())
def test_whatever_an_archive_sends_the_job_ends_in_words_and_no_part_of_a_light_curve_is_stored(
    lake: Lake, fault: Fault
) -> None:
    plays = [Play(key=archive.info.key, routes=routes_of(archive.info.key), fault=fault) for archive in ASKED]
    plays = [play for play in plays if not may_say_nothing(play, play.routes[0][0])]
    ended = harvest_all(lake, plays, patience_s=1.0 if fault in UNENDING else PATIENT_S)
    assert set(ended) == {play.key for play in plays}
    told = {key: (job.state, job.code) for key, job in ended.items()}
    assert {key: each for key, each in told.items() if each[1] not in CODES} == {}
    assert {state for state, _ in told.values()} <= {JobState.WAITING, JobState.REJECTED}
    assert all(job.reason for job in ended.values())
    assert [play.key for play in plays if len(points_of(lake, play.key))] == []


@pytest.mark.parametrize(
    "fault", [Fault.PAGE, Fault.SHORT, Fault.NOTHING], ids=lambda fault: fault.name.lower()
)
@pytest.mark.parametrize("number", [1, 2, 3, 4])
def test_a_later_answer_that_is_ill_leaves_no_part_of_a_light_curve(
    lake: Lake, fault: Fault, number: int
) -> None:
    routes = {archive.info.key: routes_of(archive.info.key) for archive in ASKED}
    plays = [
        Play(key=key, routes=asked, fault=fault, failing=asked[number][0])
        for key, asked in routes.items()
        if len(asked) > number
    ]
    plays = [play for play in plays if not may_say_nothing(play, play.failing)]
    ended = harvest_all(lake, plays)
    told = {key: (job.state, job.code) for key, job in ended.items()}
    assert {key: each for key, each in told.items() if each[1] not in CODES} == {}
    assert [play.key for play in plays if len(points_of(lake, play.key))] == []


def test_faults_of_some_archives_leave_the_others_alone(lake: Lake) -> None:
    faults = [fault for fault in Fault if fault != Fault.NOTHING]  # which may be an answer
    plays = [
        Play(
            key=archive.info.key,
            routes=routes_of(archive.info.key),
            fault=faults[number // 2 % len(faults)] if number % 2 else None,
        )
        for number, archive in enumerate(ASKED)
    ]
    ended = harvest_all(lake, plays, patience_s=15.0)
    well = {play.key for play in plays if play.fault is None}
    assert {key for key, job in ended.items() if job.state == JobState.DONE} == well
