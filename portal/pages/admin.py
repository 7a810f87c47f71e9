"""Admin: what waits for staff, what went wrong, who did what, and the limits; for staff only."""

import streamlit as st

from portal.accounts import admin
from portal.accounts.admin_accounts import accounts_section
from portal.fmt import escaped
from portal.parts import box_of_one, fact_list
from portal.session import current_user
from portal.words import _, several

user = current_user()
if user is None or not admin.is_staff(user):
    st.title(_("No such page"))
    st.page_link("../pages/home.py", label=_("Home"), icon=":material/home:")
    st.stop()

st.title(_("Admin"))
told = st.session_state.pop("admin_said", "")
if told:
    st.info(escaped(told), icon=":material/info:")


def say(words: str) -> None:
    """Tell the person what happened, above the page as it stands after it."""
    st.session_state["admin_said"] = words
    st.rerun()


accounts_section(user, say)

st.header(_("Cameras that wait"))
waiting = admin.cameras_waiting()
if not waiting:
    st.caption(_("None. Frames of a camera that waits are measured, and their verdicts say so."))
for camera in waiting:
    with st.container(border=True, width=760):
        st.subheader(escaped(camera.oname), anchor=False)
        fact_list(admin.camera_facts(camera))
        with st.container(horizontal=True):
            approved = st.button(
                _("Approve"), key=f"approve_{camera.oname}", type="primary", icon=":material/check:"
            )
            if approved:
                say(admin.decide_camera(user, camera.oname, is_good=True))
            if st.button(_("Put out of use"), key=f"refuse_{camera.oname}", icon=":material/block:"):
                say(admin.decide_camera(user, camera.oname, is_good=False))

st.header(_("Stuck jobs"))
stuck = admin.stuck_jobs(user)
if not stuck:
    st.caption(_("None was given up, and no worker is silent."))
elif len(stuck) > 1 and st.button(
    several("Retry this one", "Retry these {count}", len(stuck)), key="retry_all", icon=":material/replay:"
):
    say(admin.retry_jobs(user, [one.job.job_id for one in stuck]))
for one in stuck:
    with box_of_one():
        with st.container(width="content", gap=None):
            about = {"number": one.job.job_id, "kind": _(one.job.kind), "subject": one.subject}
            st.text(_("Job {number}, {kind}: {subject}", **about))
            st.text(_(one.job.reason or one.job.step) or _("its worker is silent"))
        if st.button(_("Retry"), key=f"retry_{one.job.job_id}", icon=":material/replay:"):
            say(admin.retry_jobs(user, [one.job.job_id]))

st.header(_("Log"))
with st.container(horizontal=True, vertical_alignment="bottom"):
    kind = st.selectbox(_("Kind"), list(admin.AUDIT_KINDS), key="audit_kind", width=170, format_func=_)
    who = st.text_input(_("User name"), max_chars=150, key="audit_who", width=200)
    since = st.selectbox(
        _("In the last"), list(admin.SINCE), index=1, key="audit_since", width=150, format_func=_
    )
older = st.session_state.get("audit_before", {})
chosen = (kind, who, since)
before = older.get(chosen)
lines = admin.audit_lines(user, kind=kind, who=who, since=since, before_id=before)
if not lines:
    st.caption(_("No line fits."))
else:
    table = admin.audit_table(lines)
    st.dataframe(
        table,
        hide_index=True,
        placeholder="–",
        alt=several("Table of {count} line", "Table of {count} lines", len(lines)),
        column_config={
            "Time (UTC)": _("Time (UTC)"),
            "Kind": _("Kind"),
            "What": _("What"),
            "Who": _("Who"),
            "Address": _("Address"),
            "Of": _("Of"),
            "Before": _("Before"),
            "After": _("After"),
        },
    )
with st.container(horizontal=True):
    if before is not None and st.button(_("Newest"), key="audit_newest", icon=":material/first_page:"):
        st.session_state["audit_before"] = {}
        st.rerun()
    if len(lines) == admin.AUDIT_PAGE and st.button(_("Older"), key="audit_older", icon=":material/history:"):
        st.session_state["audit_before"] = {chosen: lines[-1].audit_id}
        st.rerun()
    if lines:
        st.download_button(
            _("These lines (CSV)"),
            lambda: admin.audit_csv(lines),
            file_name=f"audit_{admin.today()}.csv",
            mime="text/csv",
            icon=":material/download:",
            on_click="ignore",
        )

st.header(_("Limits"))
st.dataframe(
    admin.limits_table(),
    hide_index=True,
    height="content",
    alt=_("Limits of this installation"),
    column_config={"Limit": _("Limit"), "Value": _("Value"), "Set by": _("Set by")},
)
st.caption(_("Each is set by the variable named, before the start; `tomlake config` shows all settings."))
