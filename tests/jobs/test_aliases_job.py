"""The task `aliases`: names and a proper motion are added to a new target, and nothing is ever taken away.

The answers are made by hand in the forms of the services.
"""

from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest
from installations import opened_in
from recorded_http import RecordedHttp

from engine.brokers.gaia_alerts import INDEX_URL
from engine.brokers.names.simbad import SIMBAD_URL
from engine.brokers.reference import GAIA_URL
from engine.errors import Rejected, Transient
from engine.target import Target, Visibility
from jobs.aliases import find_aliases_by
from jobs.tasks import TASKS
from lake.adding import add_target
from lake.opening import Lake
from lake.queue import Job, claim, finish, list_jobs
from lake.rights import SYSTEM
from lake.targets import create_target, get_target, update_target

NUMBERS = count(1)
SIMBAD_HEAD = "main_id,ra,dec,pmra,pmdec,otype,alias\n"
GAIA_HEAD = "source_id,ra,dec,pmra,pmdec\n"
INDEX_HEAD = "#Name, Date, RaDeg, DecDeg, AlertMag, Class, TNSid\n"


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lake]:
    opened = opened_in(tmp_path_factory.mktemp("aliases") / "data")
    yield opened
    opened.close()


def answers(target: Target) -> dict[str, bytes]:
    """Return what everybody knows of a target: an alert, a star of Gaia, an object of SIMBAD."""
    place = f"{target.ra_deg!r},{target.dec_deg!r}"
    number = target.target_id or 0
    star = f"V* V{number} Tst,{place},77.0,88.0,*,2MASS J{number:08d}-1234567\n"
    return {
        INDEX_URL: f"{INDEX_HEAD}Gaia9{number}abc,2020,{place},15.0,x,AT2020{'x' * number}\n".encode(),
        GAIA_URL: f"{GAIA_HEAD}{number},{place},-1.5,2.5\n".encode(),
        SIMBAD_URL: f"{SIMBAD_HEAD}{star}".encode(),
    }


def job_of(lake: Lake, target: Target) -> Job:
    (job,) = [job for job in list_jobs(lake.operations, kind="aliases", limit=999)
              if job.args == {"target_id": str(target.target_id)}]  # fmt: skip
    return job


def asked(lake: Lake, target: Target, http: RecordedHttp) -> str:
    return find_aliases_by(http, lake, job_of(lake, target), lambda _step, _part: None)


def new_target(lake: Lake, **values: object) -> Target:
    number = next(NUMBERS)
    return add_target(
        lake, Target(**{"name": f"Mine {number}", "ra_deg": 7.0 * number, "dec_deg": 30.0} | values), by="ada"
    )


@pytest.fixture
def own_lake(tmp_path: Path) -> Iterator[Lake]:
    opened = opened_in(tmp_path / "data")
    yield opened
    opened.close()


def test_a_new_target_gets_its_names_and_its_motion(own_lake: Lake) -> None:
    target = new_target(own_lake)
    said = asked(own_lake, target, RecordedHttp(answers=answers(target)))
    after = get_target(own_lake.operations, target.name, None)
    assert after.aliases == (
        ("2MASS", "2MASS J00000001-1234567"), ("Gaia Alerts", "Gaia91abc"), ("Gaia DR3", "Gaia DR3 1"),
        ("TNS", "AT2020x"),
    )  # fmt: skip
    assert (after.pm_ra_mas_yr, after.pm_dec_mas_yr) == (-1.5, 2.5)  # Gaia's, before SIMBAD's
    assert "Gaia91abc" in said
    assert "its proper motion came" in said


def test_asking_twice_adds_nothing(own_lake: Lake) -> None:
    target = new_target(own_lake)
    http = RecordedHttp(answers=answers(target))
    asked(own_lake, target, http)
    once = get_target(own_lake.operations, target.name, None)
    assert "nothing new" in asked(own_lake, target, http)
    assert get_target(own_lake.operations, target.name, None) == once
    assert sum(INDEX_URL in question for question in http.questions) == 1


@pytest.mark.parametrize("motion", [(5.0, 6.0), (0.0, 0.0), (None, 1.0)])
def test_what_a_person_wrote_stays(own_lake: Lake, motion: tuple[float | None, float]) -> None:
    written = {"pm_ra_mas_yr": motion[0], "pm_dec_mas_yr": motion[1], "aliases": (("me", "My name"),)}
    target = new_target(own_lake, description="Mine.", **written)
    asked(own_lake, target, RecordedHttp(answers=answers(target)))
    after = get_target(own_lake.operations, target.name, None)
    assert (after.pm_ra_mas_yr, after.pm_dec_mas_yr) == motion
    assert ("me", "My name") in after.aliases
    assert (after.name, after.description) == (target.name, "Mine.")


def test_a_name_of_another_target_is_left_to_it_and_told_unless_that_one_is_private(own_lake: Lake) -> None:
    mine = new_target(own_lake)
    other = create_target(own_lake.operations, Target(name="Gaia91abc", ra_deg=300.0, dec_deg=0.0), by="bob")
    said = asked(own_lake, mine, RecordedHttp(answers=answers(mine)))
    assert "Left out: Gaia91abc, which is the target Gaia91abc." in said
    assert get_target(own_lake.operations, "Gaia91abc", None).target_id == other.target_id
    update_target(own_lake.operations, get_hidden(other), user=SYSTEM)
    said = asked(own_lake, mine, RecordedHttp(answers=answers(mine)))
    assert "Gaia91abc" not in said


def get_hidden(target: Target) -> Target:
    return Target(
        **{name: getattr(target, name) for name in Target.__slots__} | {"visibility": Visibility.PRIVATE}
    )


def test_who_is_down_is_asked_again_and_the_others_names_are_kept(own_lake: Lake) -> None:
    target = new_target(own_lake)
    http = RecordedHttp(
        answers=answers(target) | {SIMBAD_URL: Transient("SIMBAD is down.", code="unreachable")}
    )
    with pytest.raises(Transient):
        asked(own_lake, target, http)
    assert dict(get_target(own_lake.operations, target.name, None).aliases)["Gaia DR3"] == "Gaia DR3 1"


def test_an_answer_that_cannot_be_read_is_told(own_lake: Lake) -> None:
    target = new_target(own_lake)
    said = asked(own_lake, target, RecordedHttp(answers=answers(target) | {GAIA_URL: b"a,b\n1,2\n"}))
    assert "Gaia DR3 sent something unexpected" in said


def test_what_is_simulated_or_moves_is_called_nothing_else(lake: Lake) -> None:
    new_target(lake, simulated=True)
    new_target(lake, designation="67P")
    assert list_jobs(lake.operations, kind="aliases") == []
    fixed = new_target(lake)
    job = claim(lake.operations, "test", lease_s=60.0)
    assert job is not None
    assert (job.kind, job.args) == ("aliases", {"target_id": str(fixed.target_id)})
    finish(lake.operations, job, "taken by the test")
    assert "aliases" in TASKS
    get_target(lake.operations, fixed.target_id or 0, SYSTEM)
    moving = create_target(
        lake.operations, Target(name="M", ra_deg=1.0, dec_deg=1.0, designation="1"), by="ada"
    )
    with pytest.raises(Rejected) as refusal:
        find_aliases_by(RecordedHttp(answers={}), lake, replaced(job, moving), lambda _step, _part: None)
    assert refusal.value.code == "not-asked"


def replaced(job: Job, target: Target) -> Job:
    return Job(
        **{name: getattr(job, name) for name in Job.__slots__}
        | {"args": {"target_id": str(target.target_id)}}
    )
