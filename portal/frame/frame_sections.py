"""The sections of the page of one frame: picture, worth, bands, charts of its stars, what it gave, files."""

import polars as pl
import streamlit as st

from lake.inbox.uploads import UploadKind
from lake.people.accounts import User
from portal.at_work.work import is_finished
from portal.fmt import MISSING, ago_text, escaped, size_text
from portal.frame import frame_charts as charts
from portal.frame import frames
from portal.frame.cards import cutout_button
from portal.frame.frames import FramePage
from portal.frame.verdicts import cutout_fits, fits_of, picture_of
from portal.parts import TARGET_PAGE, fact_list, target_link
from portal.vega import Spec
from portal.words import _, language, marked, several

PICTURE_EVERY_S = 2.0
FEWEST_CHARTED = 3  # stars


def picture(shown: FramePage) -> None:
    """Show the frame with its stars and the target, or say why there is none."""
    if shown.sent.kind != UploadKind.FITS_FILE:
        st.caption(_("A table of numbers has no picture."))
        return
    if not is_finished(shown.sent):
        st.caption(_("The picture comes with the verdict."))
        return
    if frames.wait_for_picture(shown.sent):
        _waiting(shown)
        return
    plane = shown.verdict.plane if shown.verdict else ""
    seen = frames.glance_of(shown.sent, plane)
    if seen is None or shown.verdict is None:
        st.caption(_("No picture could be drawn from this file."))
        return
    stars = frames.marked(shown)
    shape = (seen.height_pix, seen.width_pix)
    url = f"/api/v1/frames/{shown.verdict.frame_id}/picture"
    st.html(charts.picture_html(url, stars, shape, title=_("The frame {file}", file=shown.sent.filename)))
    used = int(stars["used"].sum()) if len(stars) else 0
    words = f"{seen.width_pix:,} × {seen.height_pix:,} px."
    if len(stars):
        words += " " + several(
            "Yellow: the target. Green: {count} star of the zero point; red: left out.",
            "Yellow: the target. Green: {count} stars of the zero point; red: left out.",
            used,
        )
    st.caption(words)


def _waiting(shown: FramePage) -> None:
    @st.fragment(run_every=PICTURE_EVERY_S)
    def follow() -> None:
        """Look again until the picture is drawn."""
        if not frames.wait_for_picture(shown.sent):
            st.rerun()
        st.caption(_("The picture is being drawn; it appears here."))

    follow()


def worth(shown: FramePage) -> None:
    """Say what the frame is worth, what to change, and how it went."""
    if shown.verdict is None:
        words = _(shown.sent.reason) or _("The verdict is not in yet.")
        st.markdown(f"**{escaped(words)}**")
        return
    with st.container(border=True, gap="xsmall"):
        st.markdown(_("**What it is worth**"))
        st.markdown(escaped(_(shown.worth)))
        if shown.changes:
            st.markdown(_("**What to change**"))
            st.markdown(_listed(shown.changes))
    st.markdown(_listed(shown.told))
    if shown.verdict.remark:
        st.caption(_("Note: {remark}.", remark=escaped(_(shown.verdict.remark))))
    for note in shown.verdict.notes:
        st.caption(escaped(_(note)))


def _listed(sentences: tuple[str, ...]) -> str:
    return "\n".join(f"- {escaped(_(sentence))}" for sentence in sentences)


def first_look(shown: FramePage) -> None:
    """Show the checks of the first look."""
    found = frames.checks_of(shown.sent, shown.target)
    if not found:
        return
    st.header(_("First look"), anchor=False)
    for check in found:
        mark = ":green[:material/check:]" if check.is_good else ":red[:material/warning:]"
        st.markdown(f"{mark} **{_(check.about)}** {escaped(_(check.words))}")


def bands(shown: FramePage) -> None:
    """Show how well each candidate band fits."""
    fits = fits_of(shown.verdict) if shown.verdict else pl.DataFrame()
    if fits.is_empty():
        return
    st.header(_("Which band?"), anchor=False)
    st.caption(_("Every band that was tried against the same stars. The taken one is first."))
    st.dataframe(
        fits.with_columns(pl.when("Chosen").then(pl.lit("✓")).otherwise(pl.lit("")).alias("Chosen")),
        hide_index=True,
        placeholder="–",
        column_config={
            **{name: st.column_config.Column(_(name)) for name in ("Band", "Stars", "Catalogue")},
            **{
                name: st.column_config.NumberColumn(_(name), format="%.3f")
                for name in ("Zero point", "Error", "Colour term", "Scatter")
            },
            "Chosen": st.column_config.TextColumn("✓", width=28),
            "Probability": st.column_config.ProgressColumn(
                _("Probability"), min_value=0.0, max_value=1.0, format="percent"
            ),
        },
        column_order=[
            "Chosen", "Band", "Probability", "Scatter", "Colour term", "Zero point", "Error", "Stars",
            "Catalogue",
        ],
    )  # fmt: skip


