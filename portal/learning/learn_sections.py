"""The lessons of the page *Learn*, each on a target that is in the lake."""

from collections.abc import Callable
from pathlib import Path

import streamlit as st

from portal.fmt import escaped
from portal.learning import lessons
from portal.learning.glossary import glossary
from portal.learning.lessons import Example
from portal.light_curve.curves import chart_of
from portal.one_target.classes import meaning_of
from portal.parts import simulated_badge, target_link
from portal.words import _, marked, several

_PAGES = Path(__file__).resolve().parent.parent / "pages"
_WIDTH_PX = 760


def _say(text: str) -> None:
    st.markdown(text, width=_WIDTH_PX)


def _list(*sentences: str) -> None:
    _say("\n".join(f"- {sentence}" for sentence in sentences))


def _steps(before: str, *sentences: str) -> None:
    told = "\n".join(f"{number}. {sentence}" for number, sentence in enumerate(sentences, start=1))
    _say(f"{before}\n\n{told}")


def _headed(found: Example) -> None:
    """Name the target of a lesson, say what it is, and mark a simulated one."""
    with st.container(horizontal=True, vertical_alignment="center"):
        target_link(found.target.name)
        if found.target.simulated:
            simulated_badge()
    st.caption(escaped(_(meaning_of(found.target.classification)) or found.target.classification))


def _curve(found: Example) -> None:
    chart = chart_of(found.target.target_id or 0)
    if chart is not None:
        if chart.is_binned:
            st.caption(_("There are so many points that one dot stands for several of a short time."))
        words = _("Light curve of {target}", target=found.target.name)
        st.vega_lite_chart(chart.rows, chart.spec, alt=words, key="learn_curve")


def light_curves() -> None:
    """Tell what a light curve is."""
    _say(
        _(
            "A star is a dot even in the largest telescopes, or nearly so. What we can do is measure **how "
            "bright** the dot is, again and again. Draw brightness against time, and you have a "
            "**light curve**. Many discoveries begin with one."
        )
    )
    found = lessons.example(*lessons.EASY_TO_READ)
    if found is None:
        st.info(
            _(
                "No public target here is observed with enough points yet: "
                "this lesson comes alive with the first."
            )
        )
        return
    _headed(found)
    _curve(found)
    _told_of_curve(found)
    _say(_("**Try it:** turn the wheel over the chart to look closer, and click a band below it."))


def _told_of_curve(found: Example) -> None:
    _list(
        several(
            "Each dot is a measurement; of this object there is **{count}** magnitude.",
            "Each dot is a measurement; of this object there are **{count}** magnitudes.",
            found.points,
        ),
        _(
            "Each colour is a **band**, a filter in front of the camera. "
            "Most dots here are in {band}, from {span}.",
            band=escaped(found.band),
            span=found.span,
        ),
        _(
            "The scale on the left is the **magnitude**, and it runs backwards: a small number is bright, so "
            "the chart puts small numbers on top. Five magnitudes less are a hundred times more light."
        ),
        _(
            "In that band the brightest and the faintest measurements are **{difference} magnitudes** apart: "
            "{times} times the light. (The most extreme 2 % on each side are left out: one of them may be a "
            "mistake.)",
            difference=f"{found.swing_mag:.2f}",
            times=f"{lessons.times_brighter(found.swing_mag):.3g}",
        ),
        _(
            "The thin line through a dot is its **error bar**: how sure the measurement is. "
            "An empty triangle is a **limit**: nothing was seen, so the object was fainter than that."
        ),
    )


def microlensing() -> None:
    """Tell what microlensing is."""
    _say(
        _(
            "Gravity bends light. When a star passes almost exactly in front of a more distant one, its "
            "gravity works like a lens: more light of the distant star reaches us. The lens itself may be "
            "quite dark, which makes this a way to find **black holes** and **planets** that nobody can see."
        )
    )
    found = lessons.example(lessons.MICROLENSING)
    if found is None:
        st.info(
            _(
                "No public target here is a microlensing event with enough points yet: "
                "this lesson comes alive with the first."
            )
        )
        return
    _headed(found)
    _curve(found)
    _list(
        _(
            "In {band} the third-brightest measurement (two may be mistakes) stands "
            "**{difference} magnitudes** above the middle one of all: {times} times the light.",
            band=escaped(found.band),
            difference=f"{found.rise_mag:.2f}",
            times=f"{lessons.times_brighter(found.rise_mag):.3g}",
        ),
        _("With a single lens that moves straight, as seen from us, rise and fall are mirror images."),
        _(
            "A lens bends all colours alike. The rise may still differ a little between bands where the "
            "light of another star is mixed in."
        ),
        _(
            "A second body beside the lens, such as a planet, may add a spike or a dip of hours or days. "
            "That is why people all round the Earth watch: it is always night for somebody."
        ),
    )


