"""Archives: which are asked for every target, how each fares, and how tomlake reads it."""

import streamlit as st

from portal.at_work import archives
from portal.fmt import escaped, plural

REFRESH_S = 10.0

st.title("Archives")
st.markdown(
    "A new target is looked up in all of these at once, and again as they grow. One that is slow or down "
    "delays nobody: it rests for a while and is tried again by itself.",
    width=760,
)


@st.fragment(run_every=REFRESH_S)
def health() -> None:
    """Show how every archive fares, and keep it fresh."""
    table = archives.archives_table()
    st.dataframe(
        table,
        hide_index=True,
        row_height=38,
        height="content" if len(table) <= 16 else 38 * 16,
        placeholder="–",
        alt=f"Table of {plural(len(table), 'archive')}",
        column_config={
            "Archive": st.column_config.TextColumn(pinned=True, width="medium"),
            "Seconds": st.column_config.NumberColumn(format="%.1f", help="How long the last answer took"),
            "Failures": st.column_config.NumberColumn(format="%d", help="In a row, since the last answer"),
            "Says": st.column_config.TextColumn(width="large"),
        },
    )
    st.caption(plural(len(table), "archive"))


health()
titles = dict(archives.archives_table().select("Key", "Archive").sort("Archive").iter_rows())
key = st.selectbox(
    "How is it read?", list(titles), format_func=lambda key: titles[key], index=None, key="archive", width=420
)
info = archives.facts_of(key) if key else None
if info is not None:
    with st.container(border=True):
        st.header(escaped(info.title))
        for sentence in info.method:
            st.markdown(f"- {escaped(sentence)}")
        if info.differs:
            st.markdown("**Unlike BHTOM**")
            for sentence in info.differs:
                st.markdown(f"- {escaped(sentence)}")
        st.markdown(f"**Cite** {escaped(info.citation)}. {escaped(info.acknowledgement)}")
        st.link_button("The archive's own pages", info.homepage, icon=":material/open_in_new:")
