"""Light curves of the new API: of many targets, by what is new, and without what is closed to the reader."""

import io
from collections.abc import Iterator

import httpx
import polars as pl
import pytest
from api_server import Served
from sqlalchemy import update

from engine.lightcurve import light_curve
from engine.target import Target, Visibility
from lake.operations import uploads, writing
from lake.provenance import new_batch
from lake.targets import create_target, get_target

ONE, TWO = "Curves1", "Curves2"
MAGS = {ONE: [15.0, 16.0], TWO: [17.0]}


def store(served: Served, name: str, mags: list[float], *, source: str = "ztf", ref: str = "") -> None:
    """Make these all points that a source has of a target."""
    target_id = get_target(served.lake.operations, name, served.owner).target_id or 0
    rows = [
        {"target_id": target_id, "source": source, "source_ref": ref or f"r{number}",
         "mjd": 60000.5 + number, "band": "ZTF(zg)", "mag": mag}
        for number, mag in enumerate(mags)
    ]  # fmt: skip
    papers = new_batch("test", source, target_id=target_id)
    served.lake.store.replace_points(target_id, source, light_curve(pl.DataFrame(rows)), batch=papers)


@pytest.fixture(scope="module", autouse=True)
def curves(served: Served) -> None:
    for number, (name, mags) in enumerate(MAGS.items()):
        target = Target(name=name, ra_deg=210.0 + number, dec_deg=-50.0)
        create_target(served.lake.operations, target, by="owner")
        store(served, name, mags)


@pytest.fixture
def closed_upload(served: Served, owner: httpx.Client) -> Iterator[int]:
    """Return an upload that only its owner sees, with a point on an open target."""
    about = {"target": ONE, "filename": "closed.fits"}
    sent = owner.post("/api/v1/uploads", params=about, content=b"SIMPLE closed").json()
    store(served, ONE, [12.5], source="upload", ref=f"{sent['sha256']}:")
    share(served, sent["upload_id"], Visibility.PRIVATE)
    yield sent["upload_id"]
    share(served, sent["upload_id"], Visibility.PUBLIC)


def share(served: Served, upload_id: int, visibility: Visibility) -> None:
    this = update(uploads).where(uploads.c.upload_id == upload_id)
    with writing(served.lake.operations) as connection:
        connection.execute(this.values(visibility=visibility.value))


@pytest.mark.parametrize(
    ("method", "path", "asked"),
    [
        ("GET", f"/api/v1/targets/{ONE}/light-curve", {}),
        ("GET", f"/api/v1/targets/{ONE}/light-curve?format=csv", {}),
        ("GET", f"/api/v1/targets/{ONE}/light-curve/changes", {}),
        ("GET", f"/api/v1/light-curves?targets={TWO},{ONE}", {}),
        ("GET", f"/download/{ONE}.csv", {}),
        ("GET", f"/calibration/get_alert_lc_data/?alert_name={ONE}", {}),
        ("POST", "/targets/download-photometry/", {"name": ONE}),
        ("POST", "/targets/get-plots/", {"targetNames": [ONE]}),
        ("POST", "/common/api/reducedDatum/", {"target_name": ONE}),
    ],
)
def test_a_point_of_a_closed_upload_leaves_by_no_exit(
    owner: httpx.Client,
    other: httpx.Client,
    closed_upload: int,
    method: str,
    path: str,
    asked: dict[str, object],
) -> None:
    seen, unseen = (client.request(method, path, json=asked or None) for client in (owner, other))
    assert (seen.status_code, unseen.status_code) == (200, 200)
    assert "12.5" in seen.text
    assert "12.5" not in unseen.text


def test_two_people_never_share_a_tag(owner: httpx.Client, other: httpx.Client) -> None:
    for path in (f"targets/{ONE}", f"targets/{ONE}/light-curve", f"light-curves?targets={ONE}"):
        tag = owner.get(f"/api/v1/{path}").headers["etag"]
        asked = {"If-None-Match": tag}
        assert owner.get(f"/api/v1/{path}", headers=asked).status_code == 304
        assert other.get(f"/api/v1/{path}", headers=asked).status_code == 200


