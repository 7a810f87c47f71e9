"""Why frames of a camera gave no point, counted and in plain words."""

import polars as pl

WORDS: dict[str, str] = {
    "target-off-frame": "The target was not on the frame: check the pointing.",
    "target-on-edge": "The target stood at the edge of the frame: point so that it stands well inside.",
    "not-solved": "The frame could not be placed on the sky: check focus, tracking, and the pixel scale.",
    "no-stars": "No stars were found: lens cap, clouds, or a very short exposure.",
    "few-stars": "Too few reference stars: expose longer, or use a larger field.",
    "bad-zero-point": "The stars did not agree on a zero point: check focus, flat field and filter.",
    "saturated": "The target was saturated: expose shorter, or defocus.",
    "satellite-trail": "A satellite's trail covered the target: expose again.",
    "bad-pixels": "The target stood on bad pixels: move it a little.",
    "no-time": "The header had no time: set the clock keyword of the camera.",
    "no-exptime": "The header had no exposure time: set its keyword for the camera.",
    "calibration-frame": "A bias, dark or flat was sent instead of an exposure.",
    "calibrated": "A bias, dark or flat was sent instead of an exposure.",
    "stretched": "The picture was stretched for the eye: send the linear original.",
    "truncated": "The file was cut off: send it again.",
    "not-fits": "The file was no FITS image: send what the camera wrote, plain or compressed.",
    "no-image": "The file held no image.",
    "raw-mosaic": "Several detectors in one file: send one reduced image.",
    "no-data": "The image held hardly any numbers.",
    "too-large": "The image was too large.",
    "bad-header": "The header could not be read.",
    "bad-shape": "The file was a cube: send single exposures.",
}


def failures(frames: pl.DataFrame) -> pl.DataFrame:
    """Return why frames were rejected, the commonest reason first.

    Parameters
    ----------
    frames
        ``status``, ``code`` and ``reason`` of every frame.

    Returns
    -------
        ``code``, ``words`` and ``frames``.
    """
    rejected = frames.filter(pl.col("status") == "rejected")
    counted = rejected.group_by(pl.col("code").fill_null("")).agg(
        pl.len().alias("frames"), example=pl.col("reason").drop_nulls().mode().sort().first()
    )
    known = pl.col("code").replace_strict(WORDS, default=None, return_dtype=pl.String)
    words = pl.coalesce(known, pl.col("example"), pl.lit("No reason was kept."))
    return counted.select("code", "frames", words=words).sort("frames", "code", descending=[True, False])
