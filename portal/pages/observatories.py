"""Observatories: where they are, how good their cameras are, and the form that registers one."""

import streamlit as st

from portal.fmt import escaped
from portal.observing import telescopes
from portal.observing.accuracy_charts import map_spec
from portal.observing.import_form import import_form
from portal.observing.new_observatory import new_observatory_form
from portal.parts import simulated_banner
from portal.session import current_user
from portal.words import _, several

CAMERA_PAGE = "../pages/camera.py"


def say(words: str) -> None:
    """Tell the person what happened, above the list as it stands after it."""
    st.session_state["observatories_said"] = words
    st.rerun()


user = current_user()
with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="bottom"):
    st.title(_("Observatories"), width="content")
    if user is not None:
        with st.container(horizontal=True, width="content"):
            with st.popover(_("Register a camera"), icon=":material/add:", width="content"):
                new_observatory_form(user)
            with st.popover(_("Import a CSV"), icon=":material/upload_file:", width="content"):
                import_form(user, say)
    else:
        st.page_link("../pages/account.py", label=_("Sign in to register yours"), icon=":material/login:")
st.markdown(
    _(
        "Every star on every frame is a test of the camera that took it. Click a row to see how far its "
        "magnitudes can be trusted."
    ),
    width=760,
)
told = st.session_state.pop("observatories_said", "")
if told:
    st.info(escaped(told), icon=":material/info:")

with st.container(horizontal=True, gap="small", vertical_alignment="bottom"):
    sort = st.selectbox(_("Sort by"), telescopes.SORTS, key="observatories_sort", width=170, format_func=_)
    only_kept = user is not None and st.toggle(_("Only my favourites"), key="observatories_kept")
table = telescopes.cameras_table(user, sort=sort, only_favourites=only_kept)
if table.is_empty():
    with st.container(border=True):
        if only_kept:
            st.markdown(_("**No favourites yet.** The star on a camera's page keeps it at hand."))
        elif user:
            st.markdown(_("**No observatory yet.** Register the first one above."))
        else:
            st.markdown(_("**No observatory yet.** Sign in to register the first one."))
    st.stop()
if table["simulated"].any():
    simulated_banner(_("Observatories named so belong to the demo: nobody built them."))
st.vega_lite_chart(
    telescopes.map_rows(table),
    map_spec(),
    key="observatories_map",
    alt=several(
        "Map of {count} observatory site", "Map of {count} observatory sites", table["Observatory"].n_unique()
    ),
)
st.caption(_("Bright: where the Sun is up now. Larger dots have sent more frames."))

visit = st.session_state.get("observatories_visit", 0)
picked = st.dataframe(
    table.drop("simulated", *(() if user else ("Kept",))),
    key=f"observatories_table_{visit}",
    hide_index=True,
    on_select="rerun",
    selection_mode="single-cell",
    height="content" if len(table) <= 16 else 38 * 16,
    row_height=38,
    placeholder="–",
    alt=several("Table of {count} camera", "Table of {count} cameras", len(table)),
    column_config={
        "Kept": st.column_config.TextColumn("", width=34, help=_("Among your favourites")),
        "Observatory": st.column_config.TextColumn(
            _("Observatory"), help=_("Click a row to open the camera")
        ),
        "Camera": _("Camera"),
        "Frames": st.column_config.NumberColumn(_("Frames"), format="localized"),
        "Last frame": st.column_config.DatetimeColumn(_("Last frame"), format="YYYY-MM-DD"),
        "Scatter": st.column_config.NumberColumn(
            _("Scatter"), format="%.3f", help=_("Median scatter of the stars that fix the zero point, mag")
        ),
        "Depth": st.column_config.NumberColumn(
            _("Depth"), format="%.1f", help=_("Median 5 sigma limit, mag")
        ),
        "Seeing": st.column_config.NumberColumn(_("Seeing"), format="%.1f″", help=_("Median width of stars")),
        "Telescope": _("Telescope"),
        "Latitude": st.column_config.NumberColumn(_("Latitude"), format="%.2f°"),
        "Longitude": st.column_config.NumberColumn(
            _("Longitude"), format="%.2f°", help=_("East is positive")
        ),
        "Name": st.column_config.TextColumn("ONAME", help=_("What an upload names")),
    },
)
if picked.selection.cells:
    st.session_state["observatories_visit"] = visit + 1  # the next visit begins with nothing picked
    oname = table["Name"][picked.selection.cells[0][0]]
    st.switch_page(CAMERA_PAGE, query_params=telescopes.camera_address(oname))
st.caption(
    several("{count} camera · click a row to open it", "{count} cameras · click a row to open it", len(table))
)
