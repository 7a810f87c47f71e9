"""Gaia DR3: the number and the proper motion of the star at a place.

References
----------
Gaia Collaboration, Vallenari et al. 2023, A&A 674, A1.
"""

from engine.brokers.asking.tap import adql_cone, ask_tap
from engine.brokers.protocol import Http
from engine.brokers.reading.answers import csv_table, with_numbers
from engine.brokers.reference import GAIA_URL
from engine.target import Target

TITLE = "Gaia DR3"
EPOCH = 2016.0
_FASTEST_ARCSEC_YR = 1.0  # faster stars are few, and SIMBAD has them
_NUMBERS = ("ra", "dec", "pmra", "pmdec")


def near(http: Http, *, ra_deg: float, dec_deg: float, epoch: float, radius_arcsec: float) -> list[Target]:
    """Return the stars that may have been in a cone at an epoch, at their places of J2016.

    Raises
    ------
    Rejected
        ``schema-drift``
    Transient
        Gaia's archive cannot be asked now.
    """
    reach_arcsec = radius_arcsec + _FASTEST_ARCSEC_YR * abs(EPOCH - epoch)
    inside = adql_cone("ra", "dec", ra_deg=ra_deg, dec_deg=dec_deg, radius_deg=reach_arcsec / 3600.0)
    adql = f"SELECT source_id, ra, dec, pmra, pmdec FROM gaiadr3.gaia_source WHERE {inside}"  # noqa: S608 - numbers only
    body = ask_tap(http, GAIA_URL, adql, title=TITLE, timeout_s=60.0)
    table = csv_table(body, title=TITLE, required=("source_id", *_NUMBERS))
    rows = with_numbers(table, _NUMBERS, title=TITLE).drop_nulls(("ra", "dec"))
    return [
        Target(
            name=f"{TITLE} {row['source_id']}",
            ra_deg=row["ra"],
            dec_deg=row["dec"],
            epoch=EPOCH,
            pm_ra_mas_yr=row["pmra"],
            pm_dec_mas_yr=row["pmdec"],
        )
        for row in rows.iter_rows(named=True)
    ]
