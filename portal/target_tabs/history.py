"""The part of a target's page that says what happened to it: who changed what, and what wrote its points."""

from collections.abc import Mapping, Sequence

import polars as pl
import streamlit as st

from engine.brokers.registry import BROKERS
from engine.target import Target
from engine.times import datetime_of
from lake.history import Deed, Touch, deeds_on, touches_of
from lake.people.accounts import User
from lake.rights import can_change
from portal.fmt import ago_text, date_text, escaped, moment_text
from portal.light_curve.curves import light_curve
from portal.light_curve.moment import reading
from portal.opened import lake
from portal.words import _, marked, several

VALUE_MAX_CHARS = 80
_WORDS = {
    "ra_deg": marked("right ascension"), "dec_deg": marked("declination"),
    "pm_ra_mas_yr": marked("proper motion in RA"), "pm_dec_mas_yr": marked("proper motion in Dec"),
    "name": marked("name"), "aliases": marked("aliases"), "description": marked("description"),
    "classification": marked("class"), "importance": marked("importance"), "cadence_d": marked("cadence"),
    "discovery_mjd": marked("discovery"), "visibility": marked("who sees it"),
    "points": marked("points"), "reason": marked("reason"),
    "embargo_until_mjd": marked("embargo"), "epoch": marked("epoch"), "designation": marked("designation"),
}  # fmt: skip
_DEEDS = {
    "made": marked("**{who}** added the target"),
    "changed": marked("**{who}** changed the target"),
    "deleted": marked("**{who}** deleted the target"),
    "shared": marked("**{who}** shared"),
    "comment gone": marked("**{who}** removed a note"),
    "hid points": marked("**{who}** hid points"),
    "showed points again": marked("**{who}** showed hidden points again"),
}
_COUNTED = {"points", "reason"}  # of a deed itself: there is no before
_FILE_DEEDS = {
    "shared": marked("**{who}** shared the file {file}"),
    "deleted": marked("**{who}** deleted the file {file}"),
}
_TITLES = {broker.info.key: broker.info.title for broker in BROKERS} | {"upload": marked("frames")}


def history_tab(target: Target, user: User | None) -> None:
    """Show who changed a target, to those who may change it, and which versions touched its points."""
    if can_change(target, user):
        st.header(_("Who changed what"), anchor=False)
        deeds = deeds_on(lake().operations, target, user)
        for deed in deeds:
            st.markdown(f"- {deed_sentence(deed)}")
        if not deeds:
            st.text(_("Nobody has changed this target since it came."))
    st.header(_("Versions that touched its points"), anchor=False)
    points = light_curve(target.target_id or 0, user)
    touches = touches_of(lake(), reading(), points, target.target_id or 0)
    if not touches:
        st.text(_("No version of the lake holds points of this target."))
        return
    st.dataframe(
        touch_table(touches),
        hide_index=True,
        placeholder=_("expired"),
        height="content" if len(touches) <= 12 else 38 * 12,
        alt=_("Versions of the lake that touched the points of this target"),
        column_config={
            "Time (UTC)": st.column_config.DatetimeColumn(_("Time (UTC)"), format="YYYY-MM-DD HH:mm"),
            "What": st.column_config.TextColumn(_("What"), width="large"),
            "Version": st.column_config.NumberColumn(
                _("Version"),
                format="%d",
                help=_("Write it after as_of= in the address to see the light curve of then."),
            ),
            "Software": _("Software"),
        },
    )


def deed_sentence(deed: Deed) -> str:
    """Return a change as one sentence of Markdown."""
    told = "" if deed.deed in {"made", "deleted"} else _differences(deed.before, deed.after)
    when = f"{moment_text(deed.at_mjd)} UTC, {ago_text(deed.at_mjd)}"
    return f"{_deed_words(deed)}{f': {told}' if told else ''}. :gray[{when}]"


def _deed_words(deed: Deed) -> str:
    """Return who did what, as Markdown; a deed without words of its own is named as the lake names it."""
    who, file = escaped(deed.who) or _("somebody"), escaped(deed.upload_name)
    if file and deed.deed in _FILE_DEEDS:
        return _(_FILE_DEEDS[deed.deed], who=who, file=file)
    if file:
        return _("**{who}** {deed} the file {file}", who=who, deed=escaped(deed.deed), file=file)
    if deed.deed in _DEEDS:
        return _(_DEEDS[deed.deed], who=who)
    return f"**{who}** {escaped(deed.deed)}"


def touch_table(touches: Sequence[Touch]) -> pl.DataFrame:
    """Return what wrote points as the table that the page shows."""
    return pl.DataFrame(
        {
            "Time (UTC)": [datetime_of(each.at_mjd).replace(tzinfo=None) for each in touches],
            "What": [_touch_words(each) for each in touches],
            "Version": [each.version for each in touches],
            "Software": [f"tomlake {each.code_version}" for each in touches],
        },
        schema_overrides={"Time (UTC)": pl.Datetime(), "Version": pl.Int64()},
    )


def _touch_words(touch: Touch) -> str:
    source = _(_TITLES.get(touch.source, touch.source))
    if not touch.points:
        return _replaced_words(touch.task, source)
    if touch.task == "harvest":
        return several(
            "{count} point from {source}", "{count} points from {source}", touch.points, source=source
        )
    if touch.task == "reparse":
        return several(
            "{count} point read again from {source}",
            "{count} points read again from {source}",
            touch.points,
            source=source,
        )
    if touch.task == "reduce":
        return several(
            "{count} point measured on {source}",
            "{count} points measured on {source}",
            touch.points,
            source=source,
        )
    return several(
        "{count} point by {task} from {source}",
        "{count} points by {task} from {source}",
        touch.points,
        task=touch.task,
        source=source,
    )


def _replaced_words(task: str, source: str) -> str:
    told = {
        "harvest": _("Points from {source}, replaced since", source=source),
        "reparse": _("Points read again from {source}, replaced since", source=source),
        "reduce": _("Points measured on {source}, replaced since", source=source),
    }
    other = _("Points by {task} from {source}, replaced since", task=task, source=source)
    return told.get(task, other)


def _differences(before: Mapping[str, object], after: Mapping[str, object]) -> str:
    return "; ".join(_difference(name, before, after) for name in sorted({*before, *after}))


def _difference(name: str, before: Mapping[str, object], after: Mapping[str, object]) -> str:
    what, now = _(_WORDS[name]) if name in _WORDS else name, _value(name, after.get(name))
    if name in _COUNTED:
        return f"{what}: {now}"
    return _("{what} from {before} to {after}", what=what, before=_value(name, before.get(name)), after=now)


def _value(name: str, value: object) -> str:
    if value is None or value == "":
        return _("nothing")
    if isinstance(value, float):
        return date_text(value) if name.endswith("_mjd") else f"{value:.7g}"
    text = str(value)
    return escaped(text if len(text) <= VALUE_MAX_CHARS else f"{text[:VALUE_MAX_CHARS]}…")
