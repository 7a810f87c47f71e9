"""Jobs: what the workers do, what waits, what went wrong and why."""

import streamlit as st

from portal.at_work import work
from portal.fmt import escaped, plural
from portal.frame.cards import job_card
from portal.session import current_user, still_current

REFRESH_S = 4.0
ANY = "Any"

user = current_user()
st.title("Jobs")
st.markdown(
    "Frames are measured and archives asked by workers in the background; this is what they say.", width=760
)


with st.container(horizontal=True, vertical_alignment="bottom"):
    state = st.selectbox("State", [ANY, *work.JOB_STATES], key="jobs_state", width=170)
    kind = st.selectbox("Work", [ANY, *work.JOB_KINDS], key="jobs_kind", width=170)


@st.fragment(run_every=REFRESH_S)
def listed(state: str, kind: str) -> None:
    """Show counts and the newest jobs, and keep them fresh."""
    still_current(user)
    counts = work.job_counts()
    with st.container(horizontal=True):
        for name, count in counts.items():
            if name != "cancelled" or count:
                st.metric(name.capitalize(), f"{count:,}", border=True, width=110)
    jobs = work.jobs_listed(user, state="" if state == ANY else state, kind="" if kind == ANY else kind)
    if not jobs:
        with st.container(border=True):
            words = (
                "**No job fits.** Choose another state." if any(counts.values()) else "**Nothing to do yet.**"
            )
            st.markdown(words)
        return
    st.dataframe(
        work.job_table(jobs),
        hide_index=True,
        row_height=38,
        height="content" if len(jobs) <= 14 else 38 * 14,
        placeholder="–",
        alt=f"Table of {plural(len(jobs), 'job')}",
        column_config={
            "Job": st.column_config.NumberColumn(format="%d", pinned=True, width="small"),
            "Progress": st.column_config.ProgressColumn(
                min_value=0.0, max_value=1.0, format="percent", width="small"
            ),
            "Says": st.column_config.TextColumn(width="large"),
            "Tries": st.column_config.NumberColumn(format="%d", width="small"),
        },
    )
    st.caption(f"{plural(len(jobs), 'job')} shown, newest first")


listed(state, kind)
if user is not None and user.is_staff:
    st.subheader("Look closer")
    number = st.number_input("Job number", min_value=1, step=1, value=None, key="jobs_number", width=200)
    job = work.job_now(int(number)) if number else None
    if job is not None:
        job_card(job)
    elif number:
        st.info(f"There is no job {escaped(str(number))}.")
