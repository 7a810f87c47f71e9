"""Uploads of every kind as clients send them with ``requests``, over a real socket."""

import io
import json
from collections.abc import Iterator

import numpy as np
import polars as pl
import pytest
import requests
from api_server import Served

from engine.photometry.sky_stars import gaia_like_stars
from engine.target import Target
from lake.inbox.accepting import UploadKind, upload
from lake.inbox.uploads import UploadResult, UploadStatus, set_results, uploads
from lake.people.accounts import Scope, issue_token
from lake.provenance import new_batch
from lake.queue import cancel
from lake.references import put_stars
from lake.targets import create_target
from portal.api.bhtom import calib_file

CURVE = b"time,filter,magnitude,error\n60000.25,V(GaiaSP),15.2,0.03\n"
RA_DEG, DEC_DEG = 190.0, 33.0


@pytest.fixture
def session(served: Served) -> Iterator[requests.Session]:
    """Return what a script has: the library, a token, and no verification."""
    with requests.Session() as opened:
        opened.trust_env = False
        opened.verify = False
        opened.headers["Authorization"] = f"Token {served.owner_token}"
        yield opened


def fields(**changes: object) -> dict[str, object]:
    return {"target": "Gaia22bpl", "data_product_type": "photometry_csv", "dry_run": "False"} | changes


@pytest.mark.parametrize("path", ["/upload/", "/upload", "/dataproducts/upload/", "/dataproducts/upload"])
def test_with_and_without_a_slash_no_answer_is_a_redirect(
    session: requests.Session, served: Served, path: str
) -> None:
    body = CURVE + f"# {path}".encode()
    answer = session.post(served.url + path, data=fields(), files={"files": ("c.csv", body)})
    assert (answer.status_code, answer.history) == (201, [])
    (got,) = answer.json()["Success"]
    assert list(got) == ["file name:", "id", "message"]
    kept = upload(served.lake.operations, int(got["id"]), served.owner)
    assert (kept.kind, kept.filename) == (UploadKind.PHOTOMETRY_CSV, "c.csv")


@pytest.mark.parametrize(
    ("kind", "body", "more"),
    [
        ("photometry", b"# 1 ALPHA_J2000\n1\n", {"mjd": "60000.5", "match_dist": "2", "observatory": "ON"}),
        ("photometry_cpcs", b"# 1 ALPHA_J2000\n2\n", {"mjd": 60000.5, "match_dist": -2, "observatory": "ON"}),
        ("spectroscopy", b"4000 1\n5000 2\n", {"observatory": "Any dome at all", "filter": "no"}),
        (
            "fits_file",
            b"SIMPLE  = of kinds",
            {"observatory": "ON", "filter": "GaiaDR3/GBP", "no_plot": "true"},
        ),
    ],
)
def test_every_kind_is_taken_with_what_was_said_of_it(
    session: requests.Session, served: Served, kind: str, body: bytes, more: dict[str, object]
) -> None:
    # the part's name is whatever the client's author liked: files, file_0, ...
    data = fields(data_product_type=kind, observer="An Other, other", priority="1", group="", **more)
    answer = session.post(f"{served.url}/upload/", data=data, files={"file_0": ("f.x", body)})
    assert answer.status_code == 201, answer.text
    kept = upload(served.lake.operations, int(answer.json()["Success"][0]["id"]), served.owner)
    assert kept.kind == kind.replace("_cpcs", "")
    assert (kept.oname, kept.observers) == (more["observatory"], ("other",))
    assert kept.comment == "Observers: An Other."
    assert kept.match_dist_arcsec == (2.0 if more.get("match_dist") == "2" else None)


def test_a_list_of_observers_that_was_printed_into_one_field_is_understood(
    session: requests.Session, served: Served
) -> None:
    data = fields(observers="['other', 'owner']")
    answer = session.post(f"{served.url}/upload/", data=data, files={"files": ("o.csv", CURVE + b"#o")})
    kept = upload(served.lake.operations, int(answer.json()["Success"][0]["id"]), served.owner)
    assert kept.observers == ("other", "owner")


