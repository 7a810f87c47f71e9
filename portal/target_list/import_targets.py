"""The form that imports many targets from a CSV: a verdict on every row first, then those that are good."""

from hashlib import sha256

import polars as pl
import streamlit as st

from engine.errors import Rejected
from lake.people.accounts import User
from lake.sent_csv import MOST_BYTES
from lake.target_groups import NAME_MAX_CHARS
from lake.target_import import Fate, Imported, Wanted, import_targets, judge_targets
from lake.target_table import COLUMNS, MOST_ROWS
from portal.accounts.sharing import sharing_fields
from portal.fmt import escaped
from portal.opened import lake
from portal.words import _, marked, several

_JUDGED = "import_judged"  # the verdicts shown, and of which file and wishes they are
_WORDS = {Fate.NEW: marked("good"), Fate.KNOWN: marked("is there"), Fate.REFUSED: marked("to mend")}
_EXAMPLE = "name,ra,dec,classification,importance\nGaia22dkv,10:07:04.45,-66:10:51.2,Microlensing Event,9"


def import_targets_form(user: User) -> None:
    """Ask for a CSV, show what would become of every row, and make the good ones when asked."""
    st.caption(
        _(
            "A header and at most {number} rows. Needed: name, ra, dec; known as well: {columns}. "
            "Positions in degrees or sexagesimal. Files that this list gives can be brought back.",
            number=MOST_ROWS,
            columns=escaped(", ".join(COLUMNS[3:])),
        )
    )
    file = st.file_uploader("CSV", type=["csv", "txt"], key="import_csv", max_upload_size=1)
    pasted = st.text_area(
        _("Or its text"), key="import_text", height=110, max_chars=MOST_BYTES, placeholder=_EXAMPLE
    )
    shared = sharing_fields(user, "import_targets")
    group = st.text_input(_("Into the group of targets"), max_chars=NAME_MAX_CHARS, key="import_group")
    wanted = Wanted(shared=shared, group=group.strip())
    body = file.getvalue() if file is not None else pasted.encode("utf-8", "replace")
    if not body.strip():
        return
    same = (sha256(body).hexdigest(), wanted)
    if st.button(_("Check every row"), icon=":material/fact_check:", key="import_check"):
        _judge(user, body, wanted, same)
    kept = st.session_state.get(_JUDGED)
    if kept is None or kept[0] != same:
        return
    made: Imported = kept[1]
    _show(made)
    good = made.count(Fate.NEW)
    if not made.is_stored and good:
        label = several("Add {count} target", "Add {count} targets", good)
        if st.button(label, type="primary", icon=":material/add:", key="import_store"):
            _store(user, body, wanted, same)


def _judge(user: User, body: bytes, wanted: Wanted, same: object) -> None:
    try:
        st.session_state[_JUDGED] = (same, judge_targets(lake().operations, body, wanted, by=user))
    except Rejected as refusal:
        st.session_state.pop(_JUDGED, None)
        st.warning(escaped(_(refusal.reason)), icon=":material/error:")


def _store(user: User, body: bytes, wanted: Wanted, same: object) -> None:
    try:
        with st.spinner(_("Adding the targets")):
            made = import_targets(lake(), body, wanted, by=user)
    except Rejected as refusal:
        st.warning(escaped(_(refusal.reason)), icon=":material/error:")
        return
    st.session_state[_JUDGED] = (same, made)
    st.rerun()


def _show(made: Imported) -> None:
    if made.is_stored:
        added = several("{count} target added.", "{count} targets added.", made.count(Fate.NEW))
        st.success(added, icon=":material/check_circle:")
        if made.count(Fate.REFUSED):
            st.caption(_("Mend the other rows and send the same file again: what is there stays as it is."))
    else:
        st.markdown(_("**{verdicts}.** Nothing is stored yet.", verdicts=escaped(_counted(made))))
    st.dataframe(
        verdict_table(made),
        hide_index=True,
        height="content" if len(made.rows) <= 8 else 320,
        alt=_("The verdict on every row"),
        column_config={
            "Line": st.column_config.NumberColumn(_("Line"), width=50),
            "Target": _("Target"),
            "Row": _("Row"),
            "Says": {"label": _("Says"), "width": 330},
        },
    )


def _counted(made: Imported) -> str:
    """Return how many rows are good, are there, and are to be mended."""
    told = {
        Fate.NEW: several("{count} good", "{count} good", made.count(Fate.NEW)),
        Fate.KNOWN: several("{count} is there", "{count} is there", made.count(Fate.KNOWN)),
        Fate.REFUSED: several("{count} to mend", "{count} to mend", made.count(Fate.REFUSED)),
    }
    return ", ".join(words for fate, words in told.items() if made.count(fate))


def verdict_table(made: Imported) -> pl.DataFrame:
    """Return the verdicts as the page lists them, those to mend first."""
    order = {Fate.REFUSED: 0, Fate.KNOWN: 1, Fate.NEW: 2}
    rows = sorted(made.rows, key=lambda row: (order[row.fate], row.line))
    told = [(row.line, row.name, _(_WORDS[row.fate]), _(row.sentence)) for row in rows]
    schema = {"Line": pl.Int64(), "Target": pl.String(), "Row": pl.String(), "Says": pl.String()}
    return pl.DataFrame(told, schema=schema, orient="row")