def star_charts(shown: FramePage) -> None:
    """Draw what the stars of the frame tell: over the field, by colour, by magnitude, and their errors."""
    stars = frames.judged(shown)
    if len(stars) < FEWEST_CHARTED:
        return
    rows = charts.star_rows(stars)
    shape = _shape(shown, stars)
    st.header(_("How well the stars agree"), anchor=False)
    left, right = st.columns(2, gap="large")
    with left:
        _panel(
            marked("Over the field"),
            _("One colour in one corner: flat field, focus or clouds."),
            rows,
            charts.map_spec(shape, charts.clip_mag(stars), language()),
        )
    with right:
        grown = frames.growth(stars)
        _panel(
            marked("How errors grow"),
            frames.honesty_words(grown),
            charts.growth_rows(stars, grown),
            charts.growth_spec(language()),
        )
    left, right = st.columns(2, gap="large")
    with left:
        _panel(
            marked("By magnitude"),
            _("A bend at the bright end means saturation, at the faint end a wrong sky."),
            rows,
            charts.residual_spec("ref_mag", _("magnitude"), language()),
        )
    with right:
        if stars["colour_mag"].is_not_null().any():
            _panel(
                marked("By colour"),
                _("A slope makes red and blue stars disagree: the band is another one."),
                rows,
                charts.residual_spec("colour_mag", "Gaia BP − RP [mag]", language()),
            )


def given(shown: FramePage) -> None:
    """Show which points the frame gave, and who sent it."""
    st.header(_("What it gave"), anchor=False)
    if shown.target is not None:
        target_link(shown.target.name, icon=":material/show_chart:")
        for number, point_id in enumerate(shown.points, start=1):
            st.page_link(
                TARGET_PAGE,
                label=_("Passport of its point")
                if len(shown.points) == 1
                else _("Passport of point {number}", number=number),
                icon=":material/badge:",
                query_params={"name": shown.target.name, "point": point_id},
            )
    if not shown.points:
        words = _("A trial: the light curve was left alone.") if shown.sent.dry_run else _("No point.")
        st.caption(words)


def numbers(shown: FramePage, user: User | None) -> None:
    """Show the numbers behind the verdict."""
    sent, verdict = shown.sent, shown.verdict
    st.header(_("Numbers"), anchor=False)
    who = verdict.observer if verdict else ""
    facts = {
        _("Observer"): who or (sent.uploaded_by if user is not None else ""),
        _("Facility"): verdict.facility if verdict else sent.oname,
        _("File"): sent.filename,
        _("Size"): size_text(sent.size_bytes),
        _("Received"): ago_text(sent.received_mjd),
        _("Asked for"): sent.requested_filter,
    }
    if verdict:
        facts |= {_("Exposed"): verdict.when, _("Exposure"): verdict.exposure} | dict(verdict.numbers)
    fact_list({name: value for name, value in facts.items() if value not in ("", MISSING)})


def files(shown: FramePage) -> None:
    """Offer what can be taken home."""
    if shown.verdict is None:
        return
    frame_id = shown.verdict.frame_id
    stars, kept = frames.marked(shown), cutout_fits(shown.verdict)
    if not (frames.may_take_file(shown.sent) or len(stars) or kept):
        return
    st.header(_("Files"), anchor=False)
    with st.container(horizontal=True, gap="small"):
        if frames.may_take_file(shown.sent):
            st.link_button(
                _("File as sent"), f"/api/v1/frames/{frame_id}/raw", icon=":material/download:",
                help=_("Byte for byte what the observer sent."),
            )  # fmt: skip
        if len(stars):
            st.download_button(
                _("Stars (CSV)"),
                lambda: frames.stars_csv(shown),
                file_name=f"{frame_id}_stars.csv",
                mime="text/csv",
                icon=":material/download:",
                on_click="ignore",
                key="frame_stars",
                help=several(
                    "{count} row with place, magnitudes and residual.",
                    "{count} rows with place, magnitudes and residual.",
                    len(stars),
                ),
            )
        cutout_button(kept, name=frame_id, key="frame_cutout")


def close_up(shown: FramePage) -> None:
    """Show the pixels round the target."""
    near = picture_of(shown.verdict) if shown.verdict else None
    if near is not None:
        st.image(near, width=260, alt=_("The pixels round the target"))
        st.caption(_("The target close up. Rings: stars of the zero point."))


def _shape(shown: FramePage, stars: pl.DataFrame) -> tuple[int, int]:
    """Return (ny, nx); a table of stars tells it by its outermost ones."""
    if shown.width_pix and shown.height_pix:
        return shown.height_pix, shown.width_pix
    far_x, far_y = stars.select(pl.col("x").max(), pl.col("y").max()).row(0)
    return max(int(far_y) + 1, 1), max(int(far_x) + 1, 1)


def _panel(title: str, words: str, rows: pl.DataFrame, spec: Spec) -> None:
    with st.container(gap=None):
        st.markdown(f"**{_(title)}**")
        st.caption(words)
    st.vega_lite_chart(rows, spec, key=f"frame_{title}", alt=_(title))
