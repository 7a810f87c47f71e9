"""The harvester: many archives at once, none delayed by another, every job ended or in words why not."""

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import polars as pl
import pytest
from installations import opened_in
from recorded_http import RecordedHttp
from sqlalchemy import update

import jobs.harvest
from engine.brokers.points import archive_points
from engine.brokers.protocol import Broker, BrokerInfo, Http, Query
from engine.errors import NotReady, Transient
from engine.target import Target
from engine.times import mjd_now
from jobs.harvester import ARCHIVE_AT_ONCE, Harvester
from lake.archives import harvests_of_target, list_archive_health, request_all
from lake.opening import Lake
from lake.operations import jobs as job_rows
from lake.operations import writing
from lake.queue import JobState, list_jobs
from lake.rights import SYSTEM
from lake.targets import create_target, get_target

FACTS = BrokerInfo(
    key="",
    title="Archive",
    radius_arcsec=1.0,
    refresh_d=1.0,
    bands=("ZTF(zg)",),
    citation="",
    acknowledgement="",
    homepage="",
)


@dataclass
class Pretended:
    """An archive of this test: it waits, fails or answers as it is told, and counts who asks at once."""

    key: str
    waits_s: float = 0.0
    meets: threading.Barrier | None = None
    holds: threading.Event | None = None
    failure: Exception | None = None
    needs_ticket: bool = False
    asks: list[Query] = field(default_factory=list)
    at_once: int = 0
    most_at_once: int = 0
    incremental: bool = False

    @property
    def info(self) -> BrokerInfo:
        return replace(FACTS, key=self.key, title=self.key.title(), is_incremental=self.incremental)

    def fetch(self, query: Query, http: Http) -> bytes:  # noqa: ARG002
        self.asks.append(query)
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        time.sleep(self.waits_s)
        if self.holds is not None:
            self.holds.wait(60.0)
        if self.meets is not None:
            self.meets.wait()
        self.at_once -= 1
        if self.failure is not None:
            raise self.failure
        if self.needs_ticket and not query.ticket:
            raise NotReady("It is measuring.", ticket="task 7", retry_after_s=3600.0)
        since = query.since_mjd or 0.0
        return "\n".join(str(mjd) for mjd in (59000.5, 59100.5) if mjd >= since).encode()

    def parse(self, body: bytes, query: Query) -> pl.DataFrame:
        times = [float(line) for line in body.decode().split()]
        rows = pl.DataFrame({"mjd": times}, schema={"mjd": pl.Float64()})
        rows = rows.with_columns(
            source_ref=pl.col("mjd").cast(pl.String()), band=pl.lit("ZTF(zg)"), mag=18.0, mag_err=0.1
        )
        return archive_points(rows, query, self.info, calib_version="test")


@pytest.fixture
def lake(tmp_path: Path) -> Iterator[Lake]:
    opened = opened_in(tmp_path / "data")
    yield opened
    opened.close()


@pytest.fixture
def known(monkeypatch: pytest.MonkeyPatch) -> dict[str, Pretended]:
    """Return the archives that there are; a test puts its own into it."""
    archives: dict[str, Pretended] = {}

    def found(key: str) -> Broker:
        return archives[key]

    monkeypatch.setattr(jobs.harvest, "broker", found)
    return archives


def asked_for(lake: Lake, known: dict[str, Pretended], number: int = 1) -> list[Target]:
    """Return new targets for which all archives are asked."""
    made = [
        create_target(lake.operations, Target(name=f"Star {n}", ra_deg=10.0 * n, dec_deg=5.0), by="ada")
        for n in range(1, number + 1)
    ]
    for target in made:
        request_all(lake.operations, [archive.info for archive in known.values()], target)
    return made


def harvester(lake: Lake) -> Harvester:
    return Harvester(lake, RecordedHttp(answers={}), name="harvester-of-a-test")


def states(lake: Lake) -> dict[str, list[JobState]]:
    found: dict[str, list[JobState]] = {}
    for job in list_jobs(lake.operations, limit=1000):
        found.setdefault(job.args["source"], []).append(job.state)
    return found


def test_all_archives_are_asked_at_once(lake: Lake, known: dict[str, Pretended]) -> None:
    together = threading.Barrier(12, timeout=60.0)  # nobody answers before all were asked
    known |= {f"a{n}": Pretended(f"a{n}", meets=together) for n in range(12)}
    (target,) = asked_for(lake, known)
    harvester(lake).run(once=True)
    assert all(each == [JobState.DONE] for each in states(lake).values())
    assert len(lake.store.light_curve(target.target_id or 0)) == 24


