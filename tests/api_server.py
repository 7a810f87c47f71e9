"""A real server on a free port of this machine, for the tests of the API."""

import socket
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import httpx
import uvicorn

from engine.frame import Camera
from lake.opening import Lake
from lake.people.accounts import User, create_user, issue_token
from lake.sites.observatories import Observatory, add_camera, add_observatory
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
        # without verify=False each client reads the certificates of the whole world, to speak to this machine
        return httpx.Client(base_url=self.url, headers=headers, trust_env=False, timeout=60, verify=False)


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


def add_people(lake: Lake, *, full_name: str = "") -> tuple[User, User, User]:
    """Return an owner, who may have a name, somebody else, and one of the staff."""
    return (
        create_user(lake.operations, "owner", PASSWORD, full_name=full_name),
        create_user(lake.operations, "other", PASSWORD),
        create_user(lake.operations, "staff", PASSWORD, is_staff=True),
    )


def add_site(lake: Lake, cameras: Mapping[str, str]) -> None:
    """Add an observatory of the owner with cameras, whose names go by their ONAMEs."""
    place = Observatory(name="ROAD", longitude_deg=-68.2, latitude_deg=-22.9)
    site = add_observatory(lake.operations, place, by="owner")
    for oname, name in cameras.items():
        add_camera(lake.operations, site.observatory_id or 0, Camera(name=name), by="owner", oname=oname)


@contextmanager
def served(lake: Lake, people: tuple[User, User, User]) -> Iterator[Served]:
    """Serve a lake to three people, each with a token, and close it at the end."""
    owner_token, other_token, staff_token = (
        issue_token(lake.operations, person, name="test") for person in people
    )
    with running(lake) as port:
        yield Served(
            lake=lake,
            port=port,
            owner=people[0],
            owner_token=owner_token,
            other_token=other_token,
            staff_token=staff_token,
        )
    lake.close()
