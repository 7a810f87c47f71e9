"""LINEAR: unfiltered light curves of the asteroid survey, 1998 to 2009, from files of its public catalogue.

References
----------
Sesar et al. 2011, AJ 142, 190; Palaversa et al. 2013, AJ 146, 101 (the variable stars among them).
"""

from dataclasses import dataclass

import polars as pl

from engine.brokers.points import archive_points
from engine.brokers.protocol import Asks, BrokerInfo, Http, Query
from engine.brokers.reading.answers import text_of, text_table, with_numbers, within
from engine.errors import Rejected
from engine.lightcurve import empty

CUTS_VERSION = "linear-cuts-1"

INFO = BrokerInfo(
    key="linear",
    title="LINEAR",
    radius_arcsec=1.0,
    refresh_d=None,
    bands=("LINEAR(CL)",),
    citation="2011AJ....142..190S",
    acknowledgement=(
        "The LINEAR program is funded by the National Aeronautics and Space Administration at MIT Lincoln "
        "Laboratory under Air Force Contract FA8721-05-C-0002. Opinions, interpretations, conclusions and "
        "recommendations are those of the authors and are not necessarily endorsed by the United States "
        "Government."
    ),
    homepage="https://www.astroml.org/user_guide/datasets.html",
    release="2011, final",
    asks=Asks.FILE,
    dec_range_deg=(-30.0, 70.0),
    coverage="10,000 square degrees",
    method=(
        "There is no service: a person brings the star's file of the public catalogue, which has the columns "
        "MJD, magnitude and error and no header; lines that begin with # are left out.",
        "Rows without a magnitude between 5 and 25 and a positive error are left out. calib_version names "
        "these cuts: linear-cuts-1.",
        "Magnitudes are unfiltered, recalibrated with SDSS by Sesar et al. 2011.",
        "The files have detections only; there are no limits.",
        "Times are the file's MJD (UTC) as they are; exposures are shorter than 20 s.",
    ),
    differs=("BHTOM asks a private copy of the catalogue; tomlake reads the public files.",),
)

COLUMNS = ("mjd", "mag", "mag_err")
_MJD_RANGE = (50800.0, 55500.0)
_MAG_RANGE = (5.0, 25.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Linear:
    """Light-curve files of LINEAR."""

    info = INFO

    def fetch(self, query: Query, http: Http) -> bytes:  # noqa: ARG002
        """Refuse: there is nobody to ask.

        Raises
        ------
        Rejected
            ``needs-file``
        """
        raise Rejected(
            f"LINEAR has no service: bring the light-curve file of {query.name} from its public catalogue.",
            code="needs-file",
        )

    def parse(self, body: bytes, query: Query) -> pl.DataFrame:
        """Return a star's file as a light curve.

        Raises
        ------
        Rejected
            ``schema-drift``
        """
        lines = [line.split() for line in text_of(body, title=INFO.title).splitlines()]
        rows = [line for line in lines if line and not line[0].startswith("#")]
        if not rows:
            return empty()
        table = text_table(COLUMNS, rows, title=INFO.title, required=COLUMNS)
        numbers = with_numbers(table, COLUMNS, title=INFO.title)
        within(numbers, "mjd", *_MJD_RANGE, title=INFO.title)
        mag_err = pl.col("mag_err")
        points = numbers.filter(
            pl.col("mag").is_between(*_MAG_RANGE), mag_err.is_finite(), mag_err > 0
        ).with_columns(
            source_ref=pl.format("{}", pl.col("mjd").round(6)),
            band=pl.lit("LINEAR(CL)"),
        )
        return archive_points(points, query, INFO, calib_version=CUTS_VERSION, facility="LINEAR")
