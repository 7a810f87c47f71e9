"""The sections of the page Account: profile, downloads, password, second factor, sessions, the way out."""

from collections.abc import Callable

import streamlit as st

from engine.errors import TomlakeError
from lake.people.accounts import User
from portal.accounts import my_account
from portal.fmt import ago_text, date_text
from portal.session import this_session
from portal.words import _, marked, several

_ENROLMENT = "second_factor_enrolment"
_CITED = marked("Whoever sees your points reads it where they are cited.")
WIDTH = 620
MOST_DOWNLOADS = 100
LONG_ENOUGH = marked("8 or more characters.")


def account_sections(user: User) -> None:
    """Show everything of an account but its tokens."""
    for section in (_profile, _downloads, _password, _second_factor, _sessions, _departure):
        section(user)


def _profile(user: User) -> None:
    st.header(_("Profile"))
    own = my_account.own_profile(user)
    with st.form("profile", width=WIDTH):
        fields = {
            "full_name": st.text_input(
                _("Full name"), own.full_name, help=_("Credited on every point you give.")
            ),
            "affiliation": st.text_input(_("Affiliation"), own.affiliation, help=_(_CITED)),
            "orcid": st.text_input(
                _("ORCID iD"), own.orcid, placeholder="0000-0002-1825-0097", help=_(_CITED)
            ),
            "latex_name": st.text_input(_("Name in LaTeX"), own.latex_name, placeholder=r"Ł.~Wyrzykowski"),
            "email": st.text_input(_("E-mail"), own.email, help=_("Nobody else sees it.")),
        }
        wanted = st.form_submit_button(_("Keep profile"), key="keep_profile")
    if wanted:
        _told(lambda: my_account.keep_profile(user, fields), _("Your profile is kept."))


def _downloads(user: User) -> None:
    st.header(_("Downloads"))
    taken = my_account.downloads(user, limit=MOST_DOWNLOADS)
    if taken.is_empty():
        st.caption(
            _("You have downloaded nothing yet. Staff see who downloads what, so that observers hear of it.")
        )
        return
    st.dataframe(
        taken,
        hide_index=True,
        width=WIDTH,
        height="content" if len(taken) <= 8 else 38 * 8,
        alt=_("What you downloaded"),
        column_config={
            "Time (UTC)": st.column_config.DatetimeColumn(_("Time (UTC)"), format="YYYY-MM-DD HH:mm"),
            "Target": _("Target"),
            "What": _("What"),
        },
    )


def _password(user: User) -> None:
    st.header(_("Password"))
    if my_account.has_no_password(user):
        _first_password(user)
        return
    with st.form("password", width=WIDTH, clear_on_submit=True):
        old = st.text_input(_("Your password"), type="password", key="old_password")
        new = st.text_input(_("New password"), type="password", key="new_password", help=_(LONG_ENOUGH))
        again = st.text_input(_("New password again"), type="password", key="new_password_again")
        wanted = st.form_submit_button(_("Change password"), key="change_password")
    if wanted and new != again:
        st.error(_("The two new passwords differ: type them again."))
    elif wanted:
        change = lambda: my_account.new_password(user, old, new, this=this_session())  # noqa: E731
        _told(change, _("Your password is changed. Every other session has ended."))


def _first_password(user: User) -> None:
    st.markdown(
        _(
            "You have none: you sign in through a service. With one you may do so without it, unlink it, "
            "set up a second factor, and delete your account."
        ),
        width=760,
    )
    with st.form("first_password", width=WIDTH, clear_on_submit=True):
        new = st.text_input(_("Password"), type="password", key="first_password_new", help=_(LONG_ENOUGH))
        again = st.text_input(_("Password again"), type="password", key="first_password_again")
        wanted = st.form_submit_button(_("Set password"), key="set_first_password")
    if wanted and new != again:
        st.error(_("The two passwords differ: type them again."))
    elif wanted and _told(lambda: my_account.first_password(user, new, this=this_session()), ""):
        st.rerun()


def _second_factor(user: User) -> None:
    st.header(_("Second factor"))
    if my_account.is_guarded(user):
        _guarded(user)
        return
    if my_account.must_be_guarded():
        st.warning(_("Staff need a second factor here: without one you have no rights of staff."))
    enrolment = st.session_state.get(_ENROLMENT)
    if enrolment is None:
        _unguarded(user)
        return
    st.markdown(
        _("Let an authenticator app read this, or type the secret there; then give the code it shows.")
    )
    st.image(my_account.guard_drawing(enrolment.uri), width=260, alt=_("Code for an authenticator app"))
    st.code(enrolment.secret, language=None, width=WIDTH)
    with st.form("confirm_guard", width=WIDTH):
        code = st.text_input(_("Code"), key="confirm_code", max_chars=40, autocomplete="one-time-code")
        wanted = st.form_submit_button(_("Confirm"), key="confirm_guard_now")
    if wanted:
        _confirm(user, code)


