"""Who gets what from every route, for every way to share a target: a route without a rule here fails."""

from collections.abc import Iterator
from dataclasses import dataclass

import httpx
import polars as pl
import pytest
from api_server import Served
from starlette.routing import Route

from engine.lightcurve import light_curve
from engine.target import Target, Visibility
from engine.times import mjd_now
from lake.people.accounts import Role, User, create_user, find_user, issue_token
from lake.people.groups import create_group, set_member
from lake.provenance import new_batch
from lake.targets import create_target
from portal.api.app import PARTS

PEOPLE = ("anonymous", "owner", "member", "other", "staff")
SHARINGS = ("public", "group", "private", "embargoed")
SEEING = {
    "public": frozenset(PEOPLE),
    "group": frozenset({"owner", "member", "staff"}),
    "private": frozenset({"owner", "staff"}),
    "embargoed": frozenset({"owner", "member", "staff"}),  # public later; its group sees it already
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """How a route that names a target is asked, and what tells that it was given."""

    json: dict[str, str] | None = None
    data: dict[str, str] | None = None
    files: bool = False
    path: str = ""  # where it differs from the route's
    content: bytes | None = None
    with_account: bool = True  # an anonymous visitor gets nothing, whatever is asked for


NAME = "{target}"  # stands for the name of the target
FORM = {"target": NAME, "data_product_type": "fits_file"}
ABOUT_TARGETS: dict[tuple[str, str], Rule] = {
    ("GET", "/download/{name}.csv"): Rule(path=f"/download/{NAME}.csv", with_account=False),
    ("POST", "/targets/getTargetList"): Rule(json={"name": NAME}),
    ("POST", "/targets/download-photometry"): Rule(json={"name": NAME}),
    ("POST", "/upload"): Rule(data=FORM, files=True),
    ("POST", "/dataproducts/upload"): Rule(data=FORM, files=True),
    ("PUT", "/session/upload"): Rule(path=f"/session/upload?target={NAME}&name=a.fits", content=b"x"),
}
# routes that tell nothing of one target, each with why
NOT_ABOUT_TARGETS = {
    ("POST", "/targets/createTarget"): "makes one; that a place is taken is told without the name",
    ("POST", "/api/token-auth"): "gives a token for a password",
    ("POST", "/session/login"): "opens a session",
    ("POST", "/session/logout"): "ends a session",
    ("PUT", "/session/sample-frame"): "reads the header that is sent, and knows of no target",
    ("GET", "/api/health"): "tells whether the installation works",
}
PUBLISHED = ("/lake", "/api/sql")  # what is published is everybody's; lake.public.selection chooses it


def every_route() -> set[tuple[str, str]]:
    return {
        (method, route.path.rstrip("/"))
        for part in PARTS
        for route in part.router.routes
        if isinstance(route, Route)
        for method in (route.methods or ())
        if method not in {"HEAD", "OPTIONS"}
    }


def test_every_route_has_a_rule() -> None:
    known = ABOUT_TARGETS.keys() | NOT_ABOUT_TARGETS.keys()
    unruled = {each for each in every_route() - known if not each[1].startswith(PUBLISHED)}
    assert unruled == set()


def test_no_rule_is_about_a_route_that_is_gone() -> None:
    assert (ABOUT_TARGETS.keys() | NOT_ABOUT_TARGETS.keys()) - every_route() == set()


def account(served: Served, name: str) -> User:
    found = find_user(served.lake.operations, name)
    assert found is not None
    return found


@pytest.fixture(scope="module")
def clients(served: Served) -> Iterator[dict[str, httpx.Client]]:
    operations = served.lake.operations
    create_user(operations, "member", "right horse")
    group = create_group(operations, "Matrix", by=account(served, "owner"))
    set_member(operations, group.group_id, "member", Role.MEMBER, by=account(served, "owner"))
    for number, sharing in enumerate(SHARINGS):
        target = create_target(
            operations,
            Target(
                name=f"Matrix {sharing}",
                ra_deg=200.0 + number,
                dec_deg=-5.0,
                visibility=Visibility(sharing) if sharing in {"group", "private"} else Visibility.PUBLIC,
                group_id=group.group_id,
                embargo_until_mjd=mjd_now() + 1.0 if sharing == "embargoed" else None,
            ),
            by="owner",
        )
        row = {"target_id": target.target_id, "source": "ztf", "source_ref": "a", "mjd": 60000.5,
               "band": "V(GaiaSP)", "mag": 15.5, "mag_err": 0.1}  # fmt: skip
        served.lake.store.append_points(light_curve(pl.DataFrame([row])), batch=new_batch("test", "ztf"))
    tokens = {name: issue_token(operations, account(served, name), name="matrix") for name in PEOPLE[1:]}
    opened = {name: served.client(tokens.get(name)) for name in PEOPLE}
    yield opened
    for client in opened.values():
        client.close()


def ask(client: httpx.Client, method: str, path: str, target: str) -> httpx.Response:
    rule = ABOUT_TARGETS[method, path]
    named = {
        key: {name: value.replace(NAME, target) for name, value in fields.items()}
        for key, fields in (("json", rule.json), ("data", rule.data))
        if fields is not None
    }
    files = {"files": ("a.fits", f"SIMPLE for {target}".encode())} if rule.files else None
    return client.request(
        method, (rule.path or path).replace(NAME, target), files=files, content=rule.content, **named
    )


def is_given(answer: httpx.Response) -> bool:
    """Return whether an answer tells of the target: a list that is empty does not."""
    if answer.status_code not in {200, 201}:
        return False
    is_json = answer.headers["content-type"].startswith("application/json")
    return not (is_json and answer.json().get("count") == 0)


@pytest.mark.parametrize("sharing", SHARINGS)
@pytest.mark.parametrize(("method", "path"), sorted(ABOUT_TARGETS))
def test_a_route_tells_of_a_target_whom_it_may(
    clients: dict[str, httpx.Client], method: str, path: str, sharing: str
) -> None:
    answers = {name: ask(client, method, path, f"Matrix {sharing}") for name, client in clients.items()}
    rule = ABOUT_TARGETS[method, path]
    may = SEEING[sharing] - ({"anonymous"} if rule.with_account else set())
    assert {name for name, answer in answers.items() if is_given(answer)} == may
    for name in set(PEOPLE) - may - {"anonymous"}:
        never = ask(clients[name], method, path, "Matrix missing")
        told = (answers[name].status_code, answers[name].text.replace(sharing, "missing"))
        assert told == (never.status_code, never.text)
