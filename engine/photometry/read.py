"""From the bytes of an upload to frames: any FITS dialect in, detector units and honest papers out."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.errors import Rejected
from engine.frame import Camera, Frame
from engine.photometry.cleaning.master_frames import still_burnt
from engine.photometry.masters import Masters
from engine.photometry.reading.colour import COLOURS, Plane, bayer_pattern, split_bayer
from engine.photometry.reading.fits_file import open_plain, walk
from engine.photometry.reading.header.cards import Header
from engine.photometry.reading.header.detector import Detector, read_detector
from engine.photometry.reading.header.names import (
    read_filter,
    read_object,
    read_simulation,
    refuse_what_is_no_exposure,
)
from engine.photometry.reading.header.site import Site, read_site
from engine.photometry.reading.header.sky import Pointing, read_pixel_scale_arcsec, read_pointing
from engine.photometry.reading.header.time import Exposure, read_exposure
from engine.photometry.reading.header.wcs import (
    WcsCards,
    build_wcs,
    half_size,
    wcs_cards,
    wcs_centre,
    wcs_scale_arcsec,
)
from engine.photometry.reading.overscan import overscan_mask
from engine.photometry.reading.picture import SMALLEST_SIDE_PIX, Picture, choose_picture
from engine.photometry.reading.pixels import read_pixels
from engine.photometry.reading.saturation import FULL_16_BIT_ADU, guess_saturation
from engine.photometry.reading.shot import setup_of

_FEWEST_FINITE = 0.05  # of all pixels

Pixels = NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Papers:
    """What the header says about every plane of the exposure."""

    header: Header
    exposure: Exposure
    detector: Detector
    site: Site
    pointing: Pointing
    pixel_scale_arcsec: float | None
    wcs_cards: WcsCards
    camera: Camera

    @property
    def notes(self) -> tuple[str, ...]:
        return (*self.exposure.notes, *self.detector.notes, *self.site.notes, *self.pointing.notes)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cube:
    """The pixels of an exposure, and what was found when they were calibrated."""

    data: Pixels
    notes: tuple[str, ...] = ()
    saturation_adu: float | None = None  # of calibrated pixels
    noise_adu: float = 0.0  # that calibration brought in


def read_frames(
    path: Path,
    *,
    camera: Camera = Camera(),  # noqa: B008 - frozen
    masters: Masters | None = None,
) -> list[Frame]:
    """Return the frames in a FITS file: one, or one each for R, G and B of a one-shot-colour exposure.

    The content decides, never the name: plain, gzipped and tile-compressed files are read. Pixels that are no
    numbers are masked and hold the median of the frame.

    Parameters
    ----------
    camera
        The registered camera; its numbers stand in where the header has none.
    masters
        Bias, dark and flat, applied where they fit.

    Raises
    ------
    Rejected
        ``not-fits``, ``truncated``, ``too-large``, ``bad-header``, ``unsupported-compression``, ``no-image``,
        ``raw-mosaic``, ``bad-shape``, ``plate-scan``, ``stretched``, ``calibration-frame``, ``no-time``,
        ``no-exptime`` or ``no-data``.
    """
    with open_plain(path) as file:
        picture = choose_picture(walk(file))
        refuse_what_is_no_exposure(picture.header, bitpix=picture.part.bitpix)
        papers = _read_papers(picture.header, camera)
        cube = _calibrated(read_pixels(file, picture), picture, papers.detector, masters)
    planes, notes = _planes(cube.data, picture)
    cube = replace(cube, notes=(*cube.notes, *notes))
    return [_frame(plane, papers, cube) for plane in planes]


def _calibrated(raw: Pixels, picture: Picture, detector: Detector, masters: Masters | None) -> _Cube:
    """Return the pixels without bias and dark and divided by the flat; saturation is judged before."""
    raw, notes = _from_unit_range(raw, picture)
    if masters is None or notes:
        return _Cube(data=raw, notes=notes)
    found = masters.applied_to(raw, setup_of(picture))
    if found.data is raw or not np.isfinite(found.data).any():
        return _Cube(data=raw, notes=found.notes)
    known = np.where(np.isfinite(raw), raw, np.float32(0))
    saturation_adu, pile_note = _saturation(known, detector)
    data, saturation_adu = still_burnt(
        raw, found.data, saturation_adu=saturation_adu, pedestal_adu=found.pedestal_adu
    )
    return _Cube(
        data=data,
        notes=(*found.notes, pile_note),
        saturation_adu=saturation_adu,
        noise_adu=found.noise_adu,
    )


def _saturation(data: Pixels, detector: Detector) -> tuple[float, str]:
    saturation_adu, pile_note = guess_saturation(data)
    if detector.saturation_adu is not None and detector.saturation_adu > float(
        np.median(data[..., ::7, ::7])
    ):
        saturation_adu = min(saturation_adu, detector.saturation_adu)
    return saturation_adu, pile_note


def _read_papers(header: Header, camera: Camera) -> _Papers:
    exposure = read_exposure(header, camera)
    return _Papers(
        header=header,
        exposure=exposure,
        detector=read_detector(header, camera),
        site=read_site(header, mjd=exposure.mjd - exposure.exptime_s / 2 / 86400.0),
        pointing=read_pointing(header),
        pixel_scale_arcsec=read_pixel_scale_arcsec(header, camera),
        wcs_cards=wcs_cards(header),
        camera=camera,
    )


def _planes(cube: Pixels, picture: Picture) -> tuple[list[Plane], tuple[str, ...]]:
    if picture.planes == len(COLOURS):
        note = "The colours were interpolated by the camera's software: errors may be too small."
        planes = [Plane(name=name, data=data) for name, data in zip(COLOURS, cube, strict=True)]
        return planes, (note,)
    pattern = bayer_pattern(picture.header)
    if pattern and min(picture.shape) >= 2 * SMALLEST_SIDE_PIX:
        planes, turned = split_bayer(cube[0], pattern)
        return planes, turned
    return [Plane(name="", data=cube[0])], ()


def _from_unit_range(cube: Pixels, picture: Picture) -> tuple[Pixels, tuple[str, ...]]:
    if picture.part.bitpix > 0:
        return cube, ()
    with np.errstate(all="ignore"):
        low, high = float(np.fmin.reduce(cube, axis=None)), float(np.fmax.reduce(cube, axis=None))
    if not (0.0 <= low < high <= 1.0):
        return cube, ()
    return cube * np.float32(FULL_16_BIT_ADU), ("Pixels run from 0 to 1: they were brought to 16-bit ADU.",)


def _frame(plane: Plane, papers: _Papers, cube: _Cube) -> Frame:
    data, mask = _without_gaps(plane.data)
    notes = cube.notes
    if not plane.halved and (overscan := overscan_mask(papers.header, shape=mask.shape)) is not None:
        mask |= overscan
        notes = (*notes, "Pixels outside the header's data section (overscan) were masked.")
    detector = papers.detector
    saturation_adu, pile_note = cube.saturation_adu, ""
    if saturation_adu is None:
        saturation_adu, pile_note = _saturation(data, detector)
    read_noise_e = float(np.hypot(detector.read_noise_e, cube.noise_adu * detector.gain_e_adu))
    frame = Frame(
        data=data,
        mask=mask,
        gain_e_adu=detector.gain_e_adu * plane.averaged,
        read_noise_e=read_noise_e * plane.averaged**0.5,
        saturation_adu=saturation_adu,
        exptime_s=papers.exposure.exptime_s,
        mjd=papers.exposure.mjd,
        mjd_uncertainty_s=papers.exposure.mjd_uncertainty_s,
        filter_name=read_filter(papers.header),
        object_name=read_object(papers.header),
        camera=_placed(papers.camera, papers.site),
        observer=papers.header.text("OBSERVER"),
        telescope=papers.header.text("TELESCOP"),
        plane=plane.name,
        stacked=papers.exposure.stacked,
        notes=tuple(
            note for note in (read_simulation(papers.header), *papers.notes, *notes, pile_note) if note
        ),
    )
    return _on_the_sky(frame, papers, halved=plane.halved)


def _on_the_sky(frame: Frame, papers: _Papers, *, halved: bool) -> Frame:
    cards = half_size(papers.wcs_cards) if halved else papers.wcs_cards
    wcs, note = build_wcs(cards, shape=frame.shape)
    scale_arcsec = papers.pixel_scale_arcsec
    if scale_arcsec is not None and halved:
        scale_arcsec *= 2
    ra_deg, dec_deg = papers.pointing.ra_deg, papers.pointing.dec_deg
    if wcs is not None:
        scale_arcsec = wcs_scale_arcsec(wcs)
        if ra_deg is None and not papers.pointing.notes:
            ra_deg, dec_deg = wcs_centre(wcs, shape=frame.shape)
    return replace(
        frame,
        pointing_ra_deg=ra_deg,
        pointing_dec_deg=dec_deg,
        pixel_scale_arcsec=scale_arcsec,
        wcs=wcs,
        notes=(*frame.notes, note) if note else frame.notes,
    )


def _placed(camera: Camera, site: Site) -> Camera:
    if camera.longitude_deg is not None and camera.latitude_deg is not None:
        return camera
    return replace(
        camera,
        longitude_deg=site.longitude_deg,
        latitude_deg=site.latitude_deg,
        altitude_m=site.altitude_m if camera.altitude_m is None else camera.altitude_m,
    )


def _without_gaps(data: Pixels) -> tuple[Pixels, NDArray[np.bool_]]:
    gaps = ~np.isfinite(data)
    missing = int(np.count_nonzero(gaps))
    if data.size - missing < max(1, _FEWEST_FINITE * data.size):
        raise Rejected("The image holds hardly any numbers: send the exposure again.", code="no-data")
    if missing:
        data = np.where(gaps, np.float32(np.median(data[~gaps])), data)
    data = np.ascontiguousarray(data, dtype=np.float32)
    if float(data.min()) == float(data.max()):
        raise Rejected(
            "Every pixel of the image has the same value: nothing can be measured.", code="no-data"
        )
    return data, gaps
