"""What people do through the API is in the audit log."""

import httpx
from api_server import PASSWORD, Served

from lake.people.audit import Kind, audit_log
from lake.rights import SYSTEM


def log(served: Served, kind: Kind) -> list[tuple[str, str, str, str]]:
    entries = audit_log(served.lake.operations, SYSTEM, kind=kind, limit=2)
    return [(entry.deed, entry.who, entry.address, entry.object_name) for entry in entries]


def test_a_download_says_who_what_and_from_where(
    served: Served, owner: httpx.Client, anybody: httpx.Client
) -> None:
    assert owner.post("/targets/download-photometry/", json={"name": "Hidden1"}).status_code == 200
    first = anybody.get("/download/Gaia22bpl.csv")
    expected = [("photometry", "", "127.0.0.1", "Gaia22bpl"), ("photometry", "owner", "127.0.0.1", "Hidden1")]
    assert log(served, Kind.DOWNLOAD) == expected
    anybody.get("/download/Gaia22bpl.csv", headers={"If-None-Match": first.headers["etag"]})
    anybody.get("/download/Hidden1.csv")
    assert log(served, Kind.DOWNLOAD) == expected


def test_sign_ins_are_told_whether_right_or_wrong(served: Served, anybody: httpx.Client) -> None:
    for password in ("a wrong password", PASSWORD):
        anybody.post("/api/token-auth/", json={"username": "Owner", "password": password})
    assert log(served, Kind.SIGN_IN) == [
        ("signed in", "owner", "127.0.0.1", ""),
        ("refused", "owner", "127.0.0.1", ""),
    ]
