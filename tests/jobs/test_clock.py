import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl
import pytest
from installations import settings_in
from sqlalchemy import Engine, delete, update

from engine.brokers.protocol import BrokerInfo, Http, Query
from engine.errors import Transient
from engine.lightcurve import empty
from engine.target import Target
from engine.times import mjd_now
from jobs.clock import LEADER_LOCK, Clock
from jobs.leadership import leadership_of
from lake.archives import (
    harvests_of_target,
    list_archive_health,
    record_answer,
    record_failure,
    request_harvest,
)
from lake.operations import harvests, jobs, open_operations, targets, writing
from lake.people.accounts import create_user, open_session, user_of_session
from lake.queue import JobState, claim, counts, enqueue, finish, get_job, list_jobs
from lake.raw import open_raw
from lake.settings import Settings
from lake.targets import create_target

FACTS = BrokerInfo(
    key="daily",
    title="Daily",
    radius_arcsec=1.0,
    refresh_d=1.0,
    bands=(),
    citation="",
    acknowledgement="",
    homepage="",
)


@dataclass(frozen=True)
class SilentArchive:
    """An archive that nobody asks here: the clock only needs its facts."""

    info: BrokerInfo

    def fetch(self, query: Query, http: Http) -> bytes:  # noqa: ARG002
        return b""

    def parse(self, body: bytes, query: Query) -> pl.DataFrame:  # noqa: ARG002
        return empty()


DAILY, CLOSED = SilentArchive(FACTS), SilentArchive(replace(FACTS, key="closed", refresh_d=None))


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return settings_in(tmp_path_factory.mktemp("clock") / "data")


@pytest.fixture(scope="module")
def engine(settings: Settings) -> Iterator[Engine]:
    operations = open_operations(settings.operations_url)
    yield operations
    operations.dispose()


@pytest.fixture
def operations(engine: Engine) -> Engine:
    with writing(engine) as connection:
        for table in (harvests, jobs, targets):
            connection.execute(delete(table))
    return engine


@pytest.fixture
def clock(settings: Settings, operations: Engine) -> Iterator[Clock]:
    made = Clock(settings, operations, brokers=(DAILY, CLOSED))
    yield made
    made.stop()


def _target(operations: Engine, name: str, ra_deg: float, **values: object) -> int:
    target = replace(Target(name=name, ra_deg=ra_deg, dec_deg=0.0), **values)  # type: ignore[arg-type]
    return create_target(operations, target, by="ada").target_id or 0


def _age_harvests(operations: Engine, days: float) -> None:
    with writing(operations) as connection:
        older = {
            "asked_mjd": harvests.c.asked_mjd - days,
            "answered_mjd": harvests.c.answered_mjd - days,
        }
        connection.execute(update(harvests).values(older))


def _work_off(operations: Engine, *, answer: bool = True) -> list[str]:
    asked = []
    while (job := claim(operations, "w")) is not None:
        asked.append(job.args["source"])
        target_id = int(job.args["target_id"])
        if answer:
            record_answer(operations, job.args["source"], target_id, rows=3, latency_s=0.5)
        else:
            record_failure(operations, job.args["source"], target_id, Transient("It is down.", code="down"))
        finish(operations, job, "")
    return sorted(asked)


def test_a_new_target_is_asked_for_in_every_archive_once(clock: Clock, operations: Engine) -> None:
    target_id = _target(operations, "T", 10.0)
    assert clock.enqueue_harvests() == 2
    assert clock.enqueue_harvests() == 0
    assert {(job.kind, job.args["target_id"]) for job in list_jobs(operations)} == {
        ("harvest", str(target_id))
    }
    assert _work_off(operations) == ["closed", "daily"]
    assert clock.enqueue_harvests() == 0


def test_an_archive_is_asked_again_at_its_cadence_and_a_closed_one_never(
    clock: Clock, operations: Engine
) -> None:
    _target(operations, "T", 10.0)
    clock.enqueue_harvests()
    _work_off(operations)
    _age_harvests(operations, 0.9)
    assert clock.enqueue_harvests() == 0
    _age_harvests(operations, 0.2)
    assert clock.enqueue_harvests() == 1
    assert _work_off(operations) == ["daily"]


