"""Find the sky and the stars of a frame (Barbary 2016, JOSS 1, 58; Bertin & Arnouts 1996, A&AS 117, 393)."""

from dataclasses import dataclass, replace

import numpy as np
import polars as pl
import sep
from numpy.typing import NDArray
from scipy.ndimage import maximum_filter

from engine.frame import Frame
from engine.lightcurve import Flag
from engine.photometry.cleaning.trails import Trail
from engine.photometry.extract import extracted, renumber, signal_of
from engine.photometry.mesh import Mesh, mesh_of
from engine.photometry.seeing import fitted_fwhm_pix
from engine.photometry.slabs import slabs

MESH_PIX = 64
MIN_SNR = 5.0
SEEING_STARS = 9
BRIGHTEST_STARS = 40  # among faint sources hot pixels may outnumber stars
TRAIL_SNR, TRAIL_STARS = 20.0, 5
TRAIL_RATIO = 1.8  # length to width: no optics draw such stars
MIN_FWHM_PIX, MAX_FWHM_PIX = 0.9, 30.0
SATURATED_FRACTION = 0.95
LEAST_RMS_ADU = 1e-6
SEP_OBJECT_MERGED = 2
MAX_CENTRE_SHIFT_PIX = 1.0
FWHM_PER_SIGMA = 2.3548

