"""The only HTTP of tomlake: time-outs, few retries, a size limit, and patience with every host."""

import logging
import re
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from importlib.metadata import PackageNotFoundError, version
from types import TracebackType
from typing import Self, Unpack
from urllib.parse import urlsplit

import requests
from requests.adapters import BaseAdapter
from urllib3.exceptions import DecodeError, ProtocolError, ReadTimeoutError

from engine.brokers.asking.turns import Turns, host_of
from engine.brokers.protocol import GetWords, PostWords, Words
from engine.errors import Rejected, Transient

logger = logging.getLogger(__name__)

HOMEPAGE = "https://github.com/tomlake/tomlake"
_CHUNK_BYTES = 65536
_ANSWERED = frozenset({200, 201, 202, 204})
_TRY_AGAIN = frozenset({502, 503, 504})
_PASSING = frozenset({408, 425, 429}) | frozenset(range(500, 600))
_SHOWN_CHARS = 200
_WAIT_IN_TEXT = re.compile(rb"available in (\d+) second")  # where no header says it


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How patient the client is, and how much it takes."""

    connect_s: float = 10.0
    attempts: int = 3
    backoff_s: float = 2.0  # doubled after each failure
    host_interval_s: float = 0.5  # least time between two questions to one host
    host_at_once: int = 4
    size_max_bytes: int = 256 * 1024 * 1024
    retry_after_s: float = 300.0  # for a failure that gives no time itself
    retry_after_max_s: float = 86400.0
    timeout_max_s: float = 600.0  # whatever an archive's module asks for


class HttpClient:
    """Asks archives; it satisfies ``engine.brokers.protocol.Http``.

    A question may be sent several times, a form as well: post what may be asked twice. One that ran into
    its time limit is not sent again here, the job comes back later.
    """

    def __init__(
        self,
        limits: Limits | None = None,
        *,
        secrets: Mapping[str, str] | None = None,
        adapter: BaseAdapter | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._limits = limits or Limits()
        self._secrets = dict(secrets or {})
        self._adapter = adapter  # the way to the network; by default the one of requests
        self._sleep = sleep
        self._turns = Turns(interval_s=self._limits.host_interval_s, at_once=self._limits.host_at_once)
        self._own = threading.local()  # one session for each thread: sessions are not made to be shared
        self._sessions: list[requests.Session] = []

    def get(self, url: str, **asked: Unpack[GetWords]) -> bytes:
        """Return the body of a 200 answer.

        Raises
        ------
        Transient
            ``unreachable``, ``timed-out``, ``rate-limited``, ``archive-down``, ``cut-off``.
        Rejected
            ``not-found``: 404 or 410; ``needs-account``: 401; ``refused``: another 4xx; ``moved``:
            sent to another host; ``too-large``: over the size limit.
        """
        return self._ask(_Question(method="GET", url=url, **asked))

    def post(self, url: str, **asked: Unpack[PostWords]) -> bytes:
        """Return the body of a 200, 201 or 202 answer to a form or to JSON; it raises what ``get`` raises."""
        return self._ask(_Question(method="POST", url=url, **asked))

    def secret(self, name: str) -> str:
        """Return a secret of this installation.

        Raises
        ------
        Rejected
            ``needs-account``: it has none of this name.
        """
        if not self._secrets.get(name):
            raise Rejected(
                f"This archive needs an account: set TOMLAKE_{name.upper()} and start tomlake again.",
                code="needs-account",
            )
        return self._secrets[name]

    def close(self) -> None:
        """Close the connections."""
        for session in self._sessions:
            session.close()

    def __enter__(self) -> Self:
        """Return the client itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the connections."""
        self.close()

    def _ask(self, question: "_Question") -> bytes:
        attempt = 1
        while True:
            try:
                with self._turns.of(question.url) as wait_s:
                    self._sleep(wait_s)
                    return self._ask_once(question)
            except _AgainError as again:
                if attempt >= self._limits.attempts:
                    raise again.failure from again
                pause_s = self._limits.backoff_s * 2.0 ** (attempt - 1)
                logger.info(
                    "asked again after a failure", extra={"host": host_of(question.url), "pause_s": pause_s}
                )
                self._sleep(pause_s)
                attempt += 1

    def _ask_once(self, question: "_Question") -> bytes:
        url, timeout_s = question.url, min(question.timeout_s, self._limits.timeout_max_s)
        deadline_s = time.monotonic() + timeout_s
        try:
            with self._session().request(
                question.method,
                url,
                params=question.params,
                data=question.form,
                json=question.json,
                headers=question.headers,
                stream=True,
                timeout=(min(self._limits.connect_s, timeout_s), timeout_s),
            ) as answer:
                _refuse_elsewhere(url, answer)
                body = self._body(answer, deadline_s=deadline_s)
                self._judge(answer, body)
                return body
        except (requests.ReadTimeout, ReadTimeoutError) as error:
            raise _timed_out(url) from error
        except (ProtocolError, DecodeError) as error:
            raise _AgainError(
                Transient(
                    f"The answer of {host_of(url)} was cut off; it is asked again later.", code="cut-off"
                )
            ) from error
        except requests.RequestException as error:
            raise _AgainError(
                Transient(f"{host_of(url)} cannot be reached; it is asked again later.", code="unreachable")
            ) from error

    def _session(self) -> requests.Session:
        present: requests.Session | None = getattr(self._own, "session", None)
        if present is None:
            present = self._own.session = requests.Session()
            present.headers["User-Agent"] = user_agent()
            if self._adapter is not None:
                present.mount("https://", self._adapter)
                present.mount("http://", self._adapter)
            self._sessions.append(present)
        return present

    def _body(self, answer: requests.Response, *, deadline_s: float) -> bytes:
        """Read what comes as it comes: a whole chunk of a body that drips would keep us for hours."""
        body = bytearray()
        while chunk := answer.raw.read1(_CHUNK_BYTES, decode_content=True):
            body += chunk
            if len(body) > self._limits.size_max_bytes:
                raise Rejected(
                    f"{host_of(answer.url)} answers with more than {self._limits.size_max_bytes} bytes; "
                    "ask for a smaller region.",
                    code="too-large",
                )
            if time.monotonic() > deadline_s:
                raise _timed_out(answer.url)
        return bytes(body)

    def _judge(self, answer: requests.Response, body: bytes) -> None:
        status, host = answer.status_code, host_of(answer.url)
        if status in _ANSWERED:
            return
        if status in _PASSING:
            failure = Transient(
                f"{host} answered with status {status}; it is asked again later.",
                code="rate-limited" if status == 429 else "archive-down",
                retry_after_s=self._retry_after_s(answer, body),
            )
            raise _AgainError(failure) if status in _TRY_AGAIN else failure
        if status in (404, 410):
            raise Rejected(f"{host} has no {urlsplit(answer.url).path}.", code="not-found")
        if status == 401:
            raise Rejected(
                f"{host} does not let us in (status 401): check the account that is set for it.",
                code="needs-account",
            )
        raise Rejected(f"{host} refused the question with status {status}: {_shown(body)}", code="refused")

    def _retry_after_s(self, answer: requests.Response, body: bytes) -> float:
        given_s = _seconds_from_now(answer.headers.get("Retry-After", ""))
        said = _WAIT_IN_TEXT.search(body)
        if given_s is None and said and len(said[1]) < 10:
            given_s = float(said[1])
        if given_s is None:
            return self._limits.retry_after_s
        return min(max(given_s, 1.0), self._limits.retry_after_max_s)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Question:
    method: str
    url: str
    params: Words | None = None
    form: Words | None = None
    json: object = None
    headers: Mapping[str, str] | None = None
    timeout_s: float = 60.0


class _AgainError(Exception):
    """A failure after which the same question may succeed at once."""

    def __init__(self, failure: Transient) -> None:
        super().__init__(failure.reason)
        self.failure = failure


def user_agent() -> str:
    """Return how tomlake names itself to archives."""
    try:
        number = version("tomlake")
    except PackageNotFoundError:
        number = "source"
    return f"tomlake/{number} (+{HOMEPAGE})"


def _seconds_from_now(retry_after: str) -> float | None:
    if retry_after.strip().isdigit():
        return float(retry_after)
    try:
        moment = parsedate_to_datetime(retry_after)
    except ValueError:
        return None
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return (aware - datetime.now(UTC)).total_seconds()


def _timed_out(url: str) -> Transient:
    return Transient(f"{host_of(url)} took too long to answer; it is asked again later.", code="timed-out")


def _refuse_elsewhere(url: str, answer: requests.Response) -> None:
    """Refuse an answer of a host that was not asked: it may be anybody's."""
    asked, answered = host_of(url), host_of(answer.url)
    if _site(asked) != _site(answered):
        raise Rejected(f"{asked} sends us to {answered}: the archive has moved.", code="moved")


def _site(host: str) -> str:
    return host if host.replace(".", "").isdigit() else ".".join(host.split(".")[-2:])


def _shown(body: bytes) -> str:
    text = " ".join(body[: 4 * _SHOWN_CHARS].decode("utf-8", "replace").split())
    return text[:_SHOWN_CHARS] or "no reason given."