def test_targets_without_importance_are_asked_for_once_and_simulated_ones_never(
    clock: Clock, operations: Engine
) -> None:
    _target(operations, "Plain", 10.0, importance=0.0)
    _target(operations, "Invented", 20.0, simulated=True)
    assert clock.enqueue_harvests() == 2
    _work_off(operations)
    _age_harvests(operations, 5.0)
    assert clock.enqueue_harvests() == 0


def test_after_a_failure_an_archive_is_left_alone_for_a_while(clock: Clock, operations: Engine) -> None:
    target_id = _target(operations, "T", 10.0)
    clock.enqueue_harvests()
    _work_off(operations, answer=False)
    assert clock.enqueue_harvests() == 0
    assert {harvest.reason for harvest in harvests_of_target(operations, target_id)} == {"It is down."}
    _age_harvests(operations, 0.3)
    assert clock.enqueue_harvests() == 2


def test_a_person_who_asks_comes_before_the_clock(clock: Clock, operations: Engine) -> None:
    target_id = _target(operations, "T", 10.0)
    clock.enqueue_harvests()
    asked = request_harvest(operations, "daily", target_id)
    assert len(list_jobs(operations)) == 2
    job = claim(operations, "w")
    assert job is not None
    assert job.job_id == asked


def test_the_health_of_an_archive_tells_its_last_success_and_failures_in_a_row(operations: Engine) -> None:
    target_id = _target(operations, "T", 10.0)
    for _ in range(2):
        record_failure(operations, "shaky", target_id, Transient("It is down.", code="down"))
    (health,) = [each for each in list_archive_health(operations) if each.archive == "shaky"]
    assert (health.failures, health.reason, health.code, health.last_success_mjd) == (
        2,
        "It is down.",
        "down",
        None,
    )
    record_answer(operations, "shaky", target_id, rows=12, latency_s=1.5)
    (health,) = [each for each in list_archive_health(operations) if each.archive == "shaky"]
    assert (health.failures, health.reason, health.rows, health.latency_s) == (0, "", 12, 1.5)
    assert health.last_failure_mjd is not None
    assert health.last_success_mjd == pytest.approx(mjd_now(), abs=1e-3)


def test_of_two_clocks_only_one_acts_until_it_stops(settings: Settings, operations: Engine) -> None:
    _target(operations, "T", 10.0)
    first, second = (Clock(settings, operations, brokers=(DAILY,)) for _ in range(2))
    try:
        assert first.enqueue_harvests() == 1
        _target(operations, "U", 20.0)
        assert second.enqueue_harvests() == 0
        first.stop()
        assert second.enqueue_harvests() == 1
    finally:
        first.stop()
        second.stop()


def test_leadership_is_free_again_once_given_up(operations: Engine, tmp_path: Path) -> None:
    one, other = (leadership_of(operations, tmp_path / LEADER_LOCK) for _ in range(2))
    assert one.is_held()
    assert one.is_held()
    assert not other.is_held()
    one.give_up()
    one.give_up()
    assert other.is_held()
    other.give_up()


def test_a_started_clock_acts_by_itself_and_stops(clock: Clock, operations: Engine) -> None:
    _target(operations, "T", 10.0)
    clock.start()
    deadline_s = time.monotonic() + 20
    while not counts(operations)[JobState.WAITING]:
        assert time.monotonic() < deadline_s
        time.sleep(0.02)


def test_sweeping_removes_what_is_over_and_keeps_the_rest(
    clock: Clock, settings: Settings, operations: Engine, tmp_path: Path
) -> None:
    user = create_user(operations, "ada", "an honest password")
    kept, ended = open_session(operations, user), open_session(operations, user, days=-1.0)
    done = enqueue(operations, "x", {})
    job = claim(operations, "w")
    assert job is not None
    finish(operations, job, "")
    clock.sweep()
    stale = open_raw(settings).spool_dir / "left-by-a-killed-program.zst"
    stale.write_bytes(b"half")
    clock.sweep()
    assert not stale.exists()
    assert user_of_session(operations, kept) == user
    assert user_of_session(operations, ended) is None
    assert get_job(operations, done).state == JobState.DONE
