"""The demo: plausible, whole, marked as simulated everywhere, and gone without a trace."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from engine.errors import Rejected
from engine.lightcurve import Flag
from engine.photometry.sky_stars import one_star
from engine.target import CLASSES
from engine.times import mjd_now
from jobs.loop import work
from jobs.tasks import TASKS
from jobs.watch import Limits
from lake.contents import contents
from lake.inbox.accepting import UploadStatus, uploads
from lake.opening import Lake, open_lake
from lake.removal import remove_simulated
from lake.rights import SYSTEM
from lake.seen import Unseen
from lake.settings import read_settings
from lake.target_list import TargetFilter, find_targets
from lake.targets import get_target
from tomlake.demo.cast import cast
from tomlake.demo.load import load_demo, username_of
from tomlake.demo.observatory import OBSERVERS
from tomlake.demo.surveys import survey_points

NOW_MJD = 61365.2


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    opened = open_lake(read_settings({"TOMLAKE_DATA": str(tmp_path)}))
    load_demo(opened, lambda _step, _fraction: None)
    return opened


def test_the_cast_is_of_many_classes_and_everybody_has_a_name_of_their_own() -> None:
    actors = cast(NOW_MJD)
    assert len({actor.name for actor in actors}) == len(actors) >= 20
    classes = {actor.classification for actor in actors}
    assert len(classes) >= 18
    assert classes <= set(CLASSES)


def test_an_object_has_one_history_whoever_asks() -> None:
    actor = next(actor for actor in cast(NOW_MJD) if actor.classification == "AGN")
    mjd = np.linspace(60000.0, 60100.0, 50)
    whole = actor.change_mag(mjd, now_mjd=NOW_MJD)
    assert np.allclose(actor.change_mag(mjd[20:30], now_mjd=NOW_MJD), whole[20:30])


def test_every_point_of_every_survey_says_that_it_is_simulated() -> None:
    for actor in cast(NOW_MJD):
        points = survey_points(actor, 1, now_mjd=NOW_MJD, rng=np.random.default_rng(1))
        assert len(points) > 50
        assert ((points["flags"] & int(Flag.SIMULATED)) > 0).all()
        assert points["mjd"].max() <= NOW_MJD
        assert points["facility"].str.contains("simulated").all()


def test_its_frames_go_through_the_real_queue_and_it_leaves_no_trace(lake: Lake) -> None:
    with pytest.raises(Rejected) as refusal:
        load_demo(lake, lambda _step, _fraction: None)
    assert refusal.value.code == "demo-is-there"
    sent = uploads(lake.operations, SYSTEM)
    assert len(sent) >= 15
    work(lake, TASKS, name="test", limits=Limits(wall_clock_s=120, memory_mb=3000), once=True)
    ended = uploads(lake.operations, SYSTEM)
    measured = [upload for upload in ended if upload.status == UploadStatus.MEASURED]
    assert len(measured) >= len(sent) - 4
    assert any(upload.status == UploadStatus.REJECTED for upload in ended)  # the lens cap
    _check_against_the_truth(lake)
    everything = lake.store.read("SELECT flags, source FROM lake.photometry")
    assert ((everything["flags"] & int(Flag.SIMULATED)) > 0).all()
    assert set(everything["source"]) == {"demo", "upload"}

    remove_simulated(lake, usernames=[username_of(observer) for observer in OBSERVERS])
    assert find_targets(lake.operations, TargetFilter(), SYSTEM)[1] == 0
    assert not uploads(lake.operations, SYSTEM)
    held = contents(lake.store, Unseen())
    assert (held.points, held.frames) == (0, 0)
    assert lake.store.read("SELECT count(*) AS n FROM lake.reference_stars")["n"].to_list() == [0]
    assert not list(lake.raw.hashes())


def _check_against_the_truth(lake: Lake) -> None:
    now_mjd = mjd_now()
    actors = {actor.name: actor for actor in cast(now_mjd)}
    frames = lake.store.read("SELECT * FROM lake.frames WHERE status = 'measured'")
    pulls = []
    for frame in frames.iter_rows(named=True):
        actor = actors[get_target(lake.operations, frame["target_id"], SYSTEM).name]
        change_mag = float(actor.change_mag(np.array([frame["mjd"]]), now_mjd=now_mjd)[0])
        star = one_star(
            "x", ra_deg=0.0, dec_deg=0.0, g_mag=actor.g_mag + change_mag, bp_rp_mag=actor.bp_rp_mag
        )
        true_mag = star.filter(pl.col("band") == frame["band"])["mag"].item()
        pulls.append((frame["mag"] - true_mag) / frame["mag_err"])
    assert len(pulls) >= 15
    assert np.median(np.abs(pulls)) < 1.0
    assert np.mean(np.abs(pulls) < 3.0) > 0.9
