"""The part of a target's page that shows the passport of one point."""

import streamlit as st

from engine.target import Target
from lake.people.accounts import User
from portal.fmt import escaped
from portal.frame.cards import cutout_button
from portal.frame.verdicts import cutout_fits, picture_of
from portal.light_curve.curves import light_curve
from portal.one_target.passport import Passport, choice_table, passport_of
from portal.parts import fact_list
from portal.words import _

ROWS_SHOWN = 6
POINT = "point"  # of the address


def passport_tab(target: Target, user: User | None) -> None:
    """Let a visitor choose a point, and show everything that is known of how it came to be."""
    points = light_curve(target.target_id or 0, user)
    if points.is_empty():
        with st.container(border=True):
            st.markdown(_("**No points yet.** Each point that comes gets its passport here."))
        return
    rows = choice_table(points)
    st.caption(_("Choose a point by the box before its line: its passport is below."))
    chosen = st.dataframe(
        rows,
        key="passport_rows",
        hide_index=True,
        placeholder="–",
        height=38 * ROWS_SHOWN,
        on_select="rerun",
        selection_mode="single-row",
        column_config={
            "Time (UTC)": st.column_config.DatetimeColumn(_("Time (UTC)"), format="YYYY-MM-DD HH:mm:ss"),
            "Band": _("Band"),
            "Mag": st.column_config.NumberColumn(_("Mag"), format="%.3f"),
            "Limit": st.column_config.NumberColumn(_("Limit"), format="%.2f"),
            "Source": _("Source"),
            "Observer": _("Observer"),
            "Point": _("Point"),
        },
    )
    picked = chosen["selection"]["rows"]
    if picked and picked[0] < rows.height:
        st.query_params[POINT] = rows["Point"][picked[0]]
    asked = st.query_params.get(POINT, "") or rows["Point"][0]
    found = passport_of(int(asked), target, user) if _is_number(asked) else None
    if found is None:
        st.warning(_("This target has no point {point}.", point=escaped(asked[:40])), icon=":material/error:")
        return
    _passport(found, target)


def _is_number(text: str) -> bool:
    return text.isascii() and text.removeprefix("-").isdecimal() and len(text) <= 20


def _passport(found: Passport, target: Target) -> None:
    st.header(escaped(found.title), anchor=False)
    st.code(found.link, language=None, wrap_lines=True)
    picture = picture_of(found.verdict) if found.verdict is not None else None
    first, *others = found.sections
    left, right = st.columns([2.4, 1], gap="medium") if picture is not None else (st.container(), None)
    with left:
        _section(*first)
    if right is not None and picture is not None and found.verdict is not None:
        alt = _("{target} in {file}", target=target.name, file=found.verdict.file)
        right.image(picture, width=220, alt=alt)
        right.caption(_("Rings: stars of the zero point."))
    for section in others:
        _section(*section)
    if found.verdict is not None:
        _frame_files(found)
    if found.answer is not None:
        _raw_answer(found)


def _section(heading: str, facts: dict[str, str]) -> None:
    st.markdown(f"**{heading}**")
    fact_list(facts)


def _frame_files(found: Passport) -> None:
    verdict = found.verdict
    kept = cutout_fits(verdict) if verdict is not None else None
    cutout_button(kept, name=f"point_{found.point_id}", key="passport_cutout")
    if len(found.stars):
        st.markdown(_("**Comparison stars**"))
        st.dataframe(
            found.stars,
            hide_index=True,
            placeholder="–",
            height="content" if len(found.stars) <= 10 else 38 * 10,
            column_config={
                "Star": _("Star"),
                "RA": st.column_config.NumberColumn(_("RA"), format="%.6f"),
                "Dec": st.column_config.NumberColumn(_("Dec"), format="%.6f"),
                "Catalogue mag": st.column_config.NumberColumn(_("Catalogue mag"), format="%.3f"),
                "Off by": st.column_config.NumberColumn(_("Off by"), format="%.3f"),
                "Used": _("Used"),
            },
        )


def _raw_answer(found: Passport) -> None:
    answer = found.answer
    if answer is None:
        return
    st.markdown(_("**The answer of {archive}, as it came**", archive=escaped(answer.archive)))
    if found.preview:
        st.code(found.preview, language=None, height=240)
    if answer.is_whole:
        st.download_button(
            _("Raw answer"),
            answer.body,
            file_name=f"{answer.archive}_{answer.sha256[:12]}.txt",
            mime="application/octet-stream",
            icon=":material/download:",
            on_click="ignore",
            key="passport_raw",
        )
    else:
        st.caption(_("It is too long to be given here whole."))
