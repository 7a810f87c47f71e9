"""Groups, sharing, tokens, observatories and Admin: what each kind of person sees and does there."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from page_lakes import HOSTILE_TEXT, PASSWORD
from page_visits import TIMEOUT_S, visit, words
from streamlit.testing.v1 import AppTest

import portal
from engine.frame import Camera
from engine.target import Target, Visibility
from lake.inbox.changes import share_upload
from lake.inbox.uploads import Upload, uploads
from lake.opening import Lake
from lake.people.accounts import Role, Scope, User, create_user, find_user, list_tokens, open_session
from lake.people.audit import audit_log
from lake.people.favourites import list_favourites
from lake.people.groups import create_group, get_group, list_groups, members, set_member
from lake.people.identities import Identity, account_of, identities_of
from lake.people.sign_up import Request, WaitingAccount, ask_for_account, waiting_accounts
from lake.queue import cancel, claim, enqueue, get_job
from lake.rights import SYSTEM, Shared
from lake.sites.observatories import Observatory, add_camera, add_observatory, list_cameras, observatory_named
from lake.targets import create_target, get_target
from portal.accounts import admin_accounts

ADMIN = Path(portal.__file__).parent / "pages" / "admin.py"
PEOPLE = ("leader", "mate", "outsider")
GROUP = "Page *owls*"
As = Callable[[str], None]


@pytest.fixture(scope="module")
def group_id(built_full_lake: Lake) -> int:
    operations = built_full_lake.operations
    for name in PEOPLE:
        create_user(operations, name, PASSWORD)
    made = create_group(operations, GROUP, by=person(built_full_lake, "leader"), description=HOSTILE_TEXT)
    set_member(operations, made.group_id, "mate", Role.MEMBER, by=person(built_full_lake, "leader"))
    facts = {"ra_deg": 250.0, "dec_deg": 33.0, "visibility": Visibility.GROUP, "group_id": made.group_id}
    create_target(operations, Target(name="PageOwl", **facts), by="leader")  # type: ignore[arg-type]
    return made.group_id


def person(lake: Lake, name: str) -> User:
    found = find_user(lake.operations, name)
    assert found is not None
    return found


@pytest.fixture
def come_as(full_lake: Lake, group_id: int, staff_session: str, signed_in: Callable[[str], None]) -> As:
    """Return what lets the browser be somebody's."""

    def come(name: str) -> None:
        user = person(full_lake, "ana" if name == "staff" else name)
        signed_in(open_session(full_lake.operations, user))

    return come


def press(at: AppTest, label: str, place: int = 0) -> AppTest:
    return [button for button in at.button if button.label == label][place].click().run()


def labels(at: AppTest) -> list[str]:
    return [button.label for button in at.button]


def fill(at: AppTest, **values: str) -> AppTest:
    for label, value in values.items():
        field = next(each for each in at.text_input if each.label == label.replace("_", " "))
        field.set_value(value)
    return at


def test_a_group_is_shown_to_those_who_belong_and_led_by_those_who_lead(come_as: As) -> None:
    anonymous = visit("groups")
    assert "Sign in to see your groups" in words(anonymous)
    assert not anonymous.button
    seen = {}
    for name in (*PEOPLE, "staff"):
        come_as(name)
        at = visit("groups")
        assert not at.exception
        shown = r"Page \*owls\*" in words(at)
        seen[name] = (shown, "Take in" in labels(at), "Leave" in labels(at))
    assert seen == {
        "leader": (True, True, True),
        "mate": (True, False, True),
        "outsider": (False, False, False),
        "staff": (True, True, False),
    }


