"""The page Upload: kinds of files, the remembered camera, first looks, and what became of each file."""

import re

import pytest
from page_lakes import REAL_NAME, SIMULATED_NAME
from page_visits import visit, words

from engine.photometry.looked import Glance
from engine.target import Visibility
from lake.glances import keep_glances
from lake.inbox.accepting import Upload, UploadKind, UploadRequest, accept
from lake.inbox.uploads import uploads
from lake.opening import Lake
from lake.people.accounts import User, find_user, open_session
from lake.rights import Shared
from portal.api.upload_fields import upload_fields
from portal.api.v1.upload_models import NewTransfer
from portal.frame import sending

HOSTILE_FILE = "=HYPERLINK(1)<b>.fits"


@pytest.fixture
def lake(full_lake: Lake, observer_session: str) -> Lake:
    return full_lake


def person(lake: Lake, name: str) -> User:
    found = find_user(lake.operations, name)
    assert found is not None
    return found


def send(lake: Lake, filename: str, observatory: str = "") -> Upload:
    with lake.raw.receive() as reception:
        reception.write(filename.encode())
        raw_file = reception.finish()
    request = UploadRequest(target=REAL_NAME, filename=filename, uploaded_by="ben", observatory=observatory)
    return accept(lake, raw_file, request)


@pytest.mark.parametrize("kind", sending.KINDS, ids=lambda kind: kind.kind.value)
def test_each_kind_of_file_is_said_alike_for_a_whole_file_and_for_pieces(kind: sending.Kind) -> None:
    shared = Shared(owner="ben", visibility=Visibility.GROUP, group_id=7, embargo_until_mjd=61000.0)
    said = sending.Said(
        target=REAL_NAME, kind=kind.kind, observatory="Ostrowik_CCD1", requested_filter="GaiaSP/g",
        comment="c", is_trial=True, shared=shared,
        mjd=60000.25 if kind.kind == UploadKind.PHOTOMETRY else None,
    )  # fmt: skip
    whole = upload_fields(dict(sending.query_of(said)))
    pieces = NewTransfer.model_validate(sending.about_of(said) | {"filename": "a.fits", "size_bytes": 9})
    same = ("target", "kind", "observatory", "dry_run", "mjd", "visibility", "group", "embargo_until_mjd")
    assert [getattr(whole, name) for name in same] == [getattr(pieces, name) for name in same]
    assert whole.requested_filter == pieces.filter


@pytest.mark.parametrize(
    ("name", "kinds"),
    [
        ("a.FITS", {"fits_file", "photometry", "photometry_csv", "spectroscopy"}),
        ("a.fits.fz", {"fits_file", "photometry", "photometry_csv", "spectroscopy"}),
        ("a.csv", {"photometry", "photometry_csv", "spectroscopy"}),
        ("a.spec", {"spectroscopy"}),
        ("fits.py", set()),
        ("notes.fits.bak", set()),
        ("Thumbs.db", set()),
    ],
)
def test_of_a_folder_only_observations_are_taken(name: str, kinds: set[str]) -> None:
    taken = {kind.kind.value for kind in sending.KINDS if re.search(kind.folder_takes, name, re.IGNORECASE)}
    assert taken == kinds


def test_a_table_of_stars_waits_for_its_time(
    lake: Lake,
    signed_in,  # noqa: ANN001
) -> None:
    signed_in(open_session(lake.operations, person(lake, "ben")))
    at = visit("upload", target=REAL_NAME)
    assert not at.number_input
    at.selectbox(key="upload_kind").select_index(1).run()
    assert not at.exception
    at.number_input(key="upload_mjd").set_value(60000.5).run()
    assert not at.exception
    assert at.number_input(key="upload_mjd").value == 60000.5


def test_the_camera_that_somebody_took_last_is_chosen_again(
    lake: Lake,
    signed_in,  # noqa: ANN001
) -> None:
    signed_in(open_session(lake.operations, person(lake, "ben")))
    send(lake, "first.fits")
    assert visit("upload").selectbox(key="upload_camera").value.startswith("Not registered")
    send(lake, "second.fits", observatory="Ostrowik_CCD1")
    assert visit("upload").selectbox(key="upload_camera").value == "Ostrowik_CCD1"


def test_what_became_of_each_file_leads_to_its_verdict_and_shows_first_looks(lake: Lake) -> None:
    sent = send(lake, HOSTILE_FILE)
    seen = Glance(
        plane="", width_pix=400, height_pix=300, mjd=60210.5, exptime_s=60.0, filter_name="r", ra_deg=100.0,
        dec_deg=20.0, stars=3, saturated_share=0.0, saturated_stars=0.9,
    )  # fmt: skip
    keep_glances(lake, sent.sha256, [(seen, b"")])
    measured = [each for each in uploads(lake.operations, None) if each.target_name == SIMULATED_NAME]
    rows = {row["File"]: row for row in sending.became([sent, *measured], person(lake, "ben")).to_dicts()}
    mine = rows[HOSTILE_FILE]
    assert mine["Verdict"] == f"/frame?frame=u{sent.upload_id}"
    assert [part.split(":")[0] for part in mine["Look at"].split("; ")] == ["Position", "Saturation", "Stars"]
    assert rows["measured*.fits"]["Gave"] == "16.321 ± 0.021 mag r(GaiaSP)"
    assert rows["rejected*.fits"]["Gave"] == "not measured"


def test_the_page_shows_first_looks_of_what_waits(
    lake: Lake,
    signed_in,  # noqa: ANN001
) -> None:
    signed_in(open_session(lake.operations, person(lake, "ben")))
    at = visit("upload")
    assert not at.exception
    assert "only 3 stand out" in words(at)
