"""The trail that a moving target draws on a frame, and how its light is told in spite of it."""

from dataclasses import dataclass, replace

import numpy as np
import polars as pl
from astropy import units
from numpy.typing import NDArray

from engine.errors import Rejected
from engine.frame import Frame
from engine.lightcurve import Flag
from engine.photometry.apertures import measure_apertures, with_magnitudes
from engine.photometry.detect import Detection, saturated_pixels
from engine.photometry.field import pixel_of
from engine.photometry.ground import DEFAULT_FWHM_PIX, flat_of, local_sky
from engine.photometry.growth import MOFFAT_BETA, lost_light
from engine.photometry.measure import PSF_FIT, Ladder
from engine.photometry.psf.trailed import trailed_light
from engine.photometry.standard import SolvedFrame
from engine.target import Target

Array = NDArray[np.float64]

SHORT_FWHM = 0.3  # a shorter trail is a star
OWN_FWHM = 1.2  # from the trail: a source there that no catalogue has is a piece of it
COVERED_FWHM = 1.0  # from the trail: a star there is covered
HELD_STEP_PIX = 0.1
FINE = 4  # parts of a pixel at the rim of what is summed


@dataclass(frozen=True, slots=True, kw_only=True)
class Trail:
    """Where a target was during an exposure: from half a step before its middle to half a step after."""

    x: float
    y: float
    step_x_pix: float
    step_y_pix: float
    is_long: bool  # else the target looks like a star

    @property
    def length_pix(self) -> float:
        """Return how far it went."""
        return float(np.hypot(self.step_x_pix, self.step_y_pix))

    def distance_pix(self, x: Array, y: Array) -> Array:
        """Return how far places are from the trail."""
        dx, dy = np.asarray(x) - self.x, np.asarray(y) - self.y
        along = (dx * self.step_x_pix + dy * self.step_y_pix) / max(self.length_pix, 1e-9) ** 2
        along = np.clip(along, -0.5, 0.5)
        return np.hypot(dx - along * self.step_x_pix, dy - along * self.step_y_pix)

    def places(self, apart_pix: float) -> tuple[Array, Array]:
        """Return places evenly along it, each for the same time."""
        count = max(1, int(np.ceil(self.length_pix / apart_pix)))
        steps = (np.arange(count) + 0.5) / count - 0.5
        return self.x + steps * self.step_x_pix, self.y + steps * self.step_y_pix


def trail_of(solved: SolvedFrame, target: Target) -> Trail | None:
    """Return the trail that a moving target draws, however short; None for one without an ephemeris."""
    frame, wcs = solved.frame, solved.solution.wcs
    if target.track is None or frame.exptime_s <= 0:
        return None
    motion = target.track.motion_at(frame.mjd)
    middle = solved.field.target_position
    ends = [
        middle.directional_offset_by(
            (motion.position_angle_deg + turn) * units.deg,
            motion.arcsec_per_s * frame.exptime_s / 2 * units.arcsec,
        )
        for turn in (180.0, 0.0)
    ]
    (x0, y0), (x1, y1) = (wcs.all_world2pix(end.ra.deg, end.dec.deg, 0, quiet=True) for end in ends)
    x, y = pixel_of(middle, wcs, shape=frame.shape)
    step_x_pix, step_y_pix = float(x1 - x0), float(y1 - y0)
    fwhm_pix = solved.detection.fwhm_pix or DEFAULT_FWHM_PIX
    is_long = float(np.hypot(step_x_pix, step_y_pix)) > SHORT_FWHM * fwhm_pix
    return Trail(x=x, y=y, step_x_pix=step_x_pix, step_y_pix=step_y_pix, is_long=is_long)


def check_on_frame(trail: Trail, frame: Frame) -> None:
    """Refuse a trail whose ends are not on the frame.

    Raises
    ------
    Rejected
        ``target-on-edge``.
    """
    x, y = trail.places(1.0)
    ny, nx = frame.shape
    if x.min() < 0 or y.min() < 0 or x.max() > nx - 1 or y.max() > ny - 1:
        raise Rejected(
            "The target's trail is cut by the edge of the frame: point so that it stands well inside.",
            code="target-on-edge",
        )


