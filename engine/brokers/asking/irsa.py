"""IRSA, which holds the catalogues of WISE, 2MASS, PTF and ZTF: by TAP, and by Gator where TAP fails."""

from collections.abc import Sequence

from engine.brokers.asking.tap import TIMEOUT_S, ask_tap, rows_in_cone
from engine.brokers.matching import Cone
from engine.brokers.protocol import Http
from engine.brokers.reading.answers import refuse_pages
from engine.errors import Transient

TAP_URL = "https://irsa.ipac.caltech.edu/TAP"
GATOR_URL = "https://irsa.ipac.caltech.edu/cgi-bin/Gator/nph-query"


def irsa_rows(http: Http, cone: Cone, *, table: str, columns: Sequence[str], title: str) -> bytes:
    """Return a table's rows in a cone as CSV, by TAP."""
    return ask_tap(http, TAP_URL, rows_in_cone(table, columns, cone), title=title)


def ask_irsa(http: Http, cone: Cone, *, table: str, columns: Sequence[str], title: str) -> bytes:
    """Return a table's rows in a cone: CSV by TAP, or an IPAC table by Gator where TAP fails."""
    try:
        return irsa_rows(http, cone, table=table, columns=columns, title=title)
    except Transient:
        gator = {
            "catalog": table,
            "spatial": "cone",
            "radius": f"{cone.radius_arcsec:.3f}",
            "radunits": "arcsec",
            "objstr": f"{cone.ra_deg:.7f} {cone.dec_deg:+.7f}",
            "outfmt": "1",
            "selcols": ",".join(columns),
        }
        return refuse_pages(http.get(GATOR_URL, params=gator, timeout_s=TIMEOUT_S), title=title)
