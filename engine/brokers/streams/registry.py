"""The streams that tomlake can watch: one line each."""

from engine.brokers.protocol import Evidence
from engine.brokers.streams.alerce import Alerce
from engine.brokers.streams.antares import Antares
from engine.brokers.streams.fink import FinkLsst, FinkZtf
from engine.brokers.streams.gaia_alerts import GaiaAlertsIndex
from engine.brokers.streams.lasair import Lasair
from engine.brokers.streams.protocol import Stream, StreamInfo
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


def streams_table() -> str:
    """Return the table of streams of ``docs/watching.md``."""
    rows = [
        f"| [{info.title}]({info.homepage}) | `{info.key}` | {info.class_words}, such as "
        f"{', '.join(f'`{name}`' for name in info.classes[:3])} | {_account(info)} | {_evidence(info)} |"
        for info in (each.info for each in STREAMS)
    ]
    head = "| stream | key | asked by | account | what it rests on |\n|---|---|---|---|---|"
    return "\n".join([head, *rows])


def _account(info: StreamInfo) -> str:
    return ", ".join(f"`TOMLAKE_{name.upper()}`" for name in info.accounts) or "none"


def _evidence(info: StreamInfo) -> str:
    return info.basis if info.evidence == Evidence.RECORDED else f"**Documentation only.** {info.basis}"