def test_a_group_is_made_filled_left_and_deleted_on_its_page(full_lake: Lake, come_as: As) -> None:
    operations = full_lake.operations
    come_as("outsider")
    at = press(fill(visit("groups"), Name_of_the_group="Page two"), "Make group")
    made = get_group(operations, "Page two", person(full_lake, "outsider"))
    assert "You lead the group Page two" in at.info[0].value
    at = press(fill(at, User_name="nobody"), "Take in")
    assert "does not exist" in at.info[0].value
    at = press(fill(at, User_name="mate"), "Take in")
    assert {each.username for each in members(operations, made.group_id, SYSTEM)} == {"mate", "outsider"}
    at = press(at, "Leave")
    assert "needs somebody who leads it" in at.info[0].value
    at = press(at, "Take out")
    assert [each.username for each in members(operations, made.group_id, SYSTEM)] == ["outsider"]
    at = press(at, "Delete it")
    assert not at.exception
    assert "Page two" not in [each.name for each in list_groups(operations, SYSTEM)]


def test_a_target_of_a_group_is_shared_on_its_page_by_those_who_may(full_lake: Lake, come_as: As) -> None:
    for name, sees, may in (("outsider", False, False), ("mate", True, False), ("leader", True, True)):
        come_as(name)
        at = visit("target", name="PageOwl")
        assert (at.title[0].value == "PageOwl", "Share so" in labels(at)) == (sees, may), name
    next(box for box in at.selectbox if box.label == "Who sees it").set_value("Only me")
    at = press(at, "Share so")
    assert not at.exception
    assert get_target(full_lake.operations, "PageOwl", SYSTEM).visibility == Visibility.PRIVATE
    next(box for box in at.selectbox if box.label == "Who sees it").set_value("A group")
    next(box for box in at.selectbox if box.label == "Group").set_value("No group")
    at = press(at, "Share so")
    assert "Name the group that may see it" in at.warning[0].value.replace("\\", "")
    next(box for box in at.selectbox if box.label == "Group").set_value(GROUP)
    assert not press(at, "Share so").exception
    assert get_target(full_lake.operations, "PageOwl", person(full_lake, "mate")).name == "PageOwl"


def test_a_target_is_made_for_a_group(full_lake: Lake, come_as: As, group_id: int) -> None:
    come_as("mate")
    at = fill(visit("targets"), Name="PageOwl2", RA="251.5", Dec="34.5")
    at.selectbox(key="new_target_who").set_value("A group")  # who brings in a file is asked the same
    at.selectbox(key="new_target_group").set_value(GROUP)
    assert not press(at, "Add target").exception
    made = get_target(full_lake.operations, "PageOwl2", person(full_lake, "leader"))
    assert (made.visibility, made.group_id) == (Visibility.GROUP, group_id)


def private_uploads(lake: Lake) -> list[Upload]:
    return [each for each in uploads(lake.operations, SYSTEM, limit=999) if each.visibility == "private"]


def test_an_upload_is_closed_by_its_sender_on_its_card(full_lake: Lake, come_as: As) -> None:
    come_as("maker")
    at = visit("upload")
    assert not at.exception
    place = labels(at).index("Share so")
    who = [box for box in at.selectbox if box.label == "Who sees it"]
    assert place >= 0
    before = {each.upload_id for each in private_uploads(full_lake)}
    who[1].set_value("Only me")  # the first is of the form for new files
    at = press(at, "Share so")
    assert not at.exception
    closed = [each for each in private_uploads(full_lake) if each.upload_id not in before]
    assert [each.uploaded_by for each in closed] == ["maker"]
    assert "seen by its owner" in words(at)
    opened_again = Shared(owner="maker", visibility=Visibility.PUBLIC)
    share_upload(full_lake, closed[0].upload_id, opened_again, user=SYSTEM)