def period_game() -> None:
    """Let a reader find a period by folding."""
    _say(
        _(
            "Some stars change in the same way over and over. To find the **period**, cut the light curve "
            "into pieces of equal length and lay them on top of each other: that is **folding**. With the "
            "right length the dots fall into line."
        )
    )
    found = lessons.example(lessons.LONG_PERIOD)
    if found is None:
        st.info(
            _(
                "No public target here is a long-period variable with enough points yet: "
                "this lesson comes alive with the first."
            )
        )
        return
    _headed(found)
    _folding(found)
    _say(
        _(
            "**Beware:** twice or three times the right period gives a tidy picture too, with two or three "
            "waves in each turn. And real stars are not perfect clocks: long-period ones change from turn to "
            "turn."
        )
    )


def _folding(found: Example) -> None:
    period_d = st.slider(
        _("Your period, in days"),
        lessons.SHORTEST_D,
        lessons.LONGEST_D,
        lessons.FIRST_GUESS_D,
        key="learn_period",
    )
    st.vega_lite_chart(
        lessons.folded(found.mags, float(period_d)),
        lessons.folded_spec(),
        alt=_("Light curve of {target} folded with {days} days", target=found.target.name, days=period_d),
        key="learn_folded",
    )
    untidy = lessons.untidiness_mag(found.mags, float(period_d))
    meaning = _("On average; less is tidier.")
    st.metric(_("Neighbours differ by"), f"{untidy:.3f} mag", width=220, help=meaning)
    if st.toggle(_("Show what a computer finds"), key="learn_answer"):
        best_d = lessons.tidiest_period_d(found)
        least = lessons.untidiness_mag(found.mags, float(best_d))
        _say(
            _(
                "Of all whole numbers of days from {shortest} to {longest}, **{best}** makes the tidiest "
                "picture: neighbours differ by {difference} mag.",
                shortest=lessons.SHORTEST_D,
                longest=lessons.LONGEST_D,
                best=best_d,
                difference=f"{least:.3f}",
            )
        )


def calibration() -> None:
    """Tell how a picture becomes a magnitude."""
    _steps(
        _(
            "A camera counts light. But the same star gives more counts in a larger telescope and fewer "
            "through thin cloud. So how do we get a number that means the same everywhere?"
        ),
        _("The program finds all stars on the picture and sees from their **pattern** where it was taken."),
        _("It adds up the light of each star."),
        _(
            "Many of these stars are in a **catalogue** that says how bright they are. What must be added to "
            "the camera's own magnitude to get the catalogue's is the **zero point**."
        ),
        _(
            "Each star gives a slightly different answer, so many stars are taken together, and those that "
            "do not fit are left out."
        ),
        _("Stars of different colours need slightly different corrections; that is measured as well."),
        _("The zero point is added to the magnitude of the target. Done."),
    )
    _say(
        _(
            "*An example with made-up numbers:* the camera's own magnitudes of three stars are −9.10, −8.30 "
            "and −7.55; the catalogue says 12.91, 13.70 and 14.44. The differences are 22.01, 22.00 and "
            "21.99, so the zero point is 22.00. A target with −6.80 then has magnitude 15.20."
        )
    )
    found = lessons.example(source="upload")
    if found is None:
        st.info(
            _(
                "No public target here is measured by observers of this portal with enough points yet: "
                "this lesson comes alive with the first."
            )
        )
        return
    _headed(found)
    _typical_error(found)


def _typical_error(found: Example) -> None:
    error_mag = float(found.mags["mag_err"].median())  # type: ignore[arg-type]
    _say(
        several(
            "The {count} measurement in {band} that observers sent of this target has a typical error of "
            "**{error} magnitudes**: about {percent} % of its light.",
            "The {count} measurements in {band} that observers sent of this target have a typical error of "
            "**{error} magnitudes**: about {percent} % of its light.",
            len(found.mags),
            band=escaped(found.band),
            error=f"{error_mag:.3f}",
            percent=f"{lessons.percent_of_light(error_mag):.2g}",
        )
    )


def observing() -> None:
    """Tell how to take part."""
    _steps(
        _("A telescope with a camera is enough: many targets here are within reach of a small one."),
        _(
            "**Choose.** *Tonight* ranks the targets for your place: how high they stand, how bright they "
            "are, how long nobody has looked."
        ),
        _(
            "**Expose.** Long enough that the target stands out, short enough that neither it nor most stars "
            "round it are burnt out (saturated)."
        ),
        _(
            "**Correct.** Take bias, dark and flat frames with the same camera, and correct the pictures "
            "with them. Do not stretch or sharpen: that destroys the numbers."
        ),
        _("**Check the clock.** The time in the file should be right to a second, in UTC."),
        _("**Upload** the FITS file. The verdict says in words what it is worth, also when it failed."),
        _("**Come back.** One point is a dot; many are a story."),
    )
    with st.container(horizontal=True):
        st.page_link(str(_PAGES / "tonight.py"), label=_("Tonight"), icon=":material/bedtime:")
        st.page_link(str(_PAGES / "upload.py"), label=_("Upload"), icon=":material/upload:")


LESSONS: dict[str, tuple[str, Callable[[], None]]] = {
    "light-curves": (marked("What is a light curve?"), light_curves),
    "microlensing": (marked("Gravity as a lens"), microlensing),
    "periods": (marked("The period game"), period_game),
    "calibration": (marked("From picture to number"), calibration),
    "observing": (marked("How to observe"), observing),
    "glossary": (marked("Glossary"), glossary),
}
