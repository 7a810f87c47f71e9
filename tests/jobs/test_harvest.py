"""A harvest brings an archive's answer into the lake, once, with its papers; a failure changes nothing."""

from collections.abc import Iterator
from itertools import count
from pathlib import Path
from shutil import rmtree

import pytest
from installations import opened_in
from polars.testing import assert_frame_equal
from recorded_http import RecordedHttp

from engine.brokers.asking.irsa import TAP_URL
from engine.brokers.gaia_alerts import INDEX_URL
from engine.errors import Rejected, Transient
from engine.lightcurve import SCHEMA
from engine.target import Target
from jobs.harvest import harvest_by
from lake.archives import harvests_of_target, list_archive_health
from lake.opening import Lake
from lake.queue import Job, claim, enqueue, finish
from lake.rights import SYSTEM
from lake.target_list import target_row
from lake.targets import create_target, get_target

ANSWERS = Path(__file__).resolve().parent.parent / "data" / "brokers"
GAIA_ROWS = (ANSWERS / "gaia_alerts" / "rows.csv").read_bytes()
GAIA_INDEX = (ANSWERS / "gaia_alerts" / "index.csv").read_bytes()
WISE_ROWS = (ANSWERS / "neowise" / "rows.csv").read_bytes()
DOWN = Transient("The archive is down.", code="archive-down")
NUMBERS = count(1)


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lake]:
    opened = opened_in(tmp_path_factory.mktemp("harvest") / "data")
    yield opened
    opened.close()


class Steps:
    """What a task said of its progress."""

    def __init__(self) -> None:
        self.said: list[tuple[str, float]] = []

    def __call__(self, step: str, fraction: float) -> None:
        self.said.append((step, fraction))


def new_target(lake: Lake, **values: object) -> int:
    number = next(NUMBERS)
    place = {"name": f"Invented {number}", "ra_deg": 5.0 * number, "dec_deg": -30.0}
    return create_target(lake.operations, Target(**place | values), by="ada").target_id or 0


def job_of(lake: Lake, target_id: int, source: str) -> Job:
    enqueue(lake.operations, "harvest", {"target_id": str(target_id), "source": source}, priority=1)
    job = claim(lake.operations, "test", lease_s=60.0)
    assert job is not None
    finish(lake.operations, job, "taken by the test")
    return job


def harvest(lake: Lake, target_id: int, source: str, http: RecordedHttp) -> str:
    return harvest_by(http, lake, job_of(lake, target_id, source), Steps())


def test_points_come_with_the_papers_of_their_raw_answer(lake: Lake) -> None:
    target_id = new_target(lake, aliases=(("Gaia Alerts", "Gaia99tst"),))
    said = harvest(lake, target_id, "gaia_alerts", RecordedHttp(answers={"/alert/Gaia99tst/": GAIA_ROWS}))
    assert "has 4 points of Invented" in said
    points = lake.store.light_curve(target_id)
    assert points["mag"].to_list() == [18.0, 18.1, 15.0, 20.0]
    (batch_id,) = set(points["batch_id"])
    batch = lake.store.batch(batch_id)
    assert (batch.task, batch.source, batch.target_id) == ("harvest", "gaia_alerts", target_id)
    with lake.raw.open(batch.raw_sha256) as raw:
        assert raw.read() == GAIA_ROWS


def test_harvesting_twice_gives_the_same_lake_as_once(lake: Lake) -> None:
    target_id = new_target(
        lake, ra_deg=150.0, dec_deg=60.0, epoch=2016.0, pm_ra_mas_yr=1000.0, pm_dec_mas_yr=-500.0
    )
    http = RecordedHttp(answers={TAP_URL: WISE_ROWS})
    harvest(lake, target_id, "neowise", http)
    once, version = lake.store.light_curve(target_id), lake.store.version()
    harvest(lake, target_id, "neowise", http)
    assert len(once) == 14
    assert_frame_equal(lake.store.light_curve(target_id), once)
    assert lake.store.version() == version


def test_an_answer_that_grew_replaces_the_earlier_one(lake: Lake) -> None:
    target_id = new_target(lake, aliases=(("Gaia Alerts", "Gaia99grw"),))
    shorter = b"#Date,JD(TCB),averagemag\n2016-01-01 12:00:00,2457389.00000,17.50\n"
    http = RecordedHttp(answers={"/alert/Gaia99grw/": [shorter, GAIA_ROWS.split(b"\n", 1)[1]]})
    harvest(lake, target_id, "gaia_alerts", http)
    assert lake.store.light_curve(target_id)["mag"].to_list() == [17.5]
    harvest(lake, target_id, "gaia_alerts", http)
    assert lake.store.light_curve(target_id)["mag"].to_list() == [18.0, 18.1, 15.0, 20.0]


def test_archives_leave_each_others_points_alone(lake: Lake) -> None:
    target_id = new_target(lake, ra_deg=150.0, dec_deg=60.01, aliases=(("Gaia Alerts", "Gaia99two"),))
    rows = GAIA_ROWS.replace(b"Gaia99tst", b"Gaia99two")
    http = RecordedHttp(answers={"/alert/Gaia99two/": rows, TAP_URL: WISE_ROWS.split(b"\n", 1)[0] + b"\n"})
    harvest(lake, target_id, "gaia_alerts", http)
    said = harvest(lake, target_id, "neowise", http)
    assert "has nothing of" in said
    assert set(lake.store.light_curve(target_id)["source"]) == {"gaia_alerts"}


