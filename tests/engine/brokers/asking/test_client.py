"""The HTTP client against a server on this machine: what it sends, what it makes of each kind of answer."""

import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from engine.brokers.asking.client import HttpClient, Limits
from engine.errors import Rejected, Transient

QUICK = Limits(
    connect_s=2.0, attempts=3, backoff_s=0.01, host_interval_s=0.0, size_max_bytes=1000, retry_after_s=77.0
)
Handler = Callable[[BaseHTTPRequestHandler, int], None]


class Server:
    """One server whose answer each test chooses; it remembers the questions."""

    def __init__(self) -> None:
        self.answer: Handler = lambda request, _: reply(request, 200, b"fine")
        self.questions: list[tuple[str, str, str, str]] = []
        outer = self

        class Asked(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.handle_one(b"")

            def do_POST(self) -> None:
                self.handle_one(self.rfile.read(int(self.headers["Content-Length"])))

            def handle_one(self, body: bytes) -> None:
                agent = self.headers["User-Agent"]
                outer.questions.append((self.command, self.path, body.decode(), agent))
                outer.answer(self, len(outer.questions))

            def log_message(self, *_: object) -> None:
                return

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Asked)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01})

    def __enter__(self) -> "Server":
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


def reply(request: BaseHTTPRequestHandler, status: int, body: bytes, **headers: str) -> None:
    request.send_response(status)
    for name, value in ({"Content_Length": str(len(body))} | headers).items():
        request.send_header(name.replace("_", "-"), value)
    request.end_headers()
    request.wfile.write(body)


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as running:
        yield running


@pytest.fixture
def client() -> Iterator[HttpClient]:
    with HttpClient(QUICK) as opened:
        yield opened


def test_a_question_names_its_asker_and_sends_its_parameters(server: Server, client: HttpClient) -> None:
    assert client.get(f"{server.url}/cone", params={"ra": "10.5", "name": "M 31"}) == b"fine"
    method, path, _, agent = server.questions[0]
    assert (method, path) == ("GET", "/cone?ra=10.5&name=M+31")
    assert agent.startswith("tomlake/")
    assert "(+https://" in agent


def test_a_form_is_posted(server: Server, client: HttpClient) -> None:
    assert client.post(server.url, form={"QUERY": "SELECT 1"}) == b"fine"
    assert server.questions[0][0] == "POST"
    assert server.questions[0][2] == "QUERY=SELECT+1"


@pytest.mark.parametrize("status", [502, 503, 504])
def test_a_passing_failure_is_asked_again(server: Server, client: HttpClient, status: int) -> None:
    server.answer = lambda request, turn: reply(request, status if turn < 3 else 200, b"at last")
    assert client.get(server.url) == b"at last"
    assert len(server.questions) == 3


def test_failures_are_asked_again_only_a_few_times(server: Server, client: HttpClient) -> None:
    server.answer = lambda request, _: reply(request, 503, b"", Retry_After="120")
    with pytest.raises(Transient) as failure:
        client.get(server.url)
    assert failure.value.code == "archive-down"
    assert failure.value.retry_after_s == 120.0
    assert len(server.questions) == 3


def test_waits_grow_between_attempts(server: Server) -> None:
    server.answer = lambda request, _: reply(request, 503, b"")
    waits: list[float] = []
    limits = Limits(attempts=4, backoff_s=2.0, host_interval_s=0.0)
    with HttpClient(limits, sleep=waits.append) as client, pytest.raises(Transient):
        client.get(server.url)
    assert [wait for wait in waits if wait > 0] == [2.0, 4.0, 8.0]


def test_too_many_questions_are_put_off_for_as_long_as_the_archive_says(
    server: Server, client: HttpClient
) -> None:
    server.answer = lambda request, _: reply(request, 429, b"", Retry_After="42")
    with pytest.raises(Transient) as failure:
        client.get(server.url)
    assert (failure.value.code, failure.value.retry_after_s) == ("rate-limited", 42.0)
    assert len(server.questions) == 1


def test_a_wait_that_only_the_text_tells_is_kept(client: HttpClient, server: Server) -> None:
    told = b'{"detail":"Request was throttled. Expected available in 1307 seconds."}'
    server.answer = lambda request, _: reply(request, 429, told)
    with pytest.raises(Transient) as failure:
        client.get(server.url)
    assert (failure.value.code, failure.value.retry_after_s) == ("rate-limited", 1307.0)


