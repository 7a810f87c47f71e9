"""Lists of a season's events, which microlensing surveys keep at one address for each year."""

import re

import polars as pl

from engine.brokers.asking.found import found
from engine.brokers.protocol import Http
from engine.brokers.reading.answers import refuse_pages, text_of
from engine.brokers.reading.event_lists import events_of

_TIMEOUT_S = 120.0


def season_of(http: Http, url: str, listed: re.Pattern[str], *, title: str, may_lack: bool) -> pl.DataFrame:
    """Return the events of a season's list; where the list may be missing, and is, there are none.

    Raises
    ------
    Transient
        ``answer-is-a-page``, ``cut-off``
    Rejected
        ``not-found``, ``schema-drift``
    """
    body = found(http, url, timeout_s=_TIMEOUT_S) if may_lack else http.get(url, timeout_s=_TIMEOUT_S)
    text = "" if body is None else text_of(refuse_pages(body, title=title), title=title)
    return events_of(text, listed, title=title)
