"""Who gets what from every route, for every way to share a target; ``route_rules`` lists the routes."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, partial
from itertools import count

import httpx
import polars as pl
import pytest
from api_server import Served
from measured import upload_measured
from route_rules import ABOUT_TARGETS, NOT_ABOUT_TARGETS, PUBLISHED, Key, Who, every_route

from engine.lightcurve import light_curve
from engine.target import Target, Visibility
from engine.times import mjd_now
from lake.frames import frames_of_target
from lake.inbox.uploads import upload
from lake.people.accounts import Role, User, create_user, find_user, issue_token
from lake.people.comments import add_comment
from lake.people.groups import create_group, set_member
from lake.provenance import new_batch
from lake.rights import SYSTEM
from lake.target_groups import add_to_group
from lake.targets import create_target

PEOPLE = ("anonymous", "owner", "member", "other", "staff")
SHARINGS = ("public", "group", "private", "embargoed")
SEEING = {
    "public": frozenset(PEOPLE),
    "group": frozenset({"owner", "member", "staff"}),
    "private": frozenset({"owner", "staff"}),
    "embargoed": frozenset({"owner", "member", "staff"}),  # public later; its group sees it already
}
OF_THEM = {
    Who.SEES: frozenset(PEOPLE),
    Who.SIGNED_IN: frozenset(PEOPLE) - {"anonymous"},
    Who.CHANGES: frozenset({"owner", "staff"}),
    Who.STAFF: frozenset({"staff"}),
}
MISSING = {
    "target": "Matrix missing", "group": "Group missing", "file": "none.fits", "ra_deg": "299.5",
    "frame_id": "u999999", "target_id": "999999", "upload_id": "999999", "point_id": "999999",
    "job_id": "999999",
}  # fmt: skip
NUMBERS = count()
Words = dict[str, str]


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Matrix:
    """A client for each person, and a target with what hangs on it for each way to share."""

    clients: dict[str, httpx.Client]
    things: dict[str, Words]
    fresh: Callable[[str], Words]
    never: Callable[[str, Key], tuple[int, str]]  # what somebody is told of what never was


@pytest.fixture(scope="module")
def matrix(served: Served) -> Iterator[Matrix]:
    operations = served.lake.operations
    create_user(operations, "member", "right horse")
    group = create_group(operations, "Matrix", by=account(served, "owner"))
    set_member(operations, group.group_id, "member", Role.MEMBER, by=account(served, "owner"))
    fresh = partial(shared_thing, served, group.group_id)
    tokens = {name: issue_token(operations, account(served, name), name="matrix") for name in PEOPLE[1:]}
    clients = {name: served.client(tokens.get(name)) for name in PEOPLE}
    things = {sharing: fresh(sharing) for sharing in SHARINGS}
    never = cache(lambda name, key: neutral(ask(clients[name], key, MISSING), MISSING))
    yield Matrix(clients=clients, things=things, fresh=fresh, never=never)
    for client in clients.values():
        client.close()


def shared_thing(served: Served, group_id: int, sharing: str) -> Words:
    """Make a target that is shared in this way, and an upload, a frame, a point, a comment, a group of it."""
    number = next(NUMBERS)
    operations, store = served.lake.operations, served.lake.store
    target = create_target(
        operations,
        Target(
            name=f"Matrix{number:04d}",
            ra_deg=200.0 + number / 4,
            dec_deg=-5.0,
            visibility=Visibility(sharing) if sharing in {"group", "private"} else Visibility.PUBLIC,
            group_id=group_id,
            embargo_until_mjd=mjd_now() + 1.0 if sharing == "embargoed" else None,
        ),
        by="owner",
    )
    target_id = target.target_id or 0
    row = {"target_id": target_id, "source": "ztf", "source_ref": "a", "mjd": 60000.5,
           "band": "V(GaiaSP)", "mag": 15.5, "mag_err": 0.1}  # fmt: skip
    store.append_points(light_curve(pl.DataFrame([row])), batch=new_batch("test", "ztf"))
    sent = upload(operations, upload_measured(served.lake, target.name, f"matrix{number:04d}.fits"), SYSTEM)
    assert sent is not None
    add_comment(operations, target.name, "Bright.", by=account(served, "owner"))
    add_to_group(operations, f"Group{number:04d}", target.name, by=account(served, "owner"))
    return {
        "target": target.name,
        "target_id": str(target_id),
        "ra_deg": str(target.ra_deg),
        "upload_id": str(sent.upload_id),
        "job_id": str(sent.job_id),
        "frame_id": str(frames_of_target(store, target_id)["frame_id"][0]),
        "point_id": str(store.light_curve(target_id)["point_id"][0]),
        "file": f"matrix{number:04d}.fits",
        "group": f"Group{number:04d}",
    }


def filled(value: object, words: Words) -> object:
    if isinstance(value, dict):
        return {name: filled(each, words) for name, each in value.items()}
    if isinstance(value, list):
        return [filled(each, words) for each in value]
    if not isinstance(value, str):
        return value
    for name, word in words.items():
        value = value.replace(f"{{{name}}}", word)
    return value


def ask(client: httpx.Client, key: Key, words: Words) -> httpx.Response:
    rule, (method, path) = ABOUT_TARGETS[key], key
    return client.request(
        method,
        str(filled(rule.path or path, words)),
        json=filled(rule.json, words) if rule.json else None,
        data=filled(rule.data, words) if rule.data else None,  # type: ignore[arg-type]
        params=filled(rule.query, words) if rule.query else None,  # type: ignore[arg-type]
        files={"files": ("a.fits", f"SIMPLE for {words['target']}".encode())} if rule.files else None,
        content=rule.content,
    )


def is_given(answer: httpx.Response, words: Words, *, is_list: bool) -> bool:
    """Return whether an answer tells of the target: a list that does not name it, or its file, does not."""
    return answer.is_success and (
        not is_list or words["target"] in answer.text or words["file"] in answer.text
    )


def neutral(answer: httpx.Response, words: Words) -> tuple[int, str]:
    """Return status and text of an answer with the words of the target taken out."""
    text = answer.text
    for word in sorted(words.values(), key=len, reverse=True):
        text = re.sub(rf"(?<![\w.-]){re.escape(word)}(?!\w|\.\d)", "<word>", text)
    return answer.status_code, text


@pytest.mark.parametrize("sharing", SHARINGS)
@pytest.mark.parametrize("key", sorted(ABOUT_TARGETS), ids=" ".join)
def test_a_route_tells_of_a_target_whom_it_may(matrix: Matrix, key: Key, sharing: str) -> None:
    rule = ABOUT_TARGETS[key]
    may = SEEING[sharing] & OF_THEM[rule.who]
    given = set()
    words = matrix.things[sharing]
    is_gone = rule.is_last  # then the next person tries on another one
    for name, client in matrix.clients.items():
        words = matrix.fresh(sharing) if is_gone else words
        answer = ask(client, key, words)
        if is_given(answer, words, is_list=rule.is_list):
            given.add(name)
        is_gone = rule.is_last and name in given
        if name not in SEEING[sharing]:  # then nothing tells that it is there
            assert neutral(answer, words) == matrix.never(name, key), name
    assert given == may
