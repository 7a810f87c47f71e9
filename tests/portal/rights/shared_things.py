"""A lake full of things that not everybody may see, each with words and numbers that stand nowhere else."""

import struct
from dataclasses import dataclass, replace
from functools import cache

from engine.brokers.registry import BROKERS
from engine.brokers.streams.protocol import Rule, candidates
from engine.errors import Rejected
from engine.frame import Camera
from engine.target import Target, Visibility
from engine.times import mjd_now
from lake.archives import record_failure, request_harvest
from lake.opening import Lake
from lake.operations import writing
from lake.people.accounts import (
    Role,
    User,
    find_user,
    hash_of,
    insert_user,
    issue_token,
    open_session,
)
from lake.people.audit import note_sign_in
from lake.people.comments import add_comment
from lake.people.favourites import add_favourite
from lake.people.groups import create_group, set_member
from lake.people.identities import Identity, account_of
from lake.people.profile import Profile, change_profile
from lake.people.saved_lists import save_filters, save_targets
from lake.people.sign_up import Request, ask_for_account
from lake.proposals import store_candidates
from lake.queue import enqueue
from lake.sites.observatories import Observatory, add_camera, add_observatory
from lake.target_groups import add_to_group
from lake.targets import create_target
from lake.watches import Watch, add_watch

PASSWORD = "a long enough password"
VISITORS = ("anonymous", "stranger", "other", "member", "owner", "staff")
EVERYBODY, SIGNED_IN = frozenset(VISITORS), frozenset(VISITORS) - {"anonymous"}
IN_GROUP, OWN, STAFF = (
    frozenset({"owner", "member", "staff"}),
    frozenset({"owner", "staff"}),
    frozenset({"staff"}),
)
TARGETS = ("public", "group", "private", "embargoed")
FILES = ("group file", "private file", "embargoed file")  # sent for the public target, themselves closed
# the word by which each thing is known wherever it shows, and who may see it
WORDS = {
    "public": "Pubwex", "group": "Gruvix", "private": "Privux", "embargoed": "Embrax",
    "group file": "Grudox", "private file": "Prvdox", "embargoed file": "Embdox",
    "circle": "Circlex", "other circle": "Othclex", "own": "Ownerex", "watch": "Watchex", "staff": "Staffex",
    "proposal": "Propfex", "field": "Fieldox",
}  # fmt: skip
SEEING = {
    "public": EVERYBODY, "group": IN_GROUP, "private": OWN, "embargoed": IN_GROUP,
    "group file": IN_GROUP, "private file": OWN, "embargoed file": IN_GROUP,
    "circle": IN_GROUP,  # a group of people
    "other circle": frozenset({"other", "staff"}),
    "own": frozenset({"owner"}),  # an address, a token, a browser, a saved list
    "watch": OWN,
    "staff": STAFF,  # who waits for an account, who signed in from where
    "proposal": SIGNED_IN,
    "field": STAFF,  # a place of the sky whose stars are fetched for a frame
}  # fmt: skip
MAGS = dict(
    zip((*TARGETS, *FILES), (15.1137, 15.2279, 15.3313, 15.4497, 16.5571, 16.6637, 16.7733), strict=True)
)
RA_DEG = dict(zip(TARGETS, (20.13571, 95.24683, 170.35797, 245.46819), strict=True))
DEC_DEG = 88.0625  # always high in the north


@dataclass(frozen=True, slots=True, kw_only=True)
class Thing:
    """A target, or a file of the public one, and where everything that hangs on it is found."""

    kind: str
    target: Target
    oname: str = ""
    upload_id: int = 0
    spectrum_id: int = 0
    job_id: int = 0
    point_id: int = 0
    frame_id: str = ""

    @property
    def word(self) -> str:
        """Return the word that tells of it."""
        return WORDS[self.kind]


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """What else in the lake has a number."""

    group_id: int
    list_id: int
    watch_id: int
    token: str
    sign_up_id: int
    proposal_id: int
    dead_job_id: int


def marks_of(kind: str) -> tuple[str, ...]:
    """Return what betrays a thing: its word, and its numbers as text and as tables hold them."""
    numbers = [kept[kind] for kept in (MAGS, RA_DEG) if kind in kept]
    packed = [struct.pack("<d", number).decode("latin-1") for number in numbers]
    return (WORDS[kind], *map(repr, numbers), *packed)


MARKS = {kind: marks_of(kind) for kind in WORDS}


def told_in(text: str) -> frozenset[str]:
    """Return the things of which a text tells."""
    return frozenset(kind for kind, marks in MARKS.items() if any(mark in text for mark in marks))


def seen_by(visitor: str) -> frozenset[str]:
    """Return what a visitor may see."""
    return frozenset(kind for kind, people in SEEING.items() if visitor in people)


def account(lake: Lake, username: str) -> User:
    """Return somebody who has an account."""
    found = find_user(lake.operations, username)
    assert found is not None
    return found


def add_account(lake: Lake, username: str, full_name: str, *, is_staff: bool = False) -> User:
    """Return somebody new; all have one password, which is hashed once because that takes long."""
    with writing(lake.operations) as connection:
        return insert_user(connection, username, _password_hash(), full_name=full_name, is_staff=is_staff)


