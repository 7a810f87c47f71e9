"""GALEX: ultraviolet magnitudes of single visits of the satellite from 2003 to 2013.

``fetch`` asks for the visits of the mission's catalogue (MCAT, GR6 and GR7). ``parse`` reads as well the
table that gPhoton's gAperture writes, which a person may bring: it has more visits, and fainter ones.

References
----------
Martin et al. 2005, ApJ 619, L1; Morrissey et al. 2007, ApJS 173, 682 (zero points); Million et al. 2016,
ApJ 833, 292 (gPhoton).
"""

from dataclasses import dataclass

import numpy as np
import polars as pl

from engine.brokers.matching import cone_at, nearest_first, place_at
from engine.brokers.points import archive_points, brightness, flux_of
from engine.brokers.protocol import BrokerInfo, Canary, Evidence, Http, Query
from engine.brokers.reading.answers import csv_table, drift, refuse_pages, with_numbers
from engine.brokers.reading.json_answers import json_list, json_object, json_of, table_of_lists
from engine.lightcurve import (
    AB_ZERO_POINT_UJY_MAG,
    MAG_ERR_PER_RELATIVE_FLUX_ERR,
    Flag,
    empty,
)
from engine.times import DAYS_PER_JULIAN_YEAR, SECONDS_PER_DAY

MCAT_URL = "https://mastcomp.stsci.edu/portal/Mashup/MashupQuery.asmx/GalexPhotonListQueryTest"
CUTS_VERSION = "galex-cuts-1"
EDGE_DEG = 0.55  # beyond, the rim of the detector spoils magnitudes

INFO = BrokerInfo(
    key="galex",
    title="GALEX",
    radius_arcsec=4.0,
    refresh_d=None,
    bands=("GALEX(FUV)", "GALEX(NUV)"),
    citation="2005ApJ...619L...1M",
    acknowledgement=(
        "This research is based on observations made with the Galaxy Evolution Explorer, obtained from the "
        "MAST data archive at the Space Telescope Science Institute, which is operated by the Association "
        "of Universities for Research in Astronomy, Inc., under NASA contract NAS 5-26555."
    ),
    homepage="https://galex.stsci.edu",
    release="GR6/GR7, final",
    coverage="three quarters of the sky, without the Galactic plane and bright stars",
    evidence=Evidence.RECORDED,
    canary=Canary(name="LDS 749B", ra_deg=323.067741, dec_deg=0.254011, least_rows=20),
    method=(
        "Every visit gives one point in each band: the source of the visit's catalogue that is nearest to "
        "the target, moved to the time of the visit, within 4 arcsec. Magnitudes are AB, from its "
        "variable aperture.",
        "-999 in a band means that the visit did not measure it, and no point; FUV was off after May 2009.",
        "Magnitudes are given from 3 sigma on, else a 5 sigma limit from the error.",
        "A point is flagged as poor where the catalogue's artifact flag is set, and as near the edge beyond "
        "0.55 degrees from the centre of the field.",
        "Times are the middle of the exposure, from its beginning and end in Unix seconds (UTC).",
        "A table of gPhoton's gAperture is read as well: rows with any flag are left out (cut named flags), "
        "counts above the background of the annulus become fluxes, the band follows from the zero point "
        "(18.82 for FUV, 20.08 for NUV), t_mean is the time. Its aperture is not corrected for what falls "
        "outside. calib_version names both: galex-cuts-1.",
    ),
    differs=(
        "BHTOM needs both bands of a visit, and so loses every visit after FUV failed in 2009; here each "
        "band stands alone.",
    ),
)

GPS_ZERO_UNIX_S = 315964800.0  # of GALEX time
UNIX_ZERO_MJD = 40587.0
_ZERO_MAG = {"FUV": 18.82, "NUV": 20.08}  # of one count a second
_MISSION_UNIX_S = (1.05e9, 1.38e9)  # April 2003 to September 2013
_MIDDLE_YEAR, _HALF_SPAN_YR = 2008.3, 5.2
_MIDDLE_UNIX_S = 1.209e9
_SECONDS_PER_YEAR = DAYS_PER_JULIAN_YEAR * SECONDS_PER_DAY
_NUMBERS = (
    "ra", "dec", "nuv_mag", "nuv_magerr", "fuv_mag", "fuv_magerr", "fov_radius", "nuv_artifact",
    "fuv_artifact", "nexptime", "nexpstar", "nexpend", "fexptime", "fexpstar", "fexpend",
)  # fmt: skip
COLUMNS = ("objid", "photoextractid", *_NUMBERS)
_APERTURE_NUMBERS = ("t_mean", "exptime", "cps", "mag", "cps_bgsub", "cps_bgsub_err", "flags")


@dataclass(frozen=True, slots=True, kw_only=True)
class Galex:
    """The catalogue of GALEX visits at MAST."""

    info = INFO

    def fetch(self, query: Query, http: Http) -> bytes:
        """Return the sources of every visit round the target."""
        cone = cone_at(query, year=_MIDDLE_YEAR, half_span_yr=_HALF_SPAN_YR, radius_arcsec=INFO.radius_arcsec)
        exposure = [name for name in _NUMBERS if name[1:] in ("exptime", "expstar", "expend")]
        names = [f"vpe.{name}" if name in exposure else f"vpo.{name}" for name in COLUMNS]
        around = f"{cone.ra_deg:.8f},{cone.dec_deg:.8f},{cone.radius_arcsec / 60.0:.5f}"
        sql = (
            f"select {', '.join(names)} from GR6Plus7.dbo.visitphotoobjall as vpo "  # noqa: S608 - numbers only
            "inner join GR6Plus7.dbo.visitphotoextract as vpe on vpo.photoextractid=vpe.photoextractid "
            f"inner join GR6Plus7.dbo.fGetNearbyVisitObjEq({around}) as nb on vpo.objid=nb.objid"
        )
        body = http.get(MCAT_URL, params={"query": sql, "format": "extjs"}, timeout_s=120.0)
        return refuse_pages(body, title=INFO.title)

    def parse(self, body: bytes, query: Query) -> pl.DataFrame:
        """Return the visits, or a table of gAperture, as a light curve.

        Raises
        ------
        Rejected
            ``schema-drift``
        """
        if not body.strip():
            return empty()
        rows = visits(body, query) if body.lstrip()[:1] == b"{" else apertures(body)
        flux = pl.col("flux_ujy"), pl.col("flux_err_ujy")
        points = rows.with_columns(**brightness(*flux, zero_point_mag=AB_ZERO_POINT_UJY_MAG))
        seen = points.filter(pl.col("mag").is_not_null() | pl.col("limit_mag").is_not_null())
        return archive_points(seen, query, INFO, calib_version=CUTS_VERSION)


