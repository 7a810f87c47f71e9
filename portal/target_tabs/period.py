"""The part of a target's page that searches a period and folds the light curve with it."""

import streamlit as st

from engine.errors import Rejected
from engine.periods.search import PeriodSearch
from engine.target import Target
from lake.people.accounts import User
from portal.fmt import escaped
from portal.one_target import periods
from portal.words import _, marked

PERIOD = "period"  # its word in the address
MOST_EPOCH_D = 1e6  # MJD: some thousand years


def period_tab(target: Target, user: User | None) -> None:
    """Show the periodogram and, beside it, the light curve folded with a period that may be changed."""
    shortest_d = st.session_state.get("shortest_period", periods.SHORTEST_CHOICES_D[0])
    bar, looking = st.empty(), _("Looking for a period")
    try:
        found = periods.search(
            target,
            user,
            shortest_d=shortest_d,
            told=lambda share: bar.progress(share, looking),
        )
    except Rejected as refusal:
        bar.empty()
        with st.container(border=True):
            st.markdown(_("**No period yet.** {reason}", reason=escaped(_(refusal.reason))))
        if shortest_d != periods.SHORTEST_CHOICES_D[0]:
            _shortest()
        return
    bar.empty()
    st.markdown(periods.headline(found))
    for doubt in periods.doubts(found):
        st.markdown(f":material/help: {escaped(doubt)}")
    period_d, epoch = _fields(target, found)
    _keep_in_address(found, period_d)
    _charts(target, user, found, (period_d, epoch))
    with st.expander(_("What do I see here?"), icon=":material/school:"):
        st.markdown(_(_LESSON, share="1 %"))
        st.caption(escaped(periods.method(found)))
        _shortest()


def _shortest() -> None:
    st.segmented_control(
        _("Shortest period to try [d]"),
        periods.SHORTEST_CHOICES_D,
        default=periods.SHORTEST_CHOICES_D[0],
        required=True,
        key="shortest_period",
    )


def _fields(target: Target, found: PeriodSearch) -> tuple[float, float]:
    """Return the period and the epoch in the fields; the address fills the first at the first visit."""
    key = f"period_of_{target.target_id}"
    if key not in st.session_state:
        asked = periods.period_of_address(st.query_params.get(PERIOD, ""))
        st.session_state[key] = asked or found.period_d
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        period_d = st.number_input(
            _("Period [d]"),
            min_value=1e-4,
            max_value=periods.MOST_PERIOD_D,
            step=max(found.period_err_d, 1e-7),
            format=f"%.{periods.digits_of(found)}f",
            key=key,
            width=200,
        )
        epoch = st.number_input(
            _("Phase 0 at [d]"),
            min_value=-MOST_EPOCH_D,
            max_value=MOST_EPOCH_D,
            value=found.seen.epoch,
            format="%.4f",
            key=f"epoch_of_{target.target_id}",
            help=_("BJD (TDB) less 2400000.5; of a body of the Solar System MJD (UTC)."),
            width=200,
        )
        for label, factor in (("P/2", 0.5), ("2P", 2.0)):
            st.button(label, key=f"times_{factor}", on_click=_multiply, args=(key, factor))
        st.button(_("Best"), key="best_period", on_click=_put, args=(key, found.period_d))
    # limits of fields hold in browsers only
    is_period, is_epoch = 1e-4 <= period_d <= periods.MOST_PERIOD_D, abs(epoch) <= MOST_EPOCH_D
    return period_d if is_period else found.period_d, epoch if is_epoch else found.seen.epoch


def _multiply(key: str, factor: float) -> None:
    _put(key, factor * st.session_state[key])


def _put(key: str, period_d: float) -> None:
    st.session_state[key] = min(max(period_d, 1e-4), periods.MOST_PERIOD_D)


def _keep_in_address(found: PeriodSearch, period_d: float) -> None:
    if abs(period_d - found.period_d) > 0.01 * found.period_err_d:
        st.query_params[PERIOD] = f"{period_d:.10g}"
    elif PERIOD in st.query_params:
        del st.query_params[PERIOD]


def _charts(target: Target, user: User | None, found: PeriodSearch, fold: tuple[float, float]) -> None:
    period_d, epoch = fold
    drawn = periods.folding(target, user, found, period_d=period_d, epoch=epoch)
    left, right = st.columns(2, gap="medium")
    with left:
        st.vega_lite_chart(
            drawn.periodogram,
            drawn.periodogram_spec,
            key="periodogram",
            alt=_(
                "Periodogram of {target}; its highest peak is at {period} days",
                target=target.name,
                period=f"{found.period_d:.6g}",
            ),
        )
    with right:
        st.vega_lite_chart(
            drawn.rows,
            drawn.spec,
            key="folded",
            alt=_(
                "Light curve of {target} folded with {period} days, two cycles",
                target=target.name,
                period=f"{period_d:.6g}",
            ),
        )
    st.caption(
        _(
            "Left: how well a wave of each period fits; dashed lines are how high noise alone climbs in 10, "
            "1 and {share} of all cases. Right: all points by their place in the cycle, drawn twice.",
            share="0.1 %",
        )
    )


_LESSON = marked("""\
A star that repeats its changes can be **folded**: each point is moved into one cycle, by the time that has
passed since the cycle began. With the right period the points of many nights fall onto one curve; with a
wrong one they are scattered. Change the period a little and watch.

- The **power** says which share of the changes a wave of that period explains: 1 is all, 0 nothing.
- **Aliases** come from gaps. Who looks once a night cannot tell one cycle a day more or less; the same holds
  for the Moon (29.5 d) and the year. They are marked, for the true period may be one of them.
- **Harmonics** (2P, P/2, P/3) belong to the same star. Two eclipses in one orbit look like half the period:
  press *2P* and see whether neighbouring dips differ.
- A peak below the {share} line should not be believed, and one above it only when the folded curve looks
  like a star.
""")
