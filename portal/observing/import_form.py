"""The form that imports many cameras from a CSV."""

from collections.abc import Callable

import streamlit as st

from lake.people.accounts import User
from portal.fmt import escaped, plural
from portal.observing.camera_import import CSV_COLUMNS, judged, verdict_table


def import_form(user: User, say: Callable[[str], None]) -> None:
    """Ask for a CSV, show the verdict on every row, and store all of them when asked."""
    st.caption(f"A header and one row for each camera. Columns: {escaped(CSV_COLUMNS)}.")
    file = st.file_uploader("CSV", type="csv", key="sites_csv", max_upload_size=1)
    pasted = st.text_area("Or its text", key="sites_text", height=100, max_chars=1_000_000)
    body = file.getvalue() if file is not None else pasted.encode()
    if not body.strip():
        return
    made, refusal = judged(user, body, is_stored=False)
    if made is None:
        st.warning(escaped(refusal), icon=":material/error:")
        return
    st.dataframe(verdict_table(made), hide_index=True, alt="The verdict on every row")
    if made.refused:
        st.warning(
            f"{plural(made.refused, 'row')} cannot be: mend them, nothing is stored before.",
            icon=":material/error:",
        )
    elif st.button(f"Store all {len(made.rows)}", type="primary", key="sites_store"):
        stored, refusal = judged(user, body, is_stored=True)
        is_done = stored is not None and stored.is_stored
        say("All rows were stored." if is_done else refusal or "Somebody was quicker: look at the rows anew.")
