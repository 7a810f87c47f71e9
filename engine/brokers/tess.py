"""TESS: light curves of the SPOC pipeline, of targets and from full-frame images, since 2018.

References
----------
Ricker et al. 2015, JATIS 1, 014003; Jenkins et al. 2016, SPIE 9913, 99133E; Caldwell et al. 2020, RNAAS 4,
201 (light curves from full-frame images).
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from json import dumps

import numpy as np
import polars as pl

from engine.brokers.asking.found import found
from engine.brokers.matching import nearest_first, place_at, place_in
from engine.brokers.points import archive_points, brightness
from engine.brokers.protocol import BrokerInfo, Canary, Http, Query
from engine.brokers.reading.answers import drift, refuse_pages
from engine.brokers.reading.bundle import bundled, parts_of
from engine.brokers.reading.json_answers import json_of
from engine.brokers.reading.spoc_files import Sector, sector_of
from engine.errors import NotReady, Transient
from engine.lightcurve import empty
from engine.times import JD_MINUS_MJD, mjd_utc_of_barycentric

INVOKE_URL = "https://mast.stsci.edu/api/v0/invoke"
DOWNLOAD_URL = "https://mast.stsci.edu/api/v0.1/Download/file"
CUTS_VERSION = "tess-cuts-1"
ZERO_POINT_MAG = 20.44  # of one electron per second: TESS Instrument Handbook
SECTORS_MAX = 12
CADENCES_MAX = 2000  # of a sector that is kept as it is
BIN_D = 1.0 / 48.0

INFO = BrokerInfo(
    key="tess",
    title="TESS (SPOC)",
    radius_arcsec=5.0,
    refresh_d=30.0,
    bands=("TESS(T)",),
    citation="2015JATIS...1a4003R",
    acknowledgement=(
        "This paper includes data collected by the TESS mission, which are publicly available from the "
        "Mikulski Archive for Space Telescopes (MAST). Funding for the TESS mission is provided by NASA's "
        "Science Mission Directorate. Resources supporting this work were provided by the NASA High-End "
        "Computing (HEC) Program through the NASA Advanced Supercomputing (NAS) Division at Ames Research "
        "Center for the production of the SPOC data products."
    ),
    homepage="https://archive.stsci.edu/missions-and-data/tess",
    coverage="targets of the mission, and stars to T = 13.5 on full-frame images",
    time_scale="TDB at the barycentre",
    latency_s=120.0,
    canary=Canary(name="pi Men", ra_deg=84.2911880, dec_deg=-80.4691198, least_rows=1000),
    method=(
        "The star is the nearest one of the TESS Input Catalog with light curves within the radius of the "
        "target moved to 2000, the catalogue's epoch; of each sector its light curve of 2 minutes is "
        "taken, else the longest other one, and at most the 12 latest sectors. Light curves of several "
        "sectors together are not taken.",
        "The flux is PDCSAP_FLUX (electrons per second): corrected for systematic trends and for neighbours "
        "in the aperture; changes slower than a sector are partly corrected away with the trends. T = "
        "20.44 - 2.5 log10(flux). Pixels are 21 arcsec wide: neighbours matter all the same.",
        "Cadences with any quality flag (QUALITY other than 0) are left out.",
        "A sector of more than 2000 good cadences is binned to 30 minutes: the mean flux at the mean time, "
        "with the error of the mean. calib_version names cuts and bins: tess-cuts-1.",
        "From 3 sigma on a point is a magnitude, else a 5 sigma limit from the flux's error.",
        "Times are the middle of the cadence at the barycentre (TDB), taken back to the geocentre in UTC; "
        "TESS itself is at most 1.3 light seconds away from it.",
    ),
    differs=(
        "Times are taken from the barycentre back to the observer, up to eight minutes, where BHTOM writes "
        "barycentric TDB as UTC.",
        "The flux without the neighbours' light is taken, where BHTOM takes all light of the aperture.",
        "A star farther than 5 arcsec is not the target, where BHTOM takes one up to 21 arcsec away.",
        "Cadences that the mission flags are left out.",
    ),
)

_EPOCH_YEAR = 2000.0  # of positions in the TESS Input Catalog
_BTJD_ZERO_MJD = 2457000.0 - JD_MINUS_MJD
_OBSERVATIONS = "observations.json"
_COLLECTIONS, _PIPELINES = ["TESS", "HLSP"], ["SPOC", "TESS-SPOC"]
_TARGET_ID = re.compile(r"tess\d{13}-s(\d{4})-(\d{16})-\d{4}-s")
_IMAGE_ID = re.compile(r"hlsp_tess-spoc_tess_phot_(\d{16})-s(\d{4})_tess_v1_(?:tp|lc)")
_TWO_MINUTES_S = 120.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """One light curve that the archive has."""

    tic: int
    sector: int
    ra_deg: float
    dec_deg: float
    exptime_s: float
    uri: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Tess:
    """MAST, asked for the light curves of TESS."""

    info = INFO

    def fetch(self, query: Query, http: Http) -> bytes:
        """Return the list of observations and a FITS file for each sector, as a bundle.

        Raises
        ------
        NotReady
            The archive still works on the list.
        """
        answer = http.post(INVOKE_URL, form={"request": dumps(_question(query))}, timeout_s=240.0)
        answer = refuse_pages(answer, title=INFO.title)
        _check_status(answer)
        parts: dict[str, bytes] = {}
        for wanted in chosen(observations(answer), query):
            file = found(http, DOWNLOAD_URL, {"uri": wanted.uri}, timeout_s=240.0)
            if file is not None:  # an observation may lack a light curve
                parts[f"s{wanted.sector:04d}"] = refuse_pages(file, title=INFO.title)
        return bundled({_OBSERVATIONS: answer} | parts) if parts else b""

    def parse(self, body: bytes, query: Query) -> pl.DataFrame:
        """Return the good cadences of all sectors as a light curve, long sectors in bins of 30 minutes.

        Raises
        ------
        Rejected
            ``schema-drift``
        """
        parts = parts_of(body, title=INFO.title)
        if not parts:
            return empty()
        if _OBSERVATIONS not in parts:
            raise drift(INFO.title, "no list of observations")
        listed = {(each.tic, each.sector) for each in observations(parts.pop(_OBSERVATIONS))}
        sectors = {name: sector_of(file, title=INFO.title) for name, file in parts.items()}
        for name, sector in sectors.items():
            if (sector.tic, sector.number) not in listed or name != f"s{sector.number:04d}":
                raise drift(INFO.title, f"the light curve of TIC {sector.tic}, which was not asked for")
        if len({sector.tic for sector in sectors.values()}) > 1:
            raise drift(INFO.title, "light curves of several stars")
        tables = [table for table in map(_points, sectors.values()) if len(table)]
        if not tables:
            return empty()
        rows = pl.concat(tables)
        mjd_tdb = rows["btjd"].to_numpy() + _BTJD_ZERO_MJD
        mjd = mjd_utc_of_barycentric(mjd_tdb, scale="tdb", ra_deg=query.ra_deg, dec_deg=query.dec_deg)
        points = rows.select(
            pl.Series("mjd", mjd),
            "source_ref",
            "exptime_s",
            "camera",
            band=pl.lit("TESS(T)"),
            **brightness(pl.col("flux"), pl.col("flux_err"), zero_point_mag=ZERO_POINT_MAG),
        )
        return archive_points(points, query, INFO, calib_version=CUTS_VERSION, facility="TESS")


def observations(body: bytes) -> list[Observation]:
    """Return the light curves of single sectors in an answer of MAST, 20 second ones left out.

    Raises
    ------
    Rejected
        ``schema-drift``
    """
    answer = json_of(body, title=INFO.title, keeps_nan=True)
    rows = answer.get("data") if isinstance(answer, dict) else None
    if not isinstance(rows, list):
        raise drift(INFO.title, "no list of observations")
    try:
        found = [_observation(row) for row in rows]
    except (LookupError, TypeError, ValueError) as error:
        raise drift(INFO.title, "an observation without name, star or place") from error
    return [each for each in found if each]


def chosen(found: Iterable[Observation], query: Query) -> list[Observation]:
    """Return the nearest star's light curves to be taken: one for each sector, the latest sectors."""
    found = list(found)
    if not found:
        return []
    places = pl.DataFrame(
        {
            "place": range(len(found)),
            "ra": [each.ra_deg for each in found],
            "dec": [each.dec_deg for each in found],
        }
    )
    near = nearest_first(places, place_at(query, _EPOCH_YEAR), radius_arcsec=INFO.radius_arcsec)
    if near.is_empty():
        return []
    tic = found[near["place"][0]].tic
    best: dict[int, Observation] = {}
    for each in sorted(found, key=lambda each: (each.exptime_s != _TWO_MINUTES_S, -each.exptime_s, each.uri)):
        if each.tic == tic:
            best.setdefault(each.sector, each)
    return [best[sector] for sector in sorted(best)[-SECTORS_MAX:]]


