"""What alert brokers share: the object at a place, and light curves of differences from a reference image.

A survey finds an alert in the difference of an image and a reference image. Its magnitude is that of the
difference: of a supernova that the reference lacks it is the brightness, of a star that the reference holds
it says nothing before the star's own light is added again. A light curve is of one kind in each band: total
where the target's light in the reference is known, else difference; ``calib_version`` says which.

References
----------
Masci et al. 2019, PASP 131, 018003; Foerster et al. 2021, AJ 161, 242.
"""

from enum import StrEnum

import polars as pl
from astropy.coordinates import SkyCoord

from engine.brokers.matching import nearest_name
from engine.brokers.points import archive_points, brightness, flux_of
from engine.brokers.protocol import BrokerInfo, Query
from engine.brokers.reading.answers import drift
from engine.brokers.reading.json_answers import json_table, records
from engine.lightcurve import AB_ZERO_POINT_UJY_MAG, MAG_ERR_PER_RELATIVE_FLUX_ERR, Flag
from engine.times import SECONDS_PER_DAY

ZTF_YEAR = 2022.5  # the middle of what ZTF has seen; its alerts began in 2018
ZTF_BANDS = ("ZTF(zg)", "ZTF(zr)", "ZTF(zi)")
REFERENCE_ARCSEC = 1.4  # within which a source of the reference image is the target: Foerster et al. 2021
ASTEROID_ARCSEC = 5.0
ZTF_EXPTIME_S = 30.0
_MAG_RANGE = (0.0, 40.0)  # outside are sentinels such as 100 and -999
_SIGMA_MAX = 10.0  # mag; 100 is a sentinel
MJD_RANGE = (57000.0, 90000.0)  # outside it is no MJD, or of neither survey
_SIGNS = dict.fromkeys(("t", "true", "1", "1.0"), 1.0) | dict.fromkeys(
    ("f", "false", "0", "-1", "-1.0"), -1.0
)
_ONE_EXPOSURE_DECIMALS = 5  # of a day: 0.9 s

ZTF_THANKS = (
    "Based on observations obtained with the Samuel Oschin Telescope 48-inch and the 60-inch Telescope at "
    "the Palomar Observatory as part of the Zwicky Transient Facility project. ZTF is supported by the "
    "National Science Foundation under Grants No. AST-1440341 and AST-2034437 and its partners."
)
HOW_ZTF = (
    "An alert measures the difference from a reference image. Where a source of the reference lies within "
    "1.4 arcsec of most alerts of a band, the target is in the reference: its flux there is added, the light "
    "curve of the band is the total brightness (calib_version ends in total-1), and alerts without such a "
    "source are left out; a transient on the nucleus of a galaxy then holds the light of the nucleus. Else "
    "it is the difference (difference-1), right for a transient without a host beneath it.",
    "Errors of total magnitudes are those of the difference on the total; the reference's own error, which "
    "shifts all points of a band alike, is not in them.",
    "The survey's 5 sigma limits are limits on the difference: they stay where the light curve is of the "
    "difference, and are left out where it is total, for the star was then as bright as in the reference.",
    "Times are the archive's Julian dates (UTC) of the start of the exposure, plus half of it: 15 s where "
    "its length is not given.",
    "Fluxes are kept with their sign; below 3 sigma a point is a 5 sigma limit from its error.",
)


class Kind(StrEnum):
    """What the fluxes of a light curve are."""

    TOTAL = "total"
    DIFFERENCE = "difference"


