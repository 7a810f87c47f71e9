"""Groups, sharing, comments, tokens, favourites, observatories and the log in /api/v1: who gets what."""

from collections.abc import Iterator
from dataclasses import dataclass

import httpx
import pytest
from api_server import Served
from measured import upload_measured
from served_installation import serving

from engine.target import Target, Visibility
from lake.inbox.changes import share_upload
from lake.people.accounts import Role, Scope, User, create_user, find_user, issue_token
from lake.people.comments import CommentFilter, list_comments
from lake.people.groups import create_group, set_member
from lake.rights import SYSTEM, Shared
from lake.targets import create_target

PEOPLE = ("anonymous", "other", "member", "owner", "staff")
TARGET, GROUP = "V1Owl", "V1 Night owls"
NOBODY, STRANGERS = 401, 404
CSV = b"name,lon,lat,camera_name\nV1 Dale,1,2,A\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A request, and the status that each of PEOPLE gets, in their order."""

    method: str
    path: str
    route: str  # as the OpenAPI has it
    statuses: tuple[int, ...]
    json: object = None
    content: bytes | None = None


def rule(method: str, path: str, statuses: tuple[int, ...], *, route: str = "", **body: object) -> Rule:
    return Rule(method=method, path=path, route=route or path, statuses=statuses, **body)  # type: ignore[arg-type]


SHARED = {"visibility": "group", "group": GROUP}
OF_GROUP, OF_MEMBERS = "/groups/{group}", "/groups/{group}/members"
OF_MEMBER, OF_UPLOAD = "/groups/{group}/members/{username}", "/uploads/{upload_id}/sharing"
OF_TARGET, SAID = "/targets/{name}/sharing", "/targets/{name}/comments"
RULES = (
    rule("GET", "/groups", (401, 200, 200, 200, 200)),
    rule("POST", "/groups", (401, 400, 400, 400, 400), json={"name": ""}),
    rule("GET", f"/groups/{GROUP}", (401, 404, 200, 200, 200), route=OF_GROUP),
    rule("DELETE", f"/groups/{GROUP}", (401, 404, 403, 0, 0), route=OF_GROUP),
    rule("GET", f"/groups/{GROUP}/members", (401, 404, 200, 200, 200), route=OF_MEMBERS),
    rule("PUT", f"/groups/{GROUP}/members/member", (401, 404, 403, 200, 200), route=OF_MEMBER,
         json={"role": "member"}),
    rule("DELETE", f"/groups/{GROUP}/members/owner", (401, 404, 403, 409, 0), route=OF_MEMBER),
    rule("GET", f"/targets/{TARGET}/sharing", (404, 404, 200, 200, 200), route=OF_TARGET),
    rule("PUT", f"/targets/{TARGET}/sharing", (401, 404, 403, 200, 200), route=OF_TARGET,
         json=SHARED | {"embargo_until_mjd": 99000.0}),
    rule("GET", "/uploads/{upload}/sharing", (404, 404, 200, 200, 200), route=OF_UPLOAD),
    rule("PUT", "/uploads/{upload}/sharing", (401, 404, 403, 200, 200), route=OF_UPLOAD, json=SHARED),
    rule("GET", f"/targets/{TARGET}/comments", (404, 404, 200, 200, 200), route=SAID),
    rule("POST", f"/targets/{TARGET}/comments", (401, 404, 201, 201, 201), route=SAID,
         json={"text": "Rising."}),
    rule("DELETE", "/comments/{comment}", (401, 404, 403, 204, 404), route="/comments/{comment_id}"),
    rule("GET", "/tokens", (401, 200, 200, 200, 200)),
    rule("POST", "/tokens", (401, 400, 400, 400, 400), json={"name": "x", "scopes": []}),
    rule("POST", "/tokens/{token}/rotate", (401, 404, 404, 0, 404), route="/tokens/{token_id}/rotate"),
    rule("DELETE", "/tokens/{token}", (401, 404, 404, 204, 404), route="/tokens/{token_id}"),
    rule("GET", "/notices", (401, 200, 200, 200, 200)),
    rule("PATCH", "/notices", (401, 200, 200, 200, 200), json={"up_to_id": 1}),
    rule("GET", "/favourites", (401, 200, 200, 200, 200)),
    rule("PUT", "/favourites/road_qhy600m", (401, 200, 200, 200, 200), route="/favourites/{oname}", json={}),
    rule("DELETE", "/favourites/NONE", (401, 404, 404, 404, 404), route="/favourites/{oname}"),
    rule("GET", "/observatories", (200, 200, 200, 200, 200)),
    rule("POST", "/observatories", (401, 409, 409, 409, 409),
         json={"name": "road", "longitude_deg": 1, "latitude_deg": 2}),
    rule("POST", "/observatories/import", (401, 200, 200, 200, 200), content=CSV),
    rule("GET", "/observatories/ROAD", (200, 200, 200, 200, 200), route="/observatories/{name}"),
    rule("PATCH", "/observatories/ROAD", (401, 403, 403, 200, 200), route="/observatories/{name}",
         json={"acknowledgement": "We thank ROAD."}),
    rule("POST", "/observatories/ROAD/cameras", (401, 409, 409, 409, 409),
         route="/observatories/{name}/cameras", json={"name": "x", "oname": "on"}),
    rule("GET", "/cameras/ON", (200, 200, 200, 200, 200), route="/cameras/{oname}"),
    rule("PATCH", "/cameras/ON", (401, 403, 403, 200, 200), route="/cameras/{oname}", json={"binning": 2}),
    rule("POST", "/cameras/ON/approve", (401, 403, 403, 403, 200), route="/cameras/{oname}/approve"),
    rule("DELETE", "/cameras/ON", (401, 403, 403, 403, 0), route="/cameras/{oname}"),
    rule("GET", "/audit", (401, 403, 403, 403, 200)),
)  # fmt: skip


