"""One calibration in the fields of BHTOM's model, with its plot."""

from lake.frames import stars_of_frame
from lake.inbox.uploads import Upload
from lake.readable import Readable
from portal.api.bhtom.calibration_plot import plot_png_uri
from portal.api.bhtom.frame_items import STATUS_CODES, Sources, ccdphot_part, magnitude_of, survey_of
from portal.api.bhtom.pages import moment

_NOTHING = dict.fromkeys((
    "mjd", "exptime_s", "mag", "mag_err", "limit_mag", "zero_point_mag", "scatter_mag", "stars", "band",
    "made_mjd", "reason", "frame_id",
))  # fmt: skip


def calibration_item(
    store: Readable, sent: Upload, sources: Sources, *, with_plot: bool
) -> dict[str, object]:
    """Return how an upload was calibrated, also where that failed."""
    frame = sources.frames.get(sent.upload_id, _NOTHING)
    fit = sources.fits.get(str(frame["frame_id"]), {})
    mag, mag_err = magnitude_of(frame)
    survey, band = survey_of(frame["band"])
    received = moment(sent.received_mjd)
    made = frame["made_mjd"]
    plot = None
    if with_plot and frame["frame_id"]:
        plot = plot_png_uri(stars_of_frame(store, str(frame["frame_id"])), title=_title(sent, frame["band"]))
    return {
        "id": sent.upload_id,
        "dataproduct": sent.upload_id,
        "use_catalog": sent.requested_filter,
        "status": STATUS_CODES[sent.status],
        "status_message": sent.reason,
        "mjd": frame["mjd"] if frame["mjd"] is not None else sent.mjd,
        "exp_time": frame["exptime_s"],
        "mag": mag,
        "mag_error": mag_err,
        "ra": None,
        "dec": None,
        "zeropoint": frame["zero_point_mag"],
        "outlier_fraction": fit.get("outlier_fraction"),
        "scatter": frame["scatter_mag"],
        "npoints": frame["stars"],
        "processing_time": None,
        "created": received,
        "modified": moment(made) if isinstance(made, float) else received,
        "start_processing": None,
        "best_filter": band or None,
        "survey": survey or None,
        "match_distans": sent.match_dist_arcsec,
        "no_plot": False,
        "calibration_plot": None,
        "number_tries": 1,
        "calibration_log": None,
        "cpcs_results": None,
        "file_download_link": None,
        "plot": plot,
        "ccdphot_results": ccdphot_part(sent, sources),
    }


def _title(sent: Upload, band: object) -> str:
    return f"{sent.filename}  {band or ''}".strip()
