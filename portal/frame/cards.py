"""Boxes for what travels through the queue: frames with their verdicts, uploads, jobs."""

from collections.abc import Callable

import streamlit as st

from engine.errors import Rejected
from lake.inbox.accepting import Upload, UploadStatus
from lake.people.accounts import User
from lake.queue import Job
from portal.accounts.sharing import upload_sharing, words_of
from portal.at_work.work import can_cancel, can_retry, cancel_job, is_finished, is_simulated, retry_job
from portal.fmt import ago_text, escaped, size_text
from portal.frame.frames import checks_of, id_of, target_of
from portal.frame.verdicts import Verdict, cutout_fits, fits_of, picture_of, verdicts_of_upload
from portal.parts import fact_list, frame_link, simulated_badge, status_badge, target_link
from portal.session import current_user
from portal.words import _, marked


def frame_card(verdict: Verdict) -> None:
    """Show the verdict on one frame: picture, result, what went well or wrong, the numbers behind it."""
    picture = picture_of(verdict)
    with st.container(border=True):
        left, right = st.columns([1, 2.9], gap="medium") if picture is not None else (None, st.container())
        if left is not None and picture is not None:
            left.image(picture, width=180, alt=_("The target in {file}", file=verdict.file))
            left.caption(_("Rings: stars of the zero point."))
        with right, st.container(gap="xsmall"):
            with st.container(horizontal=True, gap="xsmall", vertical_alignment="center"):
                status_badge(verdict.status)
                if verdict.band:
                    st.badge(escaped(verdict.band), color="violet")
                if verdict.is_trial:
                    st.badge(_("trial, not in the light curve"), color="gray", icon=":material/labs:")
                if verdict.is_simulated:
                    simulated_badge()
            st.header(verdict.headline, anchor=False)
            credit = " · ".join(word for word in (verdict.when, verdict.observer, verdict.facility) if word)
            st.caption(escaped(credit))
            for sentence in verdict.sentences:
                st.markdown(f"- {escaped(_(sentence))}")
            if verdict.remark:
                st.caption(_("Note: {remark}.", remark=escaped(_(verdict.remark))))
            frame_link(verdict.frame_id)
            _frame_details(verdict)


def _frame_details(verdict: Verdict) -> None:
    with st.expander(
        _("Numbers"), icon=":material/functions:", key=f"details_{verdict.frame_id}", on_change="rerun"
    ) as box:
        if not box.open:
            return
        facts = {_("File"): f"{verdict.file} {verdict.plane}".strip(), _("Exposure"): verdict.exposure}
        fact_list(facts | dict(verdict.numbers))
        for note in verdict.notes:
            st.caption(escaped(_(note)))
        tip = _("The pixels round the target, the PSF, and the stars that fixed the zero point.")
        cutout_button(cutout_fits(verdict), name=verdict.frame_id, key=f"cutout_{verdict.frame_id}", tip=tip)
        fits = fits_of(verdict)
        if len(fits):
            columns = {
                name: st.column_config.NumberColumn(_(name), format="%.3f")
                if fits[name].dtype.is_float()
                else st.column_config.Column(_(name))
                for name in fits.columns
            }
            st.dataframe(fits, hide_index=True, placeholder="–", column_config=columns)


def upload_card(sent: Upload, user: User | None) -> None:
    """Show one uploaded file: how far it is, and the verdict on each of its frames."""
    with st.container(border=True, gap="xsmall"):
        with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
            st.markdown(f"**{escaped(sent.filename)}**", width="content")
            with st.container(horizontal=True, width="content", gap="xsmall"):
                status_badge(sent.status)
                if is_simulated(sent, user):
                    simulated_badge()
                upload_sharing(sent, user)
        told = [escaped(sent.target_name), size_text(sent.size_bytes), ago_text(sent.received_mjd)]
        told += [_("trial")] if sent.dry_run else []
        told += [] if sent.visibility == "public" else [words_of(sent.visibility, None)]
        st.caption(" · ".join(told))
        if not is_finished(sent):
            waits_for = sent.reason if sent.status == UploadStatus.RECEIVED else ""
            words = escaped(_(waits_for or sent.step)) or _("waits for a worker")
            st.progress(min(max(sent.progress, 0.0), 1.0), text=words)
            _first_look(sent, user)
            return
        _first_look(sent, user)
        frames = verdicts_of_upload(sent.upload_id, user) if sent.frame_ids else []
        for verdict in frames:
            _verdict_line(verdict)
        if not frames:
            st.text(_(sent.reason) or _("The work ended without a word."))
        with st.container(horizontal=True, gap="small"):
            frame_link(id_of(sent))
            if sent.target_id is not None:
                target_link(sent.target_name, icon=":material/show_chart:")


def _first_look(sent: Upload, user: User | None) -> None:
    """Show what was seen of a file at once; what is well fits on one line."""
    found = checks_of(sent, target_of(sent, user))
    good = [f"{_(check.about).lower()}: {_(check.words)}" for check in found if check.is_good]
    if good:
        st.caption(f":green[:material/check:] {escaped(' · '.join(good))}")
    for check in found:
        if not check.is_good:
            st.markdown(f":red[:material/warning:] **{_(check.about)}:** {escaped(_(check.words))}")


def _verdict_line(verdict: Verdict) -> None:
    plane = f"{escaped(verdict.plane)}: " if verdict.plane else ""
    words = f"**{verdict.headline}**"
    if verdict.band and verdict.status != "rejected":
        words = _("**{verdict}** in {band}", verdict=verdict.headline, band=escaped(verdict.band))
    st.markdown(plane + words)
    for sentence in verdict.sentences:
        st.markdown(f"- {escaped(_(sentence))}")


def job_card(job: Job) -> None:
    """Show one job in full, with the buttons that fit its state."""
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center"):
            named = _("**Job {number}** · {kind}", number=job.job_id, kind=escaped(_(job.kind)))
            st.markdown(named, width="content")
            status_badge(job.state)
        facts = {name: str(value) for name, value in job.args.items()}
        facts |= {_("Step"): _(job.step), _("Reason"): _(job.reason)}
        facts |= {_("Code"): job.code, _("Tries"): str(job.attempts)}
        fact_list({name: value for name, value in facts.items() if value})
        with st.container(horizontal=True):
            for label, icon, act, is_open in (
                (marked("Retry"), ":material/replay:", retry_job, can_retry(job)),
                (marked("Cancel"), ":material/cancel:", cancel_job, can_cancel(job)),
            ):
                st.button(
                    _(label),
                    key=f"job_{label.lower()}",
                    icon=icon,
                    disabled=not is_open,
                    on_click=_act_on_job,
                    args=(act, job.job_id),
                )


def _act_on_job(act: Callable[[int, User | None], str], job_id: int) -> None:
    """Change a job as who is signed in now, before the page is drawn again, and say what came of it."""
    try:
        st.toast(act(job_id, current_user()))
    except Rejected as error:
        st.warning(escaped(_(error.reason)))


def cutout_button(cutout: bytes | None, *, name: str, key: str, tip: str | None = None) -> None:
    """Offer the pixels round the target as a file, where they were kept."""
    if cutout is not None:
        st.download_button(
            _("Cut-out (FITS)"),
            cutout,
            file_name=f"{name}_cutout.fits",
            mime="application/fits",
            icon=":material/download:",
            help=tip,
            on_click="ignore",
            key=key,
        )
