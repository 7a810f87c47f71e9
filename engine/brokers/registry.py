"""The archives that tomlake knows: one line each; ``docs/archives.md`` is written from them.

``python -m engine.brokers.registry > docs/archives.md`` brings the page up to date.
"""

import sys

from engine.brokers.alerce import Alerce
from engine.brokers.alerce_lsst import AlerceLsst
from engine.brokers.antares import Antares
from engine.brokers.fink import Fink
from engine.brokers.fink_lsst import FinkLsst
from engine.brokers.gaia_alerts import GaiaAlerts
from engine.brokers.lasair import Lasair
from engine.brokers.lasair_lsst import LasairLsst
from engine.brokers.neowise import Neowise
from engine.brokers.protocol import Broker, BrokerInfo
from engine.brokers.tns import Tns
from engine.errors import Rejected

BROKERS: tuple[Broker, ...] = (
    Alerce(),
    AlerceLsst(),
    Antares(),
    Fink(),
    FinkLsst(),
    Lasair(),
    LasairLsst(),
    GaiaAlerts(),
    Neowise(),
    Tns(),
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


def archives_page() -> str:
    """Return the text of ``docs/archives.md``."""
    infos = [known.info for known in BROKERS]
    rows = "\n".join(_row(info) for info in infos)
    sections = "\n".join(_section(info) for info in infos)
    return f"""# Archives

tomlake harvests these archives for every target. Each is one module in `engine/brokers`: `fetch` asks,
`parse` reads the answer without network or clock. The raw answer is kept as it came, to be read again.

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