def account(served: Served, name: str) -> User:
    found = find_user(served.lake.operations, name)
    assert found is not None
    return found


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Serve an installation of its own: these tests register observatories and approve cameras."""
    with serving(tmp_path_factory.mktemp("v1_people") / "data") as opened:
        yield opened


@pytest.fixture(scope="module")
def clients(served: Served) -> Iterator[dict[str, httpx.Client]]:
    operations = served.lake.operations
    create_user(operations, "member", "right horse")
    group = create_group(operations, GROUP, by=account(served, "owner"))
    set_member(operations, group.group_id, "member", Role.MEMBER, by=account(served, "owner"))
    target = Target(
        name=TARGET, ra_deg=222.0, dec_deg=-5.0, visibility=Visibility.GROUP, group_id=group.group_id
    )
    create_target(operations, target, by="owner")
    tokens = {name: issue_token(operations, account(served, name), name="v1") for name in PEOPLE[1:]}
    opened = {name: served.client(tokens.get(name)) for name in PEOPLE}
    yield opened
    for client in opened.values():
        client.close()


@pytest.fixture(scope="module")
def numbers(served: Served, clients: dict[str, httpx.Client]) -> dict[str, str]:
    """Return the numbers of things of the owner's: an upload, a comment, a token."""
    upload_id = upload_measured(served.lake, TARGET, "owl.fits")
    wanted = Shared(owner="owner", visibility=Visibility.PUBLIC)
    share_upload(served.lake, upload_id, wanted, user=SYSTEM)
    said = clients["owner"].post(f"/api/v1/targets/{TARGET}/comments", json={"text": "First."}).json()
    made = clients["owner"].post("/api/v1/tokens", json={"name": "dome", "scopes": ["read"]}).json()
    return {"upload": upload_id, "comment": said["comment_id"], "token": made["token_id"]}


@pytest.mark.parametrize("asked", RULES, ids=lambda each: f"{each.method} {each.route}")
def test_everybody_gets_from_a_route_what_is_theirs(
    clients: dict[str, httpx.Client], numbers: dict[str, str], asked: Rule
) -> None:
    for name, status in zip(PEOPLE, asked.statuses, strict=True):
        if not status:
            continue  # what they may would end what the next rule is about: the tests below do it
        path = "/api/v1" + asked.path.format(**numbers)
        answer = clients[name].request(asked.method, path, json=asked.json, content=asked.content)
        assert answer.status_code == status, (name, answer.text)
        if status >= 400:
            assert answer.headers["content-type"] == "application/problem+json"
            assert answer.json()["code"]


