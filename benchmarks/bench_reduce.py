"""One frame from pixels to a standard magnitude, against photutils doing only detection and circles on it."""

import statistics
import time
from collections.abc import Callable

import numpy as np
from photutils.aperture import CircularAperture, aperture_photometry
from photutils.background import Background2D, MedianBackground
from photutils.detection import DAOStarFinder

from engine.photometry.pipeline import reduce_frame
from engine.photometry.sky import Scene, SkyExposure, simulate_exposure
from engine.photometry.sky_stars import gaia_like_stars
from engine.target import Target

RUNS = 5
FWHM_PIX = 3.0


def exposure_of(stars: int, side_pix: int) -> tuple[SkyExposure, Target]:
    """Return an artificial frame with about so many stars, and a target in its middle."""
    field_deg2 = (side_pix * 1.0 / 3600.0) ** 2
    radius_deg = side_pix / 3600.0
    sky = gaia_like_stars(
        np.random.default_rng(1),
        ra_deg=150.0,
        dec_deg=20.0,
        radius_deg=radius_deg,
        density_per_deg2=stars / field_deg2,
    )
    scene = Scene(
        ra_deg=150.0, dec_deg=20.0, shape=(side_pix, side_pix), pixel_scale_arcsec=1.0, is_wcs_known=False
    )
    exposure = simulate_exposure(sky, rng=np.random.default_rng(2), scene=scene)
    return exposure, Target(name="middle", ra_deg=150.0, dec_deg=20.0)


def cpu_s(work: Callable[[], object]) -> float:
    """Return the median processor time of some runs after one that does not count."""
    work()
    times = []
    for _ in range(RUNS):
        began = time.process_time()
        work()
        times.append(time.process_time() - began)
    return statistics.median(times)


def photutils_circles(exposure: SkyExposure) -> object:
    """Detect stars and sum circles with photutils: no plate solution, no calibration, no target."""
    data = exposure.frame.data.astype(np.float64)
    sky = Background2D(data, (64, 64), bkg_estimator=MedianBackground())
    flat = data - sky.background
    found = DAOStarFinder(threshold=5 * sky.background_rms_median, fwhm=FWHM_PIX)(flat)
    places = np.transpose([found["x_centroid"], found["y_centroid"]])
    return aperture_photometry(flat, CircularAperture(places, r=1.6 * FWHM_PIX))


def main() -> None:
    """Print the table."""
    print("| frame | tomlake, whole way (CPU s) | photutils, detection and circles only (CPU s) | ratio |")
    print("|---|---|---|---|")
    for side_pix, stars in ((1024, 500), (2048, 2000)):
        exposure, target = exposure_of(stars, side_pix)
        references = gaia_like_stars(
            np.random.default_rng(1),
            ra_deg=150.0,
            dec_deg=20.0,
            radius_deg=side_pix / 3600.0,
            density_per_deg2=stars / (side_pix / 3600.0) ** 2,
        )
        ours = cpu_s(lambda: reduce_frame(exposure.frame, target, references))  # noqa: B023 - used at once
        theirs = cpu_s(lambda: photutils_circles(exposure))  # noqa: B023
        print(f"| {side_pix}², {stars} stars | {ours:.2f} | {theirs:.2f} | {ours / theirs:.2f} |")


if __name__ == "__main__":
    main()
