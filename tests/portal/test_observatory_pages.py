"""The pages of observatories: what they say of a camera, to whom, and how one is registered."""

import numpy as np
import polars as pl
import pytest
from page_lakes import SIMULATED_NAME
from page_visits import visit, words
from streamlit.testing.v1 import AppTest

from engine.accuracy.simulated import (
    SimulatedCamera,
    simulated_frames,
    simulated_references,
    simulated_stars,
)
from engine.target import Target, Visibility
from lake.inbox.accepting import UploadRequest, accept
from lake.opening import Lake
from lake.people.accounts import find_user
from lake.provenance import new_batch
from lake.raw import RawFile
from lake.sites.observatories import camera_registered
from lake.targets import create_target
from portal.observing import telescopes

ONAME = "Ostrowik_CCD1"
FADING = SimulatedCamera(facility="Ostrowik", camera="CCD1", fading_mag_per_y=1.0, frames_per_night=1)


@pytest.fixture(scope="module", autouse=True)
def frames(built_full_lake: Lake) -> None:
    """Give the camera of the full lake a hundred open nights, and one frame of a private target."""
    lake, rng = built_full_lake, np.random.default_rng(2)
    hidden = Target(name="Closed nights", ra_deg=50.0, dec_deg=1.0, visibility=Visibility.PRIVATE)
    create_target(lake.operations, hidden, by="maker")
    references = simulated_references(rng, stars=500)
    lake.store.append("reference_stars", references, batch=new_batch("test", "simulated"))
    for number, (name, count) in enumerate(((SIMULATED_NAME, 100), (hidden.name, 1))):
        request = UploadRequest(target=name, filename="night.fits", uploaded_by="maker")
        sent = accept(lake, RawFile(sha256=f"{number}" * 64, size_bytes=3), request)
        taken = simulated_frames(rng, FADING, count=count, first=100 * number).with_columns(
            frame_id=pl.lit(f"n{number}-") + pl.col("frame_id"),
            upload_id=pl.lit(sent.upload_id),
            flags=pl.lit(0, pl.UInt32),
        )
        stars = simulated_stars(rng, taken, references, stars=50, camera=FADING)
        for table, rows in (("frames", taken), ("frame_stars", stars)):
            lake.store.append(table, rows, batch=new_batch("test", "upload"))


def test_a_cameras_page_says_how_good_it_is_and_draws_it(full_lake: Lake) -> None:
    at = visit("camera", camera=ONAME)
    assert not at.exception
    told = words(at)
    assert "Frames of this camera are good to" in told
    assert "Its errors are honest" in told
    assert "clean the mirror?" in told
    assert len(at.get("vega_lite_chart")) == 6


def test_frames_of_a_private_target_do_not_count_for_a_visitor(
    full_lake: Lake,
    staff_session: str,
    signed_in,  # noqa: ANN001
) -> None:
    assert "100 frames that you may see" in words(visit("camera", camera=ONAME))
    signed_in(staff_session)
    assert "101 frames that you may see" in words(visit("camera", camera=ONAME))


@pytest.mark.parametrize("name", ["", "nowhere", "<b>x</b>", "'; DROP TABLE cameras", "x" * 5000])
def test_a_camera_that_is_not_there_is_said_to_be_so(full_lake: Lake, name: str) -> None:
    at = visit("camera", camera=name)
    assert not at.exception
    assert at.title[0].value == "No such camera"


def test_the_list_counts_what_a_visitor_may_see_and_sorts(full_lake: Lake) -> None:
    table = telescopes.cameras_table(None, sort="Most frames")
    assert dict(table.select("Name", "Frames").iter_rows())[ONAME] == 100
    maker = find_user(full_lake.operations, "maker")
    table = telescopes.cameras_table(maker, sort="Most frames")
    assert dict(table.select("Name", "Frames").iter_rows())[ONAME] == 101
    for sort, (column, is_descending) in telescopes.SORTS.items():
        values = telescopes.cameras_table(None, sort=sort)[column].drop_nulls()
        assert values.to_list() == values.sort(descending=is_descending).to_list()


def test_a_favourite_is_kept_and_left_on_the_cameras_page(
    full_lake: Lake,
    staff_session: str,
    signed_in,  # noqa: ANN001
) -> None:
    signed_in(staff_session)
    for label, is_kept in (("Keep at hand", True), ("Favourite", False)):
        at = visit("camera", camera=ONAME)
        next(button for button in at.button if button.label == label).click().run()
        kept = telescopes.favourites(find_user(full_lake.operations, "ana"))
        assert (ONAME in kept) == is_kept


def fill(at: AppTest, texts: dict[str, str], numbers: dict[str, float]) -> AppTest:
    for label, value in texts.items():
        next(field for field in at.text_input if field.label == label).set_value(value)
    for label, number in numbers.items():
        next(field for field in at.number_input if field.label == label).set_value(number)
    return next(button for button in at.button if button.label == "Register").click().run()


def test_an_observatory_is_registered_with_its_camera_by_whoever_is_signed_in(
    full_lake: Lake,
    observer_session: str,
    signed_in,  # noqa: ANN001
) -> None:
    assert not [button for button in visit("observatories").button if button.label == "Register"]
    signed_in(observer_session)
    texts = {"Observatory": "Hill (old)", "Camera": "CCD 2"}
    at = fill(visit("observatories"), texts, {"Longitude": 21.5, "Latitude": 52.1, "Gain (e⁻/ADU)": 1.5})
    assert not at.exception
    made = camera_registered(full_lake.operations, "Hill_old_CCD_2")
    assert (made.camera.gain_e_adu, made.observatory.created_by) == (1.5, "ben")


def test_where_the_camera_is_refused_no_observatory_is_left_behind(
    full_lake: Lake,
    observer_session: str,
    signed_in,  # noqa: ANN001
) -> None:
    signed_in(observer_session)
    place = {"Longitude": 21.5, "Latitude": 52.1}
    for texts, numbers in (
        ({"Observatory": "Nowhere 1", "Camera": ""}, place),
        ({"Observatory": "Nowhere 1", "Camera": "A"}, {"Latitude": 52.1}),
    ):
        at = fill(visit("observatories"), texts, numbers)
        assert not at.exception
        assert len([warning for warning in at.warning if "Simulated" not in warning.value]) == 1
    listed = telescopes.cameras_table(None, sort="Name")["Observatory"].to_list()
    assert "Nowhere 1" not in listed
    at = fill(visit("observatories"), {"Observatory": "Nowhere 1", "Camera": "A"}, place)
    assert not [warning for warning in at.warning if "exists" in warning.value]
