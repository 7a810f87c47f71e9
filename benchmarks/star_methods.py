"""Ways to measure all stars of a frame: tomlake's, and the peers' as their manuals tell to use them."""

import resource
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from astropy.io import fits
from astropy.nddata import NDData
from astropy.table import Table
from numpy.typing import NDArray
from photutils.background import Background2D, MedianBackground
from photutils.psf import EPSFBuilder, PSFPhotometry, SourceGrouper, extract_stars

from benchmarks.star_fields import ZERO_POINT_MAG, StarField
from engine.frame import Frame
from engine.photometry.detect import detect
from engine.photometry.psf.light import psf_light

try:
    from stdpipe import photometry, photometry_psf, psf
except ImportError:  # too many packages for a peer: ``pip install stdpipe`` where it shall be measured
    psf = None

Method = Callable[[StarField], pl.DataFrame]

FIRST_COLUMNS = [
    "NUMBER", "X_IMAGE", "Y_IMAGE", "FLUX_RADIUS", "FLUX_APER(1)", "FLUXERR_APER(1)", "ELONGATION", "FLAGS",
    "SNR_WIN", "VIGNET(35,35)",
]  # fmt: skip
SEXTRACTOR: dict[str, object] = {
    "PARAMETERS_NAME": "out.param", "CATALOG_TYPE": "FITS_LDAC", "DETECT_THRESH": 1.5, "ANALYSIS_THRESH": 1.5,
    "DETECT_MINAREA": 5, "FILTER": "Y", "FILTER_NAME": "default.conv", "DEBLEND_NTHRESH": 32,
    "DEBLEND_MINCONT": 0.005, "BACK_SIZE": 64,
    "MAG_ZEROPOINT": ZERO_POINT_MAG, "VERBOSE_TYPE": "QUIET", "NTHREADS": 1,
}  # fmt: skip
PSFEX: dict[str, object] = {
    "PSFVAR_DEGREES": 2, "PSF_SIZE": "41,41", "SAMPLE_MINSN": 40, "CHECKPLOT_TYPE": "NONE",
    "CHECKIMAGE_TYPE": "NONE", "WRITE_XML": "N", "NTHREADS": 1, "VERBOSE_TYPE": "QUIET",
}  # fmt: skip
STDPIPE_FOUND: dict[str, object] = {
    "thresh": 1.5, "r0": 1.0, "sn": 3.0, "aper": 1.0, "fwhm": True, "optimal": True, "centroid": True,
    "verbose": False,
}  # fmt: skip
USABLE = 0.95  # of the saturation
SEEN = pl.DataFrame(schema={"x": pl.Float64, "y": pl.Float64})


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What a method says of a field: ``x``, ``y``, ``flux_adu``, ``flux_err_adu``, and what it cost."""

    stars: pl.DataFrame
    cpu_s: float


def timed(work: Callable[[], pl.DataFrame]) -> Measured:
    """Return what a method gives with the processor time of this process and of those it started."""
    began_s = _cpu_s()
    stars = work()
    return Measured(stars=stars, cpu_s=_cpu_s() - began_s)


def _cpu_s() -> float:
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def peers(*, circle_pix: int = 24) -> dict[str, Method]:
    """Return those that can run here; ``circle_pix`` across must hold a star's light, some five FWHM."""
    found: dict[str, Method] = {"photutils, ePSF in groups": photutils_grouped}
    if not (shutil.which("psfex") and shutil.which("source-extractor")):
        return found
    found["SExtractor + PSFEx"] = partial(sextractor_psfex, circle_pix=circle_pix)
    if psf is not None:
        found["stdpipe, circle of 1 FWHM"] = stdpipe_circle
        found["stdpipe, optimal with PSFEx"] = stdpipe_optimal
        found["stdpipe, PSFEx in groups"] = stdpipe_grouped
    return found


def absent() -> str:
    """Return a sentence on the peers that cannot be run here, empty where all can."""
    needed = {tool: shutil.which(tool) for tool in ("psfex", "source-extractor")} | {"stdpipe": psf}
    missing = [name for name, found in needed.items() if found is None]
    return f"Not found here, so not measured: {', '.join(missing)}." if missing else ""


