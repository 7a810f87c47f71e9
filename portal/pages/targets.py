"""The list of targets: filters that the address keeps, as a table, as cards or on the sky, page by page."""

from dataclasses import replace

import streamlit as st

from portal import data
from portal.fmt import escaped
from portal.opened import lake
from portal.parts import simulated_banner
from portal.session import current_user
from portal.target_list import choices, list_menu
from portal.target_list.filter_bar import clear_filters, filter_bar
from portal.target_list.import_targets import import_targets_form
from portal.target_list.new_target import new_target_form
from portal.target_list.target_search import search_of
from portal.target_list.target_views import cards_view, sky_view, table_view
from portal.words import _, several

user = current_user()
with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="bottom"):
    st.title(_("Targets"), width="content")
    if user is not None:
        with st.container(horizontal=True, width="content", gap="small"):
            with st.popover(_("Saved lists"), icon=":material/bookmarks:", width="content"):
                list_menu.lists_menu(user)
            with st.popover(_("Import a CSV"), icon=":material/upload_file:", width="content"):
                import_targets_form(user)
            with st.popover(_("Add a target"), icon=":material/add:", width="content"):
                new_target_form(user)
list_menu.said()

choices.seed(st.session_state, st.query_params)
chosen = filter_bar(user)
st.query_params.from_dict(dict(choices.remember(st.session_state, chosen)))

search = search_of(lake(), chosen, user)
page = int(st.session_state.get("targets_page", 1))
rows, total = data.targets_page(search.wanted, user)
pages = max(1, -(-total // choices.PAGE_SIZE))
if 1 < page <= pages:
    rows, total = data.targets_page(replace(search.wanted, page=page), user)

for sentence in search.refusals:
    st.warning(escaped(_(sentence)), icon=":material/error:")
if any(row.target.simulated for row in rows):
    simulated_banner(
        _("Rows marked so come from the demo: their measurements are computed, nobody observed them.")
    )
if not rows and chosen.filters:
    with st.container(border=True):
        st.markdown(_("**No target fits these filters.** Widen one of them."))
        if st.button(_("Show all targets"), icon=":material/filter_alt_off:"):
            clear_filters()
elif not rows:
    with st.container(border=True):
        if user:
            st.markdown(_("**No targets yet.** Add the first one above; scripts add them with the API."))
        else:
            st.markdown(_("**No targets yet.** Sign in to add the first one; scripts add them with the API."))
elif chosen.view == "Sky":
    sky_view(search.wanted, user)
elif chosen.view == "Cards":
    cards_view(rows)
ticked = table_view(rows) if rows and chosen.view == "List" else []

with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
    counted = several("{count} target", "{count} targets", total)
    if rows and chosen.view == "List":
        counted = _("{targets} · click a row to open it, tick rows to choose them", targets=counted)
    st.caption(counted, width="content")
    if pages > 1 and chosen.view != "Sky":
        st.pagination(pages, key="targets_page", max_visible_pages=5, persist_state="session")
if rows:
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        list_menu.keep_menu(user, chosen, ticked)
