"""The archives that tomlake knows: one line each; ``docs/archives.md`` is written from them.

``python -m engine.brokers.registry > docs/archives.md`` brings the page up to date.
"""

import sys
from collections.abc import Iterable, Mapping

from engine.brokers.aavso import Aavso
from engine.brokers.alerce import Alerce
from engine.brokers.alerce_lsst import AlerceLsst
from engine.brokers.allwise import Allwise
from engine.brokers.antares import Antares
from engine.brokers.asassn import Asassn
from engine.brokers.asassn_v1 import AsassnV1
from engine.brokers.atlas import Atlas
from engine.brokers.cpcs import Cpcs
from engine.brokers.crts import Crts
from engine.brokers.dasch import Dasch
from engine.brokers.decaps import Decaps
from engine.brokers.fava import Fava
from engine.brokers.fermi_lcr import FermiLcr
from engine.brokers.fink import Fink
from engine.brokers.fink_lsst import FinkLsst
from engine.brokers.fink_sso import FinkSso
from engine.brokers.first import First
from engine.brokers.gaia_alerts import GaiaAlerts
from engine.brokers.gaia_dr3 import GaiaDr3
from engine.brokers.galex import Galex
from engine.brokers.kmtnet import Kmtnet
from engine.brokers.lasair import Lasair
from engine.brokers.lasair_lsst import LasairLsst
from engine.brokers.linear import Linear
from engine.brokers.lotss import Lotss
from engine.brokers.moa import Moa
from engine.brokers.mpc import Mpc
from engine.brokers.neowise import Neowise
from engine.brokers.ogle_ews import OgleEws
from engine.brokers.ogle_ocvs import OgleOcvs
from engine.brokers.panstarrs import PanStarrs
from engine.brokers.protocol import Asks, Broker, BrokerInfo
from engine.brokers.ptf import Ptf
from engine.brokers.sdss import Sdss
from engine.brokers.skymapper import SkyMapper
from engine.brokers.superwasp import SuperWasp
from engine.brokers.swift_uvot import SwiftUvot
from engine.brokers.tess import Tess
from engine.brokers.tns import Tns
from engine.brokers.twomass import Twomass
from engine.brokers.vlass import Vlass
from engine.brokers.ztf import Ztf
from engine.brokers.ztf_forced import ZtfForced
from engine.errors import Rejected

BROKERS: tuple[Broker, ...] = (
    Aavso(),
    Alerce(),
    AlerceLsst(),
    Allwise(),
    Antares(),
    Asassn(),
    AsassnV1(),
    Atlas(),
    Cpcs(),
    Crts(),
    Dasch(),
    Decaps(),
    Fava(),
    FermiLcr(),
    Fink(),
    FinkLsst(),
    FinkSso(),
    First(),
    GaiaAlerts(),
    GaiaDr3(),
    Galex(),
    Kmtnet(),
    Lasair(),
    LasairLsst(),
    Linear(),
    Lotss(),
    Moa(),
    Mpc(),
    Neowise(),
    OgleEws(),
    OgleOcvs(),
    PanStarrs(),
    Ptf(),
    Sdss(),
    SkyMapper(),
    SuperWasp(),
    SwiftUvot(),
    Tess(),
    Tns(),
    Twomass(),
    Vlass(),
    Ztf(),
    ZtfForced(),
)


def broker(key: str) -> Broker:
    """Return the archive of a key.

    Raises
    ------
    Rejected
        ``unknown-archive``
    """
    for known in BROKERS:
        if known.info.key == key:
            return known
    keys = ", ".join(known.info.key for known in BROKERS)
    raise Rejected(f"There is no archive {key!r}; tomlake knows {keys}.", code="unknown-archive")


def served(secrets: Mapping[str, str], brokers: Iterable[Broker] = BROKERS) -> list[BrokerInfo]:
    """Return the archives that can be asked by themselves: their account is set, and they have a service."""
    infos = [known.info for known in brokers]
    return [
        info for info in infos if info.asks != Asks.FILE and (not info.account or info.account in secrets)
    ]


def archives_page() -> str:
    """Return the text of ``docs/archives.md``."""
    infos = [known.info for known in BROKERS]
    rows = "\n".join(_row(info) for info in infos)
    sections = "\n".join(_section(info) for info in infos)
    return f"""# Archives

tomlake harvests these archives for every target. Each is one module in `engine/brokers`: `fetch` asks,
`parse` reads the answer without network or clock. The raw answer is kept as it came, to be read again.
What archives share stands beside them: `asking/` speaks to services, `reading/` reads forms of answers,
`matching.py` finds the target in them, `points.py` makes light curves.

| archive | key | bands | radius | asked again |
|---|---|---|---|---|
{rows}

{sections}
## Adding an archive

1. `engine/brokers/<key>.py` with a class that has `info`, `fetch` and `parse` (see `protocol.py`).
2. `tests/engine/brokers/<key>/test_<key>.py`, and in `tests/data/brokers/<key>/` the answers `rows`, `empty`
   and `broken`, of at most 20 rows, with `query.json`: the question that they answer.
3. A line in `engine/brokers/registry.py`, then `python -m engine.brokers.registry > docs/archives.md`.

`tests/engine/brokers/test_registry.py` holds every archive to this. `pytest tests/online -m online`
asks the live archives whether they still answer so; the gate never does.
"""


def _row(info: BrokerInfo) -> str:
    again = "never, the archive is closed" if info.refresh_d is None else f"every {info.refresh_d:g} d"
    bands = ", ".join(f"`{band}`" for band in info.bands)
    return f"| [{info.title}]({info.homepage}) | `{info.key}` | {bands} | {info.radius_arcsec:g}″ | {again} |"


def _section(info: BrokerInfo) -> str:
    method = "\n".join(f"- {sentence}" for sentence in info.method)
    release = f" Release: {info.release}." if info.release else ""
    return f"""## {info.title}

{method}

Cite [{info.citation}](https://ui.adsabs.harvard.edu/abs/{info.citation.replace("&", "%26")}).{release}

> {info.acknowledgement}
"""


if __name__ == "__main__":
    sys.stdout.write(archives_page())
