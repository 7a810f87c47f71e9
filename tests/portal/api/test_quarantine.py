"""How much one person may send in a day, and what becomes of files that nothing can be read of."""

from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from api_server import PASSWORD, Served, running
from installations import settings_in
from test_uploads import fresh_bytes, spooled

from engine.errors import Rejected
from engine.target import Target
from jobs.reduce import reduce_upload
from lake.inbox.accepting import upload, uploads
from lake.inbox.quarantine import quarantined, quarantined_count, take_back
from lake.opening import Lake, open_lake
from lake.people.accounts import create_user, issue_token
from lake.queue import claim, finish
from lake.rights import SYSTEM
from lake.targets import create_target

ABOUT = {"target": "T", "filename": "a.fits"}


def send_form(client: httpx.Client, *bodies: bytes) -> httpx.Response:
    files = [("files", (f"{number}.fits", body)) for number, body in enumerate(bodies)]
    return client.post("/upload/", data={"target": "T", "data_product_type": "fits_file"}, files=files)


def send_page(client: httpx.Client, body: bytes) -> httpx.Response:
    return client.put("/session/upload", params={"target": "T", "name": "a.fits"}, content=body)


def send_v1(client: httpx.Client, body: bytes) -> httpx.Response:
    return client.post("/api/v1/uploads", params=ABOUT, content=body)


def send_pieces(client: httpx.Client, body: bytes) -> httpx.Response:
    begun = client.post("/api/v1/transfers", json={**ABOUT, "size_bytes": len(body)})
    if begun.status_code != 201:
        return begun
    return client.patch(begun.headers["location"], headers={"Upload-Offset": "0"}, content=body)


@pytest.fixture
def small(tmp_path: Path) -> Iterator[tuple[Lake, httpx.Client]]:
    """Give an installation where one person may send three files and one megabyte in a day."""
    limits = {"TOMLAKE_UPLOADS_PER_DAY": "3", "TOMLAKE_UPLOAD_MB_PER_DAY": "1"}
    lake = open_lake(settings_in(tmp_path / "data", **limits))
    user = create_user(lake.operations, "owner", PASSWORD)
    create_target(lake.operations, Target(name="T", ra_deg=1.0, dec_deg=1.0), by="owner")
    token = issue_token(lake.operations, user, name="test")
    with running(lake) as port:
        headers = {"Authorization": f"Token {token}"}
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=20) as client:
            yield lake, client
    lake.close()


@pytest.mark.parametrize("send", [send_form, send_page, send_v1, send_pieces])
def test_the_fourth_file_of_a_day_is_refused_whichever_way_it_comes(
    small: tuple[Lake, httpx.Client], send: Callable[[httpx.Client, bytes], httpx.Response]
) -> None:
    lake, client = small
    first = fresh_bytes()
    for body in (first, fresh_bytes(), fresh_bytes()):
        assert send(client, body).status_code in {200, 201}
    answer = send(client, fresh_bytes())
    assert answer.status_code == 429
    assert "One person may send 3 files in a day" in answer.json()["detail"]
    assert len(uploads(lake.operations, SYSTEM)) == 3
    assert list(lake.raw.spool_dir.iterdir()) == []


@pytest.mark.parametrize("send", [send_form, send_page, send_v1, send_pieces])
def test_the_second_megabyte_of_a_day_is_refused_whichever_way_it_comes(
    small: tuple[Lake, httpx.Client], send: Callable[[httpx.Client, bytes], httpx.Response]
) -> None:
    lake, client = small
    assert send(client, b"a" * 600_000).status_code in {200, 201}
    answer = send(client, b"b" * 600_000)
    assert answer.status_code == 429
    assert "1 MB in a day" in answer.text
    assert len(uploads(lake.operations, SYSTEM)) == 1


def test_a_form_with_one_file_too_many_keeps_none_of_them(small: tuple[Lake, httpx.Client]) -> None:
    lake, client = small
    answer = send_form(client, *(fresh_bytes() for _ in range(4)))
    assert answer.status_code == 429
    assert uploads(lake.operations, SYSTEM) == []
    assert list(lake.raw.hashes()) == []


def reduce_next(lake: Lake) -> int:
    job = claim(lake.operations, "test", lease_s=60)
    assert job is not None
    reduce_upload(lake, job, lambda _step, _done: None)
    finish(lake.operations, job, "done")
    return int(job.args["upload_id"])


def test_a_table_that_cannot_be_read_is_kept_aside_and_given_to_nobody(served: Served) -> None:
    lake = served.lake
    while claim(lake.operations, "others", lease_s=60) is not None:
        pass
    fields = {"target": "Gaia22bpl", "data_product_type": "photometry", "mjd": "60000.5"}
    body = b"<html><script>alert(1)</script>" + fresh_bytes()
    with served.client(served.owner_token) as owner, served.client(served.staff_token) as staff:
        sent = owner.post("/upload/", data=fields, files={"files": ("stars.dat", body)}).json()
        upload_id = int(sent["Success"][0]["id"])
        waiting = owner.post("/common/api/downloadPhotometryFile/", json={"id": upload_id})
        assert (waiting.status_code, b"script" in waiting.content) == (404, False)
        assert reduce_next(lake) == upload_id
        for client in (owner, staff):
            answer = client.post("/common/api/downloadPhotometryFile/", json={"id": upload_id})
            assert (answer.status_code, b"script" in answer.content) == (404, False)
        (aside,) = quarantined(lake.operations, SYSTEM)
        kept = upload(lake.operations, upload_id, served.owner)
        assert (aside.upload_id, aside.code, aside.reason) == (upload_id, kept.code, kept.reason)
        assert lake.raw.is_sound(aside.sha256)
        with pytest.raises(Rejected) as refused:
            quarantined(lake.operations, served.owner)
        assert refused.value.code == "no-right"
        take_back(lake.operations, upload_id)
        assert quarantined_count(lake.operations) == 0
        answer = owner.post("/common/api/downloadPhotometryFile/", json={"id": upload_id})
        assert answer.content == body
        assert answer.headers["x-content-type-options"] == "nosniff"
    assert spooled(served) == []
