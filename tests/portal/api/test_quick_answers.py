"""Answers from memory are noted like all others, and no memory outlives a right."""

import subprocess
import sys
from dataclasses import replace

import httpx
import pytest
from api_server import Served, running
from sqlalchemy import delete, insert

from lake.operations import writing
from lake.people.account_tables import second_factors
from lake.people.accounts import find_user, issue_token, list_tokens
from lake.people.audit import Kind, audit_log
from lake.rights import SYSTEM

AT = "/api/v1/targets/Gaia22bpl/light-curve"


def test_each_time_that_a_light_curve_is_given_is_in_the_log(
    served: Served, owner: httpx.Client, anybody: httpx.Client
) -> None:
    operations = served.lake.operations
    before = len(audit_log(operations, SYSTEM, kind=Kind.DOWNLOAD, limit=10_000))
    first = owner.get(AT)
    again = [owner.get(AT), anybody.get(AT), anybody.get(AT)]
    assert owner.get(AT, headers={"If-None-Match": first.headers["etag"]}).status_code == 304
    assert [each.status_code for each in (first, *again)] == [200] * 4
    noted = audit_log(operations, SYSTEM, kind=Kind.DOWNLOAD, limit=10_000)
    lines = [(each.who, each.address, each.object_name, each.deed) for each in noted[: len(noted) - before]]
    assert lines == [(who, "127.0.0.1", "Gaia22bpl", "photometry") for who in ("", "", "owner", "owner")]


def test_a_token_that_another_process_revokes_is_refused_at_once(served: Served) -> None:
    secret = issue_token(served.lake.operations, served.owner, name="for another process")
    token_id = list_tokens(served.lake.operations, served.owner)[0].token_id
    if served.lake.operations.dialect.name != "sqlite":
        pytest.skip("of PostgreSQL nothing is remembered")
    database = served.lake.operations.url.database
    statement = f"UPDATE tokens SET revoked_mjd = 1.0 WHERE token_id = {token_id}"
    program = f"import sqlite3\nwith sqlite3.connect({database!r}, timeout=20) as c: c.execute({statement!r})"
    with served.client(secret) as client:
        assert [client.get(AT).status_code for _ in range(3)] == [200] * 3
        subprocess.run([sys.executable, "-c", program], check=True, timeout=60)
        assert client.get(AT).status_code == 401


def test_staff_are_nobody_special_as_soon_as_their_second_factor_is_gone(served: Served) -> None:
    lake = replace(served.lake, settings=replace(served.lake.settings, staff_second_factor=True))
    staff = find_user(lake.operations, "staff")
    assert staff is not None
    staff_id = staff.user_id
    with running(lake) as port, httpx.Client(trust_env=False, timeout=20) as client:
        client.headers["Authorization"] = f"Token {served.staff_token}"

        def status() -> int:
            return client.get(f"http://127.0.0.1:{port}/api/v1/targets/Hidden1/light-curve").status_code

        assert [status(), status()] == [404, 404]
        with writing(lake.operations) as connection:
            row = {"user_id": staff_id, "secret": "A" * 32, "made_mjd": 1.0, "confirmed_mjd": 1.0}
            connection.execute(insert(second_factors).values(row))
        assert [status(), status()] == [200, 200]
        with writing(lake.operations) as connection:
            connection.execute(delete(second_factors).where(second_factors.c.user_id == staff_id))
        assert status() == 404
