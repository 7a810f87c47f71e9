"""The form that imports many cameras from a CSV."""

from collections.abc import Callable

import streamlit as st

from lake.people.accounts import User
from portal.fmt import escaped
from portal.observing.camera_import import CSV_COLUMNS, judged, verdict_table
from portal.words import _, several


def import_form(user: User, say: Callable[[str], None]) -> None:
    """Ask for a CSV, show the verdict on every row, and store all of them when asked."""
    words = _("A header and one row for each camera. Columns: {columns}.", columns=escaped(CSV_COLUMNS))
    st.caption(words)
    file = st.file_uploader("CSV", type="csv", key="sites_csv", max_upload_size=1)
    pasted = st.text_area(_("Or its text"), key="sites_text", height=100, max_chars=1_000_000)
    body = file.getvalue() if file is not None else pasted.encode()
    if not body.strip():
        return
    made, refusal = judged(user, body, is_stored=False)
    if made is None:
        st.warning(escaped(refusal), icon=":material/error:")
        return
    st.dataframe(
        verdict_table(made),
        hide_index=True,
        alt=_("The verdict on every row"),
        column_config={
            "Line": st.column_config.Column(_("Line")),
            "Fate": st.column_config.Column(_("Fate")),
            "Says": st.column_config.Column(_("Says")),
        },
    )
    if made.refused:
        st.warning(
            several(
                "{count} row cannot be: mend them, nothing is stored before.",
                "{count} rows cannot be: mend them, nothing is stored before.",
                made.refused,
            ),
            icon=":material/error:",
        )
    elif st.button(_("Store all {count}", count=len(made.rows)), type="primary", key="sites_store"):
        stored, refusal = judged(user, body, is_stored=True)
        is_done = stored is not None and stored.is_stored
        if is_done:
            say(_("All rows were stored."))
        else:
            say(refusal or _("Somebody was quicker: look at the rows anew."))