def visits(body: bytes, query: Query) -> pl.DataFrame:
    """Return fluxes in both bands of the target in every visit of the catalogue.

    Raises
    ------
    Rejected
        ``schema-drift``
    """
    title = INFO.title
    data = json_object(json_object(json_of(body, title=title), title=title).get("data"), title=title)
    tables = json_list(data.get("Tables"), title=title)
    if not tables:
        raise drift(title, "an answer without a table")
    rows = json_object(tables[0], title=title).get("Rows")
    table = with_numbers(table_of_lists(COLUMNS, rows, title=title, required=()), _NUMBERS, title=title)
    if table.select(pl.any_horizontal(pl.col("ra", "dec").is_null())).to_series().any():
        raise drift(title, "a source without position")
    seen_unix_s = table.select(pl.coalesce("nexpstar", "fexpstar").fill_null(_MIDDLE_UNIX_S)).to_series()
    place = place_at(query, 1970.0 + seen_unix_s.to_numpy() / _SECONDS_PER_YEAR)
    near = nearest_first(table, place, ra="ra", dec="dec", radius_arcsec=INFO.radius_arcsec)
    near = near.unique("photoextractid", keep="first", maintain_order=True)
    return pl.concat([_one_band(near, band) for band in ("FUV", "NUV")])


def apertures(body: bytes) -> pl.DataFrame:
    """Return the fluxes of gAperture's unflagged rows.

    Raises
    ------
    Rejected
        ``schema-drift``, also where the zero point is of neither band.
    """
    table = csv_table(body, title=INFO.title, required=("t0", *_APERTURE_NUMBERS))
    rows = with_numbers(table, _APERTURE_NUMBERS, title=INFO.title)
    sound = pl.col("cps_bgsub").is_finite() & pl.col("cps_bgsub_err").is_finite() & (pl.col("cps") > 0)
    kept = rows.filter(pl.col("flags") == 0, sound)
    band = _band_of(kept)
    ujy_per_count = flux_of(_ZERO_MAG[band])
    return kept.select(
        source_ref=pl.format("gAperture/{}/{}", pl.col("t0"), pl.lit(band)),
        mjd=_mjd(pl.col("t_mean") + GPS_ZERO_UNIX_S),
        exptime_s="exptime",
        band=pl.lit(f"GALEX({band})"),
        flux_ujy=pl.col("cps_bgsub") * ujy_per_count,
        flux_err_ujy=pl.col("cps_bgsub_err") * ujy_per_count,
        flags=pl.lit(int(Flag.APERTURE_ONLY)),
    )


def _band_of(rows: pl.DataFrame) -> str:
    """Return the band whose zero point turns the counts into the magnitudes; the table does not name it."""
    if rows.is_empty():
        return "NUV"
    zeros = (rows["mag"] + 2.5 * rows["cps"].log10()).to_numpy()
    for band, zero_mag in _ZERO_MAG.items():
        if np.allclose(zeros, zero_mag, atol=0.005):
            return band
    raise drift(INFO.title, "magnitudes with the zero point of neither band")


def _one_band(rows: pl.DataFrame, band: str) -> pl.DataFrame:
    letter = band.lower()[0]
    mag, mag_err = pl.col(f"{letter}uv_mag"), pl.col(f"{letter}uv_magerr")
    start, end = pl.col(f"{letter}expstar"), pl.col(f"{letter}expend")
    measured = mag.is_between(0.0, 40.0) & mag_err.is_between(0.0, 10.0, closed="right")
    kept = rows.filter(measured.fill_null(False))
    if not kept.select((start.is_between(*_MISSION_UNIX_S) & (end > start)).fill_null(False).all()).item():
        raise drift(INFO.title, f"a visit in {band} outside the mission")
    flux = flux_of(mag)
    artifact = pl.col(f"{letter}uv_artifact").fill_null(0.0) != 0
    edge = pl.col("fov_radius").fill_null(0.0) > EDGE_DEG
    return kept.select(
        source_ref=pl.format("{}/{}", pl.col("objid"), pl.lit(band)),
        mjd=_mjd((start + end) / 2.0),
        exptime_s=pl.col(f"{letter}exptime"),
        band=pl.lit(f"GALEX({band})"),
        flux_ujy=flux,
        flux_err_ujy=flux * mag_err / MAG_ERR_PER_RELATIVE_FLUX_ERR,
        flags=pl.when(artifact).then(int(Flag.POOR_QUALITY_AT_SOURCE)).otherwise(0)
        | pl.when(edge).then(int(Flag.NEAR_EDGE)).otherwise(0),
    )


def _mjd(unix_s: pl.Expr) -> pl.Expr:
    return UNIX_ZERO_MJD + unix_s / SECONDS_PER_DAY
