"""The API as a whole: health, unknown routes, bugs without tracebacks, and its place among the pages."""

import httpx
import pytest
from api_server import Served, running
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from lake.opening import Lake
from portal.api.app import api_routes, build_api


def test_health_tells_the_version_of_program_and_lake(anybody: httpx.Client, served: Served) -> None:
    answer = anybody.get("/api/health")
    assert answer.status_code == 200
    body = answer.json()
    assert list(body) == ["status", "version", "lake_version"]
    assert (body["status"], body["lake_version"]) == ("ok", served.lake.store.version())


def test_every_answer_has_a_number_and_the_security_headers(anybody: httpx.Client) -> None:
    numbers = set()
    for path in ("/api/health", "/api/nothing"):
        headers = anybody.get(path).headers
        numbers.add(headers["correlation-id"])
        assert headers["x-content-type-options"] == "nosniff"
        assert "default-src 'self'" in headers["content-security-policy"]
        assert headers["cache-control"] == "no-store"
    assert len(numbers) == 2


@pytest.mark.parametrize(("method", "path"), [("GET", "/api/nothing"), ("PATCH", "/targets/changeTarget/T/")])
def test_an_unknown_route_is_named_in_json(anybody: httpx.Client, method: str, path: str) -> None:
    answer = anybody.request(method, path)
    assert answer.status_code == 404
    assert answer.json()["detail"].startswith(f"tomlake does not answer {method} {path}")


def test_a_wrong_method_is_told_in_the_frameworks_words(anybody: httpx.Client) -> None:
    answer = anybody.get("/targets/createTarget/")
    assert (answer.status_code, answer.json()) == (405, {"detail": 'Method "GET" not allowed.'})


class _Broken:
    """A lake whose every part is missing: a bug of ours."""


def test_a_bug_is_one_sentence_with_its_number_and_no_traceback(caplog: pytest.LogCaptureFixture) -> None:
    with running(_Broken()) as port:  # type: ignore[arg-type]
        answer = httpx.post(
            f"http://127.0.0.1:{port}/api/token-auth/", json={"username": "a", "password": "b"}
        )
    assert answer.status_code == 500
    assert list(answer.json()) == ["detail"]
    assert answer.headers["correlation-id"] in answer.json()["detail"]
    assert "Traceback" not in answer.text
    assert "_Broken" not in answer.text
    assert any(record.exc_info for record in caplog.records)


@pytest.fixture
def whole_site(served: Served) -> Starlette:
    """Return the API beside pages, as the portal's server has them."""
    lake: Lake = served.lake
    pages = [Route("/{path:path}", PlainTextResponse("a page"), methods=["GET", "HEAD"])]
    return Starlette(routes=[*api_routes(build_api(lambda: lake)), *pages])


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("method", "path", "is_page"),
    [
        ("GET", "/", True),
        ("GET", "/targets", True),
        ("GET", "/targets/", True),
        ("GET", "/upload", True),
        ("GET", "/upload/", True),
        ("GET", "/target", True),
        ("GET", "/session", True),
        ("POST", "/upload", False),
        ("POST", "/upload/", False),
        ("POST", "/dataproducts/upload/", False),
        ("POST", "/targets", False),
        ("POST", "/targets/getTargetList/", False),
        ("POST", "/targets/download-radio/", False),
        ("POST", "/calibration/get-calibration-res/", False),
        ("DELETE", "/targets/deleteTarget/", False),
        ("GET", "/api/health", False),
        ("GET", "/api/nothing", False),
        ("GET", "/api/v1/docs", False),
        ("HEAD", "/api/v1/transfers/0", False),
        ("PATCH", "/api/v1/targets/T", False),
        ("GET", "/download/Gaia22bpl.csv", False),
        ("PUT", "/session/upload", False),
        ("POST", "/session/login", False),
    ],
)
async def test_pages_keep_their_addresses_beside_the_api(
    whole_site: Starlette, method: str, path: str, is_page: bool
) -> None:
    transport = httpx.ASGITransport(app=whole_site)
    async with httpx.AsyncClient(transport=transport, base_url="http://here") as client:
        answer = await client.request(method, path)
    assert (answer.text == "a page") is is_page
    if not is_page:
        assert "correlation-id" in answer.headers


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def test_the_description_of_the_api_lists_its_routes(anybody: httpx.Client) -> None:
    paths = anybody.get("/api/openapi.json").json()["paths"]
    for path in ("/upload/", "/targets/createTarget/", "/api/token-auth/", "/api/health"):
        assert path in paths
