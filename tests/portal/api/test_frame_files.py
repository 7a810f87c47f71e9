"""The picture of a frame and its file as sent: for whoever sees the upload, and byte for byte."""

import httpx
import pytest
from api_server import Served
from measured import PNG, upload_measured

from engine.target import Target, Visibility
from lake.inbox.changes import share_upload
from lake.inbox.uploads import upload
from lake.rights import SYSTEM, Shared
from lake.targets import create_target

NAME = "Pictured"


@pytest.fixture(scope="module")
def frame_ids(served: Served) -> dict[str, str]:
    """Return an open frame, and one whose upload is its owner's alone."""
    create_target(served.lake.operations, Target(name=NAME, ra_deg=210.0, dec_deg=-30.0), by="owner")
    sent = {kind: upload_measured(served.lake, NAME, f'{kind}".fits.gz') for kind in ("open", "closed")}
    closed = Shared(owner="owner", visibility=Visibility.PRIVATE)
    share_upload(served.lake, sent["closed"], closed, user=SYSTEM)
    return {kind: f"u{upload_id}" for kind, upload_id in sent.items()}


def test_a_picture_and_a_file_are_given_as_they_are_kept(
    anybody: httpx.Client, served: Served, frame_ids: dict[str, str]
) -> None:
    at = f"/api/v1/frames/{frame_ids['open']}"
    picture = anybody.get(f"{at}/picture")
    assert (picture.content, picture.headers["content-type"]) == (PNG, "image/png")
    again = anybody.get(f"{at}/picture", headers={"If-None-Match": picture.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    raw = anybody.get(f"{at}/raw")
    sent = upload(served.lake.operations, int(frame_ids["open"][1:]), None)
    with served.lake.raw.open(sent.sha256) as stream:
        assert raw.content == stream.read()
    assert raw.headers["content-disposition"] == f'attachment; filename="{frame_ids["open"]}.fits.gz"'


@pytest.mark.parametrize("part", ["picture", "raw"])
def test_a_closed_upload_looks_like_none(
    part: str, anybody: httpx.Client, other: httpx.Client, owner: httpx.Client, frame_ids: dict[str, str]
) -> None:
    assert owner.get(f"/api/v1/frames/{frame_ids['closed']}/{part}").status_code == 200
    for client in (anybody, other):
        refused = client.get(f"/api/v1/frames/{frame_ids['closed']}/{part}")
        missing = client.get(f"/api/v1/frames/u987654/{part}")
        words = {
            answer.text.replace(name, "ID")
            for answer, name in ((refused, frame_ids["closed"]), (missing, "u987654"))
        }
        assert (refused.status_code, missing.status_code, len(words)) == (404, 404, 1)