def test_the_summary_of_the_target_follows(lake: Lake) -> None:
    target_id = new_target(lake, aliases=(("Gaia Alerts", "Gaia99sum"),))
    rows = GAIA_ROWS.split(b"\n", 1)[1]
    harvest(lake, target_id, "gaia_alerts", RecordedHttp(answers={"/alert/Gaia99sum/": rows}))
    row = target_row(lake.operations, get_target(lake.operations, target_id, SYSTEM))
    assert (row.points, row.last_mag, row.last_band) == (4, 20.0, "GSA(G)")


def test_the_archives_health_and_answer_are_noted(lake: Lake) -> None:
    target_id = new_target(lake, aliases=(("Gaia Alerts", "Gaia99hea"),))
    answer = RecordedHttp(answers={"/alert/Gaia99hea/": GAIA_ROWS.split(b"\n", 1)[1]})
    with pytest.raises(Transient):
        harvest(lake, target_id, "gaia_alerts", RecordedHttp(answers={"/alert/": DOWN}))
    (failed,) = [each for each in list_archive_health(lake.operations) if each.archive == "gaia_alerts"]
    assert (failed.code, failed.failures) == ("archive-down", 1)
    harvest(lake, target_id, "gaia_alerts", answer)
    (well,) = [each for each in list_archive_health(lake.operations) if each.archive == "gaia_alerts"]
    assert (well.code, well.failures, well.rows) == ("", 0, 4)
    (said,) = harvests_of_target(lake.operations, target_id)
    assert (said.rows, said.reason) == (4, "")
    assert said.answered_mjd is not None


@pytest.mark.parametrize(
    ("body", "code"),
    [(DOWN, "archive-down"), (b"<html></html>", "answer-is-a-page"), (b"time,mag\n1,2\n", "schema-drift")],
)
def test_a_failed_harvest_leaves_the_lake_as_it_was(lake: Lake, body: bytes | Transient, code: str) -> None:
    alert = f"Gaia98{chr(ord('a') + next(NUMBERS) % 26)}aa"
    target_id = new_target(lake, aliases=(("Gaia Alerts", alert),))
    good = GAIA_ROWS.split(b"\n", 1)[1]
    http = RecordedHttp(answers={f"/alert/{alert}/": [good, body]})
    harvest(lake, target_id, "gaia_alerts", http)
    before = lake.store.light_curve(target_id)
    with pytest.raises((Transient, Rejected)) as failure:
        harvest(lake, target_id, "gaia_alerts", http)
    assert failure.value.code == code
    assert len(before) == 4
    assert_frame_equal(lake.store.light_curve(target_id), before)
    (said,) = harvests_of_target(lake.operations, target_id)
    assert (said.code, said.rows) == (code, 4)


def test_the_index_of_an_archive_is_asked_for_once_for_all_targets(lake: Lake) -> None:
    http = RecordedHttp(answers={INDEX_URL: GAIA_INDEX, "/alert/": GAIA_ROWS})
    near = new_target(lake, ra_deg=10.0, dec_deg=20.0)
    far = new_target(lake)
    harvest(lake, near, "gaia_alerts", http)
    harvest(lake, far, "gaia_alerts", http)
    assert len(lake.store.light_curve(near)) == 4
    assert lake.store.light_curve(far).is_empty()
    assert sum(INDEX_URL in question for question in http.questions) == 1


def test_a_simulated_target_is_in_no_archive(lake: Lake) -> None:
    target_id = new_target(lake, simulated=True)
    http = RecordedHttp(answers={})
    with pytest.raises(Rejected) as refusal:
        harvest(lake, target_id, "gaia_alerts", http)
    assert refusal.value.code == "not-asked"
    assert not http.questions


@pytest.mark.parametrize(
    ("source", "target_id", "code"),
    [("astrolabe", 1, "unknown-archive"), ("neowise", 999_999, "unknown-target")],
)
def test_what_does_not_exist_is_refused(lake: Lake, source: str, target_id: int, code: str) -> None:
    with pytest.raises(Rejected) as refusal:
        harvest(lake, target_id, source, RecordedHttp(answers={}))
    assert refusal.value.code == code


def test_a_harvest_says_what_it_is_doing(lake: Lake) -> None:
    steps = Steps()
    target_id = new_target(lake, ra_deg=200.0, dec_deg=-70.0)
    http = RecordedHttp(answers={TAP_URL: WISE_ROWS.split(b"\n", 1)[0] + b"\n"})
    harvest_by(http, lake, job_of(lake, target_id, "neowise"), steps)
    assert steps.said[0][0] == "Asking NEOWISE-R single exposures"
    assert [fraction for _, fraction in steps.said] == sorted(fraction for _, fraction in steps.said)


def test_real_answers_reach_the_lake_exactly(lake: Lake, shared: Path) -> None:
    body = (shared / "archives" / "gaia_alerts" / "lightcurve_Gaia23dka.csv").read_bytes()
    target_id = new_target(lake, name="Gaia23dka", ra_deg=271.0, dec_deg=-21.0)
    harvest(lake, target_id, "gaia_alerts", RecordedHttp(answers={"/alert/Gaia23dka/": body}))
    points = lake.store.light_curve(target_id)
    assert dict(points.schema) == SCHEMA
    assert len(points) == 11
    assert points.select("mjd", "mag").row(-1) == pytest.approx((60282.90611, 18.57), abs=1e-8)


def test_a_list_that_cannot_be_read_is_not_kept(lake: Lake) -> None:
    rmtree(lake.settings.data_dir / "kept", ignore_errors=True)  # other tests' lists
    ill = RecordedHttp(answers={INDEX_URL: b"maintenance until Monday\n"})
    with pytest.raises(Rejected):
        harvest(lake, new_target(lake), "gaia_alerts", ill)
    well = RecordedHttp(answers={INDEX_URL: GAIA_INDEX})
    assert "has nothing" in harvest(lake, new_target(lake), "gaia_alerts", well)
