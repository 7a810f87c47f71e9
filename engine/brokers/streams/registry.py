"""The streams that tomlake can watch: one line each."""

from engine.brokers.streams.alerce import Alerce
from engine.brokers.streams.antares import Antares
from engine.brokers.streams.fink import FinkLsst, FinkZtf
from engine.brokers.streams.gaia_alerts import GaiaAlertsIndex
from engine.brokers.streams.lasair import Lasair
from engine.brokers.streams.protocol import Stream
from engine.brokers.streams.tns import Tns
from engine.brokers.streams.transients_fyi import TransientsFyi
from engine.errors import Rejected

STREAMS: tuple[Stream, ...] = (
    FinkZtf(),
    FinkLsst(),
    Alerce(),
    Lasair(),
    Antares(),
    TransientsFyi(),
    Tns(),
    GaiaAlertsIndex(),
)


def stream(key: str) -> Stream:
    """Return the stream of a key.

    Raises
    ------
    Rejected
        ``unknown-stream``
    """
    for known in STREAMS:
        if known.info.key == key:
            return known
    keys = ", ".join(known.info.key for known in STREAMS)
    raise Rejected(f"There is no stream {key!r:.60}; tomlake knows {keys}.", code="unknown-stream")
