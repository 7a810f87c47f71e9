"""`tomlake recalibrate`, `promote` and `demote` on frames that an older code reduced."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from installations import needs_folder, opened_in
from polars.testing import assert_frame_equal
from typer.testing import CliRunner

from engine.photometry.sky import Scene, simulate_exposure, write_fits
from engine.photometry.sky_stars import gaia_like_stars, one_star
from engine.photometry.verdict import CALIB_VERSION, Reduction
from engine.target import Target
from jobs.reduce import reduced_upload
from lake.frames import save_reduction
from lake.inbox.accepting import UploadRequest, accept
from lake.inbox.uploads import UploadResult, UploadStatus, set_upload_result
from lake.job_rows import JobState
from lake.opening import Lake, open_lake
from lake.people.accounts import create_user
from lake.provenance import new_batch
from lake.queue import Kinds, claim, finish, list_jobs
from lake.references import put_stars
from lake.settings import read_settings
from lake.targets import create_target
from tomlake.main import app

TARGET = Target(name="Star", ra_deg=150.03, dec_deg=30.02, simulated=True)
FRAMES = 2
OLD_OFFSET_MAG = 0.25

runner = CliRunner()
pytestmark = needs_folder


@pytest.fixture
def lake(reduced: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lake]:
    """Give a lake of its own in which an older code, 0.25 mag off, reduced two frames of a simulated star."""
    monkeypatch.setenv("TOMLAKE_DATA", str(tmp_path / "data"))
    shutil.copytree(reduced, tmp_path / "data")
    opened = open_lake(read_settings({"TOMLAKE_DATA": str(tmp_path / "data")}))
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def reduced(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the data folder of such a lake."""
    folder = tmp_path_factory.mktemp("reduced")
    opened = opened_in(folder / "data")
    create_user(opened.operations, "ada", "a long enough one")
    create_target(opened.operations, TARGET, by="ada")
    rng = np.random.default_rng(5)
    stars = gaia_like_stars(rng, ra_deg=150.0, dec_deg=30.0, radius_deg=0.25, density_per_deg2=2500.0)
    put_stars(opened.store, stars, batch=new_batch("references", "file"))
    star = one_star(TARGET.name, ra_deg=TARGET.ra_deg, dec_deg=TARGET.dec_deg, g_mag=14.5)
    for night in range(FRAMES):
        scene = Scene(ra_deg=150.0, dec_deg=30.0, shape=(400, 420), mjd=60000.0 + night)
        exposure = simulate_exposure(pl.concat([stars, star]), rng=rng, scene=scene)
        path = folder / f"night{night}.fits"
        write_fits(exposure, path, object_name=TARGET.name)
        _reduced_of_old(opened, path)
    opened.close()
    return folder / "data"


def _reduced_of_old(lake: Lake, path: Path) -> None:
    with lake.raw.receive() as reception:
        reception.write(path.read_bytes())
        raw_file = reception.finish()
    request = UploadRequest(target=TARGET.name, filename=path.name, uploaded_by="ada", simulated=True)
    accept(lake, raw_file, request)
    job = claim(lake.operations, "w", kinds=Kinds(only={"reduce"}))
    assert job is not None
    reduced = reduced_upload(lake, job, lambda _step, _share: None)
    frame_ids = save_reduction(
        lake, reduced.origin, [_of_old(each) for each in reduced.reductions], batch=reduced.batch
    )
    result = UploadResult(
        upload_id=reduced.sent.upload_id,
        status=UploadStatus.MEASURED,
        code="",
        reason="",
        frame_ids=frame_ids,
    )
    set_upload_result(lake.operations, job, result)
    finish(lake.operations, job, "Done.")


def _of_old(reduction: Reduction) -> Reduction:
    assert reduction.mag is not None
    return replace(reduction, calib_version="old-1", mag=reduction.mag + OLD_OFFSET_MAG)


def _done(*words: str) -> str:
    result = runner.invoke(app, list(words), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def test_old_frames_come_out_anew_once_and_go_back_exactly(lake: Lake, tmp_path: Path) -> None:
    before = lake.store.light_curve(1)
    told = _done("recalibrate", "--target", TARGET.name, "--processes", "1")
    assert f"{FRAMES} of {FRAMES} uploads were reduced anew by {CALIB_VERSION}." in told
    assert "-250.0" in told
    assert_frame_equal(lake.store.light_curve(1), before)
    jobs, version = list_jobs(lake.operations), lake.store.version()
    assert {job.state for job in jobs} == {JobState.DONE}

    table = tmp_path / "report.csv"
    again = _done("recalibrate", "--csv", str(table))
    assert f"0 of {FRAMES} uploads were reduced anew" in again
    assert "-250.0" in again
    assert (list_jobs(lake.operations), lake.store.version()) == (jobs, version)
    assert pl.read_csv(table)["change_mag"].to_list() == pytest.approx([-OLD_OFFSET_MAG] * FRAMES)

    assert f"{FRAMES} uploads with {FRAMES} points changed" in _done("promote")
    after = lake.store.light_curve(1)
    assert set(after["calib_version"]) == {CALIB_VERSION}
    assert (after["mag"] - before["mag"]).to_list() == pytest.approx([-OLD_OFFSET_MAG] * FRAMES)
    assert "Nothing was changed" in _done("promote")
    assert "Nothing newer than what counts" in _done("recalibrate")

    assert f"{FRAMES} uploads" in _done("demote", "--since", "2023-01-01")
    assert_frame_equal(lake.store.light_curve(1), before)
    assert "Nothing was changed" in _done("demote", "--camera", "another")


def test_what_cannot_be_reduced_anew_is_named_and_the_rest_goes_on(lake: Lake) -> None:
    (lost,) = lake.store.read("SELECT raw_sha256 FROM lake.frames ORDER BY mjd LIMIT 1")["raw_sha256"]
    lake.raw.remove(lost)
    result = runner.invoke(app, ["recalibrate", "--processes", "1"], catch_exceptions=False)
    assert result.exit_code == 1
    assert f"1 of {FRAMES} uploads were reduced anew" in result.output
    assert f"The raw file {lost} of night0.fits is not kept here" in result.output
