"""Learn: short lessons on targets that are in the lake, and a glossary."""

import streamlit as st

from portal.learning.learn_sections import LESSONS
from portal.words import _

FIRST = next(iter(LESSONS))

st.title(_("Learn"))
st.markdown(_("Short lessons on light curves of this portal. What is simulated is marked."), width=760)
if "learn_lesson" not in st.session_state:
    given = st.query_params.get("lesson", FIRST)
    st.session_state.learn_lesson = given if given in LESSONS else FIRST
lesson = st.pills(
    _("Lesson"),
    list(LESSONS),
    key="learn_lesson",
    format_func=lambda name: _(LESSONS[name][0]),
    label_visibility="collapsed",
)
chosen = lesson if lesson in LESSONS else FIRST
st.query_params.from_dict({"lesson": chosen})
title, teach = LESSONS[chosen]
st.header(_(title))
teach()
