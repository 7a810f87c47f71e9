"""Groups: people who work together, and what each may do with what is the group's."""

import streamlit as st

from portal.accounts import people
from portal.fmt import date_text, escaped
from portal.session import current_user
from portal.words import _

user = current_user()
st.title(_("Groups"))
st.markdown(
    _(
        "A group sees targets and uploads before everybody does. Share them with it where they are made, "
        "on a target's page, or on an upload."
    ),
    width=760,
)
if user is None:
    with st.container(border=True, width=620):
        st.markdown(_("**Sign in to see your groups.**"))
        st.page_link("../pages/account.py", label=_("Sign in"), icon=":material/login:")
    st.stop()

told = st.session_state.pop("groups_said", "")
if told:
    st.info(escaped(told), icon=":material/info:")


def say(words: str) -> None:
    """Tell the person what happened, above the groups as they stand after it."""
    st.session_state["groups_said"] = words
    st.rerun()


with (
    st.popover(_("Make a group"), icon=":material/group_add:", width="content"),
    st.form("new_group", border=False, clear_on_submit=True),
):
    name = st.text_input(
        _("Name of the group"), max_chars=100, placeholder=_("such as: Night owls", key="new_group_name")
    )
    description = st.text_area(_("What it works on"), max_chars=2000, height=80, key="new_group_about")
    made = st.form_submit_button(_("Make group"), type="primary", icon=":material/group_add:")
if made:
    say(people.make_group(user, name, description))

groups = people.groups_of(user)
if not groups:
    with st.container(border=True, width=760):
        st.markdown(_("**You belong to no group yet.** Make one, or ask who leads one to take you in."))
for group in groups:
    number, is_led = group.group_id, people.leads(group, user)
    with st.container(border=True, width=760):
        st.header(escaped(group.name), anchor=False)
        if group.description:
            st.text(group.description)
        for member in people.members_of(group, user):
            who = member.username
            with st.container(
                horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"
            ):
                with st.container(width="content", gap=None):
                    st.text(f"{member.full_name} ({who})" if member.full_name else who)
                    role_text, since = people.ROLE_WORDS[member.role], date_text(member.since_mjd)
                    st.caption(_("{role} since {date}", role=_(role_text), date=since))
                if who != user.username and is_led:
                    if st.button(_("Take out"), key=f"out_{number}_{who}", icon=":material/person_remove:"):
                        say(people.take_out(user, group, who))
                elif who == user.username and st.button(
                    _("Leave"), key=f"leave_{number}", icon=":material/logout:"
                ):
                    say(people.take_out(user, group, who))
        if not is_led:
            continue
        with (
            st.form(f"member_{number}", border=False, clear_on_submit=True),
            st.container(horizontal=True, vertical_alignment="bottom"),
        ):
            username = st.text_input(_("User name"), max_chars=150, key=f"username_{number}", width=200)
            role = st.selectbox(_("Role"), list(people.ROLES), key=f"role_{number}", width=300, format_func=_)
            taken = st.form_submit_button(_("Take in"), icon=":material/person_add:")
        if taken:
            say(people.put_member(user, group, username, people.ROLES[role]))
        end = st.popover(
            _("Delete the group"), icon=":material/delete:", width="content", key=f"end_{number}"
        )
        with end:
            st.markdown(_("What is the group's becomes its owners' alone, unless it is public."))
            if st.button(_("Delete it"), key=f"delete_{number}", type="primary"):
                say(people.end_group(user, group))