def tomlake_blind(field: StarField) -> pl.DataFrame:
    """Return the sources of the frame, fitted without a catalogue."""
    return _tomlake(field, SEEN, known_sigma_pix=0.3)


def tomlake_with_catalogue(field: StarField, *, doubt_pix: float = 0.1) -> pl.DataFrame:
    """Return all stars fitted at places from a catalogue: each off a little, a tenth missing, some wrong."""
    rng = np.random.default_rng(7)
    known = field.truth.select("x", "y").filter(pl.Series(rng.uniform(size=len(field.truth)) > 0.1))
    off = rng.normal(0.0, doubt_pix, (2, len(known)))
    side_pix = field.frame.shape[0]
    wrong = pl.DataFrame(rng.uniform(0, side_pix, (len(known) // 20, 2)), schema=["x", "y"], orient="row")
    known = known.with_columns(pl.col("x") + pl.Series(off[0]), pl.col("y") + pl.Series(off[1]))
    return _tomlake(field, pl.concat([known, wrong]), known_sigma_pix=doubt_pix)


def tomlake_forced(field: StarField) -> pl.DataFrame:
    """Return all stars fitted at their true places."""
    return _tomlake(field, field.truth.select("x", "y"), known_sigma_pix=0.02)


def _tomlake(field: StarField, known: pl.DataFrame, *, known_sigma_pix: float) -> pl.DataFrame:
    detection = detect(field.frame)
    places = detection.sources.select("x", "y")
    light = psf_light(field.frame, detection, places, known, known_sigma_pix=known_sigma_pix)
    if light is None:
        raise SystemExit("no PSF was found on an artificial field")
    return light.every_star()


def sextractor_psfex(field: StarField, *, circle_pix: int = 24) -> pl.DataFrame:
    """Return what SExtractor measures with the PSF that PSFEx made of its own first catalogue.

    PSFEx makes all stars alike by their light in the circle: one that is too small spoils its PSF.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        fits.PrimaryHDU(field.frame.data).writeto(folder / "field.fits")
        camera = {
            "SATUR_LEVEL": USABLE * field.frame.saturation_adu,
            "GAIN": field.frame.gain_e_adu,
            "PHOT_APERTURES": circle_pix,
        }
        _sextractor(folder, FIRST_COLUMNS, "first.cat", **camera)
        _run(folder, ["psfex", "first.cat", *_flags(PSFEX)])
        second = ["XPSF_IMAGE", "YPSF_IMAGE", "FLUX_PSF", "FLUXERR_PSF", "FLAGS"]
        _sextractor(folder, second, "second.cat", PSF_NAME="first.psf", **camera)
        with fits.open(folder / "second.cat") as tables:
            rows = tables[2].data
            found = {name: np.asarray(rows[name], dtype=np.float64) for name in second}
    return pl.DataFrame(
        {
            "x": found["XPSF_IMAGE"] - 1.0,
            "y": found["YPSF_IMAGE"] - 1.0,
            "flux_adu": found["FLUX_PSF"],
            "flux_err_adu": found["FLUXERR_PSF"],
        }
    )


def _sextractor(folder: Path, columns: list[str], catalogue: str, **more: object) -> None:
    (folder / "out.param").write_text("\n".join(columns) + "\n")
    (folder / "default.conv").write_text("CONV NORM\n1 2 1\n2 4 2\n1 2 1\n")
    (folder / "empty.sex").write_text("")
    options = SEXTRACTOR | {"CATALOG_NAME": catalogue} | more
    _run(folder, ["source-extractor", "field.fits", "-c", "empty.sex", *_flags(options)])


def _flags(options: dict[str, object]) -> list[str]:
    return [word for name, value in options.items() for word in (f"-{name}", str(value))]


def _run(folder: Path, words: list[str]) -> None:
    subprocess.run(words, cwd=folder, check=True, capture_output=True)


def photutils_grouped(field: StarField) -> pl.DataFrame:
    """Return what photutils fits: an effective PSF of its own, sources of tomlake's detection, in groups."""
    data = field.frame.data.astype(np.float64)
    sky = Background2D(data, (64, 64), bkg_estimator=MedianBackground())
    flat = data - sky.background
    detection = detect(field.frame)
    sources = detection.sources
    fwhm_pix = detection.fwhm_pix or 3.0
    alone = _alone(sources, 4 * fwhm_pix) & (
        sources["peak_adu"].to_numpy() < 0.6 * field.frame.saturation_adu
    )
    chosen = sources.filter(pl.Series(alone & (sources["snr"].to_numpy() > 40))).head(150)
    stars = extract_stars(NDData(flat), Table(chosen.select("x", "y").to_dict(as_series=False)), size=25)
    epsf, _ = EPSFBuilder(oversampling=2, maxiters=5, progress_bar=False)(stars)
    start = Table(
        {"x": sources["x"].to_numpy(), "y": sources["y"].to_numpy(), "flux": sources["flux_adu"].to_numpy()}
    )
    error = np.sqrt(sky.background_rms**2 + np.maximum(flat, 0.0) / field.frame.gain_e_adu)
    fitter = PSFPhotometry(epsf, (9, 9), grouper=SourceGrouper(1.5 * fwhm_pix), aperture_radius=4)
    found = fitter(flat, error=error, mask=_unusable(field.frame), init_params=start)
    return _table(found, ("x_fit", "y_fit", "flux_fit", "flux_err"))


def stdpipe_circle(field: StarField) -> pl.DataFrame:
    """Return what stdpipe measures of its own detections in circles."""
    image_adu, sources, options = _stdpipe_sources(field)
    return _table(photometry.measure_objects(sources, image_adu, aper=1.0, **options))


def stdpipe_optimal(field: StarField) -> pl.DataFrame:
    """Return stdpipe's optimal extraction, of neighbours together, with a PSF of PSFEx."""
    image_adu, sources, options = _stdpipe_sources(field)
    options["psf"] = _stdpipe_psf(field)
    return _table(photometry.measure_objects(sources, image_adu, aper=1.0, optimal=True, **options))


def stdpipe_grouped(field: StarField) -> pl.DataFrame:
    """Return what photutils fits in groups, where stdpipe hands it a PSF of PSFEx for each place."""
    image_adu, sources, options = _stdpipe_sources(field)
    options |= {"psf": _stdpipe_psf(field), "use_position_dependent_psf": True}
    options |= {"fit_size": 9, "maxiters": 30, "grouper_radius": 1.5 * options["fwhm"]}
    found = photometry_psf.measure_objects_psf(sources, image_adu, **options)
    return _table(found, ("x_psf", "y_psf", "flux", "fluxerr"))


def _stdpipe_sources(field: StarField) -> tuple[NDArray[np.float64], Table, dict[str, Any]]:
    image_adu = field.frame.data.astype(np.float64)
    options: dict[str, Any] = {"mask": _unusable(field.frame), "gain": field.frame.gain_e_adu}
    sources = photometry.get_objects_sep(image_adu, **STDPIPE_FOUND, **options)
    return image_adu, sources, options | {"fwhm": sources.meta["fwhm_phot"]}


def _stdpipe_psf(field: StarField) -> dict[str, Any]:
    frame = field.frame
    full = {"SATUR_LEVEL": USABLE * frame.saturation_adu}
    data = frame.data.astype(np.float64)
    found: dict[str, Any] = psf.run_psfex(
        data, mask=_unusable(frame), gain=frame.gain_e_adu, order=2, sex_extra=full
    )
    return found


def _unusable(frame: Frame) -> NDArray[np.bool_]:
    return np.asarray(frame.mask | (frame.data >= USABLE * frame.saturation_adu))


def _table(found: Table, names: tuple[str, ...] = ("x", "y", "flux", "fluxerr")) -> pl.DataFrame:
    ours = ("x", "y", "flux_adu", "flux_err_adu")
    return pl.DataFrame(
        {our: np.asarray(found[name], dtype=np.float64) for our, name in zip(ours, names, strict=True)}
    )


def _alone(sources: pl.DataFrame, reach_pix: float) -> NDArray[np.bool_]:
    x, y, flux = (sources[name].to_numpy() for name in ("x", "y", "flux_adu"))
    found = np.ones(len(x), dtype=np.bool_)
    for row in range(len(x)):
        near = np.hypot(x - x[row], y - y[row]) < reach_pix
        found[row] = flux[near].sum() - flux[row] < 0.05 * flux[row]
    return found