def _unguarded(user: User) -> None:
    st.markdown(_("With a second factor, a stolen password alone opens nothing."), width=760)
    with st.form("begin_guard", width=WIDTH, clear_on_submit=True):
        password = st.text_input(_("Your password"), type="password", key="guard_password")
        wanted = st.form_submit_button(_("Set up a second factor"), key="begin_guard_now")
    if wanted and _told(lambda: _begin(user, password), ""):
        st.rerun()


def _begin(user: User, password: str) -> None:
    st.session_state[_ENROLMENT] = my_account.begin_guard(user, password)


def _confirm(user: User, code: str) -> None:
    try:
        codes = my_account.confirm_guard(user, code, this=this_session())
    except TomlakeError as trouble:
        st.error(_(trouble.reason))
        return
    del st.session_state[_ENROLMENT]
    st.success(_("Your second factor is set up. Every other session has ended."))
    st.markdown(
        _("**Keep these codes where you find them without the device: they are shown only this once.**")
    )
    st.code("\n".join(codes), language=None, width=WIDTH)
    st.caption(_("Each signs you in once in place of a code."))


def _guarded(user: User) -> None:
    st.markdown(
        several(
            "A code of your device is asked for at each sign-in. You have {count} recovery code left.",
            "A code of your device is asked for at each sign-in. You have {count} recovery codes left.",
            my_account.codes_left(user),
        )
    )
    with st.form("drop_guard", width=WIDTH, clear_on_submit=True):
        password = st.text_input(_("Your password"), type="password", key="drop_password")
        code = st.text_input(_("Code"), key="drop_code", max_chars=40, autocomplete="one-time-code")
        wanted = st.form_submit_button(_("Remove second factor"), key="drop_guard_now")
    if wanted and _told(lambda: my_account.drop_guard(user, password, code), ""):
        st.rerun()


def _sessions(user: User) -> None:
    st.header(_("Sessions"))
    listed = my_account.own_sessions(user, this=this_session())
    for session in listed:
        with st.container(border=True, horizontal=True, horizontal_alignment="distribute", width=760):
            with st.container(width="content", gap=None):
                browser = my_account.browser_words(session.browser)
                st.text(_("{browser} - this one", browser=browser) if session.is_this else browser)
                told = [f"`{session.address}`"] if session.address else []
                told += [_("opened {date}", date=date_text(session.created_mjd))]
                told += [_("used {ago}", ago=ago_text(session.last_used_mjd))]
                st.caption(" · ".join(told))
            if not session.is_this and st.button(_("End"), key=f"end_{session.handle}"):
                my_account.end_session(user, session.handle)
                st.rerun()
    if len(listed) > 1 and st.button(_("End all others"), key="end_others"):
        my_account.end_others(user, this=this_session())
        st.rerun()


def _departure(user: User) -> None:
    st.header(_("Delete account"))
    st.markdown(
        _(
            "Your tokens, sessions, profile and address go at once. What you observed stays, with credit; "
            "your user name is never given to anybody else."
        ),
        width=760,
    )
    with st.form("departure", width=WIDTH, clear_on_submit=True):
        choices = [KEEP_NAME, FORMER_OBSERVER]
        keeps = st.radio(_("Later light curves credit"), choices, format_func=_, key="credit")
        password = st.text_input(_("Your password"), type="password", key="leave_password")
        code = st.text_input(_("Code, if you have a second factor"), key="leave_code", max_chars=40)
        is_sure = st.checkbox(_("Delete my account for good"), key="leave_sure")
        wanted = st.form_submit_button(_("Delete account"), key="leave_now")
    if wanted and not is_sure:
        st.error(_("Tick that you want to delete your account for good."))
    elif wanted and _told(lambda: my_account.leave(user, password, code, keep_name=keeps == KEEP_NAME), ""):
        st.rerun()


KEEP_NAME, FORMER_OBSERVER = marked("my name"), marked("a former observer")


def _told(deed: Callable[[], None], done: str) -> bool:
    """Return whether something was done; say so, or why not, and let the rest of the page stand."""
    try:
        deed()
    except TomlakeError as trouble:
        st.error(_(trouble.reason))
        return False
    if done:
        st.success(done)
    return True
