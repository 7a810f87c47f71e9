"""The task `ephemeris`: what Horizons says of a body is kept once, asked anew when due, and never for stars.

The answers are made by hand in the form of Horizons, except where a test says so.
"""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
from installations import opened_in
from recorded_http import RecordedHttp
from sqlalchemy import update

from engine.brokers.horizons import URL
from engine.errors import Rejected, Transient
from engine.lightcurve import light_curve
from engine.target import Target
from engine.times import JD_MINUS_MJD, mjd_now
from jobs.clock import Clock
from jobs.ephemeris import AHEAD_D, NODES_MAX, find_ephemeris_by, night_span, whole_span
from jobs.executor import EPHEMERIS
from jobs.harvester import WORK
from jobs.supervisor import WORKER
from jobs.tasks import TASKS
from lake.adding import add_target
from lake.ephemerides import (
    GEOCENTRE,
    KIND,
    KeptEphemeris,
    Wanted,
    ask_ephemeris,
    enqueue_due_ephemerides,
    keep_ephemeris,
    kept_ephemeris,
)
from lake.opening import Lake
from lake.operations import ephemerides, writing
from lake.provenance import new_batch
from lake.queue import Job, Kinds, claim, finish, list_jobs
from lake.rights import SYSTEM
from lake.target_list import update_summary
from lake.targets import create_target, delete_target

BODY = Target(name="Body", ra_deg=10.0, dec_deg=5.0, designation="2099 YZ")
HEAD = (
    "Target body name: (2099 YZ)\n****\n Date__(UT)__HR:MN, Date_________JDUT, , , R.A._(ICRF), DEC_(ICRF), "
    "APmag, S-brt, r, rdot, delta, deldot, S-T-O,\n****\n$$SOE\n"
)


def answer(from_mjd: float, to_mjd: float, *, step_d: float = 1.0, deg_per_d: float = 0.2) -> bytes:
    """Return the places of a body that goes east."""
    lines, number = [], 0
    while (mjd := from_mjd + number * step_d) <= to_mjd:
        ra_deg = (100.0 + deg_per_d * number * step_d) % 360
        place = f"when,{mjd + JD_MINUS_MJD:.9f}, , ,{ra_deg:.6f},10.0"
        lines.append(f"{place},17.5,n.a.,2.5,0.1,1.6,0.1,{5 + 0.01 * number:.4f},")
        number += 1
    return (HEAD + "\n".join(lines) + "\n$$EOE\n").encode()


@pytest.fixture
def lake(tmp_path: Path) -> Iterator[Lake]:
    opened = opened_in(tmp_path / "data")
    yield opened
    opened.close()


def job_of(lake: Lake) -> Job:
    job = claim(lake.operations, "w", kinds=Kinds(only=[KIND]))
    assert job is not None
    return job


def done(lake: Lake, http: RecordedHttp, job: Job) -> str:
    return find_ephemeris_by(http, lake, job, lambda _step, _part: None)


def wide(**more: float) -> RecordedHttp:
    now = mjd_now()
    return RecordedHttp(answers={URL: answer(int(now) - 40, int(now) + 70, **more)})


def give_points(lake: Lake, target: Target, *mjds: float) -> None:
    target_id = target.target_id or 0
    rows = light_curve(
        pl.DataFrame(
            {
                "target_id": target_id, "source": "mpc", "source_ref": [str(mjd) for mjd in mjds],
                "mjd": list(mjds), "band": "ZTF(zg)", "mag": 17.0, "mag_err": 0.1,
            }
        )
    )  # fmt: skip
    lake.store.replace_points(target_id, "mpc", rows, batch=new_batch("harvest", "mpc", target_id=target_id))
    update_summary(lake.operations, target_id, rows)


def test_the_kind_has_its_places() -> None:
    assert KIND == EPHEMERIS
    assert KIND in TASKS
    assert KIND in WORK
    assert KIND in WORKER


def test_a_new_body_is_asked_for_and_a_star_or_a_simulated_one_is_not(lake: Lake) -> None:
    add_target(lake, BODY, by="ada")
    add_target(lake, Target(name="Star", ra_deg=1.0, dec_deg=2.0), by="ada")
    add_target(lake, replace(BODY, name="Made up", simulated=True), by="ada")
    assert [job.args["target_id"] for job in list_jobs(lake.operations, kind=KIND)] == ["1"]


def test_what_horizons_says_is_kept_and_the_job_twice_asks_once(lake: Lake) -> None:
    target = add_target(lake, BODY, by="ada")
    job, http = job_of(lake), wide()
    assert "111 places" in done(lake, http, job)
    assert "covers" in done(lake, http, job)
    assert len(http.questions) == 1
    assert "DES=2099 YZ" in http.questions[0]
    assert "500@399" in http.questions[0]
    kept = kept_ephemeris(lake.operations, Wanted(target_id=target.target_id or 0))
    assert kept is not None
    assert kept.nodes.row(0)[1:] == (100.0, 10.0, 2.5, 1.6, 5.0, 17.5)
    assert kept.track.position_at(kept.nodes["mjd"][0] + 1.5).ra.deg == pytest.approx(100.3, abs=1e-4)


def test_a_real_answer_is_kept_as_it_was_given(lake: Lake, shared: Path) -> None:
    body = (shared / "archives" / "solar_system" / "horizons_ceres_ephemerides_range.txt").read_bytes()
    target = add_target(lake, replace(BODY, designation="1"), by="ada")
    done(lake, RecordedHttp(answers={URL: body}), job_of(lake))
    kept = kept_ephemeris(lake.operations, Wanted(target_id=target.target_id or 0))
    assert kept is not None
    first = (59740.0, 101.73343, 26.78554, 2.603715306632, 3.51731638211972, 8.3884, 8.741)
    assert kept.nodes.row(0) == first
    assert (kept.from_mjd, kept.to_mjd) == (59740.0, 59770.0)


