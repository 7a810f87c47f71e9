"""What a camera's earlier frames say of its filters: the bands they surely were, and their colour terms."""

from engine.frame import BandHabit, Camera
from engine.lightcurve import Flag
from lake.readable import Readable

_SURE = 0.95  # probability of a band, for its frame to count
_ENOUGH_STARS = 30
_HABITS = """
    SELECT f.filter_name, f.plane, c.band, count(*) AS frames, avg(c.colour_term) AS colour_term,
           coalesce(stddev_samp(c.colour_term), 0) AS colour_term_spread
    FROM lake.frames AS f JOIN lake.calibrations AS c USING (frame_id)
    WHERE f.camera = $camera AND f.facility = $facility AND f.upload_id <> $upload_id
          AND f.status <> 'rejected' AND ((f.flags & $simulated_flag) <> 0) = $simulated
          AND c.chosen AND c.is_good AND c.probability > $sure AND c.stars >= $enough
    GROUP BY ALL ORDER BY ALL"""


def band_habits(
    store: Readable, camera: Camera, *, without_upload: int, simulated: bool
) -> tuple[BandHabit, ...]:
    """Return the habits of a registered camera; one upload, which is about to be judged, does not count."""
    if not camera.name:
        return ()
    rows = store.read(
        _HABITS,
        {
            "camera": camera.name,
            "facility": camera.facility,
            "upload_id": without_upload,
            "simulated_flag": int(Flag.SIMULATED),
            "simulated": simulated,
            "sure": _SURE,
            "enough": _ENOUGH_STARS,
        },
    )
    return tuple(BandHabit(**row) for row in rows.iter_rows(named=True))
