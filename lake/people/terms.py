"""Terms of use: the file of an installation, told apart by version, and who accepted which."""

from dataclasses import dataclass

from sqlalchemy import Connection, Engine, insert, select

from engine.errors import Rejected
from engine.times import mjd_now
from lake.operations import reading, serialised, writing
from lake.people.account_tables import accepted_terms
from lake.people.hashes import sha256_of
from lake.people.person import User
from lake.settings import Settings

VERSION_MAX_CHARS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What people agree to when they use an installation."""

    version: str
    text: str
    text_sha256: str


def current_terms(settings: Settings) -> Terms | None:
    """Return the terms of an installation, or None where it has none.

    The first line names the version, as in ``Version 2026-11``.

    Raises
    ------
    Rejected
        ``bad-terms``: the file cannot be read, or its first line names no version.
    """
    if settings.terms_file is None:
        return None
    try:
        text = settings.terms_file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Rejected(
            "TOMLAKE_TERMS_FILE cannot be read: name a text file in UTF-8.", code="bad-terms"
        ) from error
    first, _, rest = text.strip().partition("\n")
    word, _, version = first.strip().partition(" ")
    version = version.strip()
    if word.strip(":").lower() != "version" or not 1 <= len(version) <= VERSION_MAX_CHARS:
        raise Rejected(
            "The first line of the terms of use must name their version, such as: Version 2026-11.",
            code="bad-terms",
        )
    return Terms(version=version, text=rest.strip(), text_sha256=sha256_of(text))


def has_accepted(operations: Engine, user: User, terms: Terms) -> bool:
    """Return whether a person accepted these terms; a text that changed under its version is a new one."""
    with reading(operations) as connection:
        return _has_accepted(connection, user, terms)


def accept_terms(operations: Engine, user: User, terms: Terms) -> None:
    """Keep that a person accepts these terms now; twice is once."""
    with writing(operations) as connection:
        serialised(connection, f"terms of {user.user_id}")
        if not _has_accepted(connection, user, terms):
            put_accepted(connection, user.user_id, version=terms.version, text_sha256=terms.text_sha256)


def put_accepted(connection: Connection, user_id: int, *, version: str, text_sha256: str) -> None:
    """Keep that a person accepted terms, in a transaction that is under way."""
    row = {"user_id": user_id, "version": version, "text_sha256": text_sha256, "accepted_mjd": mjd_now()}
    connection.execute(insert(accepted_terms).values(row))


def _has_accepted(connection: Connection, user: User, terms: Terms) -> bool:
    query = select(accepted_terms.c.user_id).where(
        accepted_terms.c.user_id == user.user_id,
        accepted_terms.c.version == terms.version,
        accepted_terms.c.text_sha256 == terms.text_sha256,
    )
    return connection.execute(query).first() is not None
