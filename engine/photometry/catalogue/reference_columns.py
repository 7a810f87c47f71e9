"""The names under which catalogues write positions, motions, colours and magnitudes."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import polars as pl

from engine.lightcurve import MAG_ERR_PER_RELATIVE_FLUX_ERR

RA = (
    "ra_deg",
    "ra",
    "raj2000",
    "_raj2000",
    "ra_icrs",
    "_ra_icrs",
    "ra_j2000",
    "alpha_j2000",
    "alphawin_j2000",
)
DEC = ("dec_deg", "dec", "dej2000", "decj2000", "_dej2000", "de_icrs", "_de_icrs", "dec_icrs", "dec_j2000",
       "delta_j2000", "deltawin_j2000")  # fmt: skip
STAR_ID = ("ref_id", "source_id", "source", "gaiadr3", "tyc", "2mass", "objid", "star_id", "id")
EPOCH = ("epoch", "ref_epoch")
PM_RA = ("pm_ra_mas_yr", "pmra", "pm_ra")
PM_DEC = ("pm_dec_mas_yr", "pmdec", "pmde", "pm_dec")
COLOUR = ("bp_rp_mag", "bp_rp", "bp-rp")
VARIABLE = ("variable", "phot_variable_flag", "varflag")


@dataclass(frozen=True, slots=True, kw_only=True)
class MagColumn:
    """Where a table keeps the magnitude of one band, and its error if it does."""

    survey: str
    filter: str
    mag: str
    err: str | None = None
    flux: str | None = None  # with flux_err: where only fluxes carry errors
    flux_err: str | None = None
    flag: str | None = None  # 1 inside the validated range of colours and magnitudes

    def error_mag(self, table: pl.DataFrame) -> pl.Series:
        """Return the magnitude errors, null where the table has none that is positive."""
        if self.err is not None:
            error = table[self.err].cast(pl.Float64, strict=False)
        elif self.flux is not None and self.flux_err is not None:
            flux = table[self.flux].cast(pl.Float64, strict=False)
            error = MAG_ERR_PER_RELATIVE_FLUX_ERR * table[self.flux_err].cast(pl.Float64, strict=False) / flux
        else:
            error = pl.Series(values=[None] * len(table), dtype=pl.Float64)
        return error.to_frame("err").select(pl.when(pl.col("err") > 0).then("err")).to_series()

    def in_range(self, table: pl.DataFrame) -> pl.Series:
        """Return True where the catalogue stands by the magnitude; a column of zeros only says nothing."""
        everything = pl.Series(values=[True] * len(table), dtype=pl.Boolean)
        if self.flag is None:
            return everything
        flagged = table[self.flag].cast(pl.Int64, strict=False).fill_null(0) == 1
        return flagged if flagged.any() else everything


_GSPC = tuple(("GaiaSP", letter.upper(), f"{letter}_jkc") for letter in "ubvri") + tuple(
    ("GaiaSP", letter, f"{letter}_sdss") for letter in "ugriz"
)
_VIZIER_JKC = tuple(("GaiaSP", letter, f"{letter}mag") for letter in "UBVRI")
_GRIZ = "griz"
# survey, filter, magnitude columns; case matters: Gmag is Gaia's, gmag is Pan-STARRS' or Sloan's
_PLAIN = (
    ("GaiaDR3", "G", ("phot_g_mean_mag", "Gmag", "G")),
    ("GaiaDR3", "BP", ("phot_bp_mean_mag", "BPmag", "BP", "G_BP")),
    ("GaiaDR3", "RP", ("phot_rp_mean_mag", "RPmag", "RP", "G_RP")),
    ("2MASS", "J", ("Jmag", "j_m", "J", "j_mag")),
    ("2MASS", "H", ("Hmag", "h_m", "H", "h_mag")),
    ("2MASS", "K", ("Kmag", "k_m", "K", "Ksmag", "ks_m", "k_mag")),
)
NAMED_BP_RP = (
    MagColumn(survey="GaiaDR3", filter="BP", mag="pmra"),
    MagColumn(survey="GaiaDR3", filter="RP", mag="pmdec"),
)


def find_column(names: Iterable[str], candidates: Sequence[str]) -> str | None:
    """Return the column that is written as one of the candidates, whatever its case; the first one wins."""
    by_lower = {name.lower(): name for name in names}
    return next(
        (by_lower[candidate.lower()] for candidate in candidates if candidate.lower() in by_lower), None
    )


def find_magnitudes(names: Sequence[str]) -> tuple[MagColumn, ...]:
    """Return the magnitude columns of a catalogue by the names that its archive gives them."""
    synthetic = _gspc_of_archive(names) or _gspc_of_vizier(names)
    refcat = () if synthetic else _refcat2(names)
    plain = [
        _column(survey, name, candidate, names)
        for survey, name, candidates in _PLAIN
        for candidate in [next((text for text in candidates if text in names), None)]
        if candidate is not None
    ]
    if refcat:  # its Gaia magnitudes are of DR2, which differ from DR3
        plain = [column for column in plain if column.survey != "GaiaDR3"]
    return (*synthetic, *refcat, *plain)


def motions_are_magnitudes(table: pl.DataFrame) -> bool:
    """Return True where columns called pmra and pmdec hold BP and RP magnitudes beside a G magnitude.

    BP, G and RP of real stars lie within 4 mag of each other and in one order, for red and for blue stars;
    motions in mas/yr do neither.
    """
    g_name = next((name for name in ("G", "phot_g_mean_mag", "Gmag") if name in table.columns), None)
    if g_name is None or not {"pmra", "pmdec"} <= set(table.columns):
        return False
    as_numbers = [pl.col(name).cast(pl.Float64, strict=False) for name in ("pmra", g_name, "pmdec")]
    bp_mag, g_mag, rp_mag = as_numbers
    ordered = ((bp_mag - g_mag) * (g_mag - rp_mag) > -0.05) & ((bp_mag - rp_mag).abs() > 0.05)
    close = ((bp_mag - g_mag).abs() < 4.0) & ((g_mag - rp_mag).abs() < 4.0)
    share = table.select((close & (ordered | ((bp_mag - rp_mag).abs() <= 0.3))).mean().alias("share")).item()
    return share is not None and share > 0.9


def _column(survey: str, filter_name: str, mag: str, names: Sequence[str]) -> MagColumn:
    stem = mag.removesuffix("mag")
    errors = (f"{mag}err", f"e_{mag}", f"{mag}_err", f"{mag}_error", f"d{mag}", f"{mag}err", f"e_{stem}")
    flux_stem = mag.removesuffix("_mag")
    flux = next((name for name in (f"{flux_stem}_flux", f"F{stem}") if name in names), None)
    flux_errors = (f"{flux_stem}_flux_error", f"e_F{stem}")
    return MagColumn(
        survey=survey,
        filter=filter_name,
        mag=mag,
        err=next((name for name in errors if name in names), None),
        flux=flux,
        flux_err=next((name for name in flux_errors if name in names), None) if flux else None,
        flag=next((name for name in (f"{flux_stem}_flag", f"f_{mag}", f"f_{stem}") if name in names), None),
    )


def _gspc_of_archive(names: Sequence[str]) -> tuple[MagColumn, ...]:
    found = [
        (survey, letter, column)
        for survey, letter, stem in _GSPC
        for column in (f"{stem}_mag", f"{stem}_synth_mag")
        if column in names
    ]
    return tuple(_column(survey, letter, column, names) for survey, letter, column in found)


def _gspc_of_vizier(names: Sequence[str]) -> tuple[MagColumn, ...]:
    """VizieR I/360/syntphot: Umag..Imag beside umag..zmag; without the capitals it is another catalogue."""
    if not {"Vmag", "Rmag", "Imag"} <= set(names):
        return ()
    johnson = [_column(survey, name, mag, names) for survey, name, mag in _VIZIER_JKC if mag in names]
    sloan = [_column("GaiaSP", name, f"{name}mag", names) for name in "ugriz" if f"{name}mag" in names]
    return (*johnson, *sloan)


def _refcat2(names: Sequence[str]) -> tuple[MagColumn, ...]:
    for pattern in ("{}mag", "{}", "{}_mag", "{}MeanPSFMag"):
        found = [(name, pattern.format(name)) for name in _GRIZ if pattern.format(name) in names]
        if len(found) >= 3:
            return tuple(_column("Refcat2", name, mag, names) for name, mag in found)
    return ()
