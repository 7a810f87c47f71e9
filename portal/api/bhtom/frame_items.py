"""Uploads and their frames in the fields of BHTOM's models."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from engine.bands import BANDS, band_label
from lake.inbox.data_products import best_frames, chosen_fits
from lake.inbox.uploads import Upload, UploadKind, UploadStatus
from lake.opening import Lake
from lake.people.accounts import list_users
from lake.sites.observatories import Observatory, list_cameras
from portal.api.bhtom.pages import moment

STATUS_CODES: dict[UploadStatus, str] = {
    UploadStatus.RECEIVED: "C",
    UploadStatus.WORKING: "P",
    UploadStatus.MEASURED: "S",
    UploadStatus.LIMIT: "S",
    UploadStatus.REJECTED: "E",
    UploadStatus.FAILED: "E",
}
LIMIT_ERROR = -1.0
_BHTOM_FILTERS = {("GaiaDR3", "BP"): "GBP", ("GaiaDR3", "RP"): "GRP"}
Row = Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """What is told of uploads beyond their own rows."""

    frames: Mapping[int, Row]  # the best frame of each upload
    fits: Mapping[str, Row]  # the chosen calibration of each frame
    people: Mapping[str, str]  # full name by user name
    observatories: Mapping[str, Observatory]  # by ONAME


def sources_of(lake: Lake, sent: Sequence[Upload]) -> Sources:
    """Return what is told of these uploads, which the caller was allowed to see."""
    frames = best_frames(lake.store, [each.upload_id for each in sent])
    return Sources(
        frames=frames,
        fits=chosen_fits(lake.store, [str(frame["frame_id"]) for frame in frames.values()]),
        people={user.username: user.full_name or user.username for user in list_users(lake.operations)},
        observatories={each.oname: each.observatory for each in list_cameras(lake.operations)},
    )


def product_item(sent: Upload, sources: Sources) -> dict[str, object]:
    """Return an upload as BHTOM tells a data product."""
    site = sources.observatories.get(sent.oname)
    received = moment(sent.received_mjd)
    is_fits = sent.kind == UploadKind.FITS_FILE
    return {
        "id": sent.upload_id,
        "product_id": None,
        "target": sent.target_id,
        "target_name": sent.target_name,
        "user": sent.uploaded_by,  # clients look for their own uploads by this name
        "user_name": sources.people.get(sent.uploaded_by, sent.uploaded_by),
        "observers": list(sent.observers),
        "observatory": None if site is None else site.observatory_id,
        "camera": sent.oname or None,
        "observatory_name": None if site is None else site.name,
        "data": sent.filename,
        "fits_data": sent.filename if is_fits else None,
        "photometry_data": f"{sent.upload_id}.dat" if sent.upload_id in sources.frames else None,
        "fits_webp": None,
        "extra_data": None,
        "group": [],
        "created": received,
        "modified": received,
        "data_product_type": sent.kind.value,
        "featured": False,
        "thumbnail": None,
        "dryRun": sent.dry_run,
        "comment": sent.comment,
        "status": STATUS_CODES[sent.status],
        "status_message": sent.reason,
        "mjd": sent.mjd,
        "calibration_data": calibration_part(sent, sources),
        "ccdphot_result": ccdphot_part(sent, sources) or {},
    }


def calibration_part(sent: Upload, sources: Sources) -> dict[str, object]:
    """Return the calibration of an upload in the list; empty strings where there is none, as in BHTOM."""
    frame = sources.frames.get(sent.upload_id)
    names = (
        "id", "time_photometry", "mjd", "calib_survey_filter", "standardised_to", "magnitude", "mag_error",
        "zp", "scatter", "number of datapoints used for calibration", "outlier fraction",
        "matching radius[arcsec]", "cpcs_results",
    )  # fmt: skip
    if frame is None:
        return dict.fromkeys(names, "") | {"cpcs_results": {}}
    fit = sources.fits.get(str(frame["frame_id"]), {})
    mag, mag_err = magnitude_of(frame)
    survey, band = survey_of(frame["band"])
    values: tuple[object, ...] = (
        sent.upload_id, _moment(frame["made_mjd"]), frame["mjd"], sent.requested_filter,
        f"{survey}/{band}" if band else "", mag, mag_err, frame["zero_point_mag"], frame["scatter_mag"],
        frame["stars"], fit.get("outlier_fraction"), sent.match_dist_arcsec, {},
    )  # fmt: skip
    return {name: "" if value is None else value for name, value in zip(names, values, strict=True)}


def ccdphot_part(sent: Upload, sources: Sources) -> dict[str, object] | None:
    """Return what the reduction of an image found, in BHTOM's names; None for tables."""
    frame = sources.frames.get(sent.upload_id)
    if sent.kind != UploadKind.FITS_FILE or frame is None:
        return None
    return {
        "job_id": sent.job_id,
        "target_name": sent.target_name,
        "dry_run": str(sent.dry_run),
        "fits_id": sent.upload_id,
        "status": "D" if frame["status"] != "rejected" else "E",
        "status_message": frame["reason"],
        "progress": 1.0,
        "mjd": frame["mjd"],
        "exp": frame["exptime_s"],
        "filter": frame["filter_name"],
        "observat": frame["facility"],
        "instrume": frame["camera"],
        "observer": frame["observer"],
        "fwhm_av": frame.get("fwhm_pix"),
        "seeing": frame["seeing_arcsec"],
        "airmass": frame.get("airmass"),
        "altitude": frame.get("altitude_deg"),
        "moonelev": frame.get("moon_altitude_deg"),
        "moondist": frame.get("moon_separation_deg"),
        "moonfrac": frame.get("moon_lit"),
        "sunelev": frame.get("sun_altitude_deg"),
        "numstars": frame.get("sources"),
        "filename": sent.filename,
        "uploader": sent.uploaded_by,
        "oname": sent.oname,
        "pipever": frame["calib_version"],
        "pixscale": frame["pixel_scale_arcsec"],
        "toiifov": _is_in_frame(frame),
    }


def magnitude_of(frame: Row) -> tuple[object, object]:
    """Return magnitude and error of a frame; a limit has an error of -1.0."""
    if frame["mag"] is not None:
        return frame["mag"], frame["mag_err"]
    return (frame["limit_mag"], LIMIT_ERROR) if frame["limit_mag"] is not None else (None, None)


def _is_in_frame(frame: Row) -> bool | None:
    if frame["status"] != "rejected":
        return True
    return False if frame["code"] == "target-off-frame" else None


def survey_of(band: object) -> tuple[str, str]:
    """Return survey and filter of a label such as ``g(GaiaSP)``, in BHTOM's words for them."""
    known = BANDS.get(str(band or ""))
    if known is not None:
        return known.survey, _BHTOM_FILTERS.get((known.survey, known.filter), known.filter)
    name, _, survey = str(band or "").rstrip(")").partition("(")
    return survey, name


def band_of(wanted: str) -> str:
    """Return the label of a filter as BHTOM's clients write it, such as ``GaiaSP/g`` or ``GaiaDR3/GBP``."""
    survey, _, name = wanted.rpartition("/")
    ours = {(place[0], theirs): place[1] for place, theirs in _BHTOM_FILTERS.items()}
    return band_label(survey, ours.get((survey, name), name)) if survey else wanted


def _moment(mjd: object) -> str | None:
    return moment(mjd) if isinstance(mjd, float) else None
