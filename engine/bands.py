"""Photometric bands: BHTOM's labels, wavelengths, magnitude systems, and how each is drawn."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import chain


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
    unit: str = "mag"  # what people of this field write; bands in other units hold fluxes, not magnitudes
    ujy_per_unit: float | None = None


_AB_ZERO_JY = 3631.0
# survey, filter, effective wavelength, system, zero flux, colour, Vega-Lite symbol.
# Zero fluxes: GaiaSP UBVRI Bessell, Castelli & Plez 1998 (A&A 333, 231, table A2); Gaia G BP RP
# Riello et al. 2021 (A&A 649, A3); WISE Jarrett et al. 2011 (ApJ 735, 112); 2MASS Cohen et al. 2003.
_Row = tuple[str, str, float, MagSystem, float | None, str, str]
_ROWS: tuple[_Row, ...] = (
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
    ("APASS", "B", 438.0, MagSystem.VEGA, 4063.0, "#3b82f6", "diamond"),
    ("APASS", "V", 545.0, MagSystem.VEGA, 3636.0, "#65a30d", "diamond"),
    ("APASS", "g", 477.0, MagSystem.AB, _AB_ZERO_JY, "#0d9aa8", "diamond"),
    ("APASS", "r", 623.0, MagSystem.AB, _AB_ZERO_JY, "#f97316", "diamond"),
    ("APASS", "i", 762.0, MagSystem.AB, _AB_ZERO_JY, "#c2410c", "diamond"),
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
    ("ATLAS", "H", 656.0, MagSystem.AB, _AB_ZERO_JY, "#be123c", "circle"),
    ("ASASSN", "g", 480.0, MagSystem.AB, _AB_ZERO_JY, "#059669", "cross"),
    ("ASASSN", "V", 545.0, MagSystem.VEGA, 3636.0, "#4d7c0f", "cross"),
)

# Surveys in AB magnitudes: symbol, then (filter, effective wavelength in nm).
_AB_SURVEYS: dict[str, tuple[str, tuple[tuple[str, float], ...]]] = {
    "SDSS": ("circle", (("u", 354.0), ("g", 477.0), ("r", 623.0), ("i", 762.0), ("z", 913.0))),
    "PS1": ("square", (("g", 481.0), ("r", 617.0), ("i", 752.0), ("z", 866.0), ("y", 962.0))),
    "DECAPS": ("diamond", (("g", 482.0), ("r", 642.0), ("i", 782.0), ("z", 918.0), ("Y", 988.0))),
    "SkyMapper": (
        "triangle-down",
        (("u", 349.0), ("v", 384.0), ("g", 510.0), ("r", 617.0), ("i", 779.0), ("z", 916.0)),
    ),
    "LSST": (
        "triangle-up",
        (("u", 367.0), ("g", 483.0), ("r", 622.0), ("i", 755.0), ("z", 869.0), ("y", 971.0)),
    ),
    "PTF": ("cross", (("g", 475.0), ("R", 658.0))),
    "GALEX": ("diamond", (("FUV", 153.0), ("NUV", 227.0))),
    "AAVSO": ("square", (("SU", 354.0), ("SG", 477.0), ("SR", 623.0), ("SI", 762.0), ("SZ", 913.0))),
}
# What observers of Solar System bodies report to the Minor Planet Center, each calibrated in their own way.
_MPC_AB: tuple[tuple[str, float], ...] = (
    ("u", 354.0), ("g", 477.0), ("r", 623.0), ("i", 762.0), ("z", 913.0), ("y", 962.0), ("w", 608.0),
    ("c", 533.0), ("o", 679.0),
)  # fmt: skip
# Surveys in Vega magnitudes, or in ones of their own: symbol, then (filter, nm, zero flux in Jy where known).
_VEGA_SURVEYS: dict[str, tuple[str, tuple[tuple[str, float, float | None], ...]]] = {
    "WISE": ("square", (("W3", 11561.0, 31.674), ("W4", 22088.0, 8.363))),
    "OGLE": ("circle", (("V", 545.0, 3636.0), ("I", 798.0, 2416.0))),
    "KMTNET": ("square", (("V", 545.0, 3636.0), ("I", 798.0, 2416.0))),
    "CRTS": ("circle", (("CL", 545.0, 3636.0),)),
    "LINEAR": ("square", (("CL", 600.0, None),)),
    "DASCH": ("triangle-down", (("B", 438.0, 4063.0),)),
    "TESS": ("triangle-right", (("T", 787.0, None),)),
    "SuperWASP": ("triangle-left", (("CL", 550.0, None),)),
    "UVOT": (
        "triangle-up",
        (
            ("V", 547.0, None), ("B", 439.0, None), ("U", 347.0, None),
            ("UVW1", 260.0, None), ("UVM2", 225.0, None), ("UVW2", 193.0, None),
        ),
    ),
    "AAVSO": (
        "circle",
        (
            ("Vis.", 545.0, None), ("U", 366.0, 1790.0), ("B", 438.0, 4063.0), ("V", 545.0, 3636.0),
            ("R", 641.0, 3064.0), ("I", 798.0, 2416.0), ("CV", 600.0, None), ("CR", 600.0, None),
            ("TB", 450.0, None), ("TG", 530.0, None), ("TR", 610.0, None), ("J", 1235.0, 1594.0),
            ("H", 1662.0, 1024.0), ("K", 2159.0, 666.7),
        ),
    ),
    "MPC": (
        "diamond",
        (
            ("U", 366.0, 1790.0), ("B", 438.0, 4063.0), ("V", 545.0, 3636.0), ("R", 641.0, 3064.0),
            ("I", 798.0, 2416.0), ("G", 622.0, 3228.75), ("J", 1235.0, 1594.0), ("H", 1662.0, 1024.0),
            ("K", 2159.0, 666.7), ("C", 600.0, None),
        ),
    ),
}  # fmt: skip
# Surveys whose magnitudes have a zero point of their own: differences count, not values.
_OWN_SURVEYS: dict[str, tuple[str, tuple[tuple[str, float], ...]]] = {
    "MOA": ("triangle-up", (("Red", 757.0), ("Blue", 500.0))),
    "LAT": ("cross", ((">100MeV", 1.24e-5), (">800MeV", 1.55e-6))),
}
# Planck's constant makes a photon flux per e-fold of energy a flux density: 1 photon/cm2/s is 662.607015 uJy.
UJY_PER_PHOTON_CM2_S = 662.607015
_FLUX_SURVEYS: dict[str, tuple[str, tuple[tuple[str, float], ...]]] = {
    "FIRST": ("circle", (("Flux 1.4GHz", 2.14e8),)),
    "VLASS": ("square", (("Flux 3GHz", 1.0e8),)),
    "LOFAR2m": ("diamond", (("Flux 144MHz", 2.08e9),)),
    "LAT-LCR": ("circle", (("3-day", 1.24e-5), ("weekly", 1.24e-5), ("monthly", 1.24e-5))),
}
_UNITS: dict[str, tuple[str, float | None]] = {  # what people write, and uJy in one of it
    "LAT": ("times its mean", None),  # kept as magnitudes relative to the source's own mean
    "FIRST": ("mJy", 1000.0),
    "VLASS": ("mJy", 1000.0),
    "LOFAR2m": ("mJy", 1000.0),
    "LAT-LCR": ("photons/cm2/s", UJY_PER_PHOTON_CM2_S),
}
_HUES: tuple[tuple[float, str], ...] = (  # up to this wavelength in nm
    (1.0, "#be123c"), (200.0, "#7c3aed"), (240.0, "#6d28d9"), (300.0, "#4f46e5"), (370.0, "#06b6d4"),
    (450.0, "#3b82f6"), (500.0, "#0d9aa8"), (560.0, "#65a30d"), (600.0, "#64748b"), (640.0, "#f97316"),
    (700.0, "#dc2626"), (800.0, "#c2410c"), (930.0, "#db2777"), (1100.0, "#9d174d"), (1500.0, "#a16207"),
    (2000.0, "#92400e"), (5000.0, "#78350f"), (15000.0, "#a21caf"), (1e12, "#581c87"),
)  # fmt: skip

# Standardised magnitudes are written band(catalogue), survey magnitudes SURVEY(band), as BHTOM does.
CATALOGUE_SURVEYS = ("GaiaSP", "GaiaDR3", "Refcat2", "2MASS")  # in which reference stars come
STANDARD_SURVEYS = ("GaiaSP", "GaiaDR3", "Refcat2", "APASS")


def band_label(survey: str, name: str) -> str:
    """Return BHTOM's label of a band: ``g(GaiaSP)`` for a standard system, ``ZTF(zg)`` for a survey."""
    return f"{name}({survey})" if survey in STANDARD_SURVEYS else f"{survey}({name})"


