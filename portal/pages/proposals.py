"""New on the sky: what the watched streams of alerts found, to be made a target or put aside."""

import streamlit as st

from portal.at_work import watching
from portal.at_work.new_watch import new_watch_form
from portal.fmt import ago_text, escaped
from portal.parts import target_link
from portal.session import current_user
from portal.words import _, several

user = current_user()
with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="bottom"):
    st.title(_("New on the sky"), width="content")
    if user is not None:
        with st.popover(_("Add a watch"), icon=":material/add_alert:", width="content"):
            new_watch_form(user)
st.markdown(
    _(
        "Brokers sort the alerts of the great surveys. A watch asks one of them again and again by your "
        "rule; what it finds stands here until somebody makes a target of it or puts it aside."
    ),
    width=760,
)
if user is None:
    with st.container(border=True, width=620):
        st.markdown(_("**Sign in to see what is new**, and to say what should be watched."))
        st.page_link("../pages/account.py", label=_("Sign in"), icon=":material/login:")
    st.stop()

said = st.session_state.pop("watching_said", "")
if said:
    st.info(escaped(said), icon=":material/info:")


def say(words: str) -> None:
    """Tell the person what happened, above the list as it stands after it."""
    st.session_state["watching_said"] = words
    st.rerun()


own = watching.watches_of(user)
with st.container(horizontal=True, vertical_alignment="bottom"):
    state = st.segmented_control(
        _("Show"),
        list(watching.STATES),
        default="New",
        key="proposals_state",
        required=True,
        format_func=_,
    )
    watch_label = st.selectbox(
        _("Found by"),
        [watching.ANY_WATCH, *watching.labels(own, user)],
        key="proposals_watch",
        width=220,
        format_func=lambda label: _(label) if label == watching.ANY_WATCH else label,
    )

found = watching.proposals_listed(user, state=state or "New", watch=watch_label)
pages = max(1, -(-len(found) // watching.PAGE_SIZE))
page = min(int(st.session_state.get("proposals_page", 1)), pages)
shown = found[(page - 1) * watching.PAGE_SIZE : page * watching.PAGE_SIZE]
if not found:
    with st.container(border=True):
        if own:
            st.markdown(_("**Nothing here.**"))
        else:
            st.markdown(_("**Nothing is watched by you yet.** Add a watch above."))
for one in shown:
    number = one.proposal.proposal_id
    with (
        st.container(border=True, horizontal=True, vertical_alignment="center", gap="small"),
    ):
        with st.container(width=180, gap="xsmall"):
            if one.proposal.target:
                target_link(one.proposal.target)
            else:
                st.markdown(f"**{escaped(one.proposal.name)}**")
            st.caption(one.place)
        with st.container(width=290, gap="xsmall"):
            st.markdown(escaped(one.facts))
            st.caption(escaped(one.history))
        st.link_button(one.stream, one.proposal.link, icon=":material/open_in_new:")
        if one.may_accept and st.button(
            _("Make a target"), key=f"accept_{number}", type="primary", icon=":material/add:"
        ):
            say(watching.accept_proposal(user, number))
        if one.may_dismiss and st.button(_("Dismiss"), key=f"dismiss_{number}", icon=":material/close:"):
            say(watching.dismiss_proposals(user, [number]))

with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
    st.caption(several("{count} proposal", "{count} proposals", len(found)), width="content")
    if pages > 1:
        st.pagination(pages, key="proposals_page", max_visible_pages=5)
    dismissible = [one.proposal.proposal_id for one in shown if one.may_dismiss]
    if len(dismissible) > 1 and st.button(
        several("Dismiss this one", "Dismiss these {count}", len(dismissible)),
        key="dismiss_shown",
        icon=":material/clear_all:",
    ):
        say(watching.dismiss_proposals(user, dismissible))

if own:
    st.header(_("Watches") if user.is_staff else _("Your watches"))
for watch in own:
    with st.container(border=True, horizontal=True, vertical_alignment="center", gap="small"):
        with st.container(width=560, gap="xsmall"):
            named = f"**{escaped(watch.name)}**"
            if watch.created_by != user.username:
                named = _("{watch} of {user}", watch=named, user=escaped(watch.created_by))
            st.markdown(named)
            st.caption(escaped(watching.rule_text(watch)))
            last = _("Not answered yet.")
            if watch.reason:
                last = f"{_(watch.reason)} ({ago_text(watch.asked_mjd)})"
            st.caption(escaped(last if watch.is_active else _("Rests. {last}", last=last)))
        asked = watch.is_active and st.button(
            _("Ask now"), key=f"ask_{watch.watch_id}", icon=":material/refresh:"
        )
        if asked:
            say(watching.ask_now(user, watch))
        word, icon = (
            (_("Rest"), ":material/pause:") if watch.is_active else (_("Go on"), ":material/play_arrow:")
        )
        if st.button(word, key=f"rest_{watch.watch_id}", icon=icon):
            say(watching.let_rest(user, watch, rests=watch.is_active))