def test_of_several_files_all_are_taken_or_none(session: requests.Session, served: Served) -> None:
    before = len(uploads(served.lake.operations, served.owner, limit=1000))
    three = [("files", (f"{number}.csv", CURVE + f"#{number}".encode())) for number in range(3)]
    bad = session.post(f"{served.url}/upload/", data=fields(), files=[*three, ("files", ("empty.csv", b""))])
    assert (bad.status_code, bad.json()) == (400, {"files": ["The submitted file is empty."]})
    late = session.post(f"{served.url}/upload/", data=fields(mjd="1"), files=three)
    assert late.status_code == 400
    assert len(uploads(served.lake.operations, served.owner, limit=1000)) == before
    good = session.post(f"{served.url}/upload/", data=fields(), files=three)
    assert [each["file name:"] for each in good.json()["Success"]] == ["0.csv", "1.csv", "2.csv"]
    assert len({each["id"] for each in good.json()["Success"]}) == 3


def test_what_came_ready_made_comes_back_as_it_was_sent_and_is_listed(
    session: requests.Session, served: Served
) -> None:
    body = b"wavelength flux\n4000 1\n5000 2\n"
    data = fields(data_product_type="spectroscopy", observatory="SPRAT")
    sent = session.post(f"{served.url}/upload/", data=data, files={"files": ("s.txt", body)})
    number = int(sent.json()["Success"][0]["id"])
    address = f"{served.url}/common/api/downloadPhotometryFile/"
    assert session.post(address, json={"id": number}).status_code == 404  # nobody read it yet
    read = UploadResult(upload_id=number, status=UploadStatus.MEASURED, code="", reason="", frame_ids=())
    set_results(served.lake.operations, [read])
    (waiting,) = [each for each in uploads(served.lake.operations, served.owner) if each.upload_id == number]
    cancel(served.lake.operations, waiting.job_id or 0)  # it was read here, without a worker
    answer = session.post(address, json={"id": number})
    assert answer.content == body
    assert answer.headers["content-disposition"] == f'attachment; filename="{number}.txt"'
    listed = session.post(f"{served.url}/common/api/data/", json={"data_product_type": "spectroscopy"})
    item = next(each for each in listed.json()["data"] if each["id"] == number)
    assert (item["data"], item["camera"], item["fits_data"]) == ("s.txt", "SPRAT", None)


def hashtag_form(**changes: object) -> dict[str, object]:
    return {
        "target": "Gaia22bpl", "filter": "GaiaSP/any", "data_product_type": "fits_file", "mjd": "60000.5",
        "exp_time": "30", "dry_run": "False", "matching_radius": "2", "comment": "",
    } | changes  # fmt: skip


def test_the_first_bhtoms_upload_takes_a_token_as_its_hashtag(served: Served) -> None:
    url = f"{served.url}/photometry-upload/"
    narrow = issue_token(served.lake.operations, served.owner, name="r", scopes=[Scope.READ])
    with requests.Session() as session:
        session.trust_env = False
        files = {"files": ("h.fits", b"SIMPLE  = by hashtag")}
        named = {"hashtag": f"{served.owner_token}@ROAD_QHY600M"}
        answer = session.post(url, headers=named, data=hashtag_form(), files=files)
        assert (answer.status_code, answer.text) == (200, '{"target":"Gaia22bpl","filter":"GaiaSP/any"}')
        newest = uploads(served.lake.operations, served.owner, limit=1)[0]
        assert (newest.oname, newest.match_dist_arcsec, newest.filename) == ("ROAD_QHY600M", 2.0, "h.fits")
        for target in ("Nowhere", "Hidden1"):
            other = {"hashtag": served.other_token}
            missing = session.post(url, headers=other, data=hashtag_form(target=target), files=files)
            assert (missing.status_code, missing.json()) == (
                400, {"error": f"Target {target} does not exist"},
            )  # fmt: skip
        for hashtag, status in (("wrong", 401), ("", 401), (narrow, 403)):
            refused = session.post(url, headers={"hashtag": hashtag}, data=hashtag_form(), files=files)
            assert refused.status_code == status