def _observation(row: Mapping[str, object]) -> Observation | None:
    name = str(row["obs_id"])
    of_target, of_image = _TARGET_ID.fullmatch(name), _IMAGE_ID.fullmatch(name)
    if of_target:
        sector, tic, uri = of_target[1], of_target[2], f"mast:TESS/product/{name}_lc.fits"
    elif of_image:
        tic, sector = of_image[1], of_image[2]
        folder = "/".join(tic[start : start + 4] for start in range(0, 16, 4))
        file = f"hlsp_tess-spoc_tess_phot_{tic}-s{sector}_tess_v1_lc.fits"
        uri = f"mast:HLSP/tess-spoc/s{sector}/target/{folder}/{file}"
    else:
        return None
    return Observation(
        tic=int(tic),
        sector=int(sector),
        ra_deg=float(str(row["s_ra"])),
        dec_deg=float(str(row["s_dec"])),
        exptime_s=float(str(row["t_exptime"])),
        uri=uri,
    )


def _question(query: Query) -> dict[str, object]:
    ra_deg, dec_deg = place_in(query, _EPOCH_YEAR)
    wanted = {
        "obs_collection": _COLLECTIONS,
        "provenance_name": _PIPELINES,
        "dataproduct_type": ["timeseries"],
    }
    return {
        "service": "Mast.Caom.Filtered.Position",
        "format": "json",
        "pagesize": 2000,
        "page": 1,
        "params": {
            "columns": "*",
            "filters": [{"paramName": name, "values": values} for name, values in wanted.items()],
            "position": f"{ra_deg:.7f}, {dec_deg:.7f}, {INFO.radius_arcsec / 3600.0:.7f}",
        },
    }