def test_an_archive_is_asked_by_two_jobs_at_a_time(lake: Lake, known: dict[str, Pretended]) -> None:
    known["busy"] = Pretended("busy", waits_s=0.1)
    asked_for(lake, known, number=7)
    harvester(lake).run(once=True)
    assert known["busy"].most_at_once == ARCHIVE_AT_ONCE
    assert states(lake) == {"busy": [JobState.DONE] * 7}


def test_a_dead_archive_rests_after_three_failures_and_takes_nothing_from_the_others(
    lake: Lake, known: dict[str, Pretended]
) -> None:
    known["dead"] = Pretended("dead", failure=Transient("It is down.", code="unreachable"))
    known["well"] = Pretended("well", waits_s=0.02)
    asked_for(lake, known, number=20)
    harvester(lake).run(once=True)
    assert states(lake)["well"] == [JobState.DONE] * 20
    assert len(known["dead"].asks) <= 3 + ARCHIVE_AT_ONCE  # then it rests
    assert set(states(lake)["dead"]) == {JobState.WAITING}
    (health,) = (each for each in list_archive_health(lake.operations) if each.archive == "dead")
    assert health.rests_until_mjd is not None
    assert health.rests_until_mjd > mjd_now()
    assert health.reason == "It is down."


def test_a_bug_in_one_module_is_told_and_harms_no_other(lake: Lake, known: dict[str, Pretended]) -> None:
    known["buggy"] = Pretended("buggy", failure=ZeroDivisionError("nothing"))
    known["well"] = Pretended("well")
    asked_for(lake, known)
    harvester(lake).run(once=True)
    assert states(lake) == {"buggy": [JobState.WAITING], "well": [JobState.DONE]}
    (job,) = list_jobs(lake.operations, state=JobState.WAITING)
    assert "ZeroDivisionError" in job.reason


@pytest.mark.parametrize("incremental", [False, True], ids=["asked for all", "asked for what is new"])
def test_an_archive_that_needs_time_is_asked_once_and_then_with_its_ticket(
    lake: Lake, known: dict[str, Pretended], incremental: bool
) -> None:
    known["slow"] = Pretended("slow", needs_ticket=True, incremental=incremental)
    (target,) = asked_for(lake, known)
    harvester(lake).run(once=True)
    (waiting,) = harvests_of_target(lake.operations, target.target_id or 0)
    assert (waiting.reason, waiting.code) == ("It is measuring.", "not-ready")
    with writing(lake.operations) as connection:  # the hour is over
        connection.execute(update(job_rows).values(not_before_mjd=0.0))
    harvester(lake).run(once=True)  # as after a restart
    assert [query.ticket for query in known["slow"].asks] == ["", "task 7"]
    assert states(lake) == {"slow": [JobState.DONE]}


def test_an_incremental_archive_is_asked_for_what_is_new_and_loses_nothing(
    lake: Lake, known: dict[str, Pretended]
) -> None:
    known["grows"] = Pretended("grows", incremental=True)
    (target,) = asked_for(lake, known)
    harvester(lake).run(once=True)
    first = lake.store.light_curve(target.target_id or 0)
    request_all(lake.operations, [known["grows"].info], target)
    harvester(lake).run(once=True)
    assert [query.since_mjd for query in known["grows"].asks] == [None, 59070.0]
    again = lake.store.light_curve(target.target_id or 0)
    assert again.drop("batch_id").equals(first.drop("batch_id"))


def test_who_stops_the_harvester_gets_the_jobs_back(lake: Lake, known: dict[str, Pretended]) -> None:
    answers = threading.Event()
    known["endless"] = Pretended("endless", holds=answers)
    asked_for(lake, known)
    asking = harvester(lake)
    thread = threading.Thread(target=asking.run)
    thread.start()
    while not known["endless"].asks:
        time.sleep(0.05)
    asking.stop()
    thread.join(30.0)
    assert not thread.is_alive()  # it does not wait for an archive that never answers
    assert states(lake) == {"endless": [JobState.WAITING]}
    (job,) = list_jobs(lake.operations)
    assert job.attempts == 0
    answers.set()
    for asked in [each for each in threading.enumerate() if each.name.startswith("harvest")]:
        asked.join(30.0)  # before the lake is closed under it
    assert states(lake) == {"endless": [JobState.WAITING]}


def test_an_archive_that_cannot_know_a_target_is_not_asked(lake: Lake) -> None:
    south = replace(FACTS, key="south", dec_range_deg=(-90.0, 0.0))
    target = create_target(lake.operations, Target(name="North", ra_deg=1.0, dec_deg=60.0), by="ada")
    assert request_all(lake.operations, [south, replace(FACTS, key="all")], target) == 1
    assert get_target(lake.operations, "North", SYSTEM).designation == ""