def test_a_group_lives_from_its_making_to_its_end(clients: dict[str, httpx.Client]) -> None:
    owner, other = clients["owner"], clients["other"]
    made = owner.post("/api/v1/groups", json={"name": "V1 Two"}, headers={"Idempotency-Key": "two"})
    again = owner.post("/api/v1/groups", json={"name": "V1 Two"}, headers={"Idempotency-Key": "two"})
    assert (made.status_code, again.json()) == (201, made.json())
    assert owner.post("/api/v1/groups", json={"name": "v1  two"}).json()["code"] == "group-taken"
    at = made.headers["location"]
    (leader,) = owner.get(f"{at}/members").json()
    assert (leader["username"], leader["role"]) == ("owner", "leader")
    both = owner.put(f"{at}/members/other", json={"role": "leader"}).json()
    assert {each["username"]: each["role"] for each in both} == {"other": "leader", "owner": "leader"}
    first = other.get("/api/v1/groups", params={"limit": 1}).json()
    assert [each["name"] for each in first["items"]] == ["V1 Two"]
    assert owner.delete(f"{at}/members/owner").status_code == 204  # leaves
    assert owner.get(at).status_code == 404
    assert other.delete(at).status_code == 204
    assert other.get(at).status_code == 404


def test_lists_come_in_pages_that_miss_and_repeat_nothing(clients: dict[str, httpx.Client]) -> None:
    member = clients["member"]
    for number in range(3):
        member.post("/api/v1/groups", json={"name": f"V1 Page {number}"})
        member.post(f"/api/v1/targets/{TARGET}/comments", json={"text": f"Page {number}."})
        member.post("/api/v1/tokens", json={"name": f"page {number}", "scopes": ["read"]})
    for address, key in (
        ("/groups", "group_id"),
        (f"/targets/{TARGET}/comments", "comment_id"),
        ("/tokens", "token_id"),
        ("/favourites", "favourite_id"),
    ):
        whole = [each[key] for each in member.get(f"/api/v1{address}").json()["items"]]
        seen: list[int] = []
        cursor: str | None = ""
        while cursor is not None:
            page = member.get(f"/api/v1{address}", params={"cursor": cursor, "limit": 1}).json()
            seen += [each[key] for each in page["items"]]
            cursor = page["next"]
        assert seen == whole
        assert len(set(seen)) == len(seen) > 0
    staff = clients["staff"]
    page = staff.get("/api/v1/audit", params={"kind": "change", "who": "member", "limit": 2}).json()
    more = staff.get("/api/v1/audit", params={"kind": "change", "cursor": page["next"], "limit": 2}).json()
    assert {each["who"] for each in page["items"]} == {"member"}
    assert min(each["audit_id"] for each in page["items"]) > max(each["audit_id"] for each in more["items"])


def test_a_secret_is_told_once_and_no_token_makes_a_stronger_or_longer_one(
    served: Served, clients: dict[str, httpx.Client]
) -> None:
    made = clients["owner"].post(
        "/api/v1/tokens", json={"name": "dome", "scopes": ["read", "write"], "days": 2}
    )
    assert (made.status_code, made.headers["cache-control"]) == (201, "no-store")
    first = made.json()
    listed = clients["owner"].get("/api/v1/tokens").text
    assert first["prefix"] in listed
    assert first["secret"] not in listed
    with served.client(first["secret"]) as dome:
        for wish in ({"scopes": ["admin"], "days": 1}, {"scopes": ["read"]}, {"scopes": ["read"], "days": 3}):
            refused = dome.post("/api/v1/tokens", json={"name": "more"} | wish)
            assert (refused.status_code, refused.json()["code"]) == (403, "no-right")
        assert dome.post("/api/v1/tokens", json={"name": "less", "scopes": ["read"], "days": 1}).is_success
        strong = next(each for each in dome.get("/api/v1/tokens").json()["items"] if each["name"] == "v1")
        assert dome.post(f"/api/v1/tokens/{strong['token_id']}/rotate").status_code == 403
        fresh = dome.post(f"/api/v1/tokens/{first['token_id']}/rotate").json()
        assert dome.get("/api/v1/tokens").status_code == 401
    with served.client(fresh["secret"]) as dome:
        assert dome.get("/api/v1/tokens").status_code == 200
    reader = issue_token(served.lake.operations, served.owner, name="reader", scopes=(Scope.READ,))
    uploads = issue_token(served.lake.operations, served.owner, name="uploads", scopes=(Scope.UPLOAD,))
    for secret in (reader, uploads):
        with served.client(secret) as client:
            assert client.post("/api/v1/tokens", json={"name": "x", "scopes": ["read"]}).status_code == 403
            sharing = client.put("/api/v1/uploads/1/sharing", json={"visibility": "public"})
            assert sharing.status_code == 403