DETECTION, REPEATED, FORCED, LIMIT = range(4)  # of several rows of one exposure the first is kept
MEASURED: dict[str, pl.DataType] = {  # one row of ``light_curve_of``
    "source_ref": pl.String(),
    "mjd": pl.Float64(),
    "exptime_s": pl.Float64(),
    "band": pl.String(),
    "rank": pl.Int64(),
    "difference_ujy": pl.Float64(),
    "difference_err_ujy": pl.Float64(),
    "total_ujy": pl.Float64(),
    "total_err_ujy": pl.Float64(),
    "limit_mag": pl.Float64(),  # the archive's own, of a difference
    "flags": pl.Int64(),
}
_MAY_LACK: dict[str, pl.DataType] = {  # of rows that ``ztf_measured`` takes
    "magpsf": pl.Float64(),
    "sigmapsf": pl.Float64(),
    "isdiffpos": pl.String(),
    "difference_ujy": pl.Float64(),
    "difference_err_ujy": pl.Float64(),
    "diffmaglim": pl.Float64(),
    "reference_ujy": pl.Float64(),
    "exptime_s": pl.Float64(),
}


def nearest(
    answer: object, names: tuple[str, str, str], there: tuple[float, float], info: BrokerInfo
) -> str | None:
    """Return the id of the object nearest to a place, None where none is within the archive's radius.

    Parameters
    ----------
    answer
        A list of records of objects.
    names
        Of their columns: id, right ascension, declination [deg].
    there
        Right ascension and declination [deg], as ``place_in`` returns them.

    Raises
    ------
    Rejected
        ``schema-drift``
    """
    table = json_table(
        records(answer, title=info.title), title=info.title, numbers=names[1:], texts=names[:1]
    ).drop_nulls()
    return nearest_name(table, SkyCoord(*there, unit="deg"), names, radius_arcsec=info.radius_arcsec)


def light_curve_of(
    rows: pl.DataFrame, query: Query, info: BrokerInfo, *, prefer: Kind, facility: str
) -> pl.DataFrame:
    """Return measurements as a light curve of one kind in each band, of one point for each exposure.

    Parameters
    ----------
    rows
        What ``ztf_measured`` and ``lsst_rows`` return.
    prefer
        ``DIFFERENCE`` shows differences in every band; ``TOTAL`` where most rows of the band have one.
    """
    rows = rows.select(pl.col(name).cast(dtype) for name, dtype in MEASURED.items())
    measured = pl.col("difference_ujy").is_not_null()
    is_known, own = pl.col("total_ujy").is_not_null(), measured & (pl.col("rank") == DETECTION)
    share = pl.coalesce(
        is_known.filter(own).mean().over("band"),
        is_known.filter(measured).mean().over("band"),
        is_known.filter(measured).mean(),
        0.0,
    )
    total = (share > 0.5) & pl.lit(prefer is Kind.TOTAL)
    rows = rows.with_columns(
        flux_ujy=pl.when(total).then("total_ujy").otherwise("difference_ujy"),
        flux_err_ujy=pl.when(total).then("total_err_ujy").otherwise("difference_err_ujy"),
        limit_mag=pl.when(~total).then("limit_mag"),
        flags=pl.col("flags").fill_null(0) + pl.when(total).then(0).otherwise(int(Flag.DIFFERENCE)),
        calib_version=pl.format(
            f"{info.key}-{{}}-1", pl.when(total).then(pl.lit("total")).otherwise(pl.lit("difference"))
        ),
    )
    shown = brightness(pl.col("flux_ujy"), pl.col("flux_err_ujy"), zero_point_mag=AB_ZERO_POINT_UJY_MAG)
    rows = rows.with_columns(**shown | {"limit_mag": shown["limit_mag"].fill_null(pl.col("limit_mag"))})
    rows = rows.filter(pl.any_horizontal(pl.col("flux_ujy", "limit_mag").is_not_null()))
    rows = rows.sort("rank", maintain_order=True).unique(
        ["band", pl.col("mjd").round(_ONE_EXPOSURE_DECIMALS)], keep="first", maintain_order=True
    )
    return archive_points(
        rows.drop("rank", "difference_ujy", "difference_err_ujy", "total_ujy", "total_err_ujy"),
        query,
        info,
        calib_version="",
        facility=facility,
    )


def flux_ujy(mag: str) -> pl.Expr:
    """Return the flux of a column of AB magnitudes; sentinels become null."""
    sane = pl.col(mag).is_between(*_MAG_RANGE, closed="none")
    return pl.when(sane).then(flux_of(pl.col(mag)))


