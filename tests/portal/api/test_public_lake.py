"""The public lake by URL: ranges, tags, every file of a manifest, and nothing else."""

import hashlib
import json
import time
from collections.abc import Iterator

import httpx
import pytest
from api_server import running
from hypothesis import given, settings
from hypothesis import strategies as st
from installations import settings_in
from public_lakes import Aviary, add_points, add_target, published, readable

from lake.opening import open_lake
from lake.public.publish import Publication
from lake.public.versions import withdraw
from portal.api.byte_range import ByteRange, Unsatisfiable, byte_range

ETAG = '"tag"'


class Public:
    """A served installation with a published version."""

    def __init__(self, aviary: Aviary, publication: Publication, web: httpx.Client) -> None:
        self.aviary = aviary
        self.publication = publication
        self.web = web

    def get(self, path: str, **headers: str) -> httpx.Response:
        return self.web.get(path, headers={name.replace("_", "-"): value for name, value in headers.items()})


@pytest.fixture(scope="module")
def public(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Public]:
    lake = open_lake(settings_in(tmp_path_factory.mktemp("public") / "data"))
    aviary = Aviary(lake)
    add_points(lake, add_target(lake, "Star"), 200)
    with (
        running(lake) as port,
        httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=20) as web,
    ):
        assert web.get("/lake/latest/manifest.json").status_code == 404
        assert web.get("/lake/versions.json").status_code == 404
        assert "nothing" in web.get("/lake/").json()["about"]
        yield Public(aviary, published(lake), web)
    lake.close()


def paths_of(public: Public) -> list[str]:
    return [file["path"] for file in public.get("/lake/latest/manifest.json").json()["files"]]


def test_every_file_of_the_manifest_is_served_as_it_was_published(public: Public) -> None:
    told = public.get("/lake/latest/manifest.json").json()
    assert len(told["files"]) > 10
    for file in told["files"]:
        for start in ("/lake/latest", f"/lake/v/{told['name']}"):
            answer = public.get(f"{start}/{file['path']}")
            assert answer.status_code == 200
            assert hashlib.sha256(answer.content).hexdigest() == file["sha256"]
            assert answer.headers["etag"] == f'"{file["sha256"]}"'
            assert answer.headers["access-control-allow-origin"] == "*"


def test_the_index_tells_the_versions_and_where_to_begin(public: Public) -> None:
    for path in ("/lake", "/lake/"):
        told = public.get(path).json()
        assert told["latest"]["name"] == public.publication.version.name
        assert "manifest.json" in told["about"]
    listed = public.get("/lake/versions.json").json()["versions"]
    assert [version["name"] for version in listed] == [public.publication.version.name]
    body = public.get(f"/lake/v/{listed[0]['name']}/manifest.json").content
    assert hashlib.sha256(body).hexdigest() == listed[0]["manifest_sha256"]


@pytest.mark.parametrize(
    ("asked", "start", "end"),
    [("bytes=0-0", 0, 1), ("bytes=10-19", 10, 20), ("bytes=100-", 100, None), ("bytes=-8", -8, None)],
)
def test_a_range_is_answered_with_these_bytes(
    public: Public, asked: str, start: int, end: int | None
) -> None:
    whole = public.get("/lake/latest/targets.parquet").content
    answer = public.get("/lake/latest/targets.parquet", Range=asked)
    assert answer.status_code == 206
    assert answer.content == whole[start:end]
    first = start % len(whole)
    assert answer.headers["content-range"] == f"bytes {first}-{first + len(answer.content) - 1}/{len(whole)}"


def test_a_range_behind_the_end_is_refused_with_the_size(public: Public) -> None:
    size = len(public.get("/lake/latest/targets.parquet").content)
    for asked in (f"bytes={size}-", "bytes=-0"):
        answer = public.get("/lake/latest/targets.parquet", Range=asked)
        assert (answer.status_code, answer.headers["content-range"]) == (416, f"bytes */{size}")


def test_a_range_of_another_state_of_the_file_gives_the_whole_file(public: Public) -> None:
    tag = public.get("/lake/latest/targets.parquet").headers["etag"]
    path = "/lake/latest/targets.parquet"
    assert public.get(path, Range="bytes=0-3", If_Range=tag).status_code == 206
    assert public.get(path, Range="bytes=0-3", If_Range='"other"').status_code == 200
    assert public.get(path, If_None_Match=tag).status_code == 304


