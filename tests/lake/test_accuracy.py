"""The live accuracy of a camera counts the frames that a person may see, and no others."""

from collections.abc import Iterator

import numpy as np
import polars as pl
import pytest
from installations import opened_in

from engine.accuracy.simulated import (
    SimulatedCamera,
    simulated_frames,
    simulated_references,
    simulated_stars,
)
from engine.frame import Camera
from engine.target import Target, Visibility
from lake.accuracy import camera_accuracy
from lake.changes import Change
from lake.inbox.accepting import UploadRequest, accept
from lake.opening import Lake
from lake.people.accounts import User, create_user, find_user
from lake.provenance import new_batch
from lake.raw import RawFile
from lake.sites.observatories import Observatory, RegisteredCamera, add_camera, add_observatory
from lake.tables import FRAME_STARS, FRAMES
from lake.targets import create_target

STARS = 400
SHARINGS = (  # target, upload: open to all; closed by the upload; closed by the target
    (Visibility.PUBLIC, Visibility.PUBLIC),
    (Visibility.PUBLIC, Visibility.PRIVATE),
    (Visibility.PRIVATE, Visibility.PUBLIC),
)


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lake]:
    opened = opened_in(tmp_path_factory.mktemp("accuracy") / "data")
    for name in ("ada", "eve", "staff"):
        create_user(opened.operations, name, "right horse", is_staff=name == "staff")
    for visibility in (Visibility.PUBLIC, Visibility.PRIVATE):
        ra_deg = 1.0 if visibility == Visibility.PUBLIC else 2.0
        target = Target(name=f"Star {visibility}", ra_deg=ra_deg, dec_deg=1.0, visibility=visibility)
        create_target(opened.operations, target, by="ada")
    rng = np.random.default_rng(3)
    references = simulated_references(rng, stars=STARS)
    opened.store.append("reference_stars", references, batch=new_batch("test", "simulated"))
    for number, (of_target, of_upload) in enumerate(SHARINGS):
        request = UploadRequest(
            target=f"Star {of_target}", filename="a.fits", uploaded_by="ada", visibility=of_upload
        )
        sent = accept(opened, RawFile(sha256=f"{number}" * 64, size_bytes=3), request)
        # every closed frame is ten times as bad as the open one: what leaks shows in the rms
        truth = SimulatedCamera(facility="Ostrowik", camera="CCD1", floor_mag=0.02 if number == 0 else 0.2)
        frames = simulated_frames(rng, truth, count=1, first=number).with_columns(
            upload_id=pl.lit(sent.upload_id), flags=pl.lit(0, pl.UInt32)
        )
        stars = simulated_stars(rng, frames, references, stars=STARS, camera=truth)
        for table, rows in (("frames", frames), ("frame_stars", stars)):
            opened.store.append(table, rows, batch=new_batch("test", "upload"))
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def camera(lake: Lake) -> RegisteredCamera:
    place = Observatory(name="Ostrowik", longitude_deg=21.42, latitude_deg=52.09)
    site = add_observatory(lake.operations, place, by="ada")
    return add_camera(lake.operations, site.observatory_id or 0, Camera(name="CCD1"), by="ada")


def person(lake: Lake, name: str) -> User:
    found = find_user(lake.operations, name)
    assert found is not None
    return found


def test_frames_that_are_closed_to_a_person_do_not_count(lake: Lake, camera: RegisteredCamera) -> None:
    counted = {
        name: camera_accuracy(lake.store, lake.operations, camera, person(lake, name) if name else None)
        for name in ("", "eve", "ada", "staff")
    }
    assert {name: (each.frames, each.stars) for name, each in counted.items()} == {
        "": (1, STARS), "eve": (1, STARS), "ada": (3, 3 * STARS), "staff": (3, 3 * STARS),
    }  # fmt: skip
    worst = {name: each.field.by_mag["rms_mag"].max() for name, each in counted.items()}
    assert worst["eve"] < 0.15 < worst["ada"]


def test_colours_come_from_the_catalogue_and_saturated_stars_do_not_count(
    lake: Lake, camera: RegisteredCamera
) -> None:
    before = camera_accuracy(lake.store, lake.operations, camera, None)
    assert before.field.by_colour["stars"].sum() == STARS
    burnt = lake.store.read("SELECT * FROM lake.frame_stars LIMIT 1").with_columns(
        flags=pl.lit(2, pl.UInt32), batch_id=pl.lit("burnt")
    )
    lake.store.append("frame_stars", burnt.drop("batch_id"), batch=new_batch("test", "upload"))
    assert camera_accuracy(lake.store, lake.operations, camera, None).stars == STARS


def test_simulated_frames_say_nothing_of_a_real_camera(lake: Lake, camera: RegisteredCamera) -> None:
    rows = lake.store.read("SELECT * FROM lake.frames").head(1)
    pretended = rows.with_columns(frame_id=pl.lit("u1-R"), flags=pl.lit(1, pl.UInt32)).drop("batch_id")
    lake.store.append("frames", pretended, batch=new_batch("test", "upload"))
    assert camera_accuracy(lake.store, lake.operations, camera, person(lake, "staff")).frames == 3


def test_what_was_asked_before_is_answered_from_memory_until_the_lake_changes(
    lake: Lake, camera: RegisteredCamera
) -> None:
    first = camera_accuracy(lake.store, lake.operations, camera, None)
    assert camera_accuracy(lake.store, lake.operations, camera, None) is first
    empty = lake.store.read("SELECT * FROM lake.frame_stars").head(0)
    lake.store.append("frame_stars", empty, batch=new_batch("test", "upload"))
    assert camera_accuracy(lake.store, lake.operations, camera, None) is not first


def test_a_new_reduction_of_a_frame_is_counted_at_once(lake: Lake, camera: RegisteredCamera) -> None:
    staff = person(lake, "staff")
    before = camera_accuracy(lake.store, lake.operations, camera, staff)
    frames = lake.store.read("SELECT * FROM lake.frames WHERE frame_id = 'u0'")
    stars = lake.store.read("SELECT * FROM lake.frame_stars WHERE frame_id = 'u0' LIMIT 7")
    keys = frames.select("frame_id")
    changes = [
        Change(table=FRAMES, rows=frames.with_columns(pl.col("made_mjd") + 1.0), keys=keys),
        Change(table=FRAME_STARS, rows=stars, keys=keys),
    ]
    lake.store.commit(changes, batch=new_batch("test", "upload"))
    after = camera_accuracy(lake.store, lake.operations, camera, staff)
    assert before.stars - after.stars == STARS - len(stars)
