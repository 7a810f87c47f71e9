"""What is private stays unseen by every route; what is public, anybody may download."""

import httpx
import polars as pl
import pytest
from api_server import Served
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.lightcurve import light_curve
from lake.people.accounts import open_session
from lake.provenance import new_batch
from lake.targets import get_target
from portal.security.cookie import SESSION_COOKIE

SECRET = "Hidden1"


@pytest.fixture(scope="module", autouse=True)
def points(served: Served) -> None:
    for name in (SECRET, "Gaia22bpl"):
        target = get_target(served.lake.operations, name, served.owner)
        rows = [{"target_id": target.target_id, "source": "upload", "source_ref": "a", "mjd": 60000.5,
                 "band": "V(GaiaSP)", "mag": 15.5, "mag_err": 0.1, "flags": 1}]  # fmt: skip
        served.lake.store.append_points(light_curve(pl.DataFrame(rows)), batch=new_batch("test", "upload"))


def every_way_to_ask(client: httpx.Client, name: str) -> list[httpx.Response]:
    """Ask for a target by every route that takes one."""
    form = {"target": name, "data_product_type": "fits_file"}
    files = {"files": ("a.fits", b"SIMPLE, asked by a stranger")}
    listed = [
        {"name": name}, {"coneSearchTarget": f"{name},1"}, {"coneSearchRaDecRadius": "100,14,1"},
        {"decMin": 13.5, "decMax": 14.5}, {"galacticLatMin": -90}, {"classification": "Unknown"},
    ]  # fmt: skip
    return [
        client.get(f"/download/{name}.csv"),
        client.get(f"/download/{name}.csv", params={"as_of": 1}),
        client.post("/targets/download-photometry/", json={"name": name}),
        client.post("/upload/", data=form, files=files),
        client.put("/session/upload", params={"target": name, "name": "a.fits"}, content=b"x"),
        *(client.post("/targets/getTargetList/", json=filters) for filters in listed),
    ]


def without_name(answer: httpx.Response, name: str) -> tuple[int, str]:
    return answer.status_code, answer.text.replace(name, "?")


def test_a_private_target_looks_to_a_stranger_like_one_that_is_not_there(other: httpx.Client) -> None:
    hidden, missing = every_way_to_ask(other, SECRET), every_way_to_ask(other, "NotThere")
    for asked, never in zip(hidden[:7], missing[:7], strict=True):
        assert without_name(asked, SECRET) == without_name(never, "NotThere")
    for answer in hidden:
        body = answer.json() if answer.status_code == 200 else {}
        assert SECRET not in [item["name"] for item in body.get("data", [])]


angles = st.floats(0, 20)
cones = st.tuples(st.floats(95, 105), st.floats(9, 19), angles).map(
    lambda cone: ",".join(str(number) for number in cone)
)
filters = st.fixed_dictionaries(
    {},
    optional={
        "decMin": angles, "decMax": angles, "raMin": st.floats(0, 360), "raMax": st.floats(0, 360),
        "coneSearchRaDecRadius": cones, "name": st.sampled_from([SECRET, SECRET.lower(), "Gaia22bpl"]),
        "importanceMin": angles, "galacticLatMax": st.floats(-90, 90), "sunSeparationMin": st.floats(0, 180),
        "coneSearchTarget": st.sampled_from([f"{SECRET},20", "Gaia22bpl,20"]), "page": st.integers(-1, 3),
    },
)  # fmt: skip


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(filters=filters)
def test_no_filter_finds_a_private_target_for_a_stranger(
    other: httpx.Client, filters: dict[str, object]
) -> None:
    answer = other.post("/targets/getTargetList/", json=filters)
    body = answer.json()
    if answer.status_code == 200:
        assert SECRET not in [item["name"] for item in body["data"]]
    else:
        assert (answer.status_code, SECRET in str(filters)) == (400, True)


def test_a_simulated_point_says_so_in_bhtoms_file(owner: httpx.Client) -> None:
    answer = owner.post("/targets/download-photometry/", json={"name": SECRET})
    assert answer.text.splitlines()[1:] == ["60000.5;15.5;0.1;(simulated);V(GaiaSP);"]


def test_the_public_sees_nothing_of_a_private_target(anybody: httpx.Client) -> None:
    for answer in every_way_to_ask(anybody, SECRET):
        assert answer.status_code in {401, 404}


def test_its_maker_and_staff_see_a_private_target(served: Served) -> None:
    for token in (served.owner_token, served.staff_token):
        with served.client(token) as client:
            assert client.get(f"/download/{SECRET}.csv").status_code == 200
            listed = client.post("/targets/getTargetList/", json={"name": SECRET}).json()
            assert listed["count"] == 1


def test_the_position_of_a_private_target_is_taken_without_its_name(other: httpx.Client) -> None:
    answer = other.post("/targets/createTarget/", json={"name": "Near", "ra": 100.0, "dec": 14.0})
    assert answer.status_code == 404
    assert SECRET not in answer.text


def test_anybody_downloads_a_public_light_curve_with_every_column(anybody: httpx.Client) -> None:
    answer = anybody.get("/download/Gaia22bpl.csv")
    assert answer.status_code == 200
    assert answer.headers["content-disposition"] == 'attachment; filename="Gaia22bpl.csv"'
    rows = pl.read_csv(answer.content)
    assert rows.columns[:8] == [
        "point_id", "target", "ra_deg", "dec_deg", "mjd_utc", "bjd_tdb", "exptime_s", "mag",
    ]  # fmt: skip
    row = rows.row(0, named=True)
    assert (row["mag"], row["mag_system"], row["survey"], row["quality_text"]) == (
        15.5, "Vega", "GaiaSP", "simulated",
    )  # fmt: skip


def test_a_light_curve_that_did_not_change_is_not_sent_again(anybody: httpx.Client, served: Served) -> None:
    first = anybody.get("/download/Gaia22bpl.csv")
    tag = first.headers["etag"]
    assert f"{served.lake.store.version()}-" in tag
    again = anybody.get("/download/Gaia22bpl.csv", headers={"If-None-Match": tag})
    assert (again.status_code, again.content) == (304, b"")
    served.lake.store.append_points(
        served.lake.store.light_curve(get_target(served.lake.operations, "Gaia22bpl", None).target_id or 0),
        batch=new_batch("test", "upload"),
    )
    assert anybody.get("/download/Gaia22bpl.csv", headers={"If-None-Match": tag}).status_code == 200


def test_an_older_version_can_be_asked_for(anybody: httpx.Client, served: Served) -> None:
    version = served.lake.store.version()
    answer = anybody.get("/download/Gaia22bpl.csv", params={"as_of": version})
    assert answer.status_code == 200
    assert pl.read_csv(answer.content)["snapshot"][0] == version
    unknown = anybody.get("/download/Gaia22bpl.csv", params={"as_of": version + 1000})
    assert unknown.status_code == 400
    assert unknown.json()["code"] == "unknown-version"


def test_a_cookie_reads_what_its_owner_may_read(anybody: httpx.Client, served: Served) -> None:
    session_id = open_session(served.lake.operations, served.owner)
    anybody.cookies.set(SESSION_COOKIE, session_id, domain="127.0.0.1")
    answer = anybody.get(f"/download/{SECRET}.csv")
    assert answer.status_code == 200
    assert answer.headers["cache-control"].startswith("private")
