"""The router: opens the page that is asked for, and draws what frames it.

It must not stand beside ``pages/``: Streamlit would then run those pages without it.
"""

from pathlib import Path

import streamlit as st

from engine.errors import TomlakeError
from portal.fmt import escaped
from portal.light_curve.moment import AS_OF, look_as_of, moment
from portal.parts import moment_banner
from portal.session import current_user
from portal.shell.menu import MENU, entry_of
from portal.shell.signed_out import tell_signed_out

PORTAL = Path(__file__).resolve().parent.parent
PAGES = PORTAL / "pages"
STATIC = PORTAL / "static"

st.set_page_config(page_title="tomlake", page_icon=str(STATIC / "logo.svg"), layout="wide")
theme = "light" if st.context.theme.type == "light" else "dark"
st.logo(str(STATIC / f"logo-word-{theme}.svg"), size="large")

user = current_user()
page = st.navigation(
    [
        st.Page(
            PAGES / f"{entry.name}.py",
            title=entry.title,
            icon=f":material/{entry.icon}:" if entry.icon else None,
            url_path=entry.name,
            default=entry.name == MENU[0].name,
            visibility="visible" if entry.is_listed_for(user) else "hidden",
        )
        for entry in (entry_of(each, user) for each in MENU if each.exists_for(user))
    ],
    position="top",
)
tell_signed_out(user)
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
    st.error(escaped(trouble.reason), icon=":material/error:")
