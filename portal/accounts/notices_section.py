"""The part of the page Account about what happened: the list, and how one wants to hear of it."""

from pathlib import Path

import streamlit as st

from lake.notices.kinds import Kind, Mail, Wish
from lake.notices.notices import Notice
from lake.notices.words import fields_of, page_of, query_of, template_of
from lake.people.accounts import User
from portal.accounts.notices import (
    has_address,
    keep_wishes,
    own_notices,
    own_wishes,
    read_up_to,
    sends_mail,
    unread_count,
)
from portal.fmt import ago_text
from portal.light_curve.moment import address_of
from portal.session import current_user
from portal.words import _, marked, several

PAGES = Path(__file__).resolve().parent.parent / "pages"
SHOWN_AT_ONCE = 10
KINDS = {
    Kind.MENTION: marked("Somebody mentions me in a note"),
    Kind.COMMENT: marked("A note on a target that I made or observed"),
    Kind.FRAMES: marked("Files of mine were measured, or not"),
    Kind.APPROVED: marked("My account or camera is approved"),
    Kind.WAITING: marked("Somebody asks for an account"),
    Kind.POINTS: marked("New points by others of a target that I follow"),
    Kind.CHANGE: marked("A target that I follow brightened or faded"),
}
BY_MAIL = {
    Mail.NO: marked("no mail"),
    Mail.AT_ONCE: marked("mail at once"),
    Mail.DAILY: marked("mail once a day"),
}


def unread_badge(user: User) -> None:
    """Show how much somebody has not read; nothing where that is nothing."""
    count = unread_count(user)
    if count:
        st.badge(
            several("{count} unread", "{count} unread", count),
            icon=":material/notifications:",
            color="orange",
        )


def notices_section(user: User) -> None:
    """Show what somebody is told of, the newest first, and let them say how they want to hear of it."""
    st.header(_("Notifications"))
    shown = int(st.session_state.get("notices_shown_of_own", SHOWN_AT_ONCE))
    notices = own_notices(user, limit=shown + 1)
    if not notices:
        st.caption(_("Nothing has happened yet that concerns you."))
    elif unread_count(user):
        newest = max(each.notice_id for each in notices)
        st.button(
            _("Mark all read"),
            key="read_all_notices",
            icon=":material/done_all:",
            on_click=_read,
            args=(newest,),
        )
    for notice in notices[:shown]:
        _notice_box(notice)
    if len(notices) > shown and st.button(
        _("Older"), key="older_notices_of_own", icon=":material/expand_more:"
    ):
        st.session_state["notices_shown_of_own"] = shown + SHOWN_AT_ONCE
        st.rerun()
    _wishes(user)


def _notice_box(notice: Notice) -> None:
    with st.container(border=True, gap=None, width=760):
        st.text(_(template_of(notice)).format(**fields_of(notice)))
        with st.container(horizontal=True, vertical_alignment="center"):
            st.caption(ago_text(notice.made_mjd), width="content")
            if notice.read_mjd is None:
                st.badge(_("new"), icon=":material/notifications:", color="orange")
            if page_of(notice) != "account":  # they are there already
                page, query = f"{page_of(notice)}.py", query_of(notice)
                st.page_link(
                    str(PAGES / page),
                    label=_("Open"),
                    icon=":material/arrow_forward:",
                    query_params=address_of(**query),
                )


def _read(notice_id: int) -> None:
    """Mark what was shown before the page is drawn again; the session may have ended since."""
    user = current_user()
    if user is not None:
        read_up_to(user, notice_id)


def _wishes(user: User) -> None:
    with (
        st.expander(_("What you hear of, and how"), icon=":material/tune:", width=760),
        st.form("wishes", border=False),
    ):
        if not sends_mail():
            st.caption(_("This portal sends no mail."))
        elif not has_address(user):
            st.caption(_("Nothing is mailed to you yet: write your e-mail address in your profile."))
        wanted = {kind: _wish(kind, now) for kind, now in own_wishes(user).items()}
        is_sent = st.form_submit_button(_("Keep wishes"), key="keep_wishes")
    if is_sent:
        keep_wishes(user, wanted)
        st.rerun()


def _wish(kind: Kind, now: Wish) -> Wish:
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        in_portal = st.checkbox(_(KINDS[kind]), now.in_portal, key=f"wish_{kind}", help=_("Shown here."))
        if not sends_mail():
            return Wish(in_portal=in_portal, mail=now.mail)
        mail = st.selectbox(
            _("Mail: {kind}", kind=_(KINDS[kind])),
            list(BY_MAIL),
            index=list(BY_MAIL).index(now.mail),
            format_func=lambda each: _(BY_MAIL[each]),
            key=f"wish_mail_{kind}",
            label_visibility="collapsed",
            width=180,
        )
    return Wish(in_portal=in_portal, mail=mail)
