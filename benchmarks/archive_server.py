"""All archives on one local server: they answer hand-made bodies after their latencies, or fail as told.

``tests/data/brokers/<key>/routes.json`` says what an archive is asked and what it answers: a list of pairs,
words that the question holds and the file of the answer, in the order in which it is asked. Answers that are
no text are packed from hand-made text: ``rows.tar.gz`` from the folder ``rows``, ``rows.parquet`` from
``rows.csv``; ``{jd_now}`` in an answer is the time when it is given. The client reaches the server through an
adapter below ``requests``, so that everything above it is what runs in earnest.
"""

import gzip
import io
import json
import re
import tarfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import polars as pl
import requests
from requests.adapters import HTTPAdapter

from engine.brokers.protocol import Query
from engine.brokers.reading.bundle import bundled, is_bundle, parts_of
from engine.times import JD_MINUS_MJD, mjd_now

ANSWERS = Path(__file__).resolve().parent.parent / "tests" / "data" / "brokers"
_BOMB = gzip.compress(bytes(64 * 1024 * 1024))
ELSEWHERE = "http://somebody.example/else"
_ROW = re.compile(rb"\s*[-+\"\d]")
_CHUNK = bytes(1024 * 1024)


class Fault(StrEnum):
    """How an archive fails."""

    PAGE = "a page for people with status 200"
    CUT = "the connection ends within the body"
    SHORT = "the body ends early"
    NOTHING = "status 200 and no body"
    ERROR = "status 500"
    BUSY = "status 429 without a time"
    BUSY_FOR = "status 429 with a time"
    SILENT = "no answer in time"
    SLOW = "a byte now and then"
    HUGE = "a body without end"
    BOMB = "a small body that unpacks to a large one"
    ELSEWHERE = "sent to another host"
    GONE = "the connection is closed without an answer"


@dataclass(frozen=True, slots=True, kw_only=True)
class Play:
    """One archive as it is played."""

    key: str
    routes: tuple[tuple[str, bytes], ...]
    latency_s: float = 0.0  # of each of its answers
    fault: Fault | None = None
    failing: str = ""  # words of the only question that fails; all of them fail without


def routes_of(key: str) -> tuple[tuple[str, bytes], ...]:
    """Return what an archive is asked and answers, by its hand-made answers."""
    folder = ANSWERS / key
    pairs = json.loads((folder / "routes.json").read_text())
    return tuple((words, answer_of(folder / name) if name else b"") for words, name in pairs)


def answer_of(path: Path) -> bytes:
    """Return an answer: a hand-made file, or what is packed from hand-made files."""
    if path.name.endswith(".tar.gz"):
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w:gz") as file:
            file.add(path.with_name(path.name.removesuffix(".tar.gz")), arcname="made")
        return packed.getvalue()
    if path.suffix == ".parquet":
        packed = io.BytesIO()
        pl.read_csv(path.with_suffix(".csv")).write_parquet(packed)
        return packed.getvalue()
    return path.read_bytes()


def question_of(key: str, *, target_id: int = 1) -> Query:
    """Return the question that an archive's hand-made answers belong to."""
    asked = json.loads((ANSWERS / key / "query.json").read_text())
    return Query(**asked | {"names": tuple(asked.get("names", ())), "target_id": target_id})


def made_answer(key: str, kind: str = "rows") -> bytes:
    """Return a hand-made answer: a file, or a folder whose files are the parts of a bundle."""
    parts = ANSWERS / key / kind
    if parts.is_dir():
        return bundled({path.name: path.read_bytes() for path in sorted(parts.iterdir())})
    (path,) = (ANSWERS / key).glob(f"{kind}.*")
    return path.read_bytes()


