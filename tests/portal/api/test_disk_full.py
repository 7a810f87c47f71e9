"""A full disk while something comes in: the client reads one sentence, and nothing is half kept.

The disk is filled by hand: writes fail with ENOSPC as the kernel's do.
"""

import errno
import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from api_server import Served
from sqlalchemy import event, func, select
from sqlalchemy.exc import OperationalError
from test_uploads import fresh_bytes, reduce_jobs, spooled

from engine.errors import Transient
from lake import raw
from lake.inbox import transfers
from lake.inbox.accepting import uploads
from lake.operations import reading, targets
from lake.trouble import telling_of_tables

FORM = {"target": "Gaia22bpl", "data_product_type": "fits_file", "observatory": "ROAD_QHY600M"}
ABOUT = {"target": "Gaia22bpl", "filename": "a.fits", "observatory": "ROAD_QHY600M"}
HEADERS = {"X-Requested-With": "tomlake"}


def no_space(*_: object, **__: object) -> int:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def send_form(client: httpx.Client) -> httpx.Response:
    return client.post("/upload/", data=FORM, files={"files": ("a.fits", os.urandom(2_500_000))})


def send_page(client: httpx.Client) -> httpx.Response:
    params = {"target": "Gaia22bpl", "name": "a.fits"}
    return client.put("/session/upload", params=params, content=os.urandom(2_500_000))


def send_v1(client: httpx.Client) -> httpx.Response:
    return client.post("/api/v1/uploads", params=ABOUT, content=os.urandom(2_500_000))


@contextmanager
def full(where: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Fill the disk at one step of a reception."""
    with monkeypatch.context() as patch:
        if where == "opening":
            patch.setattr(raw.os, "open", no_space)
        elif where == "writing":
            patch.setattr(raw.Reception, "write", lambda *_: _told(no_space))
        elif where == "flushing":
            patch.setattr(raw.os, "fsync", no_space)
        else:
            patch.setattr(Path, "replace", no_space)
        yield


def _told(act: Callable[[], object]) -> None:
    with raw.telling():
        act()


@pytest.mark.parametrize("send", [send_form, send_page, send_v1])
@pytest.mark.parametrize("where", ["opening", "writing", "flushing", "moving"])
def test_a_full_disk_ends_an_upload_with_507_and_leaves_nothing(
    owner: httpx.Client,
    served: Served,
    monkeypatch: pytest.MonkeyPatch,
    send: Callable[[httpx.Client], httpx.Response],
    where: str,
) -> None:
    if not served.lake.raw.spool_dir.is_relative_to(served.lake.settings.raw_url):
        pytest.skip("about files: run with the lake in a folder")
    before = (reduce_jobs(served), len(uploads(served.lake.operations, served.owner, limit=1000)))
    with full(where, monkeypatch):
        answer = send(owner)
    assert answer.status_code == 507, answer.text
    assert answer.json()["detail"].startswith("The disk is full: free some space and try again")
    assert answer.json()["code"] == "disk-full"
    assert int(answer.headers["retry-after"]) > 0
    assert spooled(served) == []
    after = (reduce_jobs(served), len(uploads(served.lake.operations, served.owner, limit=1000)))
    assert after == before
    assert send(owner).status_code == 201


def test_a_full_disk_ends_a_piece_with_507_and_the_sender_goes_on_from_what_is_safe(
    owner: httpx.Client, served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = fresh_bytes() * 100
    begun = owner.post("/api/v1/transfers", json={**ABOUT, "size_bytes": len(body)})
    place = begun.headers["location"]
    half = len(body) // 2
    assert owner.patch(place, headers={"Upload-Offset": "0"}, content=body[:half]).status_code == 200
    with monkeypatch.context() as patch:
        patch.setattr(transfers.os, "write", no_space)
        answer = owner.patch(place, headers={"Upload-Offset": str(half)}, content=body[half:])
    assert (answer.status_code, answer.json()["code"]) == (507, "disk-full")
    assert owner.get(place).json()["offset_bytes"] == half
    done = owner.patch(place, headers={"Upload-Offset": str(half)}, content=body[half:])
    assert done.status_code == 200
    sha256 = uploads(served.lake.operations, served.owner, limit=1)[0].sha256
    with served.lake.raw.open(sha256) as stream:
        assert stream.read() == body


def test_a_full_disk_under_the_tables_is_507_and_changes_nothing(
    owner: httpx.Client, served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQLite itself says that the disk is full: its file may grow no more."""
    if served.lake.operations.dialect.name != "sqlite":
        pytest.skip("about SQLite")

    def targets_count() -> int:
        with reading(served.lake.operations) as connection:
            return int(connection.execute(select(func.count()).select_from(targets)).scalar_one())

    before = targets_count()
    with reading(served.lake.operations) as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()

    def small(connection: sqlite3.Connection, _record: object) -> None:
        connection.execute(f"PRAGMA max_page_count = {pages}")

    event.listen(served.lake.operations, "connect", small)
    served.lake.operations.dispose()  # every connection of the pool must have the limit
    made, answer = 0, None
    try:
        for number in range(400):
            target = {"name": f"Full{number}", "ra_deg": number / 2, "dec_deg": 1.0, "description": "x" * 900}
            answer = owner.post("/api/v1/targets", json=target)
            if answer.status_code != 201:
                break
            made += 1
    finally:
        event.remove(served.lake.operations, "connect", small)
        served.lake.operations.dispose()
    assert answer is not None
    assert (answer.status_code, answer.json()["code"]) == (507, "disk-full"), answer.text
    assert targets_count() == before + made


def test_what_is_no_matter_of_the_disk_stays_what_it_is() -> None:
    with pytest.raises(OperationalError), telling_of_tables():
        raise OperationalError("SELECT 1", {}, Exception("server closed the connection unexpectedly"))
    with pytest.raises(Transient), telling_of_tables():
        raise OperationalError("INSERT", {}, Exception("database or disk is full"))
