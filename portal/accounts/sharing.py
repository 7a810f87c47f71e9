"""Who sees a thing: the fields that ask for it, and the boxes that change it of a target or an upload."""

from collections.abc import Callable
from datetime import UTC, datetime, time

import streamlit as st

from engine.errors import Rejected
from engine.target import Target, Visibility
from engine.times import datetime_of, mjd_of
from lake.inbox.changes import share_upload
from lake.inbox.uploads import Upload
from lake.people.accounts import User
from lake.people.groups import list_groups
from lake.rights import Shared, can_share, shared_target, shared_upload, target_shared_as
from lake.targets import update_target
from portal.fmt import date_text, escaped
from portal.opened import lake
from portal.words import _, marked

WHO = {
    marked("Everybody"): Visibility.PUBLIC,
    marked("A group"): Visibility.GROUP,
    marked("Only me"): Visibility.PRIVATE,
}
NO_GROUP, SAME_GROUP = marked("No group"), marked("The group that has it now")
_SEEN_BY = {
    Visibility.PUBLIC: marked("seen by everybody"),
    Visibility.GROUP: marked("seen by a group"),
    Visibility.PRIVATE: marked("seen by its owner"),
}


def sharing_fields(user: User, key: str, *, present: Shared | None = None) -> Shared:
    """Ask who sees a thing, and return it; the lake refuses what may not be."""
    now = present or Shared(owner=user.username, visibility=Visibility.PUBLIC)
    groups = groups_to_choose(user, now.group_id)
    who = st.selectbox(
        _("Who sees it"),
        list(WHO),
        index=list(WHO.values()).index(now.visibility),
        key=f"{key}_who",
        format_func=_,
        help=_("Staff see everything."),
    )
    left, right = st.columns(2)
    group = left.selectbox(
        _("Group"),
        list(groups),
        index=list(groups.values()).index(now.group_id),
        key=f"{key}_group",
        format_func=lambda name: _(name) if name in (NO_GROUP, SAME_GROUP) else name,
        help=_("Its members see it, its editors may change it."),
    )
    embargo = right.date_input(
        _("Embargo until"),
        value=None if now.embargo_until_mjd is None else datetime_of(now.embargo_until_mjd).date(),
        key=f"{key}_embargo",
        help=_("What everybody may see is public from this day on; before, as for a group."),
    )
    until_mjd = mjd_of(datetime.combine(embargo, time(), UTC)) if embargo else None
    return Shared(
        owner=now.owner,
        visibility=WHO.get(who, Visibility.PRIVATE),
        group_id=groups.get(group),
        embargo_until_mjd=until_mjd,
    )


def groups_to_choose(user: User, present: int | None) -> dict[str, int | None]:
    """Return a person's groups by name, and the group that a thing has now, were it a stranger's."""
    own: dict[str, int | None] = {each.name: each.group_id for each in list_groups(lake().operations, user)}
    kept = {} if present is None or present in own.values() else {SAME_GROUP: present}
    return {NO_GROUP: None} | own | kept


def as_upload_fields(wanted: Shared) -> dict[str, str]:
    """Return a sharing as the fields of an upload's form."""
    return {
        "visibility": wanted.visibility.value,
        "group": "" if wanted.group_id is None else str(wanted.group_id),
        "embargo_until_mjd": "" if wanted.embargo_until_mjd is None else str(wanted.embargo_until_mjd),
    }


def target_sharing(target: Target, user: User | None) -> None:
    """Let those who may say who sees a target."""
    if user is None or not can_share(target, user):
        return

    def store(wanted: Shared) -> None:
        update_target(lake().operations, target_shared_as(target, wanted), user=user, seen=target)

    _box(user, f"target_{target.target_id}", shared_target(target), store)


def upload_sharing(sent: Upload, user: User | None) -> None:
    """Let who sent a file, and staff, say who sees what it gave."""
    if user is None or not (user.is_staff or sent.uploaded_by == user.username):
        return
    key = f"upload_{sent.upload_id}"
    _box(user, key, shared_upload(sent), lambda wanted: _share(sent, wanted, user))


def words_of(visibility: Visibility, embargo_until_mjd: float | None) -> str:
    """Return in a few words who sees a thing."""
    if visibility == Visibility.PUBLIC and embargo_until_mjd is not None:
        return _("seen by everybody from {date} on", date=date_text(embargo_until_mjd))
    return _(_SEEN_BY[visibility])


def _share(sent: Upload, wanted: Shared, user: User) -> None:
    share_upload(lake(), sent.upload_id, wanted, user=user, seen=shared_upload(sent))


def _box(user: User, key: str, now: Shared, store: Callable[[Shared], None]) -> None:
    with (
        st.popover(_("Sharing"), icon=":material/group:", width="content", key=f"{key}_sharing"),
        st.form(f"{key}_share", border=False),
    ):
        st.caption(_("Now {seen}.", seen=words_of(now.visibility, now.embargo_until_mjd)))
        wanted = sharing_fields(user, f"{key}_share", present=now)
        sent = st.form_submit_button(_("Share so"), type="primary", icon=":material/check:")
    seen = st.session_state.get(f"{key}_shared_as", now)
    st.session_state[f"{key}_shared_as"] = now
    if seen != now:
        st.warning(
            _(
                "Somebody else changed this meanwhile, and it is now {seen}: "
                "press the button again if you still want it your way.",
                seen=words_of(now.visibility, now.embargo_until_mjd),
            ),
            icon=":material/group:",
        )
        return
    if not sent:
        return
    try:
        store(wanted)
    except Rejected as refusal:
        st.warning(escaped(_(refusal.reason)), icon=":material/error:")
        return
    del st.session_state[f"{key}_shared_as"]
    st.rerun()
