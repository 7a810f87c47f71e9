"""Mail to people: one message at a time, handed over by TLS to the server that the settings name."""

import smtplib
import ssl
from email.message import EmailMessage
from urllib.parse import unquote, urlsplit

from engine.errors import Transient
from lake.settings import Settings

TIMEOUT_S = 20.0
_PORTS = {"smtps": 465, "smtp": 587}


def can_mail(settings: Settings) -> bool:
    """Return whether this installation sends mail."""
    return bool(settings.smtp_url)


def send_mail(settings: Settings, *, to: str, subject: str, text: str) -> None:
    """Hand over a message; nothing travels in clear, not the password and not the words.

    Raises
    ------
    Transient
        ``no-mail``: the server cannot be reached, is not who it says, or takes no message.
    """
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = settings.mail_from, to, subject
    message.set_content(text)
    try:
        with _connected(settings.smtp_url) as server:
            server.send_message(message)
    except (smtplib.SMTPException, OSError) as error:
        raise Transient("Mail cannot be sent now: try again in some minutes.", code="no-mail") from error


def _connected(url: str) -> smtplib.SMTP:
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or _PORTS[parts.scheme]
    context = ssl.create_default_context()
    if parts.scheme == "smtps":
        server: smtplib.SMTP = smtplib.SMTP_SSL(host, port, timeout=TIMEOUT_S, context=context)
    else:
        server = smtplib.SMTP(host, port, timeout=TIMEOUT_S)
    try:
        if parts.scheme == "smtp":
            server.starttls(context=context)
        if parts.username:
            server.login(unquote(parts.username), unquote(parts.password or ""))
    except BaseException:
        server.close()
        raise
    return server
