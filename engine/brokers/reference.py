"""Reference stars of a region: Gaia's synthetic photometry, with Gaia G, BP and RP, from Gaia's archive.

VizieR holds the same catalogues and is asked when Gaia's archive cannot answer.

References
----------
Gaia Collaboration, Montegriffo et al. 2023, A&A 674, A33 (GSPC); Riello et al. 2021, A&A 649, A3 (C*).
"""

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import polars as pl

from engine.brokers.asking.tap import TIMEOUT_S, adql_cone, ask_tap
from engine.brokers.protocol import Http
from engine.brokers.reading.answers import csv_table, refuse_pages, text_of, text_table, with_numbers
from engine.errors import Rejected, Transient
from engine.lightcurve import MAG_ERR_PER_RELATIVE_FLUX_ERR
from engine.photometry.references import REFERENCE_SCHEMA, reference_table

logger = logging.getLogger(__name__)

GAIA_URL = "https://gea.esac.esa.int/tap-server/tap"
VIZIER_URL = "https://vizier.cds.unistra.fr/viz-bin/asu-tsv"
TITLE, VIZIER_TITLE = "The Gaia archive", "VizieR"
G_LIMITS = (2.0, 18.0)  # synthetic photometry ends at G = 17.65
ROWS_MAX = 50_000
_SYNC_ROWS_MAX = 2_000  # where the archive cuts synchronous answers to the unregistered
_NARROWEST_MAG = 0.005
_NEVER_EMPTY_DEG = 0.3  # so wide a cone has stars of G < 17.65 everywhere on the sky
_GAIA_CELL_LEVEL, _GAIA_CELL_SHIFT = 12, 35  # source_id >> 35 is the HEALPix cell of level 12, nested

# column of this module: (Gaia's name, VizieR's name in I/355/gaiadr3)
_STAR = {
    "source_id": ("source_id", "Source"),
    "ra": ("ra", "RA_ICRS"),
    "dec": ("dec", "DE_ICRS"),
    "pmra": ("pmra", "pmRA"),
    "pmdec": ("pmdec", "pmDE"),
    "ruwe": ("ruwe", "RUWE"),
    "variable": ("phot_variable_flag", "VarFlag"),
    "G": ("phot_g_mean_mag", "Gmag"),
    "BP": ("phot_bp_mean_mag", "BPmag"),
    "RP": ("phot_rp_mean_mag", "RPmag"),
}
_TEXT = ("source_id", "variable")
_SNR = {f"{band}_snr": f"phot_{band.lower()}_mean_flux_over_error" for band in ("G", "BP", "RP")}
_SYNTHETIC = {f"{band}(GaiaSP)": f"{band.lower()}_jkc" for band in "UBVRI"} | {
    f"{band}(GaiaSP)": f"{band}_sdss" for band in "ugriz"
}
_PARTS = ("mag", "flux", "flux_error", "flag")
_GAIA_BANDS = {"G(GaiaDR3)": "G", "BP(GaiaDR3)": "BP", "RP(GaiaDR3)": "RP"}
# VizieR's column: column of this module
_VIZIER_STAR = {theirs: ours for ours, (_, theirs) in _STAR.items()} | {
    f"e_{band}mag": f"{band}_err" for band in _GAIA_BANDS.values()
}
_VIZIER_SYNTHETIC = {"Source": "source_id", "E(BP/RP)corr": "c_star"} | {
    theirs: f"{prefix}_{part}"
    for band, prefix in _SYNTHETIC.items()
    for part, theirs in zip(
        _PARTS, (f"{band[0]}mag", f"F{band[0]}", f"e_F{band[0]}", f"{band[0]}Flag"), strict=True
    )
}
_RUWE_MAX = 1.4
_C_STAR_SIGMAS = 3.0
_RELATIVE_ERR_MAX = 1.0 / 30.0  # of a synthetic flux: the catalogue leaves out what is worse


@dataclass(frozen=True, slots=True, kw_only=True)
class Region:
    """Where stars are wanted: a condition on Gaia's table, and a cone that holds the same stars."""

    adql: str
    ra_deg: float
    dec_deg: float
    radius_deg: float
    ids: tuple[int, int] | None = None  # first and last source_id


def cone(*, ra_deg: float, dec_deg: float, radius_deg: float) -> Region:
    """Return a cone as a region."""
    adql = adql_cone("s.ra", "s.dec", ra_deg=ra_deg, dec_deg=dec_deg, radius_deg=radius_deg)
    return Region(adql=adql, ra_deg=ra_deg, dec_deg=dec_deg, radius_deg=radius_deg)