def _survey_rows() -> Iterator[_Row]:
    yield from (("MPC", name, nm, MagSystem.AB, _AB_ZERO_JY, _hue(nm), "diamond") for name, nm in _MPC_AB)
    for surveys in (_AB_SURVEYS, _OWN_SURVEYS, _FLUX_SURVEYS):
        system, zero_jy = (MagSystem.AB, _AB_ZERO_JY) if surveys is _AB_SURVEYS else (MagSystem.NONE, None)
        for survey, (symbol, filters) in surveys.items():
            yield from ((survey, name, nm, system, zero_jy, _hue(nm), symbol) for name, nm in filters)
    for survey, (symbol, vega) in _VEGA_SURVEYS.items():
        yield from ((survey, name, nm, MagSystem.VEGA, zero, _hue(nm), symbol) for name, nm, zero in vega)


def _hue(wavelength_nm: float) -> str:
    return next(colour for most_nm, colour in _HUES if wavelength_nm <= most_nm)


def _band(row: _Row) -> Band:
    survey, name, wavelength_nm, system, zero_flux_jy, colour, symbol = row
    unit, ujy_per_unit = _UNITS.get(survey, ("mag", None))
    return Band(
        band_id=band_label(survey, name),
        survey=survey,
        filter=name,
        wavelength_nm=wavelength_nm,
        system=system,
        zero_flux_jy=zero_flux_jy,
        colour=colour,
        symbol=symbol,
        unit=unit,
        ujy_per_unit=ujy_per_unit,
    )


BANDS: dict[str, Band] = {band.band_id: band for band in map(_band, chain(_ROWS, _survey_rows()))}
