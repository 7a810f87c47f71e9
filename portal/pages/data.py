"""Data: SQL on the published lake, what its columns mean, and how to take all of it along."""

import streamlit as st

from portal.public_lake import data_sections, published
from portal.public_lake.sql_examples import EXAMPLES
from portal.session import current_user, this_address
from portal.words import _

QUERY, VERSION, ASKED = "sql", "version", "data_asked"

user = current_user()
st.title(_("Data"))
st.markdown(
    _("Every point that is public, for everybody, without an account: ask in SQL, or take the files."),
    width=760,
)
wanted = st.query_params.get(VERSION, "")
newest = published.manifest()
if newest is None:
    data_sections.nothing_published()
    st.stop()
told = published.manifest(wanted) or newest


def take_example() -> None:
    """Put the chosen question into the box, and ask it."""
    chosen = next((each for each in EXAMPLES if each.question == st.session_state.data_example), None)
    if chosen is not None:
        st.session_state.data_sql = chosen.sql
        st.session_state[ASKED] = chosen.sql


def ask_box() -> None:
    """Ask what stands in the box, anew."""
    st.session_state[ASKED] = st.session_state.data_sql
    st.session_state.data_again = True
    st.session_state.data_example = None


if "data_sql" not in st.session_state:  # the address is read once: afterwards the box counts
    given = st.query_params.get(QUERY, "")
    st.session_state.data_sql = given or EXAMPLES[0].sql
    if given:
        st.session_state[ASKED] = given
data_sections.edition(told, is_newest=told.name == newest.name)
left, right = st.columns([2.3, 1], gap="large")
with left:
    st.pills(
        _("Questions to begin with"),
        [each.question for each in EXAMPLES],
        format_func=_,
        key="data_example",
        on_change=take_example,
    )
    st.html("<style>.st-key-data_sql textarea { font-family: 'tomlake-code', monospace; }</style>")
    with st.form("data_form", border=False):
        st.text_area("SQL", key="data_sql", height=250, placeholder="SELECT ... FROM photometry")
        st.form_submit_button(_("Run"), type="primary", icon=":material/play_arrow:", on_click=ask_box)
    st.caption(_("**Limits:** {limits}", limits=published.limit_words()))
    asked = st.session_state.get(ASKED, "")
    if asked or st.session_state.get("data_again"):
        again = bool(st.session_state.pop("data_again", False))
        with st.spinner(_("Asking")):
            result = published.answer(asked, told, user=user, address=this_address(), again=again)
        if isinstance(result, published.Refusal):
            data_sections.refused(result)
        else:
            data_sections.answered(result)
        if published.permalink(asked, told.name):
            st.query_params.from_dict({QUERY: asked, VERSION: told.name})
        else:
            st.query_params.clear()
with right:
    data_sections.schema_browser(told)
data_sections.bulk(told)
data_sections.from_a_laptop(published.example_name(told))
