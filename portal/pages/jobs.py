"""Jobs: what the workers do, what waits, what went wrong and why."""

import streamlit as st

from portal.at_work import work
from portal.fmt import escaped
from portal.frame.cards import job_card
from portal.session import current_user, still_current
from portal.words import _, marked, several

REFRESH_S = 4.0
ANY = marked("Any")

user = current_user()
st.title(_("Jobs"))
st.markdown(
    _("Frames are measured and archives asked by workers in the background; this is what they say."),
    width=760,
)


with st.container(horizontal=True, vertical_alignment="bottom"):
    state = st.selectbox(_("State"), [ANY, *work.JOB_STATES], key="jobs_state", width=170, format_func=_)
    kind = st.selectbox(_("Work"), [ANY, *work.JOB_KINDS], key="jobs_kind", width=170, format_func=_)


@st.fragment(run_every=REFRESH_S)
def listed(state: str, kind: str) -> None:
    """Show counts and the newest jobs, and keep them fresh."""
    still_current(user)
    counts = work.job_counts()
    with st.container(horizontal=True):
        for name, count in counts.items():
            if name != "cancelled" or count:
                st.metric(_(name).capitalize(), f"{count:,}", border=True, width=110)
    jobs = work.jobs_listed(user, state="" if state == ANY else state, kind="" if kind == ANY else kind)
    if not jobs:
        with st.container(border=True):
            if any(counts.values()):
                st.markdown(_("**No job fits.** Choose another state."))
            else:
                st.markdown(_("**Nothing to do yet.**"))
        return
    st.dataframe(
        work.job_table(jobs),
        hide_index=True,
        row_height=38,
        height="content" if len(jobs) <= 14 else 38 * 14,
        placeholder="–",
        alt=several("Table of {count} job", "Table of {count} jobs", len(jobs)),
        column_config={
            "Job": st.column_config.NumberColumn(_("Job"), format="%d", pinned=True, width="small"),
            "State": _("State"),
            "For": _("For"),
            "Progress": st.column_config.ProgressColumn(
                _("Progress"), min_value=0.0, max_value=1.0, format="percent", width="small"
            ),
            "Says": st.column_config.TextColumn(_("Says"), width="large"),
            "Work": _("Work"),
            "Tries": st.column_config.NumberColumn(_("Tries"), format="%d", width="small"),
            "Created": _("Created"),
        },
    )
    st.caption(several("{count} job shown, newest first", "{count} jobs shown, newest first", len(jobs)))


listed(state, kind)
if user is not None and user.is_staff:
    st.header(_("Look closer"))
    number = st.number_input(_("Job number"), min_value=1, step=1, value=None, key="jobs_number", width=200)
    job = work.job_now(int(number)) if number else None
    if job is not None:
        job_card(job)
    elif number:
        st.info(_("There is no job {number}.", number=escaped(str(number))))