def test_a_token_says_what_it_may_is_renewed_and_shown_once(full_lake: Lake, come_as: As) -> None:
    come_as("outsider")
    at = fill(visit("account"), Name_of_a_new_token="dome *A*")
    assert "Act as staff" not in at.multiselect[0].options
    at = press(at, "Make token")
    (secret,) = [code.value for code in at.code if code.value.startswith("tl_")]
    (token,) = list_tokens(full_lake.operations, person(full_lake, "outsider"))
    assert token.scopes == (Scope.READ, Scope.UPLOAD)
    assert token.expires_mjd is not None
    assert "May: read what i may see, upload in my name" in words(at)
    at = press(at, "Renew")
    (fresh,) = [code.value for code in at.code if code.value.startswith("tl_")]
    assert fresh != secret
    assert not [code for code in at.run().code if code.value.startswith("tl_")]
    at.multiselect[0].set_value([])
    assert "Say what the token may do" in press(at, "Make token").warning[0].value
    press(visit("account"), "Revoke")
    assert list_tokens(full_lake.operations, person(full_lake, "outsider")) == []


@pytest.fixture
def waiting(full_lake: Lake) -> Iterator[str]:
    """Return a camera that waits for staff."""
    site = observatory_named(full_lake.operations, "Page [hill]") or add_observatory(
        full_lake.operations,
        Observatory(name="Page [hill]", longitude_deg=1.0, latitude_deg=2.0, acknowledgement=HOSTILE_TEXT),
        by="leader",
    )
    known = {each.oname for each in list_cameras(full_lake.operations)}
    oname = next(f"PAGE_{number}" for number in range(100) if f"PAGE_{number}" not in known)
    add_camera(
        full_lake.operations, site.observatory_id or 0, Camera(name=oname, gain_e_adu=1.5), by="leader",
        oname=oname, is_approved=False,
    )  # fmt: skip
    yield oname


def test_only_staff_have_the_page_of_staff(come_as: As, waiting: str) -> None:
    for name in ("", *PEOPLE):
        if name:
            come_as(name)
        at = AppTest.from_file(ADMIN, default_timeout=TIMEOUT_S).run()  # past the router
        assert at.title[0].value == "No such page"
        assert not at.button
    come_as("staff")
    at = visit("admin")
    assert not at.exception
    assert [header.value for header in at.header] == [
        "Accounts that wait", "Cameras that wait", "Stuck jobs", "Log", "Limits",
    ]  # fmt: skip


@pytest.fixture
def asking(full_lake: Lake) -> list[WaitingAccount]:
    """Return who waits: somebody with a password under a taken name, and two through a service."""
    asked = Request(username="mate", password=PASSWORD, note=HOSTILE_TEXT)
    ask_for_account(full_lake.operations, full_lake.settings, asked)
    for number in (1, 2):
        identity = Identity(
            provider="https://sso.example", subject=f"<s{number}>", username=f"viasso{number}"
        )
        account_of(full_lake.operations, identity, signed_in=None)
    return waiting_accounts(full_lake.operations, by=SYSTEM)


def test_staff_approve_and_refuse_accounts_and_nobody_else_does(
    full_lake: Lake, come_as: As, asking: list[WaitingAccount]
) -> None:
    taken, first, second = (one.sign_up_id for one in asking)
    for decide in (admin_accounts.approved, admin_accounts.refused):
        assert "Only staff" in decide(person(full_lake, "mate"), first)
    come_as("mate")
    assert not AppTest.from_file(ADMIN, default_timeout=TIMEOUT_S).run().button
    come_as("staff")
    at = visit("admin")
    facts = "".join(each.proto.body for each in at.get("html"))
    assert "https://sso.example: &lt;s1&gt;" in facts
    assert HOSTILE_TEXT not in facts

    def decided(key: str) -> str:
        clicked = next(button for button in at.button if button.key == key).click().run()
        assert not clicked.exception
        assert key not in [button.key for button in clicked.button] or key == f"account_yes_{taken}"
        return str(clicked.info[0].value)

    assert "is taken" in decided(f"account_yes_{taken}")
    at.text_input(key=f"account_name_{taken}").set_value("mate2")
    assert "mate2 has an account" in decided(f"account_yes_{taken}")
    assert "viasso1 has an account" in decided(f"account_yes_{first}")
    assert "is gone" in decided(f"account_no_{second}")
    assert waiting_accounts(full_lake.operations, by=SYSTEM) == []
    (linked,) = identities_of(full_lake.operations, person(full_lake, "viasso1"))
    assert linked.subject == "<s1>"
    assert find_user(full_lake.operations, "viasso2") is None
    assert [line.deed for line in audit_log(full_lake.operations, SYSTEM, who="ana")[:3]] == [
        "refused", "approved", "approved",
    ]  # fmt: skip


