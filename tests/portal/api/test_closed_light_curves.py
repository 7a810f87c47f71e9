"""A light curve by the API has no point of an upload that is closed to who asks."""

import httpx
import polars as pl
import pytest
from api_server import Served

from engine.lightcurve import light_curve
from engine.target import Target, Visibility
from lake.inbox.accepting import UploadRequest, accept
from lake.operations import uploads, writing
from lake.provenance import new_batch
from lake.raw import RawFile
from lake.targets import create_target

CLOSED = "c" * 64
NAME = "ClosedUpload"
AT = f"/api/v1/targets/{NAME}/light-curve"


@pytest.fixture(scope="module", autouse=True)
def target(served: Served) -> None:
    """Make a public target with a point of an archive and one of the owner's private upload."""
    made = create_target(served.lake.operations, Target(name=NAME, ra_deg=200.0, dec_deg=-30.0), by="owner")
    common = {"target_id": made.target_id, "band": "V(GaiaSP)", "mag": 15.5, "mag_err": 0.1}
    rows = [common | {"source": "upload", "source_ref": f"{CLOSED}:", "mjd": 60001.5},
            common | {"source": "ztf", "source_ref": "open", "mjd": 60000.5}]  # fmt: skip
    served.lake.store.append_points(light_curve(pl.DataFrame(rows)), batch=new_batch("test", "upload"))
    request = UploadRequest(
        target=NAME, filename="a.fits", uploaded_by="owner", visibility=Visibility.PRIVATE
    )
    accept(served.lake, RawFile(sha256=CLOSED, size_bytes=3), request)


@pytest.mark.parametrize("path", [AT, f"{AT}?format=csv", f"{AT}?format=votable", f"/download/{NAME}.csv"])
def test_a_closed_point_is_given_to_its_owner_only(
    path: str, owner: httpx.Client, other: httpx.Client, anybody: httpx.Client
) -> None:
    told = {"owner": owner.get(path), "other": other.get(path), "anybody": anybody.get(path)}
    assert {who: CLOSED in answer.text for who, answer in told.items()} == {
        "owner": True, "other": False, "anybody": False,
    }  # fmt: skip
    assert told["owner"].headers["etag"] != told["anybody"].headers["etag"]
    tag = {"If-None-Match": told["owner"].headers["etag"]}
    assert anybody.get(path, headers=tag).status_code == 200


def test_a_closed_point_is_no_point_by_its_number_either(owner: httpx.Client, other: httpx.Client) -> None:
    points = {point["source"]: point["point_id"] for point in owner.get(AT).json()["points"]}
    at = f"/api/v1/targets/{NAME}/points"
    assert owner.get(f"{at}/{points['upload']}").status_code == 200
    assert other.get(f"{at}/{points['upload']}").json()["code"] == "unknown-point"
    assert other.get(f"{at}/{points['ztf']}").status_code == 200


def test_an_answer_that_was_remembered_goes_with_the_right_to_it(
    served: Served, owner: httpx.Client, other: httpx.Client
) -> None:
    assert CLOSED not in other.get(AT).text
    of_file = uploads.c.sha256 == CLOSED
    for visibility, is_told in ((Visibility.PUBLIC, True), (Visibility.PRIVATE, False)):
        with writing(served.lake.operations) as connection:
            connection.execute(uploads.update().where(of_file).values(visibility=visibility.value))
        assert (CLOSED in other.get(AT).text) is is_told
        assert CLOSED in owner.get(AT).text
