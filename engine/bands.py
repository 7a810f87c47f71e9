"""Photometric bands: BHTOM's labels, wavelengths, magnitude systems, and how each is drawn."""

from dataclasses import dataclass
from enum import StrEnum


class MagSystem(StrEnum):
    """What a magnitude of zero means."""

    AB = "AB"
    VEGA = "Vega"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """One band of one survey or standard system."""

    band_id: str  # the label that users and BHTOM know, such as "g(GaiaSP)"
    survey: str
    filter: str
    wavelength_nm: float
    system: MagSystem
    zero_flux_jy: float | None  # flux density of magnitude zero
    colour: str
    symbol: str


_AB_ZERO_JY = 3631.0
# survey, filter, effective wavelength, system, zero flux, colour, Vega-Lite symbol.
# Zero fluxes: GaiaSP UBVRI Bessell, Castelli & Plez 1998 (A&A 333, 231, table A2); Gaia G BP RP
# Riello et al. 2021 (A&A 649, A3); WISE Jarrett et al. 2011 (ApJ 735, 112); 2MASS Cohen et al. 2003.
_ROWS: tuple[tuple[str, str, float, MagSystem, float | None, str, str], ...] = (
    ("GaiaSP", "U", 366.0, MagSystem.VEGA, 1790.0, "#8b5cf6", "circle"),
    ("GaiaSP", "B", 438.0, MagSystem.VEGA, 4063.0, "#3b82f6", "circle"),
    ("GaiaSP", "V", 545.0, MagSystem.VEGA, 3636.0, "#65a30d", "triangle-up"),
    ("GaiaSP", "R", 641.0, MagSystem.VEGA, 3064.0, "#dc2626", "circle"),
    ("GaiaSP", "I", 798.0, MagSystem.VEGA, 2416.0, "#b91c1c", "square"),
    ("GaiaSP", "u", 354.0, MagSystem.AB, _AB_ZERO_JY, "#06b6d4", "triangle-right"),
    ("GaiaSP", "g", 477.0, MagSystem.AB, _AB_ZERO_JY, "#0d9aa8", "triangle-right"),
    ("GaiaSP", "r", 623.0, MagSystem.AB, _AB_ZERO_JY, "#f97316", "square"),
    ("GaiaSP", "i", 762.0, MagSystem.AB, _AB_ZERO_JY, "#c2410c", "diamond"),
    ("GaiaSP", "z", 913.0, MagSystem.AB, _AB_ZERO_JY, "#db2777", "diamond"),
    ("GaiaDR3", "G", 622.0, MagSystem.VEGA, 3228.75, "#16a34a", "circle"),
    ("GaiaDR3", "BP", 511.0, MagSystem.VEGA, 3552.01, "#6366f1", "circle"),
    ("GaiaDR3", "RP", 777.0, MagSystem.VEGA, 2554.95, "#ef4444", "circle"),
    ("Refcat2", "g", 481.0, MagSystem.AB, _AB_ZERO_JY, "#0d9aa8", "cross"),
    ("Refcat2", "r", 617.0, MagSystem.AB, _AB_ZERO_JY, "#f97316", "cross"),
    ("Refcat2", "i", 752.0, MagSystem.AB, _AB_ZERO_JY, "#c2410c", "cross"),
    ("Refcat2", "z", 866.0, MagSystem.AB, _AB_ZERO_JY, "#db2777", "cross"),
    ("2MASS", "J", 1235.0, MagSystem.VEGA, 1594.0, "#a16207", "circle"),
    ("2MASS", "H", 1662.0, MagSystem.VEGA, 1024.0, "#92400e", "circle"),
    ("2MASS", "K", 2159.0, MagSystem.VEGA, 666.7, "#78350f", "circle"),
    ("GSA", "G", 622.0, MagSystem.VEGA, 3228.75, "#22c55e", "circle"),
    ("WISE", "W1", 3353.0, MagSystem.VEGA, 309.54, "#a855f7", "diamond"),
    ("WISE", "W2", 4603.0, MagSystem.VEGA, 171.787, "#db2777", "cross"),
    ("ZTF", "zg", 480.0, MagSystem.AB, _AB_ZERO_JY, "#10b981", "triangle-left"),
    ("ZTF", "zr", 644.0, MagSystem.AB, _AB_ZERO_JY, "#ef4444", "triangle-up"),
    ("ZTF", "zi", 789.0, MagSystem.AB, _AB_ZERO_JY, "#991b1b", "triangle-down"),
    ("ATLAS", "c", 533.0, MagSystem.AB, _AB_ZERO_JY, "#0891b2", "circle"),
    ("ATLAS", "o", 679.0, MagSystem.AB, _AB_ZERO_JY, "#d97706", "circle"),
    ("ASASSN", "g", 480.0, MagSystem.AB, _AB_ZERO_JY, "#059669", "cross"),
    ("ASASSN", "V", 545.0, MagSystem.VEGA, 3636.0, "#4d7c0f", "cross"),
)

# Standardised magnitudes are written band(catalogue), survey magnitudes SURVEY(band), as BHTOM does.
STANDARD_SURVEYS = ("GaiaSP", "GaiaDR3", "Refcat2")


def band_label(survey: str, name: str) -> str:
    """Return BHTOM's label of a band: ``g(GaiaSP)`` for a standard system, ``ZTF(zg)`` for a survey."""
    return f"{name}({survey})" if survey in STANDARD_SURVEYS else f"{survey}({name})"


BANDS: dict[str, Band] = {
    band_label(survey, name): Band(
        band_id=band_label(survey, name),
        survey=survey,
        filter=name,
        wavelength_nm=wavelength_nm,
        system=system,
        zero_flux_jy=zero_flux_jy,
        colour=colour,
        symbol=symbol,
    )
    for survey, name, wavelength_nm, system, zero_flux_jy, colour, symbol in _ROWS
}