def test_staff_approve_a_camera_and_put_one_out_of_use(full_lake: Lake, come_as: As, waiting: str) -> None:
    come_as("staff")
    at = visit("admin")
    assert waiting.replace("_", r"\_") in words(at)
    at = next(button for button in at.button if button.key == f"approve_{waiting}").click().run()
    assert {each.oname: each.is_approved for each in list_cameras(full_lake.operations)}[waiting]
    assert "approved" in at.info[0].value
    assert f"approve_{waiting}" not in [button.key for button in at.button]


def test_staff_retry_what_was_given_up_and_read_who_did_what(full_lake: Lake, come_as: As) -> None:
    job_id = enqueue(full_lake.operations, "canary", {}, priority=-9)
    job = claim(full_lake.operations, "w", lease_s=-60.0)
    assert job is not None
    assert job.job_id == job_id
    come_as("staff")
    at = visit("admin")
    assert f"retry_{job_id}" in [button.key for button in at.button]  # its worker is silent
    cancel(full_lake.operations, job_id)
    next(box for box in at.selectbox if box.label == "Kind").set_value("Changes")
    at = fill(at, User_name="leader").run()
    assert not at.exception
    table = at.dataframe[0].value
    assert set(table["Who"]) == {"leader"}
    assert set(table["Kind"]) == {"change"}
    assert "Life of a token" in list(at.dataframe[1].value["Limit"])
    assert get_job(full_lake.operations, job_id).job_id == job_id


def test_a_camera_is_kept_at_hand_by_each_for_themselves(full_lake: Lake, come_as: As, waiting: str) -> None:
    anonymous = visit("camera", camera=waiting)
    assert "waits for staff" in words(anonymous)
    assert "keep" not in [button.key for button in anonymous.button]
    come_as("mate")
    at = visit("camera", camera=waiting)
    assert not at.exception
    at.button(key="keep").click().run()
    assert [each.oname for each in list_favourites(full_lake.operations, person(full_lake, "mate"))] == [
        waiting
    ]
    assert list_favourites(full_lake.operations, person(full_lake, "leader")) == []
    offered = visit("upload").selectbox(key="upload_camera").options
    assert offered[1] == f"{waiting} (waits for staff)"
    assert "Ostrowik_CCD1" in offered[2:]
    visit("camera", camera=waiting).button(key="keep").click().run()
    assert list_favourites(full_lake.operations, person(full_lake, "mate")) == []


def test_a_camera_is_registered_and_a_csv_judged_on_the_page(full_lake: Lake, come_as: As) -> None:
    come_as("mate")
    at = fill(visit("observatories"), Observatory="Page dale", Camera="CCD")
    for label, degrees in (("Longitude", 1.0), ("Latitude", 2.0)):
        next(each for each in at.number_input if each.label == label).set_value(degrees)
    press(at, "Register")
    assert not {each.oname: each.is_approved for each in list_cameras(full_lake.operations)}["Page_dale_CCD"]
    at = visit("observatories")
    area = next(each for each in at.text_area if each.label == "Or its text")
    at = area.set_value("name,lon,lat,camera_name\nPage vale,1,92,A\n").run()
    assert "1 row cannot be" in at.warning[0].value
    assert "Store all 1" not in labels(at)
    area = next(each for each in at.text_area if each.label == "Or its text")
    at = press(area.set_value("name,lon,lat,camera_name\nPage vale,1,2,A\n").run(), "Store all 1")
    assert "All rows were stored" in at.info[0].value
    assert observatory_named(full_lake.operations, "Page vale") is not None
