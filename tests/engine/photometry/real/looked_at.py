"""A real frame taken as far as it goes without a catalogue, and the width of its stars by another way."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from scipy.optimize import curve_fit

from engine.frame import Frame
from engine.lightcurve import Flag
from engine.photometry.burnt import found_stars
from engine.photometry.detect import Detection
from engine.photometry.noise import with_gain_of_noise
from engine.photometry.psf.choose import model_stars
from engine.photometry.psf.light import StarLight, psf_light
from engine.photometry.rays import without_rays
from engine.photometry.read import read_frames

Places = tuple[tuple[float, float], ...]
BETA = 3.0  # of the Moffat profile


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """What the stages before any catalogue make of a frame."""

    read: Frame
    frame: Frame
    detection: Detection
    light: StarLight | None

    @property
    def model_places(self) -> np.ndarray:
        """Return x and y of the stars that the PSF was learnt from."""
        is_model = model_stars(self.frame, self.detection)
        return self.detection.sources.filter(pl.Series(is_model)).select("x", "y").to_numpy()

    def flags_at(self, x: float, y: float, *, within_pix: float = 2.0) -> Flag:
        """Return the flags of the source at a place where one was seen by eye."""
        sources = self.detection.sources
        distance_pix = np.hypot(sources["x"].to_numpy() - x, sources["y"].to_numpy() - y)
        assert distance_pix.min() < within_pix, f"no source at ({x}, {y})"
        return Flag(int(sources["flags"][int(distance_pix.argmin())]))


def look(path: Path) -> Looked:
    """Return a frame read, cleaned, its stars found, and their shape learnt where that can be."""
    (read,) = read_frames(path)
    frame, detection = without_rays(*found_stars(read))
    frame = with_gain_of_noise(frame, noise_adu=detection.noise_adu)
    ny, nx = frame.shape
    middle = pl.DataFrame({"x": [nx / 2], "y": [ny / 2]})
    places = pl.concat([detection.sources.select("x", "y"), middle])
    light = psf_light(frame, detection, places, places.clear(), known_sigma_pix=0.3)
    return Looked(read=read, frame=frame, detection=detection, light=light)


def width_pix(looked: Looked, stars: Places) -> float:
    """Return the median FWHM of stars that were picked by eye, each fitted alone on the raw pixels."""
    raw_adu = looked.read.data.astype(np.float64) - looked.detection.background_adu
    return float(np.median([_one_width_pix(raw_adu, x, y) for x, y in stars]))


def _one_width_pix(raw_adu: np.ndarray, x: float, y: float, *, half: int = 8) -> float:
    rows, columns = np.mgrid[: raw_adu.shape[0], : raw_adu.shape[1]]
    top, left = max(0, round(y) - half), max(0, round(x) - half)
    near = (slice(top, round(y) + half + 1), slice(left, round(x) + half + 1))
    light, place = raw_adu[near], (columns[near].ravel() - x, rows[near].ravel() - y)
    start = (0.0, 0.0, light.max(), 2.5, 1.0, 0.3, 0.0)
    fitted, _ = curve_fit(_moffat, place, light.ravel(), p0=start, maxfev=8000)
    return abs(fitted[3]) * abs(fitted[4]) ** 0.5


def _moffat(place: tuple[np.ndarray, np.ndarray], *terms: float) -> np.ndarray:
    x, y, peak, fwhm, ratio, turn, sky = terms
    core = 0.5 * fwhm / np.sqrt(2 ** (1 / BETA) - 1)
    along = (place[0] - x) * np.cos(turn) + (place[1] - y) * np.sin(turn)
    across = (place[1] - y) * np.cos(turn) - (place[0] - x) * np.sin(turn)
    return peak * (1 + (along / core) ** 2 + (across / (ratio * core)) ** 2) ** -BETA + sky
