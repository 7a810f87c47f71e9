"""The accuracy of a camera over a real socket: whom it tells of whose frames, and that it is as described."""

import httpx
import pytest
from api_server import Served
from measured import upload_measured
from openapi_schema_validator import OAS31Validator

from engine.frame import Camera
from lake.sites.observatories import add_camera, list_observatories

AT = "/api/v1/observatories/ROAD_accurate/accuracy"


@pytest.fixture(scope="module", autouse=True)
def frames(served: Served) -> None:
    site = list_observatories(served.lake.operations)[0]
    camera = Camera(name="QHY600M")  # the name that frames of ``measured`` carry
    add_camera(served.lake.operations, site.observatory_id or 0, camera, by="owner", oname="ROAD_accurate")
    upload_measured(served.lake, "Gaia22bpl", "open.fits", mjd=60400.5)
    upload_measured(served.lake, "Hidden1", "hidden.fits", mjd=60500.5)


def test_a_stranger_is_told_of_open_frames_only(
    anybody: httpx.Client, other: httpx.Client, owner: httpx.Client
) -> None:
    told = {name: client.get(AT).json() for name, client in (("a", anybody), ("b", other), ("o", owner))}
    assert told["a"]["frames"] == told["b"]["frames"] == told["o"]["frames"] - 1
    assert told["a"]["stars"] == told["o"]["stars"] - 3
    assert told["a"]["to_mjd"] < 60500.0 < told["o"]["to_mjd"]
    assert "Too few stars" in told["a"]["sentences"][0]


def test_the_answer_is_as_its_description_says(anybody: httpx.Client) -> None:
    described = anybody.get("/api/v1/openapi.json").json()
    schema = described["paths"]["/observatories/{oname}/accuracy"]["get"]["responses"]["200"]["content"]
    root = {"components": described["components"], **schema["application/json"]["schema"]}
    OAS31Validator(root).validate(anybody.get(AT).json())


def test_an_answer_that_is_still_so_is_not_sent_again(anybody: httpx.Client) -> None:
    tag = anybody.get(AT).headers["etag"]
    assert anybody.get(AT, headers={"If-None-Match": tag}).status_code == 304


def test_an_unknown_camera_is_refused_in_one_sentence(anybody: httpx.Client) -> None:
    refused = anybody.get("/api/v1/observatories/nowhere/accuracy")
    assert (refused.status_code, refused.json()["code"]) == (404, "unknown-observatory")
