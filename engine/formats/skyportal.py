"""SkyPortal's photometry in flux space: a row for a point, non-detections with an empty flux.

References
----------
SkyPortal, skyportal.io, schema ``PhotFluxFlexible``: fluxes in µJy have the AB zero point 23.9.
"""

from collections.abc import Iterator

import polars as pl

from engine.bands import BANDS, MagSystem
from engine.formats.curve import AnyCurve
from engine.lightcurve import AB_ZERO_POINT_UJY_MAG, MAG_ERR_PER_RELATIVE_FLUX_ERR

HEADER = "mjd,flux,fluxerr,zp,magsys,filter,altdata.source,altdata.facility,altdata.point_id\n"
LIMIT_SIGMA = 5.0  # of our limits
_NAMES = {  # SkyPortal's names of bands, those of sncosmo
    "ZTF(zg)": "ztfg", "ZTF(zr)": "ztfr", "ZTF(zi)": "ztfi", "ATLAS(c)": "atlasc", "ATLAS(o)": "atlaso",
    "G(GaiaDR3)": "gaia::g", "BP(GaiaDR3)": "gaia::gbp", "RP(GaiaDR3)": "gaia::grp",
    "U(GaiaSP)": "bessellux", "B(GaiaSP)": "bessellb", "V(GaiaSP)": "bessellv", "R(GaiaSP)": "bessellr",
    "I(GaiaSP)": "besselli",
    **{f"{name}(GaiaSP)": f"sdss{name}" for name in ("u", "g", "r", "i", "z")},
}  # fmt: skip
_SYSTEMS = {key: str(band.system).lower() for key, band in BANDS.items() if band.system != MagSystem.NONE}


def skyportal_pieces(curve: AnyCurve) -> Iterator[bytes]:
    """Give the file piece by piece; points without an error cannot be said in this format and are left out.

    A magnitude becomes the flux whose magnitude it is with the zero point 23.9 in its own system.
    """
    yield HEADER.encode()
    for points in curve.slices():
        rows = _rows(points)
        if len(rows):
            yield rows.write_csv(include_header=False).encode()


def _rows(points: pl.DataFrame) -> pl.DataFrame:
    has_flux, has_mag = pl.col("flux_ujy").is_not_null(), pl.col("mag").is_not_null()
    of_mag, of_limit = _flux_of("mag"), _flux_of("limit_mag")
    flux = pl.when(has_flux).then("flux_ujy").when(has_mag).then(of_mag)
    error = (
        pl.when(has_flux)
        .then("flux_err_ujy")
        .when(has_mag)
        .then(of_mag * pl.col("mag_err") / MAG_ERR_PER_RELATIVE_FLUX_ERR)
        .otherwise(of_limit / LIMIT_SIGMA)
    )
    system = pl.col("band").replace_strict(_SYSTEMS, default=None, return_dtype=pl.String())
    return points.select(
        "mjd",
        flux=flux,
        fluxerr=error,
        zp=pl.lit(AB_ZERO_POINT_UJY_MAG),
        magsys=pl.when(has_flux).then(pl.lit("ab")).otherwise(system),
        filter=pl.col("band").replace(_NAMES),
        source="source",
        facility="facility",
        point_id="point_id",
    ).filter(pl.col("fluxerr").is_not_null() & pl.col("magsys").is_not_null())


def _flux_of(column: str) -> pl.Expr:
    return pl.lit(10.0).pow(-0.4 * (pl.col(column) - AB_ZERO_POINT_UJY_MAG))