def cell(number: int, *, nside: int, covering: Region) -> Region:
    """Return a nested HEALPix cell as a region, given a cone that covers it.

    Gaia's source numbers begin with the cell of the source, so that a cell is a range of them.
    """
    level = nside.bit_length() - 1
    shift = _GAIA_CELL_SHIFT + 2 * (_GAIA_CELL_LEVEL - level)
    ids = (number << shift, ((number + 1) << shift) - 1)
    return replace(covering, adql=f"s.source_id BETWEEN {ids[0]} AND {ids[1]}", ids=ids)


def fetch_references(http: Http, *, ra_deg: float, dec_deg: float, radius_deg: float) -> pl.DataFrame:
    """Return the reference stars of a cone in ``REFERENCE_SCHEMA``, at epoch 2016.0.

    Raises
    ------
    Transient
        Neither Gaia's archive nor VizieR can be asked now.
    """
    return fetch_region(http, cone(ra_deg=ra_deg, dec_deg=dec_deg, radius_deg=radius_deg))


def fetch_region(http: Http, region: Region) -> pl.DataFrame:
    """Return the reference stars of a region in ``REFERENCE_SCHEMA``; VizieR answers where Gaia cannot.

    Raises
    ------
    Transient
        Neither can be asked now; ``no-stars``: a wide region without any is an archive that is ill.
    """
    stars = _ask(http, region)
    synthetic = stars.filter(pl.col("band").is_in(list(_SYNTHETIC)))
    if synthetic.is_empty() and region.radius_deg > _NEVER_EMPTY_DEG:
        raise Transient(
            "The archives gave no star of a wide field, which cannot be; they are asked again later.",
            code="no-stars",
        )
    return stars


def parse_gaia(body: bytes) -> pl.DataFrame:
    """Return one answer of Gaia's archive in ``REFERENCE_SCHEMA``."""
    names = {gaia: ours for ours, (gaia, _) in _STAR.items()} | {gaia: ours for ours, gaia in _SNR.items()}
    synthetic = [f"{prefix}_{part}" for prefix in _SYNTHETIC.values() for part in _PARTS]
    table = csv_table(body, title=TITLE, required=(*names, "c_star", *synthetic)).rename(names)
    rows = with_numbers(table, _numbers(table), title=TITLE)
    errors = {band: MAG_ERR_PER_RELATIVE_FLUX_ERR / pl.col(f"{band}_snr") for band in _GAIA_BANDS.values()}
    return _references(rows.with_columns(error.alias(f"{band}_err") for band, error in errors.items()))


def parse_vizier(stars: bytes, synthetic: bytes, region: Region) -> pl.DataFrame:
    """Return VizieR's answers of I/355/gaiadr3 and I/360/syntphot in ``REFERENCE_SCHEMA``."""
    table = _vizier_table(stars, _VIZIER_STAR).join(
        _vizier_table(synthetic, _VIZIER_SYNTHETIC), on="source_id", how="left", validate="m:1"
    )
    if region.ids is not None:
        table = table.filter(pl.col("source_id").cast(pl.Int64).is_between(*region.ids))
    return _references(table)


def question(region: Region, *, bright_mag: float, faint_mag: float) -> str:
    """Return the ADQL of the stars of a region between two G magnitudes."""
    star_columns = [f"s.{gaia}" for gaia, _ in _STAR.values()] + [f"s.{gaia}" for gaia in _SNR.values()]
    columns = [*star_columns, "p.c_star"] + [
        f"p.{prefix}_{part}" for prefix in _SYNTHETIC.values() for part in _PARTS
    ]
    return (
        f"SELECT TOP {ROWS_MAX} {', '.join(columns)} FROM gaiadr3.gaia_source AS s "  # noqa: S608 - numbers only
        "LEFT OUTER JOIN gaiadr3.synthetic_photometry_gspc AS p ON s.source_id = p.source_id "
        f"WHERE {region.adql} "
        f"AND s.phot_g_mean_mag >= {bright_mag:.4f} AND s.phot_g_mean_mag < {faint_mag:.4f}"
    )


def _ask(http: Http, region: Region) -> pl.DataFrame:
    try:
        return pl.concat([parse_gaia(body) for body in _gaia_answers(http, region)])
    except Transient as error:
        logger.info("reference stars are asked of VizieR", extra={"reason": error.code})
        stars = _ask_vizier(http, "I/355/gaiadr3", region, _VIZIER_STAR)
        synthetic = _ask_vizier(http, "I/360/syntphot", region, _VIZIER_SYNTHETIC)
        return parse_vizier(stars, synthetic, region)


