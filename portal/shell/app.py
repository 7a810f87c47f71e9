"""The router: opens the page that is asked for, and draws what frames it.

It must not stand beside ``pages/``: Streamlit would then run those pages without it.
"""

from pathlib import Path

import streamlit as st

from engine.errors import TomlakeError
from portal import this_run
from portal.light_curve.moment import AS_OF, look_as_of, moment
from portal.parts import moment_banner
from portal.session import current_user
from portal.shell.menu import pages_of

PORTAL = Path(__file__).resolve().parent.parent
STATIC = PORTAL / "static"

this_run.begin()
st.set_page_config(page_title="tomlake", page_icon=str(STATIC / "logo.svg"), layout="wide")
theme = "light" if st.context.theme.type == "light" else "dark"
st.logo(str(STATIC / f"logo-word-{theme}.svg"), size="large")

user = current_user()
page = st.navigation(pages_of(user), position="top")
refusal = look_as_of(st.query_params.get(AS_OF, ""))
if refusal:
    st.error(refusal, icon=":material/history_toggle_off:")
    st.stop()
asked = moment()
if asked is not None:
    moment_banner(asked)
try:
    page.run()
except TomlakeError as trouble:
    st.error(trouble.reason, icon=":material/error:")
