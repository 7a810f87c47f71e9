"""A real server on a free port of this machine, for the tests of the API."""

import socket
import threading
import time
from dataclasses import dataclass

import httpx
import uvicorn

from lake.opening import Lake
from lake.people.accounts import User
from portal.api.app import build_api
from portal.security.headers import SecurityHeaders

PASSWORD = "correct horse battery"


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """One installation and the address of its API."""

    lake: Lake
    port: int
    owner: User
    owner_token: str
    other_token: str
    staff_token: str

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def client(self, token: str | None = None) -> httpx.Client:
        headers = {"Authorization": f"Token {token}"} if token else {}
        return httpx.Client(base_url=self.url, headers=headers, trust_env=False, timeout=20)


class running:  # noqa: N801 - read as a word: with running(lake)
    """Serve the API over a lake in a thread, as long as the block lasts."""

    def __init__(self, lake: Lake) -> None:
        app = SecurityHeaders(build_api(lambda: lake))
        self._socket = socket.socket()
        self._socket.bind(("127.0.0.1", 0))
        self._server = uvicorn.Server(uvicorn.Config(app, log_level="warning", lifespan="off"))
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [self._socket]})

    def __enter__(self) -> int:
        self._thread.start()
        deadline_s = time.monotonic() + 10
        while not self._server.started and time.monotonic() < deadline_s:
            time.sleep(0.01)
        return int(self._socket.getsockname()[1])

    def __exit__(self, *_: object) -> None:
        self._server.should_exit = True
        self._thread.join(10)
        self._socket.close()