def _gaia_answers(http: Http, region: Region) -> Iterator[bytes]:
    """Give whole answers: a slice of magnitudes whose answer may be cut is asked again in two parts."""
    slices = [G_LIMITS]
    while slices:
        bright_mag, faint_mag = slices.pop()
        adql = question(region, bright_mag=bright_mag, faint_mag=faint_mag)
        body = ask_tap(http, GAIA_URL, adql, title=TITLE, max_rows=ROWS_MAX)
        stars = body.count(b"\n") - 1
        if stars < ROWS_MAX and stars != _SYNC_ROWS_MAX:
            yield body
            continue
        if faint_mag - bright_mag < _NARROWEST_MAG:
            raise Rejected("The region holds too many stars: ask for a smaller one.", code="too-many-stars")
        middle_mag = max((bright_mag + faint_mag) / 2.0, faint_mag - 1.0)
        slices += [(bright_mag, middle_mag), (middle_mag, faint_mag)]


def _ask_vizier(http: Http, table: str, region: Region, names: Mapping[str, str]) -> bytes:
    params = {
        "-source": table,
        "-c": f"{region.ra_deg:.6f} {region.dec_deg:+.6f}",
        "-c.rd": f"{region.radius_deg:.6f}",
        "-out": ",".join(names),
        "-out.max": "unlimited",
    }
    if "Gmag" in names:
        params["Gmag"] = f"{G_LIMITS[0]}..{G_LIMITS[1]}"
    return refuse_pages(http.get(VIZIER_URL, params=params, timeout_s=TIMEOUT_S), title=VIZIER_TITLE)


def _vizier_table(body: bytes, names: Mapping[str, str]) -> pl.DataFrame:
    text = text_of(body, title=VIZIER_TITLE)
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    header = lines[0].split("\t") if lines else list(names)  # without rows VizieR sends comments only
    dashes = [number for number, line in enumerate(lines) if set(line) <= set("-\t")]
    rows = [line.split("\t") for line in lines[dashes[0] + 1 :]] if dashes else []  # above: names, units
    needed = [name for name in names if not name.startswith(("F", "e_F"))]  # of fluxes only errors are used
    table = text_table(header, rows, title=VIZIER_TITLE, required=needed)
    table = table.select(
        (pl.col(theirs) if theirs in header else pl.lit("")).str.strip_chars().alias(ours)
        for theirs, ours in names.items()
    )
    return with_numbers(table, _numbers(table), title=VIZIER_TITLE)


def _numbers(table: pl.DataFrame) -> list[str]:
    return [name for name in table.columns if name not in _TEXT]


def _references(rows: pl.DataFrame) -> pl.DataFrame:
    """Return stars in the schema: magnitudes only of single stars, most bands only of unblended ones."""
    c_star_sigma = 0.0059898 + 8.817481e-12 * pl.col("G") ** 7.618399  # Riello et al. 2021, equation 18
    stars = rows.with_columns(
        ref_id="source_id",
        ra_deg="ra",
        dec_deg="dec",
        epoch=pl.lit(2016.0),
        pm_ra_mas_yr="pmra",
        pm_dec_mas_yr="pmdec",
        bp_rp_mag=pl.col("BP") - pl.col("RP"),
        variable=pl.col("variable").str.strip_chars() == "VARIABLE",
        catalogue=pl.lit("GaiaSP"),
    )
    single = stars.filter(pl.col("ruwe") < _RUWE_MAX)
    alone = single.filter(pl.col("c_star").abs() < _C_STAR_SIGMAS * c_star_sigma)
    per_band = [
        _one_band(single if band == "G" else alone, label, mag=pl.col(band), mag_err=pl.col(f"{band}_err"))
        for label, band in _GAIA_BANDS.items()
    ]
    for label, prefix in _SYNTHETIC.items():
        valid = alone.filter(pl.col(f"{prefix}_flag") == 1)
        relative = (pl.col(f"{prefix}_flux_error") / pl.col(f"{prefix}_flux")).abs()
        mag_err = MAG_ERR_PER_RELATIVE_FLUX_ERR * pl.coalesce(relative, _RELATIVE_ERR_MAX)
        per_band.append(_one_band(valid, label, mag=pl.col(f"{prefix}_mag"), mag_err=mag_err))
    positions = stars.select(name for name in REFERENCE_SCHEMA if name in stars.columns)
    return reference_table(pl.concat([positions, *per_band], how="diagonal"))


def _one_band(stars: pl.DataFrame, band: str, *, mag: pl.Expr, mag_err: pl.Expr) -> pl.DataFrame:
    wanted = {"band": pl.lit(band), "mag": mag, "mag_err": mag_err}
    named = [name for name in REFERENCE_SCHEMA if name not in wanted]
    return stars.select(*named, **wanted).drop_nulls(("mag", "mag_err"))
