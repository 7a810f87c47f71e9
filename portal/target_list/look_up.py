"""Looking a name up while a person waits: in a thread, for ten seconds at most, then the page goes on."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass

from engine.brokers.asking.client import HttpClient, Limits
from engine.brokers.catalogue_search import Catalogue, search
from engine.brokers.protocol import Http
from engine.errors import TomlakeError, Transient
from engine.target import Target
from portal.opened import settings
from portal.words import _

CATALOGUES: tuple[str, ...] = tuple(Catalogue)
LIMIT_S = 10.0
_AT_ONCE = 4
# no question is more patient than the person: the thread is free again soon after they left
LIMITS = Limits(attempts=1, connect_s=5.0, timeout_max_s=9.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a catalogue said: a target, or in one sentence why not."""

    target: Target | None = None
    refusal: str = ""


def _own_http() -> AbstractContextManager[Http]:
    return HttpClient(LIMITS, secrets=settings().secrets)


class _Asking:
    """The threads that ask, and what they ask with."""

    def __init__(self) -> None:
        self.threads = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="look-up")
        self.http: Callable[[], AbstractContextManager[Http]] = _own_http


_ASKING = _Asking()


def use_http(make: Callable[[], AbstractContextManager[Http]] = _own_http) -> None:
    """Ask with another ``Http``; a test calls it."""
    _ASKING.http = make


def look_up(service: str, term: str, *, limit_s: float = LIMIT_S) -> Answer:
    """Return what a catalogue says of a name, after ``limit_s`` at the latest."""
    asked = _ASKING.threads.submit(_ask, service, term)
    try:
        return Answer(target=asked.result(timeout=limit_s))
    except TimeoutError:
        asked.cancel()
        return Answer(
            refusal=_(
                "{catalogue} did not answer within {seconds} s: try again, or type it in.",
                catalogue=service,
                seconds=f"{limit_s:g}",
            )
        )
    except Transient as error:
        return Answer(refusal=_(error.reason.replace("it is asked again later", "try again in a while")))
    except TomlakeError as error:
        return Answer(refusal=_(error.reason))


def _ask(service: str, term: str) -> Target:
    with _ASKING.http() as http:
        return search(service, term, http)
