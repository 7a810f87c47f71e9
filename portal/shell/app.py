"""The router: opens the page that is asked for, and draws what frames it.

It must not stand beside ``pages/``: Streamlit would then run those pages without it.
"""

from pathlib import Path

import streamlit as st

from engine.errors import TomlakeError
from portal import this_run
from portal.accounts.notices import unread_count
from portal.fmt import escaped
from portal.light_curve.moment import AS_OF, look_as_of, moment
from portal.parts import moment_banner
from portal.session import current_user
from portal.shell.language_line import language_line
from portal.shell.menu import pages_of
from portal.shell.signed_out import tell_signed_out
from portal.words import _, listen

PORTAL = Path(__file__).resolve().parent.parent
STATIC = PORTAL / "static"

listen()
this_run.begin()
st.set_page_config(page_title="tomlake", page_icon=str(STATIC / "logo.svg"), layout="wide")
theme = "light" if st.context.theme.type == "light" else "dark"
st.logo(str(STATIC / f"logo-word-{theme}.svg"), size="large")

user = current_user()
page = st.navigation(pages_of(user, unread=unread_count(user)), position="top")
tell_signed_out(user)
refusal = look_as_of(st.query_params.get(AS_OF, ""))
if refusal:
    st.error(_(refusal), icon=":material/history_toggle_off:")
    st.stop()
asked = moment()
if asked is not None:
    moment_banner(asked)
try:
    page.run()
except TomlakeError as trouble:
    st.error(escaped(_(trouble.reason)), icon=":material/error:")
finally:  # pages may stop early
    language_line()