def table_of(stars: pl.DataFrame) -> bytes:
    rows = [*stars.select("ra_deg", "dec_deg", "mag").rows(), (RA_DEG, DEC_DEG, 14.0)]
    text = "# 1 ALPHA_J2000\n# 2 DELTA_J2000\n# 3 MAG_AUTO\n# 4 MAGERR_AUTO\n"
    return (text + "".join(f"{ra:.7f} {dec:.7f} {mag - 22:.4f} 0.01\n" for ra, dec, mag in rows)).encode()


def test_a_table_is_calibrated_at_once_and_nothing_is_kept(
    session: requests.Session, served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"{served.url}/calibFile/"
    rng = np.random.default_rng(6)
    stars = gaia_like_stars(rng, ra_deg=RA_DEG, dec_deg=DEC_DEG, radius_deg=0.2, g_mag_range=(11.0, 15.0))
    stars = stars.with_columns(catalogue=pl.lit("GaiaSP"))
    body = table_of(stars.filter(pl.col("band") == "V(GaiaSP)"))
    said = {"ra": RA_DEG, "dec": DEC_DEG, "match_dist": 2.0, "survey": "GaiaSp", "filter": "V"}
    monkeypatch.setattr(calib_file, "WAIT_S", 0.0)
    early = session.post(url, data=said, files={"photometry_file": ("t.dat", body)})
    assert (early.status_code, early.headers["retry-after"]) == (503, "30")
    put_stars(served.lake.store, stars, batch=new_batch("references", "file"))
    count = len(uploads(served.lake.operations, served.owner, limit=1000))
    answer = session.post(url, data=said, files={"photometry_file": ("t.dat", body)})
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert told["mag"] == pytest.approx(14.0, abs=0.05)
    assert (told["survey"], told["best_filter"], told["status"]) == ("GaiaSP", "V", "S")
    assert told["zeropoint"] == pytest.approx(22.0, abs=0.05)
    assert told["plot"].startswith("data:image/png;base64,")
    plain = session.post(url, data=said | {"no_plot": "True"}, files={"photometry_file": ("t.dat", body)})
    assert plain.json()["plot"] is None
    for wrong, files in (
        (said | {"ra": "east"}, {"photometry_file": ("t.dat", body)}),
        (said | {"filter": "Q"}, {}),
    ):
        assert session.post(url, data=wrong, files=files or None).status_code == 400
    assert len(uploads(served.lake.operations, served.owner, limit=1000)) == count


def test_a_target_is_found_by_its_old_and_odd_requests(session: requests.Session, served: Served) -> None:
    create_target(served.lake.operations, Target(name="Odd1", ra_deg=33.0, dec_deg=3.0), by="owner")
    url = f"{served.url}/targets/getTargetList/"
    wrongly_labelled = session.post(
        url, data="name=Odd1&page=2", headers={"Content-Type": "application/json"}
    )
    trailing = session.post(
        url, data='{\n    "name": "Odd1",\n}', headers={"Content-Type": "application/json"}
    )
    in_words = session.post(url, data=json.dumps({"name": "Odd1", "description": ""}))
    for answer in (wrongly_labelled, trailing, in_words):
        assert (answer.status_code, answer.json()["count"]) == (200, 1)
    quoted = session.post(url, data='{"name": "Odd,}",}')
    assert quoted.json()["count"] == 0
    broken = session.post(url, data='{"name": }')
    assert broken.status_code == 400
    with_body = session.request("GET", f"{served.url}/calibration/get-catalogs/", json={"page": 1})
    assert (with_body.status_code, with_body.json()["count"]) == (200, 21)
    csv = session.post(f"{served.url}/targets/download-photometry/", data='{\n "name": "Odd1",\n}')
    assert csv.content == b"MJD;Magnitude;Error;Facility;Filter;Observer\n"
    assert io.BytesIO(csv.content).readline().endswith(b"Observer\n")
