"""Mail to people: one message at a time, handed over by TLS to the server that the settings name."""

import smtplib
import ssl
from contextlib import suppress
from email.message import EmailMessage
from urllib.parse import unquote, urlsplit

from engine.errors import Transient
from lake.settings import Settings

TIMEOUT_S = 20.0
_LATER = "Mail cannot be sent now: try again in some minutes."
_PORTS = {"smtps": 465, "smtp": 587}


def can_mail(settings: Settings) -> bool:
    """Return whether this installation sends mail."""
    return bool(settings.smtp_url)


def send_mail(settings: Settings, *, to: str, subject: str, text: str) -> None:
    """Hand over a message; nothing travels in clear, not the password and not the words.

    Raises
    ------
    Transient
        ``no-mail``: it did not leave, as the server cannot be reached, is not who it says, or takes nothing
        now; ``mail-refused``: the server never takes it; ``mail-unsure``: it may have left, or not.
    """
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = settings.mail_from, to, subject
    message.set_content(text)
    try:
        server = _connected(settings.smtp_url)
    except (smtplib.SMTPException, OSError) as error:
        raise Transient(_LATER, code="no-mail") from error
    code = "mail-unsure"
    with suppress(smtplib.SMTPException, OSError), server:  # how it says good-bye tells nothing
        code = _handed_over(server, message)
    if code:
        raise Transient(_LATER, code=code)


def _handed_over(server: smtplib.SMTP, message: EmailMessage) -> str:
    """Return why a server did not take a message, as a code; empty: it took it."""
    try:
        server.send_message(message)
    except (smtplib.SMTPResponseException, smtplib.SMTPRecipientsRefused) as error:
        return "no-mail" if _may_pass(error) else "mail-refused"
    except (smtplib.SMTPException, OSError):
        return "mail-unsure"
    return ""


def _may_pass(error: smtplib.SMTPResponseException | smtplib.SMTPRecipientsRefused) -> bool:
    """Return whether a server that took nothing may take it later: codes from 400 on, before 500."""
    if isinstance(error, smtplib.SMTPResponseException):
        return error.smtp_code < 500
    return all(code < 500 for code, _ in error.recipients.values())


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
