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
from portal.fmt import ago_text, date_text, escaped, moment_text, plural
from portal.light_curve.curves import light_curve
from portal.light_curve.moment import reading
from portal.opened import lake

VALUE_MAX_CHARS = 80
_WORDS = {
    "ra_deg": "right ascension", "dec_deg": "declination", "pm_ra_mas_yr": "proper motion in RA",
    "pm_dec_mas_yr": "proper motion in Dec", "classification": "class", "discovery_mjd": "discovery",
    "cadence_d": "cadence", "visibility": "who sees it", "embargo_until_mjd": "embargo",
}  # fmt: skip
_DEEDS = {
    "made": "added the target",
    "changed": "changed the target",
    "deleted": "deleted the target",
    "shared": "shared",
    "comment gone": "removed a note",
}
_TASKS = {"harvest": "from", "reparse": "read again from", "reduce": "measured on"}
_TITLES = {broker.info.key: broker.info.title for broker in BROKERS} | {"upload": "frames"}


def history_tab(target: Target, user: User | None) -> None:
    """Show who changed a target, to those who may change it, and which versions touched its points."""
    if can_change(target, user):
        st.header("Who changed what", anchor=False)
        deeds = deeds_on(lake().operations, target, user)
        for deed in deeds:
            st.markdown(f"- {deed_sentence(deed)}")
        if not deeds:
            st.text("Nobody has changed this target since it came.")
    st.header("Versions that touched its points", anchor=False)
    points = light_curve(target.target_id or 0, user)
    touches = touches_of(lake(), reading(), points, target.target_id or 0)
    if not touches:
        st.text("No version of the lake holds points of this target.")
        return
    st.dataframe(
        touch_table(touches),
        hide_index=True,
        placeholder="expired",
        height="content" if len(touches) <= 12 else 38 * 12,
        alt="Versions of the lake that touched the points of this target",
        column_config={
            "Time (UTC)": st.column_config.DatetimeColumn(format="YYYY-MM-DD HH:mm"),
            "What": st.column_config.TextColumn(width="large"),
            "Version": st.column_config.NumberColumn(
                format="%d", help="Write it after as_of= in the address to see the light curve of then."
            ),
        },
    )


def deed_sentence(deed: Deed) -> str:
    """Return a change as one sentence of Markdown."""
    who = escaped(deed.who) or "somebody"
    what = _DEEDS.get(deed.deed, escaped(deed.deed))
    if deed.upload_name:  # "shared" and "deleted" are words of their own
        what = f"{escaped(deed.deed)} the file {escaped(deed.upload_name)}"
    told = "" if deed.deed in {"made", "deleted"} else _differences(deed.before, deed.after)
    when = f"{moment_text(deed.at_mjd)} UTC, {ago_text(deed.at_mjd)}"
    return f"**{who}** {what}{f': {told}' if told else ''}. :gray[{when}]"


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
    how, source = _TASKS.get(touch.task, f"by {touch.task} from"), _TITLES.get(touch.source, touch.source)
    if not touch.points:
        return f"Points {how} {source}, replaced since"
    return f"{plural(touch.points, 'point')} {how} {source}"


def _differences(before: Mapping[str, object], after: Mapping[str, object]) -> str:
    names = sorted({*before, *after})
    return "; ".join(
        f"{_WORDS.get(name, name)} from {_value(name, before.get(name))} to {_value(name, after.get(name))}"
        for name in names
    )


def _value(name: str, value: object) -> str:
    if value is None or value == "":
        return "nothing"
    if isinstance(value, float):
        return date_text(value) if name.endswith("_mjd") else f"{value:.7g}"
    text = str(value)
    return escaped(text if len(text) <= VALUE_MAX_CHARS else f"{text[:VALUE_MAX_CHARS]}…")
