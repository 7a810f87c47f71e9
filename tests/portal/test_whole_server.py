"""The whole web program as a process of its own: walls around pages too, and nothing secret in its log."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from installations import settings_in

from engine.target import Target
from lake.opening import open_lake
from lake.people.accounts import create_user, issue_token, open_session
from lake.settings import child_environment
from lake.targets import create_target
from portal.security.cookie import SESSION_COOKIE
from portal.security.hosts import WRONG_HOST

pytestmark = pytest.mark.alone

PASSWORD = "correct horse battery"
WEB_SERVER = "127.0.0.2"  # one in front, elsewhere than on 127.0.0.1
ROOT = Path(__file__).resolve().parents[2]
# as `python -m portal.serve`, with every logger of every library at its most talkative
TALKATIVE = """
import logging
from lake.settings import read_settings
from portal import serve
logging.basicConfig(level=logging.DEBUG)
plain_config = serve.streamlit_config
serve.streamlit_config = lambda settings: plain_config(settings) | {"logger.level": "debug"}
def let_speak():
    logging.getLogger().setLevel(logging.DEBUG)
    for name in list(logging.root.manager.loggerDict):
        logging.getLogger(name).setLevel(logging.DEBUG)
        logging.getLogger(name).disabled = False
plain_build = serve.build_app
def build():
    app = plain_build()
    let_speak()
    return app
