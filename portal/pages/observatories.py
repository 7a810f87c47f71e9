"""Observatories: where they are, how good their cameras are, and the form that registers one."""

import streamlit as st

from portal.fmt import escaped, plural
from portal.observing import telescopes
from portal.observing.accuracy_charts import map_spec
from portal.observing.import_form import import_form
from portal.observing.new_observatory import new_observatory_form
from portal.parts import simulated_banner
from portal.session import current_user

CAMERA_PAGE = "../pages/camera.py"


def say(words: str) -> None:
    """Tell the person what happened, above the list as it stands after it."""
    st.session_state["observatories_said"] = words
    st.rerun()


user = current_user()
with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="bottom"):
    st.title("Observatories", width="content")
    if user is not None:
        with st.container(horizontal=True, width="content"):
            with st.popover("Register a camera", icon=":material/add:", width="content"):
                new_observatory_form(user)
            with st.popover("Import a CSV", icon=":material/upload_file:", width="content"):
                import_form(user, say)
    else:
        st.page_link("../pages/account.py", label="Sign in to register yours", icon=":material/login:")
st.markdown(
    "Every star on every frame is a test of the camera that took it. Click a row to see how far its "
    "magnitudes can be trusted.",
    width=760,
)
told = st.session_state.pop("observatories_said", "")
if told:
    st.info(escaped(told), icon=":material/info:")

with st.container(horizontal=True, gap="small", vertical_alignment="bottom"):
    sort = st.selectbox("Sort by", telescopes.SORTS, key="observatories_sort", width=170)
    only_kept = user is not None and st.toggle("Only my favourites", key="observatories_kept")
table = telescopes.cameras_table(user, sort=sort, only_favourites=only_kept)
if table.is_empty():
    with st.container(border=True):
        if only_kept:
            st.markdown("**No favourites yet.** The star on a camera's page keeps it at hand.")
        else:
            first = "Register the first one above" if user else "Sign in to register the first one"
            st.markdown(f"**No observatory yet.** {first}.")
    st.stop()
if table["simulated"].any():
    simulated_banner("Observatories named so belong to the demo: nobody built them.")
st.vega_lite_chart(
    telescopes.map_rows(table),
    map_spec(),
    key="observatories_map",
    alt=f"Map of {plural(table['Observatory'].n_unique(), 'observatory site')}",
)
st.caption("Bright: where the Sun is up now. Larger dots have sent more frames.")

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
    alt=f"Table of {plural(len(table), 'camera')}",
    column_config={
        "Kept": st.column_config.TextColumn("", width=34, help="Among your favourites"),
        "Observatory": st.column_config.TextColumn(help="Click a row to open the camera"),
        "Frames": st.column_config.NumberColumn(format="localized"),
        "Last frame": st.column_config.DatetimeColumn(format="YYYY-MM-DD"),
        "Scatter": st.column_config.NumberColumn(
            format="%.3f", help="Median scatter of the stars that fix the zero point, mag"
        ),
        "Depth": st.column_config.NumberColumn(format="%.1f", help="Median 5 sigma limit, mag"),
        "Seeing": st.column_config.NumberColumn(format="%.1f″", help="Median width of stars"),
        "Latitude": st.column_config.NumberColumn(format="%.2f°"),
        "Longitude": st.column_config.NumberColumn(format="%.2f°", help="East is positive"),
        "Name": st.column_config.TextColumn("ONAME", help="What an upload names"),
    },
)
if picked.selection.cells:
    st.session_state["observatories_visit"] = visit + 1  # the next visit begins with nothing picked
    oname = table["Name"][picked.selection.cells[0][0]]
    st.switch_page(CAMERA_PAGE, query_params=telescopes.camera_address(oname))
st.caption(f"{plural(len(table), 'camera')} · click a row to open it")
