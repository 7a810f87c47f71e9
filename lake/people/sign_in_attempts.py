"""Sign-ins through another service that are under way: each may come back once, to the browser it left."""

import secrets
from dataclasses import dataclass

from sqlalchemy import Engine, delete, insert

from engine.times import SECONDS_PER_DAY, mjd_now
from lake.operations import writing
from lake.people.hashes import sha256_of
from lake.people.identity_tables import sign_in_attempts

KEPT_S = 600.0  # a second factor and a forgotten password take their time


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """What must be the same when the person comes back."""

    provider: str  # its name in the settings
    nonce: str
    verifier: str  # of PKCE
    then_path: str
    user_id: int | None  # who wants to link; None: somebody who signs in


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """An attempt that begins, with its two secrets: one travels by the address, one stays in the browser."""

    attempt: Attempt
    state: str
    browser: str


def begin_attempt(operations: Engine, *, provider: str, then_path: str, user_id: int | None) -> Begun:
    """Return a new attempt to sign in."""
    attempt = Attempt(
        provider=provider,
        nonce=secrets.token_urlsafe(24),
        verifier=secrets.token_urlsafe(48),
        then_path=then_path,
        user_id=user_id,
    )
    begun = Begun(attempt=attempt, state=secrets.token_urlsafe(24), browser=secrets.token_urlsafe(24))
    now = mjd_now()
    row = {
        "state_sha256": sha256_of(begun.state),
        "browser_sha256": sha256_of(begun.browser),
        "provider": attempt.provider,
        "nonce": attempt.nonce,
        "verifier": attempt.verifier,
        "then_path": attempt.then_path,
        "user_id": attempt.user_id,
        "expires_mjd": now + KEPT_S / SECONDS_PER_DAY,
    }
    with writing(operations) as connection:
        connection.execute(delete(sign_in_attempts).where(sign_in_attempts.c.expires_mjd <= now))
        connection.execute(insert(sign_in_attempts).values(row))
    return begun


def take_attempt(operations: Engine, *, state: str, browser: str) -> Attempt | None:
    """Return the attempt that comes back, this once; None where it is not this browser's, or ended."""
    fields = ("provider", "nonce", "verifier", "then_path", "user_id")
    query = (
        delete(sign_in_attempts)
        .where(
            sign_in_attempts.c.state_sha256 == sha256_of(state),
            sign_in_attempts.c.browser_sha256 == sha256_of(browser),
            sign_in_attempts.c.expires_mjd > mjd_now(),
        )
        .returning(*(sign_in_attempts.c[name] for name in fields))
    )
    with writing(operations) as connection:
        row = connection.execute(query).mappings().one_or_none()
    return None if row is None else Attempt(**row)