serve.build_app = build
serve.serve(read_settings())
"""
PAGES = (
    "/", "/targets", "/upload", "/jobs", "/account", "/target?name=T", "/nowhere", "/proposals",
    "/assets/logo.svg", "/assets/nothing", "/static/nothing.js", "/_stcore/health",
    "/_stcore/host-config", "/lake/", "/lake/nothing", "/api/health", "/api/openapi.json",
    "/api/v1/docs", "/api/v1/openapi.json", "/api/v1/targets", "/api/nothing", "/api/vo/tap/tables",
    "/download/T.csv", "/download/none.csv", "/target/T", "/media/nothing", "/component/x",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """A running web program, what is secret there, and where it writes its log."""

    url: str
    log: Path
    token: str
    session_id: str


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    folder = tmp_path_factory.mktemp("program")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = settings_in(
        folder / "data",
        TOMLAKE_PORT=str(port),
        TOMLAKE_PUBLIC_URL="https://tomlake.example.org",
        TOMLAKE_PROXIES=WEB_SERVER,
    )
    lake = open_lake(settings)
    user = create_user(lake.operations, "owner", PASSWORD)
    create_target(lake.operations, Target(name="T", ra_deg=1.0, dec_deg=1.0), by="owner")
    token = issue_token(lake.operations, user, name="test")
    session_id = open_session(lake.operations, user)
    lake.close()
    log = folder / "log"
    environment = {**child_environment(settings), "PYTHONPATH": str(ROOT)}
    with log.open("wb") as file:
        web = subprocess.Popen(
            [sys.executable, "-c", TALKATIVE], env=environment, cwd=folder, stdout=file, stderr=file
        )
    try:
        wait_for(f"http://127.0.0.1:{port}/api/health", web, log)
        yield Program(url=f"http://127.0.0.1:{port}", log=log, token=token, session_id=session_id)
    finally:
        web.terminate()
        web.wait(20)


def wait_for(url: str, web: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline_s = time.monotonic() + 90
    while time.monotonic() < deadline_s and web.poll() is None:
        try:
            if httpx.get(url, timeout=5).status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.2)
    raise AssertionError(log.read_text()[-3000:])


@pytest.mark.parametrize("path", PAGES)
def test_every_answer_of_the_program_has_the_walls_around_it(program: Program, path: str) -> None:
    for method in ("GET", "POST", "OPTIONS"):
        answer = httpx.request(method, program.url + path)
        assert answer.status_code != 500  # 503 where nothing was published yet
        headers = answer.headers
        assert "default-src 'self'" in headers["content-security-policy"], (method, path)
        assert "object-src 'none'" in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] in {"same-origin", "no-referrer"}
        assert "x-frame-options" in headers
        assert "access-control-allow-credentials" not in headers


@pytest.mark.parametrize("path", PAGES)
def test_no_part_of_the_program_answers_under_a_foreign_name(program: Program, path: str) -> None:
    answer = httpx.get(program.url + path, headers={"Host": "evil.example"})
    assert (answer.status_code, answer.json()["code"]) == (WRONG_HOST, "wrong-host")
    assert "content-security-policy" in answer.headers
    assert httpx.get(program.url + path, headers={"Host": "tomlake.example.org"}).status_code != WRONG_HOST


def test_visitors_are_counted_by_the_address_that_a_web_server_we_know_tells(program: Program) -> None:
    def put_off(visitors: list[str], *, web_server: str) -> list[bool]:
        """Return which of these visitors, each with a wrong password for one name, are told to wait."""
        with httpx.Client(transport=httpx.HTTPTransport(local_address=web_server), timeout=20) as client:
            answers = [
                client.post(
                    program.url + "/session/login",
                    json={"username": f"by {web_server}", "password": "wrong"},
                    headers={"X-Forwarded-For": visitor},
                )
                for visitor in visitors
            ]
        return [answer.status_code == 429 for answer in answers]

    one, many = ["203.0.113.5"] * 9, [f"203.0.113.{number}" for number in range(10, 19)]
    for web_server in ("127.0.0.1", WEB_SERVER):
        assert put_off(one, web_server=web_server) == [False] * 8 + [True]
        assert put_off(many, web_server=web_server) == [False] * 9
    assert put_off(many, web_server="127.0.0.3") == [False] * 8 + [True]


def test_a_websocket_of_another_site_is_not_opened(program: Program) -> None:
    host, port = program.url.removeprefix("http://").split(":")
    for name, origin in (("evil.example", "http://evil.example"), (f"{host}:{port}", "http://evil.example")):
        with socket.create_connection((host, int(port)), timeout=20) as connection:
            lines = (
                "GET /_stcore/stream HTTP/1.1", f"Host: {name}", "Upgrade: websocket", "Connection: Upgrade",
                f"Origin: {origin}", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
                "Sec-WebSocket-Version: 13",
                "", "",
            )  # fmt: skip
            connection.sendall("\r\n".join(lines).encode())
            assert connection.recv(100).startswith(b"HTTP/1.1 403"), name


def drive(program: Program, secrets: dict[str, str]) -> None:
    """Do with secrets what people and scripts do, rightly and wrongly."""
    with httpx.Client(base_url=program.url, timeout=20) as client:
        for password in (PASSWORD, secrets["wrong password"]):
            client.post("/session/login", json={"username": "owner", "password": password})
            client.post("/session/login", data={"username": "owner", "password": password})
            client.post("/api/token-auth/", json={"username": "owner", "password": password})
        client.post("/session/login", json={"username": secrets["a password for a name"], "password": "x"})
        client.post("/session/login", content=b'{"password": "' + secrets["wrong password"].encode())
    for token in (program.token, secrets["wrong token"]):
        headers = {"Authorization": f"Token {token}"}
        httpx.post(program.url + "/targets/getTargetList/", headers=headers)
        httpx.get(program.url + "/api/v1/targets", headers=headers)
        files = {"files": ("a.fits", os.urandom(2000))}
        form = {"target": "T", "data_product_type": "fits_file"}
        httpx.post(program.url + "/upload/", headers=headers, data=form, files=files)
        httpx.post(program.url + "/api/v1/targets", headers=headers, content=b"{broken")
    for cookie in (program.session_id, secrets["wrong cookie"]):
        headers = {"Cookie": f"{SESSION_COOKIE}={cookie}"}
        httpx.get(program.url + "/account", headers=headers)
        httpx.get(program.url + "/download/T.csv", headers=headers)
        page = {**headers, "X-Requested-With": "tomlake"}
        httpx.put(program.url + "/session/upload?target=T&name=a.fits", headers=page, content=b"x")
    httpx.post(program.url + "/session/logout", headers={"Cookie": f"{SESSION_COOKIE}={program.session_id}"})


def test_no_line_of_the_log_has_a_secret_however_talkative_it_is(program: Program) -> None:
    secrets = {
        "wrong password": "hunter2-the-wrong-one",
        "a password for a name": "my0wn-passw0rd-typed-as-name",
        "wrong token": "tl_AAAAthis-token-is-nobodys-00000000000000000000",
        "wrong cookie": "c00kie-of-nobody-11111111111111111111",
    }
    drive(program, secrets)
    log = program.log.read_text(errors="replace")
    assert "DEBUG" in log, "the log says little: this test would prove nothing"
    told = {"password": PASSWORD, "token": program.token, "session": program.session_id, **secrets}
    assert [name for name, secret in told.items() if secret in log] == []
    assert SESSION_COOKIE + "=" not in log
    assert "$argon2" not in log