@cache
def _password_hash() -> str:
    return hash_of(PASSWORD)


def add_people(lake: Lake) -> int:
    """Make everybody, and return the group that the owner leads."""
    for name in VISITORS[1:]:
        add_account(lake, name, name.title(), is_staff=name == "staff")
    owner = account(lake, "owner")
    group = create_group(lake.operations, WORDS["circle"], by=owner, description="We watch the pole.")
    set_member(lake.operations, group.group_id, "member", Role.MEMBER, by=owner)
    create_group(lake.operations, WORDS["other circle"], by=account(lake, "other"))
    return group.group_id


def add_thing(lake: Lake, kind: str, group_id: int) -> Thing:
    """Make a target that is shared in this way, with its notes, groups, camera and questions to archives."""
    word, owner = WORDS[kind], account(lake, "owner")
    wanted = Target(
        name=f"{word}26",
        aliases=(("Gaia", f"{word}Alias"),),
        ra_deg=RA_DEG[kind],
        dec_deg=DEC_DEG,
        description=f"{word} is worth watching.",
        classification="SN",
        visibility=Visibility(kind) if kind in {"group", "private"} else Visibility.PUBLIC,
        group_id=group_id,
        embargo_until_mjd=mjd_now() + 30.0 if kind == "embargoed" else None,
    )
    target = create_target(lake.operations, wanted, by="owner")
    add_comment(lake.operations, target.name, f"@stranger look at {word}.", by=owner)
    add_to_group(lake.operations, f"{word}Set", target.name, by=owner)
    return Thing(kind=kind, target=target)


def add_camera_of(lake: Lake, thing: Thing) -> Thing:
    """Register a camera that took frames of this thing alone; cameras are everybody's to see."""
    number = list(MAGS).index(thing.kind)
    place = Observatory(
        name=f"Site{number}", longitude_deg=10.0 + number, latitude_deg=41.0, altitude_m=900.0
    )
    site = add_observatory(lake.operations, place, by="owner")
    camera = Camera(name=f"CCD{number}", facility=place.name, gain_e_adu=1.5)
    registered = add_camera(lake.operations, site.observatory_id or 0, camera, by="owner")
    return replace(thing, oname=registered.oname)


def ask_archives(lake: Lake, thing: Thing, number: int) -> None:
    """Let one archive be asked, and another have refused in words that tell of the target."""
    target_id = thing.target.target_id or 0
    refusal = Rejected(f"It knows no {thing.word} at RA {thing.target.ra_deg}.", code="refused")
    record_failure(lake.operations, BROKERS[number].info.key, target_id, refusal)
    request_harvest(lake.operations, BROKERS[number + len(TARGETS)].info.key, target_id)


def add_own_things(lake: Lake, things: dict[str, Thing], group_id: int, dead_job_id: int) -> Places:
    """Give the owner what is nobody else's, staff something to decide, and everybody something to find."""
    operations, owner, word = lake.operations, account(lake, "owner"), WORDS["own"]
    change_profile(
        operations, owner, Profile(full_name="Owner", affiliation="A hill", email=f"{word}@example.org")
    )
    open_session(operations, owner, browser=f"{word} Firefox/1")
    account_of(operations, Identity(provider="https://orcid.org", subject=f"{word} there"), signed_in=owner)
    ids = [things[kind].target.target_id or 0 for kind in TARGETS]
    list_id = save_targets(operations, f"{word} list", ids, by=owner)
    save_filters(operations, f"{word} filters", {"q": "x"}, by=owner)
    add_favourite(operations, things["public"].oname, user=owner)
    note_sign_in(operations, username="owner", address=WORDS["staff"], is_right=True)
    asked = Request(username="newcomer", password=PASSWORD, note=f"{WORDS['staff']} sent me")
    ask_for_account(operations, lake.settings, asked)
    watch = add_watch(
        operations,
        Watch(name=WORDS["watch"], stream="fink_ztf", rule=Rule(classification="SN candidate")),
        by="owner",
    )
    new = store_candidates(operations, watch, candidates([_alert("proposal", 300.0, DEC_DEG), *_alerts()]))
    enqueue(operations, "references", {"cell": WORDS["field"]})
    return Places(
        group_id=group_id,
        list_id=list_id,
        watch_id=watch.watch_id,
        token=issue_token(operations, owner, name="dome computer"),
        sign_up_id=1,
        proposal_id=new[0],
        dead_job_id=dead_job_id,
    )


def _alerts() -> list[dict[str, object]]:
    return [_alert(kind, RA_DEG[kind], DEC_DEG) for kind in TARGETS]


def _alert(kind: str, ra_deg: float, dec_deg: float) -> dict[str, object]:
    return {
        "name": f"{WORDS[kind]}Alert", "ra_deg": ra_deg, "dec_deg": dec_deg, "mag": 17.5, "band": "ZTF(zg)",
        "mjd": 61312.0, "classification": "SN Ia", "link": f"https://ztf.fink-portal.org/{WORDS[kind]}",
    }  # fmt: skip