def ztf_measured(rows: pl.DataFrame, *, title: str) -> pl.DataFrame:
    """Return rows of ZTF alerts as measurements.

    Parameters
    ----------
    rows
        ``source_ref``, ``rank``, ``flags``; ``start_mjd`` of the exposure, ``fid``: 1 g, 2 r, 3 i. Of a
        measurement ``magpsf``, ``sigmapsf`` and ``isdiffpos`` (text, as any archive writes it), or
        ``difference_ujy`` and ``difference_err_ujy``; of a limit ``diffmaglim``. ``reference_ujy``: flux of
        the target in the reference image, null where it is not in it; ``exptime_s``. Of these any may lack.

    Raises
    ------
    Rejected
        ``schema-drift``: a row without time, in an unknown filter, or of a difference without a sign.
    """
    rows = rows.with_columns(
        pl.lit(None, dtype).alias(name) for name, dtype in _MAY_LACK.items() if name not in rows.columns
    )
    sign = (
        pl.col("isdiffpos").str.to_lowercase().replace_strict(_SIGNS, default=None, return_dtype=pl.Float64())
    )
    rows = rows.with_columns(sign=sign, size=flux_ujy("magpsf"))
    refuse_if(rows, ~pl.col("start_mjd").is_between(*MJD_RANGE), title=title, what="a row without a time")
    refuse_if(rows, ~pl.col("fid").is_in([1.0, 2.0, 3.0]), title=title, what="an unknown filter")
    unsigned = pl.col("magpsf").is_not_null() & pl.col("sign").is_null()
    refuse_if(rows, unsigned, title=title, what="a difference without a sign")
    sound = pl.col("sigmapsf").is_between(0.0, _SIGMA_MAX, closed="none")
    error = pl.when(sound).then(pl.col("size") * pl.col("sigmapsf") / MAG_ERR_PER_RELATIVE_FLUX_ERR)
    rows = rows.with_columns(
        difference_ujy=pl.coalesce(
            "difference_ujy", pl.when(error.is_not_null()).then(pl.col("sign") * pl.col("size"))
        ),
        difference_err_ujy=pl.coalesce("difference_err_ujy", error),
        exptime_s=pl.col("exptime_s").fill_null(ZTF_EXPTIME_S),
    )
    is_limit = pl.col("difference_ujy").is_null() & (pl.col("rank") == LIMIT)
    return rows.with_columns(
        mjd=pl.col("start_mjd") + pl.col("exptime_s") / (2.0 * SECONDS_PER_DAY),
        band=pl.col("fid").replace_strict(
            {float(fid): band for fid, band in enumerate(ZTF_BANDS, 1)}, return_dtype=pl.String()
        ),
        total_ujy=pl.col("difference_ujy") + pl.col("reference_ujy"),
        total_err_ujy="difference_err_ujy",
        limit_mag=pl.when(is_limit & flux_ujy("diffmaglim").is_not_null()).then("diffmaglim"),
    ).select(*MEASURED)


def ztf_reference_ujy() -> pl.Expr:
    """Return the flux of the nearest source in the reference image where that source is the target."""
    near = pl.col("distnr").is_between(0.0, REFERENCE_ARCSEC)
    return pl.when(near).then(flux_ujy("magnr"))


def asteroid_flag() -> pl.Expr:
    """Return the flag of alerts near which ZTF knows an asteroid, from their column ``ssdistnr``."""
    near = pl.col("ssdistnr").is_between(0.0, ASTEROID_ARCSEC)
    return pl.when(near).then(int(Flag.BLENDED)).otherwise(0)


def refuse_if(rows: pl.DataFrame, broken: pl.Expr, *, title: str, what: str) -> None:
    """Refuse an answer of which one row is broken, or where that cannot be told."""
    if rows.select(broken.fill_null(True).any()).item():
        raise drift(title, what)
