"""Admin: what waits for staff, what went wrong, who did what, and the limits; for staff only."""

import streamlit as st

from portal.accounts import admin
from portal.accounts.admin_accounts import accounts_section
from portal.fmt import escaped, plural
from portal.parts import box_of_one, fact_list
from portal.session import current_user

user = current_user()
if user is None or not admin.is_staff(user):
    st.title("No such page")
    st.page_link("../pages/home.py", label="Home", icon=":material/home:")
    st.stop()

st.title("Admin")
told = st.session_state.pop("admin_said", "")
if told:
    st.info(escaped(told), icon=":material/info:")


def say(words: str) -> None:
    """Tell the person what happened, above the page as it stands after it."""
    st.session_state["admin_said"] = words
    st.rerun()


accounts_section(user, say)

st.header("Cameras that wait")
waiting = admin.cameras_waiting()
if not waiting:
    st.caption("None. Frames of a camera that waits are measured, and their verdicts say so.")
for camera in waiting:
    with st.container(border=True, width=760):
        st.subheader(escaped(camera.oname), anchor=False)
        fact_list(admin.camera_facts(camera))
        with st.container(horizontal=True):
            if st.button("Approve", key=f"approve_{camera.oname}", type="primary", icon=":material/check:"):
                say(admin.decide_camera(user, camera.oname, is_good=True))
            if st.button("Put out of use", key=f"refuse_{camera.oname}", icon=":material/block:"):
                say(admin.decide_camera(user, camera.oname, is_good=False))

st.header("Stuck jobs")
stuck = admin.stuck_jobs(user)
if not stuck:
    st.caption("None was given up, and no worker is silent.")
elif len(stuck) > 1 and st.button(f"Retry these {len(stuck)}", key="retry_all", icon=":material/replay:"):
    say(admin.retry_jobs(user, [one.job.job_id for one in stuck]))
for one in stuck:
    with box_of_one():
        with st.container(width="content", gap=None):
            st.text(f"Job {one.job.job_id}, {one.job.kind}: {one.subject}")
            st.text(one.job.reason or one.job.step or "its worker is silent")
        if st.button("Retry", key=f"retry_{one.job.job_id}", icon=":material/replay:"):
            say(admin.retry_jobs(user, [one.job.job_id]))

st.header("Log")
with st.container(horizontal=True, vertical_alignment="bottom"):
    kind = st.selectbox("Kind", list(admin.AUDIT_KINDS), key="audit_kind", width=170)
    who = st.text_input("User name", max_chars=150, key="audit_who", width=200)
    since = st.selectbox("In the last", list(admin.SINCE), index=1, key="audit_since", width=150)
older = st.session_state.get("audit_before", {})
chosen = (kind, who, since)
before = older.get(chosen)
lines = admin.audit_lines(user, kind=kind, who=who, since=since, before_id=before)
if not lines:
    st.caption("No line fits.")
else:
    table = admin.audit_table(lines)
    st.dataframe(table, hide_index=True, placeholder="–", alt=f"Table of {plural(len(lines), 'line')}")
with st.container(horizontal=True):
    if before is not None and st.button("Newest", key="audit_newest", icon=":material/first_page:"):
        st.session_state["audit_before"] = {}
        st.rerun()
    if len(lines) == admin.AUDIT_PAGE and st.button("Older", key="audit_older", icon=":material/history:"):
        st.session_state["audit_before"] = {chosen: lines[-1].audit_id}
        st.rerun()
    if lines:
        st.download_button(
            "These lines (CSV)",
            lambda: admin.audit_csv(lines),
            file_name=f"audit_{admin.today()}.csv",
            mime="text/csv",
            icon=":material/download:",
            on_click="ignore",
        )

st.header("Limits")
st.dataframe(admin.limits_table(), hide_index=True, height="content", alt="Limits of this installation")
st.caption("Each is set by the variable named, before the start; `tomlake config` shows all settings.")
