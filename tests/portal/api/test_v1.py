"""The new API over a real socket: what it gives, to whom, and how it refuses."""

import io
import re
from itertools import count

import httpx
import polars as pl
import pytest
from api_server import Served
from openapi_schema_validator import OAS31Validator
from openapi_spec_validator import validate

from engine.lightcurve import light_curve
from engine.target import Target, Visibility
from lake.changes import Change
from lake.inbox.accepting import uploads
from lake.provenance import new_batch
from lake.tables import CALIBRATIONS, FRAMES
from lake.targets import create_target, get_target

SECRET, OPEN = "V1Hidden", "V1Open"
NUMBERS = count()


@pytest.fixture(scope="module", autouse=True)
def points(served: Served) -> None:
    for name, dec_deg, visibility in (
        (SECRET, -40.0, Visibility.PRIVATE),
        (OPEN, -42.0, Visibility.PUBLIC),
    ):
        target = Target(name=name, ra_deg=200.0, dec_deg=dec_deg, visibility=visibility)
        target_id = create_target(served.lake.operations, target, by="owner").target_id
        rows = [
            {"target_id": target_id, "source": source, "source_ref": source, "mjd": 60000.5, "band": band,
             "mag": 15.5, "mag_err": 0.1}
            for source, band in (("upload", "V(GaiaSP)"), ("fink", "ZTF(zg)"), ("ztf", "ZTF(zg)"))
        ]  # fmt: skip
        served.lake.store.append_points(light_curve(pl.DataFrame(rows)), batch=new_batch("test", "upload"))


@pytest.fixture
def described(anybody: httpx.Client) -> dict[str, dict[str, dict[str, object]]]:
    return anybody.get("/api/v1/openapi.json").json()


def ways_to_ask(client: httpx.Client, name: str) -> list[httpx.Response]:
    """Ask for a target by every route that takes one."""
    at = f"/api/v1/targets/{name}"
    about = {"target": name, "filename": "a.fits"}
    return [
        client.get(at),
        client.get(f"{at}/light-curve"),
        client.get(f"{at}/light-curve", params={"format": "fits"}),
        client.get(f"{at}/points/1"),
        client.get(f"{at}/frames"),
        client.get(f"{at}/archives"),
        client.get("/api/v1/uploads", params={"target": name}),
        client.patch(at, json={"importance": 1}),
        client.delete(at),
        client.post(f"{at}/archives"),
        client.post("/api/v1/uploads", params=about, content=b"x"),
        client.post("/api/v1/transfers", json=about | {"size_bytes": 3}),
    ]


def test_a_private_target_looks_to_a_stranger_like_one_that_is_not_there(other: httpx.Client) -> None:
    for asked, never in zip(ways_to_ask(other, SECRET), ways_to_ask(other, "V1Absent"), strict=True):
        assert (asked.status_code, asked.text.replace(SECRET, "?")) == (
            404,
            never.text.replace("V1Absent", "?"),
        )
        assert asked.headers["content-type"] == "application/problem+json"
        assert asked.json()["code"] == "unknown-target"


def test_no_list_tells_a_stranger_of_a_private_target(anybody: httpx.Client, owner: httpx.Client) -> None:
    lists = (
        "/api/v1/targets?name=V1", "/api/v1/search?q=V1Hid", "/api/v1/search?q=200 -40",
        "/api/v1/cone?ra_deg=200&dec_deg=-40&radius_arcsec=60", "/api/v1/jobs", "/api/v1/uploads",
    )  # fmt: skip
    for address in lists:
        assert SECRET not in anybody.get(address).text
    for address in lists[:4]:
        assert SECRET in owner.get(address).text