def test_retry_after_may_be_a_date_and_may_be_nonsense(server: Server, client: HttpClient) -> None:
    later = format_datetime(datetime.now(UTC) + timedelta(seconds=600), usegmt=True)
    for given, expected_s in ((later, 600.0), ("soon", 77.0), ("", 77.0), ("99999999", 86400.0)):
        server.answer = lambda request, _, given=given: reply(request, 429, b"", Retry_After=given)
        with pytest.raises(Transient) as failure:
            client.get(server.url)
        assert failure.value.retry_after_s == pytest.approx(expected_s, abs=5.0)


@pytest.mark.parametrize(
    ("status", "code"),
    [(404, "not-found"), (410, "not-found"), (400, "refused"), (401, "needs-account"), (403, "refused")],
)
def test_a_refusal_is_never_retried(server: Server, client: HttpClient, status: int, code: str) -> None:
    server.answer = lambda request, _: reply(request, status, b"column  w9mpro\nis unknown")
    with pytest.raises(Rejected) as refusal:
        client.get(f"{server.url}/table")
    assert refusal.value.code == code
    assert len(server.questions) == 1
    if code == "refused":
        assert "column w9mpro is unknown" in refusal.value.reason


def test_a_server_error_is_for_later(server: Server, client: HttpClient) -> None:
    server.answer = lambda request, _: reply(request, 500, b"")
    with pytest.raises(Transient) as failure:
        client.get(server.url)
    assert (failure.value.code, failure.value.retry_after_s) == ("archive-down", 77.0)
    assert len(server.questions) == 1


def test_an_answer_that_is_too_large_is_refused(server: Server, client: HttpClient) -> None:
    server.answer = lambda request, _: reply(request, 200, b"x" * 1001)
    with pytest.raises(Rejected) as refusal:
        client.get(server.url)
    assert refusal.value.code == "too-large"


def test_an_answer_that_is_cut_off_is_asked_again(server: Server, client: HttpClient) -> None:
    def cut(request: BaseHTTPRequestHandler, turn: int) -> None:
        reply(request, 200, b"half", Content_Length="8" if turn < 3 else "4")
        request.close_connection = True

    server.answer = cut
    assert client.get(server.url) == b"half"
    assert len(server.questions) == 3
    server.questions.clear()
    server.answer = lambda request, _: cut(request, 1)
    with pytest.raises(Transient) as failure:
        client.get(server.url)
    assert failure.value.code == "cut-off"


@pytest.mark.parametrize("where", ["before the body", "in the body"])
def test_a_slow_archive_is_asked_again_later_not_at_once(
    server: Server, client: HttpClient, where: str
) -> None:
    gone = threading.Event()

    def slow(request: BaseHTTPRequestHandler, _: int) -> None:
        if where == "in the body":
            request.send_response(200)
            request.send_header("Content-Length", "8")
            request.end_headers()
            request.wfile.write(b"half")
        gone.wait(5.0)
        request.close_connection = True

    server.answer = slow
    with pytest.raises(Transient) as failure:
        client.get(server.url, timeout_s=0.1)
    gone.set()
    assert failure.value.code == "timed-out"
    assert len(server.questions) == 1


def test_a_host_that_cannot_be_reached_is_for_later() -> None:
    with Server() as closed:
        url = closed.url
    with HttpClient(QUICK) as client, pytest.raises(Transient) as failure:
        client.get(url)
    assert failure.value.code == "unreachable"


def test_one_host_is_asked_at_most_once_in_its_interval(server: Server) -> None:
    waits: list[float] = []
    with HttpClient(Limits(host_interval_s=30.0), sleep=waits.append) as client:
        began_s = time.monotonic()
        for _ in range(3):
            client.get(server.url)
        passed_s = time.monotonic() - began_s
    assert waits[0] == 0.0
    assert waits[1] == pytest.approx(30.0, abs=passed_s + 0.01)
    assert waits[2] == pytest.approx(60.0, abs=passed_s + 0.01)


def test_hosts_do_not_wait_for_each_other(server: Server) -> None:
    waits: list[float] = []
    with HttpClient(Limits(host_interval_s=30.0), sleep=waits.append) as client:
        client.get(server.url)
        client.get(server.url.replace("127.0.0.1", "localhost"))
    assert waits == [0.0, 0.0]
