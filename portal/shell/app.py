"""The router: which pages there are, their order, and what frames them.

It must not stand beside ``pages/``: Streamlit would then run those pages without it.
"""

from pathlib import Path

import streamlit as st

from engine.errors import TomlakeError
from portal.moment import AS_OF, look_as_of, moment
from portal.parts import moment_banner
from portal.session import current_user

PORTAL = Path(__file__).resolve().parent.parent
PAGES = PORTAL / "pages"
STATIC = PORTAL / "static"
HIDDEN = {
    "target": "Target", "camera": "Camera", "frame": "Frame",
    "sign_up": "Sign up", "set_up": "Set up", "terms": "Terms of use",
}  # fmt: skip

st.set_page_config(page_title="tomlake", page_icon=str(STATIC / "logo.svg"), layout="wide")
theme = "light" if st.context.theme.type == "light" else "dark"
st.logo(str(STATIC / f"logo-word-{theme}.svg"), size="large")

user = current_user()
for_staff = user is not None and user.is_staff
page = st.navigation(
    [
        st.Page(PAGES / "home.py", title="Home", icon=":material/home:", url_path="home", default=True),
        st.Page(PAGES / "targets.py", title="Targets", icon=":material/my_location:", url_path="targets"),
        st.Page(PAGES / "tonight.py", title="Tonight", icon=":material/bedtime:", url_path="tonight"),
        st.Page(PAGES / "proposals.py", title="New", icon=":material/notifications:", url_path="proposals"),
        st.Page(
            PAGES / "observatories.py",
            title="Observatories",
            icon=":material/location_on:",
            url_path="observatories",
        ),
        st.Page(PAGES / "upload.py", title="Upload", icon=":material/upload:", url_path="upload"),
        st.Page(PAGES / "jobs.py", title="Jobs", icon=":material/lists:", url_path="jobs"),
        st.Page(PAGES / "archives.py", title="Archives", icon=":material/public:", url_path="archives"),
        st.Page(PAGES / "data.py", title="Data", icon=":material/database:", url_path="data"),
        st.Page(PAGES / "learn.py", title="Learn", icon=":material/school:", url_path="learn"),
        st.Page(
            PAGES / "groups.py",
            title="Groups",
            icon=":material/group:",
            url_path="groups",
            visibility="visible" if user else "hidden",
        ),
        *(
            [st.Page(PAGES / "admin.py", title="Admin", icon=":material/shield_person:", url_path="admin")]
            if for_staff
            else []
        ),
        st.Page(
            PAGES / "account.py",
            title=user.username if user else "Sign in",
            icon=":material/account_circle:" if user else ":material/login:",
            url_path="account",
        ),
        *(
            st.Page(PAGES / f"{name}.py", title=title, url_path=name, visibility="hidden")
            for name, title in HIDDEN.items()
        ),
    ],
    position="top",
)
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