def test_pages_follow_a_cursor_and_give_each_target_once(anybody: httpx.Client) -> None:
    whole = [each["name"] for each in anybody.get("/api/v1/targets").json()["items"]]
    found, cursor = [], ""
    for _ in whole:
        page = anybody.get("/api/v1/targets", params={"limit": 1, "cursor": cursor}).json()
        found += [each["name"] for each in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert found == whole
    assert len(whole) >= 2
    refused = anybody.get("/api/v1/targets", params={"cursor": "nonsense"})
    assert (refused.status_code, refused.json()["code"]) == (400, "bad-cursor")


def test_a_target_is_made_once_for_one_key(owner: httpx.Client) -> None:
    body = {"name": "V1Made", "ra_deg": 10.0, "dec_deg": -70.0}
    key = {"Idempotency-Key": "make-it"}
    first = owner.post("/api/v1/targets", json=body, headers=key)
    again = owner.post("/api/v1/targets", json=body, headers=key)
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert again.headers["idempotent-replayed"] == "true"
    assert owner.get(first.headers["location"]).json()["name"] == "V1Made"
    other_body = owner.post("/api/v1/targets", json=body | {"name": "V1Else"}, headers=key)
    assert (other_body.status_code, other_body.json()["code"]) == (422, "idempotency-key-reused")
    without = owner.post("/api/v1/targets", json=body)
    assert (without.status_code, without.json()["code"]) == (409, "name-taken")


def test_a_change_to_what_changed_meanwhile_is_refused(owner: httpx.Client, other: httpx.Client) -> None:
    owner.post("/api/v1/targets", json={"name": "V1Change", "ra_deg": 20.0, "dec_deg": -70.0})
    at = "/api/v1/targets/V1Change"
    tag = owner.get(at).headers["etag"]
    assert owner.get(at, headers={"If-None-Match": tag}).status_code == 304
    changed = owner.patch(at, json={"importance": 3.0}, headers={"If-Match": tag})
    assert (changed.status_code, changed.json()["importance"]) == (200, 3.0)
    late = owner.patch(at, json={"importance": 4.0}, headers={"If-Match": tag})
    assert (late.status_code, late.json()["code"]) == (412, "changed-meanwhile")
    stranger = other.patch(at, json={"importance": 4.0})
    assert (stranger.status_code, stranger.json()["code"]) == (403, "no-right")
    assert owner.delete(at).status_code == 204
    assert owner.get(at).status_code == 404


@pytest.mark.parametrize(
    ("accept", "begins"),
    [
        ("application/json", b'{"target": "V1Open"'), ("text/csv", b"point_id,target,ra_deg"),
        ("application/vnd.apache.parquet", b"PAR1"), ("application/x-votable+xml", b"<?xml"),
        ("application/fits", b"SIMPLE"), ("text/x-aavso-extended", b"#TYPE=Extended"),
        ("text/x-skyportal-csv", b"mjd,flux,fluxerr"), ("text/x-tom-csv", b"time,magnitude"),
    ],
)  # fmt: skip
def test_every_format_is_had_by_asking_for_it(anybody: httpx.Client, accept: str, begins: bytes) -> None:
    answer = anybody.get(f"/api/v1/targets/{OPEN}/light-curve", headers={"Accept": accept})
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith(accept)
    assert answer.content.startswith(begins)


def test_a_format_that_there_is_not_is_refused(anybody: httpx.Client) -> None:
    at = f"/api/v1/targets/{OPEN}/light-curve"
    assert anybody.get(at, headers={"Accept": "image/png"}).status_code == 406
    assert anybody.get(at, params={"format": "xls"}).json()["code"] == "bad-format"
    assert anybody.get(at, params={"bands": "Q"}).json()["code"] == "bad-band"


def test_points_are_chosen_by_band_source_and_repeat(anybody: httpx.Client) -> None:
    def sources(**parameters: str) -> list[str]:
        answer = anybody.get(f"/api/v1/targets/{OPEN}/light-curve", params={"format": "csv", **parameters})
        return sorted(pl.read_csv(io.BytesIO(answer.content))["source"])

    assert sources() == ["fink", "upload", "ztf"]
    assert sources(bands="V(GaiaSP)") == ["upload"]
    assert sources(sources="fink,upload") == ["fink", "upload"]
    assert sources(without_repeats="true") == ["upload", "ztf"]
    # the better archive is left out by the filter, and still tells of the exposure
    assert sources(without_repeats="true", sources="fink,upload") == ["upload"]


def test_a_light_curve_is_sent_again_only_when_it_changed(anybody: httpx.Client, served: Served) -> None:
    at = f"/api/v1/targets/{OPEN}/light-curve"
    first = anybody.get(at)
    tag = {"If-None-Match": first.headers["etag"]}
    assert anybody.get(at, headers=tag).status_code == 304
    assert anybody.get(at, headers=tag, params={"format": "csv"}).status_code == 200
    version = served.lake.store.version()
    target_id = get_target(served.lake.operations, OPEN, None).target_id or 0
    row = {"target_id": target_id, "source": "upload", "source_ref": "new", "mjd": 60009.5,
           "band": "V(GaiaSP)", "mag": 15.5}  # fmt: skip
    served.lake.store.append_points(light_curve(pl.DataFrame([row])), batch=new_batch("test", "upload"))
    assert anybody.get(at, headers=tag).json()["points_total"] == 4
    assert anybody.get(at, params={"as_of": version}).json() == first.json()


def test_one_point_is_had_by_its_number(anybody: httpx.Client) -> None:
    point = anybody.get(f"/api/v1/targets/{OPEN}/light-curve").json()["points"][0]
    assert anybody.get(f"/api/v1/targets/{OPEN}/points/{point['point_id']}").json() == point
    missing = anybody.get(f"/api/v1/targets/{OPEN}/points/12")
    assert (missing.status_code, missing.json()["code"]) == (404, "unknown-point")


def frame_of(served: Served, name: str, who: httpx.Client) -> str:
    """Return the frame of an upload of this target, made by hand, with its calibration and point."""
    body = f"SIMPLE {next(NUMBERS)}".encode()
    sent = who.post("/api/v1/uploads", params={"target": name, "filename": "f.fits"}, content=body).json()
    store = served.lake.store
    target_id = get_target(served.lake.operations, name, served.owner).target_id
    frame_id = f"u{sent['upload_id']}"
    own = {"frame_id": frame_id, "upload_id": sent["upload_id"], "target_id": target_id}
    frame = own | {"plane": "", "status": "measured", "raw_sha256": sent["sha256"], "airmass": 1.5,
                   "stars": 40, "zero_point_mag": 25.0, "seeing_arcsec": 2.0}  # fmt: skip
    fit = own | {"band": "V(GaiaSP)", "chosen": True, "catalogue": "GaiaSP", "zero_point_mag": 25.0}
    point = {"target_id": target_id, "source": "upload", "source_ref": f"{sent['sha256']}:", "mjd": 61000.5,
             "band": "V(GaiaSP)", "mag": 14.5, "mag_err": 0.1}  # fmt: skip
    papers = new_batch("test", "upload")
    changes = [
        Change(table=table, rows=table.rows(pl.DataFrame([row])), keys=pl.DataFrame({"frame_id": [frame_id]}))
        for table, row in ((FRAMES, frame), (CALIBRATIONS, fit))
    ]
    store.commit(changes, batch=papers)
    store.append_points(light_curve(pl.DataFrame([point])), batch=papers)
    return frame_id


def test_a_point_tells_what_its_frame_knows(
    owner: httpx.Client, anybody: httpx.Client, served: Served
) -> None:
    frame_id = frame_of(served, OPEN, owner)
    frame = anybody.get(f"/api/v1/frames/{frame_id}").json()
    assert (frame["airmass"], frame["stars"]) == (1.5, 40)
    (fit,) = anybody.get(f"/api/v1/frames/{frame_id}/calibrations").json()
    assert (fit["band"], fit["chosen"]) == ("V(GaiaSP)", True)
    assert frame_id in [each["frame_id"] for each in anybody.get(f"/api/v1/targets/{OPEN}/frames").json()]
    told = anybody.get(f"/api/v1/targets/{OPEN}/light-curve").json()["points"]
    (point,) = [each for each in told if each["mag"] == 14.5]
    assert (point["airmass"], point["zp"], point["n_ref_stars"], point["ref_catalogue"]) == (
        1.5, 25.0, 40, "GaiaSP",
    )  # fmt: skip
    assert point["image_sha256"] == frame["raw_sha256"]


def test_a_frame_of_a_private_target_looks_like_none(
    owner: httpx.Client, other: httpx.Client, served: Served
) -> None:
    frame_id = frame_of(served, SECRET, owner)
    assert owner.get(f"/api/v1/frames/{frame_id}").status_code == 200
    sent = owner.get("/api/v1/uploads", params={"target": SECRET}).json()["items"][0]
    hidden = [f"frames/{frame_id}{part}" for part in ("", "/calibrations", "/stars", "/cutout", "/picture")]
    hidden += [f"uploads/{sent['upload_id']}", f"jobs/{sent['job_id']}"]
    for address in hidden:
        is_kept = not re.search("cutout|picture", address)
        assert owner.get(f"/api/v1/{address}").status_code == (200 if is_kept else 404)
        refused = other.get(f"/api/v1/{address}")
        assert refused.status_code == 404
        assert refused.json()["code"] in {"unknown-frame", "unknown-upload", "unknown-job"}
        assert SECRET not in refused.text


def test_a_file_is_sent_in_one_request(owner: httpx.Client, anybody: httpx.Client) -> None:
    about = {"target": OPEN, "filename": "../a.fits", "observatory": "ON"}
    body = f"SIMPLE {next(NUMBERS)}".encode()
    sent = owner.post("/api/v1/uploads", params=about, content=body)
    assert sent.status_code == 201
    assert (sent.json()["filename"], sent.json()["size_bytes"]) == ("a.fits", len(body))
    assert owner.get(sent.headers["location"]).json()["upload_id"] == sent.json()["upload_id"]
    again = owner.post("/api/v1/uploads", params=about, content=body)
    assert again.json()["upload_id"] == sent.json()["upload_id"]
    assert anybody.post("/api/v1/uploads", params=about, content=body).status_code == 401
    empty = owner.post("/api/v1/uploads", params=about)
    assert (empty.status_code, empty.json()["code"]) == (400, "empty-file")
    large = owner.post("/api/v1/uploads", params=about, content=bytes(3_000_001))
    assert (large.status_code, large.json()["code"]) == (413, "upload-too-large")


def test_a_file_comes_in_pieces_and_goes_on_where_it_stood(
    owner: httpx.Client, other: httpx.Client, served: Served
) -> None:
    body = f"SIMPLE {next(NUMBERS)} in pieces".encode()
    told = {"target": OPEN, "filename": "p.fits", "size_bytes": len(body)}
    at = owner.post("/api/v1/transfers", json=told).headers["location"]
    first = owner.patch(at, content=body[:5], headers={"Upload-Offset": "0"})
    assert (first.status_code, first.json()["offset_bytes"], first.json()["upload"]) == (200, 5, None)
    assert owner.head(at).headers["upload-offset"] == "5"
    lost = owner.patch(at, content=body[2:], headers={"Upload-Offset": "2"})
    assert (lost.status_code, lost.json()["code"]) == (409, "wrong-offset")
    assert other.get(at).status_code == 404
    more = owner.patch(at, content=body[5:] + b"!", headers={"Upload-Offset": "5"})
    assert more.status_code == 413
    stands = owner.get(at).json()["offset_bytes"]
    last = owner.patch(at, content=body[stands:], headers={"Upload-Offset": str(stands)})
    assert last.json()["upload"]["size_bytes"] == len(body)
    assert owner.get(at).status_code == 404
    kept = uploads(served.lake.operations, served.owner, limit=1)[0]
    with served.lake.raw.open(kept.sha256) as file:
        assert file.read() == body


def test_bytes_other_than_promised_become_no_upload(owner: httpx.Client, served: Served) -> None:
    told = {"target": OPEN, "filename": "p.fits", "size_bytes": 3, "sha256": "0" * 64}
    at = owner.post("/api/v1/transfers", json=told).headers["location"]
    before = uploads(served.lake.operations, served.owner, limit=1)[0].upload_id
    answer = owner.patch(at, content=b"abc", headers={"Upload-Offset": "0"})
    assert (answer.status_code, answer.json()["code"]) == (422, "wrong-sha256")
    assert uploads(served.lake.operations, served.owner, limit=1)[0].upload_id == before
    assert owner.get(at).status_code == 404


def test_jobs_archives_observatories_and_snapshots_are_listed(owner: httpx.Client, served: Served) -> None:
    owner.post("/api/v1/targets", json={"name": "V1Jobs", "ra_deg": 30.0, "dec_deg": -70.0})
    jobs = owner.get("/api/v1/jobs", params={"limit": 2}).json()
    assert len(jobs["items"]) == 2
    following = owner.get("/api/v1/jobs", params={"limit": 2, "cursor": jobs["next"]}).json()
    assert max(each["job_id"] for each in following["items"]) < min(each["job_id"] for each in jobs["items"])
    one = jobs["items"][0]
    assert owner.get(f"/api/v1/jobs/{one['job_id']}").json() == one
    assert "gaia_alerts" in [each["key"] for each in owner.get("/api/v1/archives").json()]
    said = owner.get("/api/v1/targets/V1Jobs/archives").json()
    assert {each["is_asked_now"] for each in said} == {True}
    (road,) = [each for each in owner.get("/api/v1/observatories").json() if each["name"] == "ROAD"]
    assert [camera["oname"] for camera in road["cameras"]] == ["ON", "ROAD_QHY600M"]
    assert owner.post("/api/v1/snapshots", json={"name": "mine"}).status_code == 403
    with served.client(served.staff_token) as staff:
        made = staff.post("/api/v1/snapshots", json={"name": "paper-v1"})
        assert (made.status_code, made.json()["version"]) == (201, served.lake.store.version())
    assert owner.get("/api/v1/snapshots/PAPER-V1").json()["name"] == "paper-v1"


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code"),
    [
        ("GET", "/nothing", b"", 404, "unknown-route"),
        ("PUT", "/targets", b"", 405, "wrong-method"),
        ("GET", "/targets/a%00b", b"", 400, "bad-request"),
        ("GET", "/targets?brighter_than_mag=nan", b"", 400, "bad-request"),
        ("GET", "/targets?nmae=x", b"", 400, "bad-request"),
        ("GET", "/uploads/99999999999999999999", b"", 400, "bad-request"),
        ("GET", "/frames/u99", b"", 404, "unknown-frame"),
        ("GET", f"/targets/{OPEN}/light-curve?as_of=yesterday*", b"", 400, "bad-as-of"),
        ("POST", "/targets", b"{", 400, "bad-request"),
        ("POST", "/targets", b"[" * 100_000, 400, "bad-request"),
        ("POST", "/targets", b'{"name": "' + b"x" * 1_100_000, 413, "body-too-large"),
        ("POST", "/targets", b'{"name": "a\\u0000", "ra_deg": 1, "dec_deg": 1}', 400, "bad-request"),
        ("POST", "/targets", b'{"name": "a", "ra_deg": NaN, "dec_deg": 1}', 400, "bad-request"),
        ("POST", "/targets", b'{"name": "a", "ra_deg": 400, "dec_deg": 1}', 400, "bad-request"),
        ("PATCH", f"/targets/{OPEN}", b'{"name": null}', 400, "bad-request"),
        ("POST", "/targets", b"\xff\xfe", 400, "bad-request"),
    ],
)
def test_what_cannot_be_used_is_refused_in_one_shape(
    owner: httpx.Client, method: str, path: str, body: bytes, status: int, code: str
) -> None:
    headers = {"Content-Type": "application/json"}
    answer = owner.request(method, f"/api/v1{path}", content=body, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["content-type"] == "application/problem+json"
    assert {"type", "title", "status", "detail", "code"} <= set(answer.json())


def test_nobody_writes_without_a_token(
    anybody: httpx.Client, described: dict[str, dict[str, dict[str, object]]]
) -> None:
    asked = 0
    for path, item in described["paths"].items():
        for method in set(item) & {"post", "put", "patch", "delete"}:
            address = f"/api/v1{path}".replace("{name}", OPEN).replace("{transfer_id}", "0" * 32)
            answer = anybody.request(method.upper(), address)
            assert (answer.status_code, answer.json()["code"]) == (401, "not-signed-in"), address
            asked += 1
    assert asked >= 9


def test_every_route_is_described_with_a_model_and_the_shape_of_its_refusals(
    described: dict[str, dict[str, dict[str, object]]],
) -> None:
    for path, item in described["paths"].items():
        for method, told in item.items():
            answers = told["responses"]
            assert {"4XX", "5XX"} <= set(answers), path
            assert "422" not in answers
            assert list(answers["4XX"]["content"]) == ["application/problem+json"]
            assert told["description"], path
            good = [answers[status] for status in answers if status.startswith("2")]
            assert good
            if method not in {"delete", "head"}:
                kinds = [each["schema"] for each in good[0]["content"].values()]
                assert all(kinds), path


def test_the_description_is_valid_openapi_and_its_examples_are_true(
    owner: httpx.Client, described: dict[str, dict[str, dict[str, object]]]
) -> None:
    validate(described)
    example = described["components"]["schemas"]["NewTarget"]["examples"][0]
    assert owner.post("/api/v1/targets", json=example).status_code == 201
    for model, address in (
        ("TargetAnswer", f"/api/v1/targets/{OPEN}"),
        ("LightCurve", f"/api/v1/targets/{OPEN}/light-curve"),
    ):
        schema = {"$ref": f"#/components/schemas/{model}", "components": described["components"]}
        OAS31Validator(schema).validate(owner.get(address).json())


def test_the_page_of_the_api_needs_nothing_from_elsewhere(anybody: httpx.Client) -> None:
    answer = anybody.get("/api/v1/docs")
    assert answer.status_code == 200
    assert "/api/v1/targets/{name}/light-curve" in answer.text
    assert "<script" not in answer.text
    assert "src=" not in answer.text
    assert "//cdn" not in answer.text
