"""Whatever a client writes into BHTOM's fields, the answer is no fault of the server, and nothing hidden."""

import json
import os

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from portal.api.bhtom.parts import BHTOM_PARTS

SECRET = "Hidden1"
EXAMPLES = 15 * int(os.environ.get("TOMLAKE_FUZZ_EXAMPLES", "1"))  # make fuzz asks for more
ROUTES = sorted(
    (method, route.path)
    for part in BHTOM_PARTS
    for route in part.router.routes
    for method in route.methods
    if route.path.endswith("/")
)
FIELDS = [
    "id", "name", "page", "target", "targetid", "target_name", "target_id", "targetNames", "calibid",
    "filename", "files", "getPlot", "user", "text", "created_start", "created_end", "created_from",
    "created_to", "status", "mag_min", "mjd_max", "filter", "mjd", "mag", "magerr", "observers",
    "id_from", "id_to", "data_product_id", "match_dist", "oname", "observatory", "camera", "camera_name",
    "lon", "lat", "gain", "ra", "dec", "epoch", "discovery_date", "description", "classification",
    "importance", "download_type", "active_flg",
]  # fmt: skip
hostile = [SECRET, "Gaia22bpl", "0001-01-01", "9999-12-31", "1e400", "٣", "%", "a\x00b"]
numbers = st.integers(-(10**40), 10**40) | st.floats(allow_nan=False, allow_infinity=False)
scalars = st.none() | st.booleans() | numbers | st.text(max_size=12) | st.sampled_from(hostile)
values = scalars | st.lists(scalars, max_size=3) | st.dictionaries(st.text(max_size=3), scalars, max_size=2)
bodies = st.dictionaries(st.sampled_from(FIELDS), values, max_size=20)


def test_every_route_of_bhtom_needs_a_token_but_the_follow_up_of_alerts(anybody: httpx.Client) -> None:
    open_routes = [
        path
        for method, path in ROUTES
        if anybody.request(method, path.replace("{name}", "Gaia22bpl")).status_code != 401
    ]
    assert open_routes == ["/calibration/get_alert_lc_data/"]


@pytest.mark.parametrize("word", ["9999-12-31", "a\x00b", "\\ud800", "1e400", "9" * 5000])
@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_one_hostile_word_in_every_field_is_no_fault_of_the_server(
    other: httpx.Client, method: str, path: str, word: str
) -> None:
    raw = json.dumps({field: [word] if field == "targetNames" else word for field in FIELDS})
    body = raw.replace("\\\\ud800", "\\ud800")  # JSON may name half of a character
    for sent in (body, "{}"):
        answer = other.request(method, path.replace("{name}", "a%00b"), content=sent)
        assert answer.status_code < 500, answer.text


@pytest.mark.parametrize(("method", "path"), ROUTES)
@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=bodies)
def test_no_field_of_any_route_is_a_fault_of_the_server(
    other: httpx.Client, method: str, path: str, body: dict[str, object]
) -> None:
    answer = other.request(method, path.replace("{name}", SECRET), json=body)
    assert answer.status_code < 500, answer.text
    if SECRET not in str(body) and "{name}" not in path:
        assert SECRET not in answer.text
