"""Reads the token with which a service says who somebody is; nothing in it counts before its signature does.

OpenID Connect Core 1.0, section 3.1.3.7.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet

from engine.errors import Rejected
from lake.people.identities import Identity

# Signed with a private key only: "none" and those that a public key could forge (HS256) are not among them.
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "ES256", "ES384")
LEEWAY_S = 60  # clocks differ
SUBJECT_MAX_CHARS = 255
_KEY_KINDS = frozenset({"RSA", "EC"})


class UnknownKeyError(Exception):
    """The token was signed with a key that is not among those we know; the service may have a new one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What a token must say."""

    issuer: str
    client_id: str
    nonce: str
    now_s: Callable[[], int]


def keys_of(answer: Mapping[str, object]) -> KeySet:
    """Return the public keys of a service; what is no key to check signatures with is left out.

    Raises
    ------
    Rejected
        ``bad-provider``
    """
    listed = answer.get("keys")
    usable = [
        key
        for key in (listed if isinstance(listed, list) else [])
        if isinstance(key, dict) and key.get("kty") in _KEY_KINDS and key.get("use", "sig") == "sig"
    ]
    try:
        return KeySet.import_key_set({"keys": usable})
    except (JoseError, ValueError, KeyError, TypeError) as error:
        raise Rejected("The sign-in service shows no key that can be read.", code="bad-provider") from error


def read_id_token(token: str, keys: KeySet, expected: Expected) -> Identity:
    """Return who somebody is, as the service says.

    Raises
    ------
    UnknownKeyError
        The key is not among ``keys``.
    Rejected
        ``forged-sign-in``: the signature, or what it stands under, is not what it must be.
    """
    try:
        claims = jwt.decode(token, keys, algorithms=ALGORITHMS).claims
        _rules(expected).validate(claims)
    except InvalidKeyIdError as error:
        raise UnknownKeyError from error
    except (JoseError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise _forged() from error
    _check_party(claims, expected.client_id)
    if claims["nonce"] != expected.nonce or not 0 < len(claims["sub"]) <= SUBJECT_MAX_CHARS:
        raise _forged()
    return Identity(
        provider=expected.issuer,
        subject=claims["sub"],
        username=_text(claims, "preferred_username"),
        full_name=_text(claims, "name") or f"{_text(claims, 'given_name')} {_text(claims, 'family_name')}",
    )


def _rules(expected: Expected) -> jwt.JWTClaimsRegistry:
    return jwt.JWTClaimsRegistry(
        now=expected.now_s,
        leeway=LEEWAY_S,
        iss={"essential": True, "value": expected.issuer},
        aud={"essential": True, "value": expected.client_id},
        exp={"essential": True},
        iat={"essential": True},
        sub={"essential": True},
        nonce={"essential": True, "value": expected.nonce},
    )


def _check_party(claims: Mapping[str, object], client_id: str) -> None:
    """Refuse a token that was made for another program, of several that it names."""
    audience = claims["aud"]
    several = isinstance(audience, list) and len(audience) > 1
    party = claims.get("azp", None if several else client_id)
    if party != client_id:
        raise _forged()


def _text(claims: Mapping[str, object], name: str) -> str:
    value = claims.get(name)
    return value.encode("utf-8", "replace").decode().replace("\x00", "") if isinstance(value, str) else ""


def _forged() -> Rejected:
    return Rejected(
        "What the sign-in service sent cannot be trusted: try again, and tell staff if it stays so.",
        code="forged-sign-in",
    )