def _check_status(body: bytes) -> None:
    answer = json_of(body, title=INFO.title)
    status = answer.get("status") if isinstance(answer, dict) else None
    if status == "EXECUTING":
        raise NotReady(f"{INFO.title} still searches.", ticket="searching")
    if status != "COMPLETE":
        raise Transient(f"{INFO.title} could not search; it is asked again later.", code="archive-down")


def _points(sector: Sector) -> pl.DataFrame:
    """Return the cadences of a sector, or their bins where there are many."""
    is_long = len(sector.btjd) > CADENCES_MAX
    group = np.floor(sector.btjd / BIN_D).astype(np.int64) if is_long else sector.cadence
    rows = pl.DataFrame({"group": group, "btjd": sector.btjd, "flux": sector.flux, "err": sector.flux_err})
    means = rows.group_by("group", maintain_order=True).agg(
        pl.col("btjd", "flux").mean(),
        flux_err=(pl.col("err") ** 2).sum().sqrt() / pl.len(),
        exptime_s=pl.len() * sector.exptime_s,
    )
    kind = "30min" if is_long else "cadence"
    return means.with_columns(
        source_ref=pl.format("{}/{}", pl.lit(f"TIC {sector.tic}/s{sector.number:04d}/{kind}"), "group"),
        camera=pl.lit(f"camera {sector.camera}"),
    )