def test_head_tells_the_size_and_sends_no_body(public: Public) -> None:
    answer = public.web.head("/lake/latest/targets.parquet")
    assert (answer.status_code, answer.content) == (200, b"")
    assert int(answer.headers["content-length"]) == len(public.get("/lake/latest/targets.parquet").content)
    assert answer.headers["accept-ranges"] == "bytes"


def test_scripts_of_other_sites_may_ask_for_ranges(public: Public) -> None:
    answer = public.web.options("/lake/latest/targets.parquet")
    assert answer.status_code == 204
    assert "Range" in answer.headers["access-control-allow-headers"]


@pytest.mark.parametrize(
    "path",
    [
        "/lake/latest/nothing.parquet", "/lake/v/none/manifest.json", "/lake/latest/..%2fversions.json",
        "/lake/latest/%2e%2e/%2e%2e/operations.sqlite", "/lake/latest//etc/passwd", "/lake/latest/",
        "/lake/v/../versions.json/x", "/lake/v/%2e%2e/manifest.json", "/lake/latest/files/00/x.parquet",
        "/lake/latest/..%2f..%2foperations.sqlite", "/lake/operations.sqlite", "/lake/v/latest/manifest.json",
    ],
)  # fmt: skip
def test_a_path_that_no_manifest_names_is_nowhere(public: Public, path: str) -> None:
    with httpx.Client(trust_env=False) as raw:
        answer = raw.get(httpx.URL(public.web.base_url, raw_path=path.encode()))
    assert answer.status_code == 404
    assert answer.json()["detail"]


def test_no_answer_below_lake_holds_a_byte_of_a_hidden_target(public: Public) -> None:
    guesses = [
        f"/lake/latest/photometry/{canary.word}-name.parquet" for canary in public.aviary.hidden.values()
    ]
    asked = ["/lake", "/lake/", "/lake/versions.json", "/lake/latest/manifest.json"]
    asked += [f"/lake/latest/{path}" for path in paths_of(public)]
    found_public = b""
    for path in asked:
        answer = public.get(path)
        body = readable(answer.content, path) + json.dumps(dict(answer.headers)).encode()
        found_public += body
        for canary in public.aviary.hidden.values():
            assert not canary.is_in(body), (path, canary.word)
    assert public.aviary.public.is_in(found_public)
    assert all(public.get(path).status_code == 404 for path in guesses)


def test_a_withdrawn_version_says_so_and_the_latest_is_the_one_before(public: Public) -> None:
    lake = public.aviary.lake
    mistake = published(lake, name="mistake")
    assert public.get("/lake/v/mistake/manifest.json").status_code == 200
    assert public.get("/lake/latest/manifest.json").json()["name"] == "mistake"
    withdraw(lake, mistake.version.name, reason="A target was not ours to publish.")
    deadline_s = time.monotonic() + 10.0  # on S3 the list of versions may be two seconds old
    while (answer := public.get("/lake/v/mistake/targets.parquet")).status_code != 410:
        assert time.monotonic() < deadline_s
        time.sleep(0.05)
    assert "not ours" in answer.json()["detail"]
    assert public.get("/lake/latest/manifest.json").json()["name"] == public.publication.version.name


def test_nothing_can_be_written(public: Public) -> None:
    for method in ("PUT", "POST", "DELETE", "PATCH"):
        assert public.web.request(method, "/lake/latest/targets.parquet").status_code == 405


@settings(max_examples=200)
@given(st.text(alphabet="bytes=-0123456789, ", max_size=24), st.integers(0, 50))
def test_any_range_gives_bytes_inside_the_file_or_none(asked: str, size_bytes: int) -> None:
    try:
        found = byte_range({"range": asked}, size_bytes=size_bytes, etag=ETAG)
    except Unsatisfiable:
        return
    assert found is None or 0 <= found.start < found.end <= size_bytes


def test_several_ranges_or_nonsense_mean_the_whole_file() -> None:
    for asked in ("bytes=0-1,4-5", "bytes=5-3", "bytes=-", "rows=0-1", "bytes=a-b"):
        assert byte_range({"range": asked}, size_bytes=10, etag=ETAG) is None
    assert byte_range({"range": "Bytes = 2-"}, size_bytes=10, etag=ETAG) == ByteRange(start=2, end=10)
