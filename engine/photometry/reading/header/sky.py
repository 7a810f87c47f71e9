"""Where the telescope pointed and how large a pixel is on the sky, when the header can be believed."""

import warnings
from dataclasses import dataclass

import astropy.units as u
from astropy.coordinates import FK5, ICRS, SkyCoord

from engine.frame import Camera
from engine.photometry.reading.header.cards import Header, angle_of, is_sexagesimal, number_of

_POSITIONS = (
    ("OBJCTRA", "OBJCTDEC"),
    ("RA", "DEC"),
    ("OBJRA", "OBJDEC"),
    ("TELRA", "TELDEC"),
    ("CAT-RA", "CAT-DEC"),
    ("RA_OBJ", "DEC_OBJ"),
    ("RA-TEL", "DEC-TEL"),
    ("RA_EXP", "DEC_EXP"),
)
_SCALE = ("PIXSCALE", "SECPIX", "SECPIX1", "PIXSCAL1", "SCALE", "IM_SCALE", "PIXSCL", "SECPPIX")
_PIXEL_SIZE_BINNED = ("XPIXSZ",)
_PIXEL_SIZE_BARE = ("PIXSIZE1", "XPIXELSZ", "PIXSIZE", "PIXSZ")
_FOCAL_LENGTH = ("FOCALLEN", "FOCAL", "FOCLEN")
_SCALE_RANGE_ARCSEC = (0.01, 600.0)
_ARCSEC_MM_PER_UM = 206.264806
_J2000_TOLERANCE_YR = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Pointing:
    """Nominal centre of the field in ICRS degrees, both None when unknown."""

    ra_deg: float | None = None
    dec_deg: float | None = None
    notes: tuple[str, ...] = ()


def read_pointing(header: Header) -> Pointing:
    """Return the first position the header gives; an impossible one makes every position doubtful."""
    found: Pointing | None = None
    for ra_keyword, dec_keyword in _POSITIONS:
        ra, dec = header.text(ra_keyword), header.text(dec_keyword)
        if not ra or not dec:
            continue
        ra_deg, dec_deg = _right_ascension(ra, header.comment(ra_keyword)), angle_of(dec)
        if ra_deg is None or dec_deg is None or (ra_deg == 0.0 and dec_deg == 0.0):
            continue
        if not (0.0 <= ra_deg <= 360.0 and -90.0 <= dec_deg <= 90.0):
            note = f"{ra_keyword} = {ra[:20]}, {dec_keyword} = {dec[:20]} is no place on the sky; not used."
            return Pointing(notes=(note,))
        found = found or _to_icrs(ra_deg % 360.0, dec_deg, header.number("EQUINOX", "EPOCH"))
    return found or Pointing()


def _right_ascension(text: str, comment: str) -> float | None:
    value = angle_of(text)
    if value is None:
        return None
    says_hours = ("hour" in comment or "[h]" in comment) and "deg" not in comment
    return value * 15.0 if is_sexagesimal(text) or says_hours else value


def _to_icrs(ra_deg: float, dec_deg: float, equinox: float | None) -> Pointing:
    if equinox is None or not 1850 <= equinox <= 2100 or abs(equinox - 2000.0) < _J2000_TOLERANCE_YR:
        return Pointing(ra_deg=ra_deg, dec_deg=dec_deg)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # an equinox beyond the known leap seconds
        of_date = SkyCoord(ra_deg, dec_deg, unit=u.deg, frame=FK5(equinox=f"J{equinox:.4f}"))
        place = of_date.transform_to(ICRS())
    note = f"The position was brought from equinox {equinox:.1f} to 2000."
    return Pointing(ra_deg=float(place.ra.deg), dec_deg=float(place.dec.deg), notes=(note,))


def read_pixel_scale_arcsec(header: Header, camera: Camera) -> float | None:
    """Return the side of a pixel on the sky from the header, its optics or the camera, else None."""
    candidates = (
        *(number_of(text) for _, text in header.filled(*_SCALE)),
        _from_optics(header),
        camera.pixel_scale_arcsec,
    )
    low, high = _SCALE_RANGE_ARCSEC
    return next((abs(scale) for scale in candidates if scale and low <= abs(scale) <= high), None)


def _from_optics(header: Header) -> float | None:
    focal_length_mm = header.number(*_FOCAL_LENGTH)
    if not focal_length_mm:
        return None
    size_um = header.number(*_PIXEL_SIZE_BINNED)
    if size_um is None:
        bare_um = header.number(*_PIXEL_SIZE_BARE)
        size_um = None if bare_um is None else bare_um * (header.number("XBINNING", "CCDXBIN") or 1.0)
    return None if size_um is None else _ARCSEC_MM_PER_UM * size_um / focal_length_mm
