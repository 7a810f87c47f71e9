"""Questions about things that an archive may not have: it says so with "not found", which is no failure."""

from engine.brokers.protocol import Http, Words
from engine.brokers.reading.json_answers import fetched_json
from engine.errors import Rejected


def found(http: Http, url: str, params: Words | None = None, *, timeout_s: float = 60.0) -> bytes | None:
    """Return an answer, None where the address is not found."""
    try:
        return http.get(url, params=params, timeout_s=timeout_s)
    except Rejected as refusal:
        if refusal.code == "not-found":
            return None
        raise


def whole_answer(http: Http, url: str, params: Words | None = None, *, title: str) -> bytes | None:
    """Return an answer in JSON after checking that it is whole, None where the address is not found.

    Raises
    ------
    Transient
        ``answer-is-a-page``, ``cut-off``
    """
    body = found(http, url, params)
    if body is not None:
        fetched_json(body, title=title)
    return body
