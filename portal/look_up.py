"""Looking a name up while a person waits: in a thread, for ten seconds at most, then the page goes on."""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass

from engine.brokers.asking.client import HttpClient, Limits
from engine.brokers.catalogue_search import Catalogue, search
from engine.brokers.protocol import Http, Words
from engine.errors import TomlakeError, Transient
from engine.target import Target
from portal.opened import settings

CATALOGUES: tuple[str, ...] = tuple(Catalogue)
LIMIT_S = 10.0
_CALL_S = 9.0  # one question of a catalogue; the thread is free again soon after the person left
_AT_ONCE = 4
_ONE_TRY = Limits(attempts=1, connect_s=5.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a catalogue said: a target, or in one sentence why not."""

    target: Target | None = None
    refusal: str = ""


@dataclass(frozen=True, slots=True)
class Hurried:
    """An ``Http`` whose questions are never more patient than a person."""

    http: Http

    def get(
        self,
        url: str,
        *,
        params: Words | None = None,
        json: object = None,
        headers: Mapping[str, str] | None = None,
        timeout_s: float = _CALL_S,
    ) -> bytes:
        """Ask as the given ``Http`` does."""
        quick_s = min(timeout_s, _CALL_S)
        return self.http.get(url, params=params, json=json, headers=headers, timeout_s=quick_s)

    def post(
        self,
        url: str,
        *,
        form: Words | None = None,
        json: object = None,
        headers: Mapping[str, str] | None = None,
        timeout_s: float = _CALL_S,
    ) -> bytes:
        """Ask as the given ``Http`` does."""
        quick_s = min(timeout_s, _CALL_S)
        return self.http.post(url, form=form, json=json, headers=headers, timeout_s=quick_s)

    def secret(self, name: str) -> str:
        """Return a secret of this installation."""
        return self.http.secret(name)


def _own_http() -> AbstractContextManager[Http]:
    return HttpClient(_ONE_TRY, secrets=settings().secrets)


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
        return Answer(refusal=f"{service} did not answer within {limit_s:g} s: try again, or type it in.")
    except Transient as error:
        return Answer(refusal=error.reason.replace("it is asked again later", "try again in a while"))
    except TomlakeError as error:
        return Answer(refusal=error.reason)


def _ask(service: str, term: str) -> Target:
    with _ASKING.http() as http:
        return search(service, term, Hurried(http))
