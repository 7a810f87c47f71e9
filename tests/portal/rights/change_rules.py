"""Functions of the portal that change something, how each is asked, and who may."""

from itertools import count

import pyotp
from rule_kinds import Changes, ChangesOwn
from shared_lake import Shared
from shared_things import DEC_DEG, IN_GROUP, OWN, PASSWORD, SIGNED_IN, STAFF, account
from sqlalchemy import func, select, update

from engine.brokers.streams.protocol import Rule, candidates
from engine.brokers.streams.registry import stream
from lake.job_rows import JobState
from lake.notices.kinds import Kind, Wish
from lake.notices.notices import list_notices, mark_read
from lake.operations import jobs, reading, users, writing
from lake.people.account_tables import sign_ups
from lake.people.accounts import Role, User, open_session
from lake.people.comments import add_comment
from lake.people.groups import Group, create_group, set_member
from lake.people.identities import Identity, account_of, identities_of
from lake.people.newcomers import NO_PASSWORD
from lake.people.sessions import list_sessions
from lake.people.sign_up import Request, ask_for_account
from lake.proposals import store_candidates
from lake.queue import enqueue
from lake.watches import Watch, add_watch
from portal.accounts import admin, admin_accounts, my_account, notices, people, ways_in
from portal.at_work import archives, watching, work
from portal.observing import camera_import

_NUMBERS = count()
OWNER = frozenset({"owner"})
NEW_PASSWORD = "another long password"


def _owner(shared: Shared) -> User:
    return account(shared.lake, "owner")


def _new_job(shared: Shared) -> int:
    return enqueue(shared.lake.operations, "reduce", {"upload_id": "1"})


def _dead_job(shared: Shared) -> int:
    job_id = _new_job(shared)
    with writing(shared.lake.operations) as connection:
        connection.execute(update(jobs).where(jobs.c.job_id == job_id).values(state=JobState.DEAD.value))
    return job_id


def _newcomer(shared: Shared) -> int:
    name = f"new{next(_NUMBERS)}"
    ask_for_account(shared.lake.operations, shared.lake.settings, Request(username=name, password=PASSWORD))
    with reading(shared.lake.operations) as connection:
        return int(connection.execute(select(func.max(sign_ups.c.sign_up_id))).scalar_one())


def _session(shared: Shared) -> str:
    open_session(shared.lake.operations, _owner(shared), browser="Firefox")
    return list_sessions(shared.lake.operations, _owner(shared))[-1].handle


def _identity(shared: Shared) -> int:
    new = Identity(provider="https://sso.example.org", subject="another")
    account_of(shared.lake.operations, new, signed_in=_owner(shared))
    return identities_of(shared.lake.operations, _owner(shared))[-1].identity_id


def _group(shared: Shared) -> Group:
    """Return a new group of the owner, in which the member is one, and an observer."""
    group = create_group(shared.lake.operations, f"Group {next(_NUMBERS)}", by=_owner(shared))
    for name in ("member", "pubwex"):
        set_member(shared.lake.operations, group.group_id, name, Role.MEMBER, by=_owner(shared))
    return group


def _watch(shared: Shared) -> Watch:
    name = f"watch {next(_NUMBERS)}"
    wanted = Watch(name=name, stream="fink_ztf", rule=Rule(classification="SN candidate"))
    return add_watch(shared.lake.operations, wanted, by="owner")


def _proposal(shared: Shared) -> int:
    watch = _watch(shared)
    alert = {
        "name": f"Alert {watch.watch_id}", "ra_deg": 10.0 * watch.watch_id, "dec_deg": DEC_DEG - 20.0,
        "mag": 17.5, "band": "ZTF(zg)", "mjd": 61312.0, "classification": "", "link": "https://example.org",
    }  # fmt: skip
    return store_candidates(shared.lake.operations, watch, candidates([alert]))[0]


def _first_password(user: User, shared: Shared) -> None:
    with writing(shared.lake.operations) as connection:  # as of somebody who came through a service
        connection.execute(
            update(users).where(users.c.user_id == user.user_id).values(password_hash=NO_PASSWORD)
        )
    session_id = open_session(shared.lake.operations, user)
    my_account.first_password(user, NEW_PASSWORD, this=session_id)


def _confirmed(user: User) -> list[str]:
    enrolment = my_account.begin_guard(user, PASSWORD)
    return my_account.confirm_guard(user, pyotp.TOTP(enrolment.secret).now(), this="")


def _dropped(user: User) -> None:
    codes = _confirmed(user)
    my_account.drop_guard(user, PASSWORD, codes[0])


def _ended(user: User, shared: Shared) -> int:
    kept, _ = open_session(shared.lake.operations, user), open_session(shared.lake.operations, user)
    return my_account.end_others(user, this=kept)


def _mention(shared: Shared) -> int:
    """Return the number of a new notice for the owner, which is theirs alone to have read."""
    operations, target = shared.lake.operations, shared.things["public"].target
    add_comment(operations, target.target_id or 0, "@owner, look.", by=account(shared.lake, "staff"))
    newest = max(each.notice_id for each in list_notices(operations, _owner(shared), limit=99))
    for visitor in SIGNED_IN - {"owner"}:  # they may have notices of their own, too
        mark_read(operations, account(shared.lake, visitor), up_to_id=newest)
    return newest


def _followed_again(user: User, shared: Shared) -> None:
    target = shared.things["public"].target
    notices.follow_target(target, user, change_mag=0.5)
    notices.leave_target(target, user)
    notices.follow_target(target, user, change_mag=0.5)


