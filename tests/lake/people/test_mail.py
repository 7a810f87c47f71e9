"""Mail leaves by TLS or not at all."""

import dataclasses
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from installations import settings_in

from engine.errors import Rejected, Transient
from lake.people.mail import send_mail
from lake.settings import Settings, read_settings


class PlainServer:
    """A mail server that offers no TLS, hand-made: it keeps every line that it is told."""

    def __init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self.heard: list[bytes] = []
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        connection, _ = self._socket.accept()
        with connection, connection.makefile("rb") as lines:
            connection.sendall(b"220 hello\r\n")
            for line in lines:
                self.heard.append(line)
                connection.sendall(b"250-hello\r\n250 AUTH PLAIN LOGIN\r\n")

    def close(self) -> None:
        self._thread.join(10)
        self._socket.close()


@pytest.fixture
def plain_server() -> Iterator[PlainServer]:
    server = PlainServer()
    yield server
    server.close()


def mailing(folder: Path, url: str) -> Settings:
    return settings_in(folder, TOMLAKE_SMTP_URL=url, TOMLAKE_MAIL_FROM="tomlake@example.org")


def test_a_server_without_tls_hears_neither_password_nor_words(
    tmp_path: Path, plain_server: PlainServer
) -> None:
    settings = mailing(tmp_path, f"smtp://me:hunter2@127.0.0.1:{plain_server.port}")
    with pytest.raises(Transient) as refusal:
        send_mail(settings, to="ada@example.org", subject="Link", text="key=secret")
    assert refusal.value.code == "no-mail"
    plain_server.close()
    assert [line.split()[0].lower() for line in plain_server.heard] == [b"ehlo"]


def test_a_server_that_is_not_there_is_told_in_words(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    settings = mailing(tmp_path, f"smtps://127.0.0.1:{port}")
    with pytest.raises(Transient) as refusal:
        send_mail(settings, to="ada@example.org", subject="Link", text="words")
    assert refusal.value.code == "no-mail"


def test_an_address_cannot_bring_headers_of_its_own(tmp_path: Path) -> None:
    settings = mailing(tmp_path, "smtps://127.0.0.1:1")
    with pytest.raises(ValueError, match="linefeed"):
        send_mail(settings, to="a@b.org\r\nBcc: c@d.org", subject="x", text="x")


@pytest.mark.parametrize(
    "variables",
    [
        {"TOMLAKE_SMTP_URL": "http://host"},
        {"TOMLAKE_SMTP_URL": "smtp://"},
        {"TOMLAKE_SMTP_URL": "smtps://host"},
        {"TOMLAKE_SIGN_UP": "anybody"},
        {"TOMLAKE_STAFF_SECOND_FACTOR": "maybe"},
    ],
)
def test_a_setting_that_cannot_be_is_refused_at_the_start(variables: dict[str, str]) -> None:
    with pytest.raises(Rejected) as refusal:
        read_settings(variables)
    assert refusal.value.code == "bad-setting"
    assert next(iter(variables)) in refusal.value.reason or "TOMLAKE_MAIL_FROM" in refusal.value.reason


def test_the_password_of_the_mail_server_is_not_shown(tmp_path: Path) -> None:
    settings = mailing(tmp_path, "smtps://me:hunter2@host")
    assert "hunter2" not in str(settings.shown()) + repr(settings)
    assert dataclasses.replace(settings).smtp_url == "smtps://me:hunter2@host"