SOURCES_SCHEMA: dict[str, pl.DataType] = {
    "x": pl.Float64(),
    "y": pl.Float64(),
    "flux_adu": pl.Float64(),
    "peak_adu": pl.Float64(),
    "a_pix": pl.Float64(),
    "b_pix": pl.Float64(),
    "fwhm_pix": pl.Float64(),
    "snr": pl.Float64(),
    "flags": pl.UInt32(),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Detection:
    """The sky of a frame, its noise, and every source above it, brightest first.

    Attributes
    ----------
    background, rms
        The sky and its noise in each pixel [ADU].
    segments
        Row number in ``sources`` plus one at every pixel of a source, zero on the sky.
    fwhm_pix
        Of unsaturated stars, None where too few are there to tell.
    trails
        Of satellites and aeroplanes, once they were looked for.
    """

    background: Mesh
    rms: Mesh
    segments: NDArray[np.int32]
    sources: pl.DataFrame
    sky_adu: float
    noise_adu: float
    fwhm_pix: float | None
    trails: tuple[Trail, ...] = ()

    @property
    def background_adu(self) -> NDArray[np.float32]:
        """Return the sky at every pixel: an image as large as the frame."""
        return self.background.part()

    @property
    def trail_pix(self) -> float | None:
        """Return how long the stars are, None where they are round: a trail's length is sqrt(12) sigma."""
        bright = self.sources.filter(
            pl.col("snr") > TRAIL_SNR, (pl.col("flags") & int(Flag.SATURATED | Flag.NEAR_EDGE)) == 0
        )
        length_pix, width_pix = (bright[name].to_numpy() for name in ("a_pix", "b_pix"))
        if len(bright) < TRAIL_STARS or np.median(length_pix / width_pix) < TRAIL_RATIO:
            return None
        return float(np.sqrt(12.0) * np.median(length_pix))

    def only(self, kept: NDArray[np.bool_]) -> "Detection":
        """Return the detection with some of its sources; the pixels of the others are sky."""
        if kept.all():
            return self
        number = np.zeros(len(kept) + 1, dtype=np.int32)
        number[1:][kept] = np.arange(1, int(kept.sum()) + 1)
        segments = self.segments.copy()
        renumber(segments, number)
        return replace(self, sources=self.sources.filter(pl.Series(kept)), segments=segments)


def saturated_pixels(frame: Frame) -> NDArray[np.bool_]:
    """Return True where a pixel is too near to saturation to tell its light."""
    return np.asarray(frame.data >= SATURATED_FRACTION * frame.saturation_adu)


def detect(frame: Frame) -> Detection:
    """Return sky, noise and sources of a frame; no source at all is an empty table."""
    finite = np.isfinite(frame.data)
    saturated = finite & saturated_pixels(frame)
    unusable = (_without_lone(frame.mask) & ~saturated) | ~finite
    data = frame.data if finite.all() else np.where(finite, frame.data, np.float32(0))
    del finite
    mesh_pix = sky_mesh_pix(frame.shape)
    drawn = sep.Background(data, mask=unusable | saturated, bw=mesh_pix, bh=mesh_pix)
    background = mesh_of(drawn.back(dtype=np.float32), side_pix=mesh_pix)
    rms = mesh_of(drawn.rms(dtype=np.float32), side_pix=mesh_pix, least=LEAST_RMS_ADU)
    found, segments = extracted(signal_of(data, background, rms), unusable=unusable)
    flat = background.part()
    np.subtract(data, flat, out=flat)
    sources = _measured(found, flat, rms=rms, gain_e_adu=frame.gain_e_adu)
    flags = _flags(segments, len(sources), saturated=saturated, unusable=unusable)
    flags |= np.where(found["flag"] & SEP_OBJECT_MERGED, np.uint32(Flag.BLENDED), np.uint32(0))
    sources = sources.with_columns(flags=pl.Series(flags, dtype=pl.UInt32))
    sources = _trusted(sources, segments)
    fwhm_pix = _seeing_pix(flat, sources)
    return Detection(
        background=background,
        rms=rms,
        segments=segments,
        sources=_centred(sources, flat, fwhm_pix=fwhm_pix, unusable=unusable),
        sky_adu=float(drawn.globalback),
        noise_adu=float(drawn.globalrms),
        fwhm_pix=fwhm_pix,
    )


def sky_mesh_pix(shape: tuple[int, int]) -> int:
    """Return the side of the squares in which the sky of a frame is told."""
    return int(np.clip(min(shape) // 6, 16, MESH_PIX))


def _without_lone(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the mask without single pixels: cleaning gave these a value to go on with."""
    beside = np.zeros_like(mask)
    beside[1:] |= mask[:-1]
    beside[:-1] |= mask[1:]
    beside[:, 1:] |= mask[:, :-1]
    beside[:, :-1] |= mask[:, 1:]
    return mask & beside


def _measured(
    found: NDArray[np.void], flat: NDArray[np.float32], *, rms: Mesh, gain_e_adu: float
) -> pl.DataFrame:
    local_rms_adu = rms.at(found["x"], found["y"])
    flux_adu = found["flux"] * local_rms_adu
    variance = found["npix"] * local_rms_adu**2 + np.maximum(flux_adu, 0.0) / gain_e_adu
    half_light_pix, _ = sep.flux_radius(flat, found["x"], found["y"], np.maximum(6 * found["a"], 4.0), 0.5)
    return pl.DataFrame(
        {
            "x": found["x"],
            "y": found["y"],
            "flux_adu": flux_adu,
            "peak_adu": found["peak"] * local_rms_adu,
            "a_pix": found["a"].astype(np.float64),
            "b_pix": found["b"].astype(np.float64),
            "fwhm_pix": 2 * np.asarray(half_light_pix, dtype=np.float64),
            "snr": flux_adu / np.sqrt(variance),
        }
    )


def _flags(
    segments: NDArray[np.int32], count: int, *, saturated: NDArray[np.bool_], unusable: NDArray[np.bool_]
) -> NDArray[np.uint32]:
    flags = np.zeros(count + 1, dtype=np.uint32)
    # pixels beside a source belong to its light as well: the segment ends where the mask begins
    for slab in slabs(len(segments), margin_pix=1):
        grown = maximum_filter(segments[slab.rows], size=3)[slab.own]
        flags[np.unique(grown[unusable[slab.at]])] |= np.uint32(Flag.BAD_PIXEL)
    flags[np.unique(segments[saturated])] |= np.uint32(Flag.SATURATED)
    for border in (segments[0], segments[-1], segments[:, 0], segments[:, -1]):
        flags[np.unique(border)] |= np.uint32(Flag.NEAR_EDGE)
    return flags[1:]


def _trusted(sources: pl.DataFrame, segments: NDArray[np.int32]) -> pl.DataFrame:
    """Return the significant sources, brightest first; the segments are numbered alike."""
    kept = (
        sources.with_row_index("segment", offset=1)
        .filter(pl.col("snr") >= MIN_SNR, pl.col("fwhm_pix").is_finite())
        .sort("flux_adu", descending=True)
    )
    number = np.zeros(len(sources) + 1, dtype=np.int32)
    number[kept["segment"].to_numpy()] = np.arange(1, len(kept) + 1)
    table = kept.select(pl.col(name).cast(dtype) for name, dtype in SOURCES_SCHEMA.items())
    renumber(segments, number)
    return table


def _seeing_pix(flat: NDArray[np.float32], sources: pl.DataFrame) -> float | None:
    stars = sources.filter(
        pl.col("snr") > 20,
        pl.col("flags") == 0,
        pl.col("fwhm_pix").is_between(MIN_FWHM_PIX, MAX_FWHM_PIX),
        pl.col("b_pix") > 0.6 * pl.col("a_pix"),
    )
    if len(stars) < 3:
        return None
    brightest_pix = stars.head(BRIGHTEST_STARS)["fwhm_pix"].to_numpy()
    typical_pix = float(np.exp(_half_sample_mode(np.log(brightest_pix))))  # else the narrow seem to crowd
    stars = stars.filter(pl.col("fwhm_pix").is_between(0.7 * typical_pix, 1.4 * typical_pix))
    stars = stars.head(SEEING_STARS)
    fitted_pix = np.array(
        [fitted_fwhm_pix(flat, x, y, fwhm_pix=typical_pix) for x, y in stars.select("x", "y").iter_rows()]
    )
    good_pix = fitted_pix[np.isfinite(fitted_pix) & (fitted_pix > 0.4) & (fitted_pix < MAX_FWHM_PIX)]
    return float(np.median(good_pix)) if len(good_pix) else typical_pix


def _half_sample_mode(sizes: NDArray[np.float64]) -> float:
    """Return the size where stars crowd; cosmic rays and galaxies lie elsewhere (Bickel 2002)."""
    ordered = np.sort(sizes)
    while len(ordered) > 3:
        half = (len(ordered) + 1) // 2
        start = int(np.argmin(ordered[half - 1 :] - ordered[: len(ordered) - half + 1]))
        ordered = ordered[start : start + half]
    return float(np.median(ordered))


def _centred(
    sources: pl.DataFrame,
    flat: NDArray[np.float32],
    *,
    fwhm_pix: float | None,
    unusable: NDArray[np.bool_],
) -> pl.DataFrame:
    """Return the sources at their windowed centres where those are near the first ones."""
    if not len(sources):
        return sources
    x, y = sources["x"].to_numpy(), sources["y"].to_numpy()
    sigma_pix = (fwhm_pix or 2.5) / FWHM_PER_SIGMA
    x_new, y_new, failed = sep.winpos(flat, x, y, sigma_pix, mask=unusable)
    is_good = (failed == 0) & (np.hypot(x_new - x, y_new - y) < MAX_CENTRE_SHIFT_PIX)
    is_good &= (sources["flags"].to_numpy() & (Flag.SATURATED | Flag.BLENDED)) == 0
    return sources.with_columns(
        x=pl.Series(np.where(is_good, x_new, x)), y=pl.Series(np.where(is_good, y_new, y))
    )