def _cameras(_shared: Shared) -> bytes:
    return f"name,camera_name\nSite0,Camera {next(_NUMBERS)}".encode()


CHANGING: dict[str, Changes | ChangesOwn] = {
    "accounts.admin.decide_camera": Changes(
        ask=lambda d: admin.decide_camera(d.user, d.shared.things["group"].oname, is_good=False),
        who=STAFF,
    ),
    "accounts.admin.retry_jobs": Changes(
        ask=lambda d: admin.retry_jobs(d.user, [d.given]), who=STAFF, prepare=_dead_job
    ),
    "accounts.admin_accounts.approved": Changes(
        ask=lambda d: admin_accounts.approved(d.user, d.given), who=STAFF, prepare=_newcomer
    ),
    "accounts.admin_accounts.refused": Changes(
        ask=lambda d: admin_accounts.refused(d.user, d.given), who=STAFF, prepare=_newcomer
    ),
    "accounts.my_account.end_session": Changes(
        ask=lambda d: my_account.end_session(d.user, d.given), who=OWNER, prepare=_session
    ),
    "accounts.notices.follow_target": Changes(
        ask=lambda d: notices.follow_target(d.given, d.user, change_mag=0.5),
        who=IN_GROUP,
        prepare=lambda shared: shared.things["group"].target,
    ),
    "accounts.notices.read_up_to": Changes(
        ask=lambda d: notices.read_up_to(d.user, d.given), who=OWNER, prepare=_mention
    ),
    "accounts.people.put_member": Changes(
        ask=lambda d: people.put_member(d.user, d.given, "pubwex", Role.EDITOR),
        who=OWN,
        prepare=_group,
    ),
    "accounts.people.take_out": Changes(
        ask=lambda d: people.take_out(d.user, d.given, "pubwex"), who=OWN, prepare=_group
    ),
    "accounts.people.end_group": Changes(
        ask=lambda d: people.end_group(d.user, d.given), who=OWN, prepare=_group
    ),
    "accounts.ways_in.end_way": Changes(
        ask=lambda d: ways_in.end_way(d.user, d.given), who=OWNER, prepare=_identity
    ),
    "at_work.archives.ask_again": Changes(
        ask=lambda d: archives.ask_again(d.shared.things["group"].target, d.user), who=IN_GROUP
    ),
    "at_work.watching.accept_proposal": Changes(
        ask=lambda d: watching.accept_proposal(d.user, d.given),
        who=SIGNED_IN,
        prepare=_proposal,
    ),
    "at_work.watching.dismiss_proposals": Changes(
        ask=lambda d: watching.dismiss_proposals(d.user, [d.given]),
        who=SIGNED_IN,
        prepare=_proposal,
    ),
    "at_work.watching.ask_now": Changes(
        ask=lambda d: watching.ask_now(d.user, d.given), who=OWN, prepare=_watch
    ),
    "at_work.watching.let_rest": Changes(
        ask=lambda d: watching.let_rest(d.user, d.given, rests=True), who=OWN, prepare=_watch
    ),
    "at_work.work.retry_job": Changes(
        ask=lambda d: work.retry_job(d.given, d.user), who=STAFF, prepare=_dead_job
    ),
    "at_work.work.cancel_job": Changes(
        ask=lambda d: work.cancel_job(d.given, d.user), who=STAFF, prepare=_new_job
    ),
    "observing.camera_import.judged": Changes(  # staff approve it
        ask=lambda d: camera_import.judged(d.user, d.given, is_stored=True), who=SIGNED_IN, prepare=_cameras
    ),
    "accounts.my_account.keep_profile": ChangesOwn(
        ask=lambda d: my_account.keep_profile(d.user, {"full_name": "Somebody Else"})
    ),
    "accounts.my_account.new_password": ChangesOwn(
        ask=lambda d: my_account.new_password(d.user, PASSWORD, NEW_PASSWORD, this="")
    ),
    "accounts.my_account.first_password": ChangesOwn(ask=lambda d: _first_password(d.user, d.shared)),
    "accounts.my_account.begin_guard": ChangesOwn(ask=lambda d: my_account.begin_guard(d.user, PASSWORD)),
    "accounts.my_account.confirm_guard": ChangesOwn(ask=lambda d: _confirmed(d.user)),
    "accounts.my_account.drop_guard": ChangesOwn(ask=lambda d: _dropped(d.user)),
    "accounts.my_account.end_others": ChangesOwn(ask=lambda d: _ended(d.user, d.shared)),
    "accounts.my_account.leave": ChangesOwn(
        ask=lambda d: my_account.leave(d.user, PASSWORD, "", keep_name=True)
    ),
    "accounts.people.make_group": ChangesOwn(
        ask=lambda d: people.make_group(d.user, f"Group of {d.user.username}", "")
    ),
    "at_work.watching.make_watch": ChangesOwn(
        ask=lambda d: watching.make_watch(
            d.user, stream("fink_ztf").info, "mine", {"classification": "SN candidate"}
        )
    ),
    "accounts.notices.keep_wishes": ChangesOwn(
        ask=lambda d: notices.keep_wishes(d.user, {Kind.COMMENT: Wish(in_portal=False)})
    ),
    "accounts.notices.leave_target": ChangesOwn(ask=lambda d: _followed_again(d.user, d.shared)),
}
