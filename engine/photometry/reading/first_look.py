"""What the header of a sample frame tells of its camera, read from the first bytes of the file alone."""

import io
import zlib
from dataclasses import dataclass

from engine.errors import Rejected
from engine.frame import Camera
from engine.photometry.reading.fits_file import walk
from engine.photometry.reading.header.cards import Header
from engine.photometry.reading.header.detector import read_detector
from engine.photometry.reading.header.names import read_filter
from engine.photometry.reading.header.readings import dates
from engine.photometry.reading.header.site import read_site
from engine.photometry.reading.header.sky import read_pixel_scale_arcsec
from engine.photometry.reading.header.time import read_exposure
from engine.photometry.reading.header.wcs import build_wcs, wcs_cards, wcs_scale_arcsec
from engine.photometry.reading.picture import choose_picture

FIRST_BYTES = 1 << 20  # holds the headers of every file seen so far
_MOST_PLAIN_BYTES = 16 << 20
_UNKNOWN = -1.0  # of a camera that stands in where the header says nothing


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstLook:
    """A camera as its own header describes it; what the header does not tell is None or empty."""

    width_pix: int
    height_pix: int
    gain_e_adu: float | None = None
    read_noise_e: float | None = None
    saturation_adu: float | None = None
    pixel_scale_arcsec: float | None = None
    longitude_deg: float | None = None  # East is positive
    latitude_deg: float | None = None
    altitude_m: float | None = None
    telescope: str = ""
    instrument: str = ""
    filter_name: str = ""
    date_keyword: str = ""  # that the time is read from
    notes: tuple[str, ...] = ()  # what is missing or was turned, one sentence each


def first_look(start: bytes) -> FirstLook:
    """Return what the first bytes of a FITS file, plain or gzipped, tell of the camera.

    Raises
    ------
    Rejected
        ``not-fits``, ``truncated`` (the headers are longer than what came), ``bad-header``, ``no-image``,
        ``raw-mosaic``, ``bad-shape``, ``no-data`` or ``too-large``.
    """
    picture = choose_picture(walk(io.BytesIO(_plain(start)), is_start=True))
    header = picture.header
    detector = read_detector(header, Camera(gain_e_adu=_UNKNOWN, read_noise_e=_UNKNOWN))
    mjd, time_note = _time(header)
    site = read_site(header, mjd=mjd)
    ny, nx = picture.shape
    dated = next(dates(header, Camera()), None)
    return FirstLook(
        width_pix=nx,
        height_pix=ny,
        gain_e_adu=_known(detector.gain_e_adu),
        read_noise_e=_known(detector.read_noise_e),
        saturation_adu=detector.saturation_adu,
        pixel_scale_arcsec=_pixel_scale_arcsec(header, shape=picture.shape),
        longitude_deg=site.longitude_deg,
        latitude_deg=site.latitude_deg,
        altitude_m=site.altitude_m,
        telescope=header.text("TELESCOP"),
        instrument=header.text("INSTRUME", "CAMERA", "CAMMODEL", "DETECTOR"),
        filter_name=read_filter(header),
        date_keyword=dated.keyword if dated else "",
        notes=tuple(note for note in (time_note, *detector.notes, *site.notes) if note),
    )


def _plain(start: bytes) -> bytes:
    if not start.startswith(b"\x1f\x8b"):
        return start
    try:
        return zlib.decompressobj(wbits=31).decompress(start, _MOST_PLAIN_BYTES)
    except zlib.error as error:
        raise Rejected("The gzip file is damaged: choose another frame.", code="truncated") from error


def _time(header: Header) -> tuple[float, str]:
    """Return mid-exposure, zero where it cannot be read, and then why."""
    try:
        return read_exposure(header, Camera()).mjd, ""
    except Rejected as refusal:
        return 0.0, refusal.reason


def _known(number: float) -> float | None:
    return None if number == _UNKNOWN else number


def _pixel_scale_arcsec(header: Header, *, shape: tuple[int, int]) -> float | None:
    wcs, _ = build_wcs(wcs_cards(header), shape=shape)
    return read_pixel_scale_arcsec(header, Camera()) if wcs is None else wcs_scale_arcsec(wcs)