def test_new_points_do_not_stand_in_the_way_of_a_change_of_the_target(
    owner: httpx.Client, served: Served
) -> None:
    at = f"/api/v1/targets/{TWO}"
    tag = owner.get(at).headers["etag"]
    store(served, ONE, [15.0, 16.0, 16.5])
    changed = owner.patch(at, json={"importance": 4.0}, headers={"If-Match": tag})
    assert changed.status_code == 200
    assert owner.patch(at, json={"importance": 5.0}, headers={"If-Match": tag}).status_code == 412


def test_the_changes_of_a_light_curve_are_all_that_a_copy_needs(other: httpx.Client, served: Served) -> None:
    at = f"/api/v1/targets/{TWO}/light-curve/changes"
    first = other.get(at).json()
    copy = {each["point_id"]: each for each in first["points"]}
    assert (first["is_whole"], [each["mag"] for each in copy.values()]) == (True, [17.0])
    for mags in ([17.0, 18.0], [17.5, 18.0, 19.0], [17.5]):  # new; other than before; gone
        store(served, TWO, mags)
        news = other.get(at, params={"since": first["next"]}).json()
        assert not news["is_whole"]
        for point_id in news["removed"]:
            del copy[point_id]
        copy |= {each["point_id"]: each for each in news["points"]}
        whole = other.get(f"/api/v1/targets/{TWO}/light-curve").json()["points"]
        assert {each["mag"] for each in whole} == set(mags)
        assert {key: each["mag"] for key, each in copy.items()} == {
            each["point_id"]: each["mag"] for each in whole
        }
        first = news
    store(served, ONE, [14.0])  # a write elsewhere changes nothing here
    nothing = other.get(at, params={"since": first["next"]}).json()
    assert (nothing["points"], nothing["removed"]) == ([], [])


def test_everything_comes_anew_where_the_rights_changed(
    other: httpx.Client, served: Served, closed_upload: int
) -> None:
    at = f"/api/v1/targets/{ONE}/light-curve/changes"
    told = other.get(at).json()
    share(served, closed_upload, Visibility.PUBLIC)
    opened = other.get(at, params={"since": told["next"]}).json()
    assert opened["is_whole"]
    assert 12.5 in {each["mag"] for each in opened["points"]}
    other_target = other.get(f"/api/v1/targets/{TWO}/light-curve/changes", params={"since": opened["next"]})
    assert other_target.json()["is_whole"]  # a cursor is of one target
    unknown = other.get(at, params={"since": "999999~0123456789abcdef"}).json()
    assert unknown["is_whole"]
    refused = other.get(at, params={"since": "999999"})
    assert (refused.status_code, refused.json()["code"]) == (404, "unknown-version")


@pytest.mark.parametrize("wanted", ["json", "csv", "parquet"])
def test_light_curves_of_many_targets_come_in_one_answer(
    other: httpx.Client, served: Served, wanted: str
) -> None:
    version = served.lake.store.version()
    mag = 13.0 + len(wanted) / 8
    store(served, ONE, [mag, 13.5])
    asked = {"targets": f"{TWO},{ONE}", "sources": "ztf", "format": wanted, "before_mjd": 60000.9}
    answer = other.get("/api/v1/light-curves", params=asked)
    if wanted == "json":
        told = [
            (each["target"], [point["mag"] for point in each["points"]])
            for each in answer.json()["light_curves"]
        ]
    else:
        read = pl.read_csv if wanted == "csv" else pl.read_parquet
        rows = read(io.BytesIO(answer.content))
        told = [
            (name, mags["mag"].to_list()) for (name,), mags in rows.group_by("target", maintain_order=True)
        ]
    assert [name for name, _ in told] == [TWO, ONE]
    assert dict(told)[ONE] == [mag]
    before = other.get("/api/v1/light-curves", params=asked | {"as_of": version})
    assert before.content != answer.content
    assert before.headers["x-tomlake-lake-version"] == str(version)
    refused = other.get("/api/v1/light-curves", params={"targets": f"{ONE},Hidden1"})
    assert (refused.status_code, refused.json()["code"]) == (404, "unknown-target")
    assert other.get("/api/v1/light-curves", params=asked | {"format": "fits"}).status_code == 400