def without_trail(solved: SolvedFrame, trail: Trail, catalogue: pl.DataFrame) -> SolvedFrame:
    """Return the frame without the sources that are pieces of the trail; their pixels stay no sky.

    Parameters
    ----------
    catalogue
        ``x``, ``y`` of the catalogue's stars on the frame: these are no pieces.
    """
    detection = solved.detection
    fwhm_pix = detection.fwhm_pix or DEFAULT_FWHM_PIX
    x, y = detection.sources["x"].to_numpy(), detection.sources["y"].to_numpy()
    is_piece = trail.distance_pix(x, y) < OWN_FWHM * fwhm_pix
    stars_x, stars_y = catalogue["x"].to_numpy(), catalogue["y"].to_numpy()
    for row in np.flatnonzero(is_piece):
        apart = np.hypot(stars_x - x[row], stars_y - y[row])
        on_trail = trail.distance_pix(stars_x, stars_y) < COVERED_FWHM * fwhm_pix
        is_piece[row] = not np.any((apart < 0.6 * fwhm_pix) & ~on_trail)
    number = np.full(len(x) + 1, int(np.count_nonzero(~is_piece)) + 1, dtype=np.int32)
    number[0] = 0
    number[1:][~is_piece] = np.arange(1, int(np.count_nonzero(~is_piece)) + 1)
    kept = replace(
        detection,
        sources=detection.sources.filter(pl.Series(~is_piece)),
        segments=number[detection.segments],
    )
    return replace(solved, detection=kept)


def with_trail(
    ladder: Ladder, solved: SolvedFrame, trail: Trail, catalogue: pl.DataFrame, *, place_sigma_pix: float
) -> Ladder:
    """Return the ladder with its last row, the target, measured along its trail, and told what it covers."""
    frame, detection = solved.frame, solved.detection
    fwhm_pix = detection.fwhm_pix or DEFAULT_FWHM_PIX
    stars_x, stars_y = catalogue["x"].to_numpy(), catalogue["y"].to_numpy()
    covers = np.any(trail.distance_pix(stars_x, stars_y) < COVERED_FWHM * fwhm_pix)
    covered = int(Flag.BLENDED) if covers else 0
    light = ladder.light
    tables: list[pl.DataFrame] = []
    for radius_pix, table in zip(ladder.radii_pix, ladder.tables, strict=True):
        if not trail.is_long:
            values = table[-1:]
        elif radius_pix == PSF_FIT and light is not None:
            light, row = trailed_light(light, trail, len(catalogue), place_sigma_pix=place_sigma_pix)
            values = table[-1:].with_columns(**{name: pl.lit(value) for name, value in row.items()})
            values = with_magnitudes(values, exptime_s=frame.exptime_s)
        else:
            values = _along(frame, detection, trail, radius_pix=radius_pix)
        flagged = values.with_columns(flags=(pl.col("flags") | covered).cast(pl.UInt32))
        tables.append(pl.concat([table[:-1], flagged]))
    return replace(ladder, tables=tuple(tables), light=light)


