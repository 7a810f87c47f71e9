"""The part of a target's page that says from where it can be observed tonight."""

from collections.abc import Sequence

import streamlit as st

from engine.target import Target
from lake.people.accounts import User
from lake.tonight import Chance
from portal.fmt import escaped
from portal.observing import tonight
from portal.words import _


def tonight_tab(target: Target, user: User | None) -> None:
    """Show a target's altitude over several telescopes, and what each can see of it."""
    found = tonight.target_chances(target, user)
    st.markdown(f"**{escaped(tonight.best_sentence(found))}**")
    if not found:
        return
    by_name = {each.telescope.site.name: each for each in found}
    first = [name for name, each in by_name.items() if each.hours_up > 0] or list(by_name)
    dear = [name for name in first if by_name[name].telescope.is_dear]
    names = st.multiselect(
        _("Telescopes"),
        list(by_name),
        default=list(dict.fromkeys([*first[:1], *dear, *first]))[: tonight.DRAWN_AT_FIRST],
        max_selections=tonight.MOST_DRAWN,
        key="tonight_telescopes",
        label_visibility="collapsed",
    )
    chart = tonight.chances_chart([each for name, each in by_name.items() if name in names])
    if chart is not None:
        st.vega_lite_chart(
            chart.rows,
            chart.spec,
            key="tonight_chart",
            alt=_(
                "Altitude of {target} tonight from {telescopes}",
                target=target.name,
                telescopes=", ".join(chart.names),
            ),
        )
        st.caption(
            _(
                "Each line goes from sunset to sunrise of its telescope. Sky and Moon (dotted) are those of "
                "{telescope}; the bluer, the brighter the sky. Dashed: 30 degrees.",
                telescope=escaped(chart.names[0]),
            )
        )
    _table(found)


def _table(found: Sequence[Chance]) -> None:
    st.dataframe(
        tonight.chances_table(found),
        hide_index=True,
        placeholder="–",
        height="content" if len(found) <= 12 else 38 * 12,
        alt=_("What each telescope can see of this target tonight"),
        column_config={
            "Telescope": st.column_config.TextColumn(_("Telescope"), width="medium"),
            "Evening": st.column_config.DateColumn(_("Evening"), format="YYYY-MM-DD"),
            "Best": st.column_config.TextColumn(_("Best"), help="UTC"),
            "High": st.column_config.NumberColumn(_("High"), format="%.0f°"),
            "Hours": st.column_config.NumberColumn(
                _("Hours"), format="%.1f h", help=_("Above 30 degrees in the dark")
            ),
            "Moon": st.column_config.NumberColumn(_("Moon"), format="%.0f°"),
            "Dark": st.column_config.TextColumn(_("Dark"), help=_("UTC; the Sun is 12 degrees down")),
        },
    )
