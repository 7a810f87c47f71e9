"""The archives that tomlake knows: one line each."""

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
