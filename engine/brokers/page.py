"""The page ``docs/archives.md``, written from the archives' own facts.

``python -m engine.brokers.page > docs/archives.md`` brings it up to date.
"""

import sys

from engine.brokers.asking.accounts import ACCOUNTS
from engine.brokers.protocol import BrokerInfo, Evidence
from engine.brokers.registry import BROKERS

_BANDS_SHOWN = 6


def archives_page() -> str:
    """Return the text of ``docs/archives.md``."""
    infos = sorted((known.info for known in BROKERS), key=lambda info: info.title.lower())
    rows = "\n".join(_row(info) for info in infos)
    sections = "\n".join(_section(info) for info in infos)
    recorded = sum(info.evidence == Evidence.RECORDED for info in infos)
    return f"""# Archives

tomlake asks these {len(infos)} archives for every target, all at once. Each is one module in
`engine/brokers`: `fetch` asks, `parse` reads the answer without network or clock. The raw answer is kept as
it came, to be read again: `tomlake reparse ARCHIVE`. `tomlake archives` and the page *Archives* tell how each
fares, and `tomlake canary` asks each a question whose answer is known. What archives share stands beside
them: `asking/` speaks to services, `reading/` reads forms of answers, `matching.py` finds the target in them,
`points.py` makes light curves.

Everywhere times become MJD (UTC) in the middle of the exposure, as seen at the Earth's centre; a flux becomes
a magnitude from 3 sigma on and else a limit of 5 sigma; an archive's own limits are kept. {recorded} archives
are tested on real answers, the others on answers built from their documentation, as their rows say.

| archive | key | asked by | covers | radius | bands | time there | asked again | tested on | cite |
|---|---|---|---|---|---|---|---|---|---|
{rows}

{sections}
## Accounts

Some archives answer only to those who have an account. Set the variable and start tomlake again; without it
the archive is left out, and says so.

{_accounts()}

## Adding an archive

1. `engine/brokers/<key>.py` with a class that has `info`, `fetch` and `parse` (see `protocol.py`).
2. `tests/engine/brokers/<key>/test_<key>.py`, and in `tests/data/brokers/<key>/` the answers `rows`, `empty`
   and `broken`, of at most 40 lines, with `query.json`, the question that they answer, and `routes.json`:
   which words of a request are answered by which file.
3. A line in `engine/brokers/registry.py`, then `python -m engine.brokers.page > docs/archives.md`.

`tests/engine/brokers/test_registry.py` and `tests/jobs/test_all_archives.py` hold every archive to this.
`pytest tests/online -m online` asks the live archives whether they still answer so; the gate never does.
"""


def _row(info: BrokerInfo) -> str:
    again = "never" if info.refresh_d is None else f"every {info.refresh_d:g} d"
    by = str(info.asks) + (" (account)" if info.account else "")
    bands = ", ".join(f"`{band}`" for band in info.bands[:_BANDS_SHOWN])
    more = " …" if len(info.bands) > _BANDS_SHOWN else ""
    cells = (
        f"[{info.title}](#{_anchor(info.title)})",
        f"`{info.key}`",
        by,
        info.coverage,
        f"{info.radius_arcsec:g}″",
        bands + more,
        info.time_scale,
        again,
        str(info.evidence),
        _cited(info),
    )
    return f"| {' | '.join(cells)} |"


def _section(info: BrokerInfo) -> str:
    method = "\n".join(f"- {sentence}" for sentence in info.method)
    differs = "\n".join(f"- {sentence}" for sentence in info.differs)
    release = f" Release: {info.release}." if info.release else ""
    unlike = f"\nUnlike BHTOM:\n{differs}\n" if info.differs else ""
    return f"""## {info.title}

{method}
{unlike}
[Its own pages]({info.homepage}). Cite {_cited(info)}.{release}

> {info.acknowledgement}
"""


def _accounts() -> str:
    return "\n".join(f"- `TOMLAKE_{name.upper()}`: {words}" for name, words in ACCOUNTS.items())


def _cited(info: BrokerInfo) -> str:
    address = f"https://ui.adsabs.harvard.edu/abs/{info.citation.replace('&', '%26')}"
    return f"[{info.citation}]({address})"


def _anchor(title: str) -> str:
    """Return the anchor that a heading has where Markdown is shown."""
    kept = "".join(char for char in title.lower() if char.isalnum() or char in " -_")
    return kept.replace(" ", "-")


if __name__ == "__main__":
    sys.stdout.write(archives_page())