def test_staff_with_a_token_that_is_not_for_it_are_nobody_special(served: Served) -> None:
    staff = account(served, "staff")
    scopes = (Scope.READ, Scope.UPLOAD, Scope.WRITE)
    with served.client(issue_token(served.lake.operations, staff, name="plain", scopes=scopes)) as plain:
        assert plain.get("/api/v1/audit").status_code == 403
        assert plain.get(f"/api/v1/groups/{GROUP}").status_code == 404
        assert plain.put(f"/api/v1/groups/{GROUP}/members/other", json={}).status_code == 404
        assert plain.post("/api/v1/cameras/ON/approve").status_code == 403
        assert plain.get(f"/api/v1/targets/{TARGET}/sharing").status_code == 404


def test_a_target_is_made_a_groups_and_its_name_is_told_to_members_only(
    clients: dict[str, httpx.Client],
) -> None:
    wish = {"name": "V1Owl2", "ra_deg": 223.0, "dec_deg": -6.0, "visibility": "group"}
    owner, other = clients["owner"], clients["other"]
    assert owner.post("/api/v1/targets", json=wish).json()["code"] == "no-group"
    stranger = other.post("/api/v1/targets", json=wish | {"group": GROUP})
    never = other.post("/api/v1/targets", json=wish | {"group": "V1 Nothing"})
    assert (stranger.status_code, stranger.text.replace(GROUP, "?")) == (
        404, never.text.replace("V1 Nothing", "?"),
    )  # fmt: skip
    assert owner.post("/api/v1/targets", json=wish | {"group": GROUP}).status_code == 201
    assert clients["member"].get("/api/v1/targets/V1Owl2/sharing").json()["group"] == GROUP
    opened = owner.put("/api/v1/targets/V1Owl2/sharing", json={"visibility": "public", "group": GROUP})
    assert opened.json() == {"visibility": "public", "group": GROUP, "embargo_until_mjd": None}
    assert other.get("/api/v1/targets/V1Owl2/sharing").json()["group"] == ""
    foreign = owner.put("/api/v1/targets/V1Owl2/sharing", json={"visibility": "group", "group": "V1 Nothing"})
    assert (foreign.status_code, foreign.json()["code"]) == (404, "unknown-group")


def test_an_upload_is_sent_to_a_group_and_closed_to_others(clients: dict[str, httpx.Client]) -> None:
    owner, other = clients["owner"], clients["other"]
    about = {"target": "Gaia22bpl", "filename": "a.fits", "visibility": "group", "group": GROUP}
    sent = owner.post("/api/v1/uploads", params=about, content=b"of the group")
    assert sent.status_code == 201
    at = f"/api/v1/uploads/{sent.json()['upload_id']}"
    assert [clients[name].get(at).status_code for name in PEOPLE] == [404, 404, 200, 200, 200]
    assert other.post("/api/v1/uploads", params=about, content=b"mine").json()["code"] == "unknown-group"
    form = {"target": "Gaia22bpl", "data_product_type": "fits_file", "visibility": "private"}
    first = owner.post("/upload/", data=form, files={"files": ("b.fits", b"SIMPLE b")}).json()["Success"][0]
    closed = f"/api/v1/uploads/{first['id']}"
    assert [clients[name].get(closed).status_code for name in PEOPLE] == [404, 404, 404, 200, 200]
    wrong = owner.post("/upload/", data=form | {"visibility": "secret"}, files={"files": ("c", b"c")})
    assert (wrong.status_code, list(wrong.json())) == (400, ["visibility"])


