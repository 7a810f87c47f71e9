"""The task `reduce` on a body of the Solar System: it waits for the ephemeris and measures where that says.

Frames are simulated; the answers of Horizons are made by hand.
"""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from installations import opened_in
from recorded_http import RecordedHttp

from engine.brokers.horizons import URL
from engine.errors import NotReady, Rejected
from engine.frame import Camera
from engine.photometry.instrumental import InstrumentalTable
from engine.photometry.references import REFERENCE_SCHEMA
from engine.photometry.sky import Scene, simulate_exposure, write_fits
from engine.photometry.sky_stars import gaia_like_stars, one_star
from engine.photometry.verdict import Status
from engine.target import Target
from engine.times import JD_MINUS_MJD, mjd_now
from jobs.ephemeris import find_ephemeris_by
from jobs.executor import EPHEMERIS
from jobs.moving_targets import observer_of, placed
from jobs.reduce import reduced_upload
from jobs.reference_stars import stars_for
from lake.ephemerides import NODES, KeptEphemeris, Wanted, keep_ephemeris, kept_ephemeris
from lake.inbox.accepting import Upload, UploadRequest, accept
from lake.job_rows import Job
from lake.opening import Lake
from lake.people.accounts import create_user
from lake.provenance import new_batch
from lake.queue import Kinds, claim, fail, finish, get_job, list_jobs
from lake.references import put_stars
from lake.targets import create_target

NIGHT = 60000
RA_DEG, DEC_DEG, G_MAG = 120.0, 30.0, 13.5
BAND = "r(GaiaSP)"
DEG_PER_D = 0.3
BODY = Target(name="Body", ra_deg=10.0, dec_deg=-5.0, designation="2099 YZ")  # where it stood once
SCENE = Scene(ra_deg=RA_DEG, dec_deg=DEC_DEG, shape=(320, 320), mjd=NIGHT + 0.1, band=BAND)


@pytest.fixture
def lake(tmp_path: Path) -> Iterator[Lake]:
    opened = opened_in(tmp_path / "data")
    create_user(opened.operations, "ada", "a long enough one", full_name="Ada")
    create_target(opened.operations, BODY, by="ada")
    yield opened
    opened.close()


def nodes() -> pl.DataFrame:
    """Return places of a night on which the body stands in the middle of the scene at its time."""
    mjd = NIGHT - 0.25 + np.arange(217) / 144
    rows = {name: np.ones(len(mjd)) for name in NODES}
    ra_deg = RA_DEG + DEG_PER_D * (mjd - SCENE.mjd)
    return pl.DataFrame(rows | {"mjd": mjd, "ra_deg": ra_deg, "dec_deg": np.full(len(mjd), DEC_DEG)})


def horizons() -> RecordedHttp:
    lines = [
        f"when,{row['mjd'] + JD_MINUS_MJD:.9f}, , ,{row['ra_deg']:.7f},{row['dec_deg']:.7f},1.5,1.0,9.0,"
        for row in nodes().iter_rows(named=True)
    ]
    head = (
        "Target body name: Body\n***\nwhen,Date_________JDUT, , ,R.A._(ICRF),DEC_(ICRF),r,delta,S-T-O,\n***"
    )
    body = "\n".join([head, "$$SOE", *lines, "$$EOE", ""])
    return RecordedHttp(answers={URL: body.encode()})


def sent(lake: Lake, path: Path, *, simulated: bool) -> tuple[Upload, Job]:
    """Accept a frame with the body and the stars round it; return the upload and its job."""
    rng = np.random.default_rng(5)
    stars = gaia_like_stars(
        rng,
        ra_deg=RA_DEG,
        dec_deg=DEC_DEG,
        radius_deg=0.15,
        density_per_deg2=4000.0,
        g_mag_range=(10.0, 15.0),
    )
    away = np.hypot((stars["ra_deg"] - RA_DEG) * np.cos(np.radians(DEC_DEG)), stars["dec_deg"] - DEC_DEG)
    stars = stars.filter(pl.Series(away * 3600 > 15.0), ~pl.col("variable"))
    put_stars(lake.store, stars.select(list(REFERENCE_SCHEMA)), batch=new_batch("references", "file"))
    body = one_star("body", ra_deg=RA_DEG, dec_deg=DEC_DEG, g_mag=G_MAG)
    write_fits(simulate_exposure(pl.concat([stars, body]), rng=rng, scene=SCENE), path)
    with lake.raw.receive() as reception:
        reception.write(path.read_bytes())
        raw_file = reception.finish()
    request = UploadRequest(
        target=BODY.name, filename=path.name, uploaded_by="ada", simulated=simulated, requested_filter=BAND
    )
    upload = accept(lake, raw_file, request)
    job = claim(lake.operations, "w", kinds=Kinds(only=["reduce"]))
    assert job is not None
    return upload, job