def enlarged(body: bytes, rows: int) -> bytes:
    """Return an answer with its rows again and again, some ``rows`` in all; of a bundle its longest part."""
    if is_bundle(body):
        parts = parts_of(body, title="a benchmark")
        longest = max(parts, key=lambda name: len(parts[name]))
        return bundled(parts | {longest: enlarged(parts[longest], rows)})
    if body.lstrip()[:1] in {b"{", b"["}:
        said = json.loads(body)
        found = max(_lists(said), key=len, default=[])
        found *= max(1, rows // max(1, len(found)))
        return json.dumps(said).encode()
    lines = body.splitlines(keepends=True)
    first = next((place for place, line in enumerate(lines) if _ROW.match(line)), len(lines))
    kept = lines[first:]
    return b"".join(lines[:first] + kept * max(1, rows // max(1, len(kept))))


def _lists(value: object) -> Iterator[list[object]]:
    if isinstance(value, dict):
        for each in value.values():
            yield from _lists(each)
    if isinstance(value, list):
        yield value
        for each in value[:1]:
            yield from _lists(each)


@dataclass(slots=True, kw_only=True)
class Served:
    """What the server was asked and when; seconds count from its beginning."""

    began_s: float = field(default_factory=time.monotonic)
    asked: list[tuple[float, str]] = field(default_factory=list)  # (seconds, archive)
    hosts: list[tuple[float, str]] = field(default_factory=list)  # (seconds, host)
    answered_at: list[float] = field(default_factory=list)  # Unix time
    unknown: list[str] = field(default_factory=list)


class ToServer(HTTPAdapter):
    """Sends every question to the local server, whatever host it is for."""

    def __init__(self, address: str) -> None:
        super().__init__(pool_maxsize=100)
        self._address = address

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:  # noqa: ANN401 - as requests has it
        """Return the local server's answer, under the address that was asked."""
        asked = request.url or ""
        request.url = f"{self._address}/{asked}"
        answer = super().send(request, *args, **kwargs)
        answer.url = request.url = asked
        return answer


@contextmanager
def archives(plays: Sequence[Play]) -> Iterator[tuple[ToServer, Served]]:
    """Run the archives for as long as the block lasts."""
    served = Served()
    stopped = threading.Event()
    server = _Server(("127.0.0.1", 0), _handler(plays, served, stopped))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield ToServer(f"http://127.0.0.1:{server.server_address[1]}"), served
    finally:
        stopped.set()
        server.shutdown()
        server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 512


def _handler(plays: Sequence[Play], served: Served, stopped: threading.Event) -> type[BaseHTTPRequestHandler]:
    class Asked(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_any(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            question = _question(
                self.path[1:], self.rfile.read(length), self.headers.get("Content-Type") or ""
            )
            for play in plays:
                for words, body in play.routes:
                    if words in question:
                        now_s = time.monotonic() - served.began_s
                        served.asked.append((now_s, play.key))
                        served.hosts.append((now_s, urlsplit(self.path[1:]).netloc))
                        stopped.wait(play.latency_s)
                        served.answered_at.append(time.time())
                        fault = play.fault if play.failing in ("", words) else None
                        _answer(self, fault, _with_time(body), stopped)
                        return
            if not question.startswith(ELSEWHERE):
                served.unknown.append(question[:300])
            _send(self, 404, b"nothing here")

        do_GET = do_POST = do_DELETE = do_any  # noqa: N815 - names of http.server

        def log_message(self, *_: object) -> None:
            return

    return Asked


def _question(address: str, body: bytes, content_type: str) -> str:
    parts = urlsplit(address)
    words = [f"{name}={value}" for name, value in parse_qsl(parts.query, keep_blank_values=True)]
    if "json" in content_type:
        words.append(body.decode("utf-8", "replace"))
    else:
        words += [f"{name}={value}" for name, value in parse_qsl(body.decode("utf-8", "replace"))]
    return " ".join([f"{parts.scheme}://{parts.netloc}{parts.path}", *words])


def _with_time(body: bytes) -> bytes:
    return body.replace(b"{jd_now}", f"{mjd_now() + JD_MINUS_MJD:.6f}".encode())


def _answer(
    request: BaseHTTPRequestHandler, fault: Fault | None, body: bytes, stopped: threading.Event
) -> None:
    page = b"<!DOCTYPE html>\n<html><body>Service Unavailable</body></html>\n"
    whole = {
        None: (200, body, {}),
        Fault.PAGE: (200, page, {"Content-Type": "text/html"}),
        Fault.SHORT: (200, body[: max(1, 2 * len(body) // 3)].rstrip(), {}),
        Fault.NOTHING: (200, b"", {}),
        Fault.ERROR: (500, b"Internal Server Error", {}),
        Fault.BUSY: (429, b"too many", {}),
        Fault.BUSY_FOR: (429, b"too many", {"Retry-After": "120"}),
        Fault.BOMB: (200, _BOMB, {"Content-Encoding": "gzip"}),
        Fault.ELSEWHERE: (302, b"", {"Location": ELSEWHERE}),
    }.get(fault)
    if whole is not None:
        status, sent, headers = whole
        _send(request, status, sent, **headers)
        return
    request.close_connection = True
    if fault == Fault.GONE:
        return
    if fault == Fault.SILENT:
        stopped.wait(30.0)
        return
    _head(request, 200, {"Content-Length": str(len(body) + 10_000_000_000)})
    try:
        if fault == Fault.CUT:
            request.wfile.write(body[: len(body) // 2])
        while fault == Fault.SLOW and not stopped.wait(0.05):
            request.wfile.write(b"1")
        while fault == Fault.HUGE and not stopped.is_set():
            request.wfile.write(_CHUNK)
    except OSError:
        return  # the client had enough


def _send(request: BaseHTTPRequestHandler, status: int, body: bytes, **headers: str) -> None:
    _head(request, status, {"Content-Length": str(len(body)), **headers})
    request.wfile.write(body)


def _head(request: BaseHTTPRequestHandler, status: int, headers: Mapping[str, str]) -> None:
    request.send_response(status)
    for name, value in headers.items():
        request.send_header(name, value)
    request.end_headers()