def _along(frame: Frame, detection: Detection, trail: Trail, *, radius_pix: float) -> pl.DataFrame:
    """Return the target's whole light from all that lies as near to its trail as the circles reach.

    The sky comes from a ring round all of it. What the circle loses of a star is known; the trail loses a
    little less at its sides, by as much as a Moffat star would.
    """
    fwhm_pix = detection.fwhm_pix or DEFAULT_FWHM_PIX
    part, covered = _covered(frame, trail, radius_pix=radius_pix)
    area_pix = float(covered.sum())
    place = pl.DataFrame({"x": [trail.x], "y": [trail.y]})
    wide = replace(detection, fwhm_pix=fwhm_pix + trail.length_pix / 8)  # the ring lies four times as far
    row = measure_apertures(frame, place, detection=wide, radius_pix=radius_pix)
    flat = flat_of(frame, detection, part[0])[:, part[1]]
    sky_adu, sky_var = local_sky(frame, wide, np.array([trail.x]), np.array([trail.y]))
    flux_adu = float(np.sum(flat * covered)) - area_pix * float(sky_adu[0])
    variance = float(np.sum(detection.rms.part(*part) ** 2 * covered)) + area_pix**2 * float(sky_var[0])
    variance += max(flux_adu, 0.0) / frame.gain_e_adu
    lost = lost_light(frame, detection, (radius_pix,))[0]
    factor = float(10 ** (0.4 * lost.at(np.array([trail.x]), np.array([trail.y]))[0]))
    point = replace(trail, step_x_pix=0.0, step_y_pix=0.0)
    factor *= _held(point, radius_pix, fwhm_pix) / _held(trail, radius_pix, fwhm_pix)
    flags = int(row["flags"][0]) | _flags_along(frame, detection, trail, radius_pix=radius_pix)
    whole = row.with_columns(
        flux_adu=pl.lit(flux_adu * factor),
        flux_err_adu=pl.lit(float(np.sqrt(variance)) * factor),
        flags=pl.lit(flags, dtype=pl.UInt32),
    )
    return with_magnitudes(whole, exptime_s=frame.exptime_s)


def _covered(frame: Frame, trail: Trail, *, radius_pix: float) -> tuple[tuple[slice, slice], Array]:
    """Return the part of the frame round a trail, and how much of each pixel there is near to it."""
    (ny, nx), (x, y) = frame.shape, trail.places(1.0)
    reach = radius_pix + 2
    rows = slice(max(0, int(y.min() - reach)), min(ny, int(y.max() + reach) + 2))
    columns = slice(max(0, int(x.min() - reach)), min(nx, int(x.max() + reach) + 2))
    steps = (np.arange(FINE) + 0.5) / FINE - 0.5
    fine_y = (np.arange(rows.start, rows.stop)[:, None] + steps).ravel()
    fine_x = (np.arange(columns.start, columns.stop)[:, None] + steps).ravel()
    near = trail.distance_pix(*np.meshgrid(fine_x, fine_y)) <= radius_pix
    shape = (rows.stop - rows.start, FINE, columns.stop - columns.start, FINE)
    return (rows, columns), near.reshape(shape).mean(axis=(1, 3))


def _flags_along(frame: Frame, detection: Detection, trail: Trail, *, radius_pix: float) -> int:
    """Return what spoils the light along the trail: full pixels, an edge, other sources."""
    part, covered = _covered(frame, trail, radius_pix=radius_pix)
    sources = detection.sources
    strangers = trail.distance_pix(sources["x"].to_numpy(), sources["y"].to_numpy()) < radius_pix + 1
    flags = int(Flag.BLENDED) if np.any(strangers) else 0
    if np.any(saturated_pixels(frame)[part] & (covered > 0)):
        flags |= int(Flag.SATURATED)
    x, y = trail.places(1.0)
    ny, nx = frame.shape
    room = min(x.min(), y.min(), nx - 1 - x.max(), ny - 1 - y.max())
    return flags | (int(Flag.NEAR_EDGE) if room < radius_pix else 0)


def _held(trail: Trail, radius_pix: float, fwhm_pix: float) -> float:
    """Return the light of a Moffat star of peak one, moved along a trail, that lies near to the trail."""
    half = trail.length_pix / 2
    x, y = np.meshgrid(
        np.arange(-half - radius_pix, half + radius_pix + HELD_STEP_PIX, HELD_STEP_PIX),
        np.arange(-radius_pix, radius_pix + HELD_STEP_PIX, HELD_STEP_PIX),
    )
    near = np.hypot(np.maximum(np.abs(x) - half, 0), y) <= radius_pix
    alpha_pix = fwhm_pix / 2 / np.sqrt(2 ** (1 / MOFFAT_BETA) - 1)
    count = max(1, int(np.ceil(4 * trail.length_pix / fwhm_pix)))
    along = ((np.arange(count) + 0.5) / count - 0.5) * trail.length_pix
    star = [np.sum(near * (1 + ((x - at) ** 2 + y**2) / alpha_pix**2) ** -MOFFAT_BETA) for at in along]
    return float(np.mean(star))