def quiet(_step: str, _part: float) -> None:
    """Take what is told of the progress."""


def test_a_body_is_measured_where_its_ephemeris_says(lake: Lake, tmp_path: Path) -> None:
    _, job = sent(lake, tmp_path / "frame.fits", simulated=True)
    kept = KeptEphemeris(
        designation="2099 YZ", asked_mjd=mjd_now(), from_mjd=NIGHT - 0.25, to_mjd=NIGHT + 1.25, nodes=nodes()
    )
    keep_ephemeris(lake.operations, Wanted(target_id=1, night=NIGHT), kept)
    best = reduced_upload(lake, job, quiet).best
    truth = one_star("body", ra_deg=RA_DEG, dec_deg=DEC_DEG, g_mag=G_MAG)
    true_mag = truth.filter(pl.col("band") == BAND)["mag"]
    assert best.status == Status.MEASURED, best.reason
    assert best.mag == pytest.approx(float(true_mag[0]), abs=0.05)


def test_an_upload_waits_until_the_ephemeris_of_its_night_is_fetched_once(lake: Lake, tmp_path: Path) -> None:
    _, job = sent(lake, tmp_path / "frame.fits", simulated=False)
    for _ in range(2):
        with pytest.raises(NotReady) as wait:
            reduced_upload(lake, job, quiet)
    assert wait.value.reason == "It waits for the ephemeris of Body, which is being fetched."
    (asked,) = list_jobs(lake.operations, kind=EPHEMERIS)
    assert wait.value.ticket == str(asked.job_id)
    assert asked.args | {"night": str(NIGHT), "observer": "500"} == asked.args
    fail(lake.operations, job, wait.value)
    taken = claim(lake.operations, "w", kinds=Kinds(only=[EPHEMERIS]))
    assert taken is not None
    finish(lake.operations, taken, find_ephemeris_by(horizons(), lake, taken, quiet))
    assert kept_ephemeris(lake.operations, Wanted(target_id=1, night=NIGHT)) is not None
    again = get_job(lake.operations, job.job_id)
    with pytest.raises(NotReady) as wait:  # the ended job says nothing of stars
        stars_for(lake, again, replace(BODY, ra_deg=200.0), 0.2, simulated=False)
    assert "reference stars" in wait.value.reason


def test_a_body_that_horizons_does_not_know_is_refused_in_one_sentence(lake: Lake, tmp_path: Path) -> None:
    _, job = sent(lake, tmp_path / "frame.fits", simulated=False)
    with pytest.raises(NotReady) as wait:
        reduced_upload(lake, job, quiet)
    fail(lake.operations, job, wait.value)
    taken = claim(lake.operations, "w", kinds=Kinds(only=[EPHEMERIS]))
    assert taken is not None
    fail(lake.operations, taken, Rejected("Horizons knows no body of this name.", code="unknown-body"))
    best = reduced_upload(lake, get_job(lake.operations, job.job_id), quiet).best
    assert (best.status, best.code) == (Status.REJECTED, "no-ephemeris")
    assert "Horizons knows no body" in best.reason


def test_stars_stay_as_they_are_and_a_table_of_a_body_needs_its_time(lake: Lake, tmp_path: Path) -> None:
    _, job = sent(lake, tmp_path / "frame.fits", simulated=False)
    table = InstrumentalTable(stars=pl.DataFrame(), magnitude_column="mag")
    star = replace(BODY, designation="")
    assert placed(lake, job, star, [table], simulated=False) is star
    with pytest.raises(Rejected) as refusal:
        placed(lake, job, replace(BODY, target_id=1), [table], simulated=False)
    assert refusal.value.code == "no-time"
    timed = replace(table, mjd=NIGHT + 0.1)
    made_up = replace(BODY, target_id=1, simulated=True)
    assert placed(lake, job, made_up, [timed], simulated=True) is made_up


def test_a_telescope_whose_place_is_known_has_an_ephemeris_of_its_own() -> None:
    frame = simulate_exposure(
        one_star("body", ra_deg=RA_DEG, dec_deg=DEC_DEG, g_mag=G_MAG),
        rng=np.random.default_rng(1),
        scene=replace(SCENE, shape=(60, 60)),
    ).frame
    assert observer_of(frame) == "500"
    camera = Camera(longitude_deg=-70.731691, latitude_deg=-29.25, altitude_m=2400.4)
    assert observer_of(replace(frame, camera=camera)) == "-70.7317,-29.2500,2400"
