"""Tokens: how they are given, sent, and refused."""

import json

import httpx
import pytest
from api_server import PASSWORD, Served

from lake.people.accounts import issue_token, list_tokens, revoke_token


@pytest.mark.parametrize("path", ["/api/token-auth", "/api/token-auth/"])
@pytest.mark.parametrize("as_json", [True, False])
def test_a_token_is_given_for_json_and_for_a_form(anybody: httpx.Client, path: str, as_json: bool) -> None:
    fields = {"username": "owner", "password": PASSWORD}
    answer = anybody.post(path, **({"json": fields} if as_json else {"data": fields}))
    assert answer.status_code == 200
    assert set(answer.json()) == {"token"}


def test_a_form_that_claims_to_be_json_is_understood(anybody: httpx.Client) -> None:
    content = f"username=owner&password={PASSWORD.replace(' ', '+')}"
    headers = {"Content-Type": "application/json"}
    assert anybody.post("/api/token-auth/", content=content, headers=headers).status_code == 200


@pytest.mark.parametrize(
    ("fields", "body"),
    [
        ({}, {"username": ["This field is required."], "password": ["This field is required."]}),
        ({"username": "", "password": None}, {
            "username": ["This field may not be blank."], "password": ["This field may not be null."]}),
        ({"username": ["a"], "password": "b"}, {"username": ["Not a valid string."]}),
        ({"username": "\ud800\x00", "password": "b"},
         {"non_field_errors": ["Unable to log in with provided credentials."]}),
    ],
)  # fmt: skip
def test_what_is_missing_is_told_field_by_field(
    anybody: httpx.Client, fields: dict[str, object], body: dict[str, list[str]]
) -> None:
    answer = anybody.post("/api/token-auth/", content=json.dumps(fields))
    assert (answer.status_code, answer.json()) == (400, body)


@pytest.mark.parametrize(
    ("header", "detail"),
    [
        (None, "Authentication credentials were not provided."),
        ("Basic abc", "Authentication credentials were not provided."),
        ("Token", "Invalid token header. No credentials provided."),
        ("Token a b", "Invalid token header. Token string should not contain spaces."),
        ("Token 0123456789abcdef0123456789abcdef01234567", "Invalid token."),
    ],
)
def test_a_missing_or_wrong_token_gets_the_frameworks_401(
    anybody: httpx.Client, header: str | None, detail: str
) -> None:
    headers = {"Authorization": header} if header else {}
    for path in ("/targets/getTargetList/", "/targets/createTarget/", "/upload/"):
        answer = anybody.post(path, headers=headers)
        assert answer.status_code == 401
        assert answer.text == f'{{"detail":"{detail}"}}'
        assert answer.headers["www-authenticate"] == "Token"


def test_bearer_is_another_word_for_token(anybody: httpx.Client, served: Served) -> None:
    headers = {"Authorization": f"bearer {served.owner_token}"}
    assert anybody.post("/targets/getTargetList/", headers=headers).status_code == 200


def test_a_revoked_token_is_invalid_at_once(served: Served) -> None:
    token = issue_token(served.lake.operations, served.owner, name="to go")
    newest = list_tokens(served.lake.operations, served.owner)[0]
    with served.client(token) as client:
        assert client.post("/targets/getTargetList/").status_code == 200
        revoke_token(served.lake.operations, served.owner, newest.token_id)
        assert client.post("/targets/getTargetList/").status_code == 401