def test_points_far_back_widen_the_span_and_points_within_it_ask_nobody(lake: Lake) -> None:
    target = add_target(lake, BODY, by="ada")
    job, http = job_of(lake), wide()
    done(lake, http, job)
    finish(lake.operations, job, "")
    assert enqueue_due_ephemerides(lake.operations) == 0
    give_points(lake, target, mjd_now() - 10)
    age(lake, 0.1)
    assert enqueue_due_ephemerides(lake.operations) == 1
    again = job_of(lake)
    assert "covers" in done(lake, http, again)
    finish(lake.operations, again, "")
    assert enqueue_due_ephemerides(lake.operations) == 0
    give_points(lake, target, mjd_now() - 10, 50000.5)
    assert enqueue_due_ephemerides(lake.operations) == 1
    done(lake, http, job_of(lake))
    assert len(http.questions) == 2
    assert f"JD {49998 + JD_MINUS_MJD:.6f}" in http.questions[1]


def age(lake: Lake, days: float) -> None:
    with writing(lake.operations) as connection:
        connection.execute(update(ephemerides).values(asked_mjd=ephemerides.c.asked_mjd - days))


def test_an_old_ephemeris_and_one_of_another_body_are_due(lake: Lake) -> None:
    target = create_target(lake.operations, BODY, by="ada")
    wanted = Wanted(target_id=target.target_id or 0)
    for designation, days, due in (("2099 YZ", 29.0, 0), ("2099 YZ", 31.0, 1), ("2", 0.0, 1)):
        kept = KeptEphemeris(designation=designation, asked_mjd=mjd_now() - days)
        keep_ephemeris(lake.operations, wanted, kept)
        assert enqueue_due_ephemerides(lake.operations) == due
    create_target(lake.operations, Target(name="Star", ra_deg=50.0, dec_deg=5.0), by="ada")
    create_target(lake.operations, replace(BODY, name="Made up", simulated=True), by="ada")
    assert enqueue_due_ephemerides(lake.operations) == 1


def test_the_clock_asks_for_what_is_due_once(lake: Lake) -> None:
    create_target(lake.operations, BODY, by="ada")
    clock = Clock(lake.settings, lake.operations)
    assert [clock.enqueue_ephemerides() for _ in range(2)] == [1, 1]
    clock.stop()
    assert len(list_jobs(lake.operations, kind=KIND)) == 1


def test_a_failure_is_told_keeps_what_was_there_and_waits_a_day(lake: Lake) -> None:
    target = add_target(lake, BODY, by="ada")
    job = job_of(lake)
    done(lake, wide(), job)
    age(lake, 31.0)
    with pytest.raises(Transient):
        done(lake, RecordedHttp(answers={URL: Transient("It is down.", code="unreachable")}), job)
    kept = kept_ephemeris(lake.operations, Wanted(target_id=target.target_id or 0))
    assert kept is not None
    assert (kept.reason, kept.code, len(kept.nodes)) == ("It is down.", "unreachable", 111)
    assert enqueue_due_ephemerides(lake.operations) == 0
    age(lake, 1.1)
    assert enqueue_due_ephemerides(lake.operations) == 1


def test_a_body_that_runs_fast_is_asked_for_again_in_finer_steps(lake: Lake) -> None:
    add_target(lake, BODY, by="ada")
    http = wide(deg_per_d=12.0)
    done(lake, http, job_of(lake))
    steps = [int(question.partition("STEP_SIZE='")[2].split()[0]) for question in http.questions]
    assert steps[0] == 1440
    assert 300 < steps[1] < 400


def test_the_span_is_bounded_and_reaches_ahead() -> None:
    long = whole_span(pl.Series([40000.2, 61000.0]), 61000.5)
    assert (long.from_mjd, long.to_mjd) == (39998.0, 61001.0 + AHEAD_D)
    assert (long.to_mjd - long.from_mjd) * 1440 / long.step_min <= NODES_MAX
    assert whole_span(pl.Series([], dtype=pl.Float64), 61000.5).step_min == 1440


def test_a_night_is_asked_from_its_observatory(lake: Lake) -> None:
    target = create_target(lake.operations, BODY, by="ada")
    wanted = Wanted(target_id=target.target_id or 0, observer="21.4200,52.0900,138", night=61000)
    ask_ephemeris(lake.operations, wanted)
    span = night_span(61000)
    http = RecordedHttp(answers={URL: answer(span.from_mjd, span.to_mjd, step_d=10 / 1440)})
    done(lake, http, job_of(lake))
    assert "21.420000,52.090000,0.1380" in http.questions[0]
    kept = kept_ephemeris(lake.operations, wanted)
    assert kept is not None
    assert kept.covers(61000, 61001)
    assert kept_ephemeris(lake.operations, replace(wanted, observer=GEOCENTRE)) is None


def test_an_ephemeris_goes_with_its_target_and_none_comes_for_one_that_went(lake: Lake) -> None:
    target = add_target(lake, BODY, by="ada")
    job = job_of(lake)
    done(lake, wide(), job)
    delete_target(lake.operations, target.target_id or 0, user=SYSTEM)
    wanted = Wanted(target_id=target.target_id or 0)
    assert kept_ephemeris(lake.operations, wanted) is None
    keep_ephemeris(lake.operations, wanted, KeptEphemeris(designation="1", asked_mjd=mjd_now()))
    assert kept_ephemeris(lake.operations, wanted) is None
    with pytest.raises(Rejected) as refusal:
        done(lake, wide(), job)
    assert refusal.value.code == "unknown-target"
