"""Archives: which are asked for every target, how each fares, and how tomlake reads it."""

import streamlit as st

from portal.at_work import archives
from portal.fmt import escaped
from portal.words import _, several

REFRESH_S = 10.0

st.title(_("Archives"))
st.markdown(
    _(
        "A new target is looked up in all of these at once, and again as they grow. One that is slow or down "
        "delays nobody: it rests for a while and is tried again by itself."
    ),
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
        alt=several("Table of {count} archive", "Table of {count} archives", len(table)),
        column_config={
            "Archive": st.column_config.TextColumn(_("Archive"), pinned=True, width="medium"),
            "State": _("State"),
            "Last answer": _("Last answer"),
            "Seconds": st.column_config.NumberColumn(
                _("Seconds"), format="%.1f", help=_("How long the last answer took")
            ),
            "Failures": st.column_config.NumberColumn(
                _("Failures"), format="%d", help=_("In a row, since the last answer")
            ),
            "Says": st.column_config.TextColumn(_("Says"), width="large"),
            "Next try": _("Next try"),
            "Covers": _("Covers"),
            "Key": _("Key"),
        },
    )
    st.caption(several("{count} archive", "{count} archives", len(table)))


health()
titles = dict(archives.archives_table().select("Key", "Archive").sort("Archive").iter_rows())
key = st.selectbox(
    _("How is it read?"),
    list(titles),
    format_func=lambda key: titles[key],
    index=None,
    placeholder=_("Choose an archive"),
    key="archive",
    width=420,
)
info = archives.facts_of(key) if key else None
if info is not None:
    with st.container(border=True):
        st.header(escaped(info.title))
        for sentence in info.method:
            st.markdown(f"- {escaped(_(sentence))}")
        if info.differs:
            st.markdown(_("**Unlike BHTOM**"))
            for sentence in info.differs:
                st.markdown(f"- {escaped(_(sentence))}")
        cited = {"citation": escaped(info.citation), "acknowledgement": escaped(info.acknowledgement)}
        st.markdown(_("**Cite** {citation}. {acknowledgement}", **cited))
        st.link_button(_("The archive's own pages"), info.homepage, icon=":material/open_in_new:")