def test_an_observatory_and_its_camera_are_registered_changed_and_approved(
    clients: dict[str, httpx.Client],
) -> None:
    owner, staff = clients["owner"], clients["staff"]
    site = {
        "name": "V1 Hill", "longitude_deg": 21.4, "latitude_deg": 52.1, "aperture_m": 0.6,
        "seeing_arcsec": 2.5, "acknowledgement": "We thank the hill.",
    }  # fmt: skip
    made = owner.post("/api/v1/observatories", json=site)
    assert made.status_code == 201
    assert site.items() <= made.json().items()
    camera = owner.post(
        "/api/v1/observatories/V1 Hill/cameras", json={"name": "CCD", "gain_e_adu": 1.5, "binning": 2}
    ).json()
    assert (camera["oname"], camera["is_approved"], camera["binning"]) == ("V1_Hill_CCD", False, 2.0)
    assert staff.post("/api/v1/cameras/V1_Hill_CCD/approve").json()["is_approved"]
    assert owner.patch("/api/v1/cameras/V1_Hill_CCD", json={"gain_e_adu": 9}).json()["is_approved"] is False
    assert owner.patch("/api/v1/cameras/V1_Hill_CCD", json={"gain_e_adu": 0}).status_code == 400
    changed = owner.patch("/api/v1/observatories/v1 hill", json={"altitude_m": 140, "origin": "V1"}).json()
    assert (changed["altitude_m"], changed["origin"], changed["aperture_m"]) == (140.0, "V1", 0.6)
    staff.post("/api/v1/cameras/V1_Hill_CCD/approve")
    for change, stays in (({"comment": "dark"}, True), ({"longitude_deg": 22}, False)):
        (camera,) = owner.patch("/api/v1/observatories/V1 Hill", json=change).json()["cameras"]
        assert camera["is_approved"] is stays
    assert staff.delete("/api/v1/cameras/V1_Hill_CCD").status_code == 204
    assert owner.get("/api/v1/cameras/V1_Hill_CCD").status_code == 404
    assert staff.delete("/api/v1/favourites/ROAD_QHY600M").status_code == 204


def test_an_import_is_judged_first_and_never_half(clients: dict[str, httpx.Client]) -> None:
    staff, at = clients["staff"], "/api/v1/observatories/import"
    half = CSV + b"V1 Dale,,,B\nV1 Vale,1,99,C\n"
    judged = staff.post(at, params={"dry_run": False}, content=half).json()
    assert ([row["fate"] for row in judged["rows"]], judged["is_stored"]) == (
        ["new", "new", "refused"],
        False,
    )
    assert staff.get("/api/v1/observatories/V1 Dale").status_code == 404
    assert staff.post(at, content=CSV).json()["is_stored"] is False
    assert staff.get("/api/v1/observatories/V1 Dale").status_code == 404
    assert staff.post(at, params={"dry_run": False}, content=CSV).json()["is_stored"] is True
    assert staff.get("/api/v1/observatories/V1 Dale").json()["cameras"][0]["is_approved"]
    assert staff.post(at, content=b"\xff").json()["code"] == "bad-csv"


def test_a_comment_is_plain_text_and_taken_back_by_its_writer(
    served: Served, clients: dict[str, httpx.Client]
) -> None:
    member = clients["member"]
    words = "<b>bold</b> [x](javascript:alert(1))"
    made = member.post(f"/api/v1/targets/{TARGET}/comments", json={"text": words})
    assert made.json()["text"] == words
    assert clients["owner"].delete(made.headers["location"]).status_code == 403
    assert member.delete(made.headers["location"]).status_code == 204
    wanted = CommentFilter(text=words)
    assert list_comments(served.lake.operations, wanted, account(served, "staff"), limit=1) == []
    assert member.post(f"/api/v1/targets/{TARGET}/comments", json={"text": " "}).status_code == 400


def test_notices_are_read_and_marked_by_their_reader_alone(clients: dict[str, httpx.Client]) -> None:
    member, other, at = clients["member"], clients["other"], "/api/v1/notices"
    for number in range(3):
        text = f"@member and @other, look: {number}"  # who is other does not see the target
        clients["owner"].post(f"/api/v1/targets/{TARGET}/comments", json={"text": text})
    assert other.get(at).json() == {"items": [], "next": None}
    first = member.get(at, params={"limit": 2, "unread": True}).json()
    rest = member.get(at, params={"limit": 2, "unread": True, "cursor": first["next"]}).json()
    told = [*first["items"], *rest["items"]]
    assert {each["text"] for each in told} == {f"owner mentions you in a note on {TARGET}."}
    assert told[0]["path"].startswith(f"/target?name={TARGET}&note=")
    ids = [each["notice_id"] for each in told]
    assert ids == sorted(ids, reverse=True)
    assert len(ids) == 3
    assert other.patch(at, json={"notice_ids": ids}).json() == {"unread": 0}
    assert member.patch(at, json={"notice_ids": ids[:1]}).json() == {"unread": 2}
    assert member.patch(at, json={"up_to_id": ids[2]}).json() == {"unread": 1}
    assert [each["read_mjd"] is None for each in member.get(at).json()["items"]] == [False, True, False]
    assert member.patch(at, json={"notice_ids": ids, "is_read": False}).json() == {"unread": 3}
    assert member.patch(at, json={}).json() == {"unread": 0}
