"""ATLAS: the queue asked once, each cut, fluxes that become magnitudes or limits, real results."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from recorded_http import RecordedHttp

from engine.brokers.atlas import COLUMNS, CUTS, QUEUE_URL, SITE, Atlas, exposures, question
from engine.brokers.protocol import Query
from engine.errors import NotReady, Rejected, Transient
from engine.lightcurve import Flag

TASK_URL = f"{QUEUE_URL}4711/"
RESULT_URL = f"{SITE}forcedphot/static/results/job4711.txt"
SECRETS = {"atlas_token": "a-token"}
NO_TASKS = json.dumps({"next": None, "previous": None, "results": []}).encode()


@pytest.fixture
def query(answers: Path) -> Query:
    return Query(**json.loads((answers / "atlas" / "query.json").read_text()))


@pytest.fixture
def rows(answers: Path) -> bytes:
    return (answers / "atlas" / "rows.txt").read_bytes()


def task(**told: object) -> dict[str, object]:
    waiting = {"url": TASK_URL, "comment": "", "finishtimestamp": None, "result_url": None, "error_msg": None}
    return waiting | told


def queue(*tasks: dict[str, object], following: str | None = None) -> bytes:
    return json.dumps({"next": following, "previous": None, "results": list(tasks)}).encode()


def finished(hours_ago: float = 1.0, **told: object) -> dict[str, object]:
    moment = datetime.now(UTC) - timedelta(hours=hours_ago)
    return task(finishtimestamp=moment.isoformat().replace("+00:00", "Z"), result_url=RESULT_URL, **told)


def http(listing: bytes, **answers: bytes | Exception) -> RecordedHttp:
    """Return an archive whose queue is asked with ``pagesize``, takes tasks with ``mjd_min``."""
    names = {"submitted": "mjd_min=", "task": "queue/4711/", "result": "static/results"}
    return RecordedHttp(
        answers={"pagesize=": listing} | {names[name]: answer for name, answer in answers.items()},
        secrets=SECRETS,
    )


def test_the_hand_made_rows_become_these_points(rows: bytes, query: Query) -> None:
    points = Atlas().parse(rows, query)
    assert points["source_ref"].to_list() == [
        "01a60000o0001o", "01a60000o0002c", "02a60000o0003o", "02a60000o0004o", "03a60001o0001o",
        "04a60001o0002H",
    ]  # fmt: skip
    assert points["mag"].to_list() == pytest.approx(
        [16.4, None, None, 20.2071968, 12.1525750, 16.5143937], abs=1e-6
    )
    assert points["mag_err"].to_list()[0] == pytest.approx(0.0108573620)
    assert points["limit_mag"].to_list()[1:3] == pytest.approx([19.6525750] * 2, abs=1e-6)  # 5 x 10 uJy
    assert points["flux_ujy"].to_list() == [1000.0, 20.0, -7.0, 30.0, 50000.0, 900.0]


def test_the_time_is_the_middle_of_the_exposure(rows: bytes, query: Query) -> None:
    points = Atlas().parse(rows, query)
    assert points["mjd"][0] == pytest.approx(60000.1 + 15.0 / 86400.0, abs=1e-9)
    assert set(points["exptime_s"]) == {30.0}


def test_bright_and_badly_fitted_points_are_flagged(rows: bytes, query: Query) -> None:
    flagged = Atlas().parse(rows, query).filter(pl.col("flags") > 0)
    assert flagged.select("source_ref", "flags").rows() == [
        ("03a60001o0001o", int(Flag.SATURATED | Flag.POOR_QUALITY_AT_SOURCE))
    ]


@pytest.mark.parametrize(
    ("cut", "left_out"),
    [("err", "0001o"), ("duJy", "0002o"), ("x", "0003o"), ("maj", "0004o"), ("apfit", "0005o"),
     ("mag5sig", "0006o"), ("Sky", "0007o"), ("uJy", "0008o"), ("duJy", "0009o")],
)  # fmt: skip
def test_each_cut_leaves_its_exposure_out(rows: bytes, cut: str, left_out: str) -> None:
    others = [condition for name, condition in CUTS.items() if name != cut]
    night = exposures(rows).filter(*others).filter(pl.col("Obs").str.starts_with("01a60002"))
    assert f"01a60002o{left_out}" in night["Obs"].to_list()
    assert night.filter(CUTS[cut]).is_empty()


def test_every_cut_is_named_after_its_column_and_documented() -> None:
    for name, condition in CUTS.items():
        assert condition.meta.root_names()[0] == name
        assert name == "uJy" or any(name in sentence for sentence in Atlas().info.method)


@pytest.mark.parametrize("column", COLUMNS)
def test_a_missing_column_is_drift(rows: bytes, query: Query, column: str) -> None:
    head, _, rest = rows.decode().partition("\n")
    names = ["other" if name == column else name for name in head.lstrip("#").split()]
    with pytest.raises(Rejected) as refusal:
        Atlas().parse(("###" + " ".join(names) + "\n" + rest).encode(), query)
    assert refusal.value.code == "schema-drift"


@pytest.mark.parametrize(("old", "new"), [(b"   1000  10", b"  1000  ten"), (b"60000.100000", b"1.0")])
def test_words_and_impossible_times_are_drift(rows: bytes, query: Query, old: bytes, new: bytes) -> None:
    changed = rows.replace(b"  1000  10 ", b"  1000  ten ", 1) if b"ten" in new else rows.replace(old, new)
    with pytest.raises(Rejected) as refusal:
        Atlas().parse(changed, query)
    assert refusal.value.code == "schema-drift"


@given(flux_ujy=st.integers(-1000, 100000), err_ujy=st.integers(1, 9999))
def test_a_flux_is_a_magnitude_from_three_sigma_on_else_a_limit(flux_ujy: int, err_ujy: int) -> None:
    head = "###MJD m dm uJy duJy F err chi/N RA Dec x y maj min phi apfit mag5sig Sky Obs\n"
    line = f"60000.1 0 0 {flux_ujy} {err_ujy} o 0 1 1 1 500 500 2 2 0 -0.4 19 20 01a60000o0001o\n"
    (point,) = (
        Atlas()
        .parse((head + line).encode(), Query(target_id=1, name="x", ra_deg=1, dec_deg=1))
        .rows(named=True)
    )
    if flux_ujy >= 3 * err_ujy:
        assert 10 ** ((23.9 - point["mag"]) / 2.5) == pytest.approx(flux_ujy)
        assert point["limit_mag"] is None
    else:
        assert 10 ** ((23.9 - point["limit_mag"]) / 2.5) == pytest.approx(5 * err_ujy)
        assert point["mag"] is None


def test_a_target_is_submitted_once_and_its_task_is_the_ticket(query: Query) -> None:
    archive = http(NO_TASKS, submitted=json.dumps(task()).encode())
    with pytest.raises(NotReady) as waiting:
        Atlas().fetch(query, archive)
    assert waiting.value.ticket == TASK_URL
    listed, asked = archive.questions
    assert listed.startswith(f"{QUEUE_URL} pagesize=100")
    for word in ("ra=150.0000000", "dec=60.0000000", "mjd_min=57174.00000", "use_reduced=true",
                 "send_email=false", "Authorization: Token a-token"):  # fmt: skip
        assert word in asked


def test_a_restart_finds_the_own_task_in_the_queue_and_never_submits_twice(query: Query) -> None:
    comment = question(query)["comment"]
    archive = http(queue(task(url=f"{QUEUE_URL}1/", comment="another"), task(comment=comment)))
    with pytest.raises(NotReady) as waiting:
        Atlas().fetch(query, archive)
    assert waiting.value.ticket == TASK_URL
    assert len(archive.questions) == 1


def test_the_queue_is_read_to_its_end(query: Query) -> None:
    archive = RecordedHttp(
        answers={
            "cursor=abc": queue(task(comment=question(query)["comment"])),
            "pagesize=": queue(following=f"{QUEUE_URL}?cursor=abc"),
        },
        secrets=SECRETS,
    )
    with pytest.raises(NotReady):
        Atlas().fetch(query, archive)


def test_a_fresh_result_in_the_queue_is_taken_and_an_old_one_is_not(query: Query, rows: bytes) -> None:
    comment = question(query)["comment"]
    assert Atlas().fetch(query, http(queue(finished(1.0, comment=comment)), result=rows)) == rows
    again = http(queue(finished(30.0, comment=comment)), submitted=json.dumps(task()).encode())
    with pytest.raises(NotReady):
        Atlas().fetch(query, again)


def test_the_ticket_is_asked_for_its_result(query: Query, rows: bytes) -> None:
    archive = http(NO_TASKS, task=json.dumps(finished()).encode(), result=rows)
    assert Atlas().fetch(replace(query, ticket=TASK_URL), archive) == rows
    assert [each.split()[0] for each in archive.questions] == [TASK_URL, RESULT_URL]


def test_a_task_that_somebody_deleted_is_submitted_again(query: Query) -> None:
    archive = http(NO_TASKS, submitted=json.dumps(task()).encode())
    with pytest.raises(NotReady):
        Atlas().fetch(replace(query, ticket=TASK_URL), archive)
    assert "mjd_min=" in archive.questions[-1]


def test_a_ticket_that_is_no_address_of_the_archive_is_never_asked(query: Query) -> None:
    archive = http(NO_TASKS, submitted=json.dumps(task()).encode())
    with pytest.raises(NotReady):
        Atlas().fetch(replace(query, ticket="https://elsewhere.example/1/"), archive)
    assert not any("elsewhere" in each for each in archive.questions)


def test_no_data_is_an_empty_answer_and_another_error_is_told(query: Query) -> None:
    asked = replace(query, ticket=TASK_URL)
    nothing = finished() | {"result_url": None, "error_msg": "No data returned"}
    assert Atlas().fetch(asked, http(NO_TASKS, task=json.dumps(nothing).encode())) == b""
    failed = finished() | {"result_url": None, "error_msg": "The disc is full"}
    with pytest.raises(Rejected) as refusal:
        Atlas().fetch(asked, http(NO_TASKS, task=json.dumps(failed).encode()))
    assert "The disc is full" in refusal.value.reason


def test_a_result_elsewhere_is_never_asked(query: Query) -> None:
    lured = finished() | {"result_url": "https://elsewhere.example/x.txt"}
    with pytest.raises(Rejected):
        Atlas().fetch(replace(query, ticket=TASK_URL), http(NO_TASKS, task=json.dumps(lured).encode()))


def test_pages_and_cut_off_answers_are_for_later(query: Query) -> None:
    for body in (b"<html>Maintenance</html>", b'{"results": ['):
        with pytest.raises(Transient):
            Atlas().fetch(query, http(body))


def test_only_the_last_days_and_what_is_new_are_asked_where_points_are_known(query: Query) -> None:
    newer = question(replace(query, since_mjd=60500.25))
    assert newer["mjd_min"] == "60497.25000"
    assert newer["comment"] != question(query)["comment"]
    assert question(replace(query, since_mjd=50000.0))["mjd_min"] == "57174.00000"


def test_the_archive_moves_the_aperture_by_the_proper_motion(query: Query) -> None:
    form = question(replace(query, pm_ra_mas_yr=-120.0, pm_dec_mas_yr=50.5, epoch=2016.0))
    assert (form["radec_epoch_year"], form["propermotion_ra"], form["propermotion_dec"]) == (
        "2016.0", "-120.000", "50.500",
    )  # fmt: skip


def test_without_a_token_the_archive_is_not_asked(query: Query) -> None:
    archive = RecordedHttp(answers={})
    with pytest.raises(Rejected) as refusal:
        Atlas().fetch(query, archive)
    assert refusal.value.code == "needs-account"
    assert archive.questions == []


def real(shared: Path, name: str) -> bytes:
    return (shared / "archives" / "atlas" / name).read_bytes()


def test_a_real_result_gives_its_light_curve(shared: Path) -> None:
    query = Query(target_id=3, name="job 1088", ra_deg=29.86137, dec_deg=30.72672)
    body = real(shared, "job01088_diff.txt")
    points = Atlas().parse(body, query)
    assert len(exposures(body)) == 147
    assert len(points) == 135
    assert points.group_by("band").len().sort("band").rows() == [("ATLAS(c)", 24), ("ATLAS(o)", 111)]
    assert points["mag"].count() == 69
    assert points["limit_mag"].count() == 66
    first, last = points.row(0, named=True), points.row(-1, named=True)
    assert (first["source_ref"], first["flux_ujy"], first["flux_err_ujy"]) == ("01a59101o0618o", -7.0, 10.0)
    assert first["mjd"] == pytest.approx(59101.519384611, abs=1e-9)
    assert first["limit_mag"] == pytest.approx(19.652574990, abs=1e-9)
    assert (last["source_ref"], last["flux_ujy"], last["flux_err_ujy"]) == ("01a59185o0576o", 109.0, 19.0)
    assert last["mag"] == pytest.approx(18.806433755, abs=1e-9)
    assert points.filter(pl.col("flags") == int(Flag.POOR_QUALITY_AT_SOURCE)).height == 7


def test_what_each_cut_takes_from_a_real_result(shared: Path) -> None:
    rows = exposures(real(shared, "job01088_diff.txt"))
    taken = {name: rows.filter(~condition).height for name, condition in CUTS.items()}
    assert {name: number for name, number in taken.items() if number} == {
        "x": 2, "y": 5, "mag5sig": 5, "Sky": 5,
    }  # fmt: skip


def test_magnitudes_agree_with_the_archives_own(shared: Path) -> None:
    query = Query(target_id=3, name="a star", ra_deg=342.4596, dec_deg=51.2634)
    body = real(shared, "atlas_result_5rows_and_taskjson.txt")
    points = Atlas().parse(body, query)
    assert points["limit_mag"].count() == 0
    assert points["mag"].to_list() == pytest.approx([16.177, 16.258, 16.582, 16.451, 17.223], abs=0.001)
    assert points["mag_err"].to_list() == pytest.approx([0.012, 0.017, 0.021, 0.019, 0.049], abs=0.005)
    assert points["mjd"][0] == pytest.approx(59226.236048611, abs=1e-9)
    assert points["camera"].to_list() == ["01a", "02a", "02a", "02a", "02a"]


def test_nightly_means_of_a_real_result_agree_with_its_authors_stack(shared: Path) -> None:
    query = Query(target_id=3, name="job 1088", ra_deg=29.86137, dec_deg=30.72672)
    points = Atlas().parse(real(shared, "job01088_diff.txt"), query)
    lines = real(shared, "job01088_stacked_1day.txt").decode().split("MJD,uJy,duJy,F,n\n")[1].split()
    agreed = 0
    for mjd, flux_ujy, _, band, number in (line.split(",") for line in lines):
        night = points.filter(pl.col("mjd").floor() == int(float(mjd)), pl.col("band") == f"ATLAS({band})")
        if len(night) == int(number):  # nothing was clipped that night
            assert night["flux_ujy"].mean() == pytest.approx(float(flux_ujy), abs=0.006)
            agreed += 1
    assert agreed >= 15
